"""Draws what examinations beyond conventional MRI would truly find in a simulated lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from radnec.simulate.kinetics import LAST_MIN, late_line
from radnec.simulate.truth import PHYSIOLOGY, TRAIT_WEIGHTS, stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Examination = Literal["MR", "perfusion", "diffusion", "MRS", "PET", "SPECT", "dynamic PET", "FDG PET"]


class Quantity(NamedTuple):
    """One index of a lesion: how it lies over lesions, and which traits it follows.

    Attributes
    ----------
    name : str
        As :func:`radnec.measure` writes it.
    examination : str
        Which examination finds it.
    median : float
        Median over lesions, in the index's unit.
    spread : float
        Standard deviation of its logarithm that the traits make.
    loading : tuple of four float
        How much it follows heterogeneity, core, perfusion and oedema; only the direction counts.
    chance : float
        Standard deviation of its logarithm that has nothing to do with the traits.
    least, most : float
        What it always exceeds, such as -100 for a change in percent: the logarithm is of the distance from there. And
        what it is cut at.
    """

    name: str
    examination: Examination
    median: float
    spread: float
    loading: tuple[float, float, float, float]
    chance: float
    least: float = 0.0
    most: float = np.inf


_PERFUSED, _DEAD, _CELLULAR = (0.0, 0.0, 1.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, -0.6, 0.8, 0.0)
#: Uptake of amino acids and of thallium goes with living tumour: all traits, as they speak for progression.
_LIVING = (-TRAIT_WEIGHTS[0], -TRAIT_WEIGHTS[1], -TRAIT_WEIGHTS[2], -TRAIT_WEIGHTS[3])
_NECROTIC = (TRAIT_WEIGHTS[0], TRAIT_WEIGHTS[1], TRAIT_WEIGHTS[2], TRAIT_WEIGHTS[3])

#: Medians lie at or near the published cut-offs in evidence.csv, where there is one (2.0 for the maximum of CBV, 2.15
#: for TBRmax of FET, 2.4 and 0.775 for index and retention of thallium), at that of Horky et al., J Neurooncol 103:137
#: (2011), for the change of FDG, else at the order of size usual in the field. New ones come last: draws go by place.
QUANTITIES = (
    Quantity("nCBV_mean", "perfusion", 2.0, 0.42, _PERFUSED, 0.12),
    Quantity("Ktrans_per_min_mean", "perfusion", 0.08, 0.3, (0.0, 0.0, 0.9, 0.4), 0.3),
    Quantity("nASL_CBF_mean", "perfusion", 1.5, 0.35, _PERFUSED, 0.2),
    Quantity("ADC_um2_per_ms_mean", "diffusion", 1.2, 0.14, (0.0, 0.7, -0.7, 0.0), 0.1),
    Quantity("Cho_Cr", "MRS", 1.5, 0.3, _CELLULAR, 0.2),
    Quantity("Cho_NAA", "MRS", 1.6, 0.4, _CELLULAR, 0.2),
    Quantity("LipLac_Cr", "MRS", 1.5, 0.4, _DEAD, 0.3),
    Quantity("TBRmax", "PET", 2.15, 0.22, _LIVING, 0.12),
    Quantity("Tl201_index_early", "SPECT", 2.4, 0.25, _LIVING, 0.25),
    Quantity("Tl201_retention_index", "SPECT", 0.8, 0.12, _LIVING, 0.12),
    Quantity("TTP_min", "dynamic PET", 27.0, 0.4, _NECROTIC, 0.25, most=LAST_MIN),
    Quantity("TBRmax_FDG", "FDG PET", 1.0, 0.2, _LIVING, 0.2),
    Quantity("FDG_dual_phase_change_percent", "FDG PET", 19.0, 0.1, _LIVING, 0.06, least=-100.0),
)
#: What the series of FET shows beside its time to peak, from which slope and pattern follow.
_OF_THE_SERIES = ("TBRmax", "slope_SUV_per_h", "FET_pattern")
#: Examinations beyond conventional MRI, in the order of the work-up.
FURTHER: tuple[Examination, ...] = ("perfusion", "diffusion", "MRS", "PET", "SPECT", "dynamic PET", "FDG PET")
_OWN_LOTS = 2


def true_indices(traits: NDArray[np.float64], random_state: int, patient: int) -> list[dict[str, float]]:
    """Return the true indices of each lesion of a patient, the same in all sessions.

    Parameters
    ----------
    traits : ndarray of shape (n_lesions, 4)
        Latent traits in the order of :data:`radnec.simulate.truth.TRAITS`.
    random_state : int
        Seed of the cohort.
    patient : int
        Number of the patient, from 0.

    Returns
    -------
    list of dict of str to float
        Index to value, one of each lesion.

    Examples
    --------
    >>> perfused, dead = true_indices(np.array([[0, -2, 2, 0], [0, 2, -2, 0]]), 0, 0)
    >>> perfused["nCBV_mean"] > 2 > dead["nCBV_mean"], perfused["LipLac_Cr"] < dead["LipLac_Cr"]
    (True, True)
    """
    found = []
    for lesion, own in enumerate(np.asarray(traits, dtype=float)):
        draws = stream(random_state, PHYSIOLOGY, patient, lesion).normal(size=len(QUANTITIES))
        drawn = {one.name: _value(one, own, draw) for one, draw in zip(QUANTITIES, draws, strict=True)}
        slope, pattern = late_line(drawn["TTP_min"], drawn["TBRmax"])
        found.append({**drawn, "slope_SUV_per_h": slope, "FET_pattern": pattern})
    return found


def indices_of(made: Sequence[Examination]) -> set[str]:
    """Return the names of the indices that examinations find.

    Examples
    --------
    >>> sorted(indices_of(["dynamic PET"]))
    ['FET_pattern', 'TBRmax', 'TTP_min', 'slope_SUV_per_h']
    """
    return {one.name for one in QUANTITIES if one.examination in made}.union(
        _OF_THE_SERIES if "dynamic PET" in made else ()
    )


def _value(quantity: Quantity, traits: NDArray[np.float64], draw: float) -> float:
    direction = np.array(quantity.loading) / np.linalg.norm(quantity.loading)
    factor = np.exp(quantity.spread * (traits @ direction) + quantity.chance * draw)
    return float(min(quantity.least + (quantity.median - quantity.least) * factor, quantity.most))


def examined(modalities: Sequence[Examination], missing: float, rng: np.random.Generator) -> tuple[Examination, ...]:
    """Return which of the modalities a session has: conventional MRI always, each other one by chance.

    A session with a series of FET has no still image of it besides.

    Examples
    --------
    >>> examined(("MR", "PET"), 1.0, np.random.default_rng(0))
    ('MR',)
    """
    # One draw for each that there is, so that what a session has does not depend on what else is asked for. The last
    # ones have a stream of their own, which leaves the noise of images that are drawn next as it was without them.
    draws = [*rng.random(len(FURTHER) - _OWN_LOTS), *rng.spawn(1)[0].random(_OWN_LOTS)]
    lots = dict(zip(FURTHER, draws, strict=True))
    made = tuple(one for one in modalities if one == "MR" or lots[one] >= missing)
    return tuple(one for one in made if one != "PET" or "dynamic PET" not in made)
