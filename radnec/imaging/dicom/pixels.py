"""Decodes the stored values of frames exactly, of compressed files with GDCM, which needs no plugin."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec.errors import ReadError
from radnec.imaging.dicom.files import open_dicom, parsing
from radnec.imaging.dicom.sop_classes import SECONDARY_CAPTURE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

_RLE = "1.2.840.10008.1.2.5"
#: What GDCM must know to decode pixels; without rescale and photometric interpretation it gives stored values.
_PIXEL_MODULE = (
    *("Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("NumberOfFrames", "PixelData"),
)
# Start of frame of JPEG and JPEG-LS: all but the tables that share the range.
_JPEG_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
# A run of RLE stands for at most 128 bytes in 2.
_RLE_RATIO = 64


def stored_values(path: Path) -> NDArray[Any]:
    """Return the values as they are stored, before any rescale.

    Parameters
    ----------
    path : Path
        Single-frame or multi-frame image with one sample a pixel.

    Returns
    -------
    ndarray, shape (frames, rows, columns)
        Integers of the file's own type. MONOCHROME1, where low values are shown bright, is not inverted: that is a
        matter of display. Padding is left as it is.

    Raises
    ------
    radnec.errors.ReadError
        If there are no pixels, they are fewer than the header claims, or their compression is not known.
    """
    dataset = open_dicom(path, pixels=True)
    with parsing(path):
        kind, shape = _kind(dataset, path), _shape(dataset)
        if "PixelData" not in dataset:
            raise ReadError(f"{path} holds no pixels; it may be cut short. Export it again.")
        syntax = dataset.file_meta.TransferSyntaxUID if "TransferSyntaxUID" in dataset.file_meta else None
        if syntax is not None and syntax.is_encapsulated:
            _verify_claims(dataset, path, shape, kind.itemsize)
            values = _decoded(dataset, path)
        else:
            _verify_low_bits(dataset, path)
            values = _native(dataset, path, shape, kind, big=syntax is not None and not syntax.is_little_endian)
        if values.shape != shape:
            raise ReadError(f"{path} decodes to {values.shape} voxels (frames, rows, columns); its header says {shape}")
        return _signed(values.astype(kind, copy=False), dataset)


def _kind(dataset: Dataset, path: Path) -> np.dtype[Any]:
    bits = int(dataset.BitsAllocated)
    if bits not in (8, 16, 32) or int(dataset.get("SamplesPerPixel", 1)) != 1:
        raise ReadError(
            f"{path} has {bits} bits a sample, {dataset.get('SamplesPerPixel')} samples; expected 8, 16, 32"
        )
    return np.dtype(f"{'i' if dataset.PixelRepresentation else 'u'}{bits // 8}")


def _shape(dataset: Dataset) -> tuple[int, int, int]:
    return int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns)


def _verify_low_bits(dataset: Dataset, path: Path) -> None:
    stored = int(dataset.BitsStored)
    high = int(dataset.get("HighBit", stored - 1))
    if high != stored - 1:
        raise ReadError(
            f"{path} stores {stored} bits up to bit {high}: expected HighBit {stored - 1}, as DICOM asks for. "
            "Convert the series with other software"
        )


def _native(
    dataset: Dataset, path: Path, shape: tuple[int, int, int], kind: np.dtype[Any], *, big: bool
) -> NDArray[Any]:
    held, claimed = len(dataset.PixelData), int(np.prod(shape, dtype=object)) * kind.itemsize
    if held < claimed:
        raise ReadError(f"{path} is cut short: it holds {held} bytes of pixels, and its header claims {claimed}")
    stored = kind.newbyteorder(">" if big else "<")
    values = np.frombuffer(dataset.PixelData, stored, count=claimed // kind.itemsize)
    return values.astype(kind).reshape(shape)


def _signed(values: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Return values whose bits above those that are stored are their sign, or 0: there may be overlays in them."""
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    high = int(dataset.get("HighBit", stored - 1))
    if not 0 < stored <= allocated or not stored - 1 <= high < allocated:
        raise ReadError(f"BitsStored {stored}, HighBit {high} and BitsAllocated {allocated} contradict each other")
    if stored == allocated:
        return values
    # What GDCM decodes starts at bit 0 already, and native values that do not are refused.
    return (values << (allocated - stored)) >> (allocated - stored)


def _decoded(dataset: Dataset, path: Path) -> NDArray[Any]:
    """Decode with GDCM a file that holds nothing but the pixels, so that it gives stored values."""
    from pydicom.dataset import Dataset as NewDataset
    from pydicom.dataset import FileMetaDataset

    plain = NewDataset()
    for name in _PIXEL_MODULE:
        if name in dataset:
            plain[name] = dataset[name]
    plain.SOPClassUID = SECONDARY_CAPTURE
    plain.SOPInstanceUID = "1.2.3"
    plain.PhotometricInterpretation = "MONOCHROME2"
    plain.file_meta = FileMetaDataset()
    plain.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    plain.file_meta.MediaStorageSOPClassUID = plain.SOPClassUID
    plain.file_meta.MediaStorageSOPInstanceUID = plain.SOPInstanceUID
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pixels.dcm")
        plain.save_as(file, enforce_file_format=True)
        try:
            values = sitk.GetArrayFromImage(sitk.ReadImage(file, imageIO="GDCMImageIO"))
        except RuntimeError as error:
            name = dataset.file_meta.TransferSyntaxUID.name
            raise ReadError(f"{path} cannot be decompressed ({name}); it may be damaged, export it again") from error
    return values[None] if values.ndim == 2 else values


def _verify_claims(dataset: Dataset, path: Path, shape: tuple[int, int, int], itemsize: int) -> None:
    """Refuse a header that claims another size than the compressed frames: GDCM would make room for it."""
    from pydicom.encaps import generate_frames

    frames, rows, columns = shape
    held = 0
    for data in generate_frames(dataset.PixelData, number_of_frames=frames):
        held += 1
        if dataset.file_meta.TransferSyntaxUID == _RLE:
            if len(data) * _RLE_RATIO < rows * columns * itemsize:
                raise ReadError(f"{path} is cut short: a frame holds {len(data)} bytes for {columns}×{rows} voxels")
            continue
        size = _codestream_size(data)
        if size is not None and size != (rows, columns):
            raise ReadError(f"{path} claims {columns}×{rows} voxels; its pixels are {size[1]}×{size[0]}")
    if held != frames:
        raise ReadError(f"{path} claims {frames} frames and holds {held}")


def _codestream_size(data: bytes) -> tuple[int, int] | None:
    """Return rows and columns that a JPEG, JPEG-LS or JPEG 2000 stream says; None where that is not found."""
    if data[:4] == b"\xff\x4f\xff\x51":
        width, height, left, top = struct.unpack(">4I", data[8:24])
        return height - top, width - left
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">2H", data[place + 5 : place + 9])
            return height, width
        place += 2 + length
    return None
