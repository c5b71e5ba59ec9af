"""What a model keeps of its rows: deciles by patients and scanners, places among them, and no row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from radnec.evaluation.drift import ks_p
from radnec.model.profile import Profile
from radnec.model.reference import FEWEST_PATIENTS, LEVEL, LEVELS, STRATUM, deciles, places
from radnec.model.strata import Strata


def frame_of(values, scanner="A"):
    return pd.DataFrame({"scanner_id": scanner, "a": np.asarray(values, dtype=float)})


BATCHES = {"scanner_id": ["a"]}


def test_a_patient_of_many_lesions_counts_once():
    values = np.r_[np.arange(19.0), np.full(50, 100.0)]
    patients = np.r_[np.arange(19), np.full(50, 19)].astype(str)
    kept = deciles(frame_of(values), patients, ["a"], BATCHES)
    single = deciles(frame_of(np.r_[np.arange(19.0), 100.0]), np.arange(20).astype(str), ["a"], BATCHES)
    assert kept["a"][:8].tolist() == pytest.approx(single["a"][:8].tolist())


def test_nothing_is_kept_of_a_scanner_of_few_patients():
    few = FEWEST_PATIENTS - 1
    frame = frame_of(np.arange(40.0), ["A"] * (40 - few) + ["B"] * few)
    kept = deciles(frame, np.arange(40).astype(str), ["a"], BATCHES)
    assert set(kept.loc[kept[LEVEL].notna(), STRATUM]) == {"scanner_id A"}


def test_places_are_uniform_of_unit_spread_and_follow_the_scanner():
    rng = np.random.default_rng(0)
    values = np.exp(rng.normal(size=4000)) + np.repeat([0.0, 50.0], 2000)
    frame = frame_of(values, np.repeat(["A", "B"], 2000))
    profile = Profile.of(frame, np.arange(4000).astype(str), ["a"], BATCHES)
    found = places(frame, profile.table, Strata.of(frame, ["a"], BATCHES), "scanner_id")[:, 0]
    assert found[:2000].mean() == pytest.approx(0, abs=0.02)
    assert found[2000:].mean() == pytest.approx(0, abs=0.02)
    assert found.std() == pytest.approx(1, abs=0.01)
    assert profile.spectra["scanner_id"] == pytest.approx([1.0], abs=0.01)


def test_values_that_repeat_lie_in_the_middle_of_what_they_share():
    frame = frame_of([0.0] * 60 + [1.0] * 40)
    profile = Profile.of(frame, np.arange(100).astype(str), ["a"], BATCHES)
    found = places(frame, profile.table, Strata.of(frame, ["a"], BATCHES), "scanner_id")[:, 0]
    assert found.mean() == pytest.approx(0, abs=0.2)


def test_empty_cells_are_counted_by_patients():
    frame = pd.DataFrame({"a": [1.0, np.nan, 2.0, 3.0]})
    profile = Profile.of(frame, np.array(["P", "P", "Q", "R"]), ["a"], {})
    assert profile.empty["a"] == pytest.approx(0.5 / 3)
    assert profile.everyone == 3


def test_the_distance_at_deciles_holds_its_level_with_one_to_five_lesions_a_patient():
    """A row-wise test of the same lesions does not."""
    rng, false = np.random.default_rng(1), {"patients": 0, "rows": 0}
    levels = np.array(LEVELS)
    for _ in range(400):
        groups, values = [], []
        for count in (60, 25):
            patients = np.repeat(np.arange(count), rng.integers(1, 6, size=count))
            groups.append(patients)
            values.append(
                np.sqrt(0.8) * rng.normal(size=count)[patients] + np.sqrt(0.2) * rng.normal(size=len(patients))
            )
        cuts = deciles(frame_of(values[0]), groups[0].astype(str), ["a"], BATCHES)["a"].to_numpy()[:9]
        weights = 1 / np.bincount(groups[1])[groups[1]]
        distance = max(abs(weights @ (values[1][:, None] <= cuts) / 25 - levels))
        false["patients"] += ks_p(np.array([distance]), np.array([60 * 25 / 85]))[0] <= 0.05
        plain = max(abs((values[1][:, None] <= np.quantile(values[0], levels)).mean(axis=0) - levels))
        size = len(values[0]) * len(values[1]) / (len(values[0]) + len(values[1]))
        false["rows"] += ks_p(np.array([plain]), np.array([size]))[0] <= 0.05
    assert binomtest(false["patients"], 400, 0.05, alternative="greater").pvalue > 0.001
    assert false["rows"] > 3 * 0.05 * 400
