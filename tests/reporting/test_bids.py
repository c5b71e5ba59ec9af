"""Results become a BIDS derivative that reads back the same, under names that BIDS allows."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from radnec.errors import ConfigError, ReadError, TableError
from radnec.reporting.bids import write_bids

MODEL = {"name": "centre A", "version": "0.1.0", "identity": "1f0c9d3e"}


@pytest.fixture
def several(assessed):
    later = assessed.assign(session_id="ses-3", reason="tab\there\nand there")
    return pd.concat([assessed, later, assessed.assign(patient_id="sub-P8")], ignore_index=True)


def test_the_tables_read_back_to_the_last_bit(several, tmp_path):
    paths = write_bids(several, tmp_path / "derivatives" / "radnec", model=MODEL)
    assert [path.relative_to(tmp_path / "derivatives" / "radnec").as_posix() for path in paths] == [
        "sub-PAT7/ses-2/anat/sub-PAT7_ses-2_desc-radnec_assess.tsv",
        "sub-PAT7/ses-3/anat/sub-PAT7_ses-3_desc-radnec_assess.tsv",
        "sub-P8/ses-2/anat/sub-P8_ses-2_desc-radnec_assess.tsv",
    ]
    back = pd.concat([pd.read_csv(path, sep="\t", na_values=["n/a"]) for path in paths], ignore_index=True)
    expected = several.drop(columns=["patient_id", "session_id"]).assign(
        reason=[re.sub(r"\s+", " ", text) for text in several["reason"]]
    )
    expected["outlying_feature"] = expected["outlying_feature"].replace("", None)
    pd.testing.assert_frame_equal(back, expected, check_dtype=False, check_exact=True)


def test_every_cell_is_full_and_every_column_described(several, tmp_path):
    for path in write_bids(several, tmp_path, model=MODEL):
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
        assert all(len(line) == len(lines[0]) and all(line) for line in lines)
        sidecar = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert set(lines[0]) <= set(sidecar)
        assert set(sidecar["call"]["Levels"]) == {"necrosis", "progression", "uncertain", "abstain"}
        assert sidecar["Model"]["Identity"] == "1f0c9d3e"
        assert "Research use only" in sidecar["Use"]


def test_the_dataset_says_what_made_it(assessed, tmp_path):
    write_bids(assessed, tmp_path, model=MODEL, source_datasets=("../..",))
    facts = json.loads((tmp_path / "dataset_description.json").read_text(encoding="utf-8"))
    assert facts["DatasetType"] == "derivative"
    assert facts["GeneratedBy"][0]["Name"] == "radnec"
    assert facts["SourceDatasets"] == [{"URL": "../.."}]
    assert {"Name", "BIDSVersion"} <= set(facts)


def test_what_another_process_writes_is_left_alone(assessed, tmp_path):
    (path,) = write_bids(assessed, tmp_path / "a", model=MODEL)
    theirs = path.with_name(f"{path.name}.part")
    theirs.write_text("half a")
    before = path.read_bytes()
    path.unlink()
    assert write_bids(assessed, tmp_path / "a", model=MODEL) == [path]
    assert (path.read_bytes(), theirs.read_text()) == (before, "half a")
    theirs.unlink()
    assert not list(tmp_path.rglob("*.part"))


def test_a_table_without_sessions_has_no_session_level(assessed, tmp_path):
    (path,) = write_bids(assessed.drop(columns="session_id"), tmp_path, model=MODEL)
    assert path.relative_to(tmp_path).as_posix() == "sub-PAT7/anat/sub-PAT7_desc-radnec_assess.tsv"


@pytest.mark.parametrize(
    ("name", "label"),
    [("PAT_7", "PAT7"), ("../../etc", "etc"), ("P 7", "P7"), ("BraTS-GLI-00005", "BraTSGLI00005"), ("sub-P_7", "P7")],
)
def test_a_label_is_the_letters_and_digits_of_the_id_and_says_whose_it_is(assessed, tmp_path, name, label):
    (path,) = write_bids(assessed.assign(patient_id=name, session_id="Timepoint_1"), tmp_path, model=MODEL)
    assert path.parts[-4:-2] == (f"sub-{label}", "ses-Timepoint1")
    people = pd.read_csv(tmp_path / "participants.tsv", sep="\t")
    assert people.to_dict("records") == [{"participant_id": f"sub-{label}", "source_patient_id": name}]
    sessions = pd.read_csv(tmp_path / f"sub-{label}" / f"sub-{label}_sessions.tsv", sep="\t")
    assert sessions.to_dict("records") == [{"session_id": "ses-Timepoint1", "source_session_id": "Timepoint_1"}]
    for described, columns in (("participants.json", people), ("sessions.json", sessions)):
        assert set(json.loads((tmp_path / described).read_text())) == set(columns)


@pytest.mark.parametrize("chosen", [None, "P_7"])
def test_what_is_no_label_is_refused_and_a_chosen_one_hides_the_name(assessed, tmp_path, chosen):
    table = assessed.assign(patient_id="___")
    with pytest.raises(TableError, match="subjects="):
        write_bids(table, tmp_path / "out", model=MODEL, subjects=None if chosen is None else {"___": chosen})
    assert not (tmp_path / "out").exists()
    write_bids(table, tmp_path / "out", model=MODEL, subjects={"___": "P7"})
    assert (tmp_path / "out" / "participants.tsv").read_text().splitlines()[1:] == ["sub-P7\tn/a"]


def test_a_label_stays_with_its_patient_over_runs(assessed, tmp_path):
    write_bids(assessed.assign(patient_id="PAT_7"), tmp_path, model=MODEL)
    write_bids(assessed.assign(patient_id="PAT_8"), tmp_path, model=MODEL)
    with pytest.raises(TableError, match="'PAT_7' and 'PAT-7' have the same BIDS label sub-PAT7"):
        write_bids(assessed.assign(patient_id="PAT-7"), tmp_path, model=MODEL)
    people = pd.read_csv(tmp_path / "participants.tsv", sep="\t")
    assert people["source_patient_id"].tolist() == ["PAT_7", "PAT_8"]
    (tmp_path / "participants.tsv").write_text("participant_id\nsub-PAT7\n")
    with pytest.raises(ReadError, match="source_patient_id"):
        write_bids(assessed, tmp_path, model=MODEL)


def test_two_patients_of_one_label_are_refused(assessed, tmp_path):
    table = pd.concat([assessed, assessed.assign(patient_id="pat7")])
    with pytest.raises(TableError, match="same BIDS label"):
        write_bids(table, tmp_path, model=MODEL)


def test_another_dataset_is_not_overwritten(assessed, tmp_path):
    (tmp_path / "dataset_description.json").write_text('{"Name": "raw data", "BIDSVersion": "1.8.0"}')
    with pytest.raises(ConfigError, match="derivatives"):
        write_bids(assessed, tmp_path, model=MODEL)
    assert "raw data" in (tmp_path / "dataset_description.json").read_text()


def test_a_second_run_replaces_the_first(assessed, tmp_path):
    write_bids(assessed, tmp_path, model=MODEL)
    (path,) = write_bids(assessed.iloc[:1], tmp_path, model=MODEL)
    assert len(pd.read_csv(path, sep="\t")) == 1
    assert not list(tmp_path.rglob("*.part"))
