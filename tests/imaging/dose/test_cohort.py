"""Dose columns of a cohort: filled where empty, compared where not, and never at the price of the batch."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.cohort import FIELDS, clinical_predictors, read_cohort
from radnec.errors import CohortTip, ConfigError, TableError
from radnec.imaging.dose import add_dose, bed_gy, eqd2_gy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def cohort(tmp_path: Path, radial: Callable[..., sitk.Image]) -> Callable[..., pd.DataFrame]:
    """Return a function that reads a cohort of one lesion (5 mm, T1wCE and FLAIR) with changed columns."""
    sitk.WriteImage(radial(lambda r: 24 * np.exp(-(r**2) / 200), 2.0, 40, (0, 0, 0)), tmp_path / "dose.nii.gz")
    for name, radius in (("lesion", 5.0), ("brain", 28.0)):
        mask = radial(lambda r, radius=radius: (r <= radius).astype(np.uint8), 1.0, 30, (0, 0, 0))
        sitk.WriteImage(mask, tmp_path / f"{name}.nii.gz")
    for name in ("t1", "flair"):
        sitk.WriteImage(sitk.Cast(mask, sitk.sitkFloat32), tmp_path / f"{name}.nii.gz")

    def read(**changes: Any) -> pd.DataFrame:
        row = {"patient_id": "01", "session_id": "1", "lesion_id": "A", "mask_path": "lesion.nii.gz"}
        row |= {"dose_path": "dose.nii.gz", "brain_mask_path": "brain.nii.gz", "rt_dose_gy": 24.0, "rt_fractions": 3}
        images = [("FLAIR", "flair.nii.gz"), ("T1wCE", "t1.nii.gz")]
        rows = [{**row, "sequence": sequence, "image_path": path, **changes} for sequence, path in images]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CohortTip)
            return read_cohort(pd.DataFrame(rows), root=tmp_path)

    return read


def test_bed_and_eqd2_are_those_of_the_linear_quadratic_model() -> None:
    # Worked by hand: 30 Gy in 5 fractions of 6 Gy at 3 Gy: 30 (1 + 2) = 90, and 90 / (5 / 3) = 54.
    assert bed_gy(30, 5, 3) == pytest.approx(90)
    assert eqd2_gy(30, 5, 3) == pytest.approx(54)
    # 120 Gy (alpha/beta 3) is QUANTEC's 5 % level of necrosis; 72 Gy in 2 Gy fractions reach it.
    assert bed_gy(72, 36, 3) == pytest.approx(120)
    for wrong in ((0, 1, 2), (24, 0, 2), (24, 1, -2), (24, 1.5, 2), (float("nan"), 1, 2)):
        with pytest.raises(ConfigError, match="expected"):
            bed_gy(*wrong)


def test_empty_columns_are_filled_for_every_row_of_the_lesion(cohort: Callable[..., pd.DataFrame]) -> None:
    table, report = add_dose(cohort(), alpha_beta_gy=2.0)
    assert report.empty
    assert (table["bed_gy"] == 120).all()
    assert (table["eqd2_gy"] == 60).all()
    d98 = 24 * np.exp(-((5 * 0.98 ** (1 / 3)) ** 2) / 200)
    np.testing.assert_allclose(table["lesion_d98_gy"].astype(float), d98, rtol=0.01)
    np.testing.assert_allclose(table["lesion_dose_max_gy"].astype(float), 24, rtol=0.01)
    np.testing.assert_allclose(
        table["v12_cc"].astype(float), 4 / 3 * np.pi * (200 * np.log(2)) ** 1.5 / 1000, rtol=0.01
    )
    assert table["brain_dose_mean_gy"].between(2, 5).all()
    assert table.attrs["radnec"]["dose"]["alpha_beta_gy"] == 2.0
    assert "tips" in table.attrs["radnec"]
    declared = [name for name in table if name in FIELDS]
    assert declared == [name for name in FIELDS if name in table]
    assert {"lesion_d98_gy", "v12_cc", "bed_gy"} <= set(clinical_predictors())
    # What it adds is again a cohort.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CohortTip)
        again = read_cohort(table)
    assert again["lesion_d98_gy"].tolist() == table["lesion_d98_gy"].tolist()


def test_what_the_table_says_is_kept_and_told(cohort: Callable[..., pd.DataFrame]) -> None:
    table, report = add_dose(cohort(v12_cc=3.0, lesion_dose_max_gy=24.1))
    assert table["v12_cc"].tolist() == [3.0, 3.0]
    assert table["lesion_dose_max_gy"].tolist() == [24.1, 24.1]
    assert "bed_gy" not in table
    [line] = report.to_dict("records")
    assert (line["column"], line["table"], line["patient_id"]) == ("v12_cc", 3.0, "01")
    assert line["computed"] == pytest.approx(6.84, abs=0.07)


def test_one_bad_dose_costs_only_its_own_values(cohort: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    sitk.WriteImage(sitk.Image(8, 8, 8, sitk.sitkFloat32) + 3000, tmp_path / "cgy.nii.gz")
    whole = cohort()
    bad = cohort(patient_id="02", dose_path="cgy.nii.gz").assign(image_path=lambda frame: frame["image_path"])
    table, report = add_dose(pd.concat([bad, whole], ignore_index=True), alpha_beta_gy=3)
    assert table["lesion_d98_gy"].isna().tolist() == [True, True, False, False]
    assert report["patient_id"].tolist() == ["02", "02"]
    assert report["reason"].str.contains("cGy").all()
    assert table["bed_gy"].notna().all()


def test_a_lesion_outside_the_dose_is_told(cohort: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    dose = sitk.ReadImage(tmp_path / "dose.nii.gz")
    dose.SetOrigin((400.0, 0.0, 0.0))
    sitk.WriteImage(dose, tmp_path / "far.nii.gz")
    table, report = add_dose(cohort(dose_path="far.nii.gz", brain_mask_path=None))
    assert "lesion_d98_gy" not in table
    assert report["reason"].str.contains("same space").tolist() == [True]


def test_rows_stay_in_their_order_and_index(cohort: Callable[..., pd.DataFrame]) -> None:
    before = cohort().set_axis(["x", "y"])
    table, _ = add_dose(before)
    assert table.index.tolist() == ["x", "y"]
    assert table["sequence"].tolist() == before["sequence"].tolist()
    assert "lesion_d98_gy" not in before


def test_settings_and_tables_are_checked() -> None:
    frame = pd.DataFrame([{"patient_id": "1"}])
    with pytest.raises(TableError, match="lacks session_id"):
        add_dose(frame)
    whole = frame.assign(session_id="1", lesion_id="1", sequence="T1wCE", image_path="a", mask_path="b")
    with pytest.raises(ConfigError, match="alpha_beta_gy is 0"):
        add_dose(whole, alpha_beta_gy=0)


def test_a_mask_is_opened_on_the_image_that_it_was_drawn_on(cohort: Callable[..., pd.DataFrame]) -> None:
    table = cohort()
    expected, _ = add_dose(table)
    drawn, other = table.index[table["sequence"] == "FLAIR"], table.index[table["sequence"] == "T1wCE"]
    table.loc[drawn, "mask_sequence"], table.loc[other, "mask_sequence"] = pd.NA, "FLAIR"
    # The other sequence has a grid of its own, on which the mask cannot be opened.
    image = table.loc[other[0], "image_path"]
    sitk.WriteImage(sitk.ReadImage(image)[1:, :, :], image)
    for beside in (None, drawn):
        given = table.copy()
        if beside is not None:
            given.loc[beside, "dose_path"] = pd.NA
        filled, report = add_dose(given.drop(columns="brain_mask_path"))
        assert report.empty
        assert filled["lesion_d98_gy"].tolist() == expected["lesion_d98_gy"].tolist()
