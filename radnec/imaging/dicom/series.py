"""Reads a DICOM series as one volume, exactly on the grid that its slices lie on."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.errors import ReadError, ReadWarning
from radnec.imaging.dicom.files import open_dicom, parsing
from radnec.imaging.dicom.frames import read_frames
from radnec.imaging.dicom.pixels import stored_values
from radnec.imaging.dicom.scan import choose_series
from radnec.imaging.dicom.stack import grid, levels, verify_alike, without_copies
from radnec.imaging.dicom.volumes import tell_apart
from radnec.imaging.masks.frame_of_reference import FRAME_KEY, SERIES_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from radnec.imaging.dicom.frames import Frame
    from radnec.imaging.dicom.scan import Series
    from radnec.imaging.dicom.volumes import Volumes

#: Types for whole numbers, the narrower first.
_WHOLE = (np.int16, np.uint16, np.int32)


def read_series(path: str | Path, *, series_uid: str | None = None, frame: int | str | None = None) -> sitk.Image:
    """Read a volume of a DICOM series.

    Parameters
    ----------
    path : path-like
        Folder, searched with the folders within it, or one file of the series.
    series_uid : str, optional
        SeriesInstanceUID, where the folder holds several series.
    frame : int or str, optional
        Which of several volumes (echoes, time points, b-values), from 0, or by what tells it apart
        (``"b-value=1000"``); by default there must be one.

    Returns
    -------
    SimpleITK.Image
        Stored values with slope and intercept of their own slice: whole numbers where these are whole, else float64.
        Slices run along the normal; their distance is that of their positions.

    Raises
    ------
    radnec.errors.ReadError
        If there are several series, sizes, orientations or volumes to choose from, slices are missing, differ in one
        place, are unevenly spaced or stacked at a slant, or a file is damaged.

    Warns
    -----
    radnec.errors.ReadWarning
        If slices are there twice with the same voxels; one of each is used. If the numbers of the slices, which follow
        their places, or ImagesInAcquisition tell that some are missing at an end.
    """
    return read_volume(choose_series(path, series_uid), str(path), frame)


def read_volume(series: Series, path: str, frame: int | str | None = None) -> sitk.Image:
    """Read a volume of a series that was found; `path` is what errors call its place, the rest as `read_series`."""
    return _built(series, path, volume_frames(series, path, frame))


def read_volumes(series: Series, path: str) -> list[sitk.Image]:
    """Read all volumes of a series that was found, in order of what they differ in, as :func:`read_volume` does one."""
    return [_built(series, path, volume) for volume in volumes(series, path).frames]


def volumes(series: Series, path: str) -> Volumes:
    """Return the volumes of a series that was found, in the order in which :func:`read_volumes` reads them."""
    name = _name(series, path)
    frames = read_frames(series.files)
    verify_alike(frames, name)
    return _volumes(frames, name)


def _built(series: Series, path: str, frames: list[Frame]) -> sitk.Image:
    # The grid is verified before any pixels are read.
    placed = grid(frames, _name(series, path))
    image = sitk.GetImageFromArray(_values(frames))
    image.SetSpacing(placed.spacing)
    image.SetOrigin(placed.origin.tolist())
    image.SetDirection(placed.direction.ravel().tolist())
    head = open_dicom(frames[0].path, tags=("FrameOfReferenceUID", "ImagesInAcquisition"))
    if series.frames == len(series.files) == len(frames):
        _look_at_ends(frames, head, _name(series, path))
    _name_origin(image, series, head, frames[0])
    return image


def _look_at_ends(frames: Sequence[Frame], head: Dataset, name: str) -> None:
    """Warn where slices seem to be missing at an end, which distances cannot tell.

    Numbers count only if they follow the places of the slices one by one, and fewer are missing than there are: else
    the series is part of a longer one that was divided, such as a b-value or an echo of many.
    """
    with parsing(frames[0].path):
        made = int(head.get("ImagesInAcquisition") or 0)
    numbers = [number for frame in frames if isinstance(number := frame.telling.get("InstanceNumber"), float)]
    there = len(frames)
    if len(numbers) < there or set(np.diff(numbers)) not in ({1.0}, {-1.0}):
        return
    low = int(min(numbers))
    if max(low - 1, made - there) >= there:
        return
    told = [f"its slices are numbered from {low} to {low + there - 1}"] if low > 1 else []
    told += [f"it holds {there} slices, and ImagesInAcquisition is {made}"] if made > there else []
    if told:
        text = f"{name}: {' and '.join(told)}: some may be missing at an end. Look whether all files were copied."
        warnings.warn(text, ReadWarning, stacklevel=4)


def _name_origin(image: sitk.Image, series: Series, head: Dataset, frame: Frame) -> None:
    """Keep with the image what a DICOM mask may name: its series, and the frame of reference of its coordinates."""
    with parsing(frame.path):
        frame_uid = str(head.get("FrameOfReferenceUID") or "")
    for key, uid in ((SERIES_KEY, series.uid), (FRAME_KEY, frame_uid)):
        if uid:
            image.SetMetaData(key, uid)


def volume_frames(series: Series, path: str, frame: int | str | None = None) -> list[Frame]:
    """Return the frames of one volume of a series along their normal; arguments as of :func:`read_volume`."""
    name, found = _name(series, path), volumes(series, path)
    if frame is None:
        if len(found.frames) > 1:
            raise ReadError(
                f"{name} holds {found}. Choose one: in a cohort by the column volume, "
                "else with radnec.imaging.readers.read_frame(path, frame)."
            )
        return found.frames[0]
    return found.chosen(frame, name)


def _volumes(frames: Sequence[Frame], name: str) -> Volumes:
    found = tell_apart(frames)
    if found is not None:
        return found
    stored: dict[Path, NDArray[Any]] = {}

    def same(one: Frame, other: Frame) -> bool:
        first, second = (_scaled(frame, stored) for frame in (one, other))
        return np.array_equal(first, second)

    kept, copies = without_copies(frames, name, same)
    text = f"{name}: {copies} slices are there twice with the same voxels; one of each is used"
    warnings.warn(text, ReadWarning, stacklevel=4)
    ordered = [kept[place] for place in np.argsort(levels(kept))]
    single = tell_apart(ordered)
    if single is None:
        raise ReadError(f"{name}: its slices cannot be put in order")
    return single


def _scaled(frame: Frame, stored: dict[Path, NDArray[Any]]) -> NDArray[np.float64]:
    if frame.path not in stored:
        # Copies of a slice are compared one after the other; only multi-frame files are asked for again.
        if len(stored) > 1 and all(len(values) == 1 for values in stored.values()):
            stored.clear()
        stored[frame.path] = stored_values(frame.path)
    scaled: NDArray[np.float64] = stored[frame.path][frame.index] * frame.slope + frame.intercept
    return scaled


def _values(frames: Sequence[Frame]) -> NDArray[Any]:
    """Return the values of a volume, shape (slices, rows, columns)."""
    columns, rows = frames[0].size
    by_file: dict[Path, list[tuple[int, Frame]]] = {}
    for place, frame in enumerate(frames):
        by_file.setdefault(frame.path, []).append((place, frame))
    volume: NDArray[Any] | None = None
    for path, members in by_file.items():
        stored = stored_values(path)
        if volume is None:
            # Space is made once the first pixels are there, not because a header claims it.
            volume = np.empty((len(frames), rows, columns), dtype=_kind(frames, stored.dtype))
        elif volume.dtype != np.float64 and not _holds(volume.dtype, frames, stored.dtype):
            volume = volume.astype(_kind(frames, np.promote_types(volume.dtype, stored.dtype)))
        for place, frame in members:
            one = stored[frame.index]
            whole = volume.dtype != np.float64
            volume[place] = (
                one.astype(np.int64) * int(frame.slope) + int(frame.intercept)
                if whole
                else one * frame.slope + frame.intercept
            )
    if volume is None:
        raise ReadError("a volume has no frames")
    return volume


def _kind(frames: Sequence[Frame], stored: np.dtype[Any]) -> np.dtype[Any]:
    """Return the stored type where nothing is scaled, a wider whole type where that is enough, else float64."""
    if all(frame.slope == 1 and frame.intercept == 0 for frame in frames):
        return stored
    if all(frame.slope.is_integer() and frame.intercept.is_integer() for frame in frames):
        for kind in map(np.dtype, _WHOLE):
            if _holds(kind, frames, stored):
                return kind
    return np.dtype(np.float64)


def _holds(kind: np.dtype[Any], frames: Sequence[Frame], stored: np.dtype[Any]) -> bool:
    """Return whether a whole type takes all values that a stored type can give."""
    limits = np.iinfo(stored)
    ends = [int(f.slope) * int(end) + int(f.intercept) for f in frames for end in (limits.min, limits.max)]
    return min(ends) >= np.iinfo(kind).min and max(ends) <= np.iinfo(kind).max


def _name(series: Series, path: str) -> str:
    return f"{path}, series {series.uid}"
