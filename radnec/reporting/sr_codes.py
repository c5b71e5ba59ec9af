"""The coded vocabulary of radnec's structured reports."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from radnec._optional import need

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    import pandas as pd

#: Designator of the private coding scheme; DICOM reserves names that start with 99 for such.
SCHEME = "99RADNEC"

#: Column to (code value, meaning).
CONCEPTS = {
    "p_necrosis": ("P_NECROSIS", "Probability of radiation necrosis"),
    "p_low": ("P_LOW", "Probability of radiation necrosis, lower end of model range"),
    "p_high": ("P_HIGH", "Probability of radiation necrosis, upper end of model range"),
    "novelty": ("NOVELTY", "Share of features outside their training range"),
    "prediction_set": ("PREDICTION_SET", "Plausible outcomes (conformal prediction set)"),
    "call": ("CALL", "Call"),
    "reason": ("REASON", "Reason of the call"),
    "outlying_feature": ("OUTLYING", "Feature farthest outside its training range"),
}

#: Call to (code value, meaning).
CALL_CODES = {
    "necrosis": ("NECROSIS", "Radiation necrosis"),
    "progression": ("PROGRESSION", "Tumour progression"),
    "uncertain": ("UNCERTAIN", "Uncertain: not one outcome alone is plausible"),
    "abstain": ("ABSTAIN", "Call withheld"),
}

#: Start of the algorithm parameter that holds :func:`table_digest`.
DIGEST = "results sha256 "


def need_dicom() -> tuple[ModuleType, ModuleType]:
    """Return pydicom and highdicom, or say how to install them.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If one is not installed.
    """
    return need("pydicom", "a DICOM structured report", "dicom"), need(
        "highdicom", "a DICOM structured report", "dicom"
    )


def own(code: tuple[str, str]) -> Any:
    """Return a code of the private scheme.

    Examples
    --------
    >>> own(CONCEPTS["call"]).meaning
    'Call'
    """
    _, highdicom = need_dicom()
    value, meaning = code
    return highdicom.sr.CodedConcept(value, SCHEME, meaning)


def table_digest(rows: Sequence[dict[str, Any]]) -> str:
    """Return the SHA-256 of the results, by which damage to a report is found; the patient is left out.

    A report that was de-identified has another patient, and still the same results.

    Parameters
    ----------
    rows : sequence of dict
        Rows of a checked table; what is empty or NaN counts as absent.

    Examples
    --------
    >>> table_digest([{"lesion_id": "1", "p_necrosis": 0.5}])[:8]
    '499f8c45'
    """
    kept = [
        {
            name: value.hex() if isinstance(value, float) else value
            for name, value in sorted(row.items())
            if name != "patient_id" and value != "" and value == value  # NaN is not itself
        }
        for row in rows
    ]
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as Python texts and numbers."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
