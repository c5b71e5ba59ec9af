"""Reads the image that a row of a cohort table names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radnec.errors import ReadError
from radnec.imaging.findings import DYNAMIC
from radnec.imaging.readers import read_acquisition, read_frame, read_image

if TYPE_CHECKING:
    from collections.abc import Mapping

    import SimpleITK as sitk


def row_image(row: Mapping[str, Any], *, as_stored: bool = False) -> sitk.Image:
    """Read the image of a row: of its series, and of its volume where the row chooses one.

    Parameters
    ----------
    row : mapping
        ``image_path`` and ``sequence``, perhaps ``series_uid`` and ``volume``. Of a dynamic series (DSC, DCE, ASL, DWI)
        the first volume is read where the row chooses none.
    as_stored : bool, default False
        Whether PET keeps the values of its files, where only the grid is wanted.

    Returns
    -------
    SimpleITK.Image
        In the unit of :func:`radnec.imaging.readers.read_acquisition`.

    Raises
    ------
    radnec.errors.ReadError
        If the row names no image, or it cannot be read.

    Examples
    --------
    >>> row_image({"image_path": None, "sequence": "T1w"})
    Traceback (most recent call last):
    ...
    radnec.errors.ReadError: image_path is empty
    """
    path, series = (given(row, name) for name in ("image_path", "series_uid"))
    volume: str | int | None = given(row, "volume")
    if path is None:
        raise ReadError("image_path is empty")
    if volume is None and row["sequence"] in DYNAMIC:
        volume = 0
    if not as_stored:
        return read_acquisition(path, row["sequence"], series_uid=series, volume=volume)
    return read_image(path, series_uid=series) if volume is None else read_frame(path, volume, series_uid=series)


def given(row: Mapping[str, Any], name: str) -> str | None:
    """Return the text of a cell; None where it is empty or the row has no such column.

    Examples
    --------
    >>> given({"volume": ""}, "volume"), given({}, "volume"), given({"volume": 2}, "volume")
    (None, None, '2')
    """
    value = row.get(name)
    text = "" if value is None else str(value)
    # NA and NaN are not equal to themselves, and the former cannot be asked.
    return None if text in ("", "<NA>", "nan") else text
