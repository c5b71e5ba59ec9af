"""The criteria give the published examples."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.errors import ConfigError
from radnec.evaluation.sample_size import minimum_sample_size, r2_from_auc


def test_the_worked_example() -> None:
    # Riley et al., Statistics in Medicine 2019;38:1276: Chagas disease, 24 parameters.
    found = minimum_sample_size(24, 0.174, r2_cs=0.288)
    assert (found.patients, found.events) == (662, 116)
    assert found.criteria["patients"].tolist() == [623, 662, 221]
    assert found.events_per_parameter == pytest.approx(4.8, abs=0.01)
    # van Smeden et al.: the mean absolute error asks for more here.
    assert minimum_sample_size(24, 0.174, r2_cs=0.288, mape=0.05).patients > 700


# Made with simulated R² (Riley et al. 2021), whose Monte-Carlo error is a few parts in a thousand.
@pytest.mark.parametrize(("auc", "answers"), [(0.75, (323, 511, 1021, 2553)), (0.8, (323, 343, 685, 1712))])
def test_from_an_auc(auc: float, answers: tuple[int, ...]) -> None:
    found = [minimum_sample_size(parameters, 0.3, auc=auc).patients for parameters in (5, 10, 20, 50)]
    assert found == pytest.approx(answers, rel=3e-3)


@pytest.mark.parametrize(("auc", "prevalence"), [(0.75, 0.3), (0.9, 0.1)])
def test_r2_is_that_of_a_large_sample(auc: float, prevalence: float) -> None:
    rng = np.random.default_rng(0)
    y = rng.uniform(size=400_000) < prevalence
    distance = 2 * r2_from_auc(0.5, prevalence) + np.sqrt(2) * {0.75: 0.67449, 0.9: 1.28155}[auc]
    x = rng.normal(size=len(y)) + distance * y
    log_odds = np.log(prevalence / (1 - prevalence)) + distance * x - distance**2 / 2
    gain = -np.logaddexp(0, np.where(y, -log_odds, log_odds)).mean()
    null = prevalence * np.log(prevalence) + (1 - prevalence) * np.log(1 - prevalence)
    assert r2_from_auc(auc, prevalence) == pytest.approx(1 - np.exp(-2 * (gain - null)), abs=3e-3)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "nothing says"),
        ({"auc": 0.8, "r2_cs": 0.1}, "r2_cs, auc says"),
        ({"auc": 0.4}, "auc is 0.4"),
        ({"r2_cs": 0.9}, "the greatest possible"),
        ({"r2_cs": 0.1, "margin": 0}, "margin is 0"),
        ({"r2_cs": 0.3, "shrinkage": 0.2}, "reaches the shrinkage"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        minimum_sample_size(10, 0.3, **asked)
