"""Draws what is true of simulated lesions: their latent traits, their P(RN) and their labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, field_validator
from scipy.optimize import brentq
from scipy.special import expit

from radnec.config import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What drives the images of a lesion, each N(0, 1) over lesions, and its weight in the log-odds of necrosis
#: at ``effect=1``. Necrosis enhances unevenly round a dead core, leaks fluid and is poorly perfused.
TRAITS = ("heterogeneity", "core", "perfusion", "oedema")
TRAIT_WEIGHTS = np.array([1.25, 1.1, -1.5, 0.65])

#: Weight of lateness, the patient-level N(0, 1) behind the time since radiotherapy: necrosis comes late.
LATENESS_WEIGHT = 0.6

VOLUME_ML = (0.7, 12.0)

# Streams of random numbers are told apart by their first key.
PATIENT, SCANNER, SESSION, FEATURE, MODALITY, PHYSIOLOGY = range(6)


class Truth(Settings):
    """The statistical model behind a simulated cohort.

    Parameters
    ----------
    n_patients, n_sites : int
        Patients are dealt to the sites in turn.
    effect : float
        Multiplies the weight of every trait in the log-odds of necrosis; 0 means no relationship at all.
    prevalence : float
        Expected share of necrosis over lesions, averaged over sites.
    patient_correlation : float
        Correlation of a trait between two lesions of one patient.
    lesions_per_patient : tuple of two int
        Fewest and most; each further lesion is half as likely as the one before.
    site_label_shift : float
        Log-odds by which necrosis is likelier at the last site than on average, and less likely at the first.
    random_state : int
        Seed of every draw.

    Notes
    -----
    The log-odds are ``intercept + effect * (traits @ TRAIT_WEIGHTS + LATENESS_WEIGHT * lateness)``, with one
    intercept a site. They are normally distributed by construction, so the intercept for a given prevalence
    follows by Gauss–Hermite quadrature, whatever patients are drawn.

    Examples
    --------
    >>> Truth(effect=0.0).intercepts.round(3).tolist()
    [-0.847, -0.847, -0.847]
    """

    n_patients: int = Field(default=60, ge=1, le=100_000)
    n_sites: int = Field(default=3, ge=1, le=26)
    effect: float = Field(default=1.0, ge=0, le=10)
    prevalence: float = Field(default=0.3, gt=0, lt=1)
    patient_correlation: float = Field(default=0.5, ge=0, le=1)
    lesions_per_patient: tuple[int, int] = (1, 3)
    site_label_shift: float = Field(default=0.0, ge=-10, le=10)
    random_state: int = Field(default=0, ge=0)

    @field_validator("lesions_per_patient")
    @classmethod
    def _rising(cls, value: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= value[0] <= value[1] <= 5:
            raise ValueError("lesions_per_patient are two rising numbers within 1 and 5")
        return value

    @cached_property
    def intercepts(self) -> NDArray[np.float64]:
        """Intercept of each site's log-odds, shape ``(n_sites,)``."""
        shifts = self.site_label_shift * (np.linspace(-1, 1, self.n_sites) if self.n_sites > 1 else np.zeros(1))
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        spread = self.effect * np.sqrt(TRAIT_WEIGHTS @ TRAIT_WEIGHTS + LATENESS_WEIGHT**2)
        grid = shifts[:, None] + spread * nodes

        def excess(intercept: float) -> float:
            return float((expit(intercept + grid) @ weights).mean() / weights.sum() - self.prevalence)

        reach = 20.0 + np.abs(grid).max()
        return brentq(excess, -reach, reach, xtol=1e-12) + shifts

    def patient(self, number: int) -> PatientTruth:
        """Draw the patient of this number (from 0); other patients have no influence on the draw."""
        rng = stream(self.random_state, PATIENT, number)
        site = number % self.n_sites
        fewest, most = self.lesions_per_patient
        odds = 0.5 ** np.arange(most - fewest + 1)
        count = int(fewest + rng.choice(len(odds), p=odds / odds.sum()))
        lateness = float(rng.normal())
        shared = np.sqrt(self.patient_correlation) * rng.normal(size=len(TRAITS))
        own = np.sqrt(1 - self.patient_correlation) * rng.normal(size=(count, len(TRAITS)))
        traits = shared + own
        log_odds = traits @ TRAIT_WEIGHTS + LATENESS_WEIGHT * lateness
        p_necrosis = expit(self.intercepts[site] + self.effect * log_odds)
        return PatientTruth(
            number=number,
            site=site,
            lateness=lateness,
            traits=traits,
            p_necrosis=p_necrosis,
            necrosis=rng.random(count) < p_necrosis,
            volume_ml=np.clip(np.exp(rng.normal(np.log(2.5), 0.8, size=count)), *VOLUME_ML),
        )


@dataclass(frozen=True, eq=False)
class PatientTruth:
    """What is true of one patient's lesions.

    Attributes
    ----------
    number, site : int
        Position of the patient and of its site, from 0.
    lateness : float
        The N(0, 1) behind the time since radiotherapy.
    traits : ndarray of shape (n_lesions, 4)
        Latent traits in the order of ``TRAITS``.
    p_necrosis, volume_ml : ndarray of shape (n_lesions,)
        P(RN), and the lesion's volume in mL at the last session (independent of everything else).
    necrosis : ndarray of bool, shape (n_lesions,)
        The outcome, drawn from `p_necrosis`.
    """

    number: int
    site: int
    lateness: float
    traits: NDArray[np.float64]
    p_necrosis: NDArray[np.float64]
    necrosis: NDArray[np.bool_]
    volume_ml: NDArray[np.float64]

    @property
    def patient_id(self) -> str:
        """Identifier of the patient, such as ``P001``."""
        return f"P{self.number + 1:03d}"

    def outcome(self, lesion: int) -> str:
        """Return the label of a lesion (from 0) as cohort tables spell it."""
        return "necrosis" if self.necrosis[lesion] else "progression"


def stream(random_state: int, *key: int) -> np.random.Generator:
    """Return the generator of this key, independent of all others and of the order they are asked for."""
    return np.random.default_rng(np.random.SeedSequence(random_state, spawn_key=key))


def site_name(site: int) -> str:
    """Return the identifier of a site (from 0): ``A``, ``B`` and so on."""
    return chr(ord("A") + site)
