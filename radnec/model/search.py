"""Chooses among candidates by their out-of-fold loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from radnec.model.candidates import Candidate, fit_quietly, score_of
from radnec.model.out_of_fold import choose, cross_fitted_losses
from radnec.model.preparation import prepare
from radnec.model.rankings import ranker

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from joblib import Parallel
    from sklearn.pipeline import Pipeline

    from radnec.model.out_of_fold import Rule
    from radnec.model.splits import Split

Array = NDArray[np.float64]


def search(
    candidates: list[Candidate],
    preparations: Sequence[Pipeline],
    X: pd.DataFrame,
    y: NDArray[np.bool_],
    groups: NDArray[np.str_],
    folds: list[Split],
    *,
    seed: int,
    rule: Rule,
    parallel: Parallel,
) -> tuple[Candidate, list[dict[str, Any]]]:
    """Return the candidate to keep, and every candidate with its out-of-fold log loss.

    Parameters
    ----------
    candidates : list of Candidate
        The simplest first.
    preparations : list of Pipeline
        Unfitted preparation of each fold.
    X, y, groups : of n rows
        Training rows, whether each is of the positive class, and its patient.
    folds : list of (train, test)
        Positions of each fold.
    seed : int
        Seed of the first fold's estimators.
    rule : {"best", "one_se"}
        See :func:`radnec.model.out_of_fold.choose`.
    parallel : Parallel
        Runs the folds.
    """
    if len(candidates) == 1:
        return candidates[0], []
    parts = parallel(
        delayed(score_candidates)(preparation, candidates, X, y, groups, split, seed + fold)
        for fold, (preparation, split) in enumerate(zip(preparations, folds, strict=True))
    )
    scores = np.empty((len(candidates), len(y)))
    fold_of = np.empty(len(y), dtype=int)
    for fold, ((_, test), part) in enumerate(zip(folds, parts, strict=True)):
        scores[:, test], fold_of[test] = part, fold
    losses = cross_fitted_losses(scores, y, fold_of)
    means = losses.mean(axis=1)
    found = [
        {"candidate": str(candidate), "log_loss": float(loss)}
        for candidate, loss in zip(candidates, means, strict=True)
    ]
    return candidates[choose(losses, groups, rule)], found


def score_candidates(
    preparation: Pipeline,
    candidates: list[Candidate],
    X: pd.DataFrame,
    y: NDArray[np.bool_],
    groups: NDArray[np.str_],
    split: Split,
    seed: int,
) -> Array:
    """Return the held-out scores (n_candidates, n_test) of a fold; what the candidates share is done once."""
    train = split[0]
    with threadpool_limits(1):
        _, seen, new = prepare(preparation, X, y, split)
        most = {name: max((c.top or 0) for c in candidates if c.ranking == name) for name in _rankings(candidates)}
        ranking = {name: ranker(name, k, seed).fit(seen, y[train], groups[train]).ranking_ for name, k in most.items()}
        scores = np.empty((len(candidates), len(new)))
        for row, candidate in enumerate(candidates):
            top = np.sort(ranking[candidate.ranking][: candidate.top])
            estimator = fit_quietly(candidate.build(seed), seen[:, top], y[train])
            scores[row] = score_of(estimator, new[:, top])
    return scores


def _rankings(candidates: list[Candidate]) -> list[str]:
    return list(dict.fromkeys(candidate.ranking for candidate in candidates))
