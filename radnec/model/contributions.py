"""Says how much each group of features moved the probability of one lesion away from that of a typical one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit
from threadpoolctl import threadpool_limits

from radnec.model.candidates import score_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from radnec.model.recipe import Recipe

Array = NDArray[np.float64]
Masks = NDArray[np.bool_]

#: Up to so many groups every subset of them is tried.
_MOST_EXACT = 8
#: Orders that are drawn for more groups; each is also walked backwards.
_ORDERS = 100
_AGREEING = 1e-9


@dataclass(frozen=True)
class Contributions:
    """How far each group moved the log-odds of the probability; they add up.

    Parameters
    ----------
    groups : tuple of str
        The groups, in order of name.
    log_odds : array of shape (n_groups,)
        ``logit(p) - logit(typical)`` divided among the groups; above 0 speaks for the positive class.
    standard_error : array of shape (n_groups,)
        That of drawing orders of the groups; 0 where nothing was drawn, or the order made no difference.
    p : float
        Probability of the lesion.
    typical : float
        Probability of the reference, a lesion with the training mean of every feature.
    """

    groups: tuple[str, ...]
    log_odds: Array
    standard_error: Array
    p: float
    typical: float

    @property
    def exact(self) -> bool:
        """Whether they are Shapley's values themselves and no estimate of them."""
        return not self.standard_error.any()


class Dissected:
    """One lesion before a fitted recipe, whose features can be set to their training mean.

    Parameters
    ----------
    recipe : Recipe
        Fitted.
    row : DataFrame of shape (1, …)
        The lesion, with the columns that the recipe reads.

    Attributes
    ----------
    columns : list of str
        Columns of which some fold model uses something, in order of name.
    """

    def __init__(self, recipe: Recipe, row: pd.DataFrame) -> None:
        self._recipe = recipe
        names = recipe.member_features()
        encoders = [member[0][1] for member in recipe.members_]
        sources = {
            f"{column}={category}": column
            for encoder in encoders
            for column, known in encoder.categories_.items()
            for category in known
        }
        used = [[sources.get(name, name) for name in of_member] for of_member in names]
        self.columns = sorted({name for of_member in used for name in of_member})
        place = {name: number for number, name in enumerate(self.columns)}
        self._places = [[place[name] for name in of_member] for of_member in used]
        self._values = recipe.prepared(row)

    def probability(self, kept: Masks) -> Array:
        """Return the probability (n,) with the columns that are not `kept`, shape (n, n_columns), at their mean."""
        scores = []
        with threadpool_limits(1):
            for member, values, places in zip(self._recipe.members_, self._values, self._places, strict=True):
                # Behind the scaler the training mean is 0.
                scores.append(score_of(member[-1], np.where(kept[:, places], values, 0.0)))
        return self._recipe.probabilities(np.vstack(scores))[0]

    def typical_one_by_one(self) -> dict[str, float]:
        """Return, per column, the probability if this column alone had its training mean."""
        kept = ~np.eye(len(self.columns), dtype=bool)
        return dict(zip(self.columns, self.probability(kept).tolist(), strict=True)) if len(kept) else {}

    def contributions(self, group_of: Callable[[str], str]) -> Contributions:
        """Divide the distance to the typical lesion among groups of columns.

        Parameters
        ----------
        group_of : callable
            Takes the name of a column, returns that of its group.

        Notes
        -----
        Shapley's values (1953) of the game in which a coalition's worth is the log-odds of the calibrated probability
        with the features of the other groups at their training mean. Of up to eight groups every coalition is tried.
        Of more, the gains are averaged over orders drawn with a fixed seed, each walked both ways (Castro, Gomez and
        Tejada 2009); in each order they add up, so that their means do. Where score and calibration are linear, the
        order makes no difference, and the values are coefficient times distance to the mean.
        """
        groups = sorted({group_of(name) for name in self.columns})
        member = np.array([groups.index(group_of(name)) for name in self.columns], dtype=int)

        def worth(coalitions: Masks) -> Array:
            return np.asarray(logit(self.probability(coalitions[:, member])))

        ends = self.probability(np.array([[False] * len(member), [True] * len(member)]))
        find = _of_all_coalitions if len(groups) <= _MOST_EXACT else _of_drawn_orders
        values, error = find(worth, len(groups))
        return Contributions(tuple(groups), values, error, float(ends[1]), float(ends[0]))


def _of_all_coalitions(worth: Callable[[Masks], Array], count: int) -> tuple[Array, Array]:
    codes = np.arange(2**count)
    members = (codes[:, None] >> np.arange(count)) & 1
    worths, sizes = worth(members.astype(bool)), members.sum(axis=1)
    weights = np.array([1 / (count * math.comb(count - 1, size)) for size in range(count)])
    values = np.zeros(count)
    for group in range(count):
        without = codes[members[:, group] == 0]
        values[group] = (weights[sizes[without]] * (worths[without | (1 << group)] - worths[without])).sum()
    return values, np.zeros(count)


def _of_drawn_orders(worth: Callable[[Masks], Array], count: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    forwards = [rng.permutation(count) for _ in range(_ORDERS)]
    pairs = [[order, order[::-1]] for order in forwards]
    # Step s of an order holds the groups whose rank in it is below s.
    ranks = np.array([np.argsort(order) for pair in pairs for order in pair])
    coalitions = ranks[:, None, :] < np.arange(count + 1)[None, :, None]
    worths = worth(coalitions.reshape(-1, count)).reshape(len(ranks), count + 1)
    gains = np.take_along_axis(np.diff(worths, axis=1), ranks, axis=1)
    of_pairs = gains.reshape(_ORDERS, 2, count).mean(axis=1)
    error = of_pairs.std(axis=0, ddof=1) / math.sqrt(_ORDERS)
    return of_pairs.mean(axis=0), np.where(np.ptp(gains, axis=0) > _AGREEING, error, 0.0)
