"""Simulated feature tables."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radnec.simulate import simulate_table

NAME = re.compile(r"^(T1wCE|FLAIR|rCBV)_original_(firstorder|glcm|glrlm|glszm)_sim\d{3}$")


def features(table: pd.DataFrame) -> pd.DataFrame:
    return table[[column for column in table if "_sim" in column]]


def test_columns_are_those_of_a_feature_table() -> None:
    table = simulate_table(n_patients=20, n_features=45)
    keys = ["patient_id", "session_id", "lesion_id"]
    assert list(table.columns[:3]) == keys
    assert not table.duplicated(keys).any()
    assert {"site_id", "scanner_id", "label", "label_source", "followup_months", "p_necrosis_true"} <= set(table)
    assert set(table["status"]) == {"ok"}
    assert set(table["label"]) == {"necrosis", "progression"}
    assert features(table).shape[1] == 45
    assert all(NAME.match(column) for column in features(table))
    assert table["T1wCE_original_shape_MeshVolume"].between(700, 12000).all()
    assert np.isfinite(features(table).to_numpy()).all()


def test_informative_features_come_first_and_the_rest_is_noise() -> None:
    table = simulate_table(n_patients=1000, n_features=20, scanner_effect=0.0)
    necrosis = table["label"] == "necrosis"
    auc = features(table).apply(lambda values: abs(roc_auc_score(necrosis, values) - 0.5))
    assert auc.iloc[:8].min() > 0.05
    assert auc.iloc[8:].max() < 0.05


def test_features_do_not_depend_on_the_effect() -> None:
    with_effect, without = simulate_table(effect=1.0), simulate_table(effect=0.0)
    pd.testing.assert_frame_equal(features(with_effect), features(without), check_exact=True)
    assert (with_effect["label"] != without["label"]).any()


def test_features_of_a_block_are_correlated_and_blocks_are_not() -> None:
    table = simulate_table(n_patients=1000, n_features=30, n_informative=0, scanner_effect=0.0)
    correlation = features(table).corr().to_numpy()
    same_block = np.kron(np.eye(3), np.ones((10, 10))).astype(bool) & ~np.eye(30, dtype=bool)
    assert correlation[same_block] == pytest.approx(0.64, abs=0.08)
    assert correlation[~same_block & ~np.eye(30, dtype=bool)] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("scanner_effect", [0.0, 1.0, 2.0])
def test_scanners_shift_features_by_the_stated_amount(scanner_effect: float) -> None:
    table = simulate_table(n_patients=250, n_features=300, n_informative=0, n_scanners=2, scanner_effect=scanner_effect)
    by_scanner = features(table).groupby(table["scanner_id"])
    difference = by_scanner.mean().diff().iloc[-1] / by_scanner.std().mean()
    # Two independent N(0, scanner_effect²) shifts; stretching the SDs widens the spread a little.
    assert difference.std() == pytest.approx(np.sqrt(2) * scanner_effect, rel=0.15, abs=0.15)
