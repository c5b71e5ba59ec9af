"""DICOM SEG files: those of another project with the voxels they hold, and kinds written with highdicom."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.errors import (
    AbsentLabelError,
    CohortError,
    EmptyMaskError,
    GeometryError,
    MaskError,
    MaskWarning,
    ReadError,
)
from radnec.imaging.masks import open_mask, read_mask
from radnec.imaging.masks.split_cohort import split_cohort
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pydicom = pytest.importorskip("pydicom")
pytest.importorskip("highdicom")

DCMQI = [
    ("liver", "ct-3slice", {1: ("liver_seg", 1)}),
    (
        "partial_overlaps",
        "ct-3slice",
        {n: (f"partial_overlaps-{k}", n) for n, k in ((1, 1), (2, 2), (3, 3), (4, 1), (5, 1))},
    ),
    ("sparse-labelmap-noppv", "24x38x3/image", {1: ("sparse_labelmap_noppv_seg", 1)}),
    # The NRRD also holds the padding value 5 in the slice that the SEG leaves out.
    ("sparse-labelmap-ppv5", "24x38x3/image", {1: ("sparse_labelmap_ppv5_seg", 1)}),
]


@pytest.mark.parametrize(("file", "series", "expected"), DCMQI)
def test_files_of_another_project_give_exactly_their_voxels(
    reference: Path, file: str, series: str, expected: dict[int, tuple[str, int]]
) -> None:
    folder = reference / "dicom_seg" / "dcmqi"
    source = open_mask(folder / f"{file}.dcm", read_image(folder / series))
    assert [segment.number for segment in source.segments()] == list(expected)
    layers = source.layers(list(expected))
    for (number, (name, value)), layer in zip(expected.items(), layers, strict=True):
        truth = sitk.GetArrayFromImage(sitk.ReadImage(folder / f"{name}.nrrd")) == value
        assert np.array_equal(sitk.GetArrayFromImage(source.select(number)) == 1, truth)
        assert isinstance(layer, tuple)
        assert np.array_equal(sitk.GetArrayFromImage(layer[0]) == layer[1], truth)
        placement = source.placement(number)
        assert placement.voxels_before == placement.voxels_after == truth.sum()
        assert placement.notes == ()


def test_overlapping_segments_are_kept_apart_and_read_by_name(reference: Path) -> None:
    folder = reference / "dicom_seg" / "dcmqi"
    source = open_mask(folder / "partial_overlaps.dcm", read_image(folder / "ct-3slice"))
    green, orange = (sitk.GetArrayFromImage(source.select(name)) for name in ("GREEN", "ORANGE"))
    assert (green & orange).any()
    assert green.sum() == 9602
    with pytest.raises(AbsentLabelError, match=r"no segment 'Green'; it holds 1 'GREEN', .*did you mean 'GREEN'"):
        source.select("Green")


SIZE = (7, 6, 9)


@pytest.fixture
def series(tmp_path: Path) -> list[Any]:
    """Return the datasets of an oblique MR series of 9 slices 2.5 mm apart."""
    axes = np.array([[0.8, 0.6, 0.0], [-0.48, 0.64, 0.6], [0.36, -0.48, 0.8]])
    made = []
    for k in range(SIZE[2]):
        one = pydicom.Dataset()
        one.file_meta = pydicom.dataset.FileMetaDataset()
        one.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        one.SOPClassUID, one.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", f"1.2.3.{k + 1}"
        one.StudyInstanceUID, one.SeriesInstanceUID, one.FrameOfReferenceUID = "1.2.1", "1.2.2", "1.2.4"
        one.Modality, one.PatientName, one.PatientID = "MR", "A^B", "P1"
        one.PatientBirthDate = one.PatientSex = one.StudyDate = one.StudyTime = one.AccessionNumber = ""
        one.StudyID = one.ReferringPhysicianName = one.SeriesNumber = ""
        one.Rows, one.Columns, one.InstanceNumber = SIZE[1], SIZE[0], k + 1
        one.PixelSpacing, one.SliceThickness = [0.9, 0.9], 2.0
        one.ImageOrientationPatient = [float(value) for value in axes[:2].ravel()]
        one.ImagePositionPatient = [round(float(v), 6) for v in np.array([10, -20, 30]) + 2.5 * k * axes[2]]
        one.SamplesPerPixel, one.PhotometricInterpretation, one.PixelRepresentation = 1, "MONOCHROME2", 0
        one.BitsAllocated, one.BitsStored, one.HighBit = 16, 16, 15
        one.PixelData = np.full(SIZE[1::-1], k, dtype=np.uint16).tobytes()
        made.append(one)
        one.save_as(tmp_path / f"{k}.dcm", enforce_file_format=True)
    return made


@pytest.fixture
def image(series: list[Any]) -> sitk.Image:
    """Return the series as an image; its geometry is written out here, apart from radnec's reader."""
    image = sitk.Image(*SIZE, sitk.sitkInt16)
    image.SetSpacing((0.9, 0.9, 2.5))
    image.SetOrigin([float(value) for value in series[0].ImagePositionPatient])
    rows = np.array(series[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    image.SetDirection(np.stack([*rows, np.cross(*rows)], axis=1).ravel().tolist())
    return image


@pytest.fixture
def write(series: list[Any], tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes arrays (z, y, x), one for each segment, as SEG."""
    from highdicom import UID
    from highdicom.seg import Segmentation, SegmentDescription
    from pydicom.sr.codedict import codes

    def written(
        *arrays: np.ndarray,
        names: tuple[str, ...] = ("core", "rim"),
        kind: str = "BINARY",
        change: Callable[[Any], None] = lambda _: None,
    ) -> Path:
        described = [
            SegmentDescription(
                segment_number=number,
                segment_label=name,
                segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
                segmented_property_type=codes.SCT.Lesion,
                algorithm_type="MANUAL",
            )
            for number, name in zip(range(1, len(arrays) + 1), names, strict=False)
        ]
        with warnings.catch_warnings():
            # highdicom remarks on names and on frames that it leaves out.
            warnings.simplefilter("ignore")
            pixels = np.stack(arrays, axis=-1)
            made = Segmentation(series, pixels, kind, described, UID(), 1, UID(), 1, "m", "m", "1", "1")
            change(made)
            path = tmp_path / "seg" / "seg.dcm"
            path.parent.mkdir(exist_ok=True)
            made.save_as(path)
        return path

    return written


def block(*slices: int, rows: slice = slice(1, 4), columns: slice = slice(2, 6)) -> np.ndarray:
    found = np.zeros(SIZE[::-1], dtype=bool)
    for k in slices:
        found[k, rows, columns] = True
    return found


def drop_spacing(made: Any) -> None:
    del made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices


@pytest.mark.parametrize("change", [lambda _: None, drop_spacing])
@pytest.mark.parametrize("slices", [(1, 2, 3), (2, 5, 7), (4,), (0, 8), (2, 6, 8)])
def test_gaps_and_single_frames_are_placed_by_position(
    write: Callable[..., Path], image: sitk.Image, slices: tuple[int, ...], change: Callable[[Any], None]
) -> None:
    """Without the optional distance of slices, positions 2, 5 and 7 alone do not tell it."""
    mask = read_mask(write(block(*slices), change=change), image)
    assert np.array_equal(sitk.GetArrayFromImage(mask) == 1, block(*slices))


@pytest.mark.parametrize("change", [lambda _: None, drop_spacing])
@pytest.mark.parametrize("slices", [(2, 3, 4), (2, 5, 7), (4,)])
def test_a_file_drawn_on_slices_twice_as_far_apart_is_refused(
    write: Callable[..., Path], image: sitk.Image, slices: tuple[int, ...], change: Callable[[Any], None]
) -> None:
    """On every other slice of the finer image, the lesion would have half its volume."""
    finer = sitk.Image(*SIZE[:2], 2 * SIZE[2], sitk.sitkInt16)
    finer.SetOrigin(image.GetOrigin())
    finer.SetDirection(image.GetDirection())
    finer.SetSpacing((0.9, 0.9, 1.25))
    path = write(block(*slices), change=change)
    with pytest.raises(GeometryError, match=r"mm are not those of the image|how far apart its slices are"):
        read_mask(path, finer)
    before_ml = block(*slices).sum() * 0.9 * 0.9 * 2.5 / 1000
    assert open_mask(path, image).placement(1).volume_ml_before == pytest.approx(before_ml)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_segments_by_number_and_name(write: Callable[..., Path], image: sitk.Image, kind: str) -> None:
    core, rim = block(2, 3), block(3, 6, rows=slice(4, 6))
    source = open_mask(write(core, rim, kind=kind).parent, image)
    assert [(one.number, one.name, one.voxels) for one in source.segments()] == [(1, "core", 24), (2, "rim", 16)]
    for label, truth in ((1, core), ("core", core), (2, rim), ("rim", rim)):
        assert np.array_equal(sitk.GetArrayFromImage(source.select(label)) == 1, truth)
    (first, one), (second, two) = source.layers(["core", 2])
    assert first is second
    assert one != two


def test_fractions_are_cut_at_the_threshold_and_it_is_told(write: Callable[..., Path], image: sitk.Image) -> None:
    values = np.zeros(SIZE[::-1])
    values[4, 2, 1:6] = 0.2, 0.49, 0.51, 0.8, 1.0
    path = write(values, kind="FRACTIONAL")
    with pytest.warns(MaskWarning, match=r"holds fractions; voxels of at least 0\.5"):
        assert sitk.GetArrayFromImage(read_mask(path, image)).sum() == 3
    with pytest.warns(MaskWarning, match=r"at least 0\.7"):
        assert sitk.GetArrayFromImage(open_mask(path, image, threshold=0.7).select(1)).sum() == 2
    with pytest.warns(MaskWarning, match=r"at least 0\.9"):
        assert sitk.GetArrayFromImage(read_mask(path, image, threshold=0.9)).sum() == 1
    with pytest.raises(MaskError, match="threshold is 0; expected"):
        open_mask(path, image, threshold=0)


def fractions(write: Callable[..., Path], tmp_path: Path) -> pd.DataFrame:
    """Return a cohort of a lesion whose inner 12 voxels are sure, and the 24 round them likely by 0.4."""
    values = 0.4 * block(2, 3, 4) + 0.5 * block(3)
    image_path, mask_path = tmp_path / "t1.nii.gz", write(values, kind="FRACTIONAL")
    sitk.WriteImage(read_image(tmp_path, series_uid="1.2.2"), image_path)
    row = {"patient_id": "P1", "session_id": "1", "lesion_id": "1", "sequence": "T1wCE", "image_path": str(image_path)}
    return pd.DataFrame([row | {"mask_path": str(mask_path)}])


@pytest.mark.filterwarnings("ignore:.*holds fractions:radnec.errors.MaskWarning")
def test_the_cohort_says_from_which_fraction_a_voxel_is_inside(write: Callable[..., Path], tmp_path: Path) -> None:
    cohort, volumes = fractions(write, tmp_path), []
    config = radnec.ExtractionConfig(feature_classes={"shape": ["VoxelVolume"]})
    for threshold, counts in ((None, {}), (0.3, {"0.3": 1}), (0.5, {})):
        cohort["mask_threshold"] = threshold
        read = radnec.read_cohort(cohort)
        told = radnec.check(read).frame()
        assert f"at least {threshold or 0.5:g} are taken as inside" in told.loc[told["code"] == "RN017", "found"].item()
        table = radnec.extract(read, config, cache=tmp_path / "cache")
        assert table.attrs["radnec"]["thresholds"] == counts
        volumes.append(table["T1wCE_original_shape_VoxelVolume"].item() / (0.9 * 0.9 * 2.5))
    np.testing.assert_allclose(volumes, [12, 36, 12], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:.*(holds fractions|were split into):radnec.errors.MaskWarning")
def test_lesions_are_split_at_their_threshold_which_the_label_map_no_longer_needs(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    cohort = fractions(write, tmp_path)
    write(0.4 * block(1, 2) + 0.9 * block(5), kind="FRACTIONAL")
    split = split_cohort(radnec.read_cohort(cohort.assign(mask_threshold=0.3)), tmp_path / "split", min_voxels=1)
    assert split["component_voxels"].tolist() == [24, 12]
    assert split["mask_threshold"].isna().all()


def test_thresholds_that_contradict_or_are_no_fraction_are_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    cohort = fractions(write, tmp_path)
    twice = pd.concat([cohort, cohort.assign(sequence="FLAIR")]).assign(mask_threshold=[0.3, None])
    for ask in (radnec.read_cohort, radnec.extract):
        with pytest.raises(CohortError, match="0\\.3"):
            ask(twice.reset_index(drop=True))
        with pytest.raises(CohortError, match="mask_threshold"):
            ask(cohort.assign(mask_threshold=0.0))


def test_a_crop_a_larger_image_and_turned_axes_hold_the_same_voxels(
    write: Callable[..., Path], image: sitk.Image
) -> None:
    path = write(block(3, 4))
    crop = image[1:7, 0:5, 2:8]
    assert np.array_equal(sitk.GetArrayFromImage(read_mask(path, crop)) == 1, block(3, 4)[2:8, 0:5, 1:7])
    padded = sitk.ConstantPad(image, (3, 1, 0), (0, 2, 4))
    mask = sitk.GetArrayFromImage(read_mask(path, padded))
    assert np.array_equal(mask[:9, 1:7, 3:] == 1, block(3, 4))
    assert mask.sum() == 24
    turned = sitk.PermuteAxes(sitk.Flip(image, (True, False, True)), (2, 0, 1))
    mask = sitk.Flip(sitk.PermuteAxes(read_mask(path, turned), (1, 2, 0)), (True, False, True))
    assert np.array_equal(sitk.GetArrayFromImage(mask) == 1, block(3, 4))


def test_another_grid_is_refused(write: Callable[..., Path], image: sitk.Image) -> None:
    path = write(block(3, 4))
    with pytest.raises(GeometryError, match=r"12 of its 24 voxels lie outside the image"):
        read_mask(path, image[:, :, 4:])
    moved = sitk.Image(image)
    moved.SetOrigin(moved.TransformContinuousIndexToPhysicalPoint((0.4, 0.0, 0.0)))
    with pytest.raises(GeometryError, match=r"lie up to 0\.36 mm beside those of the image\. .*align_mask"):
        read_mask(path, moved)
    for spacing in ((1.0, 1.0, 2.5), (0.9, 0.9, 2.0)):
        other = sitk.Image(image)
        other.SetSpacing(spacing)
        with pytest.raises(GeometryError, match=r"voxels of .* mm are not those of the image"):
            read_mask(path, other)
    other = sitk.Image(image)
    other.SetDirection(np.eye(3).ravel().tolist())
    with pytest.raises(GeometryError, match="turned by"):
        read_mask(path, other)
    image.SetMetaData("0020|0052", "9.9")
    with pytest.raises(GeometryError, match=r"frame of reference 1\.2\.4, and that of the image is 9\.9"):
        read_mask(path, image)


def test_an_empty_segment_two_of_one_name_and_a_cut_file(write: Callable[..., Path], image: sitk.Image) -> None:
    source = open_mask(write(block(2), block(), names=("core", "core")), image)
    with pytest.raises(EmptyMaskError, match="segment 2 'core' marks no voxel"):
        source.select(2)
    with pytest.raises(MaskError, match="'core' fits 2 segments: 1 'core', 2 'core'"):
        source.select("core")
    path = write(block(2, 3))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ReadError, match="damaged or cut short"):
        open_mask(path, image).select(1)


def test_frames_of_no_volume_are_refused(write: Callable[..., Path], image: sitk.Image) -> None:
    def move(made: Any) -> None:
        made.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient = [0, 0, 0]

    with pytest.raises(GeometryError):
        read_mask(write(block(2, 5, 7), change=move), image)


def same_place(made: Any) -> None:
    first, second, *_ = made.PerFrameFunctionalGroupsSequence
    second.PlanePositionSequence = first.PlanePositionSequence


def absent_segment(made: Any) -> None:
    for frame in made.PerFrameFunctionalGroupsSequence:
        frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 9


def turned(made: Any) -> None:
    plane = made.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    row, column = np.reshape(plane.ImageOrientationPatient, (2, 3)).astype(float)
    plane.ImageOrientationPatient = [*-row, *column]


def no_spacing(made: Any) -> None:
    made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0, 0]


def reshaped(made: Any) -> None:
    made.Rows, made.Columns = made.Rows // 2, made.Columns * 2


@pytest.mark.parametrize("change", [same_place, absent_segment, turned, no_spacing, reshaped])
def test_frames_that_contradict_the_file_mark_nothing(
    write: Callable[..., Path], image: sitk.Image, change: Callable[[Any], None]
) -> None:
    path = write(block(2, 3), block(4, 5), change=change)
    with pytest.raises((ReadError, GeometryError, EmptyMaskError), match=r"seg\.dcm"):
        read_mask(path, image, label="core")


def test_the_series_that_was_drawn_on_is_known_by_its_frame_of_reference(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    path = write(block(2, 5, 7))
    image = read_image(tmp_path, series_uid="1.2.2")
    assert np.array_equal(sitk.GetArrayFromImage(read_mask(path, image)) == 1, block(2, 5, 7))

    def elsewhere(made: Any) -> None:
        made.FrameOfReferenceUID = "1.2.77"

    with pytest.raises(GeometryError, match=r"frame of reference 1\.2\.77, and that of the image is 1\.2\.4"):
        read_mask(write(block(2), change=elsewhere), image)
