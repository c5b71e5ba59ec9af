"""Reads the b-values of a diffusion weighted DICOM series from its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.errors import ReadError
from radnec.imaging.dicom.scan import choose_series
from radnec.imaging.dicom.series import volumes

if TYPE_CHECKING:
    from pathlib import Path


def read_b_values(path: str | Path, *, series_uid: str | None = None) -> list[float]:
    """Read the b-value of each volume of a DICOM series.

    Parameters
    ----------
    path : path-like
        Folder, or one file of the series.
    series_uid : str, optional
        SeriesInstanceUID, where the folder holds several series.

    Returns
    -------
    list of float
        In s/mm², in the order in which :func:`radnec.imaging.readers.read_frames` reads the volumes.

    Raises
    ------
    radnec.errors.ReadError
        As :func:`radnec.imaging.readers.read_frames`, and if the slices of a volume tell no b-value, or several.

    Notes
    -----
    DiffusionBValue (0018,9087); where a single-frame file has none, the private attribute of its maker: (0019,xx0C) of
    Siemens, (0043,xx39) of GE, (2001,xx03) of Philips, each known by its private creator.

    Examples
    --------
    Of a series with volumes without and with diffusion weighting::

        read_b_values("DWI")  # [0.0, 500.0, 1000.0]
    """
    found = []
    for number, frames in enumerate(volumes(choose_series(path, series_uid), str(path)).frames):
        told = {frame.telling.get("DiffusionBValue") for frame in frames}
        value = told.pop() if len(told) == 1 else told
        if not isinstance(value, float):
            what = f"several b-values ({', '.join(map(str, sorted(told, key=str)))})" if told else "no b-value"
            raise ReadError(
                f"{path}: the headers of volume {number} tell {what}; write the b-values of all volumes into a text "
                "file with blanks between, and its name into the cohort column bval_path"
            )
        found.append(value)
    return found
