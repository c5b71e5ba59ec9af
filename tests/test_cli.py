"""The command line: what it prints, writes and returns."""

from __future__ import annotations

import errno
import json

import pandas as pd
import pytest

import radnec
from radnec.cohort import data_schema
from radnec.features.table import read_table, write_table
from radnec.simulate import simulate_table


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


@pytest.fixture(scope="module")
def table():
    """Return a feature table of features that no image stands behind."""
    return simulate_table(n_patients=30, n_features=10, effect=3.0, random_state=0)


@pytest.fixture(scope="module")
def trained(table, quick, tmp_path_factory):
    model = radnec.train(table, radnec.TrainingConfig.from_yaml(quick))
    return model.save(tmp_path_factory.mktemp("model") / "model.radnec")


@pytest.fixture
def elsewhere(tmp_path):
    """Return the feature table of another place, as a file."""
    other = simulate_table(n_patients=30, n_features=10, effect=3.0, random_state=1)
    return write_table(other, tmp_path / "elsewhere.csv")


@pytest.fixture(scope="module")
def foreign(table, tmp_path_factory):
    """Return a plain table with ids of digits, and a model of it."""
    folder = tmp_path_factory.mktemp("foreign")
    plain = pd.DataFrame(
        {"ID": range(10005, 10005 + len(table)), "day": 3, "Target": table["label"].eq("necrosis") * 1}
    )
    plain["original_firstorder_Mean"] = table.filter(like="T1wCE").iloc[:, 0].round(6)
    plain["original_glcm_Contrast"] = table.filter(like="T1wCE").iloc[:, 1].round(6)
    plain.to_csv(folder / "plain.csv", index=False)
    (folder / "training.yaml").write_text(
        "label: Target\npositive: 1\npatient: ID\nfeatures: ^original_\nbatch: null\ncandidates: [logistic]\n"
        "draws: 1\ninner_folds: 3\nrandom_state: 0\n"
    )
    config = radnec.TrainingConfig.from_yaml(folder / "training.yaml")
    radnec.train(read_table(folder / "plain.csv"), config).save(folder / "m.radnec")
    return folder


def with_paths(cohort, **changes):
    """Return the rows of a cohort with paths that hold anywhere."""
    rows = pd.read_csv(cohort)
    for column in ("image_path", "mask_path", "brain_mask_path"):
        rows[column] = [str(cohort.parent / path) for path in rows[column]]
    return rows.assign(**changes)


@pytest.mark.parametrize("words", [["--version"], ["-h"], ["predict", "-h"]])
def test_version_and_help_have_their_usual_names(run, words):
    code, out, _ = run(*words)
    assert code == 0
    assert radnec.__version__ in out or "Usage: radnec" in out


def test_ids_are_not_rounded_and_rows_are_told_apart(run, foreign, tmp_path):
    code, out, _ = run("predict", foreign / "m.radnec", foreign / "plain.csv", "--out", tmp_path / "a.csv")
    assert (code, out.split(";")[0].startswith("Judged ")) == (0, True)
    plain, found = pd.read_csv(foreign / "plain.csv"), pd.read_csv(tmp_path / "a.csv", dtype=str)
    assert list(found.columns[:2]) == ["row", "ID"]
    assert found["ID"].tolist() == plain["ID"].astype(str).tolist()
    assert found["row"].tolist() == [str(row) for row in range(1, len(plain) + 1)]
    assert found["p_necrosis"].str.len().max() <= len("1.234e-05")
    judged = json.loads(run("predict", foreign / "m.radnec", foreign / "plain.csv", "--json")[1])
    assert [type(row["ID"]) for row in judged] == [int] * len(plain)
    assert judged[0]["ID"] == 10005
    assert max(len(str(row["p_necrosis"])) for row in judged) > 10


def test_only_probabilities_are_rounded(run, foreign, tmp_path):
    odd = pd.read_csv(foreign / "plain.csv")
    odd["ID"] = odd["ID"] + 0.123456789
    odd.to_csv(tmp_path / "odd.csv", index=False)
    _, out, _ = run("predict", foreign / "m.radnec", tmp_path / "odd.csv")
    assert "\n1,10005.123456789,0." in out


