"""What `read_image` returns, and what it refuses."""

from __future__ import annotations

import gzip
import shutil
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import RadnecError, ReadError
from radnec.imaging.readers import FORMATS, read_frame, read_frames, read_image

if TYPE_CHECKING:
    from pathlib import Path

SERIES = "dicom_rtstruct/sts_002_mr/image"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.float32])
def test_every_format_gives_back_voxels_type_and_grid(tmp_path: Path, suffix: str, kind: type) -> None:
    values = np.random.default_rng(1).integers(0, 99, size=(4, 5, 6)).astype(kind)
    written = sitk.GetImageFromArray(values)
    written.SetSpacing((0.5, 0.75, 3.0))
    written.SetOrigin((-10.0, 20.5, 4.0))
    written.SetDirection((0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    path = tmp_path / f"image{suffix}"
    sitk.WriteImage(written, path)
    image = read_image(path)
    assert np.array_equal(sitk.GetArrayViewFromImage(image), values)
    assert image.GetPixelID() == written.GetPixelID()
    np.testing.assert_allclose(image.GetSpacing(), written.GetSpacing(), rtol=1e-6)
    np.testing.assert_allclose(image.GetOrigin(), written.GetOrigin(), rtol=1e-6)
    np.testing.assert_allclose(image.GetDirection(), written.GetDirection(), atol=1e-6)


@pytest.mark.parametrize(("name", "size"), [("brain1", (256, 256, 25)), ("brain2", (256, 256, 23))])
def test_real_brain_volumes_have_the_published_grid(reference: Path, name: str, size: tuple[int, ...]) -> None:
    image = read_image(reference / "mr_brain" / f"{name}_image.nrrd")
    assert image.GetSize() == size
    np.testing.assert_allclose(image.GetSpacing(), (0.78125, 0.78125, 6.5))
    # pyradiomics' baseline: diagnostics_Image-original_Mean.
    expected = {"brain1": 385.6564080810547, "brain2": 236.20217696480128}[name]
    assert sitk.GetArrayViewFromImage(image).mean() == pytest.approx(expected, rel=1e-12)


def test_what_is_no_volume_is_refused_and_says_what_it_is(tmp_path: Path) -> None:
    volume = sitk.Image(6, 5, 4, sitk.sitkFloat32)
    for name, image, told in (
        ("flat.nii.gz", sitk.Image(6, 5, sitk.sitkInt16), "2-D, 6×5"),
        ("dynamic.nii.gz", sitk.JoinSeries([volume] * 3), "4-D, 6×5×4×3.*read_frame"),
        ("vector.nrrd", sitk.Compose([volume, volume]), "2 numbers a voxel"),
        ("complex.nii.gz", sitk.RealAndImaginaryToComplex(volume, volume), "complex"),
    ):
        sitk.WriteImage(image, tmp_path / name)
        with pytest.raises(ReadError, match=told):
            read_image(tmp_path / name)


def test_missing_foreign_and_damaged_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "text.nrrd").write_text("no image")
    with pytest.raises(ReadError, match="does not exist"):
        read_image(tmp_path / "absent.nii.gz")
    with pytest.raises(ReadError, match=r"no known format.*\.nrrd"):
        read_image(tmp_path / "notes.txt")
    with pytest.raises(ReadError, match=r"text\.nrrd cannot be read"):
        read_image(tmp_path / "text.nrrd")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str) -> None:
    values = np.random.default_rng(0).normal(size=(9, 9, 9)).astype(np.float32)
    path = tmp_path / f"image{suffix}"
    sitk.WriteImage(sitk.GetImageFromArray(values), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ReadError, match="cut short"):
        read_image(path)


def test_a_flipped_bit_in_a_compressed_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "image.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.random.default_rng(0).normal(size=(9, 9, 9))), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    with pytest.raises(ReadError, match="damaged"):
        read_image(path)


@pytest.mark.parametrize("pixdim", [0.0, float("nan")])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_voxel_sizes_that_itk_would_replace_by_one_are_refused(tmp_path: Path, pixdim: float, suffix: str) -> None:
    path = tmp_path / f"image{suffix}"
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkInt16), tmp_path / "plain.nii")
    content = bytearray((tmp_path / "plain.nii").read_bytes())
    content[254:256] = b"\0\0"  # sform_code 0: the voxel sizes count
    content[80:84] = struct.pack("<f", pixdim)
    path.write_bytes(gzip.compress(content) if suffix == ".nii.gz" else content)
    with pytest.raises(ReadError, match="pixdim"):
        read_image(path)


