"""How alike the sets of features are that the models of a cross-validation select."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class SelectionStability(NamedTuple):
    """Agreement of selected sets.

    Attributes
    ----------
    value, low, high : float
        The measure with its limits; NaN where it is not defined.
    reason : str
        Why it is not, else empty.
    """

    value: float
    low: float
    high: float
    reason: str = ""


def selection_stability(selected: NDArray[np.bool_], *, level: float = 0.95) -> SelectionStability:
    """Return the stability of a selection: 1 for equal sets, 0 on average for sets drawn at random.

    Parameters
    ----------
    selected : bool array of shape (m, d)
        Whether each of m selections holds each of d features.
    level : float, default 0.95
        Level of the interval.

    Returns
    -------
    SelectionStability
        The value and its limits, which are at most 1.

    Notes
    -----
    Definition 4 and corollary 9 of [1]_. The interval takes the selections as independent draws; those of
    the folds of a cross-validation share training patients, so it says how firmly the value is known for such folds,
    and not for other patients.

    Features that are correlated can stand in for each other: when now one and now another of a cluster is selected, the
    value is low although the models see the same thing.

    References
    ----------
    .. [1] Nogueira S, Sechidis K, Brown G. On the stability of feature selection algorithms. Journal of Machine
       Learning Research 2018;18(174):1-54.

    Examples
    --------
    Two of four features each, of which one is common: by hand, 1 - (0.5 / 4 + 0.5 / 4) / (0.5 * 0.5) = 0.

    >>> selection_stability(np.array([[1, 1, 0, 0], [1, 0, 1, 0]], dtype=bool)).value
    0.0
    """
    m, d = selected.shape
    if m < 2:
        return SelectionStability(math.nan, math.nan, math.nan, "a single selection has nothing to agree with")
    chosen = selected.astype(float)
    share = chosen.mean(axis=0)
    size = chosen.sum(axis=1)
    mean = size.mean() / d
    if not 0 < mean < 1:
        return SelectionStability(math.nan, math.nan, math.nan, "every selection holds all features, or none")
    chance = mean * (1 - mean)
    value = float(1 - m / (m - 1) * np.mean(share * (1 - share)) / chance)
    each = chosen @ share / d - size / d * mean + value / 2 * (2 * size / d * mean - size / d - mean + 1)
    error = 2 / m * math.sqrt(float((((each - each.mean()) / chance) ** 2).sum()))
    width = float(ndtri((1 + level) / 2)) * error
    return SelectionStability(value, value - width, min(1.0, value + width))


def selections_of(used: Sequence[Sequence[Sequence[str]]], features: Sequence[str]) -> pd.DataFrame:
    """Return which features each outer fold selects: those that any of its fold models uses.

    Parameters
    ----------
    used : list of list of list of str
        Per outer fold and fold model, the names used; a category counts for its column.
    features : list of str
        All features that could have been.

    Returns
    -------
    DataFrame of bool, shape (m, d)
        One row per outer fold, one column per feature.

    Examples
    --------
    >>> selections_of([[["age", "stage=2"], ["stage=3"]], [["age"]]], ["age", "dose", "stage"]).astype(int)
       age  dose  stage
    0    1     0      1
    1    1     0      0
    """
    known = set(features)
    rows = [{_column(name, known) for names in models for name in names} for models in used]
    table = np.array([[name in row for name in features] for row in rows], dtype=np.bool_)
    return pd.DataFrame(table.reshape(len(rows), len(features)), columns=list(features))


def selection_frame(selected: pd.DataFrame, used: pd.Series[float]) -> pd.DataFrame:
    """Return how often each feature is selected, see :meth:`radnec.evaluation.result.Evaluation.selection_frame`.

    Parameters
    ----------
    selected : DataFrame of bool
        From :func:`selections_of`.
    used : Series of float
        Share of the fitted models that use each feature, by its name; of a category's column, the most used one.
    """
    share = selected.mean().astype(float)
    share = share[share > 0]
    known = set(selected.columns)
    of_column = used.groupby([_column(str(name), known) for name in used.index]).max() if len(share) else used
    frame = pd.DataFrame({"feature": share.index, "selected_by": share.to_numpy()})
    frame["used_by"] = of_column.reindex(share.index).to_numpy()
    order = ["selected_by", "used_by", "feature"]
    return frame.sort_values(order, ascending=[False, False, True], ignore_index=True)


def stability_sentence(stability: SelectionStability) -> str:
    """Say how stable the selection is, and what that means; an empty text where there is nothing to say.

    Examples
    --------
    >>> print(stability_sentence(SelectionStability(0.31, 0.25, 0.37)))
    Stability of the selected sets over outer folds 0.31 (0.25 to 0.37); 1 is the same set each time, 0 chance. ...
    """
    if math.isnan(stability.value):
        return ""
    value, low, high = (f"{number:.2f}".replace("-", "\N{MINUS SIGN}") for number in stability[:3])
    return (
        f"Stability of the selected sets over outer folds {value} ({low} to {high}); 1 is the same set each time, 0 "
        "chance. Correlated features stand in for each other, so a low value need not mean that the models differ."
    )


def _column(name: str, known: set[str]) -> str:
    if name in known:
        return name
    return max((column for column in known if name.startswith(f"{column}=")), key=len)
