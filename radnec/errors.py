"""Every exception and warning class that radnec raises on purpose.

All exceptions descend from :class:`RadnecError`, so ``except radnec.errors.RadnecError`` catches exactly what
radnec refuses and nothing that is a defect. Where a built-in class says the same thing (``ValueError`` for a wrong
value, ``ImportError`` for a missing library), the radnec class descends from it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class RadnecError(Exception):
    """Base of every exception that radnec raises on purpose."""


class MissingDependencyError(RadnecError, ImportError):
    """An optional library is needed; the message holds the install lines."""


class ConfigError(RadnecError, ValueError):
    """A setting is unknown, out of range or contradicts another."""


class ProblemTableError(RadnecError, ValueError):
    """Several problems found at once.

    Parameters
    ----------
    message : str
        One sentence that sums the problems up.
    frame : pandas.DataFrame
        One row per problem, with the columns ``row``, ``column``, ``found`` and ``expected``.

    Attributes
    ----------
    frame : pandas.DataFrame
        The problems, as given.
    """

    shown = 10

    def __init__(self, message: str, frame: pd.DataFrame) -> None:
        super().__init__(message, frame)
        self.frame = frame

    def __str__(self) -> str:
        """Return the message with the first problems, one a line."""
        lines = [
            f"  row {problem.row}, {problem.column}: found {problem.found}; expected {problem.expected}"
            for problem in self.frame.head(self.shown).itertuples()
        ]
        hidden = len(self.frame) - len(lines)
        if hidden > 0:
            lines.append(f"  … {hidden} more in the exception's .frame")
        return "\n".join([str(self.args[0]), *lines])


class CohortError(ProblemTableError):
    """A cohort table breaks its contract; ``frame`` lists every problem."""


class TableError(RadnecError, ValueError):
    """A feature table lacks something, or holds something it must not."""


class SettingsMismatchError(TableError):
    """Tables or models were made with different extraction settings."""


class LabelError(TableError):
    """Labels that cannot be learnt from: one class only, unknown values, incorporation bias."""


class LeakageError(TableError):
    """What would let a model see the outcome: an outcome column as feature, a patient on both sides."""


class ImageError(RadnecError, ValueError):
    """An image or mask cannot be used."""


class ReadError(ImageError, OSError):
    """A file cannot be read as an image."""


class GeometryError(ImageError):
    """Two grids that must be the same differ."""


class MaskError(ImageError):
    """A mask is empty, or lacks the label asked for."""


class EmptyMaskError(MaskError):
    """A mask marks no voxel at all."""


class AbsentLabelError(MaskError):
    """A mask marks voxels, but none with the label asked for."""


class ExtractionError(RadnecError, RuntimeError):
    """Features of a lesion cannot be computed."""


class UnseenBatchError(RadnecError, ValueError):
    """A scanner (batch) that harmonisation was never fitted on."""


class BundleError(RadnecError, ValueError):
    """A model file is not what radnec writes."""


class BundleFormatError(BundleError):
    """The file is no radnec model, or parts are missing or unreadable."""


class BundleHashError(BundleError):
    """A part differs from the SHA-256 in the manifest."""


class BundlePathError(BundleError):
    """The archive holds names that radnec never writes (``../``, absolute, duplicate)."""


class BundleSizeError(BundleError):
    """The archive is too large, or unpacks to too much."""


class BundleTypeError(BundleError):
    """The pipeline holds a type outside the fixed allow-list."""


class BundleVersionError(BundleError):
    """The file was written by a newer radnec format."""


class CanaryError(BundleError):
    """A loaded model no longer predicts what it predicted when it was saved."""


class RadnecWarning(UserWarning):
    """Base of every warning that radnec gives."""


class CohortTip(RadnecWarning):
    """Something in a cohort table was normalised, or deserves a second look."""


class MaskWarning(RadnecWarning):
    """A mask was changed by resampling, and deserves a look."""


class ExtractionWarning(RadnecWarning):
    """Some lesions of an extraction failed, or a setting has no effect."""


class TrainingWarning(RadnecWarning):
    """Training went on, but the user should know on what terms."""
