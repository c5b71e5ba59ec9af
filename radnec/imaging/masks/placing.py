"""Places voxels of one grid on another exactly, or refuses: nothing is resampled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import GeometryError

if TYPE_CHECKING:
    import SimpleITK as sitk
    from numpy.typing import NDArray

#: Share of a voxel's edge by which two centres may differ and still be one place: headers are rounded.
ROUNDING = 0.02


def affine(image: sitk.Image) -> NDArray[np.float64]:
    """Return the matrix that takes a voxel's index (x, y, z, 1) to its centre in mm (LPS).

    Parameters
    ----------
    image : SimpleITK.Image
        Three-dimensional image.

    Returns
    -------
    ndarray, shape (4, 4)
        Direction times spacing, and origin.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> image = sitk.Image(4, 4, 4, sitk.sitkUInt8)
    >>> image.SetSpacing((1.0, 1.0, 2.0))
    >>> (affine(image) @ (1, 1, 1, 1)).tolist()
    [1.0, 1.0, 2.0, 1.0]
    """
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return matrix


def voxel_steps(matrix: NDArray[np.float64], onto: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the matrix that takes indices of one grid to those of another.

    Parameters
    ----------
    matrix, onto : ndarray, shape (4, 4)
        Take indices (x, y, z, 1) of the one grid, and of the other, to mm.

    Returns
    -------
    ndarray, shape (4, 4), or None
        None where voxels of the grids have another size or orientation.

    Examples
    --------
    >>> voxel_steps(np.diag([1.0, 1.0, -2.0, 1.0]), np.diag([1.0, 1.0, 2.0, 1.0]))[2].tolist()
    [0.0, 0.0, -1.0, 0.0]
    >>> voxel_steps(np.eye(4), np.diag([1.0, 1.0, 2.0, 1.0])) is None
    True
    """
    steps: NDArray[np.float64] = np.linalg.solve(onto, matrix).astype(np.float64)
    # Voxels answer to voxels one to one where each axis is an axis of the other, forwards or backwards.
    turned = np.round(steps[:3, :3])
    if np.abs(steps[:3, :3] - turned).max() > ROUNDING or not np.array_equal(np.abs(turned) @ np.ones(3), np.ones(3)):
        return None
    return steps


def place_voxels(
    indices: NDArray[np.intp], matrix: NDArray[np.float64], image: sitk.Image, *, name: str = "the mask"
) -> NDArray[np.intp]:
    """Return where voxels of one grid lie in an image whose voxels they are.

    Parameters
    ----------
    indices : ndarray, shape (n, 3)
        Indices (x, y, z) of voxels.
    matrix : ndarray, shape (4, 4)
        Takes these indices to mm (LPS), as :func:`affine` does.
    image : SimpleITK.Image
        Image to find them in. The other grid may be a part of its grid, reach beyond it, and have its axes in
        another order or direction.
    name : str, default "the mask"
        What errors call the other grid.

    Returns
    -------
    ndarray, shape (n, 3)
        Indices (x, y, z) in `image`, in the same order, each another voxel.

    Raises
    ------
    radnec.errors.GeometryError
        If the voxels have another size or orientation, lie between those of the image (by more than a fiftieth of an
        edge), or lie outside the image.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> image = sitk.Image(4, 4, 4, sitk.sitkUInt8)
    >>> flipped = np.diag([-1.0, 1.0, 1.0, 1.0])
    >>> flipped[:3, 3] = 3, 1, 0
    >>> place_voxels(np.array([[0, 0, 0], [2, 1, 0]]), flipped, image).tolist()
    [[3, 1, 0], [1, 2, 0]]
    """
    steps = voxel_steps(matrix, affine(image))
    if steps is None:
        raise GeometryError(f"{name}: {_another(matrix, image)}. {_elsewhere}")
    places = indices @ steps[:3, :3].T + steps[:3, 3]
    found = np.round(places)
    aside = np.abs(places - found)
    if aside.size and aside.max() > ROUNDING:
        shift = np.linalg.norm((aside * image.GetSpacing()).max(axis=0))
        raise GeometryError(f"{name}: its voxels lie up to {shift:.3g} mm beside those of the image. {_elsewhere}")
    outside = int(((found < 0) | (found >= np.array(image.GetSize()))).any(axis=1).sum())
    if outside:
        raise GeometryError(
            f"{name}: {outside} of its {len(found)} voxels lie outside the image, which would cut the lesion. "
            "Use the image it was drawn on, or one that covers it."
        )
    voxels: NDArray[np.intp] = found.astype(np.intp)
    return voxels


_elsewhere = (
    "Read it with the image it was drawn on, then resample it: "
    "radnec.imaging.geometry.align_mask(read_mask(path, drawn_on, label=label), image)."
)


def _another(matrix: NDArray[np.float64], image: sitk.Image) -> str:
    axes = affine(image)[:3, :3]
    sizes = np.linalg.norm(matrix[:3, :3], axis=0)
    parallel = np.abs((matrix[:3, :3] / sizes).T @ (axes / np.linalg.norm(axes, axis=0)))
    angle = np.degrees(np.arccos(np.clip(parallel.max(axis=1), 0, 1))).max()
    if angle > 1:
        return f"its axes are turned by {angle:.3g}° against those of the image"
    theirs, ours = (" × ".join(f"{edge:.5g}" for edge in edges) for edges in (sizes, image.GetSpacing()))
    return f"its voxels of {theirs} mm are not those of the image, {ours} mm"
