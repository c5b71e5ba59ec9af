"""Looks into image files as far as a draft needs: their grid from the header, their labels from the voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import RadnecError, ReadError
from radnec.imaging.masks.placing import ROUNDING, voxel_steps
from radnec.imaging.masks.slicer_seg import is_slicer
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: Largest difference of a spacing, origin (mm) or direction cosine that is rounding.
_TOLERANCE = 1e-3
_MOST_LABELS = 1000


class Grids:
    """Compares the grids of files below a folder, reading each header once.

    Parameters
    ----------
    folder : Path
        Where relative paths start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[float, ...] | None] = {}

    def misfit(self, image: str, mask: str) -> str:
        """Say why a mask cannot lie on an image; "" where their grids are the same.

        A Slicer segmentation may cover a part of the image's grid, or reach beyond it.
        """
        ours, theirs = self._grid(image), self._grid(mask)
        if ours is None or theirs is None:
            return f"{image if ours is None else mask} cannot be read as a volume"
        if ours[:3] == theirs[:3] and np.allclose(ours[3:], theirs[3:], rtol=0, atol=_TOLERANCE):
            return ""
        if is_slicer(self._folder / mask) and _same_lattice(ours, theirs):
            return ""
        return (
            f"its grid ({_shown(theirs)}) is not that of the image ({_shown(ours)}); "
            "resample or register one to the other"
        )

    def _grid(self, name: str) -> tuple[float, ...] | None:
        """Return size, spacing, origin and direction of a file's volumes, None where it has none."""
        if name not in self._known:
            reader = sitk.ImageFileReader()
            reader.SetFileName(str(self._folder / name))
            try:
                reader.ReadImageInformation()
                self._known[name] = _of(reader)
            except RuntimeError:
                self._known[name] = None
        return self._known[name]


def _of(reader: sitk.ImageFileReader) -> tuple[float, ...] | None:
    count = reader.GetDimension()
    if count not in (3, 4):
        return None
    # The volumes of a dynamic series share one grid.
    axes = np.array(reader.GetDirection()).reshape(count, count)[:3, :3]
    return (*reader.GetSize()[:3], *reader.GetSpacing()[:3], *reader.GetOrigin()[:3], *axes.ravel().tolist())


def _same_lattice(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Return whether the voxels of one grid are voxels of the other, where that goes on."""
    steps = voxel_steps(_matrix(theirs), _matrix(ours))
    return steps is not None and bool(np.abs(steps[:3, 3] - np.round(steps[:3, 3])).max() <= ROUNDING)


def _matrix(grid: Sequence[float]) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(grid[9:], (3, 3)) * grid[3:6]
    matrix[:3, 3] = grid[6:9]
    return matrix


def _shown(grid: Sequence[float]) -> str:
    size = "×".join(str(int(count)) for count in grid[:3])
    return f"{size} voxels of {'×'.join(f'{step:.4g}' for step in grid[3:6])} mm"


def labels_in(path: Path) -> tuple[tuple[int, ...], str]:
    """Return the label values that a mask file holds, without 0, and "", or none and the reason.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "seg.nrrd"
    >>> sitk.WriteImage(sitk.Image(2, 2, 2, sitk.sitkUInt8) + 3, file)
    >>> labels_in(file)
    ((3,), '')
    """
    try:
        # A view would not outlive its image.
        mask = _read(path)
        values = np.unique(sitk.GetArrayViewFromImage(mask))
    except RadnecError as error:
        return (), str(error)
    if not np.isfinite(values).all() or (values != np.round(values)).any() or values.min() < 0:
        return (), f"{path.name} holds values that are no labels"
    labels = tuple(int(value) for value in values if value != 0)
    if len(labels) > _MOST_LABELS:
        return (), f"{path.name} holds {len(labels)} values, so it is no mask"
    return labels, "" if labels else f"{path.name} marks no voxel"


def _read(path: Path) -> sitk.Image:
    try:
        return read_image(path)
    except OSError as error:
        raise ReadError(f"{path.name} cannot be read: {error}") from error
