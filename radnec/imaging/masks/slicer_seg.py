"""Reads the segments of a 3D Slicer segmentation (``.seg.nrrd``) on the grid of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec._optional import need
from radnec.errors import GeometryError, MaskError, ReadError
from radnec.imaging.claims import verify_claims
from radnec.imaging.dicom.files import BROKEN
from radnec.imaging.masks.placing import affine, place_voxels
from radnec.imaging.masks.source import NamedSource, Placement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

#: A segmentation of more voxels than this times the image's is not drawn on it; damaged headers claim as much.
_MUCH_LARGER = 64


class SlicerSource(NamedSource):
    """Segments of a ``.seg.nrrd`` file, by name, or by label value where no two layers use the same.

    Parameters
    ----------
    path : Path
        The file.
    image : SimpleITK.Image
        Image that the segments were drawn on, or one with the same voxels.

    Raises
    ------
    radnec.errors.ReadError
        If the file is damaged.
    radnec.errors.MaskError
        If it holds fractions.
    radnec.errors.MissingDependencyError
        If slicerio is not installed.

    Notes
    -----
    Slicer stores segments that overlap in several layers, in which label values start anew, and crops what it stores to
    the extent of the segments; both are undone here.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import slicerio
    >>> stored = slicerio.create_segmentation((2, 3, 2), np.eye(4) + np.eye(4, k=3) * 2)
    >>> _ = slicerio.add_segment(stored, np.ones((2, 3, 2), dtype=bool), {"name": "necrosis"})
    >>> file = Path(tempfile.mkdtemp()) / "lesion.seg.nrrd"
    >>> slicerio.write_segmentation(str(file), stored)
    >>> SlicerSource(file, sitk.Image(9, 9, 9, sitk.sitkInt16)).segments()
    (Segment(number=1, name='necrosis', voxels=12, problem=''),)
    """

    def __init__(self, path: Path, image: sitk.Image) -> None:
        stored = _stored(path, image)
        kind = f"{stored.get('masterRepresentation', '')} {stored.get('Segmentation_SourceRepresentation', '')}"
        if "fractional" in kind.lower():
            raise MaskError(
                f"mask {path.name} holds fractions ({kind.strip()}); export it from Slicer as a binary label map"
            )
        self._voxels: NDArray[Any] = stored["voxels"]
        self._matrix = np.asarray(stored["ijkToLPS"], dtype=np.float64)
        self._places = [(int(one.get("layer", 0)), int(one.get("labelValue", 1))) for one in stored["segments"]]
        titles = [
            (value, str(one.get("name", ""))) for (_, value), one in zip(self._places, stored["segments"], strict=True)
        ]
        super().__init__(f"mask {path.name}", image, titles)
        if not np.isfinite(self._matrix).all() or not np.linalg.det(self._matrix[:3, :3]):
            raise ReadError(f"{path}: its axes {self._matrix[:3].tolist()} span no volume")

    def place(self, position: int) -> tuple[NDArray[np.intp], Placement]:
        """Return the voxels of one segment.

        Raises
        ------
        radnec.errors.MaskError
            If its layer is not in the file, or two segments have the same voxels there.
        radnec.errors.GeometryError
            If it was drawn on another image.
        """
        name, (layer, value) = self.called(position), self._places[position]
        layers = self._voxels if self._voxels.ndim == 4 else self._voxels[None]
        if not 0 <= layer < len(layers):
            raise MaskError(f"{name} is said to be in layer {layer}, and the file has {len(layers)}; save it again")
        if value == 0:
            raise MaskError(f"{name} has the label value 0, which is the background; save it again in Slicer")
        if self._places.count((layer, value)) > 1:
            raise MaskError(f"{name} has the layer and the label value of another segment; save it again in Slicer")
        indices = np.argwhere(layers[layer] == value)
        voxels = place_voxels(indices, self._matrix, self.image, name=name)
        before, after = (abs(float(np.linalg.det(one[:3, :3]))) / 1000 for one in (self._matrix, affine(self.image)))
        count = len(np.unique(voxels, axis=0))
        return voxels, Placement(len(indices), count, len(indices) * before, count * after)


def is_slicer(path: Path) -> bool:
    """Return whether a file is a NRRD file with the segments of 3D Slicer in its header.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "labels.nrrd"
    >>> sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkUInt8), file)
    >>> is_slicer(file)
    False
    """
    if not path.name.lower().endswith((".nrrd", ".nhdr")):
        return False
    try:
        return any(key.startswith("Segment0_") for key in _header(path).GetMetaDataKeys())
    except RuntimeError:
        return False


def read_titles(path: Path) -> list[tuple[int, str]]:
    """Return the label value and name of each segment of a file for which :func:`is_slicer` holds."""
    header = _header(path)

    def told(number: int, name: str, absent: str) -> str:
        key = f"Segment{number}_{name}"
        text = str(header.GetMetaData(key)) if header.HasMetaDataKey(key) else absent
        # Bytes that are no UTF-8 can be neither printed nor written.
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").strip()

    prefixes = {key.partition("_")[0] for key in header.GetMetaDataKeys()}
    numbers = sorted(int(one[7:]) for one in prefixes if one.startswith("Segment") and one[7:].isdecimal())
    try:
        return [(int(told(number, "LabelValue", "1")), told(number, "Name", "")) for number in numbers]
    except ValueError as error:
        raise ReadError(f"{path}: a LabelValue of its segments is no number ({error}); save it again") from error


def _header(path: Path) -> sitk.ImageFileReader:
    verify_claims(path)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    return reader


def _stored(path: Path, image: sitk.Image) -> Mapping[str, Any]:
    """Read the file, once its header claims no more than an image can hold."""
    slicerio = need("slicerio", "reading .seg.nrrd files", "dicom")
    # pynrrd reads NRRD for slicerio, and its errors descend from no other.
    nrrd_error = need("nrrd.errors", "reading .seg.nrrd files", "dicom").NRRDError
    try:
        size = _header(path).GetSize()
        if int(np.prod(size, dtype=object)) <= _MUCH_LARGER * int(np.prod(image.GetSize(), dtype=object)):
            stored: Mapping[str, Any] = slicerio.read_segmentation(str(path))
            return stored
    except (*BROKEN, nrrd_error) as error:
        reason = str(error).strip().split("\n", maxsplit=1)[0] or type(error).__name__
        raise ReadError(f"{path} cannot be read; it may be damaged or cut short: {reason}") from error
    raise GeometryError(
        f"mask {path.name}: it claims {size} voxels, far more than the image's {image.GetSize()}; use the image it was "
        "drawn on"
    )
