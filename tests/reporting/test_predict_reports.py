"""Reports that a prediction leaves: what is knowable is refused beforehand, and no report costs a result."""

from __future__ import annotations

import pandas as pd
import pytest

import radnec
from radnec.errors import ReportWarning, TableError
from radnec.reporting.from_cohort import write_reports
from radnec.reporting.sr_index import write_each
from radnec.reporting.sr_reading import read_sr
from radnec.simulate import simulate_table

pydicom = pytest.importorskip("pydicom")
pytest.importorskip("highdicom")

PATIENTS = ["PatientID_0003", "PatientID_0004"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    table = simulate_table(n_patients=30, n_features=8, effect=3.0, random_state=0)
    config = radnec.TrainingConfig(candidates=("logistic",), draws=1, inner_folds=3, random_state=0)
    return radnec.train(table, config).save(tmp_path_factory.mktemp("model") / "m.radnec")


@pytest.fixture
def cohort(write_series, tmp_path):
    """Return the cohort table of two patients with two series each, in DICOM."""
    rows = []
    for number, patient in enumerate(PATIENTS, start=3):
        for place, sequence in enumerate(("T1wCE", "FLAIR"), start=1):
            image = write_series(f"{patient}{sequence}", patient=patient, series=f"1.2.{number}.{place}")
            row = {"patient_id": patient, "session_id": "Timepoint_1", "lesion_id": "L1", "sequence": sequence}
            mask = tmp_path / f"{patient}.nii.gz"
            mask.write_bytes(b"")
            rows.append(row | {"scanner_id": "A1", "image_path": str(image), "mask_path": str(mask)})
    pd.DataFrame(rows).to_csv(tmp_path / "cohort.csv", index=False)
    return tmp_path / "cohort.csv"


@pytest.fixture
def measured(monkeypatch):
    """Let the commands find the lesions of the cohort measured."""
    table = simulate_table(n_patients=2, n_features=8, random_state=1).drop_duplicates("patient_id")
    table = table.assign(patient_id=PATIENTS, session_id="Timepoint_1", lesion_id="L1")
    monkeypatch.setattr("radnec.cli.judging.measured_table", lambda *_, **__: table)


@pytest.fixture
def unmeasured(monkeypatch):
    monkeypatch.setattr("radnec.cli.judging.measured_table", lambda *_, **__: pytest.fail("measured all the same"))


def without_dicom(folder):
    """Write four files that are no DICOM and return their names."""
    for number in range(4):
        (folder / f"{number}.nii.gz").write_bytes(b"")
    return [f"{number}.nii.gz" for number in range(4)]


def results(assessed):
    """Return results of both patients."""
    rows = [assessed.iloc[[0]].assign(patient_id=patient, session_id="Timepoint_1") for patient in PATIENTS]
    return pd.concat(rows, ignore_index=True)


@pytest.mark.usefixtures("measured")
def test_ids_of_any_kind_are_reported_and_the_files_say_whose_they_are(run, model, cohort, tmp_path):
    code, _, err = run(
        "predict", model, cohort, "--out", tmp_path / "a.csv", "--sr", tmp_path / "sr", "--bids", tmp_path / "b"
    )
    assert (code, "Wrote 2 structured reports of 2 sessions" in err) == (0, True)
    index = pd.read_csv(tmp_path / "sr" / "index.csv")
    assert index.columns.tolist() == ["report", "patient_id", "session_id", "note"]
    whose = [read_sr(tmp_path / "sr" / name)["patient_id"][0] for name in index["report"]]
    assert whose == index["patient_id"].tolist()
    people = pd.read_csv(tmp_path / "b" / "participants.tsv", sep="\t")
    assert dict(zip(people["participant_id"], people["source_patient_id"], strict=True)) == {
        "sub-PatientID0003": "PatientID_0003",
        "sub-PatientID0004": "PatientID_0004",
    }
    assert (tmp_path / "b" / "sub-PatientID0003" / "ses-Timepoint1" / "anat").is_dir()


@pytest.mark.usefixtures("measured")
def test_a_report_that_cannot_be_written_costs_neither_the_table_nor_the_others(run, model, cohort, tmp_path):
    rows = pd.read_csv(cohort)
    rows.loc[0, "mask_path"] = rows.loc[0, "image_path"] + "/000.dcm"  # an image is no mask
    rows.to_csv(cohort, index=False)
    (tmp_path / "sr").mkdir()
    (tmp_path / "sr" / "1.dcm").write_text("of an earlier run")
    code, out, err = run("predict", model, cohort, "--sr", tmp_path / "sr", "--bids", tmp_path / "b")
    assert code == 1
    assert len(out.splitlines()) == 3
    assert "session PatientID_0003/Timepoint_1 has no report" in err
    assert (tmp_path / "b" / "participants.tsv").is_file()
    assert not (tmp_path / "sr" / "1.dcm").exists()
    index = pd.read_csv(tmp_path / "sr" / "index.csv", keep_default_na=False)
    assert index["report"].tolist() == ["", "2.dcm"]
    assert ["neither DICOM SEG nor RTSTRUCT" in note for note in index["note"]] == [True, False]


@pytest.mark.usefixtures("measured")
def test_what_stands_in_the_way_of_a_report_does_not_stop_the_others(run, model, cohort, tmp_path):
    (tmp_path / "sr" / "1.dcm").mkdir(parents=True)
    code, out, err = run("predict", model, cohort, "--sr", tmp_path / "sr")
    assert (code, len(out.splitlines())) == (1, 3)
    assert "session PatientID_0003/Timepoint_1 has no report" in err
    index = pd.read_csv(tmp_path / "sr" / "index.csv", keep_default_na=False)
    assert index["report"].tolist() == ["", "2.dcm"]
    assert "1.dcm" in index["note"][0]


def test_no_report_of_an_earlier_run_stays_beside_a_new_index(tmp_path):
    def write(path):
        path.write_text("new")
        return path

    write_each(tmp_path, ["patient_id"], {(name,): write for name in ("P1", "P2", "P3")})
    (tmp_path / "7.dcm").write_text("of someone else")
    write_each(tmp_path, ["patient_id"], {("P3",): write})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.dcm", "7.dcm", "index.csv"]


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_an_index_of_something_else_is_not_overwritten(tmp_path, content):
    (tmp_path / "index.csv").write_text(content)
    with pytest.raises(TableError, match=r"is no index of structured reports: expected the column report"):
        write_each(tmp_path, ["patient_id"], {})
    assert (tmp_path / "index.csv").read_text() == content


@pytest.mark.usefixtures("measured")
def test_a_session_without_dicom_has_a_note_beforehand_and_in_the_index(run, model, cohort, tmp_path):
    rows = pd.read_csv(cohort)
    rows.loc[2:, "image_path"] = without_dicom(tmp_path)[2:]
    rows.to_csv(cohort, index=False)
    code, out, err = run("predict", model, cohort, "--sr", tmp_path / "sr")
    assert (code, len(out.splitlines())) == (1, 3)
    assert "no report will be written of 1 of 2 sessions, first PatientID_0004/Timepoint_1" in err
    assert [path.name for path in sorted((tmp_path / "sr").iterdir())] == ["1.dcm", "index.csv"]


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize(
    ("change", "words", "message"),
    [
        ({"image_path": [f"{number}.nii.gz" for number in range(4)]}, ["--sr"], "the cohort names no DICOM series"),
        ({"patient_id": ["P_1", "P_1", "P-1", "P-1"]}, ["--bids"], "'P_1' and 'P-1' have the same BIDS label sub-P1"),
        ({"patient_id": ["___", "___", "P2", "P2"]}, ["--bids"], "expected letters and digits alone"),
        ({"patient_id": "P1", "session_id": ["1", "1", "2", "2"]}, ["--sr"], "patient 'P1' of the cohort has several"),
    ],
)
def test_what_is_knowable_is_refused_before_anything_is_measured(run, model, cohort, tmp_path, change, words, message):
    without_dicom(tmp_path)
    pd.read_csv(cohort).assign(**change).to_csv(cohort, index=False)
    code, out, err = run("predict", model, cohort, *words, tmp_path / "reports")
    assert (code, out) == (2, "")
    assert message in err
    assert not (tmp_path / "reports").exists()


@pytest.mark.usefixtures("unmeasured")
def test_a_feature_table_has_no_images_to_file_reports_with(run, model, tmp_path):
    (tmp_path / "f.csv").write_text("patient_id,T1wCE_original_firstorder_Mean\nP1,2\n")
    code, _, err = run("predict", model, tmp_path / "f.csv", "--sr", tmp_path / "sr")
    assert code == 2
    assert "is a feature table" in " ".join(err.split())


@pytest.mark.parametrize(("read", "series"), [("FLAIR", 2), ("T1wCE", 1)])
def test_every_series_that_the_model_reads_is_evidence(assessed, cohort, tmp_path, read, series):
    class Fitted:
        identity_ = "1f0c9d3e"
        feature_names_ = ("age_years", f"{read}_original_firstorder_Mean")

    rows = radnec.read_cohort(cohort)
    written = write_reports(results(assessed), rows, tmp_path / "sr", model=Fitted())
    (study,) = pydicom.dcmread(written[0]).CurrentRequestedProcedureEvidenceSequence
    found = {str(one.SeriesInstanceUID) for one in study.ReferencedSeriesSequence}
    assert found == {"1.2.3.1", "1.2.3.2"} if series == 2 else found == {"1.2.3.1"}


def test_notes_and_indices_are_those_of_python_too(assessed, cohort, tmp_path):
    rows = radnec.read_cohort(cohort)
    rows.loc[2, "mask_path"] = rows.loc[2, "image_path"] + "/000.dcm"
    with pytest.warns(
        ReportWarning, match="PatientID_0004/Timepoint_1 has no report: .*neither DICOM SEG nor RTSTRUCT"
    ):
        written = write_reports(results(assessed), rows, tmp_path / "sr", model={"identity": "1f0c9d3e"})
    assert [path.name for path in written] == ["1.dcm"]
    with pytest.raises(TableError, match="names no DICOM series"):
        write_reports(results(assessed).assign(session_id="other"), rows, tmp_path / "none", model={"identity": "1f"})
