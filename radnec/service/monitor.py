"""Watches a model: tells whether the lesions it is asked about still come from where it learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.classifier import RadnecClassifier
from radnec.errors import ConfigError, TableError
from radnec.model.profile import Profile
from radnec.service.checks import judgements, missing_values, unseen_scanners
from radnec.service.drift_report import DriftReport
from radnec.service.moved_features import moved_features
from radnec.service.new_rows import NewRows
from radnec.service.numbers import tabulate
from radnec.service.outcomes import outcomes
from radnec.service.told_apart import told_apart

if TYPE_CHECKING:
    import pandas as pd

    from radnec.service.numbers import Number

#: Comparable patients below which a report says that it cannot tell.
FEWEST_PATIENTS = 8
#: Level of the limits shown.
_LEVEL = 0.95


def monitor(
    model: RadnecClassifier,
    table: pd.DataFrame,
    *,
    baseline: pd.DataFrame | None = None,
    period: str | None = None,
    false_alarms: float = 0.05,
    random_state: int = 0,
) -> DriftReport:
    """Say what changed between a model's training and the rows of a new table, such as a month's.

    Features are compared at each scanner with the deciles of the training rows that the model file keeps (it keeps no
    row): one by one (Kolmogorov-Smirnov, population stability index) and together. Then the share of novel lesions and
    of empty cells, the calls and the probabilities, and, where rows are labelled, the share of the outcome, calibration
    in the large and the calibration slope. Every patient counts once, however many lesions there are.

    Parameters
    ----------
    model : RadnecClassifier
        The model in use.
    table : DataFrame of shape (n, …)
        New rows, measured as the model's training rows were; with labels where they are known.
    baseline : DataFrame, optional
        An earlier table, such as last year's. Features and empty cells are then compared with it instead of the
        training rows, and a classifier is asked to tell the two tables apart by all features at once, which takes rows.
    period : str, optional
        Column that names the period of each row, for calibration over time; by default the month of ``session_date``.
    false_alarms : float, default 0.05
        How often a table without any change may give any finding at all.
    random_state : int, default 0
        Seed of resamples and lots.

    Returns
    -------
    DriftReport
        ``.ok``, ``.findings``, ``.frame()``, ``.to_dict()``, ``.save_html(path)``.

    Raises
    ------
    radnec.errors.ConfigError
        If `model` is no RadnecClassifier, or `false_alarms` is not between 0 and 1.
    radnec.errors.TableError
        If a table lacks a column the model reads, or the one that `period` names, or the baseline has no patients of
        its own.
    radnec.errors.LeakageError
        If the table holds rows that the model was trained on.
    radnec.errors.SettingsMismatchError
        If a table was measured otherwise than the model's training table.

    Examples
    --------
    >>> from radnec import TrainingConfig, train
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=120, n_features=20, effect=3.0, random_state=0)
    >>> first, last = (table[table["patient_id"].lt("P081") == known] for known in (True, False))
    >>> model = train(first, TrainingConfig(candidates=("logistic",), draws=1, random_state=0))
    >>> monitor(model, last).ok
    True
    >>> changed = last.copy()
    >>> changed.loc[changed["scanner_id"] == "B1", table.filter(like="glcm").columns] *= 1.5
    >>> [finding.kind for finding in monitor(model, changed).findings]
    ['scanner change']
    """
    if not isinstance(model, RadnecClassifier):
        raise ConfigError(f"found a {type(model).__name__} to watch; expected a fitted radnec.RadnecClassifier")
    if not 0 < false_alarms < 1:
        raise ConfigError(f"false_alarms is {false_alarms}; expected a share between 0 and 1, such as 0.05")
    rows = NewRows.of(model, table)
    model.training_rows_.refuse(table, "Give only rows that came afterwards: nothing changed in those it learnt from")
    recipe, usable = model.recipe_, rows.usable
    frame, patients = rows.frame[usable], rows.patients[usable]
    numbers: list[Number | pd.DataFrame] = [*unseen_scanners(rows, model.recipe_.seen_)]
    notes = list(rows.notes)
    enough = len(np.unique(patients)) >= FEWEST_PATIENTS
    if enough:
        assessed = rows.assessed[usable]
        doubted = np.array([bool(doubt) for doubt in recipe.judge(frame).doubts])
        judged = judgements(model, assessed, doubted, patients, level=_LEVEL, random_state=random_state)
        numbers += judged
        silent = [one.reason for one in judged if one.check == "probability" and one.reason]
        notes += [f"A change of the prevalence shows in labels alone: {reason}." for reason in silent]
        earlier = None if baseline is None else NewRows.of(model, baseline)
        profile, told = _profile(model, rows, earlier)
        notes += told
        if profile is not None:
            moved, told = moved_features(frame, patients, profile, recipe.numbers_, recipe.batches or {})
            numbers += [*moved, missing_values(frame, patients, profile)]
            notes += told
        if earlier is not None:
            numbers.append(told_apart(rows, earlier, recipe.numbers_, recipe.batches or {}, random_state=random_state))
        found, told = outcomes(model, rows, rows.periods(period), level=_LEVEL)
        numbers, notes = [*numbers, *found], [*notes, *told]
    return DriftReport(
        numbers=tabulate(numbers, false_alarms),
        model=model.identity_,
        rows=int(usable.sum()),
        patients=len(np.unique(patients)),
        enough=enough,
        false_alarms=false_alarms,
        outcome=model._settings().outcome,
        notes=tuple(notes),
    )


def _profile(model: RadnecClassifier, rows: NewRows, earlier: NewRows | None) -> tuple[Profile | None, list[str]]:
    """Return what features are compared with: the earlier table, else what the model kept of its training rows."""
    if earlier is not None:
        kept = earlier.usable & ~np.isin(earlier.patients, rows.patients)
        if not kept.any():
            raise TableError("the baseline has no measured row of a patient who is not in the table too; give another")
        both = len(np.unique(earlier.patients[earlier.usable & ~kept]))
        notes = [f"{both} patients are in both tables and count as new."] if both else []
        recipe = model.recipe_
        return Profile.of(earlier.frame[kept], earlier.patients[kept], recipe.numbers_, recipe.batches or {}), notes
    if model.profile_ is None:
        note = "The model file was written before models kept deciles per scanner: features were not compared. "
        return None, [f"{note}Train again, or give an earlier table as baseline."]
    notes = ["The domain classifier needs rows, and a model file keeps none: give an earlier table as baseline."]
    return model.profile_, notes