def test_keys_of_a_feature_table_need_no_row_number(run, trained, elsewhere):
    _, out, _ = run("predict", trained, elsewhere)
    assert out.startswith("patient_id,session_id,lesion_id,p_necrosis,")


@pytest.mark.parametrize(
    "words",
    [
        ("extract", "c.csv", "--out", "c.csv"),
        ("extract", "c.csv", "--out", "f.csv", "--extraction", "f.csv.json"),
        ("extract", "c.csv", "--out", "link.csv"),
        ("train", "c.csv", "--out", "m.radnec", "--config", "m.radnec"),
        ("evaluate", "c.csv", "--out", "c.html", "--config", "c.html"),
        ("train", "c.csv", "--out", "m.radnec", "--replicates", "m.radnec"),
        ("predict", "m.radnec", "c.csv", "--out", "c.csv"),
    ],
)
def test_no_command_overwrites_its_input(run, monkeypatch, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    for name in ("c.csv", "f.csv.json", "m.radnec", "c.html"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "c.csv")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert "is an input of this command" in " ".join(err.split())
    assert {path.read_text() for path in tmp_path.iterdir()} == {"a,b\n1,2\n"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("evaluate", "c.csv", "--out", "c.csv.txt"), ".html or .htm"),
        (("predict", "m.radnec", "c.csv", "--out", "a.xlsx"), ".csv"),
        (("extract", "c.csv", "--out", "f.tsv"), ".parquet or .csv"),
        (("train", "c.csv", "--out", "m.pkl"), ".radnec"),
        (("train", "c.csv", "--out", "folder.radnec"), "is a folder"),
    ],
)
def test_a_name_that_does_not_fit_is_refused_before_any_work(run, monkeypatch, tmp_path, words, expected):
    monkeypatch.chdir(tmp_path)
    for name in ("c.csv", "m.radnec"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder.radnec").mkdir()
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert expected in " ".join(err.split())
    assert "cannot be read" not in err


@pytest.mark.parametrize("command", ["extract", "train", "evaluate", "predict", "demo"])
def test_no_jobs_are_refused(run, command, tmp_path):
    (tmp_path / "c.csv").write_text("")
    words = {"demo": [], "predict": [tmp_path / "c.csv"] * 2}.get(command, [tmp_path / "c.csv"])
    code, out, err = run(command, *words, "--n-jobs", 0)
    assert (code, out) == (2, "")
    assert "expected 1 or more" in " ".join(err.split())


def test_an_evaluation_prints_its_notes_and_says_a_suspicion_once(run, trained, elsewhere, tmp_path):
    other = read_table(elsewhere).assign(scanner_id="a new one")
    write_table(other, elsewhere)
    code, out, err = run("evaluate", elsewhere, "--model", trained)
    data = json.loads(run("evaluate", elsewhere, "--model", trained, "--json")[1])
    assert code == 0
    assert data["notes"]
    assert all(f"Note: {note}" in out.splitlines() for note in data["notes"])
    assert not any(note in err for note in data["notes"])
    assert {"conclusions", "better_than_prevalence", "flags", "numbers", "kind", "subject"} <= set(data)
    read = radnec.load(trained).feature_names_[0]
    copied = other["label"].eq("necrosis") + other[read] / 1e6
    path = write_table(other.assign(**{read: copied}), tmp_path / "suspect.csv")
    code, out, err = run("evaluate", path, "--model", trained)
    assert code == 1
    assert out.count(f"before column {read} is explained") == 1
    assert "Suspect column" not in err


def test_replicates_are_a_file_of_train_and_evaluate(run, table, quick, tmp_path):
    """Replicates without any noise leave all features, with noise in one all but that."""
    features = [name for name in table if "_sim" in name]
    keys = ["patient_id", "session_id", "lesion_id"]
    parts = [table[[*keys, *features]].assign(perturbation=f"r{k}") for k in range(3)]
    parts[0][features[0]] = parts[0][features[0]].to_numpy()[::-1]
    replicates = write_table(pd.concat(parts), tmp_path / "replicates.csv")
    source, model = write_table(table, tmp_path / "table.csv"), tmp_path / "m.radnec"
    told = "left 9 of 10 features"
    code, out, _ = run("train", source, "--out", model, "--config", quick, "--replicates", replicates, "--json")
    assert code == 0
    assert told in " ".join(json.loads(out)["notes"])
    assert features[0] not in json.loads(out)["used_features"]
    code, out, _ = run("evaluate", source, "--config", quick, "--replicates", replicates)
    assert code == 0
    assert told in out
    code, _, err = run("evaluate", source, "--model", model, "--replicates", replicates)
    assert code == 2
    assert "an external test fits nothing, so replicates would have no effect" in " ".join(err.split())


def test_permutations_and_learning_curve_join_the_evaluation(run, trained, table, quick, tmp_path):
    source, page = write_table(table, tmp_path / "table.csv"), tmp_path / "page.html"
    words = ["--config", quick, "--permutations", 4, "--learning-curve"]
    code, out, _ = run("evaluate", source, *words, "--json", "--out", page)
    assert code == 0
    data = json.loads(out)
    assert len(data["permutation"]["null"]) == 4
    assert data["permutation"]["p_value"] >= 0.2
    area = next(one for one in data["numbers"] if (one["model"], one["metric"]) == ("radnec", "auc"))
    assert data["permutation"]["value"] == pytest.approx(area["value"])
    last = [one for one in data["learning_curve"] if one["metric"] == "auc"][-1]
    assert last["value"] == pytest.approx(area["value"])
    assert [one.partition(":")[0] for one in data["conclusions"][-2:]] == ["Permutation test", "Learning curve"]
    assert all(sentence in page.read_text() for sentence in data["conclusions"][-2:])
    assert "AUC and log loss after learning from" in page.read_text()
    code, _, err = run("evaluate", source, "--model", trained, "--permutations", 4)
    assert code == 2
    assert "an external test fits nothing, so permutations would have no effect" in " ".join(err.split())


@pytest.mark.parametrize("racing", [True, False])
def test_a_setting_of_the_search_reaches_it(run, table, tmp_path, racing):
    settings, model = tmp_path / "training.yaml", tmp_path / "m.radnec"
    settings.write_text(
        f"candidates: [logistic]\ndraws: 16\ninner_folds: 3\nrandom_state: 0\nracing: {str(racing).lower()}\n"
    )
    source = write_table(table, tmp_path / "table.parquet")
    assert run("train", source, "--out", model, "--config", settings)[0] == 0
    folds = [one["folds"] for one in radnec.load(model).recipe_.search_]
    assert len(folds) == 16
    assert (min(folds) < 3) is racing


def test_infinite_limits_are_json(run, trained, elsewhere, monkeypatch):
    from radnec.evaluation.result import Evaluation

    whole = Evaluation.to_dict
    monkeypatch.setattr(Evaluation, "to_dict", lambda self: {**whole(self), "numbers": [{"high": float("inf")}]})
    data = json.loads(run("evaluate", elsewhere, "--model", trained, "--json")[1])
    assert data["numbers"] == [{"high": None}]


def test_failed_lesions_of_a_prediction_are_told_and_exit_with_one(run, trained, elsewhere, tmp_path):
    broken = read_table(elsewhere).assign(status="ok", error="")
    broken.loc[2, ["status", "error"]] = ["failed", "lesion P003/S1/L1, T1wCE: mask is empty"]
    path = write_table(broken, tmp_path / "broken.csv")
    code, out, err = run("predict", trained, path)
    assert code == 1
    assert len(out.splitlines()) == len(broken) + 1
    assert f"1 lesion session of {len(broken)} failed extraction" in err
    assert "mask is empty" in err


def test_features_of_plain_pyradiomics_are_not_trained_under_settings(run, foreign, features, tmp_path):
    words = ("--config", foreign / "training.yaml", "--out", tmp_path / "m.radnec")
    code, out, err = run("train", foreign / "plain.csv", *words, "--extraction", features)
    assert (code, out) == (2, "")
    assert "radnec.features.columns.from_pyradiomics" in err
    assert not (tmp_path / "m.radnec").exists()


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_a_model_that_no_cohort_suits_is_noticed_before_anything_is_measured(run, cohort, foreign, monkeypatch):
    monkeypatch.setattr("radnec.features.source.extract", lambda *_, **__: pytest.fail("measured all the same"))
    code, _, err = run("predict", foreign / "m.radnec", cohort)
    assert code == 2
    assert "the model reads original_firstorder_Mean, original_glcm_Contrast, which the cohort does not hold" in err


def test_settings_can_be_given_to_a_table_that_lost_them(run, table, quick, features, tmp_path):
    plain = tmp_path / "plain.csv"
    table.to_csv(plain, index=False)
    words = ("train", plain, "--config", quick, "--out", tmp_path / "m.radnec")
    code, _, err = run(*words)
    assert code == 2
    assert "radnec train TABLE --extraction FILE" in err
    assert run(*words, "--extraction", features)[0] == 0
    settings = radnec.load(tmp_path / "m.radnec").extraction_config_
    assert settings == radnec.ExtractionConfig.from_yaml(features)


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_a_broken_cohort_is_json_everywhere_with_cells_as_they_are(run, cohort, tmp_path):
    path = tmp_path / "c.csv"
    with_paths(cohort, field_strength_t=15000).to_csv(path, index=False)
    checked = run("check", path, "--json")
    extracted = run("extract", path, "--out", tmp_path / "f.csv", "--json")
    assert (checked[0], extracted[0]) == (1, 2)
    assert checked[1] == extracted[1]
    assert {row["found"] for row in json.loads(checked[1])} == {"15000"}


def test_the_demo_does_not_overwrite_a_folder(run, tmp_path):
    (tmp_path / "x y").mkdir()
    (tmp_path / "x y" / "thesis.txt").touch()
    code, _, err = run("demo", "--out", tmp_path / "x y")
    assert code == 2
    assert f"such as radnec demo --out '{tmp_path}/x y_new'" in err


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_the_fixes_of_a_check_are_lines_to_copy(run, cohort, monkeypatch):
    from radnec.imaging.check_report import COLUMNS, CheckReport
    from radnec.imaging.findings import FINDINGS

    finding = FINDINGS["RN010"]
    values = ("RN010", "info", "P1", "S1", "L1", "FLAIR", "5 × 1 mm", finding.explanation, finding.fix)
    report = CheckReport(pd.DataFrame([dict(zip(COLUMNS, values, strict=True))] * 4), images=4)
    monkeypatch.setattr("radnec.check", lambda *_, **__: report)
    _, out, _ = run("check", cohort)
    assert "`resampled_spacing_mm: [1, 1, 1]`" in out
    assert "1 more with radnec check --json" in out
    (fix,) = {row["fix"] for row in json.loads(run("check", cohort, "--json")[1])}
    assert "a line `force_2d: true` in the --extraction file" in fix


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


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
@pytest.mark.parametrize(("more", "kept"), [((), "--cache keeps"), (("--cache", "cache"), "goes on where it stopped")])
def test_ctrl_c_says_what_was_kept(run, cohort, tmp_path, monkeypatch, more, kept):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("radnec.features.stream.extract_to", interrupted)
    code, _, err = run("extract", cohort, "--out", tmp_path / "f.parquet", *more)
    assert code == 130
    assert f"interrupted; {'the same command ' * bool(more)}" in err
    assert kept in err


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
    assert "Verified with pyradiomics: 2 drawn, 2 agreed, 0 not compared." in run(*words, "--verify", 2)[1]
    assert json.loads(run(*words, "--verify", 1, "--json")[1])["verified"]["agreed"] == 1

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
    assert "radnec evaluate TABLE (without --model)" in err
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
    assert out.startswith("Measured 3 lesion sessions, 1 failed")


@pytest.mark.slow
def test_the_demo_leaves_a_report_a_model_and_calls(run, tmp_path, monkeypatch):
    out_folder = tmp_path / "demo"
    monkeypatch.delenv("UV", raising=False)
    code, out, _ = run("demo", "--out", out_folder, "--n-patients", 20, "--n-jobs", 2)
    assert code == 0
    assert "Open " in out
    assert f"\n  radnec predict {out_folder / 'model.radnec'} " in out  # as it runs where uv is not
    for name in ("cohort.csv", "features.parquet", "report.html", "model.radnec", "assessed.csv"):
        assert (out_folder / name).stat().st_size > 0


def test_a_model_is_carried_to_another_place(run, trained, elsewhere, tmp_path):
    theirs = read_table(elsewhere).assign(scanner_id="Z9")
    path = write_table(theirs, tmp_path / "theirs.csv")
    code, out, _ = run("predict", trained, path)
    assert (code, out.count("Z9): radnec adapt MODEL TABLE learns it")) == (0, len(theirs))
    code, out, _ = run("adapt", trained, path, "--out", tmp_path / "adapted.radnec")
    assert (code, "Z9" in out) == (0, True)
    adapted = radnec.load(tmp_path / "adapted.radnec")
    assert adapted.parent_ == radnec.load(trained).identity_
    assert not adapted.assess(theirs)["reason"].str.contains("unseen scanner").any()
    code, out, _ = run("recalibrate", tmp_path / "adapted.radnec", path, "--out", tmp_path / "mended.radnec")
    assert (code, "log-odds times" in out) == (0, True)
    X, y = radnec.labelled(theirs)
    expected = adapted.recalibrate(X, y).predict_proba(theirs)
    assert radnec.load(tmp_path / "mended.radnec").predict_proba(theirs) == pytest.approx(expected, abs=1e-12)


def test_an_intercept_is_mended_alone(run, trained, elsewhere, tmp_path):
    code, out, _ = run("recalibrate", trained, elsewhere, "--out", tmp_path / "m.radnec", "--intercept-only")
    assert (code, "log-odds times 1.000 plus" in out) == (0, True)


def test_each_recalibration_is_told_by_itself(run, trained, elsewhere, tmp_path):
    theirs = read_table(elsewhere)
    halves = [theirs[theirs["patient_id"].isin(theirs["patient_id"].unique()[start::2])] for start in (0, 1)]
    first, second = (write_table(half, tmp_path / f"{number}.csv") for number, half in enumerate(halves))
    run("recalibrate", trained, first, "--out", tmp_path / "once.radnec")
    code, out, _ = run("recalibrate", tmp_path / "once.radnec", second, "--out", tmp_path / "twice.radnec")
    X, y = radnec.labelled(read_table(second))
    alone = radnec.load(tmp_path / "once.radnec").recalibrate(X, y).summary_["notes"][-1]
    assert (code, alone in out) == (0, True)


def test_a_model_is_not_recalibrated_on_its_own_rows(run, trained, table, tmp_path):
    path = write_table(table, tmp_path / "own.csv")
    code, _, err = run("recalibrate", trained, path, "--out", tmp_path / "m.radnec")
    assert (code, "trained on" in err) == (2, True)
    assert not (tmp_path / "m.radnec").exists()


def test_a_model_is_watched(run, quick, tmp_path):
    every = simulate_table(n_patients=130, n_features=10, effect=3.0, random_state=0)
    known = every["patient_id"].isin(every["patient_id"].unique()[:90])
    model = radnec.train(every[known], radnec.TrainingConfig.from_yaml(quick)).save(tmp_path / "m.radnec")
    later = every[~known].reset_index(drop=True)
    code, out, _ = run("monitor", model, write_table(later, tmp_path / "quiet.csv"))
    assert (code, out.splitlines()[0][:14]) == (0, "No drift found")
    moved = later.copy()
    moved.loc[moved["scanner_id"] == "B1", "scanner_id"] = "Z9"
    page = tmp_path / "page.html"
    code, out, _ = run("monitor", model, write_table(moved, tmp_path / "moved.csv"), "--html", page, "--json")
    found = json.loads(out)
    assert (code, found["verdict"], found["ok"]) == (1, "drift", False)
    assert found["findings"][0]["kind"] == "new scanner"
    assert "radnec adapt MODEL TABLE" in found["findings"][0]["text"]
    assert "scanner_id Z9" in page.read_text(encoding="utf-8")
    code, out, _ = run("monitor", model, write_table(later.head(5), tmp_path / "few.csv"))
    assert (code, out[:12]) == (0, "Cannot tell:")


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (MemoryError("full"), 4, "MemoryError: full"),
        (RuntimeError("a defect"), 4, "RuntimeError: a defect"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "make room, and run the same command again"),
        (PermissionError(errno.EACCES, "Permission denied", "x.parquet"), 2, "'x.parquet'\n"),
    ],
)
def test_a_fault_is_never_told_as_a_finding(run, cohort, monkeypatch, fault, code, told):
    monkeypatch.setattr(radnec, "check", lambda *_, **__: (_ for _ in ()).throw(fault))
    found, out, err = run("check", cohort)
    assert (found, out) == (code, "")
    assert told in err
    assert ("Traceback" in err) == (code == 4)
