"""The value of an examination not made, against what it must be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from radnec.errors import ConfigError
from radnec.pathway.reaching import Fitted
from radnec.pathway.value import Costs, Outlook, outlooks


def test_the_gain_is_that_of_bayes_rule_on_a_known_examination():
    # Lesions of P(RN) 0.4; an examination of sensitivity and specificity 0.8 gives P(RN) 0.727 or 0.143.
    after = expit(logit(0.4) + np.log([0.8 / 0.2, 0.2 / 0.8]))
    shown = 0.4 * 0.8 + 0.6 * 0.2
    n = 10_000
    positive = np.arange(n) < round(n * shown)
    outlook = Outlook(np.full(n, 0.4), np.where(positive, after[0], after[1]), np.zeros(n, bool))
    without, wrong = 0.4, 0.2  # forced calls err on 40 % before, and after it on whatever it misleads about
    assert outlook.worth(0.4, Costs()).gain == pytest.approx(without - wrong, abs=1e-6)
    # Where a missed progression costs five times as much, nobody is called necrosis before the examination.
    dear = Costs(progression=5.0)
    assert outlook.worth(0.4, dear).gain == pytest.approx(0.4 - (shown * after[0] + (1 - shown) * after[1]), abs=1e-6)


def test_the_estimate_is_that_of_lesions_alike():
    before = np.concatenate([np.full(50, 0.15), np.full(50, 0.5)])
    after = np.concatenate([np.full(50, 0.15), np.tile([0.0, 1.0], 25)])
    outlook = Outlook(before, after, np.repeat([False, True], 50))
    low, high = outlook.worth(0.15, Costs()), outlook.worth(0.5, Costs())
    assert low.gain < 0.1 < 0.4 < high.gain
    assert low.settles < 0.25 < 0.75 < high.settles


def test_only_lesions_that_the_path_left_open_and_that_had_the_examination_count():
    p = np.linspace(0.2, 0.8, 30)
    longer = np.where(np.arange(30) < 12, 0.9, np.nan)
    called = np.where(np.arange(30) < 2, 1, 0).astype(np.int8)
    fitted = Fitted(p={(0,): p, (0, 1): longer}, called={(0,): called, (0, 1): np.ones(30, np.int8)})
    found = outlooks(fitted, stages=2)
    assert list(found) == [((0,), 1)]
    assert found[(0,), 1].before.tolist() == p[2:12].tolist()


def test_costs_are_stated_whole_or_refused():
    assert Costs.stated({"progression": 3.0}) == Costs(1.0, 3.0)
    with pytest.raises(ConfigError, match="Stage"):
        Costs.stated({"PET": 1.0})
    assert [type(cost) for cost in vars(Costs(np.int64(2), np.float32(0.5))).values()] == [float, float]
    for wrong in (0.0, float("nan"), float("inf"), None, "2", 10**400):
        with pytest.raises(ConfigError, match="more than 0"):
            Costs(necrosis=wrong)
