"""Local binary patterns on spheres, made rotation invariant by spherical harmonics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ExtractionError
from radnec.features.engine.filters.icosphere import icosphere
from radnec.features.engine.filters.spline import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from radnec.features.engine.volume import Box


def lbp3d(
    array: NDArray[Any],
    box: Box,
    inside: NDArray[np.bool_] | None = None,
    *,
    levels: int,
    radius: float,
    subdivisions: int,
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the strength of each level of harmonics in the pattern around every voxel, and the samples' kurtosis.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Whole image.
    box : Box
        What is wanted of it.
    inside : ndarray of bool, shape of `box`, optional
        The voxels that are wanted, by default all; the others are NaN.
    levels : int
        Levels of spherical harmonics, from the constant one.
    radius : float
        Radius of the sphere in voxels, whatever their spacing.
    subdivisions : int
        How often the edges of the icosahedron are halved whose corners are the samples.

    Yields
    ------
    str
        ``lbp-3D-m1`` and so on, last ``lbp-3D-k``.
    ndarray of float64, shape of `box`
        The filtered image. Kurtosis is NaN where all samples are equal, as SciPy defines it.

    Raises
    ------
    radnec.errors.ExtractionError
        If there is no level, or the sphere has no size.

    Notes
    -----
    The 3-D local binary pattern of Banerjee et al., ACCV Workshops 2012, as pyradiomics computes it: samples come
    from a cubic spline, which is 0 beyond the image's outermost voxels, and have the type of the image (those of
    integers are rounded); the corners' x is added to the voxel's z; the harmonics take the azimuth for the polar angle
    and the polar angle for the azimuth; the kurtosis is that in excess of the normal distribution's.

    Equal bit by bit to pyradiomics 3.0.1 on SciPy 1.15 and 1.16. Earlier SciPy rounds the harmonics otherwise, and
    later ones have no function of the name that pyradiomics asks for, so that it skips the filter. With a single level
    pyradiomics stops; here it gives what is the first of several.

    Examples
    --------
    >>> image = np.zeros((7, 7, 7))
    >>> image[:, :, 3:] = 1.0
    >>> box = (slice(3, 4),) * 3
    >>> [(name, round(found.item(), 3)) for name, found in lbp3d(image, box, levels=2, radius=1.0, subdivisions=1)]
    [('lbp-3D-m1', 12.893), ('lbp-3D-m2', 12.13), ('lbp-3D-k', -0.743)]
    """
    if levels < 1 or radius <= 0 or subdivisions < 0:
        raise ExtractionError(
            f"LBP3D needs lbp3DLevels >= 1, lbp3DIcosphereRadius > 0 and lbp3DIcosphereSubdivision >= 0; "
            f"they are {levels}, {radius} and {subdivisions}"
        )
    corners = icosphere(subdivisions, radius)
    harmonics = _harmonics(corners, radius, levels)
    centres = array[box]
    inside = np.ones(centres.shape, np.bool_) if inside is None else inside
    images = np.full((levels + 1, *centres.shape), np.nan)
    for image, near, here, values in zip(
        images.swapaxes(0, 1), inside, centres, around(array, box, corners, inside), strict=True
    ):
        samples = _as_type(values, array.dtype)
        image[:-1, near] = _strengths(samples >= here[near], harmonics)
        # Means of rows that lie in one piece are summed in pairs, as pyradiomics' are.
        image[-1, near] = _kurtosis(np.ascontiguousarray(samples.T))
    names = [*(f"lbp-3D-m{level}" for level in range(1, levels + 1)), "lbp-3D-k"]
    yield from zip(names, images, strict=True)


def _harmonics(corners: NDArray[np.float64], radius: float, levels: int) -> list[NDArray[np.complex128]]:
    """Return for each level its harmonics, one row each, at the corners."""
    from scipy.special import sph_harm_y  # takes as long to import as numba

    polar, azimuth = np.arccos(corners[:, 2] / radius), np.arctan2(corners[:, 1], corners[:, 0])
    return [
        np.array([sph_harm_y(degree, order, azimuth, polar) for order in range(-degree, degree + 1)])
        for degree in range(levels)
    ]


@np.errstate(invalid="ignore")
def _as_type(values: NDArray[np.float64], kind: np.dtype[Any]) -> NDArray[Any]:
    """Convert samples to the type of the image, halves being rounded away from 0; a spline may overshoot integers."""
    if kind.kind == "f":
        return values.astype(kind, copy=False)
    rounded, limits = values + np.copysign(0.5, values), np.iinfo(kind)
    samples = rounded.astype(kind)
    samples[rounded >= limits.max] = limits.max
    samples[rounded <= limits.min] = limits.min
    return samples


@np.errstate(all="ignore")  # equal samples are 0/0
def _kurtosis(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the kurtosis of each row in excess of the normal distribution's, as ``scipy.stats.kurtosis``."""
    mean = samples.mean(axis=1, keepdims=True)
    squares = (samples - mean) ** 2
    second, fourth = squares.mean(axis=1), (squares**2).mean(axis=1)
    flat = second <= (np.finfo(second.dtype).eps * mean[:, 0]) ** 2
    return np.where(flat, np.nan, fourth / second**2.0) - 3


def _strengths(pattern: NDArray[np.bool_], harmonics: list[NDArray[np.complex128]]) -> NDArray[np.float64]:
    """Return the norm over the sphere of what each level makes of the patterns, shape (levels, voxels)."""
    totals = np.empty((len(harmonics), pattern.shape[1]), np.complex128)
    for level, rows in enumerate(harmonics):
        parts = np.zeros(pattern.shape, np.complex128)
        for row in rows:
            parts += _sum(pattern * row[:, None]) * row[:, None]
        totals[level] = _sum(parts**2)
    return np.sqrt(totals).real


def _sum(terms: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Add the rows one by one, as pyradiomics does.

    Patterns that differ only by a rotation then differ in the last digit just as pyradiomics' do, which may decide into
    which bin they fall. NumPy adds a single column in pairs.
    """
    total: NDArray[np.complex128] = terms.sum(axis=0) if terms.shape[1] > 1 else np.add.accumulate(terms)[-1]
    return total
