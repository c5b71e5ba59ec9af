"""DICOM series against the same voxels written as NIfTI, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import generate_uid

from radnec.errors import ReadError, ReadWarning
from radnec.imaging.readers import read_frame, read_frames, read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom.dataset import Dataset

Write = "Callable[..., str]"
OBLIQUE = (0.8, 0.6, 0.0, -0.36, 0.48, 0.8)
SERIES = "dicom_rtstruct/sts_002_mr/image"


def random_values(shape: tuple[int, ...] = (7, 6, 5), kind: Any = np.int16, seed: int = 0) -> np.ndarray[Any, Any]:
    limits = np.iinfo(kind)
    return np.random.default_rng(seed).integers(max(limits.min, -9000), min(limits.max, 9000), shape).astype(kind)


def as_nifti(folder: Path, values: Any, spacing: Any, origin: Any, orientation: Any) -> sitk.Image:
    """Write voxels as NIfTI through SimpleITK and read them back."""
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    image.SetDirection(np.stack([row, column, np.cross(row, column)], axis=1).ravel().tolist())
    sitk.WriteImage(image, folder / "same.nii.gz")
    return read_image(folder / "same.nii.gz")


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), OBLIQUE, (0, 1, 0, 0, 0, -1)], ids=str)
@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.uint8])
def test_a_series_equals_the_same_voxels_written_as_nifti(
    tmp_path: Path, write_series: Callable[..., str], orientation: Any, kind: type
) -> None:
    values = random_values(kind=kind)
    spacing, origin = (0.9, 0.7, 2.5), (-20.25, 31.5, -7.125)
    write_series(tmp_path / "dicom", values, spacing=spacing, origin=origin, orientation=orientation)
    expected = as_nifti(tmp_path, values, spacing, origin, orientation)
    image = read_image(tmp_path / "dicom")
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(expected))
    assert image.GetPixelID() == expected.GetPixelID()
    for ours, theirs in (
        (image.GetSpacing(), expected.GetSpacing()),
        (image.GetOrigin(), expected.GetOrigin()),
        (image.GetDirection(), expected.GetDirection()),
        (
            image.TransformIndexToPhysicalPoint((4, 5, 6)),
            expected.TransformIndexToPhysicalPoint((4, 5, 6)),
        ),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@pytest.mark.parametrize("name", [SERIES, "dicom_seg/dcmqi/24x38x3/image", "dicom_seg/dcmqi/ct-3slice"])
def test_real_series_equal_what_itk_reads(reference: Path, name: str) -> None:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(reference / name)))
    expected, image = reader.Execute(), read_image(reference / name)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(expected))
    np.testing.assert_allclose(image.GetSpacing(), expected.GetSpacing(), atol=1e-4)
    np.testing.assert_allclose(image.GetOrigin(), expected.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(image.GetDirection(), expected.GetDirection(), atol=1e-4)


def test_one_file_a_folder_and_a_uid_choose_the_same_series(tmp_path: Path, write_series: Callable[..., str]) -> None:
    values = random_values()
    first = write_series(tmp_path / "study" / "a", values, SeriesDescription="T1 post", name="IM{:04}.dcm")
    write_series(tmp_path / "study" / "b", values + 1, SeriesDescription="FLAIR")
    (tmp_path / "study" / "a" / "notes.txt").write_text("no image")
    with pytest.raises(ReadError) as caught:
        read_image(tmp_path / "study")
    assert f"{first}  MR, T1 post, 5×6×7, 7 files" in str(caught.value)
    assert "FLAIR" in str(caught.value)
    whole = read_image(tmp_path / "study", series_uid=first)
    for one in (read_image(tmp_path / "study" / "a"), read_image(tmp_path / "study" / "a" / "IM0900.dcm")):
        assert np.array_equal(sitk.GetArrayFromImage(one), values)
        assert one.GetOrigin() == whole.GetOrigin()
    with pytest.raises(ReadError, match=f"is of series {first}, not 1.2.9"):
        read_image(tmp_path / "study" / "a" / "IM0900.dcm", series_uid="1.2.9")


def test_other_objects_in_the_folder_are_passed_over(
    tmp_path: Path, write_series: Callable[..., str], reference: Path
) -> None:
    values = random_values()
    write_series(tmp_path, values)
    shutil.copy(reference / "dicom_seg/dcmqi/liver.dcm", tmp_path / "seg.dcm")
    shutil.copy(next((reference / "dicom_rtstruct/sts_002_mr").rglob("*[Mm]ask*/*.dcm")), tmp_path / "rtstruct.dcm")
    shot = pydicom.dcmread(tmp_path / "IM0900")
    del shot.ImagePositionPatient
    shot.SeriesInstanceUID = generate_uid()
    shot.save_as(tmp_path / "screenshot")
    (tmp_path / ".DS_Store").write_bytes(b"\0" * 300)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path)), values)
    with pytest.raises(ReadError, match="no image of a volume, but SEG"):
        read_image(tmp_path / "seg.dcm")


def test_a_folder_without_images_says_what_is_there(tmp_path: Path, reference: Path) -> None:
    shutil.copy(reference / "dicom_seg/dcmqi/liver.dcm", tmp_path / "seg.dcm")
    with pytest.raises(ReadError, match="holds no DICOM image series, only 1 SEG"):
        read_image(tmp_path)


def test_slope_and_intercept_are_those_of_each_slice(tmp_path: Path, write_series: Callable[..., str]) -> None:
    values = random_values()

    def scaled(file: Dataset, place: int) -> None:
        file.RescaleSlope, file.RescaleIntercept = f"{0.5 + place / 10:.1f}", str(place)

    write_series(tmp_path, values, vary=scaled)
    places = np.arange(7)[:, None, None]
    image = read_image(tmp_path)
    assert image.GetPixelIDTypeAsString() == "64-bit float"
    np.testing.assert_allclose(sitk.GetArrayFromImage(image), values * (0.5 + places / 10) + places, rtol=1e-15)


def test_whole_numbers_stay_whole_and_never_wrap(tmp_path: Path, write_series: Callable[..., str]) -> None:
    values = np.full((3, 4, 4), 32000, np.int16)
    write_series(tmp_path / "a", values, RescaleSlope="2", RescaleIntercept="-1024")
    image = read_image(tmp_path / "a")
    assert set(sitk.GetArrayFromImage(image).ravel().tolist()) == {2 * 32000 - 1024}
    assert image.GetPixelIDTypeAsString() == "32-bit signed integer"
    write_series(tmp_path / "b", values.astype(np.uint16), RescaleSlope="0")
    with pytest.raises(ReadError, match="RescaleSlope is 0"):
        read_image(tmp_path / "b")


def test_signed_values_of_12_bits_ignore_the_bits_above(tmp_path: Path, write_series: Callable[..., str]) -> None:
    values = np.random.default_rng(1).integers(-2048, 2048, (4, 5, 6)).astype(np.int16)
    # An overlay in the four bits that are not stored.
    packed = (values.astype(np.uint16) & 0x0FFF | 0xA000).astype(np.uint16)

    def signed(file: Dataset, _place: int) -> None:
        file.BitsStored, file.HighBit, file.PixelRepresentation = 12, 11, 1

    write_series(tmp_path, packed, vary=signed)
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path)), values)


def test_monochrome1_and_padding_are_left_as_stored(tmp_path: Path, write_series: Callable[..., str]) -> None:
    values = random_values()
    values[0, 0, 0] = -9999
    write_series(tmp_path, values, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=-9999)
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path)), values)


def test_big_endian_and_files_without_preamble_are_read(tmp_path: Path, write_series: Callable[..., str]) -> None:
    values = random_values()
    write_series(tmp_path / "big", values)
    for path in (tmp_path / "big").iterdir():
        file = pydicom.dcmread(path)
        file.PixelData = file.pixel_array.astype(">i2").tobytes()
        file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRBigEndian
        pydicom.dcmwrite(path, file, little_endian=False, implicit_vr=False, enforce_file_format=True)
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path / "big")), values)
    write_series(tmp_path / "bare", values)
    for path in (tmp_path / "bare").iterdir():
        # The group length says where the file meta information ends; without it, values have implicit types.
        file = pydicom.dcmread(path)
        file.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        pydicom.dcmwrite(path, file, implicit_vr=True, little_endian=True, enforce_file_format=True)
        content = path.read_bytes()
        skipped = 144 + int.from_bytes(content[140:144], "little") if path.name < "IM0899" else 132
        path.write_bytes(content[skipped:])
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path / "bare")), values)


def test_missing_slices_are_counted(tmp_path: Path, write_series: Callable[..., str]) -> None:
    write_series(tmp_path, random_values())
    (tmp_path / "IM0897").unlink()
    (tmp_path / "IM0896").unlink()
    with pytest.raises(ReadError, match=r"from 2\.500 to 7\.500 mm; 2 slices are missing, the first behind IM0898"):
        read_image(tmp_path)


def test_copies_of_slices_are_used_once_and_told(tmp_path: Path, write_series: Callable[..., str]) -> None:
    values = random_values()
    series = write_series(tmp_path / "a", values)
    write_series(tmp_path / "b", values[:2], series=series)
    shutil.copy(tmp_path / "a" / "IM0897", tmp_path / "copy")
    with pytest.warns(ReadWarning, match="3 slices are there twice with the same voxels"):
        image = read_image(tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(image), values)


def test_two_slices_with_different_voxels_in_one_place_are_refused(
    tmp_path: Path, write_series: Callable[..., str]
) -> None:
    series = write_series(tmp_path / "a", random_values())
    write_series(tmp_path / "b", random_values(seed=9)[:1], series=series)
    with pytest.raises(ReadError, match=r"two slices at \(-20\.25, 31\.50, -7\.12\) mm have different voxels"):
        read_image(tmp_path)


def test_gantry_tilt_is_refused_and_small_rounding_is_not(tmp_path: Path, write_series: Callable[..., str]) -> None:
    def tilted(file: Dataset, place: int) -> None:
        x, y, z = file.ImagePositionPatient
        file.ImagePositionPatient = [x, f"{float(y) + place * 2.5 * np.tan(np.radians(12)):.6f}", z]

    def rounded(file: Dataset, place: int) -> None:
        x, y, z = file.ImagePositionPatient
        file.ImagePositionPatient = [x, y, f"{float(z) + 0.01 * (place % 2):.2f}"]

    write_series(tmp_path / "tilt", random_values(), vary=tilted)
    with pytest.raises(ReadError, match=r"stacked at 12\.0° to their normal.*gantry"):
        read_image(tmp_path / "tilt")
    write_series(tmp_path / "rounded", random_values(), vary=rounded)
    # The mean over the stack, not the first distance of 2.51 mm.
    assert read_image(tmp_path / "rounded").GetSpacing()[2] == pytest.approx(2.5, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ImagePositionPatient": [-20.25, 31.5, 40.0]}, "unevenly spaced"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "2 orientations, as a localiser"),
        ({"ImageOrientationPatient": [1, 0, 0, 0.5, 1, 0]}, "two unit vectors at right angles"),
        ({"PixelSpacing": [1, 2]}, "several pixel spacings: 6 of 0.9000×0.7000 mm, 1 of 2.0000×1.0000 mm"),
        ({"PixelSpacing": [0, 1]}, "expected above 0"),
        ({"Rows": 3}, "several sizes: 6 of 5×6, 1 of 5×3"),
        ({"Rows": 60000}, "several sizes"),
        ({"ImagePositionPatient": [0, 0]}, "expected 3 finite numbers"),
    ],
    ids=str,
)
def test_slices_that_do_not_fit_are_refused(
    tmp_path: Path, write_series: Callable[..., str], change: dict[str, Any], told: str
) -> None:
    def changed(file: Dataset, place: int) -> None:
        for keyword, value in change.items() if place == 6 else ():
            setattr(file, keyword, value)

    write_series(tmp_path, random_values(), vary=changed)
    with pytest.raises(ReadError, match=told):
        read_image(tmp_path)


def test_one_slice_is_no_volume(tmp_path: Path, write_series: Callable[..., str]) -> None:
    write_series(tmp_path, random_values()[:1])
    with pytest.raises(ReadError, match="one slice only"):
        read_image(tmp_path)


@pytest.mark.parametrize(
    ("keyword", "values", "told"),
    [
        ("EchoTime", ["30", "10"], r"echo time \(EchoTime\): 10, 30"),
        ("TemporalPositionIdentifier", [2, 1], "temporal position"),
        ("AcquisitionNumber", [2, 1], "acquisition number"),
        ("DiffusionBValue", [1000.0, 0.0], r"b-value \(DiffusionBValue\): 0, 1000"),
        ("ImageType", [["DERIVED", "P"], ["DERIVED", "M"]], r"image type.*DERIVED\\M, DERIVED\\P"),
    ],
)
def test_several_volumes_are_told_apart_and_read_one_by_one(
    tmp_path: Path, write_series: Callable[..., str], keyword: str, values: list[Any], told: str
) -> None:
    volumes = [random_values(seed=1), random_values(seed=2)]
    series = generate_uid()
    for number, (value, volume) in enumerate(zip(values, volumes, strict=True)):
        write_series(tmp_path / str(number), volume, series=series, **{keyword: value})
    with pytest.raises(ReadError, match=f"2 volumes of 7 slices that differ in {told}.*read_frame"):
        read_image(tmp_path)
    # The lower value comes first.
    assert np.array_equal(sitk.GetArrayFromImage(read_frame(tmp_path, 0)), volumes[1])
    assert np.array_equal(sitk.GetArrayFromImage(read_frame(tmp_path, 1, series_uid=series)), volumes[0])
    together = [sitk.GetArrayFromImage(one) for one in read_frames(tmp_path, "DSC", series_uid=series)]
    assert np.array_equal(together, volumes[::-1])
    with pytest.raises(ReadError, match=r"no frame 2: its 2 frame\(s\)"):
        read_frame(tmp_path, 2)


def test_volumes_that_differ_in_two_attributes(tmp_path: Path, write_series: Callable[..., str]) -> None:
    series = generate_uid()
    for place, (echo, kind) in enumerate([(10, "M"), (10, "P"), (20, "M"), (20, "P")]):
        write_series(
            tmp_path / str(place), random_values(seed=place), series=series, EchoTime=echo, ImageType=["ORIGINAL", kind]
        )
    with pytest.raises(ReadError, match=r"echo time \(EchoTime\) and image type"):
        read_image(tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(read_frame(tmp_path, 3)), random_values(seed=3))


def test_siemens_private_b_values_tell_volumes_apart(tmp_path: Path, write_series: Callable[..., str]) -> None:
    series = generate_uid()
    for place, b in enumerate([800, 0]):

        def private(file: Dataset, _place: int, b: int = b) -> None:
            file.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0C, "IS", str(b))

        write_series(tmp_path / str(place), random_values(seed=place), series=series, vary=private)
    with pytest.raises(ReadError, match=r"b-value \(DiffusionBValue\): 0, 800"):
        read_image(tmp_path)


def test_cut_and_damaged_files_are_refused(tmp_path: Path, write_series: Callable[..., str]) -> None:
    write_series(tmp_path, random_values((5, 40, 40)))
    path = tmp_path / "IM0898"
    content = path.read_bytes()
    for cut in (len(content) - 10, 700, 140):
        path.write_bytes(content[:cut])
        with pytest.raises(ReadError):
            read_image(tmp_path)


def test_a_real_series_with_a_slice_missing_or_tilted_position_order_is_stable(reference: Path, tmp_path: Path) -> None:
    for number, file in enumerate(sorted((reference / SERIES).glob("*.dcm"), reverse=True)):
        shutil.copy(file, tmp_path / f"{number:03}")
    ours, theirs = read_image(tmp_path), read_image(reference / SERIES)
    assert np.array_equal(sitk.GetArrayFromImage(ours), sitk.GetArrayFromImage(theirs))
    assert ours.GetOrigin() == theirs.GetOrigin()


def test_without_pydicom_other_formats_are_read_and_dicom_says_what_to_install(
    tmp_path: Path, write_series: Callable[..., str]
) -> None:
    write_series(tmp_path / "dicom", random_values())
    sitk.WriteImage(sitk.Image(4, 5, 6, sitk.sitkInt16), tmp_path / "t1.nii.gz")
    code = """
