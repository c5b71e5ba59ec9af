"""Looks for what is odd in one image, or in one lesion of it, without any table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.imaging.findings import MAX_ANISOTROPY, MAX_OUTSIDE_BRAIN, MIN_VOXELS, NON_NEGATIVE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Found = tuple[str, str]

#: A file with so few values, all whole, is a mask; one with so many is none.
_FEW, _MANY = 10, 100
#: Share by which a stated spacing may differ: tables round.
_SAME_SPACING = 0.01
#: Every so many-th voxel is looked at first: where there are many values among them, there are many.
_STRIDE = 101


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


def inspect_spacing(image: sitk.Image, pixel_mm: float | None, slice_mm: float | None) -> list[Found]:
    """Compare the spacing that a table states with that of an image.

    Parameters
    ----------
    image : SimpleITK.Image
        Three-dimensional image. Converted ones need not keep slices as their last axis, so any axis may be it.
    pixel_mm, slice_mm : float or None
        ``pixel_spacing_mm`` (the larger within a slice) and ``slice_spacing_mm``; None where the table states nothing.

    Returns
    -------
    list of tuple of str
        As of :func:`inspect_image`; numbers that differ by no more than 1 % are the same.

    Examples
    --------
    >>> image = sitk.Image(4, 4, 4, sitk.sitkInt16)
    >>> image.SetSpacing((0.9, 0.9, 5.0))
    >>> inspect_spacing(image, 0.9, 5.0), inspect_spacing(image, None, 3.0)
    ([], [('RN025', 'slices 3 mm apart in the table, voxels of 0.9 × 0.9 × 5 mm in the image')])
    """
    spacing = image.GetSpacing()
    for axis, between in enumerate(spacing):
        within = max(edge for other, edge in enumerate(spacing) if other != axis)
        if all(
            said is None or abs(said - found) <= _SAME_SPACING * found
            for said, found in ((pixel_mm, within), (slice_mm, between))
        ):
            return []
    stated = (("pixels", pixel_mm), ("slices", slice_mm))
    told = [f"{what} {said:g} mm apart" for what, said in stated if said is not None]
    shown = " × ".join(f"{edge:.4g}" for edge in spacing)
    return [("RN025", f"{', '.join(told)} in the table, voxels of {shown} mm in the image")]


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


def inspect_brain(lesion: NDArray[np.bool_], brain: NDArray[np.bool_]) -> list[Found]:
    """Inspect where a lesion lies in the brain.

    Parameters
    ----------
    lesion, brain : ndarray of bool, shape (z, y, x)
        Masks on one grid; the lesion has voxels.

    Returns
    -------
    list of tuple of str
        As of :func:`inspect_lesion`.

    Examples
    --------
    >>> lesion, brain = np.zeros((2, 9, 9, 9), dtype=bool)
    >>> lesion[2:7, 2:7, 2:7] = brain[5:] = True
    >>> inspect_brain(lesion, brain)
    [('RN021', '75 of 125 voxels (60%) lie outside the brain mask')]
    """
    outside = ~brain[lesion]
    if outside.mean() <= MAX_OUTSIDE_BRAIN:
        return []
    return [("RN021", f"{outside.sum()} of {outside.size} voxels ({outside.mean():.0%}) lie outside the brain mask")]


def looks_like_mask(image: sitk.Image) -> bool:
    """Return whether an image holds at most ten values, all of them whole numbers, and more than one.

    Examples
    --------
    >>> mask = sitk.Image(9, 9, 9, sitk.sitkUInt8)
    >>> mask[2:7, 2:7, 2:7] = 1
    >>> looks_like_mask(mask), looks_like_mask(mask * 0)
    (True, False)
    """
    values = _few_values(image, _FEW)
    return values is not None and values.size > 1 and bool((values == np.round(values)).all())


def looks_like_image(image: sitk.Image) -> bool:
    """Return whether an image holds more than a hundred values, as no mask of lesions does.

    Examples
    --------
    >>> looks_like_image(sitk.Image(9, 9, 9, sitk.sitkUInt8))
    False
    """
    return _few_values(image, _MANY) is None


def _few_values(image: sitk.Image, most: int) -> NDArray[Any] | None:
    """Return the values of an image, or None where they are more than `most`."""
    voxels = sitk.GetArrayViewFromImage(image).ravel()
    if np.unique(voxels[::_STRIDE]).size > most:
        return None
    values = np.unique(voxels)
    return values if values.size <= most else None


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
