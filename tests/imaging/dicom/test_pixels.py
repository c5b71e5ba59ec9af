"""Compressed pixels: GDCM's stored values against the truth and against pydicom's arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.uid import JPEGLSLossless, RLELossless

from radnec.errors import ReadError
from radnec.imaging.dicom.pixels import stored_values
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

JPEG_LOSSLESS, JPEG_2000 = "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.90"
SYNTAXES = [RLELossless, JPEGLSLossless, JPEG_LOSSLESS, JPEG_2000]


def random_values(kind: Any, shape: tuple[int, ...] = (4, 33, 21)) -> np.ndarray[Any, Any]:
    limits = np.iinfo(kind)
    # Smooth and noisy, so that codecs have something to do.
    ramp = np.linspace(max(limits.min, -3000), min(limits.max, 3000), shape[1])[:, None]
    noise = np.random.default_rng(0).normal(scale=20, size=shape)
    return np.clip(ramp + noise, limits.min, limits.max).astype(kind)


def compressed(path: Path, values: np.ndarray[Any, Any], syntax: str) -> None:
    """Compress the pixels of a file: RLE and JPEG-LS by pydicom's codecs, the others by GDCM through SimpleITK."""
    file = pydicom.dcmread(path)
    if syntax in (RLELossless, JPEGLSLossless):
        file.compress(syntax, values, generate_instance_uid=False)
    else:
        writer = sitk.ImageFileWriter()
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG" if syntax == JPEG_LOSSLESS else "JPEG2000")
        writer.SetFileName(str(path.with_suffix(".tmp.dcm")))
        writer.Execute(sitk.GetImageFromArray(values[None]))
        made = pydicom.dcmread(path.with_suffix(".tmp.dcm"))
        path.with_suffix(".tmp.dcm").unlink()
        assert made.file_meta.TransferSyntaxUID == syntax
        file.file_meta.TransferSyntaxUID = syntax
        file.PixelData = made.PixelData
        file["PixelData"].is_undefined_length = True
    file.save_as(path)


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.uint8], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("syntax", SYNTAXES, ids=["rle", "jpeg-ls", "jpeg-lossless", "jpeg-2000"])
def test_lossless_compression_gives_the_same_volume(
    tmp_path: Path, write_series: Callable[..., str], syntax: str, kind: type
) -> None:
    if syntax == JPEG_LOSSLESS and kind is np.uint8:
        pytest.skip("GDCM writes 8 bits with lossy JPEG only")
    values = random_values(kind)
    # A slope that GDCM would apply by itself, were it asked for the whole file.
    write_series(tmp_path, values, RescaleSlope="0.5", RescaleIntercept="3")
    for place, one in enumerate(values):
        compressed(tmp_path / f"IM{900 - place:04}", one, syntax)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image(tmp_path)), values * 0.5 + 3)
    path = tmp_path / "IM0900"
    if syntax != JPEG_LOSSLESS:  # for which pydicom has no plugin here
        np.testing.assert_array_equal(stored_values(path)[0], pixel_array(path, raw=True))


def test_signed_values_of_12_bits_keep_their_sign_when_compressed(
    tmp_path: Path, write_series: Callable[..., str]
) -> None:
    values = np.clip(random_values(np.int16), -2048, 2047)

    def signed(file: pydicom.Dataset, _place: int) -> None:
        file.BitsStored, file.HighBit = 12, 11

    write_series(tmp_path, values, vary=signed)
    for place, one in enumerate(values):
        compressed(tmp_path / f"IM{900 - place:04}", one, JPEGLSLossless if place % 2 else RLELossless)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image(tmp_path)), values)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=["rle", "jpeg-ls", "jpeg-lossless", "jpeg-2000"])
def test_headers_that_claim_another_size_are_refused_before_decoding(
    tmp_path: Path, write_series: Callable[..., str], syntax: str
) -> None:
    values = random_values(np.int16)
    write_series(tmp_path, values)
    path = tmp_path / "IM0900"
    compressed(path, values[0], syntax)
    file = pydicom.dcmread(path)
    file.Rows, file.Columns = 60000, 60000
    file.save_as(path)
    with pytest.raises(ReadError, match=r"claims 60000×60000 voxels; its pixels are 21×33|is cut short"):
        stored_values(path)


def test_damaged_streams_and_missing_pixels_are_refused(tmp_path: Path, write_series: Callable[..., str]) -> None:
    values = random_values(np.int16)
    write_series(tmp_path, values)
    path = tmp_path / "IM0900"
    file = pydicom.dcmread(path)
    del file.PixelData
    file.save_as(path)
    with pytest.raises(ReadError, match="holds no pixels"):
        stored_values(path)
    path = tmp_path / "IM0899"
    compressed(path, values[1], JPEG_2000)
    file = pydicom.dcmread(path)
    file.PixelData = encapsulate([b"\xff\x4f\xff\x51" + b"\0" * 4 + b"\0\0\0\x15\0\0\0\x21" + b"\0" * 60])
    file["PixelData"].is_undefined_length = True
    file.save_as(path)
    with pytest.raises(ReadError, match=r"cannot be decompressed|damaged|cut short"):
        stored_values(path)
    file.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"  # MPEG-4
    file.save_as(path)
    with pytest.raises(ReadError, match=r"cannot be decompressed \(MPEG-4"):
        stored_values(path)


def test_native_values_that_do_not_begin_at_bit_0_are_refused(tmp_path: Path, write_series: Callable[..., str]) -> None:
    def high(file: pydicom.Dataset, _place: int) -> None:
        file.BitsStored, file.HighBit = 12, 15

    write_series(tmp_path, random_values(np.int16), vary=high)
    with pytest.raises(ReadError, match="expected HighBit 11"):
        read_image(tmp_path)
