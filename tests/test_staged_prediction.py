"""`radnec predict` with a saved pathway."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import radnec
from radnec.cli.app import main
from radnec.features.table import write_table
from radnec.simulate import simulate_cohort, simulate_multimodal

CONFIG = radnec.TrainingConfig(candidates=("logistic",), draws=1, inner_folds=3, batch=None, random_state=0)


@pytest.fixture
def run(capsys, monkeypatch):
    def run(*words):
        monkeypatch.setattr("sys.argv", ["radnec", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return stopped.value.code, out, err

    return run


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    table = simulate_multimodal(n_patients=100, effect=1.5, missing=0.1, random_state=0)
    path = tmp_path_factory.mktemp("pathway") / "pathway.radnec"
    return radnec.Pathway(config=CONFIG).fit(table, table["label"]).save(path)


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    table = simulate_multimodal(n_patients=12, effect=1.5, missing=0.5, random_state=1)
    return write_table(table.drop(columns=["label", "p_necrosis_true"]), tmp_path_factory.mktemp("new") / "new.csv")


def test_a_pathway_prints_stage_call_and_next_examinations(run, saved, new, tmp_path):
    code, out, _ = run("predict", saved, new, "--out", tmp_path / "a.csv")
    assert code == 0
    assert "wrote" in out
    found = pd.read_csv(tmp_path / "a.csv", dtype={"next_examinations": str})
    expected = radnec.load(saved).assess(radnec.features.table.read_table(new))
    assert found["stage"].tolist() == expected["stage"].tolist()
    assert found["call"].tolist() == expected["call"].tolist()
    assert found["next_examinations"].fillna("").tolist() == expected["next_examinations"].tolist()
    assert found["next_examinations"].str.contains("PET").any()
    judged = json.loads(run("predict", saved, new, "--json")[1])
    assert [row["call"] for row in judged] == expected["call"].tolist()


@pytest.mark.parametrize("option", ["--sr", "--bids", "--prevalence"])
def test_what_a_pathway_has_no_answer_to_is_refused(run, saved, new, option):
    code, _, err = run("predict", saved, new, option, "0.2")
    assert code == 2
    assert f"there is no {option}" in err.replace("\n", " ")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_a_cohort_is_measured_whole(run, tmp_path):
    """Radiomics and indices of the lesions' images, as a pathway of both reads them."""
    path = simulate_cohort(
        tmp_path / "cohort",
        n_patients=16,
        lesions_per_patient=(1, 1),
        sessions_per_patient=(1, 1),
        sequences=("T1wCE",),
        modalities=("MR", "PET"),
        random_state=1,
    )
    cohort = radnec.read_cohort(path)
    mr = cohort[cohort["sequence"] == "T1wCE"]
    settings = radnec.ExtractionConfig(feature_classes={"firstorder": ["Mean", "Entropy"], "shape": ["MeshVolume"]})
    table = radnec.join(radnec.extract(mr, settings), radnec.measure(cohort))
    stages = [
        radnec.pathway.Stage("MRI", ("T1wCE_original_firstorder_Entropy", "T1wCE_original_firstorder_Mean")),
        radnec.pathway.Stage("PET", ("index_TBRmax", "index_TBRmean")),
    ]
    pathway = radnec.Pathway(stages, config=CONFIG, fewest=2).fit(table, table["label"])
    code, out, err = run("predict", pathway.save(tmp_path / "p.radnec"), path, "--json")
    assert code == 0, err
    expected = pathway.assess(table)
    judged = json.loads(out)
    assert [row["call"] for row in judged] == expected["call"].tolist()
    assert [row["p_necrosis"] for row in judged] == pytest.approx(expected["p_necrosis"].tolist())
