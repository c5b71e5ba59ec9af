"""b-values of diffusion weighted series from the public attribute and from the private ones of three makers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from pydicom.uid import generate_uid

from radnec.errors import ReadError
from radnec.imaging.dicom.b_values import read_b_values
from radnec.quantify.measure import measure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom.dataset import Dataset

SHAPE = (4, 8, 8)
B_VALUES = (1000, 0, 500)


def _standard(file: Dataset, b: int) -> None:
    file.DiffusionBValue = float(b)


def _private(group: int, creator: str, element: int, kind: str, value: Callable[[int], Any]) -> Any:
    def write(file: Dataset, b: int) -> None:
        file.private_block(group, creator, create=True).add_new(element, kind, value(b))

    return write


MAKERS = {
    "standard": _standard,
    "Siemens": _private(0x0019, "SIEMENS MR HEADER", 0x0C, "IS", str),
    "Siemens, as an archive rewrote it": _private(0x0019, "SIEMENS MR HEADER", 0x0C, "UN", lambda b: b"%d " % b),
    "GE": _private(0x0043, "GEMS_PARM_01", 0x39, "IS", lambda b: [str(b), "8", "0", "0"]),
    "GE, marked": _private(0x0043, "GEMS_PARM_01", 0x39, "IS", lambda b: [str(10**9 + b), "8", "0", "0"]),
    "Philips": _private(0x2001, "Philips Imaging DD 001", 0x03, "FL", float),
    "Philips, as an archive rewrote it": _private(
        0x2001, "Philips Imaging DD 001", 0x03, "UN", lambda b: struct.pack("<f", b)
    ),
}


@pytest.fixture
def write_dwi(tmp_path: Path, write_series: Callable[..., str]) -> Callable[..., Path]:
    """Return a function that writes a series of three b-values: ADC 0.8 µm²/ms in a box, 1.2 elsewhere."""

    def write(tell: Callable[[Dataset, int], None]) -> Path:
        series = generate_uid()
        adc = np.full(SHAPE, 1.2e-3)
        adc[1:3, 2:6, 2:6] = 0.8e-3
        for place, b in enumerate(B_VALUES):
            values = np.round(20000 * np.exp(-b * adc)).astype(np.uint16)
            write_series(
                tmp_path / "dwi" / str(place), values, series=series, vary=lambda file, _, b=b: tell(file, b)
            )  # fmt: skip
        return tmp_path / "dwi"

    return write


@pytest.mark.parametrize("maker", MAKERS)
def test_b_values_are_read_in_the_order_of_the_volumes(write_dwi: Callable[..., Path], maker: str) -> None:
    assert read_b_values(write_dwi(MAKERS[maker])) == [0.0, 500.0, 1000.0]


@pytest.mark.parametrize("maker", ["standard", "GE, marked"])
def test_diffusion_is_measured_from_dicom_without_a_file_of_b_values(
    tmp_path: Path, write_dwi: Callable[..., Path], maker: str
) -> None:
    folder = write_dwi(MAKERS[maker])
    masks = np.zeros((2, *SHAPE), np.uint8)
    masks[0, 1:3, 2:6, 2:6] = masks[1, :, 7:] = 1
    for name, values in zip(("lesion", "white"), masks, strict=True):
        mask = sitk.GetImageFromArray(values)
        mask.SetSpacing((0.9, 0.7, 2.5))
        mask.SetOrigin((-20.25, 31.5, -7.125))
        sitk.WriteImage(mask, tmp_path / f"{name}.nii.gz")
    row = {"patient_id": "1", "session_id": "1", "lesion_id": "1", "sequence": "DWI", "image_path": str(folder)}
    paths = {"mask_path": f"{tmp_path}/lesion.nii.gz", "reference_mask_path": f"{tmp_path}/white.nii.gz"}
    measured = measure(pd.DataFrame([row | paths])).iloc[0]
    assert measured["index_ADC_um2_per_ms_mean"] == pytest.approx(0.8, rel=1e-3)
    assert measured["index_nADC_mean"] == pytest.approx(0.8 / 1.2, rel=1e-3)


def test_a_series_that_tells_no_b_value_is_refused(tmp_path: Path, write_series: Callable[..., str]) -> None:
    write_series(tmp_path, np.zeros(SHAPE, np.uint16))
    with pytest.raises(ReadError, match=r"volume 0 tell no b-value; write .* bval_path"):
        read_b_values(tmp_path)
