"""Reads the segments of a DICOM SEG file on the grid of an image."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec._optional import need
from radnec.errors import GeometryError, MaskError, ReadError
from radnec.imaging.dicom.files import parsing
from radnec.imaging.masks.frame_of_reference import verify_frame
from radnec.imaging.masks.placing import affine, place_voxels
from radnec.imaging.masks.source import NamedSource, Placement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import SimpleITK as sitk
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

#: Cosine of the angle up to which two axes are one.
_PARALLEL = 0.999
#: Share of the distance of slices by which a frame may miss a slice: positions are rounded.
_ROUNDING = 0.02
#: Slices thicker than this times the distance of the image's slices may be those of a coarser series.
_THICKER = 1.5
#: A segmentation of more voxels than this times the image's is not drawn on it; damaged headers claim as much.
_MUCH_LARGER = 64


class DicomSegSource(NamedSource):
    """Segments of a DICOM SEG file, by segment number or label.

    Parameters
    ----------
    dataset : pydicom.Dataset
        The file, with its pixels: binary, fractional or a label map.
    path : Path
        Where it is, for messages.
    image : SimpleITK.Image
        Image that the segments were drawn on, or one with the same voxels.
    threshold : float, default 0.5
        In a fractional file, the least fraction (or probability) that counts as inside.

    Raises
    ------
    radnec.errors.ReadError
        If the file is damaged.
    radnec.errors.MissingDependencyError
        If highdicom is not installed.

    Notes
    -----
    Frames are placed by their position in space, so empty slices that the file leaves out, frames in any order and a
    crop of the image's grid are no obstacle. Segments that overlap are read each by itself. The background of a label
    map (segment 0) is no segment.

    Examples
    --------
    Through :func:`radnec.imaging.masks.open_mask`::

        source = open_mask("seg.dcm", read_image("T1"))
        source.segments()  # (Segment(number=1, name='Enhancing', voxels=5120, problem=''), ...)
        mask = source.select("Enhancing")
    """

    def __init__(self, dataset: Dataset, path: Path, image: sitk.Image, *, threshold: float = 0.5) -> None:
        need("highdicom", "reading DICOM SEG", "dicom")
        from highdicom.seg import Segmentation

        if not 0 < threshold <= 1:
            raise MaskError(f"mask {path.name}: threshold is {threshold}; expected a fraction above 0, up to 1")
        self._path, self._threshold = path, threshold
        with parsing(path), _quiet():
            _tell_spacing(dataset, image)
            _verify_frames(dataset, path)
            self._fractional = str(dataset.SegmentationType) == "FRACTIONAL"
            self._file = Segmentation.from_dataset(dataset, copy=False)
            self._frame_uid = str(dataset.get("FrameOfReferenceUID") or "")
            series = dataset.get("ReferencedSeriesSequence") or ()
            self._series = tuple(str(one.SeriesInstanceUID) for one in series if "SeriesInstanceUID" in one)
            items = [(int(one.SegmentNumber), str(one.SegmentLabel)) for one in dataset.SegmentSequence]
        super().__init__(f"mask {path.name}", image, [item for item in items if item[0] != 0])

    def place(self, position: int) -> tuple[NDArray[np.intp], Placement]:
        """Return the voxels of one segment.

        Raises
        ------
        radnec.errors.ReadError
            If its pixels cannot be read.
        radnec.errors.GeometryError
            If it was drawn on another image, or its frames lie on no regular grid.
        """
        name, number = self.called(position), self.titles[position][0]
        notes = verify_frame(self.image, self._frame_uid, self._series, name)
        with parsing(self._path), _quiet():
            geometry = self._file.get_volume_geometry()
            self._verify(geometry, name)
            volume = self._file.get_volume(segment_numbers=[number], combine_segments=False)
            values: NDArray[Any] = volume.array[..., 0]
            matrix = np.asarray(volume.affine, dtype=np.float64)
        marked = values >= self._threshold if self._fractional else values != 0
        if self._fractional:
            notes.append(f"it holds fractions; voxels of at least {self._threshold:g} are taken as inside")
        indices = np.argwhere(marked)
        voxels = place_voxels(indices, matrix, self.image, name=name)
        before_ml, after_ml = (abs(float(np.linalg.det(one[:3, :3]))) / 1000 for one in (matrix, affine(self.image)))
        count = len(np.unique(voxels, axis=0))
        return voxels, Placement(len(indices), count, len(indices) * before_ml, count * after_ml, tuple(notes))

    def _verify(self, geometry: Any, name: str) -> None:
        if geometry is None or str(geometry.coordinate_system.value) != "PATIENT":
            raise GeometryError(
                f"{name}: its frames do not lie on slices of one distance and orientation in the patient, or leave "
                "some out without a word of how far apart its slices are (SpacingBetweenSlices), so they are of no "
                "volume on this image. Export it again, from the series it was drawn on."
            )
        size = int(np.prod(geometry.spatial_shape, dtype=object))
        if size > _MUCH_LARGER * int(np.prod(self.image.GetSize(), dtype=object)):
            shape = " × ".join(map(str, geometry.spatial_shape))
            raise GeometryError(
                f"{name}: its frames span {shape} voxels, far more than the image's {self.image.GetSize()}; "
                "use the image it was drawn on"
            )


def _verify_frames(dataset: Dataset, path: Path) -> None:
    """Refuse a number of frames that the file does not describe, for which highdicom would make tables."""
    claimed, described = int(dataset.NumberOfFrames), len(dataset.get("PerFrameFunctionalGroupsSequence") or ())
    if claimed != described:
        raise ReadError(f"{path} claims {claimed} frames and describes {described}; it is damaged, export it again")


def _tell_spacing(dataset: Dataset, image: sitk.Image) -> None:
    """Write the distance of the image's slices into a dataset that does not tell its own.

    Frames of empty slices are left out, so the distance cannot be told from positions alone, and the attribute is
    optional. It is the image's where frames lie at multiples of that which have no common divisor, or where slices are
    no thicker. Else they may have been drawn on thicker slices, and what the positions give is compared with the image.
    """
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [None])[0]
    frames = list(dataset.get("PerFrameFunctionalGroupsSequence") or ())
    groups = [group for group in (shared, *frames) if group is not None]
    planes = [group.PlaneOrientationSequence[0] for group in groups if "PlaneOrientationSequence" in group]
    places = [frame.PlanePositionSequence[0] for frame in frames if "PlanePositionSequence" in frame]
    measures = [group.PixelMeasuresSequence[0] for group in groups if "PixelMeasuresSequence" in group]
    if not planes or len(places) < len(frames):
        return
    cosines = np.array(planes[0].ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    normal = np.cross(*cosines)
    along = np.abs(np.array(image.GetDirection()).reshape(3, 3).T @ normal)
    if along.max() < _PARALLEL:
        return
    spacing = image.GetSpacing()[int(np.argmax(along))]
    heights = np.array([place.ImagePositionPatient for place in places], dtype=np.float64) @ normal
    steps = (heights - heights[:1]) / spacing
    if np.abs(steps - np.round(steps)).max(initial=0) > _ROUNDING:
        return
    told = [float(one.SpacingBetweenSlices) for one in measures if one.get("SpacingBetweenSlices")]
    thick = [float(one.SliceThickness) for one in measures if one.get("SliceThickness")]
    if told:
        # The file's own distance stands; the image's is only written with more digits.
        its_own = all(abs(one / spacing - 1) <= _ROUNDING for one in told)
    else:
        common = int(np.gcd.reduce(np.round(steps).astype(np.int64)))
        its_own = common == 1 or max(thick, default=0.0) < _THICKER * spacing
    for one in measures if its_own else ():
        one.SpacingBetweenSlices = spacing


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what highdicom logs about a file to itself: it comes back as None or an error, and is told as such."""
    logger = logging.getLogger("highdicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
