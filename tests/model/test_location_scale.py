"""Location and scale of batches against an ordinary least-squares fit, feature by feature."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.model.location_scale import location_scale


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_equals_least_squares_on_each_features_own_rows(missing: float) -> None:
    rng = np.random.default_rng(0)
    batch = np.repeat([0, 1, 2], [12, 20, 9])
    covariates = rng.normal(size=(41, 2)) + batch[:, None]
    values = rng.normal(size=(5, 41)) + covariates @ [1.0, -2.0] + batch
    values[rng.random(values.shape) < missing] = np.nan
    members = [np.flatnonzero(batch == level) for level in range(3)]
    fit = location_scale(lambda block: values[block], 5, members, covariates)
    design = np.column_stack([batch[:, None] == [0, 1, 2], covariates])
    for feature, own in enumerate(values):
        seen = np.isfinite(own)
        coefficients, rss, *_ = np.linalg.lstsq(design[seen], own[seen])
        assert fit.mean[:, feature] == pytest.approx(coefficients[:3])
        assert fit.effects[:, feature] == pytest.approx(coefficients[3:])
        assert fit.squares[:, feature].sum() == pytest.approx(rss[0])
        assert fit.count[:, feature].sum() == seen.sum()
    assert fit.identified.all()


def test_feature_whose_rows_cannot_show_the_covariates_effect_is_marked() -> None:
    rng = np.random.default_rng(1)
    batch = np.repeat([0, 1], 10)
    covariates = np.tile([0.0, 1.0], 10)[:, None] - 0.5
    values = rng.normal(size=(2, 20))
    values[1, covariates[:, 0] > 0] = np.nan
    members = [np.flatnonzero(batch == level) for level in range(2)]
    fit = location_scale(lambda block: values[block], 2, members, covariates)
    assert fit.identified.tolist() == [True, False]
    assert not fit.adjustable(fit.pooled_variance(np.array([10, 10]), None))[1]
