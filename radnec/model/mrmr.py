"""Ranks features by minimum redundancy and maximum relevance."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from radnec.errors import ConfigError
from radnec.model.select import RankedFeatures, f_of_directions, normalised

Array = NDArray[np.float64]
Order = NDArray[np.intp]
Scheme = Literal["quotient", "difference"]

_SCHEMES = ("quotient", "difference")
# What rounding leaves of no correlation must not decide between features.
_NO_REDUNDANCY = 1e-9


class MRMR(RankedFeatures):
    """Keeps features that tell the classes apart and do not repeat each other.

    The first is the one with the greatest F. Each next one has the greatest F divided by, or less, its mean absolute
    correlation with those already chosen: schemes FCQ and FCD of [1]_.

    Parameters
    ----------
    k : int or None, default None
        How many to keep; None, or more than there are, keeps all.
    scheme : {"quotient", "difference"}, default "quotient"
        How redundancy is weighed against relevance. An F is usually far above 1, so the difference hardly does.

    Raises
    ------
    radnec.errors.ConfigError
        If `scheme` is neither.

    Notes
    -----
    Features without any redundancy are ordered by F. Constant features come last.

    References
    ----------
    .. [1] Ding C, Peng H. Minimum redundancy feature selection from microarray gene expression data. Journal of
       Bioinformatics and Computational Biology 2005;3:185-205.

    Examples
    --------
    The second feature is nearly the first; the third tells less (F of 5.7, 4.8 and 2.2) but is new:

    >>> X = np.array([[5, 3, 5, 3, 0, 1, 3, 3], [5, 3, 5, 3, 0, 2, 3, 3], [1, 5, 5, 4, 0, 3, 2, 3]]).T
    >>> MRMR(k=2).fit(X, [0, 0, 0, 0, 1, 1, 1, 1]).get_support().tolist()
    [True, False, True]
    """

    def __init__(self, *, k: int | None = None, scheme: Scheme = "quotient") -> None:
        super().__init__(k=k)
        self.scheme = scheme

    def _rank(self, X: Array, y: NDArray[Any], patients: NDArray[Any], k: int) -> Order:
        if self.scheme not in _SCHEMES:
            raise ConfigError(f"MRMR(scheme={self.scheme!r}): expected 'quotient' or 'difference'")
        return mrmr_order(X, y, k, self.scheme)


def mrmr_order(X: Array, y: NDArray[Any], k: int, scheme: Scheme = "quotient") -> Order:
    """Return the columns of X (n, p): the first k as :class:`MRMR` chooses them, then the rest by F.

    Examples
    --------
    >>> mrmr_order(np.array([[0.0, 0.0], [1.0, 0.1], [0.0, 1.0], [1.0, 0.9]]), np.array([0, 0, 1, 1]), 2).tolist()
    [1, 0]
    """
    directions = normalised(X)
    relevance = f_of_directions(directions, y)
    by_relevance = np.argsort(-relevance, kind="stable")
    total = np.zeros(X.shape[1])
    open_ = relevance >= 0
    chosen = by_relevance[:1]
    while len(chosen) < min(k, int((relevance >= 0).sum())):
        open_[chosen[-1]] = False
        total += np.abs(directions[:, chosen[-1]] @ directions)
        redundancy = total / len(chosen)
        with np.errstate(over="ignore"):  # the F of a perfect feature is infinite
            gain = (
                relevance / np.maximum(redundancy, _NO_REDUNDANCY) if scheme == "quotient" else relevance - redundancy
            )
        chosen = np.append(chosen, np.argmax(np.where(open_, gain, -np.inf)))
    return np.concatenate([chosen, by_relevance[~np.isin(by_relevance, chosen)]])
