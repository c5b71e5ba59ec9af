"""Decides whether a stage settles a lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.model.recipe import Judgement, Recipe

#: What a stage says of a lesion.
NEGATIVE, OPEN, POSITIVE = -1, 0, 1


def settled(recipe: Recipe, judgement: Judgement, error: float) -> NDArray[np.int8]:
    """Return what a stage calls each lesion: 1 the positive class, -1 the other, 0 neither.

    Two things have to agree. The conformal set holds one class alone, which keeps the share of each class that is lost
    at a stage at `error` or below, the rarer class included. And the other class is no more probable than `error`,
    which keeps the share of the calls that are wrong there; a conformal set alone does not, because the errors it
    allows may fall on few calls.

    Parameters
    ----------
    recipe : Recipe
        The stage's fitted recipe.
    judgement : Judgement
        What it says of n lesions.
    error : float
        The error level.

    Returns
    -------
    array of shape (n,)
    """
    holds = recipe.conformal_.sets(judgement.scores, error=error)
    called = np.full(len(judgement.p), OPEN, dtype=np.int8)
    called[holds[:, 1] & ~holds[:, 0] & (1 - judgement.p <= error)] = POSITIVE
    called[holds[:, 0] & ~holds[:, 1] & (judgement.p <= error)] = NEGATIVE
    return called
