"""Sentences on how rows were scored, which every reader of an evaluation must know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.cohort.parsing import counted
from radnec.evaluation.sample_size import MODEST_R2, minimum_sample_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from radnec.config import TrainingConfig
    from radnec.config.standardise import Landmarks
    from radnec.model.replicates import Replicates

_SHOWN = 5
_HOW = {"reference": "standardised with the grand mean", "adapt": "adapted to without labels"}


def unseen_note(unseen: int, total: int, config: TrainingConfig, scanners: Sequence[str] = ()) -> list[str]:
    """Say how many rows were of a scanner that training never saw, and how they were scored; nothing if none was.

    Examples
    --------
    >>> from radnec.config import TrainingConfig
    >>> unseen_note(3, 40, TrainingConfig())
    ['3 of 40 predictions were of scanners absent from training, standardised with the grand mean.']
    """
    if not unseen:
        return []
    named = f" ({', '.join(sorted(set(scanners)))})" if scanners else ""
    return [f"{unseen} of {total} predictions were of scanners absent from training{named}, {_HOW[config.unseen]}."]


def pooled_note(table: pd.DataFrame, batches: Iterable[str], config: TrainingConfig) -> list[str]:
    """Say which scanners have too few rows to be harmonised by themselves; nothing if all have enough.

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.config import TrainingConfig
    >>> pooled_note(pd.DataFrame({"scanner_id": ["A"] * 9 + ["B", "B", "C"]}), ["scanner_id"], TrainingConfig())
    ['Scanners with fewer than 5 rows were harmonised together as one (scanner_id: B, C).']
    """
    notes = []
    for column in batches:
        counts = table[column].value_counts()
        small = sorted(map(str, counts.index[counts < config.min_batch]))
        if small:
            notes.append(
                f"Scanners with fewer than {config.min_batch} rows were harmonised together as one "
                f"({column}: {', '.join(small)})."
            )
    return notes


def events_note(
    y: NDArray[np.bool_], patients: NDArray[np.str_], parameters: float, config: TrainingConfig
) -> list[str]:
    """Say how few patients of the rarer class there are for the features to choose from; nothing if there are enough.

    Enough is what Riley's criteria ask of a model of modest strength, see
    :func:`radnec.evaluation.sample_size.minimum_sample_size`. Patients are counted and not lesions, and of the features
    those that the outcome has a say in: all that pass the filters that do not look at it.

    Examples
    --------
    >>> import numpy as np
    >>> from radnec.config import TrainingConfig
    >>> y = np.arange(60) < 18
    >>> print(events_note(y, np.arange(60).astype(str), 40, TrainingConfig())[0])
    18 patients with necrosis for 40 candidate features: 0.5 per feature, and 60 patients where a model of modest
    strength (Nagelkerke R² 0.15) asks for 3199. ...
    """
    counts = [len(np.unique(patients[rows])) for rows in (y, ~y)]
    total, rarer = len(np.unique(patients)), int(np.argmin(counts))
    if parameters < 1:
        return []
    share = float(np.mean([y, ~y][rarer]))
    needed = minimum_sample_size(round(parameters), share, r2_nagelkerke=MODEST_R2).patients
    if total >= needed:
        return []
    outcome = (config.outcome, config.other_outcome)[rarer]
    text = (
        f"{counts[rarer]} patients with {outcome} for {parameters:.0f} candidate features: "
        f"{counts[rarer] / parameters:.1f} per feature, and {total} patients where a model of modest strength "
        f"(Nagelkerke R² {MODEST_R2}) asks for {needed}. Expect the choice of features to be unstable, and calibration "
        "to be off in new patients. Candidates are the features left by the filters that do not look at the outcome; "
        "name fewer with TrainingConfig(features=...)."
    )
    return [text]


def folds_note(what: str, found: Sequence[int], asked: int) -> list[str]:
    """Say where there were fewer folds than asked for; nothing if there were enough.

    Examples
    --------
    >>> folds_note("Outer", [4, 4], 5)
    ['Outer folds: 4 instead of 5, because the rarer class has too few patients.']
    """
    if min(found) >= asked:
        return []
    some = f"{min(found)}" if min(found) == max(found) else f"{min(found)} to {max(found)}"
    return [f"{what} folds: {some} instead of {asked}, because the rarer class has too few patients."]


def stability_note(
    counts: Sequence[dict[str, int]], replicates: Replicates | None, features: Sequence[str]
) -> list[str]:
    """Say how many features the stability filter left in the fold models; nothing without replicates.

    Parameters
    ----------
    counts : list of dict
        Per fold model, features ``judged`` and those that ``reached`` the threshold.
    replicates : Replicates or None
        What they were judged by.
    features : list of str
        Features of the recipe.
    """
    if replicates is None or not counts:
        return []
    config = replicates.config
    left = [max(1, one["reached"]) for one in counts]
    some = f"{min(left)}" if min(left) == max(left) else f"{min(left)} to {max(left)}"
    limit = "lower 95 % limit" if config.icc_bound == "low" else "estimate"
    rule = f"{limit} of {config.icc_type} at least {config.min_icc:g}"
    judged = f"by replicates of each fold's training patients) left {some} of {counts[0]['judged']} features."
    notes = [f"The stability filter ({rule}, {judged}"]
    none = sum(one["reached"] == 0 for one in counts)
    if none:
        notes.append(f"In {none} of {len(counts)} fold models no feature reached that limit and the best was kept.")
    passed = replicates.unjudged(features)
    if passed:
        shown = ", ".join(passed[:_SHOWN]) + (", …" if len(passed) > _SHOWN else "")
        notes.append(f"{counted(len(passed), 'feature')} without replicates passed that filter unjudged ({shown}).")
    return notes


def idle_filter_note(config: TrainingConfig, replicates: pd.DataFrame | None) -> list[str]:
    """Say that settings of the stability filter had no effect, for want of replicates; nothing if none was chosen.

    Examples
    --------
    >>> from radnec.config import TrainingConfig
    >>> idle_filter_note(TrainingConfig(min_icc=0.9), None)
    ['No replicates were given, so min_icc had no effect: no feature was left out for being unstable.']
    """
    idle = sorted(config.model_fields_set & {"min_icc", "icc_type", "icc_bound", "rater"})
    if replicates is not None or not idle:
        return []
    return [
        f"No replicates were given, so {', '.join(idle)} had no effect: no feature was left out for being unstable."
    ]


def landmarks_note(patients: Iterable[str], landmarks: Iterable[Landmarks]) -> list[str]:
    """Say how many tested patients' images the scale of intensities was learnt from; nothing if none was.

    Examples
    --------
    >>> from radnec.config.standardise import Landmarks
    >>> marks = Landmarks.marks_of(["P01", "P02"])
    >>> scale = Landmarks(scales={"FLAIR": (0, 100)}, percentiles=(1, 99), foreground="brain", **marks)
    >>> landmarks_note(["P02", "P02", "P03"], [scale])[0][:69]
    'Images of 1 of the 2 tested patients set the intensity landmarks (of '
    """
    tested = sorted(set(patients))
    notes = []
    for one in landmarks:
        known = int(one.recognises(tested).sum())
        if known:
            notes.append(
                f"Images of {known} of the {len(tested)} tested patients set the intensity landmarks (of "
                f"{len(one.marks)} patients, list {one.patients[:8]}), without their labels: these patients were not "
                "wholly new to the models that judged them."
            )
    return notes
