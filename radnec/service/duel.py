"""Lets champion and challenger predict the same lesions, and keeps every finished fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from radnec.classifier.identity import identity_of
from radnec.evaluation.crossval import predict_fold
from radnec.evaluation.predictions import part_of
from radnec.evaluation.resampling import summarise
from radnec.service.rule import SCORES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.evaluation.study import Study
    from radnec.features.cache import FeatureCache
    from radnec.model.replicates import Replicates
    from radnec.model.splits import Split
    from radnec.service.contest import Contest

    Floats = NDArray[np.float64]

CHAMPION, CANDIDATE = "champion", "candidate"
_DIFFERENCES = (("log_loss", "prevalence"), *((score, CHAMPION) for score in SCORES))


class Duel(NamedTuple):
    """What both said, in numbers.

    Attributes
    ----------
    numbers : DataFrame
        As of :func:`radnec.evaluation.resampling.summarise`, for ``champion``, ``candidate`` and ``prevalence``.
    kept : int
        Fold models that an earlier run had finished.
    """

    numbers: pd.DataFrame
    kept: int

    def differences(self) -> pd.DataFrame:
        """Return the candidate's scores less the champion's, one row for each of the scores that a rule reads."""
        own = self.numbers[self.numbers["model"] == CANDIDATE].set_index("metric")
        rows = own.loc[[f"{score}_difference_{CHAMPION}" for score in SCORES], ["value", "low", "high", "reason"]]
        return rows.set_axis(list(SCORES))


def duel(contest: Contest, cache: FeatureCache | None = None) -> Duel:
    """Predict each row by a challenger that saw neither it nor its patient, and by the champion as it stands.

    Parameters
    ----------
    contest : Contest
        Both, with the rows and the folds.
    cache : FeatureCache, optional
        Where each fold's predictions are kept, under a key of all that they depend on.

    Returns
    -------
    Duel
        Scores of both and their paired differences, with intervals that resample patients, of the rows of
        ``contest.basis``.

    Examples
    --------
    >>> import radnec
    >>> from radnec.service.contest import prepare
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=40, n_features=10, random_state=0)
    >>> config = radnec.TrainingConfig(candidates=("logistic",), draws=1, outer_repeats=1, random_state=0)
    >>> duel(prepare(table, radnec.train(table, config))).differences().index.tolist()
    ['log_loss', 'brier', 'auc']
    """
    study, config = contest.study, contest.study.config
    places = [(repeat, fold, split) for repeat, folds in enumerate(contest.repeats) for fold, split in enumerate(folds)]
    results = Parallel(n_jobs=config.n_jobs, return_as="generator")(
        delayed(_challenge)(study, contest.repeated, split, cache, contest.learning) for _, _, split in places
    )
    found = list(tqdm(results, total=len(places), desc="retrain", unit="fit", disable=None, leave=False))
    standing = contest.champion.recipe_.predict_proba(study.table)
    parts = []
    for (repeat, fold, (train, test)), (p, _) in zip(places, found, strict=True):
        new = contest.basis.compared[test]
        rows = test[new]
        lesions = (repeat, fold, rows, study.patients[rows], study.y[rows])
        known = {
            "prevalence": np.full(len(rows), study.y[train].mean()),
            CHAMPION: standing[rows],
            CANDIDATE: p[new],
        }
        parts += [part_of(name, *lesions, q) for name, q in known.items()]
    numbers = summarise(
        pd.concat(parts, ignore_index=True),
        threshold=config.threshold,
        level=config.level,
        resamples=config.resamples,
        random_state=study.seed,
        differences=_DIFFERENCES,
        fixed=(CHAMPION,),
    )
    numbers.attrs = {}
    return Duel(numbers, sum(kept for _, kept in found))


def _challenge(
    study: Study, repeated: Replicates | None, split: Split, cache: FeatureCache | None, learning: str
) -> tuple[Floats, bool]:
    """Return the challenger's predictions of a fold, and whether an earlier run had made them."""
    train, test = split
    names = [f"row {row}" for row in test.tolist()]
    key = "" if cache is None else cache.key([learning, identity_of(train, test)])
    known = None if cache is None else cache.get(key)
    if known is not None:
        return np.array([known[name] for name in names]), True
    p = predict_fold(study.recipe, study.table, study.y, study.patients, split, study.config, replicates=repeated).p
    if cache is not None:
        # Here and not where results are gathered, so that no finished fold waits for another to be kept.
        cache.put(key, dict(zip(names, p.tolist(), strict=True)))
    return p, False
