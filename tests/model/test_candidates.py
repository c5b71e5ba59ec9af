"""Families, draws and scores."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from radnec.config import TrainingConfig
from radnec.config.training import Family
from radnec.errors import ConfigError
from radnec.model.candidates import FAMILIES, draw_candidates, fit_quietly, score_of


def test_the_settings_know_every_family_and_no_other():
    assert set(get_args(Family)) == set(FAMILIES)
    stored = {name for name, family in FAMILIES.items() if family.stores_rows}
    assert not stored & set(TrainingConfig().candidates)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_ranks_a_clear_signal_and_repeats_itself(name):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    y = X[:, 0] + 0.3 * rng.normal(size=120) > 0
    candidate = draw_candidates((name,), 3, seed=1)[1]
    scores = [score_of(fit_quietly(candidate.build(5), X[:80], y[:80]), X[80:]) for _ in range(2)]
    assert np.isfinite(scores[0]).all()
    assert (scores[0] == scores[1]).all()
    assert roc_auc_score(y[80:], scores[0]) > 0.85


def test_draws_of_a_family_do_not_depend_on_its_rivals():
    alone = draw_candidates(("elastic_net",), 4, seed=3)
    among = draw_candidates(("random_forest", "elastic_net", "logistic"), 4, seed=3)
    assert [c for c in among if c.family == "elastic_net"] == alone
    assert [c.family for c in among[::4]] == ["logistic", "elastic_net", "random_forest"]


def test_every_draw_competes_with_each_ranking_unless_it_keeps_all():
    candidates = draw_candidates(("logistic",), 4, seed=3, rankings=("mrmr", "anova"))
    assert [(c.top, c.ranking) for c in candidates] == [
        *((5, "anova"), (5, "mrmr"), (10, "anova"), (10, "mrmr"), (20, "anova"), (20, "mrmr")),
        (None, "anova"),
    ]
    assert len({c.settings for c in candidates}) == 4
    assert "best 5 of the kept features by mrmr" in str(candidates[1])
    alone = draw_candidates(("logistic",), 4, seed=3)
    assert [c for c in candidates if c.ranking == "anova"] == alone


def test_simpler_candidates_come_first():
    candidates = draw_candidates(("random_forest", "logistic"), 8, seed=0)
    places = [(c.family, c.top or 99) for c in candidates]
    assert places == sorted(places)
    penalties = [dict(c.settings)["C"] for c in candidates if c.family == "logistic" and c.top == 5]
    leaves = [dict(c.settings)["min_samples_leaf"] for c in candidates if c.family == "random_forest" and c.top == 5]
    assert penalties == sorted(penalties)
    assert leaves == sorted(leaves, reverse=True)


def test_unknown_rankings_are_refused():
    with pytest.raises(ConfigError, match=r"unknown rankings \['boruta'\]"):
        draw_candidates(("logistic",), 1, seed=0, rankings=("boruta",))


def test_unknown_families_are_refused():
    with pytest.raises(ConfigError, match="random_forest"):
        draw_candidates(("xgboost",), 1, seed=0)
