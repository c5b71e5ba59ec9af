"""Dose grids: where their planes lie, in what unit they are, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import RadnecError, ReadError
from radnec.imaging.dose import read_dose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STORED = np.arange(60, dtype=np.uint32).reshape(5, 4, 3)


@pytest.mark.parametrize("kind", [np.uint16, np.uint32])
def test_a_dose_is_scaled_and_placed(write_rtdose: Callable[..., Path], kind: type) -> None:
    dose = read_dose(write_rtdose(STORED.astype(kind)))
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(dose), STORED * 0.25)
    assert dose.GetSpacing() == (1.5, 2.0, 3.0)
    assert dose.GetOrigin() == (-10.0, 20.0, -33.0)
    assert dose.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)


def test_offsets_may_be_the_z_of_each_plane(write_rtdose: Callable[..., Path]) -> None:
    relative, absolute = (
        read_dose(write_rtdose(GridFrameOffsetVector=offsets))
        for offsets in ([0.0, 3, 6, 9, 12], [-33.0, -30, -27, -24, -21])
    )
    assert relative.GetOrigin() == absolute.GetOrigin()
    assert relative.GetSpacing() == absolute.GetSpacing()


def test_planes_sent_from_the_top_are_sorted(write_rtdose: Callable[..., Path]) -> None:
    dose = read_dose(write_rtdose(GridFrameOffsetVector=[0.0, -3, -6, -9, -12]))
    # The first plane stored is the highest: its corner is where the position says.
    assert dose.TransformPhysicalPointToIndex((-10.0, 20.0, -33.0)) == (0, 0, 4)
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(dose)[4], STORED[0] * 0.25)


def test_an_oblique_grid_lies_along_its_own_normal(write_rtdose: Callable[..., Path]) -> None:
    turned = [0.0, 1, 0, 0, 0, -1]
    dose = read_dose(write_rtdose(ImageOrientationPatient=turned))
    # Rows run along y, columns along -z, so planes step along y × (-z) = -x.
    assert dose.TransformIndexToPhysicalPoint((0, 0, 2)) == pytest.approx((-16.0, 20.0, -33.0))
    assert dose.TransformIndexToPhysicalPoint((1, 1, 0)) == pytest.approx((-10.0, 21.5, -35.0))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"DoseUnits": "RELATIVE"}, "DoseUnits is 'RELATIVE'"),
        ({"DoseType": "EFFECTIVE"}, "DoseType is 'EFFECTIVE'"),
        ({"DoseSummationType": "BEAM"}, r"share of the treatment.*summation=\('BEAM',\)"),
        ({"DoseGridScaling": "0"}, "DoseGridScaling is 0"),
        ({"DoseGridScaling": None}, "lacks DoseGridScaling"),
        ({"GridFrameOffsetVector": None}, "GridFrameOffsetVector holds 0 numbers; expected 5"),
        ({"GridFrameOffsetVector": [0.0, 3, 6, 10, 12]}, "from 2 to 4 mm"),
        ({"GridFrameOffsetVector": [7.0, 10, 13, 16, 19]}, "starts at 7 mm; expected 0"),
        (
            {"GridFrameOffsetVector": [-33.0, -30, -27, -24, -21], "ImageOrientationPatient": [0, 1, 0, 0, 0, 1]},
            "Where the planes lie is not known",
        ),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "no pair of right-angled axes"),
        ({"PixelSpacing": [0.0, 1.5]}, "PixelSpacing"),
        ({"Rows": 65535, "Columns": 65535, "NumberOfFrames": 99999}, "claims"),
        ({"PixelData": b"12"}, "cannot be read as DICOM"),
        ({"DoseGridScaling": "1000"}, "looks like cGy"),
        ({"PixelData": bytes(240)}, "no dose at all"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR"}, "is no RT Dose, but MR"),
    ],
)
def test_what_cannot_be_trusted_is_refused(
    write_rtdose: Callable[..., Path], changes: dict[str, Any], told: str
) -> None:
    path = write_rtdose(**changes)
    with pytest.raises(ReadError, match=told):
        read_dose(path)


def test_one_plane_is_no_grid(write_rtdose: Callable[..., Path]) -> None:
    path = write_rtdose(STORED[:1], GridFrameOffsetVector=None)
    with pytest.raises(ReadError, match="one plane of dose"):
        read_dose(path)


def test_a_share_is_read_when_asked_for(write_rtdose: Callable[..., Path]) -> None:
    assert read_dose(write_rtdose(DoseSummationType="FRACTION"), summation=("FRACTION",)).GetSize() == (3, 4, 5)


def test_a_dose_as_nifti_equals_the_dicom(write_rtdose: Callable[..., Path], tmp_path: Path) -> None:
    dose = read_dose(write_rtdose())
    sitk.WriteImage(dose, tmp_path / "dose.nii.gz")
    again = read_dose(tmp_path / "dose.nii.gz")
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(again), sitk.GetArrayViewFromImage(dose))
    np.testing.assert_allclose(again.GetOrigin(), dose.GetOrigin(), atol=1e-4)


@pytest.mark.parametrize(
    ("value", "told"), [(-1.0, "never negative"), (np.nan, "not finite"), (4000.0, "cGy"), (500.0, "states its unit")]
)
def test_images_that_are_no_dose_are_refused(tmp_path: Path, value: float, told: str) -> None:
    values = np.full((4, 4, 4), 20.0)
    values[1, 1, 1] = value
    sitk.WriteImage(sitk.GetImageFromArray(values), tmp_path / "dose.nrrd")
    with pytest.raises(ReadError, match=told):
        read_dose(tmp_path / "dose.nrrd")


def test_a_cut_or_flipped_file_is_an_error_of_ours_or_still_a_dose(write_rtdose: Callable[..., Path]) -> None:
    whole = write_rtdose().read_bytes()
    rng = np.random.default_rng(3)
    for trial in range(150):
        damaged = bytearray(whole)
        if trial % 2:
            damaged = damaged[: rng.integers(140, len(whole))]
        else:
            for place in rng.integers(132, len(whole), size=3):
                damaged[place] ^= 1 << rng.integers(8)
        path = write_rtdose()
        path.write_bytes(bytes(damaged))
        try:
            dose = read_dose(path)
        except RadnecError:
            continue
        assert np.isfinite(sitk.GetArrayViewFromImage(dose)).all()