import sys
from pathlib import Path
sys.modules["pydicom"] = None
from radnec.errors import MissingDependencyError, ReadError
from radnec.imaging.readers import read_image
folder = Path(sys.argv[1])
assert read_image(folder / "t1.nii.gz").GetSize() == (4, 5, 6)
try:
    read_image(folder / "dicom")
except MissingDependencyError as error:
    assert 'pip install "radnec[dicom]"' in str(error), error
else:
    raise AssertionError("DICOM was read without pydicom")
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


@pytest.mark.parametrize("keyword", ["PatientID", "StudyInstanceUID", "FrameOfReferenceUID"])
def test_files_of_two_patients_studies_or_frames_are_no_series(
    tmp_path: Path, write_series: Callable[..., str], keyword: str
) -> None:
    write_series(tmp_path, random_values(), vary=lambda file, place: setattr(file, keyword, f"1.2.{place // 4}"))
    with pytest.raises(ReadError, match=rf"holds files of several {keyword} \(1\.2\.0, 1\.2\.1\)"):
        read_image(tmp_path)


def test_files_that_do_not_tell_their_patient_agree_with_all(tmp_path: Path, write_series: Callable[..., str]) -> None:
    write_series(tmp_path, random_values(), vary=lambda file, place: setattr(file, "PatientID", "A " if place else ""))
    assert read_image(tmp_path).GetSize() == (5, 6, 7)