def test_an_affine_with_nan_and_sheared_axes_are_refused(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkInt16), tmp_path / "a.nii")
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[280:284] = struct.pack("<f", float("nan"))
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(ReadError, match="affine"):
        read_image(tmp_path / "a.nii")
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkInt16), tmp_path / "b.nrrd")
    (tmp_path / "b.nrrd").write_bytes((tmp_path / "b.nrrd").read_bytes().replace(b"(0,1,0)", b"(.5,1,0)"))
    with pytest.raises(ReadError, match="right angles"):
        read_image(tmp_path / "b.nrrd")


def test_read_frame_takes_one_volume_of_a_series(tmp_path: Path) -> None:
    frames = [sitk.Image(4, 5, 6, sitk.sitkInt16) + value for value in (10, 20, 30)]
    sitk.WriteImage(sitk.JoinSeries(frames), tmp_path / "dsc.nii.gz")
    sitk.WriteImage(frames[0], tmp_path / "one.nii.gz")
    middle = read_frame(tmp_path / "dsc.nii.gz", 1)
    assert middle.GetSize() == (4, 5, 6)
    assert set(sitk.GetArrayViewFromImage(middle).ravel()) == {20}
    assert read_frame(tmp_path / "one.nii.gz", 0)[0, 0, 0] == 10
    with pytest.raises(ReadError, match="no frame 3: its 3 frame"):
        read_frame(tmp_path / "dsc.nii.gz", 3)


def test_read_frames_takes_all_volumes_as_read_frame_takes_each(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).normal(size=(3, 4, 5, 6)).astype(np.float32)
    frames[1, 2, 3, 4] = np.nan
    series = sitk.JoinSeries([sitk.GetImageFromArray(one) for one in frames])
    series.SetSpacing((1.0, 2.0, 3.0, 1.5))
    sitk.WriteImage(series, tmp_path / "dsc.nii.gz")
    found = read_frames(tmp_path / "dsc.nii.gz", "DSC")
    assert np.array_equal([sitk.GetArrayFromImage(one) for one in found], frames, equal_nan=True)
    for number, one in enumerate(found):
        alone = read_frame(tmp_path / "dsc.nii.gz", number)
        assert one.GetSpacing() == alone.GetSpacing() == (1.0, 2.0, 3.0)
        assert one.GetDirection() == alone.GetDirection()
    sitk.WriteImage(found[0], tmp_path / "one.nii.gz")
    assert len(read_frames(tmp_path / "one.nii.gz", "DSC")) == 1
    with pytest.raises(ReadError, match="no folder and no DICOM"):
        read_frames(tmp_path / "one.nii.gz", "DSC", series_uid="1.2.3")


def test_a_dicom_folder_is_one_volume_on_the_grid_of_its_mask(reference: Path) -> None:
    image = read_image(reference / SERIES)
    expected = sitk.ReadImage(reference / SERIES / ".." / "expected_mask.nii.gz")
    assert image.GetSize() == expected.GetSize()
    np.testing.assert_allclose(image.GetSpacing(), expected.GetSpacing(), atol=1e-4)
    np.testing.assert_allclose(image.GetOrigin(), expected.GetOrigin(), atol=1e-3)


def test_two_series_need_a_choice(reference: Path, tmp_path: Path) -> None:
    first, second = reference / SERIES, reference / "dicom_seg/dcmqi/24x38x3/image"
    for number, file in enumerate([*sorted(first.glob("*.dcm")), *sorted(second.glob("*.dcm"))]):
        shutil.copy(file, tmp_path / f"{number:03}.dcm")
    uids = {folder: sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))[0] for folder in (first, second)}
    with pytest.raises(ReadError) as caught:
        read_image(tmp_path)
    assert all(uid in str(caught.value) for uid in uids.values())
    assert "35 files" in str(caught.value)
    with pytest.raises(ReadError, match=r"no series 1\.2\.3"):
        read_image(tmp_path, series_uid="1.2.3")
    for folder, uid in uids.items():
        chosen = sitk.GetArrayFromImage(read_image(tmp_path, series_uid=uid))
        assert np.array_equal(chosen, sitk.GetArrayFromImage(read_image(folder)))


def test_a_missing_slice_is_refused(reference: Path, tmp_path: Path) -> None:
    for file in sorted((reference / SERIES).glob("*.dcm")):
        if file.stem != "000010":
            shutil.copy(file, tmp_path / file.name)
    with pytest.raises(ReadError, match=r"34 slices varies from 3\.27\d to 6\.54\d mm"):
        read_image(tmp_path)


def test_folders_without_images_and_series_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no DICOM"):
        read_image(tmp_path)
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkInt16), tmp_path / "a.nrrd")
    with pytest.raises(RadnecError, match="no folder"):
        read_image(tmp_path / "a.nrrd", series_uid="1.2.3")
