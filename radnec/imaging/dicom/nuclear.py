"""Says where the frames of a reconstructed nuclear medicine volume (SPECT) lie, which such files keep in vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

_VOLUME = "RECON TOMO"
_KINDS = {
    "TOMO": "projections, from which no volume was reconstructed",
    "DYNAMIC": "a dynamic series",
    "GATED": "gated to the heart beat",
    "GATED TOMO": "gated projections",
    "RECON GATED TOMO": "gated to the heart beat",
    "STATIC": "a planar image",
    "WHOLE BODY": "a planar image",
}
#: What frames of a file may differ in besides their slice.
_VECTORS = {
    "EnergyWindowVector": "energy windows",
    "DetectorVector": "detectors",
    "PhaseVector": "phases",
    "RotationVector": "rotations",
    "RRIntervalVector": "RR intervals",
    "TimeSlotVector": "time slots",
    "AngularViewVector": "angular views",
    "TimeSliceVector": "time slices",
}


def no_volume(image_type: Sequence[Any]) -> str:
    """Return what a nuclear medicine image is if it is no reconstructed volume, else "".

    Parameters
    ----------
    image_type : sequence of str
        Values of ImageType; the third tells.

    Examples
    --------
    >>> no_volume(["ORIGINAL", "PRIMARY", "GATED TOMO", "EMISSION"])
    'nuclear medicine image of type GATED TOMO (gated projections), not RECON TOMO'
    >>> no_volume(["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"])
    ''
    """
    kind = str(image_type[2]).strip().upper() if len(image_type) > 2 else ""
    if kind == _VOLUME:
        return ""
    meaning = f" ({_KINDS[kind]})" if kind in _KINDS else ""
    return f"nuclear medicine image of type {kind or 'unknown'}{meaning}, not {_VOLUME}"


def frame_groups(path: Path, top: Dataset, count: int) -> list[dict[int, Dataset]]:
    """Return for each frame where its position and orientation are, as functional groups would have it.

    Parameters
    ----------
    path : Path
        For messages.
    top : pydicom.Dataset
        A file of SOP class Nuclear Medicine Image.
    count : int
        Number of its frames.

    Raises
    ------
    radnec.errors.ReadError
        If it is no reconstructed volume, its frames differ in more than their slice or are not in order of slice, or it
        does not say where they lie.

    Notes
    -----
    The position is that of the first slice; the others follow along the normal at SpacingBetweenSlices, whose sign says
    in which direction (DICOM PS3.3 C.8.4.15).
    """
    kind = no_volume(top.get("ImageType") or ())
    if kind:
        raise ReadError(f"{path} is a {kind}; export the volume that was reconstructed of it")
    for keyword, called in _VECTORS.items():
        several = len(set(_numbers(top.get(keyword)).tolist()))
        if several > 1:
            raise ReadError(f"{path} holds {several} {called}; expected one. Export each as a series of its own.")
    slices = _numbers(top.get("SliceVector"))
    # The number of frames is only a claim, so no vector of that length is made before it is borne out.
    if slices.shape != (count,) or not np.array_equal(slices, np.arange(1, count + 1)):
        raise ReadError(f"{path}: SliceVector does not count its {count} frames from 1 on, so their order is not known")
    position, cosines = _first_slice(top, path)
    step = _numbers(top.get("SpacingBetweenSlices"))
    if step.shape != (1,) or not np.isfinite(step).all() or step[0] == 0:
        raise ReadError(f"{path}: SpacingBetweenSlices is {top.get('SpacingBetweenSlices')}; expected a number but 0")
    normal = np.cross(cosines[:3], cosines[3:])
    return [_group(position + number * step[0] * normal, cosines) for number in range(count)]


def _first_slice(top: Dataset, path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    detectors = top.get("DetectorInformationSequence") or ()
    told = {
        (*_numbers(item.get("ImagePositionPatient")), *_numbers(item.get("ImageOrientationPatient")))
        for item in detectors
        if item.get("ImagePositionPatient") and item.get("ImageOrientationPatient")
    }
    if len(told) != 1 or len(numbers := np.array(next(iter(told)))) != 9 or not np.isfinite(numbers).all():
        found = "several positions" if len(told) > 1 else "no position and orientation"
        raise ReadError(f"{path}: DetectorInformationSequence holds {found} of the volume; expected one")
    return numbers[:3], numbers[3:]


def _numbers(value: Any) -> NDArray[np.float64]:
    return np.array([] if value is None else value, dtype=np.float64, ndmin=1)


def _group(position: NDArray[np.float64], cosines: NDArray[np.float64]) -> dict[int, Dataset]:
    from pydicom.dataset import Dataset

    group = Dataset()
    # As text of at most 16 characters, which is what DICOM takes.
    group.ImagePositionPatient = [f"{value:.9g}" for value in position]
    group.ImageOrientationPatient = [f"{value:.9g}" for value in cosines]
    return {int(element.tag): group for element in group}