@pytest.mark.parametrize(
    ("first", "made", "told"),
    [
        (3, None, "numbered from 3 to 9: some may be missing"),
        (1, 9, "holds 7 slices, and ImagesInAcquisition is 9: some"),
        (3, 9, "numbered from 3 to 9 and it holds 7 slices"),
    ],
)
@pytest.mark.parametrize("downwards", [False, True])
def test_slices_that_seem_to_be_missing_at_an_end_are_told(
    tmp_path: Path, write_series: Callable[..., str], first: int, made: int | None, told: str, downwards: bool
) -> None:
    def vary(file: Dataset, place: int) -> None:
        file.InstanceNumber = first + (6 - place if downwards else place)
        if made:
            file.ImagesInAcquisition = made

    write_series(tmp_path, random_values(), vary=vary)
    with pytest.warns(ReadWarning, match=told):
        assert read_image(tmp_path).GetSize() == (5, 6, 7)


@pytest.mark.parametrize(
    ("numbers", "made"),
    [
        (range(7), None),  # counted from 0
        (range(1, 8), 7),
        (range(8, 15), 14),  # the second of two b-values, in a series of its own
        (range(1, 8), 28),  # one of four contrasts of one acquisition
        (range(2, 16, 2), None),  # one of two echoes
        ((3, 7, 4, 8, 5, 9, 6), None),  # numbered as they were taken
        ([*range(3, 9), [9, 9]], None),  # damaged
    ],
)
def test_numbers_that_say_nothing_about_the_ends_are_no_alarm(
    tmp_path: Path, write_series: Callable[..., str], numbers: Any, made: int | None
) -> None:
    def vary(file: Dataset, place: int) -> None:
        file.InstanceNumber = numbers[place]
        if made:
            file.ImagesInAcquisition = made

    write_series(tmp_path, random_values(), vary=vary)
    assert read_image(tmp_path).GetSize() == (5, 6, 7)
