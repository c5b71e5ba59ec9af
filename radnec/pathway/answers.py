"""Puts together what a pathway says of each lesion, and what it proposes to examine next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.pathway.resolving import OPEN, POSITIVE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from radnec.model.recipe import Recipe
    from radnec.pathway.reaching import Path
    from radnec.pathway.stage import Stage
    from radnec.pathway.stages import Pathway
    from radnec.pathway.value import Costs, Outlook
    from radnec.pathway.walking import Walk

NEXT_COLUMNS = ("row", "stage", "examinations", "gain", "settles", "cost", "availability", "worth", "lesions")


def next_rows(
    way: Walk,
    examined: NDArray[np.bool_],
    stages: Sequence[Stage],
    models: Mapping[Path, Recipe],
    known: Mapping[tuple[Path, int], Outlook],
    costs: Costs,
) -> list[tuple[Any, ...]]:
    """Return the rows of :meth:`Pathway.next_examinations`, in the order of the lesions and of their worth.

    Parameters
    ----------
    way : Walk
        How far the lesions went.
    examined : bool array of shape (n, k)
        Which stages each lesion has.
    stages : sequence of Stage
        All stages.
    models : mapping of Path to Recipe
        Fitted; an examination that none of them could weigh is not proposed.
    known : mapping
        What each further stage did for training lesions.
    costs : Costs
        What wrong calls cost.
    """
    p = way.last(way.p)
    rows = []
    for row, path in enumerate(way.paths):
        if not path or way.called[row] != OPEN:
            continue
        proposed = [
            _proposal(row, stage, known.get((path, number)), float(p[row]), costs)
            for number, stage in enumerate(stages)
            if not examined[row, number] and stage.availability > 0 and tuple(sorted((*path, number))) in models
        ]
        rows += sorted(proposed, key=lambda one: (bool(np.isnan(one[7])), -np.nan_to_num(one[7])))
    return rows


def _proposal(row: int, stage: Stage, outlook: Outlook | None, p: float, costs: Costs) -> tuple[Any, ...]:
    gain, settles, lesions = (np.nan, np.nan, 0) if outlook is None else outlook.worth(p, costs)
    worth = stage.availability * (gain - stage.cost)
    told = ", ".join(stage.examinations)
    return row, stage.name, told, gain, settles, stage.cost, stage.availability, worth, lesions


def answers(
    pathway: Pathway, X: pd.DataFrame, way: Walk, doubts: list[list[str]], proposed: pd.DataFrame
) -> pd.DataFrame:
    """Return the answer of :meth:`Pathway.assess`.

    Parameters
    ----------
    pathway : Pathway
        Fitted.
    X : DataFrame of shape (n, …)
        The lesions.
    way : Walk
        How far they went.
    doubts : list of list of str
        Per lesion, why the pathway should not be asked.
    proposed : DataFrame
        Rows of :func:`next_rows`.
    """
    positive = pathway._config().positive
    negative = next(label for label in pathway.classes_.tolist() if label != positive)
    by_row = dict(iter(proposed.groupby("row")))
    calls, reasons, texts = [], [], []
    for row, path in enumerate(way.paths):
        own = by_row.get(row, proposed.iloc[:0])
        useful = own[~(own["worth"] <= 0)]
        when = f"at error {pathway.error:g} after {pathway.stages_[path[-1]].name}" if path else ""
        call, reason = _call(way.called[row], bool(len(useful)), str(positive), str(negative), when)
        calls.append("abstain" if doubts[row] else call)
        reasons.append("; ".join([*(doubts[row] or [reason]), *way.remarks[row]]))
        texts.append("; ".join(_text(one) for one in useful.itertuples()) if way.called[row] == OPEN else "")
    found = pathway.ledgers(X) if positive == "necrosis" else []
    ledger = [one.p_necrosis if one.steps else np.nan for one in found] or [np.nan] * len(X)
    columns: dict[str, Any] = {
        "stage": [pathway.stages_[path[-1]].name if path else "" for path in way.paths],
        "p_necrosis": way.last(way.p),
        "p_low": way.last(way.low),
        "p_high": way.last(way.high),
        "call": calls,
        "reason": reasons,
        "next_examinations": texts,
        "p_ledger": ledger,
    }
    for number, stage in enumerate(pathway.stages_):
        values = {"p_necrosis": way.p, "p_low": way.low, "p_high": way.high}
        columns |= {f"{name}_{stage.name}": of[:, number] for name, of in values.items()}
    return pd.concat([X[pathway._keys(X)], pd.DataFrame(columns, index=X.index)], axis=1)


def _call(called: int, more: bool, positive: str, negative: str, when: str) -> tuple[str, str]:
    if called != OPEN:
        name = positive if called == POSITIVE else negative
        return name, f"only {name} is plausible {when}"
    if more:
        return "uncertain", f"neither outcome is settled {when}"
    return "refer", f"neither outcome is settled {when}, and no examination is left that is known to be worth its cost"


def _text(one: Any) -> str:
    gain = "gain not known" if np.isnan(one.gain) else f"gain {one.gain:.3f}, settles {one.settles:.0%}"
    return f"{one.stage}: {one.examinations} ({gain})"
