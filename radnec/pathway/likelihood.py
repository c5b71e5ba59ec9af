"""How much a finding changes the odds of necrosis: likelihood ratios from published sensitivity and specificity."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.stats import norm

from radnec.errors import EvidenceError
from radnec.labels import Outcome

_NAN = float("nan")


class LikelihoodRatio(NamedTuple):
    """How much likelier a finding is in necrosis than in progression, with its interval.

    Attributes
    ----------
    value, low, high : float
        Above 1 speaks for necrosis; the limits are NaN where the lesions of each class are not known.
    """

    value: float
    low: float
    high: float


def likelihood_ratio(
    sensitivity: float,
    specificity: float,
    *,
    positive_class: str,
    favours: str,
    n_necrosis: float | None = None,
    n_progression: float | None = None,
    level: float = 0.95,
) -> LikelihoodRatio:
    """Return the likelihood ratio of necrosis for a finding.

    The same study may be told with either class as the positive one, sensitivity and specificity changing places; both
    ways give the same ratio, and the numbers of one way with the class of the other a wrong one.

    Parameters
    ----------
    sensitivity, specificity : float
        Shares from 0 to 1 of `positive_class` and of the other class that are called rightly.
    positive_class : {"necrosis", "progression"}
        Class that the sensitivity speaks of.
    favours : {"necrosis", "progression"}
        What the finding speaks for.
    n_necrosis, n_progression : float, optional
        Lesions of each class behind the shares.
    level : float
        Level of the interval.

    Returns
    -------
    LikelihoodRatio
        The ratio with its interval; no limits without `n_necrosis` and `n_progression`.

    Raises
    ------
    radnec.errors.EvidenceError
        If a class is unknown, a share is outside 0 and 1, or a share of exactly 0 or 1 comes without the number of
        lesions behind it.

    Notes
    -----
    Limits on the log scale, Simel, Samsa and Matchar, Journal of Clinical Epidemiology 1991;44:763. A study in which
    no lesion was called wrongly would make a finding infinitely convincing; such a share of `n` lesions is taken as
    (n share + 1/2) / (n + 1).

    Examples
    --------
    Thallium SPECT, in the words of a study of recurrence, and turned round by a review of necrosis:

    >>> ours = likelihood_ratio(0.688, 0.4, positive_class="progression", favours="necrosis")
    >>> review = likelihood_ratio(0.4, 0.688, positive_class="necrosis", favours="necrosis")
    >>> mixed_up = likelihood_ratio(0.4, 0.688, positive_class="progression", favours="necrosis")
    >>> round(ours.value, 2), round(review.value, 2), round(mixed_up.value, 2)
    (1.28, 1.28, 1.15)
    """
    for name, found in (("positive_class", positive_class), ("favours", favours)):
        if found not in list(Outcome):
            raise EvidenceError(f"{name} is {found!r}; expected 'necrosis' or 'progression'")
    right = (sensitivity, specificity) if positive_class == Outcome.necrosis else (specificity, sensitivity)
    necrosis = _share(right[0], n_necrosis, "necrosis")
    progression = _share(right[1], n_progression, "progression")
    if favours == Outcome.progression:
        necrosis, progression = 1 - necrosis, 1 - progression
    hits, false = necrosis, 1 - progression
    value = hits / false
    if n_necrosis is None or n_progression is None:
        return LikelihoodRatio(value, _NAN, _NAN)
    error = math.sqrt((1 - hits) / (hits * n_necrosis) + (1 - false) / (false * n_progression))
    stretch = math.exp(float(norm.ppf((1 + level) / 2)) * error)
    return LikelihoodRatio(value, value / stretch, value * stretch)


def _share(share: float, n: float | None, name: str) -> float:
    """Return the share of a class that is called rightly, never exactly 0 or 1."""
    if not 0 <= share <= 1:
        raise EvidenceError(f"the share of {name} that is called rightly is {share}; expected a number from 0 to 1")
    if 0 < share < 1:
        return share
    if n is None:
        raise EvidenceError(
            f"the share of {name} that is called rightly is exactly {share:g}, which would make a finding infinitely "
            f"convincing; expected the lesions behind it, n_{name}=..., to allow for chance"
        )
    return (n * share + 0.5) / (n + 1)
