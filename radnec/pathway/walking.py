"""Leads lesions through the stages they were examined for, until one settles them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.cohort.parsing import counted
from radnec.pathway.examined import lacks
from radnec.pathway.resolving import OPEN, settled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from radnec.model.recipe import Recipe
    from radnec.pathway.examined import Tracers
    from radnec.pathway.reaching import Path
    from radnec.pathway.stage import Stage


@dataclass
class Walk:
    """How far each of n lesions went.

    Attributes
    ----------
    paths : list of Path
        Stages that were consulted; empty for a lesion without the first.
    p, low, high : arrays of shape (n, k)
        Probability of the positive class and its interval after each stage; NaN for stages that were not consulted.
    called : int array of shape (n,)
        1 positive class, -1 the other, 0 neither.
    doubts : list of list of str
        Per lesion, why its stages should not be trusted.
    remarks : list of list of str
        Per lesion, what a reader should know of its stages.
    """

    paths: list[Path]
    p: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    called: NDArray[np.int8]
    doubts: list[list[str]]
    remarks: list[list[str]]

    def last(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each lesion's value after its last stage, shape (n,)."""
        return np.array([row[path[-1]] if path else np.nan for row, path in zip(values, self.paths, strict=True)])


def walk(
    X: pd.DataFrame,
    examined: NDArray[np.bool_],
    models: Mapping[Path, Recipe],
    stages: Sequence[Stage],
    columns: Mapping[str, Sequence[str]],
    tracers: Tracers,
    error: float,
) -> Walk:
    """Lead lesions from stage to stage.

    A stage that a lesion was not examined for is passed over; so is one that training had too few patients of. A row's
    way never depends on the other rows.

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        Holds the columns of all stages.
    examined : bool array of shape (n, k)
        Which stages each lesion has.
    models : mapping of Path to Recipe
        Fitted.
    stages : sequence of Stage
        All stages, in their order.
    columns : mapping of str to list of str
        Columns of each stage.
    tracers : mapping of str to dict
        Of each stage that takes only lesions with several tracers, the columns of each, see
        :func:`radnec.pathway.examined.several_tracers`.
    error : float
        Error level at which a stage settles a lesion.
    """
    names, (n, k) = list(columns), examined.shape
    p, low, high = (np.full((n, k), np.nan) for _ in range(3))
    way = Walk(
        [() for _ in range(n)], p, low, high, np.zeros(n, np.int8), [[] for _ in range(n)], [[] for _ in range(n)]
    )
    for stage in range(k):
        lacking = lacks(X, stages[stage], columns[names[stage]], tracers.get(names[stage], {}))
        for row in np.flatnonzero(~examined[:, stage] & (way.called == OPEN)).tolist():
            if way.paths[row] and lacking[row] not in ("", "no value"):
                way.remarks[row].append(f"{names[stage]} not used, {lacking[row]}")
        by_path: dict[Path, list[int]] = {}
        for row in np.flatnonzero(examined[:, stage] & (way.called == OPEN)).tolist():
            if stage and not way.paths[row]:
                continue
            path = (*way.paths[row], stage)
            if path in models:
                by_path.setdefault(path, []).append(row)
            else:
                way.remarks[row].append(f"{names[stage]} not used, too few training patients had it at this point")
        for path, rows in by_path.items():
            _consult(way, X.iloc[rows], np.array(rows), path, models[path], columns[names[stage]], error)
    return way


def _consult(
    way: Walk,
    X: pd.DataFrame,
    rows: NDArray[np.intp],
    path: Path,
    recipe: Recipe,
    own: Sequence[str],
    error: float,
) -> None:
    judgement = recipe.judge(X)
    stage = path[-1]
    way.p[rows, stage], way.low[rows, stage], way.high[rows, stage] = judgement.p, judgement.low, judgement.high
    way.called[rows] = settled(recipe, judgement, error)
    unseen = recipe.unseen_rows(X).tolist()
    used = {name for names in recipe.member_features() for name in names}
    empty = X[[name for name in own if name in used]].isna()
    for place, row in enumerate(rows.tolist()):
        way.paths[row] = path
        lacking = empty.columns[empty.iloc[place].to_numpy(dtype=bool)].tolist()
        if lacking:
            shown = ", ".join(lacking[:3]) + (", …" if len(lacking) > 3 else "")
            way.remarks[row].append(f"{counted(len(lacking), 'column')} imputed within its stage ({shown})")
        if unseen[place]:
            way.doubts[row].append(f"unseen scanner ({unseen[place]})")
        if judgement.doubts[place]:
            way.doubts[row].append(judgement.doubts[place])
