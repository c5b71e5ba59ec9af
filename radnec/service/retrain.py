"""Trains a candidate on a new table, and decides whether it may take the champion's place."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from radnec.classifier import train
from radnec.classifier.storage import load_model
from radnec.errors import BundleError
from radnec.evaluation.guard import SUSPICIOUS, leak_flags, remarks
from radnec.features.cache import FeatureCache
from radnec.service.contest import prepare
from radnec.service.duel import duel
from radnec.service.retraining import Retraining
from radnec.service.rule import decide

if TYPE_CHECKING:
    import pandas as pd

    from radnec.classifier import RadnecClassifier
    from radnec.config import ExtractionConfig, TrainingConfig
    from radnec.service.contest import Contest
    from radnec.service.rule import DecisionRule


def retrain(
    table: pd.DataFrame,
    champion: RadnecClassifier,
    settings: TrainingConfig | None = None,
    *,
    rule: DecisionRule | None = None,
    extraction: ExtractionConfig | None = None,
    replicates: pd.DataFrame | None = None,
    work: str | Path | None = None,
) -> Retraining:
    """Train a candidate on a new table and judge it beside the model in use.

    Both are judged on the same patient-grouped folds of the new table: the candidate by nested evaluation of its
    recipe, as :func:`radnec.evaluate` does, the champion as it stands. Rows of patients that the champion was trained
    on are not compared where enough others are left, see :func:`radnec.service.acquaintance.basis_of`. The candidate
    is then trained on all rows, accepted or not.

    Parameters
    ----------
    table : DataFrame
        A feature table with all that is to be learnt from, old rows and new; :func:`radnec.labelled` chooses its rows.
    champion : RadnecClassifier
        The model in use.
    settings : TrainingConfig, optional
        All settings; by default the champion's own. Without a seed the champion's is taken.
    rule : DecisionRule, optional
        What makes the candidate acceptable.
    extraction : ExtractionConfig, optional
        How the features were measured, for an extracted table that lost its provenance.
    replicates : DataFrame, optional
        Repeated measurements of the lesions, see :meth:`radnec.RadnecClassifier.fit`.
    work : path-like, optional
        Folder in which finished fold models and the candidate are kept under a key of all that they depend on. A run
        that was killed goes on from there, and comes to the same result. Nothing in it is ever executed.

    Returns
    -------
    Retraining
        The candidate, the decision with its reasons, and every number.

    Raises
    ------
    radnec.errors.ConfigError
        If the champion is no trained classifier, its positive class differs, or `work` cannot be written.
    radnec.errors.SettingsMismatchError
        If the table was measured otherwise than the champion's training table.
    radnec.errors.TableError
        If the table lacks a column that the champion reads, holds infinite values, or has lost its extraction settings
        and `extraction` is not given.
    radnec.errors.LabelError
        If no row is fit to learn from, a class has fewer than three patients, or the labels are not the champion's.

    Notes
    -----
    The candidate is judged by models that saw four fifths of the patients (with five folds), which is a little to its
    disadvantage. A column that tells the outcome too well to be true, see
    :func:`radnec.evaluation.guard.leak_flags`, keeps the champion whatever the scores.

    Examples
    --------
    >>> import radnec
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=80, n_features=10, effect=3.0, random_state=0)
    >>> config = radnec.TrainingConfig(candidates=("logistic",), draws=2, outer_repeats=1, random_state=0)
    >>> first = table[table["patient_id"].isin(table["patient_id"].unique()[:40])]
    >>> found = retrain(table, radnec.train(first, config))
    >>> found.candidate.summary_["patients"], found.basis.favours_champion
    (80, False)
    """
    contest = prepare(table, champion, settings, rule=rule, extraction=extraction, replicates=replicates)
    return carry_out(contest, work)


def carry_out(contest: Contest, work: str | Path | None = None) -> Retraining:
    """Compare, decide, and train the candidate of a contest; parameters and result as :func:`retrain`."""
    cache = None
    if work is not None:
        cache = FeatureCache(Path(work) / "folds")
        cache.prepare()
    found = duel(contest, cache)
    study = contest.study
    label, patient = study.config.label, study.config.patient
    flags = leak_flags(study.table, study.y, study.recipe.columns(), label=label, patient=patient)
    suspicious = flags[flags["code"].isin(SUSPICIOUS)]
    decision = decide(found.differences(), contest.rule)
    against = tuple(
        f"Column {column} has to be explained first ({'; '.join(part['finding'])})."
        for column, part in suspicious.groupby("column", sort=False)
    )
    accepted = decision.accepted and not against
    told = (
        f"Compared with the champion {contest.champion.identity_}: {'accepted' if accepted else 'not accepted'}. "
        + " ".join([*decision.reasons, *against, contest.basis.sentence])
    )
    return Retraining(
        candidate=_trained(contest, told, None if work is None else candidate_file(contest, work)),
        champion=contest.champion.identity_,
        accepted=accepted,
        reasons=(*decision.reasons, *against),
        rule=contest.rule,
        basis=contest.basis,
        numbers=found.numbers,
        settings=study.config,
        notes=(*contest.notes, *remarks(flags)),
        run=contest.run,
        fits=sum(map(len, contest.repeats)),
        kept=found.kept,
    )


def candidate_file(contest: Contest, work: str | Path) -> Path:
    """Return where a contest's candidate is kept in a folder of work."""
    return Path(work) / f"{contest.run}.radnec"


def _trained(contest: Contest, told: str, file: Path | None) -> RadnecClassifier:
    """Return the candidate with the decision in its card; where there is a file, as the file holds it."""
    if file is not None and file.exists():
        with contextlib.suppress(BundleError):  # damaged, as whatever lies about for a while may be
            return load_model(file)
    model = train(contest.table, contest.study.config, extraction=contest.extraction, replicates=contest.replicates)
    model.summary_["notes"].append(told)
    return model if file is None else load_model(model.save(file))
