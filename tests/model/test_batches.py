"""Scanner columns as hospitals fill them: few rows, unknown scanners, gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.model.batches import BatchHarmoniser, unseen_batches
from radnec.model.harmonise import ComBat

FEATURES = ["a", "b", "c"]


def table(scanners: list[str | None], seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    shift = pd.Series(scanners).map({"A": 0.0, "B": 3.0, "C": -2.0}).fillna(1.0).to_numpy()
    values = rng.normal(size=(len(scanners), 3)) + shift[:, None]
    return pd.DataFrame(values, columns=FEATURES).assign(scanner_id=scanners)


@pytest.fixture
def harmoniser() -> BatchHarmoniser:
    return BatchHarmoniser(features=FEATURES, batches={"scanner_id": FEATURES})


def test_large_batches_are_what_combat_makes_of_them(harmoniser):
    X = table(["A"] * 20 + ["B"] * 20)
    expected = ComBat(batch="scanner_id").fit(X).transform(X)
    assert np.abs(harmoniser.fit(X).transform(X).to_numpy() - expected[FEATURES].to_numpy()).max() < 1e-12


def test_small_batches_are_pooled_and_a_pool_of_one_teaches_nothing(harmoniser):
    X = table(["A"] * 20 + ["B"] * 20 + ["C"] * 3 + ["D"] * 2)
    assert harmoniser.fit(X).pooled_ == {"scanner_id": ["C", "D"]}
    assert harmoniser.combats_["scanner_id"].batches_ == ["A", "B", "other"]
    harmoniser.fit(X.iloc[:41])
    assert harmoniser.combats_["scanner_id"].batches_ == ["A", "B"]
    alone = harmoniser.transform(X.iloc[[40]]).to_numpy()
    assert np.abs(alone - X.iloc[[40]][FEATURES].to_numpy()).max() < 1e-9


def test_rows_without_scanner_or_measurement_pass_through(harmoniser):
    X = table(["A"] * 20 + ["B"] * 20)
    harmoniser.fit(X)
    odd = X.iloc[:3].copy()
    odd["scanner_id"] = ["A", None, "B"]
    odd.loc[2, FEATURES] = np.nan
    out = harmoniser.transform(odd)
    assert (out.iloc[1] == odd[FEATURES].iloc[1]).all()
    assert out.iloc[2].isna().all()
    assert not np.allclose(out.iloc[0], odd[FEATURES].iloc[0].to_numpy(dtype=float))


def test_one_scanner_is_left_as_it_is(harmoniser):
    X = table(["A"] * 30)
    assert harmoniser.fit(X).combats_ == {}
    assert harmoniser.transform(X).equals(X[FEATURES])


def test_adapting_learns_new_and_pooled_scanners_and_leaves_the_old(harmoniser):
    X = table(["A"] * 20 + ["B"] * 20 + ["C"] * 3)
    harmoniser.fit(X)
    new = table(["C"] * 200, seed=1)
    adapted = harmoniser.adapt(new)
    assert adapted.pooled_ == {"scanner_id": []}
    centre = harmoniser.transform(X.iloc[:40]).mean().mean()
    before, after = (h.transform(new).mean().mean() - centre for h in (harmoniser, adapted))
    assert abs(after) < 0.2 * abs(before)
    assert adapted.transform(X.iloc[:40]).equals(harmoniser.transform(X.iloc[:40]))


def test_unseen_scanners_of_several_modalities_are_named():
    X = pd.DataFrame({"s": ["A", "X"], "t": ["P", "Q"], "a": [1.0, 1.0], "b": [1.0, np.nan]})
    found = unseen_batches(X, {"s": ["a"], "t": ["b"]}, {"s": ["A"], "t": []})
    assert found.tolist() == ["t P", "s X"]
