"""Says where the frames of reconstructed nuclear medicine volumes (SPECT) lie, which such files keep in vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
#: What the volumes of a file may differ in.
_CHOOSABLE = ("EnergyWindowVector", "DetectorVector", "PhaseVector")
#: What no volumes of a file may differ in.
_VECTORS = {
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
    """Return for each frame where its position, orientation and energy window are, as functional groups would have it.

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
        If it holds no reconstructed volume, its frames differ in more than their slice, energy window, detector and
        phase, those of one volume are not in order of slice, or it does not say where they lie.

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
    if slices.shape != (count,):
        raise ReadError(f"{path}: SliceVector does not count its {count} frames from 1 on, so their order is not known")
    volumes = [_choice(top, path, keyword, count) for keyword in _CHOOSABLE]
    kinds, owner = np.unique(np.stack(volumes), axis=1, return_inverse=True)
    for number in range(kinds.shape[1]):
        own = slices[owner == number]
        if not np.array_equal(own, np.arange(1, len(own) + 1)):
            of = f"the {len(own)} frames of a volume" if kinds.shape[1] > 1 else f"its {count} frames"
            raise ReadError(f"{path}: SliceVector does not count {of} from 1 on, so their order is not known")
    position, cosines = _first_slice(top, path)
    step = _numbers(top.get("SpacingBetweenSlices"))
    if step.shape != (1,) or not np.isfinite(step).all() or step[0] == 0:
        raise ReadError(f"{path}: SpacingBetweenSlices is {top.get('SpacingBetweenSlices')}; expected a number but 0")
    normal = np.cross(cosines[:3], cosines[3:])
    windows = top.get("EnergyWindowInformationSequence") or ()
    return [
        _group(position + (number - 1) * step[0] * normal, cosines, _told(volume, windows))
        for number, volume in zip(slices, np.stack(volumes, axis=1).tolist(), strict=True)
    ]


def _choice(top: Dataset, path: Path, keyword: str, count: int) -> NDArray[np.float64]:
    """Return the number of each frame's energy window, detector or phase; 1 where the file does not tell."""
    numbers = _numbers(top.get(keyword))
    if len(set(numbers.tolist())) < 2:
        return np.full(count, numbers[0] if len(numbers) else 1.0)
    if numbers.shape != (count,):
        raise ReadError(f"{path}: {keyword} holds {len(numbers)} numbers for {count} frames; expected one for each")
    return numbers


def _told(volume: Sequence[float], windows: Sequence[Dataset]) -> dict[str, Any]:
    """Return what tells the volume of a frame from others; its energy window also by its name and limits in keV."""
    told: dict[str, Any] = dict(zip(_CHOOSABLE, map(int, volume), strict=True))
    place = told["EnergyWindowVector"] - 1
    if 0 <= place < len(windows):
        told["EnergyWindowName"] = str(windows[place].get("EnergyWindowName") or "")
        ranges = windows[place].get("EnergyWindowRangeSequence") or ()
        for keyword in ("EnergyWindowLowerLimit", "EnergyWindowUpperLimit"):
            told[keyword] = [one[keyword].value for one in ranges if keyword in one]
    return told


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


def _group(position: NDArray[np.float64], cosines: NDArray[np.float64], told: Mapping[str, Any]) -> dict[int, Dataset]:
    from pydicom.dataset import Dataset

    group = Dataset()
    # As text of at most 16 characters, which is what DICOM takes.
    group.ImagePositionPatient = [f"{value:.9g}" for value in position]
    group.ImageOrientationPatient = [f"{value:.9g}" for value in cosines]
    for keyword, value in told.items():
        setattr(group, keyword, value)
    return {int(element.tag): group for element in group}
