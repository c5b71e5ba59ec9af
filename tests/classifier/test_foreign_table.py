"""A table that others measured with plain pyradiomics goes the whole way, without fooling anybody."""

from __future__ import annotations

import pytest

from radnec.classifier import evaluate, train
from radnec.config import TrainingConfig
from radnec.features.columns import from_pyradiomics


@pytest.fixture(scope="module")
def melanoma(reference):
    # Of the outcome columns only in-field progression (statusIfPD) kept its values when the authors zeroed the rest.
    return from_pyradiomics(
        reference / "tables" / "melanoma_bm_srt" / "M_manualContours_anon.csv.gz",
        sequence="T1wCE",
        patient="patientName",
        regions={"Margin": "margin", "LargeMargin": "large-margin"},
        label=("statusIfPD", {0: "necrosis", 1: "progression"}),
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::radnec.errors.TrainingWarning")
def test_forty_four_lesions_of_nineteen_patients(melanoma):
    config = TrainingConfig(candidates=("logistic",), draws=3, outer_repeats=1, batch=None, random_state=0)
    evaluation = evaluate(melanoma, config)
    found = evaluation.frame().set_index(["model", "metric"])
    assert len(melanoma) == 44
    assert melanoma["patient_id"].nunique() == 19
    assert evaluation.predictions.query("model == 'radnec'")["p"].between(0, 1).all()
    auc = found.loc[("radnec", "auc")]
    # Four patients with an event settle nothing: the interval has to say so.
    assert auc["high"] - auc["low"] > 0.4
    assert not evaluation.better_than_prevalence
    model = train(melanoma, config)
    assert model.assess(melanoma)["p_necrosis"].between(0, 1).all()
    assert not model.better_than_prevalence_
