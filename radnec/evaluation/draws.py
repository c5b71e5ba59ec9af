"""Draws patients with replacement, as weights of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Draws(NamedTuple):
    """Row weights of patient resamples.

    Attributes
    ----------
    weights : ndarray of float, shape (b, n)
        How often each resample drew the patient of each row. Every line holds rows of both classes.
    redrawn : int
        Resamples of a single class that were drawn again.
    """

    weights: NDArray[np.float64]
    redrawn: int


def draw_patients(
    y: NDArray[np.bool_],
    patients: NDArray[np.intp],
    *,
    resamples: int,
    rng: np.random.Generator,
) -> Draws:
    """Draw as many patients as there are, with replacement, `resamples` times.

    A patient is drawn with all rows or none, because rows of one patient are alike (Field and Welsh,
    Journal of the Royal Statistical Society B 2007;69:369). Resamples that miss a class are drawn again.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
        True for necrosis; both classes occur.
    patients : ndarray of int, shape (n,)
        Patient of each row, numbered from 0.
    resamples : int
        How many.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Draws
        The weights, with the number of resamples drawn again.

    Examples
    --------
    >>> y, patients = np.array([True, False, False]), np.array([0, 1, 1])
    >>> draws = draw_patients(y, patients, resamples=4, rng=np.random.default_rng(0))
    >>> draws.weights.shape, bool((draws.weights == 1).all())  # both patients, or it is drawn again
    ((4, 3), True)
    """
    n_patients = int(patients.max()) + 1
    has = np.stack([np.bincount(patients[rows], minlength=n_patients) > 0 for rows in (y, ~y)])
    kept: list[NDArray[np.int64]] = []
    missing, redrawn = resamples, 0
    while missing:
        counts = rng.multinomial(n_patients, np.full(n_patients, 1 / n_patients), size=missing)
        good = ((counts @ has.T.astype(np.int64)) > 0).all(axis=1)
        kept.append(counts[good])
        missing -= int(good.sum())
        redrawn += int((~good).sum())
    return Draws(np.concatenate(kept)[:, patients].astype(float), redrawn)
