"""An evaluation says when the tested patients' images set the scale of intensities."""

from __future__ import annotations

import pytest

from radnec.classifier import evaluate, load, train
from radnec.config import ExtractionConfig, Landmarks, TrainingConfig
from radnec.config.provenance import stamp
from radnec.simulate import simulate_table

CONFIG = TrainingConfig(
    candidates=("logistic",), draws=1, outer_repeats=1, outer_folds=2, resamples=100, random_state=0
)


def _extraction(patients: list[str]) -> ExtractionConfig:
    marks = Landmarks.marks_of(patients)
    landmarks = Landmarks(scales={"FLAIR": (0, 50, 100)}, percentiles=(1, 50, 99), foreground="brain", **marks)
    maps = {name: {"standardise": None} for name in ("rCBV", "T1wCE")}
    return ExtractionConfig(standardise="nyul", landmarks=landmarks, by_sequence=maps)


@pytest.fixture(scope="module")
def table():
    return simulate_table(n_patients=30, n_features=6, n_informative=3, random_state=0)


def test_the_report_is_marked_when_tested_patients_set_the_landmarks(table) -> None:
    known = sorted(table["patient_id"].unique())[:4]
    evaluation = evaluate(stamp(table.copy(), kind="features", extraction=_extraction([*known, "elsewhere"])), CONFIG)
    (note,) = [note for note in evaluation.notes if "landmarks" in note]
    assert note.startswith("Images of 4 of the 30 tested patients set the intensity landmarks (of 5 patients, list ")
    assert note in evaluation.to_dict()["notes"]
    page = evaluation._repr_html_()
    assert not any(
        f">{mark}" in page or f" {mark}" in page for mark in _extraction([*known, "elsewhere"]).landmarks.marks
    )


def test_there_is_no_mark_without_a_reason(table) -> None:
    for extraction in (ExtractionConfig(), _extraction(["elsewhere", "nowhere"])):
        evaluation = evaluate(stamp(table.copy(), kind="features", extraction=extraction), CONFIG)
        assert not any("landmarks" in note for note in evaluation.notes)


def test_a_model_knows_its_landmarks_when_the_table_lost_them(table, tmp_path) -> None:
    ours, theirs = (table[table["patient_id"].isin(half)] for half in _halves(table))
    known = sorted(theirs["patient_id"].unique())[:2]
    model = train(stamp(ours.copy(), kind="features", extraction=_extraction(known)), CONFIG)
    model.save(tmp_path / "m.radnec")
    loaded = load(tmp_path / "m.radnec")
    assert loaded.extraction_config_ == _extraction(known)
    lost = theirs.copy()
    lost.attrs = {}
    (note,) = [note for note in evaluate(lost, model=loaded).notes if "landmarks" in note]
    assert note.startswith(f"Images of 2 of the {theirs['patient_id'].nunique()} tested patients")


def _halves(table) -> tuple[list[str], list[str]]:
    names = sorted(table["patient_id"].unique())
    return names[::2], names[1::2]
