"""Chooses among candidates by their out-of-fold loss."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import delayed
from numpy.typing import NDArray

from radnec.model.out_of_fold import choose, cross_fitted_losses
from radnec.model.racing import FEWEST, enough, losses_so_far, staying

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joblib import Parallel

    from radnec.model.candidates import Candidate
    from radnec.model.fold import Fold
    from radnec.model.out_of_fold import Rule

Array = NDArray[np.float64]
Positions = NDArray[np.intp]


def search(
    candidates: list[Candidate],
    folds: Sequence[Fold],
    y: NDArray[np.bool_],
    groups: NDArray[np.str_],
    *,
    rule: Rule,
    racing: bool,
    parallel: Parallel,
) -> tuple[Candidate, list[dict[str, Any]]]:
    """Return the candidate to keep, and every candidate with its out-of-fold log loss.

    With racing the folds are scored one after the other and candidates that do badly so far are left behind
    (:mod:`radnec.model.racing`). Those that reach the end have the scores they would have without it.

    Parameters
    ----------
    candidates : list of Candidate
        The simplest first.
    folds : list of Fold
        Prepared rows.
    y, groups : of n rows
        Whether each is of the positive class, and its patient.
    rule : {"best", "one_se"}
        See :func:`radnec.model.out_of_fold.choose`. Without the smallest loss as the aim there is no race: a simple
        candidate may be kept although others do better.
    racing : bool
        Whether candidates may be left behind.
    parallel : Parallel
        Runs folds and families.

    Returns
    -------
    candidate : Candidate
        The choice.
    found : list of dict
        Of each candidate its text, ``log_loss`` and the number of ``folds`` behind it.
    """
    if len(candidates) == 1:
        return candidates[0], []
    fold_of = np.empty(len(y), dtype=int)
    for number, fold in enumerate(folds):
        fold_of[fold.test] = number
    board = _Board(candidates, folds, len(y), parallel)
    found = [{"candidate": str(candidate), "log_loss": np.nan, "folds": 0} for candidate in candidates]
    alive = np.arange(len(candidates))
    for number in range(len(folds) - 1 if racing and rule == "best" else 0):
        if len(alive) <= FEWEST:
            break
        board.score(alive, [number], sketch=True)
        here = fold_of <= number
        if enough(y[here], groups[here]):
            losses = losses_so_far(board.scores[np.ix_(alive, here)], y[here], fold_of[here])
            _note(found, alive, losses, number + 1)
            alive = alive[staying(losses)]
    board.score(alive, range(len(folds)))
    rows = cross_fitted_losses(board.scores[alive], y, fold_of)
    _note(found, alive, rows.mean(axis=1), len(folds))
    return candidates[alive[choose(rows, groups, rule)]], found


def _note(found: list[dict[str, Any]], alive: Positions, losses: Array, folds: int) -> None:
    for position, loss in zip(alive.tolist(), losses.tolist(), strict=True):
        found[position] |= {"log_loss": loss, "folds": folds}


@dataclass
class _Board:
    """Out-of-fold scores as they become known; nothing is scored twice in the same form."""

    candidates: list[Candidate]
    folds: Sequence[Fold]
    rows: int
    parallel: Parallel
    scores: Array = field(init=False)
    done: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.scores = np.full((len(self.candidates), self.rows), np.nan)
        self.done = np.zeros((len(self.candidates), len(self.folds)), dtype=np.bool_)

    def score(self, alive: Positions, numbers: Sequence[int], *, sketch: bool = False) -> None:
        """Score candidates on folds, in their cheaper forms or in full."""
        tasks = [(number, part) for number in numbers for part in self._by_family(alive[~self.done[alive, number]])]
        results = self.parallel(
            delayed(self.folds[number].scores)([self.candidates[one] for one in part], sketch=sketch)
            for number, part in tasks
        )
        for (number, part), scores in zip(tasks, results, strict=True):
            self.scores[np.ix_(part, self.folds[number].test)] = scores
            self.done[part, number] = not (sketch and self.candidates[part[0]].has_sketch)

    def _by_family(self, positions: Positions) -> list[Positions]:
        family = np.array([self.candidates[one].family for one in positions], dtype=str)
        return [positions[family == name] for name in dict.fromkeys(family.tolist())]
