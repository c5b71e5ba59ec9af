"""``radnec cohort …``: tables drafted from folders, and completed from headers and dose grids."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.simulate.archive import write_archive


def pair(folder, name: str) -> None:
    image = sitk.Image(6, 6, 6, sitk.sitkInt16)
    image[1, 1, 1] = 7
    sitk.WriteImage(image, folder / f"{name}_T1_post.nii.gz")
    mask = sitk.Image(6, 6, 6, sitk.sitkUInt8)
    for x, label in ((1, 1), (2, 1), (4, 1)):
        mask[x, 2, 2] = label
    sitk.WriteImage(mask, folder / f"{name}_mask.nii.gz")


def test_a_draft_is_written_beside_the_images_and_never_over_a_table(run, tmp_path):
    pair(tmp_path, "P1")
    code, out, _ = run("cohort", "from-folder", tmp_path, "--preset", "nifti-pairs", "--json")
    told = json.loads(out)
    draft = pd.read_csv(tmp_path / "cohort.csv", dtype=str)
    assert told["rows"] == len(draft) == 1
    assert code == (1 if told["undecided"] else 0)
    assert draft.loc[0, "image_path"] == "P1_T1_post.nii.gz"
    before = (tmp_path / "cohort.csv").read_bytes()
    code, _, err = run("cohort", "from-folder", tmp_path, "--preset", "nifti-pairs")
    assert (code, "filled in by hand" in err) == (2, True)
    assert (tmp_path / "cohort.csv").read_bytes() == before


def test_a_preset_or_folder_that_does_not_fit_is_told(run, tmp_path):
    pair(tmp_path, "P1")
    code, _, err = run("cohort", "from-folder", tmp_path, "--preset", "bidz")
    assert (code, "expected one of bids" in err) == (2, True)
    code, _, err = run("cohort", "from-folder", tmp_path, "--preset", "brats")
    assert (code, "docs/layouts.md" in err) == (2, True)
    assert not (tmp_path / "cohort.csv").exists()


def test_a_table_may_be_written_elsewhere_and_still_finds_its_images(run, tmp_path):
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    other.mkdir()
    pair(data, "P1")
    code, out, _ = run("cohort", "from-folder", data, "--preset", "nifti-pairs", "--out", other / "draft.csv")
    assert "Drafted 1 row" in out
    row = pd.read_csv(other / "draft.csv", dtype=str).assign(session_id="S1", lesion_id="L1")
    row.to_csv(other / "cohort.csv", index=False)
    words = ("--out", tmp_path / "parts.csv", "--masks", tmp_path / "parts")
    code, out, err = run("cohort", "split", other / "cohort.csv", *words)
    assert (code, "2 rows" in out, "look at both" in err) == (0, True, True)
    parts = radnec.read_cohort(tmp_path / "parts.csv")
    assert parts["lesion_id"].tolist() == ["L1/S1/1", "L1/S1/2"]


def test_patients_keep_their_names_and_find_their_labels(run, tmp_path):
    pytest.importorskip("highdicom")
    source = radnec.simulate_cohort(tmp_path / "a", n_patients=6, sequences=("T1wCE",), random_state=0)
    cohort = radnec.read_cohort(source).query("session_id == 'S1'")
    key, archive = tmp_path / "hospital.key", tmp_path / "b"
    write_archive(cohort.query("patient_id in ('P003', 'P004')"), archive)
    words = ("cohort", "from-folder", archive, "--preset", "dicom")
    run(*words, "--new-key", key)
    first = pd.read_csv(archive / "cohort.csv", dtype=str)
    write_archive(cohort.query("patient_id in ('P001', 'P002')"), archive)
    run(*words, "--key", key, "--out", archive / "grown.csv")
    grown = pd.read_csv(archive / "grown.csv", dtype=str)
    keys = ["patient_id", "session_id", "lesion_id"]
    assert set(first[keys].itertuples(index=False)) < set(grown[keys].itertuples(index=False))
    code, _, err = run(*words, "--new-key", key, "--out", archive / "other.csv")
    assert (code, "would give all patients other names" in err) == (2, True)
    clinic = cohort[["patient_id", "lesion_id", "label"]].rename(columns={"patient_id": "mrn"})
    clinic.sample(frac=1, random_state=1).to_csv(tmp_path / "clinic.csv", index=False)
    joining = ("cohort", "join-clinical", archive / "grown.csv", tmp_path / "clinic.csv", "--key", key)
    code, _, err = run(*joining, "--patient", "mrn", "--out", archive / "labelled.csv")
    assert (code, "fit no row of the draft" in err) == (0, True)
    labelled = pd.read_csv(archive / "labelled.csv", dtype=str)
    truth = {(row.mrn, row.lesion_id): row.label for row in clinic.itertuples()}
    found = {(row.image_path.split("/")[0], row.lesion_id): row.label for row in labelled.itertuples()}
    assert found == {key: label for key, label in truth.items() if key in found}
    assert "mrn" not in labelled


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_headers_fill_what_is_empty_and_contradictions_exit_with_one(run, tmp_path):
    pytest.importorskip("highdicom")
    source = radnec.simulate_cohort(tmp_path / "a", n_patients=6, sequences=("T1wCE",), random_state=0)
    archive = write_archive(
        radnec.read_cohort(source).query("patient_id in ('P001', 'P002', 'P1', 'P2')"), tmp_path / "b"
    )
    run("cohort", "from-folder", archive, "--preset", "dicom")
    code, out, _ = run("cohort", "fill-headers", archive / "cohort.csv", "--out", archive / "filled.csv")
    assert (code, "wrote" in out) == (0, True)
    assert re.search(r"^Filled .*te_ms.* in \d+ rows", out)
    filled = radnec.read_cohort(archive / "filled.csv")
    assert filled["te_ms"].eq(3.0).all()
    filled.assign(te_ms=90.0).to_csv(archive / "wrong.csv", index=False)
    code, out, _ = run("cohort", "fill-headers", archive / "wrong.csv", "--out", archive / "again.csv", "--json")
    assert code == 1
    told = json.loads(out)
    assert {line["column"] for line in told["report"]} == {"te_ms"}
    assert told["filled"] == {}
    assert radnec.read_cohort(archive / "again.csv")["te_ms"].eq(90.0).all()


def test_prescriptions_become_bed_and_eqd2(run, tmp_path):
    pair(tmp_path, "P1")
    run("cohort", "from-folder", tmp_path, "--preset", "nifti-pairs", "--out", tmp_path / "draft.csv")
    rows = pd.read_csv(tmp_path / "draft.csv", dtype=str).assign(
        session_id="S1", lesion_id="L1", rt_dose_gy=24, rt_fractions=1
    )
    rows.to_csv(tmp_path / "cohort.csv", index=False)
    words = ("cohort", "add-dose", tmp_path / "cohort.csv", "--out", tmp_path / "dosed.csv", "--alpha-beta", 2)
    code, out, _ = run(*words)
    assert (code, "1 row; wrote" in out) == (0, True)
    assert out.startswith("Filled bed_gy, eqd2_gy in 1 row.")
    dosed = radnec.read_cohort(tmp_path / "dosed.csv")
    assert dosed[["bed_gy", "eqd2_gy"]].astype(float).to_numpy().tolist() == [[312.0, 156.0]]
    code, out, _ = run(*words[:-2])
    assert "Nothing was filled (rows with dose_path: 0 of 1; bed_gy and eqd2_gy need --alpha-beta)." in out


def test_labels_of_a_mask_are_listed(run, tmp_path):
    pair(tmp_path, "P1")
    code, out, _ = run("cohort", "labels", tmp_path / "P1_mask.nii.gz")
    assert (code, out.split()) == (0, ["1"])
    code, out, _ = run("cohort", "labels", tmp_path / "P1_mask.nii.gz", "--json")
    assert json.loads(out) == [{"number": 1, "name": ""}]
