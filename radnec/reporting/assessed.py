"""Checks that a table is what ``assess`` returns before it leaves the house in another format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS = ("patient_id", "session_id", "lesion_id")
NUMBERS = ("p_necrosis", "p_low", "p_high", "novelty")
TEXTS = ("prediction_set", "call", "reason", "outlying_feature")

#: What a call may be, with what it means.
CALLS = {
    "necrosis": "Radiation necrosis: the only plausible outcome",
    "progression": "Tumour progression: the only plausible outcome",
    "uncertain": "Both outcomes are plausible, or neither is",
    "abstain": "The model withholds its call",
}

#: The columns, keys first, with what each says.
COLUMNS = {
    "patient_id": "Patient",
    "session_id": "Session (time point)",
    "lesion_id": "Lesion of the patient",
    "p_necrosis": "Calibrated probability of radiation necrosis",
    "p_low": "Lower end of the calibration's interval: by default the fold models' range, not a confidence interval",
    "p_high": "Upper end of the calibration's interval: by default the fold models' range, not a confidence interval",
    "prediction_set": "Conformal prediction set: the outcomes that are plausible at the model's error level",
    "call": "What the model calls the lesion",
    "reason": "Why it is called so, or why the model abstains",
    "novelty": "Share of the used features outside their range in training",
    "outlying_feature": "The feature farthest outside its range in training",
}

#: What every result says of its use.
RESEARCH_USE = "Research use only. Not a medical device."


def check_assessed(assessed: pd.DataFrame, *, keys: Sequence[str] = ("patient_id", "lesion_id")) -> pd.DataFrame:
    """Return the columns of an assessed table, keys as text, or say why it cannot be reported.

    Parameters
    ----------
    assessed : DataFrame
        What :meth:`radnec.RadnecClassifier.assess` returned, or rows of it.
    keys : sequence of str, default ("patient_id", "lesion_id")
        Key columns that must be there; ``session_id`` is kept where it is.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS` that `assessed` holds, in that order, with a new index. Keys and texts are
        text without blanks around it, empty where nothing is said; numbers are float64.

    Raises
    ------
    radnec.errors.TableError
        If there is no row, a column is missing, a key is empty or doubled, a call is none of
        :data:`CALLS`, or a probability is outside 0 to 1 or its limits.

    Examples
    --------
    >>> row = {"patient_id": "P1", "lesion_id": 1, "p_necrosis": 0.8, "p_low": 0.7, "p_high": 0.9, "novelty": 0.0,
    ...        "prediction_set": "{necrosis}", "call": "necrosis", "reason": "", "outlying_feature": ""}
    >>> check_assessed(pd.DataFrame([row]))[["lesion_id", "p_necrosis"]].to_dict("records")
    [{'lesion_id': '1', 'p_necrosis': 0.8}]
    """
    if not isinstance(assessed, pd.DataFrame):
        raise TableError(f"found a {type(assessed).__name__}; expected the DataFrame that assess returns")
    missing = [name for name in (*keys, *NUMBERS, *TEXTS) if name not in assessed]
    if missing:
        raise TableError(
            f"the table lacks {', '.join(missing)}: expected what assess returns. Rename a key column of another "
            "name: assessed.rename(columns={'subject': 'patient_id'})"
        )
    if assessed.empty:
        raise TableError("the table has no row: there is no lesion to report")
    kept = assessed[[name for name in COLUMNS if name in assessed]].reset_index(drop=True)
    texts = {name: _text(kept[name]) for name in kept if name not in NUMBERS}
    numbers = {name: kept[name].astype("float64") for name in NUMBERS}
    kept = pd.DataFrame({name: (texts | numbers)[name] for name in kept})
    _check_keys(kept)
    _check_values(kept)
    return kept


def _text(column: pd.Series) -> pd.Series:
    return pd.Series(["" if pd.isna(value) else str(value).strip() for value in column], dtype="str")


def _check_keys(kept: pd.DataFrame) -> None:
    keys = [name for name in KEYS if name in kept]
    for name in keys:
        empty = kept.index[kept[name] == ""]
        if len(empty):
            raise TableError(f"{name} is empty in row {empty[0]}: a result that names no lesion cannot be reported")
    doubled = kept[kept.duplicated(keys)]
    if len(doubled):
        found = ", ".join(f"{name} {doubled.iloc[0][name]}" for name in keys)
        raise TableError(f"{found} is there twice: expected one row per lesion and session")


def _check_values(kept: pd.DataFrame) -> None:
    strange = [call for call in kept["call"].unique() if call not in CALLS]
    if strange:
        raise TableError(
            f"call is {strange[0]!r}: expected {', '.join(CALLS)}. Translate the labels of your own first: "
            f"assessed.replace({{'call': {{{strange[0]!r}: 'necrosis'}}}})"
        )
    p, low, high = (kept[name].to_numpy() for name in ("p_necrosis", "p_low", "p_high"))
    for name in NUMBERS:
        values = kept[name].to_numpy()
        outside = np.flatnonzero((values < 0) | (values > 1))
        if len(outside):
            raise TableError(f"{name} is {values[outside[0]]:g} in row {outside[0]}: expected 0 to 1")
    crossed = np.flatnonzero((low > p) | (p > high))
    if len(crossed):
        row = crossed[0]
        raise TableError(f"row {row} has p_low {low[row]:g}, p_necrosis {p[row]:g}, p_high {high[row]:g}: not in order")
