"""How the full recipe does in parts of the cohort: per site, entity and lesion size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radnec.errors import LabelError
from radnec.evaluation.conclusions import FULL
from radnec.evaluation.resampling import summarise
from radnec.features.columns import volume_column

#: Trait of a lesion's size.
SIZE = "lesion volume"

_COLUMNS = ("site_id", "entity")
_METRICS = ("auc", "log_loss", "calibration_intercept")
_MM3_PER_CM3 = 1000


def traits_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the traits by which lesions are parted, as text, one row per row of the table.

    Parameters
    ----------
    table : DataFrame of shape (n, …)
        Rows that are evaluated.

    Returns
    -------
    DataFrame of shape (n, …)
        Those of ``site_id``, ``entity`` and ``lesion volume`` (below the median or not) that the table knows, with a
        fresh index; ``not stated`` where a cell is empty.

    Examples
    --------
    >>> table = pd.DataFrame({"entity": ["glioma", None], "T1wCE_original_shape_MeshVolume": [500.0, 2500.0]})
    >>> traits_of(table)["lesion volume"].tolist()
    ['below 1.5 cm³', '1.5 cm³ or more']
    """
    traits = {
        name: table[name].astype(object).where(table[name].notna(), "not stated") for name in _COLUMNS if name in table
    }
    volume = volume_column(table)
    if volume is not None:
        values = table[volume].to_numpy(dtype=float, na_value=np.nan) / _MM3_PER_CM3
        known = values[np.isfinite(values)]
        if known.size:
            median = float(np.median(known))
            text = np.where(values < median, f"below {median:.2g} cm³", f"{median:.2g} cm³ or more")
            traits[SIZE] = pd.Series(np.where(np.isfinite(values), text, "not stated"), index=table.index, dtype=object)
    return pd.DataFrame(traits, index=table.index).astype(str).reset_index(drop=True)


def by_subgroup(
    predictions: pd.DataFrame,
    traits: pd.DataFrame,
    *,
    level: float = 0.95,
    resamples: int = 1000,
    random_state: int | None = None,
) -> pd.DataFrame:
    """Return the chief numbers of the full recipe for each value of each trait.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As :meth:`radnec.evaluation.predictions.Scored.arrange` takes them.
    traits : DataFrame
        From :func:`traits_of`; its index are the rows of the predictions. A trait of one value is left out.
    level : float
        Level of the intervals.
    resamples : int
        Patient resamples behind the intervals.
    random_state : int or None
        Seed of the resamples.

    Returns
    -------
    pandas.DataFrame
        ``trait``, ``subgroup``, ``lesions``, ``patients``, ``events`` (lesions with the outcome), ``metric``
        (``auc``, ``log_loss``, ``calibration_intercept``), ``value``, ``low``, ``high``, ``reason``.

    Notes
    -----
    Subgroups are small and many: a difference between two of them, whose intervals overlap or not, is a question for
    another cohort.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(size=80)
    >>> table = pd.DataFrame({"model": "radnec", "repeat": 0, "fold": 0, "row": np.arange(80),
    ...                       "patient": np.arange(80), "y": rng.uniform(size=80) < p, "p": p})
    >>> traits = pd.DataFrame({"site_id": np.repeat(["A", "B"], 40)})
    >>> by_subgroup(table, traits, random_state=0).query("metric == 'auc'")["subgroup"].tolist()
    ['A', 'B']
    """
    full = predictions[predictions["model"] == FULL]
    parts = []
    for trait, values in traits.items():
        if values.nunique() < 2:
            continue
        for value in sorted(values.unique()):
            rows = full[full["row"].isin(values.index[values == value])]
            first = rows.drop_duplicates("row")
            numbers = _numbers(rows, len(first), level=level, resamples=resamples, random_state=random_state)
            numbers.insert(0, "trait", str(trait))
            numbers.insert(1, "subgroup", value)
            numbers.insert(2, "lesions", len(first))
            numbers.insert(3, "patients", first["patient"].nunique())
            numbers.insert(4, "events", int(first["y"].sum()))
            parts.append(numbers)
    columns = [*("trait", "subgroup", "lesions", "patients", "events"), "metric", "value", "low", "high", "reason"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _numbers(
    rows: pd.DataFrame, lesions: int, *, level: float, resamples: int, random_state: int | None
) -> pd.DataFrame:
    columns = ["metric", "value", "low", "high", "reason"]
    if rows["p"].isna().any():
        reason = "the full recipe could not be computed"
    else:
        try:
            found = summarise(rows, level=level, resamples=resamples, random_state=random_state)
        except LabelError:
            reason = f"all {lesions} lesions are of one class"
        else:
            found.attrs = {}
            return found.loc[found["metric"].isin(_METRICS), columns].reset_index(drop=True)
    return pd.DataFrame([(metric, np.nan, np.nan, np.nan, reason) for metric in _METRICS], columns=columns)
