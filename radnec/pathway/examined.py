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


def examined_in(X: pd.DataFrame, stages: Sequence[Stage], columns: Mapping[str, Sequence[str]]) -> NDArray[np.bool_]:
    """Return which stages each lesion has values of, shape (n, k).

    A lesion was examined for a stage if it has a value in the share of the columns that the stage needs, and, where the
    stage holds several tracers, a value of each of them: nothing is imputed from one tracer to another.

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.pathway.stage import Stage
    >>> X = pd.DataFrame({"index_TBRmax": [2.0, 2.1, None], "index_TBRmax_MET": [1.7, None, None]})
    >>> examined_in(X, [Stage("PET", tuple(X.columns))], {"PET": list(X.columns)}).tolist()
    [[True], [False], [False]]
    """
    made = [np.array([not one for one in lacks(X, stage, columns[stage.name])], dtype=bool) for stage in stages]
    return np.column_stack(made)


def lacks(X: pd.DataFrame, stage: Stage, columns: Sequence[str]) -> list[str]:
    """Return, per lesion, what it lacks to count as examined for a stage; empty where it counts.

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.pathway.stage import Stage
    >>> X = pd.DataFrame({"index_TBRmax": [2.0, 2.1, None], "index_TBRmax_MET": [1.7, None, None]})
    >>> lacks(X, Stage("PET", tuple(X.columns)), list(X.columns))
    ['', 'no value of PET-MET', 'no value']
    """
    values = X[list(columns)].notna()
    measured, tracers = values.sum(axis=1).to_numpy(), tracers_of(columns)
    found = [
        ""
        if count / len(columns) >= stage.needed
        else f"a value in only {count} of its {counted(len(columns), 'column')}"
        for count in measured
    ]
    for tracer, own in tracers.items() if len(tracers) > 1 else ():
        without = ~values[own].any(axis=1).to_numpy()
        found = [f"no value of {tracer}" if no else one for no, one in zip(without, found, strict=True)]
    return ["no value" if count == 0 else one for count, one in zip(measured, found, strict=True)]


def little_measured(X: pd.DataFrame, stages: Sequence[Stage], columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return for each stage that some lesions have too little of how many these are, as a sentence.

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.pathway.stage import Stage
    >>> X, columns = pd.DataFrame({"a": [1.0, 1.0], "b": [1.0, None], "c": [1.0, None]}), {"MRI": ["a", "b", "c"]}
    >>> little_measured(X, [Stage("MRI", ("a", "b", "c"))], columns)[0][:60]
    'MRI: 1 lesion has a value in fewer than 50% of its 3 columns'
    """
    told = []
    for stage in stages:
        names = columns[stage.name]
        lacking = lacks(X, stage, names)
        few = sum(one.startswith("a value") for one in lacking)
        if few:
            told.append(
                f"{stage.name}: {counted(few, 'lesion')} {'has' if few == 1 else 'have'} a value in fewer than "
                f"{stage.needed:.0%} of its {counted(len(names), 'column')} and count{'s' if few == 1 else ''} as not "
                "examined. Make a stage of each examination, or state Stage(needed=...)."
            )
        one_only = sum(one.startswith("no value of") for one in lacking)
        if one_only:
            told.append(
                f"{stage.name}: {counted(one_only, 'lesion')} {'lacks' if one_only == 1 else 'lack'} one of "
                f"{', '.join(tracers_of(names))} and count{'s' if one_only == 1 else ''} as not examined: nothing is "
                "imputed from one tracer to another. Make a stage of each, as radnec.pathway.default_stages() does."
            )
    return told
