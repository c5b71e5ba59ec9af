"""Retrains into a file, so that a run that is killed at any moment can simply be run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from radnec.service.contest import prepare
from radnec.service.place import Place
from radnec.service.retrain import candidate_file, carry_out

if TYPE_CHECKING:
    import os

    import pandas as pd

    from radnec.classifier import RadnecClassifier
    from radnec.config import ExtractionConfig, TrainingConfig
    from radnec.service.rule import DecisionRule


class Written(NamedTuple):
    """What a retraining has written.

    Attributes
    ----------
    report : dict
        What the report beside the candidate holds, see :meth:`radnec.service.Retraining.to_dict`.
    again : bool
        Whether an earlier run had finished it, so that nothing was done.
    kept : int
        Fold models that an interrupted run had left.
    """

    report: dict[str, Any]
    again: bool
    kept: int


def retrain_to(
    table: pd.DataFrame,
    champion: RadnecClassifier,
    out: str | os.PathLike[str],
    settings: TrainingConfig | None = None,
    *,
    rule: DecisionRule | None = None,
    extraction: ExtractionConfig | None = None,
    replicates: pd.DataFrame | None = None,
) -> Written:
    """Retrain, and write the candidate with its report beside it; nothing is replaced.

    The candidate is written whether it is accepted or not: the report and its card say which. Finished fold models
    are kept in a folder beside it until it is there.

    Parameters
    ----------
    table, champion, settings, rule, extraction, replicates
        As of :func:`radnec.service.retrain`.
    out : path-like
        The candidate, ``*.radnec``, see :class:`radnec.service.place.Place` for what is written beside it.

    Returns
    -------
    Written
        The report, and what was left to do.

    Raises
    ------
    radnec.errors.ConfigError
        If a file stands where one is to be written, unless this very run has written it.
    radnec.errors.RadnecError
        As :func:`radnec.service.retrain`.

    Examples
    --------
    >>> import tempfile, radnec
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=40, n_features=10, random_state=0)
    >>> config = radnec.TrainingConfig(candidates=("logistic",), draws=1, outer_repeats=1, random_state=0)
    >>> champion, out = radnec.train(table, config), f"{tempfile.mkdtemp()}/candidate.radnec"
    >>> first, second = (retrain_to(table, champion, out) for _ in range(2))
    >>> second.again, second.report == first.report, radnec.load(out).identity_ == first.report["candidate"]
    (True, True, True)
    """
    place = Place(out)
    place.refuse_taken()
    contest = prepare(table, champion, settings, rule=rule, extraction=extraction, replicates=replicates)
    before = place.finished(contest.run)
    if before is not None:
        place.clear()
        return Written(before, again=True, kept=0)
    work = place.open()
    found = carry_out(contest, work)
    report = place.publish(candidate_file(contest, work), found.to_dict())
    return Written(report, again=False, kept=found.kept)
