"""The command line: what it prints, writes and returns."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import radnec
from radnec import cli
from radnec.cohort import data_schema
from radnec.features.table import read_table


@pytest.fixture
def run(capsys, monkeypatch):
    """Return a function that runs a command and gives exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["radnec", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return call


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort") / "a"
    return radnec.simulate_cohort(folder, n_patients=24, effect=2.0, sequences=("T1wCE",), random_state=0)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "training.yaml"
    path.write_text(
        "candidates: [logistic]\ndraws: 2\nouter_repeats: 1\nouter_folds: 3\ninner_folds: 3\nrandom_state: 0\n"
    )
    return path


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    path = tmp_path_factory.mktemp("features") / "extraction.yaml"
    path.write_text("featureClass:\n  firstorder:\n  shape: [MeshVolume]\n  glcm: [Contrast, JointEntropy]\n")
    return path


def test_schema_prints_the_page(run):
    assert run("schema") == (0, data_schema(), "")


@pytest.mark.parametrize("command", ["demo", "schema", "check", "extract", "train", "evaluate", "predict"])
def test_help_shows_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"radnec {command}" in out.split("Example:")[1]


def test_check_exits_with_findings(run, cohort, tmp_path):
    code, out, _ = run("check", cohort)
    assert code == 0
    assert "images checked" in out
    table = pd.read_csv(cohort)
    table.loc[0, "mask_label"] = 77
    base = cohort.parent
    for column in ("image_path", "mask_path", "brain_mask_path"):
        table[column] = [str(base / path) for path in table[column]]
    broken = tmp_path / "broken.csv"
    table.to_csv(broken, index=False)
    code, out, _ = run("check", broken, "--json")
    assert code == 1
    assert {"RN003"} == {row["code"] for row in json.loads(out) if row["severity"] == "error"}


def test_a_broken_table_is_a_finding_of_check_and_wrong_use_elsewhere(run, cohort, tmp_path):
    table = tmp_path / "cohort.csv"
    pd.read_csv(cohort).assign(field_strength_t=15000).to_csv(table, index=False)
    code, out, err = run("check", table)
    assert (code, out) == (1, "")
    assert "gauss" in err
    code, out, err = run("extract", table, "--out", tmp_path / "f.parquet")
    assert (code, out) == (2, "")
    assert "gauss" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [("check", "absent.csv"), ("extract",), ("nonsense",), ("train", "--out")])
def test_wrong_use_exits_with_two(run, words):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_messages_speak_the_command_lines_language(run, tmp_path):
    table = tmp_path / "f.csv"
    table.write_text("ID;Target;age\n01;1;60\n02;0;50\n03;1;70\n")
    settings = tmp_path / "settings.yaml"
    settings.write_text("label: Target\npatient: ID\nfeatures: [age]\nbatch: null\n")
    code, _, err = run("train", table, "--config", settings, "--out", tmp_path / "m.radnec")
    assert code == 2
    assert "a line `positive: ...` in the --config file" in err
    assert "TrainingConfig" not in err
    settings.write_text("lable: Target\n")
    code, _, err = run("train", table, "--config", settings, "--out", tmp_path / "m.radnec")
    assert code == 2
    assert f"{settings}: TrainingConfig cannot be built" in err
    assert "did you mean 'label'?" in err


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_a_cohort_without_labels_is_not_measured_in_vain(run, cohort, tmp_path):
    table = pd.read_csv(cohort).drop(columns=["label", "label_source", "label_date", "followup_months"])
    for column in ("image_path", "mask_path", "brain_mask_path"):
        table[column] = [str(cohort.parent / path) for path in table[column]]
    table.to_csv(tmp_path / "c.csv", index=False)
    code, _, err = run("train", tmp_path / "c.csv", "--out", tmp_path / "m.radnec")
    assert code == 2
    assert "no lesion has a label" in err


@pytest.mark.slow
def test_the_whole_way(run, cohort, features, quick, tmp_path):
    table, model, page = tmp_path / "features.parquet", tmp_path / "model.radnec", tmp_path / "report.html"
    words = ("extract", cohort, "--out", table, "--extraction", features, "--cache", tmp_path / "cache")
    code, out, _ = run(*words)
    assert (code, table.exists()) == (0, True)
    assert "0 failed" in out
    assert "0 hits" in out
    code, out, _ = run(*words, "--json")
    counts = json.loads(out)
    assert counts["failed"] == []
    assert counts["hits"] > 0
    assert counts["misses"] == 0
    assert len(read_table(table)) == counts["rows"]

    code, out, _ = run("evaluate", table, "--config", quick, "--out", page, "--json")
    assert code == 0
    assert {row["model"] for row in json.loads(out)["numbers"]} >= {"prevalence", "volume", "radnec"}
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")

    code, out, _ = run("train", table, "--config", quick, "--out", model, "--json")
    assert code == 0
    assert json.loads(out)["identity"]

    code, out, _ = run("predict", model, cohort, "--json")
    judged = json.loads(out)
    assert code == 0
    assert len(judged) == counts["rows"]
    assert all(row["p_low"] <= row["p_necrosis"] <= row["p_high"] for row in judged)
    from_table = json.loads(run("predict", model, table, "--json")[1])
    assert from_table == judged

    code, out, err = run("evaluate", table, "--model", model)
    assert (code, out) == (2, "")
    assert "rows the model was trained on" in err
    assert "radnec evaluate TABLE, without --model" in err
    elsewhere = radnec.simulate_cohort(tmp_path / "b", n_patients=20, sequences=("T1wCE",), random_state=7)
    code, out, _ = run("evaluate", elsewhere, "--model", model, "--json")
    assert code == 0
    assert json.loads(out)["conclusions"]
    other = tmp_path / "other.yaml"
    other.write_text(
        "bin_width: 5\nfeature_classes: {firstorder: , shape: [MeshVolume], glcm: [Contrast, JointEntropy]}\n"
    )
    run("extract", cohort, "--out", table, "--extraction", other)
    code, _, err = run("predict", model, table)
    assert code == 2
    assert "bin_width: 5.0 instead of 25.0" in err


@pytest.mark.slow
def test_a_failed_lesion_is_reported_and_exits_with_one(run, cohort, features, tmp_path):
    table = pd.read_csv(cohort).head(3)
    for column in ("image_path", "mask_path", "brain_mask_path"):
        table[column] = [str(cohort.parent / path) for path in table[column]]
    table.loc[0, "mask_label"] = 77
    broken = tmp_path / "broken.csv"
    table.to_csv(broken, index=False)
    code, out, err = run("extract", broken, "--out", tmp_path / "f.csv", "--extraction", features)
    assert code == 1
    assert "1 failed" in out
    assert err.count("has no label 77") == 1
    assert (tmp_path / "f.csv.json").exists()


@pytest.mark.slow
def test_the_demo_leaves_a_report_a_model_and_calls(run, tmp_path):
    out_folder = tmp_path / "demo"
    code, out, _ = run("demo", "--out", out_folder, "--n-patients", 20, "--n-jobs", 2)
    assert code == 0
    assert "Open " in out
    for name in ("cohort.csv", "features.parquet", "report.html", "model.radnec", "assessed.csv"):
        assert (out_folder / name).stat().st_size > 0
    code, _, err = run("demo", "--out", out_folder)
    assert code == 2
    assert str(out_folder) in err
