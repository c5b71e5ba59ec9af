"""Reads a dose grid in gray from DICOM, NIfTI or NRRD."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.errors import ReadError
from radnec.imaging.dicom.files import is_dicom
from radnec.imaging.dose.rtdose import TOTAL, read_rtdose
from radnec.imaging.readers import FORMATS, read_image

if TYPE_CHECKING:
    from collections.abc import Sequence

#: No treatment of the brain gives as much, and 10 Gy in cGy are.
HIGHEST_GY = 1000.0
#: Only beside the sources of a brachytherapy there is more, and 2 Gy in cGy are as much.
HIGHEST_UNSTATED_GY = 200.0


def read_dose(path: str | Path, *, summation: Sequence[str] = TOTAL) -> sitk.Image:
    """Read a dose grid.

    Parameters
    ----------
    path : path-like
        DICOM RT Dose file, or an image in any format of :func:`radnec.imaging.readers.read_image` that holds Gy.
    summation : sequence of str, default ("PLAN", "MULTI_PLAN")
        Values of DoseSummationType to accept in DICOM.

    Returns
    -------
    SimpleITK.Image
        float64, Gy, in the space (LPS, mm) of the images the treatment was planned on. A lesion drawn on another
        examination needs dose and mask to be brought together first (registration); nothing here can tell.

    Raises
    ------
    radnec.errors.ReadError
        If the file cannot be read, is no total physical dose in Gy (DICOM), or holds what no dose in Gy can be:
        negative or non-finite values, more than 1000 (more than 200 where the file states no unit, as only DICOM does),
        or nothing but 0.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "dose.nrrd"
    >>> sitk.WriteImage(sitk.Image(8, 8, 8, sitk.sitkFloat32) + 2000, file)
    >>> read_dose(file)
    Traceback (most recent call last):
    ...
    radnec.errors.ReadError: ...dose.nrrd reaches 2000: expected a dose in Gy (this looks like cGy). ...
    """
    path = Path(path)
    if path.is_dir():
        raise ReadError(f"{path} is a folder: expected the file of one dose grid")
    stated = path.is_file() and not path.name.lower().endswith(FORMATS) and is_dicom(path)
    dose = read_rtdose(path, summation) if stated else sitk.Cast(read_image(path), sitk.sitkFloat64)
    values = sitk.GetArrayViewFromImage(dose)
    if not np.isfinite(values).all():
        raise ReadError(f"{path} holds voxels that are not finite: expected a dose in Gy everywhere")
    low, high = float(values.min()), float(values.max())
    # Interpolated grids undershoot a little.
    if low < -0.01 * max(high, 0.1):
        raise ReadError(f"{path} goes down to {low:g}: expected a dose in Gy, which is never negative")
    if high > (HIGHEST_GY if stated else HIGHEST_UNSTATED_GY):
        more = "" if stated else " Write it in Gy; of a brachytherapy give the DICOM RT Dose, which states its unit."
        raise ReadError(f"{path} reaches {high:g}: expected a dose in Gy (this looks like cGy).{more}")
    if high <= 0:
        raise ReadError(f"{path} holds no dose at all: every voxel is 0")
    return dose
