"""Examinations beyond conventional MRI of simulated cohorts: what was planted is found again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import radnec
from radnec.errors import ConfigError
from radnec.simulate import simulate_cohort
from radnec.simulate.physiology import FURTHER, QUANTITIES, true_indices
from radnec.simulate.truth import Truth

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ["patient_id", "session_id", "lesion_id"]
DESIGN = {"n_patients": 5, "sessions_per_patient": (1, 1), "sequences": ("T1wCE",), "random_state": 2}
#: Largest relative error: of noise, of frames 5 s apart (Ktrans), and of a voxel's noise on a maximum (TBRmax).
WITHIN = {"Ktrans_per_min_mean": 0.05, "nASL_CBF_mean": 0.05, "TBRmax": 0.03}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examined") / "cohort"
    return simulate_cohort(folder, modalities=("MR", *FURTHER), missing=0.3, **DESIGN)


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_measuring_finds_what_was_planted_and_nothing_where_nothing_was_examined(cohort: Path) -> None:
    truth = pd.read_csv(cohort.parent / "truth.csv")
    both = truth.merge(radnec.measure(radnec.read_cohort(cohort)), on=KEYS, suffixes=("_true", ""), validate="1:1")
    assert len(both) == len(truth)
    for quantity in QUANTITIES:
        name = f"index_{quantity.name}"
        planted, found = both[f"{name}_true"], both[name]
        assert (planted.isna() == (both[f"{name}_status"] == "not_acquired")).all()
        assert planted.notna().any()
        known = planted.notna()
        np.testing.assert_allclose(found[known], planted[known], rtol=WITHIN.get(quantity.name, 0.02))
    assert truth.isna().to_numpy().any()


def test_conventional_mri_is_the_same_whatever_else_is_examined(cohort: Path, tmp_path: Path) -> None:
    plain = simulate_cohort(tmp_path / "plain", **DESIGN)
    assert not (plain.parent / "truth.csv").exists()
    rows, whole = pd.read_csv(plain), pd.read_csv(cohort)
    mr = whole[whole["sequence"] == "T1wCE"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, mr[rows.columns], check_exact=True)
    for path in rows["image_path"]:
        assert (plain.parent / path).read_bytes() == (cohort.parent / path).read_bytes()


def test_equal_arguments_give_equal_examinations(cohort: Path, tmp_path: Path) -> None:
    again = simulate_cohort(tmp_path / "again", modalities=("MR", *FURTHER), missing=0.3, **DESIGN, n_jobs=2)
    assert again.read_bytes() == cohort.read_bytes()
    files = [path.relative_to(again.parent) for path in again.parent.rglob("*.*") if path.is_file()]
    assert all((again.parent / name).read_bytes() == (cohort.parent / name).read_bytes() for name in files)


@pytest.mark.parametrize(("effect", "low", "high"), [(0.0, 0.4, 0.6), (1.0, 0.7, 0.95)])
def test_indices_tell_the_outcome_as_far_as_the_effect_says(effect: float, low: float, high: float) -> None:
    truth = Truth(n_patients=400, effect=effect, lesions_per_patient=(1, 1), random_state=0)
    patients = [truth.patient(number) for number in range(truth.n_patients)]
    necrosis = np.concatenate([one.necrosis for one in patients])
    found = pd.DataFrame([true_indices(one.traits, 0, one.number)[0] for one in patients])
    for name, more_in_necrosis in (("nCBV_mean", False), ("TBRmax", False), ("Cho_NAA", False), ("LipLac_Cr", True)):
        sign = 1 if more_in_necrosis else -1
        assert low - 0.1 * (name == "LipLac_Cr") < roc_auc_score(necrosis, sign * found[name]) < high
    assert found["nCBV_mean"].median() == pytest.approx(2, rel=0.1)
    assert found["TBRmax"].between(1, 6).mean() > 0.95


@pytest.mark.parametrize("modalities", [("PET",), ("MR", "PET", "PET"), ("MR", "CT")])
def test_modalities_that_cannot_be_simulated_are_refused(modalities: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="modalities"):
        simulate_cohort(tmp_path / "cohort", modalities=modalities)
