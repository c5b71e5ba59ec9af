"""A cohort becomes a table of indices: one row per lesion and session, whatever is missing or broken in it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.errors import CohortError, ConfigError, ExtractionWarning, ReadError
from radnec.features.columns import feature_columns, modality_of
from radnec.features.table import read_table, write_table
from radnec.parallel.units import measure_units
from radnec.quantify.examinations import EXAMINATIONS
from radnec.quantify.examinations.catalogue import UNITS
from radnec.quantify.examinations.examination import Examination
from radnec.quantify.index_table import index_columns
from radnec.quantify.measurement import evaluable
from radnec.quantify.session_task import LesionResult, SessionTask

SHAPE = (10, 16, 16)


@pytest.fixture
def cohort(tmp_path):
    """Return four patients with an rCBV map of 2, 3, 4, 5 in the lesion; the first two have FET PET as well."""
    rows = []
    for patient in range(4):
        files = {
            column: str(tmp_path / f"{patient}-{column}.nii.gz") for column in ("mask_path", "reference_mask_path")
        }
        for path, columns in zip(files.values(), (slice(2, 6), slice(10, 14)), strict=True):
            inside = np.zeros(SHAPE, np.uint8)
            inside[3:7, 4:8, columns] = 1
            sitk.WriteImage(sitk.GetImageFromArray(inside), path)
        for sequence in ("rCBV", "PET-FET")[: 2 if patient < 2 else 1]:
            image = str(tmp_path / f"{patient}-{sequence}.nii.gz")
            sitk.WriteImage(sitk.Cast(sitk.ReadImage(files["mask_path"]), sitk.sitkFloat64) * (1 + patient) + 1, image)
            row = {"patient_id": f"P{patient}", "session_id": "S1", "lesion_id": "L1", "sequence": sequence}
            rows.append({**row, **files, "image_path": image, "age_years": 50 + patient})
    return radnec.read_cohort(pd.DataFrame(rows))


def test_each_lesion_gets_what_was_acquired(cohort):
    table = radnec.measure(cohort)
    assert table.columns[:6].to_list() == ["patient_id", "session_id", "lesion_id", "age_years", "status", "error"]
    assert table["index_nCBV_mean"].tolist() == [2, 3, 4, 5]
    assert table["index_TBRmax"].tolist()[:2] == [2, 3]
    assert table["index_TBRmax_status"].tolist() == ["evaluable", "evaluable", "not_acquired", "not_acquired"]
    assert table["index_TBRmax"].isna().tolist() == [False, False, True, True]
    assert set(table["status"]) == {"ok"}
    assert not [name for name in table.columns if "ADC" in name or "TTP" in name]


def test_only_values_are_features_and_tell_their_modality(cohort):
    table = radnec.measure(cohort)
    features = feature_columns(table)
    assert {name.removeprefix("index_") for name in features} == set(table.attrs["radnec"]["indices"])
    assert feature_columns(table.assign(index_nCBV_mean_reason=np.nan)) == features
    told = [
        modality_of(name) for name in ("index_TBRmax", "index_TTP_min", "index_Tl201_index_early", "index_nCBV_max")
    ]
    assert told == ["PET", "PET", "SPECT", None]


def test_the_table_tells_where_it_comes_from_and_survives_files(cohort, tmp_path):
    table = radnec.measure(cohort)
    origin = table.attrs["radnec"]
    assert origin["kind"] == "indices"
    assert origin["counts"] == {"patients": 4, "rows": 4, "sessions": 4, "failed": 0}
    assert origin["indices"]["TBRmax"] == {"unit": "1", "evaluable": 2, "not_evaluable": 0, "not_acquired": 2}
    for ending in ("parquet", "csv"):
        back = read_table(write_table(table, tmp_path / f"indices.{ending}"))
        assert feature_columns(back) == feature_columns(table)
        assert back.attrs == table.attrs


def test_any_number_of_jobs_and_any_order_of_rows_and_columns_give_the_same_table(cohort):
    cohort = cohort.assign(sex="male", ward="1")
    table = radnec.measure(cohort)
    for rows, n_jobs in ((cohort, 2), (cohort.iloc[::-1], 1), (cohort[cohort.columns[::-1]], 1)):
        pd.testing.assert_frame_equal(radnec.measure(rows, n_jobs=n_jobs), table, check_exact=True)


def test_columns_whose_names_are_no_text_are_kept_in_the_order_of_their_text(cohort):
    others = cohort.assign(ward="1").rename(columns={"ward": 10}).assign(ward="1", **{"9": "2"})
    found = radnec.measure(others).columns.tolist()
    assert [name for name in found if name in (10, "9", "ward")] == [10, "9", "ward"]


def test_a_broken_file_costs_its_own_index_alone(cohort, tmp_path):
    broken = tmp_path / "0-rCBV.nii.gz"
    broken.write_bytes(broken.read_bytes()[:100])
    table = radnec.measure(cohort)
    assert table["index_nCBV_mean_status"].tolist() == ["not_evaluable", "evaluable", "evaluable", "evaluable"]
    assert "0-rCBV.nii.gz" in table["index_nCBV_mean_reason"][0]
    assert table["index_TBRmax"][0] == 2
    assert set(table["status"]) == {"ok"}
    with pytest.raises(ReadError, match=r"lesion P0/S1/L1, rCBV: .*0-rCBV"):
        radnec.measure(cohort, on_error="raise")


def test_what_was_not_foreseen_fails_its_row_and_no_other(cohort, monkeypatch):
    def measure(lesion):
        if lesion.name.startswith("lesion P1"):
            raise ZeroDivisionError("by design")
        return []

    defect = Examination("defect", {"nCBF_mean": "1"}, measure)
    monkeypatch.setattr("radnec.quantify.session_task.EXAMINATIONS", (*EXAMINATIONS, defect))
    with pytest.warns(ExtractionWarning) as told:
        table = radnec.measure(cohort)
    assert any("1 of 4 rows failed" in str(one.message) for one in told)
    assert table["status"].tolist() == ["ok", "failed", "ok", "ok"]
    assert "lesion P1/S1/L1, defect: ZeroDivisionError: by design" in table["error"][1]
    assert table["index_nCBV_mean"][1] == 3


def test_two_rows_that_may_be_meant_are_not_chosen_from(cohort):
    again = cohort.iloc[[0]].assign(phase="early")
    table = radnec.measure(pd.concat([cohort, again], ignore_index=True))
    row = table.set_index("patient_id").loc[cohort["patient_id"][0]]
    assert "2 rows of" in row[["index_nCBV_mean_reason", "index_TBRmax_reason"]].sum()


class _FirstFatal(SessionTask):
    """A session whose first worker dies; its folder stands for the patient."""

    def run(self):
        died = Path(self.key[0]) / "died"
        if not died.exists():
            died.touch()
            os._exit(1)
        return self.lost("")


@pytest.mark.slow
def test_a_session_whose_worker_dies_is_measured_again_and_costs_no_other(tmp_path):
    tasks = [
        SessionTask(("P1", "S1"), (), frozenset(), "record"),
        _FirstFatal((str(tmp_path), "S1"), ({"lesion_id": "L1"},), frozenset(), "record"),
    ]
    with pytest.warns(ExtractionWarning, match="worker processes died"):
        done = list(measure_units(iter(tasks), len(tasks), noun="session", verb="measure", n_jobs=2))
    assert sorted(map(len, done)) == [0, 1]


def test_a_lost_session_is_a_failed_row_that_says_why():
    lost = SessionTask(("P1", "S1"), ({"lesion_id": "L1"},), frozenset(), "record").lost("its worker died")
    measured = LesionResult(("P2", "S1", "L1"))
    measured.add([evaluable("nCBV_mean", 2.0, unit="1")])
    table = index_columns([*lost, measured])
    assert table["status"].tolist() == ["failed", "ok"]
    assert "died" in table["index_nCBV_mean_reason"][0]


def test_a_cohort_without_any_examination_says_so(cohort):
    rows = cohort[cohort["sequence"] == "rCBV"].assign(sequence="FLAIR")
    with pytest.warns(ExtractionWarning, match="no row of the cohort holds an examination"):
        table = radnec.measure(rows)
    assert len(table) == 4
    assert not feature_columns(table)


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda rows: rows.drop(columns="image_path"), CohortError, "no column image_path"),
        (lambda rows: rows.assign(sequence="CT"), CohortError, "unknown sequence"),
        (lambda rows: rows.iloc[:0], CohortError, "no rows"),
    ],
)
def test_a_table_that_is_no_cohort_is_refused(cohort, change, error, match):
    with pytest.raises(error, match=match):
        radnec.measure(change(cohort))


def test_wrong_arguments_are_refused(cohort):
    with pytest.raises(ConfigError, match="on_error"):
        radnec.measure(cohort, on_error="ignore")
    with pytest.raises(ConfigError, match="n_jobs"):
        radnec.measure(cohort, n_jobs=0)


def test_the_page_lists_every_index_with_its_unit():
    page = (Path(__file__).parents[2] / "docs" / "measure.md").read_text(encoding="utf-8")
    listed = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 5:
            listed |= dict.fromkeys(re.findall(r"`(\w+)`", cells[2]), cells[3])
    listed.pop("nCBV")
    assert {name: listed.get(name) for name in UNITS} == UNITS
    assert not set(listed) - set(UNITS) - {"ASL", "DWI"}


def test_the_command_writes_the_table_and_counts(cohort, tmp_path, run):
    cohort.to_csv(tmp_path / "cohort.csv", index=False)
    code, out, err = run("measure", tmp_path / "cohort.csv", "-o", tmp_path / "indices.parquet")
    assert (code, err) == (0, "")
    assert "Measured 4 lesion sessions, 0 failed" in out
    assert "TBRmax: 2 evaluable, 0 not evaluable, 2 not acquired." in out
    flags = read_table(tmp_path / "indices.parquet").filter(regex="_flags$")
    told = {text for cell in flags.to_numpy().ravel() for text in cell.split("; ") if text}
    assert told
    assert all(f" of 4: {text}\n" in out for text in told)
    assert read_table(tmp_path / "indices.parquet")["index_nCBV_mean"].tolist() == [2, 3, 4, 5]


@pytest.mark.slow
def test_indices_stand_beside_radiomics_and_are_learnt_from(tmp_path):
    made = radnec.simulate_cohort(tmp_path, n_patients=14, sequences=("T1wCE", "rCBV"), effect=3.0, random_state=0)
    cohort = radnec.read_cohort(made)
    indices = radnec.measure(cohort)
    config = radnec.ExtractionConfig(feature_classes={"firstorder": ["Mean", "Entropy"]})
    table = radnec.join(radnec.extract(cohort, config), indices)
    assert {"index_nCBV_mean", "T1wCE_original_firstorder_Mean"} <= set(feature_columns(table))
    assert table.attrs["radnec"]["joined"][0]["kind"] == "indices"
    # The perfusion of the simulated lesion is what its map shows, relative to the other side.
    assert (indices["index_nCBV_mean_status"] == "evaluable").mean() > 0.8
    settings = radnec.TrainingConfig(candidates=("logistic",), random_state=0)
    model = radnec.train(table, settings)
    assert model.assess(table)["p_necrosis"].between(0, 1).all()
