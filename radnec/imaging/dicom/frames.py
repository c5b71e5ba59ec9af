"""Describes each frame of a series: where it lies, how its stored values are scaled, what tells it from others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ReadError
from radnec.imaging.dicom.files import open_dicom
from radnec.imaging.dicom.view import views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from radnec.imaging.dicom.view import View

#: Attributes that tell several volumes of a series apart, the more telling first, and how people call them.
TELLING = {
    "DiffusionBValue": "b-value",
    "EchoTime": "echo time",
    "EchoNumbers": "echo number",
    "TemporalPositionIdentifier": "temporal position",
    "InversionTime": "inversion time",
    "FlipAngle": "flip angle",
    "TriggerTime": "trigger time",
    "EnergyWindowVector": "energy window",
    "DetectorVector": "detector",
    "PhaseVector": "phase",
    "EnergyWindowName": "energy window name",
    "EnergyWindowLowerLimit": "energy window lower limit",
    "EnergyWindowUpperLimit": "energy window upper limit",
    "FrameReferenceTime": "frame reference time",
    "AcquisitionNumber": "acquisition number",
    "ImageType": "image type",
    "ComplexImageComponent": "complex image component",
    "DiffusionGradientOrientation": "diffusion direction",
    "DiffusionDirectionality": "diffusion directionality",
    "AcquisitionDateTime": "acquisition date and time",
    "AcquisitionTime": "acquisition time",
    "ContentTime": "content time",
    "StackID": "stack",
    # Slices of single-frame files have a number each, so this one tells multi-frame files apart.
    "InstanceNumber": "instance number",
}
# Direction cosines are written with 6 digits or so, by some scanners with 4.
_RIGHT_ANGLE = 1e-3


@dataclass(frozen=True)
class Frame:
    """One slice of a volume.

    Parameters
    ----------
    path : Path
        Its file.
    index : int
        Place among the frames of the file, from 0.
    uid : str
        SOPInstanceUID of the file.
    size : tuple of int
        Columns and rows.
    spacing : tuple of float
        Distance of columns and of rows in mm.
    position : ndarray, shape (3,)
        Centre of the first voxel in mm (LPS).
    axes : ndarray, shape (3, 3)
        Unit vectors along a row, along a column and along their normal, in columns.
    slope, intercept : float
        What makes the value of a voxel from the stored one.
    telling : dict of str to object
        Values of `TELLING` that the frame has.
    """

    path: Path
    index: int
    uid: str
    size: tuple[int, int]
    spacing: tuple[float, float]
    position: NDArray[np.float64]
    axes: NDArray[np.float64]
    slope: float
    intercept: float
    telling: Mapping[str, Any] = field(default_factory=dict)


def read_frames(files: Sequence[Path]) -> list[Frame]:
    """Describe all frames of the files of a series; pixels are not read.

    Raises
    ------
    radnec.errors.ReadError
        If a frame does not say where it lies, or its scaling cannot be used.
    """
    return [frame(view) for path in files for view in views(path, open_dicom(path))]


def frame(view: View) -> Frame:
    """Describe one frame.

    Raises
    ------
    radnec.errors.ReadError
        If an attribute is absent, or no number.
    """
    rows, columns = view.number("Rows"), view.number("Columns")
    if not rows or not columns:
        raise ReadError(f"{view.path} has no Rows and Columns")
    between_rows, between_columns = view.numbers("PixelSpacing", 2)
    if min(between_rows, between_columns) <= 0:
        raise ReadError(f"{view.path}: PixelSpacing is {between_rows:g}\\{between_columns:g} mm; expected above 0")
    slope, intercept = view.number("RescaleSlope"), view.number("RescaleIntercept")
    if slope == 0:
        raise ReadError(f"{view.path}: RescaleSlope is 0, which makes all voxels alike; export the series again")
    return Frame(
        path=view.path,
        index=view.index,
        uid=view.text("SOPInstanceUID") or "",
        size=(int(columns), int(rows)),
        spacing=(between_columns, between_rows),
        position=np.array(view.numbers("ImagePositionPatient", 3)),
        axes=_axes(view),
        slope=1.0 if slope is None else slope,
        intercept=intercept or 0.0,
        telling={name: value for name in TELLING if (value := view.get(name)) is not None},
    )


def _axes(view: View) -> NDArray[np.float64]:
    cosines = np.array(view.numbers("ImageOrientationPatient", 6)).reshape(2, 3)
    lengths = np.linalg.norm(cosines, axis=1)
    if np.abs(lengths - 1).max() > _RIGHT_ANGLE or abs(cosines[0] @ cosines[1]) > _RIGHT_ANGLE:
        raise ReadError(
            f"{view.path}: ImageOrientationPatient is {np.round(cosines.ravel(), 4).tolist()}; expected two unit "
            "vectors at right angles"
        )
    along_row, along_column = cosines / lengths[:, None]
    return np.stack([along_row, along_column, np.cross(along_row, along_column)], axis=1)
