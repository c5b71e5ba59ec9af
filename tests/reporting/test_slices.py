"""Slices lie as radiologists see them, whatever the order of the voxels in the file."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.backends.backend_agg import FigureCanvasAgg

from radnec.errors import ImageError
from radnec.reporting.slices import PLANES, Volume, lesion_figure

AXIAL, CORONAL, SAGITTAL = PLANES
SPACING = (1.0, 2.0, 4.0)
RIGHT, FRONT, HEAD = 900.0, 700.0, 500.0


def phantom() -> tuple[sitk.Image, sitk.Image]:
    """Return a head whose right, front and top are marked, and a lesion largest at (x, y, z) = (20, 15, 6), LPS."""
    values = np.full((12, 30, 40), 100.0, np.float32)
    values[:, :, :4], values[:, :3, 4:], values[10:, 3:, 4:] = RIGHT, FRONT, HEAD
    inside = np.zeros(values.shape, np.uint8)
    inside[6, 13:18, 17:24] = inside[4:9, 15, 20] = 1
    images = [sitk.GetImageFromArray(array) for array in (values, inside)]
    for image in images:
        image.SetSpacing(SPACING)
    return images[0], images[1]


@pytest.mark.parametrize("order", ["LPS", "RAS", "PIR", "SAL", "ASR"])
def test_right_is_left_front_is_up_and_head_is_up(order):
    volume = Volume.of(*(sitk.DICOMOrient(image, order) for image in phantom()))
    axial, _, spacing = volume.section(AXIAL)
    assert spacing.tolist() == [2.0, 1.0]
    assert (axial[20, 1], axial[20, -2], axial[1, 20], axial[-2, 20]) == (RIGHT, 100, FRONT, 100)
    coronal, _, spacing = volume.section(CORONAL)
    assert spacing.tolist() == [4.0, 1.0]
    assert (coronal[5, 1], coronal[0, 20], coronal[-1, 20]) == (RIGHT, HEAD, 100)
    sagittal, _, spacing = volume.section(SAGITTAL)
    assert spacing.tolist() == [4.0, 2.0]
    assert (sagittal[5, 1], sagittal[5, -2], sagittal[0, 10]) == (FRONT, 100, HEAD)


def test_the_slice_of_the_largest_area_is_shown():
    volume = Volume.of(*phantom())
    assert [volume.largest(plane) for plane in PLANES] == [6, 15, 20]
    assert [int(volume.section(plane)[1].sum()) for plane in PLANES] == [35, 11, 9]
    assert volume.volume_ml == pytest.approx((35 + 4) * 8 / 1000)


def test_the_window_follows_the_brain_where_it_is_known():
    image, mask = phantom()
    array = sitk.GetArrayFromImage(image)
    brain = sitk.GetImageFromArray((array == 100).astype(np.uint8) | (array == HEAD).astype(np.uint8))
    brain.CopyInformation(image)
    assert Volume.of(image, mask, brain).window == (100, HEAD)


def test_millimetres_are_alike_in_all_directions():
    figure = lesion_figure(Volume.of(*phantom()))
    FigureCanvasAgg(figure).draw()
    per_mm = []
    for axes in figure.axes[:3]:
        box, (left, right), (bottom, top) = axes.get_window_extent(), axes.get_xlim(), axes.get_ylim()
        per_mm += [box.width / abs(right - left), box.height / abs(bottom - top)]
    assert per_mm == pytest.approx([per_mm[0]] * 6, rel=0.02)
    letters = [[text.get_text() for text in axes.texts] for axes in figure.axes[:3]]
    assert letters == [list("RLAP"), list("RLSI"), list("APSI")]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_image_of_nothing_is_refused_and_holes_are_not(value):
    image, mask = phantom()
    array = sitk.GetArrayFromImage(image)
    array[:2] = value
    holed = sitk.GetImageFromArray(array)
    holed.CopyInformation(image)
    assert np.isfinite(Volume.of(holed, mask).values).all()
    nothing = sitk.GetImageFromArray(np.full_like(array, value))
    nothing.CopyInformation(image)
    with pytest.raises(ImageError, match="no voxel is finite"):
        Volume.of(nothing, mask)


def test_a_turned_head_is_told():
    image, mask = phantom()
    angle = np.radians(20)
    turn = [np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle), 0, 0, 0, 1]
    for one in (image, mask):
        one.SetDirection(turn)
    assert Volume.of(image, mask).tilt_deg == pytest.approx(20)
