"""A header is believed as far as the bytes behind it go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import ReadError
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def image() -> sitk.Image:
    made = sitk.GetImageFromArray(np.random.default_rng(0).integers(-9, 9, (8, 10, 12)).astype(np.int16))
    made.SetSpacing((1.0, 1.25, 2.0))
    return made


def change(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    return path


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.nhdr", "a.mhd"])
@pytest.mark.parametrize("packed", [False, True])
def test_whole_files_read_as_itk_reads_them(image, tmp_path, name, packed):
    sitk.WriteImage(image, tmp_path / name, useCompression=packed)
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path / name)), sitk.GetArrayFromImage(image))


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_every_type_of_number_is_known(tmp_path, name, dtype):
    made = sitk.GetImageFromArray(np.arange(60).reshape(3, 4, 5).astype(dtype))
    sitk.WriteImage(made, tmp_path / name)
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path / name)).ravel(), np.arange(60))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("name", "old", "new"), [("a.nrrd", b"10 8", b"10 9"), ("a.mha", b"10 8", b"10 7")])
def test_another_number_of_slices_is_refused(image, tmp_path, name, packed, old, new):
    sitk.WriteImage(image, tmp_path / name, useCompression=packed)
    with pytest.raises(ReadError, match="damaged"):
        read_image(change(tmp_path / name, old, new))


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha"])
def test_a_damaged_packed_volume_is_refused(image, tmp_path, name):
    sitk.WriteImage(image, tmp_path / name, useCompression=True)
    content = bytearray((tmp_path / name).read_bytes())
    content[-30] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=r"damaged|cut short"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("target", ["../secret.raw", "/dev/zero", "sub/../../secret.raw", "absent.raw"])
@pytest.mark.parametrize(("name", "field"), [("a.mhd", "ElementDataFile = "), ("a.nhdr", "data file: ")])
def test_voxels_elsewhere_are_not_read(image, tmp_path, name, field, target):
    folder = tmp_path / "export"
    folder.mkdir()
    (tmp_path / "secret.raw").write_bytes(bytes(1920))
    sitk.WriteImage(image, folder / name)
    with pytest.raises(ReadError, match=r"outside its folder|not beside it"):
        read_image(change(folder / name, f"{field}a.raw".encode(), f"{field}{target}".encode()))


@pytest.mark.parametrize("number", [b"inf", b"nan", b"1e308"])
def test_a_place_without_end_is_refused(image, tmp_path, number):
    sitk.WriteImage(image, tmp_path / "a.mha")
    with pytest.raises(ReadError, match="finite"):
        read_image(change(tmp_path / "a.mha", b"TransformMatrix = 1 ", b"TransformMatrix = " + number + b" "))


def test_a_packed_volume_of_unknown_length_is_refused(image, tmp_path):
    """ITK would return other voxels without a word."""
    sitk.WriteImage(image, tmp_path / "a.mha", useCompression=True)
    with pytest.raises(ReadError, match="packed bytes"):
        read_image(change(tmp_path / "a.mha", b"CompressedDataSize", b"CompressedDataSizE"))


@pytest.mark.parametrize(
    ("place", "content", "message"),
    [
        (42, (13).to_bytes(2, "little"), "cut short"),
        (42, (11).to_bytes(2, "little"), "holds more"),
        (108, np.float32(320).tobytes(), "start at byte 320"),
        (344, b"n\0", "does not say"),
        (280, np.float32(np.inf).tobytes(), "not all numbers"),
        (280, bytes(12), "do not span space"),
    ],
)
def test_a_damaged_nifti_header_is_refused(image, tmp_path, place, content, message):
    sitk.WriteImage(image, tmp_path / "a.nii")
    held = bytearray((tmp_path / "a.nii").read_bytes())
    held[place : place + len(content)] = content
    (tmp_path / "a.nii").write_bytes(held)
    with pytest.raises(ReadError, match=message):
        read_image(tmp_path / "a.nii")


@pytest.mark.parametrize("name", ["00.dcm", "05.dcm"])
def test_a_series_whose_first_or_last_file_is_cut_short_is_refused_wherever_it_ends(tmp_path, name):
    """Passed over as something else it would leave a volume with a slice less, which nothing tells."""
    pydicom = pytest.importorskip("pydicom")
    whole = sitk.GetArrayFromImage(read_image(write_series(tmp_path / "whole", pydicom)))
    folder = write_series(tmp_path / "cut", pydicom)
    content = (folder / name).read_bytes()
    for end in range(0, len(content), 7):
        (folder / name).write_bytes(content[:end])
        try:
            found = read_image(folder)
        except ReadError:
            continue
        assert np.array_equal(sitk.GetArrayFromImage(found), whole), f"cut at {end} of {len(content)} bytes"


def write_series(folder: Path, pydicom) -> Path:
    folder.mkdir()
    for k in range(6):
        header = pydicom.Dataset()
        header.SOPClassUID, header.SOPInstanceUID, header.Modality = pydicom.uid.MRImageStorage, f"1.2.3.{k + 1}", "MR"
        header.StudyInstanceUID, header.SeriesInstanceUID, header.PatientID = "1.2.1", "1.2.2", "P1"
        header.ImagePositionPatient, header.ImageOrientationPatient = [0, 0, 2 * k], [1, 0, 0, 0, 1, 0]
        header.PixelSpacing, header.Rows, header.Columns, header.SamplesPerPixel = [1, 1], 4, 4, 1
        header.PhotometricInterpretation, header.PixelRepresentation = "MONOCHROME2", 0
        header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
        header.PixelData = np.full((4, 4), k, np.uint16).tobytes()
        header.file_meta = pydicom.dataset.FileMetaDataset()
        header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        header.save_as(folder / f"{k:02}.dcm", enforce_file_format=True)
    return folder
