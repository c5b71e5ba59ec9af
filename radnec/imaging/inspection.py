"""Looks for what is odd in one image, or in one lesion of it, without any table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.imaging.findings import MAX_ANISOTROPY, MIN_VOXELS, NON_NEGATIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Found = tuple[str, str]


def inspect_image(image: sitk.Image, sequence: str) -> list[Found]:
    """Inspect a whole image.

    Parameters
    ----------
    image : SimpleITK.Image
        Three-dimensional scalar image.
    sequence : str
        What it shows, in the cohort table's words.

    Returns
    -------
    list of tuple of str
        Code of :data:`radnec.imaging.findings.FINDINGS`, and what was found.

    Examples
    --------
    >>> image = sitk.Image(4, 4, 4, sitk.sitkInt16) - 3
    >>> inspect_image(image, "FLAIR")
    [('RN011', '64 of 64 voxels (100.00%) are negative, the lowest is -3')]
    """
    return list(_image_findings(image, sequence))


def _image_findings(image: sitk.Image, sequence: str) -> Iterator[Found]:
    spacing = image.GetSpacing()
    if max(spacing) > MAX_ANISOTROPY * min(spacing):
        shown = " × ".join(f"{edge:.4g}" for edge in spacing)
        yield "RN010", f"voxels of {shown} mm, {max(spacing) / min(spacing):.1f} to 1"
    values = sitk.GetArrayViewFromImage(image)
    negative = int((values < 0).sum()) if sequence in NON_NEGATIVE else 0
    if negative:
        share = f"{negative} of {values.size} voxels ({negative / values.size:.2%})"
        yield "RN011", f"{share} are negative, the lowest is {np.nanmin(values):.4g}"
    broken = values.size - int(np.isfinite(values).sum())
    if broken:
        yield "RN016", f"{broken} of {values.size} voxels are NaN or infinite"


def inspect_lesion(image: sitk.Image, mask: sitk.Image) -> list[Found]:
    """Inspect one lesion of an image.

    Parameters
    ----------
    image : SimpleITK.Image
        Three-dimensional scalar image.
    mask : SimpleITK.Image
        The lesion, non-zero somewhere, on the grid of `image`.

    Returns
    -------
    list of tuple of str
        Code of :data:`radnec.imaging.findings.FINDINGS`, and what was found.

    Examples
    --------
    >>> image, mask = sitk.Image(9, 9, 9, sitk.sitkInt16), sitk.Image(9, 9, 9, sitk.sitkUInt8)
    >>> mask[2:7, 2:7, 2:7] = 1
    >>> inspect_lesion(image, mask)
    [('RN009', 'all 125 voxels are 0')]
    """
    inside = sitk.GetArrayViewFromImage(mask) != 0
    values = sitk.GetArrayViewFromImage(image)[inside]
    return [*_shape_findings(inside), *_intensity_findings(values)]


def _shape_findings(inside: NDArray[np.bool_]) -> Iterator[Found]:
    lows, highs = zip(*(_extent(inside, axis) for axis in range(inside.ndim)), strict=True)
    box = inside[tuple(slice(low, high + 1) for low, high in zip(lows, highs, strict=True))]
    sizes = _component_sizes(box)
    if len(sizes) > 1:
        shown = ", ".join(str(size) for size in sizes[:5]) + (", …" if len(sizes) > 5 else "")
        yield "RN004", f"{len(sizes)} components of {shown} voxels"
    # Arrays run z, y, x.
    names = "zyx"
    edges = [
        f"{side} {names[axis]}"
        for axis, size in enumerate(inside.shape)
        for side, touches in (("first", lows[axis] == 0), ("last", highs[axis] == size - 1))
        if touches
    ]
    if edges:
        yield "RN005", f"voxels at the {', '.join(edges)} of the image"
    if sum(sizes) < MIN_VOXELS:
        yield "RN006", f"{sum(sizes)} voxels, fewer than {MIN_VOXELS}"
    thin = [names[axis] for axis, size in enumerate(box.shape) if size == 1]
    if thin:
        yield "RN007", f"one voxel thick along {', '.join(thin)}"


def _extent(inside: NDArray[np.bool_], axis: int) -> tuple[int, int]:
    places = np.flatnonzero(inside.any(axis=tuple(other for other in range(inside.ndim) if other != axis)))
    return int(places[0]), int(places[-1])


def _component_sizes(box: NDArray[np.bool_]) -> list[int]:
    """Return the voxel counts of the parts that share no face, edge or corner, largest first."""
    parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(box.astype(np.uint8)), True))
    return sorted(np.bincount(parts.ravel())[1:].tolist(), reverse=True)


def _intensity_findings(values: NDArray[Any]) -> Iterator[Found]:
    broken = values.size - int(np.isfinite(values).sum())
    if broken:
        yield "RN008", f"{broken} of {values.size} voxels are NaN or infinite"
    elif values.min() == values.max():
        yield "RN009", f"all {values.size} voxels are {values.min():.6g}"
