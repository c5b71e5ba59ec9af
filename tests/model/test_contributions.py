"""Contributions add up, are what algebra says of a linear model, and what all coalitions say of any other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

import radnec
from radnec.model import contributions
from radnec.model.contributions import Dissected
from radnec.simulate import simulate_table

# Of the patients that train, whose probabilities lie far from the limits that every probability is kept within.
ROWS = simulate_table(n_patients=40, n_features=14, effect=2.0, random_state=0).iloc[5:9]


def trained(family: str, **settings: object) -> radnec.RadnecClassifier:
    table = simulate_table(n_patients=40, n_features=14, effect=2.0, random_state=0)
    config = radnec.TrainingConfig(candidates=(family,), draws=2, inner_folds=3, random_state=0, **settings)
    return radnec.train(table, config)


@pytest.fixture(scope="module")
def linear() -> radnec.RadnecClassifier:
    return trained("logistic")


@pytest.fixture(scope="module")
def forest() -> radnec.RadnecClassifier:
    return trained("random_forest")


@pytest.fixture(scope="module")
def stepped() -> radnec.RadnecClassifier:
    """Return a model of trees whose calibration is a staircase: nothing about it is linear."""
    return trained("gradient_boosting", calibration="venn_abers")


def lesion(model: radnec.RadnecClassifier, number: int = 0) -> Dissected:
    return Dissected(model.recipe_, ROWS.iloc[[number]][model.recipe_.columns()])


def test_of_a_linear_model_they_are_coefficient_times_distance(linear):
    found = lesion(linear).contributions(lambda name: name)
    recipe = linear.recipe_
    expected = dict.fromkeys(found.groups, 0.0)
    for member in recipe.members_:
        values = member[:-1].transform(ROWS.iloc[[0]][recipe.columns()])[0]
        for name, value, weight in zip(member[:-1].get_feature_names_out(), values, member[-1].coef_[0], strict=True):
            expected[str(name)] += recipe.calibration_.maps_[0].slope_ * weight * value / len(recipe.members_)
    assert found.exact
    np.testing.assert_allclose(found.log_odds, list(expected.values()), atol=1e-9)


@pytest.mark.parametrize("grouped", [lambda name: name, lambda name: name.split("_")[-2]])
def test_they_add_up_to_the_probability_of_the_lesion(stepped, grouped):
    model = stepped
    for number in range(2):
        found = lesion(model, number).contributions(grouped)
        assert found.p == pytest.approx(model.assess(ROWS.iloc[[number]])["p_necrosis"].item(), abs=1e-12)
        assert found.log_odds.sum() == pytest.approx(float(logit(found.p) - logit(found.typical)), abs=1e-9)


def test_drawn_orders_estimate_what_all_coalitions_give(forest, monkeypatch):
    def grouped(name: str) -> str:
        return str(sum(map(ord, name)) % 6)

    exact = lesion(forest).contributions(grouped)
    monkeypatch.setattr(contributions, "_MOST_EXACT", 0)
    drawn = lesion(forest).contributions(grouped)
    assert exact.exact
    assert not drawn.exact
    assert (np.abs(drawn.log_odds - exact.log_odds) <= 4 * drawn.standard_error + 1e-9).all()
    assert np.abs(drawn.log_odds).max() > 10 * drawn.standard_error.max()


def test_a_typical_lesion_is_moved_by_nothing(linear):
    at_mean = lesion(linear)
    at_mean._values = [np.zeros_like(values) for values in at_mean._values]
    found = at_mean.contributions(lambda name: name)
    np.testing.assert_allclose(found.log_odds, 0, atol=1e-12)
    assert found.p == found.typical


def test_one_feature_set_to_its_mean_moves_as_far_as_its_own_contribution(linear):
    one = lesion(linear)
    found = one.contributions(lambda name: name)
    by_name = dict(zip(found.groups, found.log_odds, strict=True))
    for name, p in one.typical_one_by_one().items():
        assert float(logit(found.p) - logit(p)) == pytest.approx(by_name[name], abs=1e-9)
