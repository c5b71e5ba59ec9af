"""The statistical truth behind simulated lesions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from radnec.errors import ConfigError
from radnec.simulate import simulate_table
from radnec.simulate.truth import Truth

VOLUME = "T1wCE_original_shape_MeshVolume"


def lesions(**settings: object) -> pd.DataFrame:
    """Return the truth of many simulated lesions."""
    return simulate_table(**{"n_patients": 2500, "n_features": 1, "n_informative": 1, **settings})


def test_labels_are_drawn_from_the_stated_probability() -> None:
    table = lesions(lesions_per_patient=(1, 1))
    necrosis = table["label"] == "necrosis"
    decile = pd.qcut(table["p_necrosis_true"], 10, labels=False)
    for _, rows in table.groupby(decile):
        p = rows["p_necrosis_true"]
        standard_error = np.sqrt((p * (1 - p)).sum()) / len(rows)
        assert abs(necrosis[rows.index].mean() - p.mean()) < 4 * standard_error


@pytest.mark.parametrize("effect", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("prevalence", [0.1, 0.3, 0.7])
def test_prevalence_is_what_was_asked_for(effect: float, prevalence: float) -> None:
    table = lesions(n_patients=800, effect=effect, prevalence=prevalence, lesions_per_patient=(1, 1))
    spread = table["p_necrosis_true"].std()
    assert table["p_necrosis_true"].mean() == pytest.approx(prevalence, abs=4 * spread / np.sqrt(800) + 1e-9)


def test_without_effect_nothing_tells_the_outcome() -> None:
    table = lesions(effect=0.0)
    assert np.allclose(table["p_necrosis_true"], 0.3, atol=1e-9)
    necrosis = (table["label"] == "necrosis").astype(float)
    for column in (VOLUME, "T1wCE_original_firstorder_sim000"):
        assert abs(np.corrcoef(table[column], necrosis)[0, 1]) < 4 / np.sqrt(len(table))


def test_default_effect_gives_the_documented_auc() -> None:
    table = lesions()
    assert 0.88 < roc_auc_score(table["label"] == "necrosis", table["p_necrosis_true"]) < 0.92


def test_volume_and_site_are_independent_of_the_truth() -> None:
    table = lesions(lesions_per_patient=(1, 1))
    assert abs(np.corrcoef(table[VOLUME], table["p_necrosis_true"])[0, 1]) < 4 / np.sqrt(len(table))
    by_site = table.groupby("site_id")["p_necrosis_true"]
    assert np.ptp(by_site.mean()) < 5 * by_site.sem().max()


def test_label_shift_moves_sites_but_not_the_mean() -> None:
    table = lesions(site_label_shift=1.5, effect=0.0)
    p = table.groupby("site_id")["p_necrosis_true"].first()
    log_odds = np.log(p / (1 - p))
    assert np.allclose(np.diff(log_odds), 1.5)
    assert p.mean() == pytest.approx(0.3)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_lesions_of_a_patient_are_alike(correlation: float) -> None:
    truth = Truth(n_patients=800, patient_correlation=correlation, lesions_per_patient=(2, 2))
    traits = np.stack([truth.patient(number).traits for number in range(truth.n_patients)])
    assert traits.std() == pytest.approx(1, abs=0.05)
    for first, second in zip(traits[:, 0].T, traits[:, 1].T, strict=True):
        assert np.corrcoef(first, second)[0, 1] == pytest.approx(correlation, abs=0.1)


@settings(max_examples=6, deadline=None)
@given(n=st.integers(1, 8), more=st.integers(1, 5), seed=st.integers(0, 2**32))
def test_more_patients_or_features_leave_the_earlier_ones_alone(n: int, more: int, seed: int) -> None:
    few = simulate_table(n_patients=n, n_features=5, n_informative=2, random_state=seed)
    many = simulate_table(n_patients=n + more, n_features=5 + 7 * more, n_informative=2, random_state=seed)
    pd.testing.assert_frame_equal(few, many.loc[few.index, few.columns], check_exact=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prevalence", 0.0),
        ("effect", -1.0),
        ("lesions_per_patient", (3, 1)),
        ("patient_correlation", 1.5),
        ("random_state", -1),
        ("n_informative", 300),
        ("scanner_effect", -0.5),
        ("n_scanners", 0),
    ],
)
def test_impossible_settings_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match="n_sites" if name == "n_scanners" else name):
        simulate_table(**{name: value})
