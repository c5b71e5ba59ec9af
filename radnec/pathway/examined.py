"""Says which stages a lesion was examined for, and what of the others it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.cohort.parsing import counted
from radnec.pathway.workup import tracers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from radnec.pathway.stage import Stage


#: Columns of each tracer, by the stage's name and the tracer's sequence, of stages that hold several.
Tracers = dict[str, dict[str, list[str]]]


def several_tracers(columns: Mapping[str, Sequence[str]]) -> Tracers:
    """Return the columns of each tracer for every stage that holds several.

    Examples
    --------
    >>> several_tracers({"MRI": ["age_years"], "PET": ["index_TBRmax", "index_TBRmax_MET"]})
    {'PET': {'PET-FET': ['index_TBRmax'], 'PET-MET': ['index_TBRmax_MET']}}
    """
    found = {stage: tracers_of(names) for stage, names in columns.items()}
    return {stage: tracers for stage, tracers in found.items() if len(tracers) > 1}


def examined_in(
    X: pd.DataFrame, stages: Sequence[Stage], columns: Mapping[str, Sequence[str]], tracers: Tracers
) -> NDArray[np.bool_]:
    """Return which stages each lesion has values of, shape (n, k).

    A lesion was examined for a stage if it has a value in the share of the columns that the stage needs, and one of
    each of the stage's `tracers`: nothing is imputed from one tracer to another.

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.pathway.stage import Stage
    >>> X = pd.DataFrame({"index_TBRmax": [2.0, 2.1, None], "index_TBRmax_MET": [1.7, None, None]})
    >>> columns = {"PET": list(X.columns)}
    >>> examined_in(X, [Stage("PET", tuple(X.columns))], columns, several_tracers(columns)).tolist()
    [[True], [False], [False]]
    """
    lacking = [lacks(X, stage, columns[stage.name], tracers.get(stage.name, {})) for stage in stages]
    return np.column_stack([np.array([not one for one in found], dtype=bool) for found in lacking])


def lacks(X: pd.DataFrame, stage: Stage, columns: Sequence[str], tracers: Mapping[str, Sequence[str]]) -> list[str]:
    """Return, per lesion, what it lacks to count as examined for a stage; empty where it counts.

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.pathway.stage import Stage
    >>> X = pd.DataFrame({"index_TBRmax": [2.0, 2.1, None], "index_TBRmax_MET": [1.7, None, None]})
    >>> lacks(X, Stage("PET", tuple(X.columns)), list(X.columns), tracers_of(list(X.columns)))
    ['', 'no value of PET-MET', 'no value']
    """
    values = X[list(columns)].notna()
    measured = values.sum(axis=1).to_numpy()
    found = [
        ""
        if count / len(columns) >= stage.needed
        else f"a value in only {count} of its {counted(len(columns), 'column')}"
        for count in measured
    ]
    for tracer, own in tracers.items():
        without = ~values[list(own)].any(axis=1).to_numpy()
        found = [f"no value of {tracer}" if no else one for no, one in zip(without, found, strict=True)]
    return ["no value" if count == 0 else one for count, one in zip(measured, found, strict=True)]


def little_measured(
    X: pd.DataFrame, stages: Sequence[Stage], columns: Mapping[str, Sequence[str]], tracers: Tracers
) -> list[str]:
    """Return for each stage that some lesions have too little of how many these are, as a sentence.

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.pathway.stage import Stage
    >>> X, columns = pd.DataFrame({"a": [1.0, 1.0], "b": [1.0, None], "c": [1.0, None]}), {"MRI": ["a", "b", "c"]}
    >>> little_measured(X, [Stage("MRI", ("a", "b", "c"))], columns, {})[0][:60]
    'MRI: 1 lesion has a value in fewer than 50% of its 3 columns'
    """
    told = []
    for stage in stages:
        names, pooled = columns[stage.name], tracers.get(stage.name, {})
        lacking = lacks(X, stage, names, pooled)
        few = sum(one.startswith("a value") for one in lacking)
        if few:
            lost = f"a value in fewer than {stage.needed:.0%} of its {counted(len(names), 'column')}"
            why = ". Make a stage of each examination, or state Stage(needed=...)."
            told.append(_not_counted(stage, few, ("has", "have"), lost, why))
        few = sum(one.startswith("no value of") for one in lacking)
        if few:
            lost = f"one of {', '.join(pooled)}"
            why = ": nothing is imputed from one tracer to another. Make a stage of each, as default_stages() does."
            told.append(_not_counted(stage, few, ("lacks", "lack"), lost, why))
    return told


def _not_counted(stage: Stage, few: int, verbs: tuple[str, str], lost: str, why: str) -> str:
    verb, counts = (verbs[0], "counts") if few == 1 else (verbs[1], "count")
    return f"{stage.name}: {counted(few, 'lesion')} {verb} {lost} and {counts} as not examined{why}"
