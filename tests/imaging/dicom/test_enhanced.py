"""Enhanced multi-frame MR: geometry and scaling of each frame, several volumes in one file, several files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk
from highdicom import spatial
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from radnec.errors import ReadError
from radnec.imaging.readers import read_frame, read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OBLIQUE = (0.8, 0.6, 0.0, -0.36, 0.48, 0.8)
ORIGIN = (-20.25, 31.5, -7.125)
STEP = 2.5


def group(**attributes: Any) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, [value] if isinstance(value, Dataset) else value)
    return made


def position(place: int) -> list[str]:
    normal = np.cross(OBLIQUE[:3], OBLIQUE[3:])
    return [f"{value:.9g}" for value in np.array(ORIGIN) + place * STEP * normal]


def frame_group(place: int, **more: Dataset) -> Dataset:
    return group(PlanePositionSequence=group(ImagePositionPatient=position(place)), **more)


def scaling(slope: float, intercept: float) -> Dataset:
    return group(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="US")


SHARED = group(
    PlaneOrientationSequence=group(ImageOrientationPatient=list(OBLIQUE)),
    PixelMeasuresSequence=group(PixelSpacing=[0.7, 0.9], SliceThickness=99),
)


def random_values(frames: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 4000, (frames, 6, 5)).astype(np.uint16)


def test_frames_in_any_order_lie_where_they_say_with_their_own_scale(
    tmp_path: Path, write_enhanced: Callable[..., Dataset]
) -> None:
    values, order = random_values(7), [3, 0, 6, 1, 5, 2, 4]
    frames = [frame_group(place, PixelValueTransformationSequence=scaling(1 + place / 2, place)) for place in order]
    written = write_enhanced(tmp_path / "IM1", values[order], frames, SHARED)
    image = read_image(tmp_path / "IM1")
    places = np.arange(7)[:, None, None]
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), values * (1 + places / 2) + places)
    np.testing.assert_allclose(image.GetSpacing(), (0.9, 0.7, STEP), atol=1e-4)
    np.testing.assert_allclose(image.GetOrigin(), ORIGIN, atol=1e-4)
    # highdicom maps row, column and slice by itself.
    # highdicom's own mapping from (column, row, slice) to the patient.
    index = np.array([[4, 5, 0]])
    mapped = spatial.ImageToReferenceTransformer(ORIGIN, OBLIQUE, (0.7, 0.9))(index[:, :2] + 0.5)
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(index[0].tolist()), mapped[0], atol=1e-4)
    assert written.NumberOfFrames == 7
    assert np.array_equal(sitk.GetArrayFromImage(read_image(tmp_path)), sitk.GetArrayFromImage(image))


def test_a_shared_scale_and_per_frame_orientation(tmp_path: Path, write_enhanced: Callable[..., Dataset]) -> None:
    values = random_values(3)
    orientation = group(ImageOrientationPatient=list(OBLIQUE))
    frames = [frame_group(place, PlaneOrientationSequence=orientation) for place in range(3)]
    shared = group(
        PixelMeasuresSequence=group(PixelSpacing=[0.7, 0.9]), PixelValueTransformationSequence=scaling(2.0, -7.0)
    )
    write_enhanced(tmp_path / "IM1", values, frames, shared)
    image = read_image(tmp_path)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), values.astype(int) * 2 - 7)
    assert image.GetPixelIDTypeAsString() == "32-bit signed integer"


def echo(time: float) -> Dataset:
    return group(EffectiveEchoTime=time)


def test_echoes_of_one_file_are_read_one_by_one(tmp_path: Path, write_enhanced: Callable[..., Dataset]) -> None:
    values = random_values(8)
    frames = [frame_group(place, MREchoSequence=echo(time)) for place in range(4) for time in (30.0, 10.0)]
    write_enhanced(tmp_path / "IM1", values, frames, SHARED)
    with pytest.raises(ReadError, match=r"2 volumes of 4 slices that differ in echo time \(EchoTime\): 10, 30"):
        read_image(tmp_path / "IM1")
    assert np.array_equal(sitk.GetArrayFromImage(read_frame(tmp_path / "IM1", 0)), values[1::2])
    assert np.array_equal(sitk.GetArrayFromImage(read_frame(tmp_path / "IM1", 1)), values[::2])


def test_diffusion_weighted_frames_differ_in_b_value_and_direction(
    tmp_path: Path, write_enhanced: Callable[..., Dataset]
) -> None:
    def weighting(b: float, direction: list[float]) -> Dataset:
        gradient = group(DiffusionGradientOrientation=direction)
        return group(DiffusionBValue=b, DiffusionGradientDirectionSequence=gradient)

    kinds = [(0.0, [0.0, 0.0, 0.0]), (1000.0, [1.0, 0.0, 0.0]), (1000.0, [0.0, 1.0, 0.0])]
    values = random_values(6)
    frames = [frame_group(place, MRDiffusionSequence=weighting(*kind)) for kind in kinds for place in range(2)]
    write_enhanced(tmp_path / "IM1", values, frames, SHARED)
    with pytest.raises(ReadError, match="3 volumes of 2 slices that differ in diffusion direction"):
        read_image(tmp_path)
    assert np.array_equal(sitk.GetArrayFromImage(read_frame(tmp_path, 0)), values[:2])


def test_a_file_per_time_point(tmp_path: Path, write_enhanced: Callable[..., Dataset]) -> None:
    series, volumes = generate_uid(), [random_values(3, seed) for seed in range(3)]
    frames = [frame_group(place) for place in range(3)]
    for number, volume in enumerate(volumes):
        write_enhanced(tmp_path / f"IM{9 - number}", volume, frames, SHARED, series=series, InstanceNumber=number + 1)
    with pytest.raises(ReadError, match=r"3 volumes of 3 slices that differ in instance number"):
        read_image(tmp_path)
    for number, volume in enumerate(volumes):
        assert np.array_equal(sitk.GetArrayFromImage(read_frame(tmp_path, number)), volume)


def test_an_interrupted_series_is_refused(tmp_path: Path, write_enhanced: Callable[..., Dataset]) -> None:
    frames = [frame_group(place, MREchoSequence=echo(time)) for time in (10.0, 30.0) for place in range(3)][:-1]
    write_enhanced(tmp_path / "IM1", random_values(5), frames, SHARED)
    with pytest.raises(ReadError, match="different voxels, IM1 and IM1 frame 3"):
        read_image(tmp_path)


def test_frames_without_groups_or_with_too_few_are_refused(
    tmp_path: Path, write_enhanced: Callable[..., Dataset]
) -> None:
    frames = [frame_group(place) for place in range(3)]
    write_enhanced(tmp_path / "few", random_values(4), frames, SHARED)
    with pytest.raises(ReadError, match="holds 4 frames, but functional groups of 3"):
        read_image(tmp_path / "few")
    written = write_enhanced(tmp_path / "cut" / "IM1", random_values(3), frames, SHARED)
    written.NumberOfFrames = 300
    written.PerFrameFunctionalGroupsSequence = [frame_group(place) for place in range(300)]
    written.save_as(tmp_path / "cut" / "IM1")
    with pytest.raises(ReadError, match="holds 180 bytes of pixels, and its header claims 18000"):
        read_image(tmp_path / "cut")
    written.ImagePositionPatient = [0, 0, 0]
    del written.PerFrameFunctionalGroupsSequence
    written.save_as(tmp_path / "cut" / "IM1")
    with pytest.raises(ReadError, match="300 frames without functional groups"):
        read_image(tmp_path / "cut")
