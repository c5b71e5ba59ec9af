"""NIfTI files whose defects ITK hides."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.imaging.readers import read_frame, read_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _with_gaps(shape: tuple[int, ...], kind: type = np.float32) -> NDArray[np.floating]:
    values = np.random.default_rng(5).normal(size=shape).astype(kind)
    values.reshape(-1)[[0, 7, -1]] = [np.nan, np.inf, -np.inf]
    return values


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_non_finite_voxels_survive_reading(tmp_path: Path, suffix: str, kind: type) -> None:
    values = _with_gaps((9, 8, 7), kind)
    sitk.WriteImage(sitk.GetImageFromArray(values), tmp_path / f"map{suffix}")
    np.testing.assert_array_equal(sitk.GetArrayFromImage(read_image(tmp_path / f"map{suffix}")), values)


def test_they_survive_beyond_the_first_chunk_and_in_the_right_frame(tmp_path: Path) -> None:
    frames = [np.zeros((40, 96, 96)), _with_gaps((40, 96, 96), np.float64), np.ones((40, 96, 96))]
    series = sitk.JoinSeries([sitk.GetImageFromArray(frame) for frame in frames])
    sitk.WriteImage(series, tmp_path / "dsc.nii")
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(sitk.GetArrayFromImage(read_frame(tmp_path / "dsc.nii", number)), frame)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
def test_both_byte_orders_are_read(tmp_path: Path, order: str, packed: bool) -> None:
    values = _with_gaps((4, 5, 6))
    header = np.zeros(352, np.uint8)

    def put(kind: str, offset: int, *numbers: float) -> None:
        raw = np.array(numbers, dtype=order + kind).tobytes()
        header[offset : offset + len(raw)] = np.frombuffer(raw, np.uint8)

    # nifti1.h: sizeof_hdr, dim, datatype (float32) and bitpix, pixdim, vox_offset, qform_code, magic.
    put("i4", 0, 348)
    put("i2", 40, 3, 6, 5, 4, 1, 1, 1, 1)
    put("i2", 70, 16, 32)
    put("f4", 76, 1, 0.5, 0.5, 2)
    put("f4", 108, 352)
    put("i2", 252, 1)
    header[344:348] = np.frombuffer(b"n+1\0", np.uint8)
    content = header.tobytes() + values.astype(order + "f4").tobytes()
    path = tmp_path / ("map.nii.gz" if packed else "map.nii")
    path.write_bytes(gzip.compress(content) if packed else content)
    image = read_image(path)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), values)
    assert image.GetSpacing() == (0.5, 0.5, 2.0)
