"""Tells two tables apart by all features at once, and how well chance would."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_FOLDS, _PARTITIONS = 5, 4


class DomainArea(NamedTuple):
    """How well new rows are told from earlier ones.

    Attributes
    ----------
    auc : float
        Area under the ROC curve of a classifier that was fitted on other patients; 0.5 without change.
    by_chance : float
        Its mean when it is drawn by lot which patients are new.
    p : float
        Share of the lots that do as well.
    """

    auc: float
    by_chance: float
    p: float


def domain_auc(
    rows: Floats,
    new: NDArray[np.bool_],
    patients: NDArray[np.intp],
    scanners: NDArray[np.intp],
    *,
    lots: int = 999,
    random_state: int = 0,
) -> DomainArea:
    """Return how well a ridge classifier tells new rows from earlier ones, in folds that keep patients together.

    Parameters
    ----------
    rows : array of shape (n, p)
        Features of both tables on one scale that was chosen without regard to which table a row is of; no gaps.
    new : bool array of shape (n,)
        Whether a row is of the new table; the same for all rows of a patient.
    patients, scanners : int arrays of shape (n,)
        Patient and scanner of each row, numbered from 0. Lots are drawn among the patients of a scanner (of a
        patient's first row), so that another mix of scanners is no change.
    lots : int
        How often lots are drawn.
    random_state : int
        Seed of folds and lots.

    Returns
    -------
    DomainArea
        The area and how it compares with chance.

    Notes
    -----
    The area is the mean over folds of four random divisions of the patients. Permutation of a classifier's labels:
    Golland and Fischl, Information Processing in Medical Imaging 2003;2732:330. Lots are drawn for whole patients,
    and the folds do not depend on them, so the test is exact.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> patients, new = np.arange(60), np.arange(60) >= 30
    >>> rows = rng.normal(size=(60, 5)) + 1.5 * new[:, None]
    >>> found = domain_auc(rows, new, patients, np.zeros(60, dtype=int), lots=99)
    >>> found.auc > 0.9, found.p
    (True, 0.01)
    """
    rng = np.random.default_rng(random_state)
    labels = _lots(new, patients, scanners, lots, rng)
    sums, counts = np.zeros(lots + 1), np.zeros(lots + 1)
    kernel = rows @ rows.T / max(rows.shape[1], 1)
    for _ in range(_PARTITIONS):
        fold = rng.permutation(int(patients.max()) + 1)[patients] % _FOLDS
        for number in range(_FOLDS):
            test = fold == number
            area = _areas(_predicted(kernel, labels, test), labels[test])
            sums += np.nan_to_num(area)
            counts += np.isfinite(area)
    areas = np.where(counts > 0, sums / np.maximum(counts, 1), 0.5)
    as_good = int((areas[1:] >= areas[0] - 1e-12).sum())
    return DomainArea(float(areas[0]), float(areas[1:].mean()), (1 + as_good) / (1 + lots))


def _lots(
    new: NDArray[np.bool_], patients: NDArray[np.intp], scanners: NDArray[np.intp], lots: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return which rows are new, shape (n, 1 + lots): as they are, and then by lot."""
    _, first = np.unique(patients, return_index=True)
    drawn = np.repeat(new[first][:, None], 1 + lots, axis=1)
    for scanner in np.unique(scanners[first]):
        members = np.flatnonzero(scanners[first] == scanner)
        order = rng.random((len(members), lots)).argsort(axis=0)
        drawn[members, 1:] = new[first][members][order]
    return drawn[patients]


def _predicted(kernel: Floats, labels: NDArray[np.bool_], test: NDArray[np.bool_]) -> Floats:
    """Return scores (n_test, k) of ridge regressions of each column of labels on the other rows."""
    y = labels[~test].astype(float)
    within = kernel[np.ix_(~test, ~test)]
    weight = np.linalg.solve(within + np.eye(len(within)), y - y.mean(axis=0))
    return np.asarray(kernel[np.ix_(test, ~test)] @ weight)


def _areas(scores: Floats, labels: NDArray[np.bool_]) -> Floats:
    """Return the area of each column; NaN where only one kind of row is there."""
    ranks = rankdata(np.round(scores, 12), axis=0)
    positive = labels.sum(axis=0)
    negative = len(labels) - positive
    pairs = positive * negative
    sums = (ranks * labels).sum(axis=0) - positive * (positive + 1) / 2
    return np.where(pairs > 0, sums / np.maximum(pairs, 1), np.nan)
