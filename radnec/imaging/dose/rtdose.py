"""Turns a DICOM RT Dose object into a volume in gray, or says why it cannot be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.errors import ReadError
from radnec.imaging.dicom.files import open_dicom, parsing
from radnec.imaging.dicom.sop_classes import RT_DOSE
from radnec.imaging.masks.frame_of_reference import FRAME_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

#: Summation types that stand for all that was given; others are shares of it (a beam, a fraction group, …).
TOTAL = ("PLAN", "MULTI_PLAN")

_AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
#: Share of the median plane distance by which a distance may differ (offsets are rounded in DICOM).
_UNEVEN = 0.01
_MOST_VOXELS = 1 << 28
_NEEDED = (
    *("Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"),
    *("DoseUnits", "DoseType", "DoseSummationType", "DoseGridScaling"),
)


def read_rtdose(path: Path, summation: Sequence[str] = TOTAL) -> sitk.Image:
    """Read a DICOM RT Dose file.

    Parameters
    ----------
    path : Path
        File of SOP class RT Dose with a multi-frame grid.
    summation : sequence of str
        Values of DoseSummationType to accept.

    Returns
    -------
    SimpleITK.Image
        float64 in Gy, LPS; any orientation. Planes rise along the normal of their rows and columns.

    Raises
    ------
    radnec.errors.ReadError
        If the file is damaged or no RT Dose, lacks an attribute, is not a physical dose in Gy of an accepted
        summation, or its planes are too few, unevenly spaced or contradict the position.

    References
    ----------
    DICOM PS3.3, C.8.8.3 (RT Dose module) and C.8.8.3.2 (Grid Frame Offset Vector).
    """
    dataset = open_dicom(path, pixels=True)
    with parsing(path):
        _verify_kind(dataset, path, tuple(summation))
        return _placed(_values(dataset, path), dataset, path)


def _verify_kind(dataset: Dataset, path: Path, summation: tuple[str, ...]) -> None:
    if str(dataset.get("SOPClassUID", "")) != RT_DOSE:
        raise ReadError(f"{path} is no RT Dose, but {dataset.get('Modality') or 'of unknown kind'}")
    absent = [name for name in _NEEDED if dataset.get(name) in (None, "")]
    if absent or "PixelData" not in dataset:
        raise ReadError(f"{path}: the RT Dose lacks {', '.join(absent or ['PixelData'])}; export the dose grid again")
    if dataset.DoseUnits != "GY":
        raise ReadError(f"{path}: DoseUnits is {dataset.DoseUnits!r}; expected 'GY', so export the absolute dose")
    if dataset.DoseType != "PHYSICAL":
        raise ReadError(
            f"{path}: DoseType is {dataset.DoseType!r}; expected 'PHYSICAL'. A biologically weighted dose or a "
            "difference would be mixed with physical doses of other patients: convert it and save it as NIfTI in Gy."
        )
    if dataset.DoseSummationType not in summation:
        raise ReadError(
            f"{path}: DoseSummationType is {dataset.DoseSummationType!r}, which may be a share of the treatment; "
            f"expected {' or '.join(summation)}. If it is all that was given, read it with "
            f"summation={(str(dataset.DoseSummationType),)} (in a shell: --summation {dataset.DoseSummationType})."
        )


def _values(dataset: Dataset, path: Path) -> NDArray[np.float64]:
    """Return the dose in Gy, shape (planes, rows, columns)."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    claimed = frames * int(dataset.Rows) * int(dataset.Columns)
    if not 0 < claimed <= _MOST_VOXELS:
        raise ReadError(f"{path} claims {frames}×{dataset.Rows}×{dataset.Columns} voxels; that is no dose grid")
    if frames < 2:
        raise ReadError(f"{path} holds one plane of dose; expected a grid in one multi-frame file. Export it as 3-D.")
    scaling = float(dataset.DoseGridScaling)
    if not (np.isfinite(scaling) and scaling > 0):
        raise ReadError(f"{path}: DoseGridScaling is {scaling}; expected a positive number")
    return np.asarray(dataset.pixel_array, dtype=np.float64) * scaling


def _placed(values: NDArray[np.float64], dataset: Dataset, path: Path) -> sitk.Image:
    orientation = _numbers(dataset, "ImageOrientationPatient", 6, path)
    position = _numbers(dataset, "ImagePositionPatient", 3, path)
    rows_mm, columns_mm = _numbers(dataset, "PixelSpacing", 2, path)
    across, down = orientation[:3], orientation[3:]
    if not np.allclose([across @ across, down @ down, across @ down], [1, 1, 0], atol=1e-3):
        raise ReadError(f"{path}: ImageOrientationPatient {orientation.tolist()} is no pair of right-angled axes")
    normal = np.cross(across, down)
    offsets = _offsets(dataset, len(values), orientation, position, path)
    if offsets[-1] < offsets[0]:
        values, offsets = values[::-1], offsets[::-1]
    image = sitk.GetImageFromArray(np.ascontiguousarray(values))
    image.SetSpacing((float(columns_mm), float(rows_mm), float((offsets[-1] - offsets[0]) / (len(offsets) - 1))))
    image.SetOrigin((position + normal * offsets[0]).tolist())
    image.SetDirection(np.column_stack([across, down, normal]).ravel().tolist())
    if dataset.get("FrameOfReferenceUID"):
        image.SetMetaData(FRAME_KEY, str(dataset.FrameOfReferenceUID))
    return image


def _offsets(
    dataset: Dataset, planes: int, orientation: NDArray[np.float64], position: NDArray[np.float64], path: Path
) -> NDArray[np.float64]:
    """Return where each plane lies along the normal, in mm from ImagePositionPatient."""
    given = _numbers(dataset, "GridFrameOffsetVector", planes, path)
    steps = np.diff(given)
    middle = float(np.median(steps))
    if middle == 0 or np.abs(steps - middle).max() > max(_UNEVEN * abs(middle), 1e-3):
        raise ReadError(
            f"{path}: the distance between dose planes varies from {steps.min():g} to {steps.max():g} mm; "
            "expected even planes. Export the dose on an even grid."
        )
    if given[0] == 0:
        return given
    # Offsets may also be the z of each plane, which is defined for axial grids only and tells itself by the first.
    if np.allclose(orientation, _AXIAL, atol=1e-4) and abs(given[0] - position[2]) < 1e-2:
        from_first: NDArray[np.float64] = given - given[0]
        return from_first
    raise ReadError(
        f"{path}: GridFrameOffsetVector starts at {given[0]:g} mm; expected 0, or for an axial grid its z of "
        f"{position[2]:g} mm. Where the planes lie is not known: export the dose again."
    )


def _numbers(dataset: Dataset, keyword: str, count: int, path: Path) -> NDArray[np.float64]:
    raw: Any = dataset.get(keyword)
    values = np.array([] if raw is None else raw, dtype=np.float64, ndmin=1)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise ReadError(f"{path}: {keyword} holds {values.size} numbers; expected {count} finite ones")
    if keyword == "PixelSpacing" and values.min() <= 0:
        raise ReadError(f"{path}: PixelSpacing is {values.tolist()} mm; expected positive numbers")
    return values
