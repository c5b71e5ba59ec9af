"""Local quadratic regression on one variable, by the rules of R's ``loess``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SPAN = 0.75
#: Share of the span that a cell of the tree may hold before it is divided.
_CELL = 0.2
_MARGIN = 0.005
_SINGULAR = 100 * np.finfo(float).eps


@dataclass(frozen=True)
class Loess:
    """A smoother of any responses at fixed positions; it is linear in the responses.

    A quadratic is fitted at each of a few vertices, by least squares with tricube weights over the nearest
    three quarters of the rows. Its value and slope there, joined by cubic Hermite polynomials, are the curve.

    Attributes
    ----------
    vertices : ndarray, shape (v,)
        Positions of the local fits, in rising order.
    operator : ndarray, shape (2 v, n)
        Turns responses into the values at the vertices, followed by the slopes.

    Notes
    -----
    Cleveland and Grosse, Statistics and Computing 1991;1:47. Values are those of ``loess(y ~ x, degree = 2)``
    in R, whose default is to interpolate between the vertices of a k-d tree.

    Examples
    --------
    >>> x = np.linspace(0, 1, 30)
    >>> curve = Loess.through(x)
    >>> bool(np.allclose(curve.smooth(2 * x**2, [0.25, 0.5]), [0.125, 0.5], atol=1e-3))
    True
    """

    vertices: Floats
    operator: Floats

    @classmethod
    def through(cls, x: Floats) -> Self:
        """Prepare the smoother for responses at `x`, shape (n,)."""
        vertices = _vertices(np.sort(x))
        fits = np.stack([_local_fit(x, vertex) for vertex in vertices])
        return cls(vertices, np.vstack([fits[:, 0], fits[:, 1]]))

    def basis(self, at: Floats) -> Floats:
        """Return how the values and slopes at the vertices make the curve at `at` (m,), shape (m, 2 v)."""
        at = np.asarray(at, dtype=float)
        n = len(self.vertices)
        left = np.clip(np.searchsorted(self.vertices, at) - 1, 0, n - 2)
        width = np.diff(self.vertices)[left]
        t = (at - self.vertices[left]) / width
        rows, result = np.arange(len(at)), np.zeros((len(at), 2 * n))
        result[rows, left] = (1 - t) ** 2 * (1 + 2 * t)
        result[rows, left + 1] = t**2 * (3 - 2 * t)
        result[rows, n + left] = width * t * (1 - t) ** 2
        result[rows, n + left + 1] = -width * t**2 * (1 - t)
        return result

    def smooth(self, y: Floats, at: Floats) -> Floats:
        """Return the curve through the responses `y` (n,) at the positions `at` (m,), shape (m,)."""
        curve: Floats = self.basis(at) @ (self.operator @ y)
        return curve


def _vertices(x: Floats) -> Floats:
    """Return the ends of the range, a little widened, and the medians that divide cells of too many rows."""
    margin = _MARGIN * max(x[-1] - x[0], 1e-10 * np.abs(x[[0, -1]]).max() + 1e-30)
    found = {x[0] - margin, x[-1] + margin}
    most = int(len(x) * (_SPAN * _CELL))
    cells = [(0, len(x) - 1, *sorted(found))]
    while cells:
        first, last, low, high = cells.pop()
        if last - first + 1 <= most:
            continue
        middle = _divide(x, first, last)
        cut = x[middle]
        if cut in (low, high):
            continue
        found.add(cut)
        cells += [(first, middle, low, cut), (middle + 1, last, cut, high)]
    return np.array(sorted(found))


def _divide(x: Floats, first: int, last: int) -> int:
    """Return the last row of the lower half, moved as little as need be for equal rows to stay together."""
    middle = (first + last) // 2
    offset = 0
    while first <= middle + offset < last:
        if x[middle + offset] != x[middle + offset + 1]:
            return middle + offset
        offset = -offset if offset > 0 else 1 - offset
    return middle


def _local_fit(x: Floats, vertex: float) -> Floats:
    """Return how responses make the value and slope of the quadratic around a vertex, shape (2, n)."""
    distance = np.abs(x - vertex)
    nearest = np.sort(distance)
    reach = nearest[min(len(x), int(len(x) * _SPAN + 1e-5)) - 1]
    if reach <= 0:
        # So many rows lie on the vertex itself that they are its neighbourhood.
        reach = nearest[nearest > 0][0]
    root = np.sqrt(np.clip(1 - (distance / reach) ** 3, 0, None) ** 3)
    design = np.stack([np.ones_like(x), x - vertex, (x - vertex) ** 2], axis=1) * root[:, None]
    size = np.sqrt((design**2).sum(axis=0))
    size[size == 0] = 1
    inverse = np.linalg.pinv(design / size, rcond=_SINGULAR) / size[:, None]
    fit: Floats = inverse[:2] * root
    return fit
