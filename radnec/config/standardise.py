"""How intensities of a sequence are standardised, with what was learnt for it from a named set of images."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from radnec.config.base import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from radnec.config.extraction import ExtractionConfig

Foreground = Literal["brain", "otsu", "nonzero"]

#: Percentiles of Nyúl and Udupa's landmarks: the deciles, between the ends of the scale.
DECILES = (1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 99.0)

#: Which peak of the brain's histogram is white matter (Shinohara et al. 2014): the last or the largest.
WHITE_PEAK: dict[str, Literal["last", "largest"]] = {
    "T1w": "last",
    "T1wCE": "last",
    "T2w": "largest",
    "FLAIR": "largest",
}

_Percentile = Annotated[float, Field(ge=0, le=100)]
_Mark = Annotated[int, Field(ge=0, lt=2**32)]
_Number = Annotated[float, Field(allow_inf_nan=False)]


class Landmarks(Settings):
    """Landmarks of intensity that :func:`radnec.imaging.standardise.fit_landmarks` found in a named set of images.

    Parameters
    ----------
    scales : dict of str to tuple of float
        For each sequence the standard intensity of each percentile.
    percentiles : tuple of float
        Percentiles of the foreground, rising.
    foreground : {"brain", "otsu", "nonzero"}
        Where percentiles are taken: the brain mask of the cohort row, Otsu's foreground, or all voxels but 0.
    n4 : bool
        Whether the images had their bias field corrected first; new images must have it as well.
    images : dict of str to int
        Number of images of each sequence.
    patients : str
        SHA-256 (hex) of the list of patients.
    marks : tuple of int
        A 32-bit mark of each patient, rising, an order that says nothing. No name can be computed from it; but whoever
        knows a name can tell whether it was on the list.

    Raises
    ------
    radnec.errors.ConfigError
        If a scale does not fit the percentiles or does not rise.

    Examples
    --------
    >>> marks = Landmarks.marks_of(["P01", "P02"])
    >>> landmarks = Landmarks(scales={"T1wCE": (0, 40, 100)}, percentiles=(1, 50, 99), foreground="brain", **marks)
    >>> landmarks.recognises(["P02", "P03"]).tolist()
    [True, False]
    """

    scales: dict[str, tuple[_Number, ...]] = Field(min_length=1)
    percentiles: tuple[_Percentile, ...] = Field(default=DECILES, min_length=2)
    foreground: Foreground
    n4: bool = False
    images: dict[str, int] = Field(default={})
    patients: str
    marks: tuple[_Mark, ...]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not (np.diff(self.percentiles) > 0).all():
            raise ValueError(f"percentiles {self.percentiles}: expected rising numbers within 0 and 100")
        for sequence, scale in self.scales.items():
            if len(scale) != len(self.percentiles) or not (np.diff(scale) > 0).all():
                raise ValueError(f"scale of {sequence}: expected {len(self.percentiles)} rising numbers, found {scale}")
        return self

    @staticmethod
    def marks_of(patients: Iterable[Any]) -> dict[str, Any]:
        """Return ``patients`` and ``marks`` of a list of patients, in whatever order and however often named."""
        names = sorted({str(patient) for patient in patients})
        digest = hashlib.sha256(json.dumps(names).encode()).hexdigest()
        return {"patients": digest, "marks": tuple(sorted({_mark(digest, name) for name in names}))}

    def recognises(self, patients: Iterable[Any]) -> NDArray[np.bool_]:
        """Return for each patient whether the landmarks were found in images of theirs, shape (n,)."""
        known = set(self.marks)
        return np.array([_mark(self.patients, str(patient)) in known for patient in patients], dtype=np.bool_)


def _mark(digest: str, patient: str) -> int:
    # The list's digest is the salt: equal names on two lists have different marks.
    return int.from_bytes(hashlib.sha256(f"{digest}\n{patient}".encode()).digest()[:4], "big")


def standardise_problem(config: ExtractionConfig, sequence: str) -> str | None:
    """Say why images of a sequence cannot be standardised as the settings ask, or None if they can.

    Parameters
    ----------
    config : ExtractionConfig
        Settings that hold for the sequence.
    sequence : str
        What the images show.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> print(standardise_problem(ExtractionConfig(standardise="white_stripe"), "rCBV"))
    rCBV: the white stripe is defined for T1w, T1wCE, T2w, FLAIR. A map keeps its own unit: leave it as it is with
    by_sequence={'rCBV': {'standardise': None}}
    """
    leave = f"by_sequence={{{sequence!r}: {{'standardise': None}}}}"
    if config.standardise == "white_stripe" and sequence not in WHITE_PEAK:
        defined = ", ".join(WHITE_PEAK)
        return (
            f"{sequence}: the white stripe is defined for {defined}. A map keeps its own unit: leave it as it is with "
            f"{leave}"
        )
    if config.standardise == "nyul" and config.landmarks is not None and sequence not in config.landmarks.scales:
        return (
            f"{sequence}: the landmarks hold {', '.join(sorted(config.landmarks.scales))}. Fit it as well with "
            f"radnec.imaging.standardise.fit_landmarks, or leave it as it is with {leave}"
        )
    return None


def landmarks_of(config: ExtractionConfig) -> list[Landmarks]:
    """Return the landmarks that some sequence is standardised by, each once.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> landmarks_of(ExtractionConfig())
    []
    """
    settings = [config, *(config.for_sequence(name) for name in config.by_sequence)]
    used = [one.landmarks for one in settings if one.standardise == "nyul" and one.landmarks is not None]
    return list({one.digest(): one for one in used}.values())


def setting_problem(config: ExtractionConfig) -> str | None:
    """Say what contradicts ``standardise`` among the settings themselves, or None."""
    if config.standardise is None:
        return None
    if config.zscore is not None:
        return "standardise and zscore both set the scale of intensities; give one of them"
    if config.standardise != "nyul":
        return None
    if config.landmarks is None:
        return "standardise='nyul' needs landmarks, from radnec.imaging.standardise.fit_landmarks(cohort, patients=...)"
    if config.landmarks.n4 != config.n4:
        return f"the landmarks were found with n4={config.landmarks.n4}; set n4 to that, or fit them anew"
    return None
