"""Every exception and warning class that radnec raises on purpose.

All exceptions descend from :class:`RadnecError`, so ``except radnec.errors.RadnecError`` catches exactly what
radnec refuses and nothing that is a defect. Where a built-in class says the same thing (``ValueError`` for a wrong
value, ``ImportError`` for a missing library), the radnec class descends from it too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

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
    alike = 3

    def __init__(self, message: str, frame: pd.DataFrame) -> None:
        super().__init__(message, frame)
        self.frame = frame

    def __str__(self) -> str:
        """Return the message with the problems, equal ones together; where they are many, some of each kind."""
        rows_of: dict[tuple[str, str, str], list[Any]] = {}
        for problem in self.frame.itertuples():
            what = (str(problem.column), str(problem.found), str(problem.expected))
            rows_of.setdefault(what, []).append(problem.row)
        groups = [(*what, rows) for what, rows in rows_of.items()]
        count: Counter[tuple[str, str]] = Counter()
        seen = []
        for column, _, expected, _ in groups:
            seen.append(count[column, expected])
            count[column, expected] += 1
        # The first of each kind before the second of any, so that no kind of mistake hides behind another.
        chosen = sorted(range(len(groups)), key=lambda place: (seen[place], place))[: self.shown]
        if len(groups) > self.shown:
            chosen = [place for place in chosen if seen[place] < self.alike]
        lines = [_line(*groups[place]) for place in sorted(chosen)]
        hidden: Counter[str] = Counter()
        for place in set(range(len(groups))) - set(chosen):
            hidden[groups[place][0]] += len(groups[place][3])
        if hidden:
            told = ", ".join(f"{column} ×{number}" for column, number in sorted(hidden.items()))
            lines.append(f"  … {hidden.total()} more in the exception's .frame ({told})")
        return "\n".join([str(self.args[0]), *lines])


def _line(column: str, found: str, expected: str, rows: list[Any]) -> str:
    """Tell one problem, and where it is: a problem of the whole table needs no place."""
    if column == "(table)":
        return f"  found {found}; expected {expected}"
    if len(rows) == 1:
        where = "header" if rows[0] == "header" else f"row {rows[0]}"
        return f"  {where}, {column}: found {found}; expected {expected}"
    shown = ", ".join(map(str, rows[:3])) + (", …" if len(rows) > 3 else "")
    return f"  {column} ×{len(rows)} (rows {shown}): found {found}; expected {expected}"


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


class RegistrationError(ImageError):
    """Two images cannot be laid over each other, or a check of the result failed."""


class MaskError(ImageError):
    """A mask is empty, or lacks the label asked for."""


class EmptyMaskError(MaskError):
    """A mask marks no voxel at all."""


class AbsentLabelError(MaskError):
    """A mask marks voxels, but none with the label asked for."""


class ForeignLabelError(MaskError):
    """A mask holds labels that the preset of the settings does not know, and another preset does."""


class RegionError(MaskError):
    """A lesion has no such region: no core, no necrosis, no mirror image."""


class ExtractionError(RadnecError, RuntimeError):
    """Features of a lesion cannot be computed."""


class MeasurementError(RadnecError, ValueError):
    """Curves, maps or a setting that a physiological measurement cannot be made from."""


class EvidenceError(RadnecError, ValueError):
    """Published evidence that cannot be used: no polarity, an unknown index, a finding without accuracy."""


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


class BundleSignatureError(BundleError):
    """A model file is not signed, or not by the key that was asked for, or was changed since."""


class CanaryError(BundleError):
    """A loaded model no longer predicts what it predicted when it was saved."""


class SigningKeyError(RadnecError, ValueError):
    """A key to sign or verify with is missing, of another kind, or locked by another passphrase."""


class RadnecWarning(UserWarning):
    """Base of every warning that radnec gives."""


class CohortTip(RadnecWarning):
    """Something in a cohort table was normalised, or deserves a second look."""


class ReadWarning(RadnecWarning):
    """An image was read, but its files deserve a look."""


class MaskWarning(RadnecWarning):
    """A mask was changed by resampling, and deserves a look."""


class ExtractionWarning(RadnecWarning):
    """Some lesions of an extraction failed, or a setting has no effect."""


class ReportWarning(RadnecWarning):
    """A report shows less than it was asked to, or could not be written."""


class TrainingWarning(RadnecWarning):
    """Training went on, but the user should know on what terms."""
