"""A fold as its candidates see it: what they share is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from radnec.model.candidates import Candidate, fit_quietly, score_of
from radnec.model.preparation import prepare
from radnec.model.rankings import ranker

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from radnec.model.select import RankedFeatures
    from radnec.model.splits import Split

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """A fold's fitted model.

    Parameters
    ----------
    pipeline : Pipeline
        Prepares, selects, classifies.
    scores : array of shape (n_test,)
        Scores of the held-out rows.
    seen, new : arrays of shape (n_train, k), (n_test, k)
        Training and held-out rows in the features the model uses.
    """

    pipeline: Pipeline
    scores: Array
    seen: Array
    new: Array


@dataclass(frozen=True)
class Fold:
    """The prepared rows of a fold and their rankings, which serve every candidate.

    Parameters
    ----------
    steps : Pipeline
        The fitted preparation.
    selectors : dict of str to RankedFeatures
        Fitted selector of each ranking.
    seen, new : arrays of shape (n_train, p), (n_test, p)
        Training and held-out rows, prepared.
    y : bool array of shape (n_train,)
        True for the positive class.
    test : int array of shape (n_test,)
        Positions of the held-out rows.
    seed : int
        Seed of the fold's estimators.
    """

    steps: Pipeline
    selectors: dict[str, RankedFeatures]
    seen: Array
    new: Array
    y: NDArray[np.bool_]
    test: NDArray[np.intp]
    seed: int

    @classmethod
    def of(
        cls,
        steps: Pipeline,
        candidates: Sequence[Candidate],
        X: pd.DataFrame,
        y: NDArray[np.bool_],
        groups: NDArray[np.str_],
        split: Split,
        seed: int,
    ) -> Fold:
        """Prepare the rows of a split and rank their features.

        Parameters
        ----------
        steps : Pipeline
            Unfitted, from :func:`radnec.model.preparation.preparation`; it is fitted in place.
        candidates : sequence of Candidate
            Whose rankings are needed.
        X, y, groups : of n rows
            Rows, whether each is of the positive class, and its patient.
        split : (train, test)
            Positions.
        seed : int
            Seed of rankings and estimators.
        """
        train, test = split
        with threadpool_limits(1):
            seen, new = prepare(steps, X, y, split)
            most: dict[str, int] = {}
            for candidate in candidates:
                most[candidate.ranking] = max(candidate.top or 0, most.get(candidate.ranking, 0))
            selectors = {name: ranker(name, k, seed).fit(seen, y[train], groups[train]) for name, k in most.items()}
        return cls(steps, selectors, seen, new, y[train], test, seed)

    def scores(self, candidates: Sequence[Candidate], *, sketch: bool = False) -> Array:
        """Return the held-out scores (n_candidates, n_test); with `sketch`, of the cheaper forms."""
        scores = np.empty((len(candidates), len(self.new)))
        with threadpool_limits(1):
            for row, candidate in enumerate(candidates):
                kept = self._selector(candidate).get_support()
                estimator = fit_quietly(candidate.build(self.seed, sketch=sketch), self.seen[:, kept], self.y)
                scores[row] = score_of(estimator, self.new[:, kept])
        return scores

    def member(self, candidate: Candidate) -> Member:
        """Return the fold's model by one candidate."""
        select = self._selector(candidate)
        with threadpool_limits(1):
            seen, new = select.transform(self.seen), select.transform(self.new)
            estimator = fit_quietly(candidate.build(self.seed), seen, self.y)
            pipeline = Pipeline([("prepare", self.steps), ("select", select), ("classify", estimator)])
            return Member(pipeline, score_of(estimator, new), seen, new)

    def _selector(self, candidate: Candidate) -> RankedFeatures:
        return self.selectors[candidate.ranking].first(candidate.top)
