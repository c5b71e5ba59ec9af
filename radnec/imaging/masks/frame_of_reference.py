"""Compares the frame of reference and the series that a DICOM mask names with those of an image, where known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import SimpleITK as sitk

#: Keys under which an image made of a DICOM series may keep its UIDs, as ITK writes tags.
FRAME_KEY, SERIES_KEY = "0020|0052", "0020|000e"


def verify_frame(image: sitk.Image, frame_uid: str, series_uids: Sequence[str], name: str) -> list[str]:
    """Refuse a mask whose coordinates are those of another image.

    Parameters
    ----------
    image : SimpleITK.Image
        Image; one made of a DICOM series may tell its FrameOfReferenceUID and SeriesInstanceUID as metadata. Other
        images (NIfTI) tell nothing, and only their geometry is compared later.
    frame_uid : str
        FrameOfReferenceUID of the mask; "" where it names none.
    series_uids : sequence of str
        SeriesInstanceUIDs of the series that the mask was drawn on; empty where it names none.
    name : str
        What errors call the mask.

    Returns
    -------
    list of str
        A note where the mask was drawn on another series of the same coordinate system: it is valid there.

    Raises
    ------
    radnec.errors.GeometryError
        If the frame of reference is another, or unknown and the series is another.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> image = sitk.Image(4, 4, 4, sitk.sitkInt16)
    >>> image.SetMetaData(FRAME_KEY, "1.2.3")
    >>> verify_frame(image, "1.2.9", (), "mask rs.dcm")
    Traceback (most recent call last):
    ...
    radnec.errors.GeometryError: mask rs.dcm was drawn in the coordinates of another image: frame of reference 1.2.9,
    and that of the image is 1.2.3. Read it with the series it was drawn on.
    """
    ours, series = _told(image, FRAME_KEY), _told(image, SERIES_KEY)
    other_series = bool(series and series_uids) and series not in series_uids
    drawn_on = f" It was drawn on series {', '.join(series_uids)}." if series_uids else ""
    if ours and frame_uid and ours != frame_uid:
        raise GeometryError(
            f"{name} was drawn in the coordinates of another image: frame of reference {frame_uid}, and that of the "
            f"image is {ours}. Read it with the series it was drawn on.{drawn_on}"
        )
    if other_series and not (ours and frame_uid):
        raise GeometryError(
            f"{name} was drawn on another series than {series}, and no frame of reference says that their coordinates "
            f"are the same. Read it with the series it was drawn on.{drawn_on}"
        )
    if other_series:
        return [f"it was drawn on another series of the same frame of reference: {', '.join(series_uids)}"]
    return []


def dose_frame(dose: sitk.Image) -> str:
    """Return the FrameOfReferenceUID of a dose grid or image, "" where it does not tell."""
    return _told(dose, FRAME_KEY)


def keep_origin(image: sitk.Image, source: sitk.Image) -> sitk.Image:
    """Give an image that was made of another, on its grid, the UIDs by which masks know it; return it.

    Filters return images without metadata, and a mask of another patient would pass.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> source = sitk.Image(4, 4, 4, sitk.sitkInt16)
    >>> source.SetMetaData(FRAME_KEY, "1.2.3")
    >>> keep_origin(source * 2, source).GetMetaData(FRAME_KEY)
    '1.2.3'
    """
    for key in (FRAME_KEY, SERIES_KEY):
        if source.HasMetaDataKey(key):
            image.SetMetaData(key, source.GetMetaData(key))
    return image


def _told(image: sitk.Image, key: str) -> str:
    return image.GetMetaData(key).strip("\0 ") if image.HasMetaDataKey(key) else ""
