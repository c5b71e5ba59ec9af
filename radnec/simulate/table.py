"""Simulates a feature table without images, for fast trials of learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.errors import ConfigError
from radnec.simulate.truth import FEATURE, SCANNER, TRAITS, PatientTruth, Truth, site_name, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Features of a block share one factor, as the features of a radiomics class do.
BLOCK = 10
BLOCK_LOADING = 0.8

#: Correlation of an informative feature with the trait it measures.
INFORMATIVE_LOADING = 0.9

SEQUENCES = ("T1wCE", "FLAIR", "rCBV")
CLASSES = ("firstorder", "glcm", "glrlm", "glszm")
VOLUME = "T1wCE_original_shape_MeshVolume"


def simulate_table(
    *,
    n_patients: int = 100,
    n_features: int = 200,
    n_informative: int = 8,
    effect: float = 1.0,
    prevalence: float = 0.3,
    n_scanners: int = 3,
    scanner_effect: float = 1.0,
    patient_correlation: float = 0.5,
    lesions_per_patient: tuple[int, int] = (1, 3),
    site_label_shift: float = 0.0,
    random_state: int = 0,
) -> pd.DataFrame:
    """Simulate a feature table in the statistical model of :func:`radnec.simulate_cohort`, without images.

    Parameters
    ----------
    n_patients : int, default 100
        Number of patients, dealt to the sites in turn.
    n_features, n_informative : int
        Simulated features, and how many of them (the first ones, ``…_sim000`` onwards) measure a trait that
        the outcome depends on. The others come in correlated blocks of ten.
    effect, prevalence, patient_correlation, lesions_per_patient, site_label_shift
        As in :func:`radnec.simulate_cohort`.
    n_scanners : int, default 3
        One per site.
    scanner_effect : float, default 1.0
        Typical shift of a scanner, in standard deviations of a feature; the spread changes as well. 0: none.
    random_state : int, default 0
        Seed. More patients leave the earlier rows as they were.

    Returns
    -------
    pandas.DataFrame
        One row per lesion: keys, ``site_id``, ``scanner_id``, label columns, ``status``, ``error``,
        ``p_necrosis_true``, the lesion's volume in mm³ as ``T1wCE_original_shape_MeshVolume``, the features.

    Raises
    ------
    radnec.errors.ConfigError
        If a value is out of range.

    Examples
    --------
    >>> table = simulate_table(n_patients=5, n_features=3, n_informative=1)
    >>> list(table.columns[-4:])
    ['T1wCE_original_shape_MeshVolume', 'T1wCE_original_firstorder_sim000',
     'T1wCE_original_firstorder_sim001', 'T1wCE_original_firstorder_sim002']
    """
    truth = Truth(
        n_patients=n_patients,
        n_sites=n_scanners,
        effect=effect,
        prevalence=prevalence,
        patient_correlation=patient_correlation,
        lesions_per_patient=lesions_per_patient,
        site_label_shift=site_label_shift,
        random_state=random_state,
    )
    if not 0 <= n_informative <= n_features:
        raise ConfigError(f"n_informative is {n_informative}; expected 0 to n_features ({n_features})")
    if scanner_effect < 0:
        raise ConfigError(f"scanner_effect is {scanner_effect}; expected 0 or more")
    patients = [truth.patient(number) for number in range(n_patients)]
    lesions = pd.DataFrame([row for patient in patients for row in _lesion_rows(patient)])
    names = [_feature_name(number) for number in range(n_features)]
    standard = np.vstack([_standard_features(truth, patient, n_features, n_informative) for patient in patients])
    sites = np.repeat([patient.site for patient in patients], [len(patient.traits) for patient in patients])
    values = _as_scanned(truth, standard, sites, scanner_effect)
    table = pd.concat([lesions, pd.DataFrame(values, columns=names)], axis=1)
    table.attrs["radnec"] = {"kind": "simulated", "truth": truth.model_dump(mode="json")}
    return table


def _lesion_rows(patient: PatientTruth) -> list[dict[str, object]]:
    site = site_name(patient.site)
    return [
        {
            "patient_id": patient.patient_id,
            "session_id": "S1",
            "lesion_id": f"L{k + 1}",
            "site_id": site,
            "scanner_id": f"{site}1",
            "label": patient.outcome(k),
            "label_source": "histology_resection",
            "followup_months": 12.0,
            "status": "ok",
            "error": "",
            "p_necrosis_true": float(patient.p_necrosis[k]),
            VOLUME: float(1000 * patient.volume_ml[k]),
        }
        for k in range(len(patient.traits))
    ]


def _feature_name(number: int) -> str:
    block = number // BLOCK
    sequence = SEQUENCES[block % len(SEQUENCES)]
    return f"{sequence}_original_{CLASSES[block % len(CLASSES)]}_sim{number:03d}"


def _standard_features(truth: Truth, patient: PatientTruth, n_features: int, n_informative: int) -> NDArray[np.float64]:
    """Return one patient's features before scanners and scales, each N(0, 1): (n_lesions, n_features)."""
    n_lesions, n_blocks = len(patient.traits), -(-n_features // BLOCK)
    alike, own = np.sqrt(truth.patient_correlation), np.sqrt(1 - truth.patient_correlation)
    values = np.empty((n_lesions, n_blocks * BLOCK))
    for block in range(n_blocks):
        # A stream per block, so that more features leave the earlier ones as they were.
        rng = stream(truth.random_state, FEATURE, patient.number, block)
        factor = alike * rng.normal() + own * rng.normal(size=n_lesions)
        noise = rng.normal(size=(n_lesions, BLOCK))
        values[:, block * BLOCK : (block + 1) * BLOCK] = (
            BLOCK_LOADING * factor[:, None] + np.sqrt(1 - BLOCK_LOADING**2) * noise
        )
    measured = patient.traits[:, np.arange(n_informative) % len(TRAITS)]
    own_part = np.sqrt(1 - INFORMATIVE_LOADING**2) * values[:, :n_informative]
    values[:, :n_informative] = INFORMATIVE_LOADING * measured + own_part
    return values[:, :n_features]


def _as_scanned(
    truth: Truth, standard: NDArray[np.float64], sites: NDArray[np.float64], scanner_effect: float
) -> NDArray[np.float64]:
    """Return the features in their own units, shifted and stretched by each row's scanner."""
    n_features = standard.shape[1]
    shift, stretch = np.stack(
        [stream(truth.random_state, SCANNER, site).normal(size=(n_features, 2)).T for site in range(truth.n_sites)],
        1,
    )
    scale, location = stream(truth.random_state, FEATURE).normal(size=(n_features, 2)).T
    scanned = standard * np.exp(0.2 * scanner_effect * stretch[sites]) + scanner_effect * shift[sites]
    values: NDArray[np.float64] = np.exp(1.5 * scale) * (scanned + 3 * location)
    return values
