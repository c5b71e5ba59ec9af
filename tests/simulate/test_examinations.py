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
from radnec.simulate.kinetics import EDGES_MIN, frame_uptake, late_line
from radnec.simulate.physiology import FURTHER, QUANTITIES, true_indices
from radnec.simulate.truth import Truth

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ["patient_id", "session_id", "lesion_id"]
DESIGN = {"n_patients": 5, "sessions_per_patient": (1, 1), "sequences": ("T1wCE",), "random_state": 2}
#: Largest relative error: of noise, of frames 5 s apart (Ktrans), and of a voxel's noise on a maximum (TBRmax).
WITHIN = {"Ktrans_per_min_mean": 0.05, "nASL_CBF_mean": 0.05, "TBRmax": 0.03}
#: Largest absolute error, where another is meant: a frame of 5 min (TTP), and of noise.
WITHIN_ABSOLUTE = {
    "TTP_min": 5.0,
    "slope_SUV_per_h": 0.03,
    "FET_pattern": 0.0,
    "FDG_dual_phase_change_percent": 3.0,
}
KINETICS = ["index_TTP_min", "index_slope_SUV_per_h", "index_FET_pattern"]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examined") / "cohort"
    return simulate_cohort(folder, modalities=("MR", *FURTHER), missing=0.3, **DESIGN)


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_measuring_finds_what_was_planted_and_nothing_where_nothing_was_examined(cohort: Path) -> None:
    truth = pd.read_csv(cohort.parent / "truth.csv")
    both = truth.merge(radnec.measure(radnec.read_cohort(cohort)), on=KEYS, suffixes=("_true", ""), validate="1:1")
    assert len(both) == len(truth)
    for quantity in (*(one.name for one in QUANTITIES), "slope_SUV_per_h", "FET_pattern"):
        name = f"index_{quantity}"
        planted, found = both[f"{name}_true"], both[name]
        assert (planted.isna() == (both[f"{name}_status"] == "not_acquired")).all()
        assert planted.notna().any()
        known = planted.notna()
        relative, absolute = WITHIN.get(quantity, 0.02), WITHIN_ABSOLUTE.get(quantity)
        wide = {"rtol": relative} if absolute is None else {"rtol": 0, "atol": absolute}
        np.testing.assert_allclose(found[known], planted[known], **wide)
    assert truth.isna().to_numpy().any()


@pytest.fixture(scope="module")
def kinetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinetic") / "cohort"
    return simulate_cohort(folder, modalities=("MR", "PET", "dynamic PET", "FDG PET"), missing=0.3, **DESIGN)


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_a_series_of_fet_stands_in_place_of_the_still_image(kinetic: Path) -> None:
    cohort = radnec.read_cohort(kinetic)
    fet = cohort[cohort["sequence"] == "PET-FET"]
    assert not fet.duplicated(KEYS).any()
    is_series = fet["frame_times_s"].notna()
    assert is_series.any()
    assert not is_series.all()
    truth = pd.read_csv(kinetic.parent / "truth.csv").set_index(KEYS)
    assert truth.loc[list(zip(*fet[KEYS].to_numpy().T, strict=True)), "index_TBRmax"].notna().all()
    series = truth.index.isin(list(zip(*fet.loc[is_series, KEYS].to_numpy().T, strict=True)))
    np.testing.assert_array_equal(truth[KINETICS].notna().all(axis=1), series)


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_rows_of_further_pet_are_checked_and_extracted(kinetic: Path) -> None:
    cohort = radnec.read_cohort(kinetic)
    assert radnec.check(cohort).ok
    pet = cohort[cohort["sequence"].str.startswith("PET")]
    table = radnec.extract(pet, radnec.ExtractionConfig(feature_classes={"firstorder": ["Maximum"]}))
    assert (table["status"] == "ok").all()
    # One frame of 5 min from 30 min on differs from the mean of 20 to 40 min by the curve alone.
    both = table.merge(radnec.measure(pet), on=KEYS)
    np.testing.assert_allclose(
        both["PET-FET_original_firstorder_Maximum"].dropna(), both["index_TBRmax"].dropna(), rtol=0.1
    )
    delayed = both["PET-FDG-delayed_original_firstorder_Maximum"] / both["PET-FDG_original_firstorder_Maximum"]
    rise = delayed / (1 + both["index_FDG_dual_phase_change_percent"] / 100)
    np.testing.assert_allclose(rise.dropna(), 1.15, rtol=0.01)


@pytest.mark.parametrize(
    ("peak_min", "pattern", "way"), [(12.0, 3, -1), (19.0, 3, -1), (28.0, 2, 0), (42.0, 1, 1), (47.5, 1, 1)]
)
def test_curves_have_the_patterns_of_their_peaks(peak_min: float, pattern: int, way: int) -> None:
    slope, found = late_line(peak_min, 2.0)
    assert found == pattern
    curve = frame_uptake(peak_min)
    late = curve[EDGES_MIN[:-1] >= 20]
    minutes = np.arange(22.5, 50, 5)
    by_hand = ((minutes - minutes.mean()) * late).sum() / ((minutes - minutes.mean()) ** 2).sum()
    assert slope == pytest.approx(60 * by_hand * 2 * 0.91, abs=0.01)
    assert abs(slope) < 0.25 if way == 0 else np.sign(slope) == way
    durations = np.diff(EDGES_MIN)
    middle = (EDGES_MIN[:-1] + EDGES_MIN[1:]) / 2
    taken = (middle > 20) & (middle < 40)
    assert np.average(curve[taken], weights=durations[taken]) == pytest.approx(1)
    assert abs(middle[curve.argmax()] - peak_min) <= 2.5


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
    more_in_necrosis = {"LipLac_Cr", "TTP_min", "slope_SUV_per_h"}
    less = {"nCBV_mean", "TBRmax", "Cho_NAA", "FET_pattern", "TBRmax_FDG", "FDG_dual_phase_change_percent"}
    for name in sorted(more_in_necrosis | less):
        sign = 1 if name in more_in_necrosis else -1
        assert low - 0.1 * (name == "LipLac_Cr") < roc_auc_score(necrosis, sign * found[name]) < high
    assert found["nCBV_mean"].median() == pytest.approx(2, rel=0.1)
    assert found["TBRmax"].between(1, 6).mean() > 0.95
    assert (found["FET_pattern"].value_counts(normalize=True) > 0.1).all()


@pytest.mark.parametrize("modalities", [("PET",), ("MR", "PET", "PET"), ("MR", "CT")])
def test_modalities_that_cannot_be_simulated_are_refused(modalities: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="modalities"):
        simulate_cohort(tmp_path / "cohort", modalities=modalities)
