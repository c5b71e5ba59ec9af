"""Dose columns of a cohort: filled where empty, compared where not, and never at the price of the batch."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.cohort import FIELDS, clinical_predictors, read_cohort
from radnec.errors import CohortTip, ConfigError, MaskWarning, TableError
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


def test_what_was_filled_is_counted_and_a_full_table_is_said_to_be_full(cohort: Callable[..., pd.DataFrame]) -> None:
    table, _ = add_dose(cohort(brain_mask_path=None, lesion_dose_max_gy=24.0))
    facts = table.attrs["radnec"]["dose"]
    names = ["lesion_dose_mean_gy", "lesion_d98_gy", "lesion_d50_gy", "lesion_d2_gy", "lesion_v12_cc"]
    assert facts["filled"] == dict.fromkeys(names, 2)
    assert facts["full"] == {"lesion_dose_max_gy": 2}
    with pytest.warns(CohortTip, match=r"nothing was filled: lesion_dose_.* already full in 2 rows \(rows with "):
        again, report = add_dose(table)
    assert report.empty
    assert again.attrs["radnec"]["dose"]["filled"] == {}
    none = table.drop(columns="dose_path")
    with pytest.warns(CohortTip, match=r"filled \(rows with dose_path: 0 of 2; bed_gy and eqd2_gy need add_dose\("):
        add_dose(none)


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


@pytest.fixture
def regions(cohort: Callable[..., pd.DataFrame], tmp_path: Path, radial: Callable[..., sitk.Image]) -> pd.DataFrame:
    """Return a lesion as BraTS has it: necrotic to 3 mm, enhancing to 5, oedema to 12; no row marks the whole."""
    labels = radial(lambda r: np.select([r <= 3, r <= 5, r <= 12], [1, 3, 2]).astype(np.uint8), 1.0, 30, (0, 0, 0))
    sitk.WriteImage(labels, tmp_path / "seg.nii.gz")
    kinds = [("oedema", 2), ("necrotic", 1), ("enhancing", 3)]
    rows = [cohort(mask_path="seg.nii.gz", region=region, mask_label=label) for region, label in kinds]
    return pd.concat(rows, ignore_index=True)


def test_a_lesion_of_regions_has_the_dose_of_its_core(
    cohort: Callable[..., pd.DataFrame], regions: pd.DataFrame
) -> None:
    with pytest.warns(MaskWarning, match="1 lesion of a session has rows of regions only: .* enhancing and necrotic"):
        table, report = add_dose(regions)
    assert report.empty
    whole, _ = add_dose(cohort())
    for name in ("lesion_dose_mean_gy", "lesion_d98_gy", "lesion_v12_cc"):
        # The two regions together are the sphere that the other cohort marks as a whole; oedema is no part of it.
        assert table[name].unique().tolist() == whole[name].unique().tolist()
    assert table.attrs["radnec"]["dose"]["united"] == 1
    assert read_cohort(table)["lesion_d98_gy"].notna().all()
    # A row of the whole lesion, by either name, is what is measured.
    table, report = add_dose(pd.concat([regions, cohort(region="whole")], ignore_index=True))
    assert report.empty
    assert table["lesion_d98_gy"].unique().tolist() == whole["lesion_d98_gy"].unique().tolist()


def test_a_lesion_with_nothing_but_its_surroundings_is_told(regions: pd.DataFrame) -> None:
    table, report = add_dose(regions[regions["region"] == "oedema"])
    assert "lesion_d98_gy" not in table
    assert report["reason"].tolist() == [
        "all its rows are of regions (oedema), none of which is the lesion; add a row of the whole lesion"
    ]


@pytest.mark.parametrize(
    ("factor", "told"),
    [(0.04, "0.04 times the 24 Gy prescribed .* one fraction"), (5, None), (8, None), (30, "30 times .* like cGy")],
)
def test_a_dose_that_the_prescription_contradicts_is_not_used(
    cohort: Callable[..., pd.DataFrame],
    write_rtdose: Callable[..., Path],
    tmp_path: Path,
    factor: float,
    told: str | None,
) -> None:
    values = sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / "dose.nii.gz"))
    written = write_rtdose(
        (values * 1000).astype(np.uint32),
        DoseGridScaling=f"{factor / 1000:g}",
        PixelSpacing=[2.0, 2.0],
        ImagePositionPatient=[-40.0] * 3,
        GridFrameOffsetVector=[2.0 * k for k in range(len(values))],
        FrameOfReferenceUID=None,
    )
    table, report = add_dose(cohort(dose_path=written.name))
    if told is None:
        assert report.empty
        np.testing.assert_allclose(table["lesion_dose_max_gy"].astype(float), 24 * factor, rtol=0.01)
        return
    assert report["column"].tolist() == ["lesion_dose_mean_gy", "v12_cc"]
    assert report["reason"].str.contains(told).all()
    # Without a prescription nothing contradicts it.
    assert add_dose(cohort(dose_path=written.name, rt_dose_gy=None))[1].empty


def test_a_dose_of_another_frame_of_reference_is_told(
    write_rtdose: Callable[..., Path], write_slices: Callable[..., str], tmp_path: Path
) -> None:
    write_slices(tmp_path / "mr", frame="1.2.3")
    mask = sitk.Image(12, 12, 12, sitk.sitkUInt8)
    mask[4:8, 4:8, 4:8] = 1
    sitk.WriteImage(mask, tmp_path / "mask.nii.gz")
    brain = sitk.Cast(mask, sitk.sitkUInt8) * 255
    sitk.WriteImage(brain, tmp_path / "brain.nii.gz")
    grid = {"PixelSpacing": [1.0, 1.0], "ImagePositionPatient": [0.0, 0.0, 0.0]}
    grid |= {"GridFrameOffsetVector": [float(k) for k in range(12)]}
    stored = np.full((12, 12, 12), 80, np.uint32)
    row = {"patient_id": "1", "session_id": "1", "lesion_id": "A", "sequence": "T1wCE", "image_path": "mr"}
    row |= {"mask_path": "mask.nii.gz", "brain_mask_path": "brain.nii.gz", "rt_dose_gy": 20.0}

    def added(frame: str, **changes: Any) -> pd.DataFrame:
        dose = write_rtdose(stored, FrameOfReferenceUID=frame, **grid, **changes)
        return add_dose(read_cohort(pd.DataFrame([row | {"dose_path": dose.name}]), root=tmp_path))[1]

    other = added("9.9")
    assert other["column"].tolist() == ["lesion_dose_mean_gy", "v12_cc"]
    assert other["reason"].str.contains("frame of reference 9.9, and that of the image is 1.2.3").all()
    stranger = added("1.2.3", PatientID="SECRET")
    assert stranger["column"].tolist() == ["lesion_dose_mean_gy", "v12_cc"]
    assert stranger["reason"].str.contains(r"dose.dcm is of another patient \(PatientID\)").all()
    assert not stranger["reason"].str.contains("SECRET").any()
    # In the same frame the lesion is measured, and a brain mask without label 1 is told by what it holds.
    own = added("1.2.3")
    assert own["column"].tolist() == ["v12_cc"]
    assert own["reason"].str.contains("brain.nii.gz has no label 1; it holds label 255").all()
    # A file that names no patient may be anybody's.
    assert added("1.2.3", PatientID=None).equals(own)


def test_a_share_of_the_dose_is_taken_where_it_is_said_to_be_all(
    cohort: Callable[..., pd.DataFrame], write_rtdose: Callable[..., Path], tmp_path: Path
) -> None:
    values = sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / "dose.nii.gz"))
    written = write_rtdose(
        (values * 1000).astype(np.uint32),
        DoseGridScaling="0.001",
        DoseSummationType="BEAM",
        PixelSpacing=[2.0, 2.0],
        ImagePositionPatient=[-40.0] * 3,
        GridFrameOffsetVector=[2.0 * k for k in range(len(values))],
    )
    _, refused = add_dose(cohort(dose_path=written.name))
    assert refused["reason"].str.contains("in a shell: --summation BEAM").all()
    table, report = add_dose(cohort(dose_path=written.name), summation=["BEAM"])
    assert report.empty
    np.testing.assert_allclose(table["lesion_dose_max_gy"].astype(float), 24, rtol=0.01)


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
