"""Simulates a feature table of several modalities whose P(RN) is known after every examination."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.special import expit, logit

from radnec.config import Settings
from radnec.simulate.truth import MODALITY, stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Modality = Literal["conventional", "perfusion", "pet"]


class Measure(NamedTuple):
    """One measure: where its values lie, and by how many SD progression lies above necrosis."""

    column: str
    modality: Modality
    location: float
    scale: float
    shift: float


#: What is measured. Alone conventional MRI has an AUC of 0.76, perfusion 0.87, PET 0.91; together 0.95.
MEASURES = (
    Measure("T1wCE_original_glcm_Contrast", "conventional", 40.0, 9.0, -0.8),
    Measure("T1wCE_original_firstorder_Entropy", "conventional", 4.0, 0.5, -0.7),
    Measure("index_lesion_quotient", "conventional", 0.4, 0.12, 0.8),
    Measure("months_since_rt", "conventional", 18.0, 3.5, -0.6),
    Measure("index_nCBV_mean", "perfusion", 2.0, 0.5, 1.4),
    Measure("index_PSR_percent", "perfusion", 78.0, 8.0, -1.2),
    Measure("index_ADC_um2_per_ms_mean", "perfusion", 1.2, 0.2, -1.0),
    Measure("index_TBRmax", "pet", 2.2, 0.4, 1.6),
    Measure("index_TBRmean", "pet", 1.8, 0.25, 1.5),
    Measure("index_slope_SUV_per_h", "pet", 0.2, 0.5, -1.2),
)
VOLUME = "T1wCE_original_shape_MeshVolume"

#: Correlation of two measures within a class, once each is turned so that more speaks for progression.
WITHIN, ACROSS = 0.4, 0.1


class MultimodalTruth(Settings):
    """The statistical model behind :func:`simulate_multimodal`, whose parameters these are."""

    n_patients: int = Field(default=200, ge=1, le=100_000)
    effect: float = Field(default=1.0, ge=0, le=10)
    prevalence: float = Field(default=0.3, gt=0, lt=1)
    patient_correlation: float = Field(default=0.3, ge=0, le=1)
    most_lesions: int = Field(default=2, ge=1, le=5)
    missing: float = Field(default=0.0, ge=0, le=1)
    by_indication: float = Field(default=0.0, ge=0, le=1)
    random_state: int = Field(default=0, ge=0)


def simulate_multimodal(
    *,
    n_patients: int = 200,
    effect: float = 1.0,
    prevalence: float = 0.3,
    patient_correlation: float = 0.3,
    most_lesions: int = 2,
    missing: float = 0.0,
    by_indication: float = 0.0,
    random_state: int = 0,
) -> pd.DataFrame:
    """Simulate conventional MRI, perfusion with diffusion, and FET PET of lesions with a known P(RN).

    Conventional MRI tells little, perfusion more, PET most; the measures are correlated, within a modality and across.

    Parameters
    ----------
    n_patients : int, default 200
        Number of patients. More of them leave the earlier rows as they were.
    effect : float, default 1.0
        Multiplies the distance of the classes; 0 means that nothing tells them apart.
    prevalence : float, default 0.3
        Share of necrosis.
    patient_correlation : float, default 0.3
        Correlation within a class of a measure between two lesions of one patient.
    most_lesions : int, default 2
        A patient has 1 to so many lesions, each number as likely.
    missing : float, default 0.0
        Share of patients who lack perfusion, and of those who lack PET, by chance.
    by_indication : float, default 0.0
        How strongly the doubt that conventional MRI leaves decides who is examined further: with 1 a patient whose
        every lesion is certain has no further examination, with 0 doubt plays no part.
    random_state : int, default 0
        Seed.

    Returns
    -------
    pandas.DataFrame
        One row per lesion: keys, label columns, ``status``, ``error``, ``p_necrosis_true`` (P(RN) given all measures,
        before any went missing), the lesion's volume in mm³, which tells nothing, and the measures, indices with their
        status.

    Raises
    ------
    radnec.errors.ConfigError
        If a value is out of range.

    Notes
    -----
    Within a class the measures are normal with equal covariance, so the log-odds given any of them are linear (Fisher
    1936): ``true_p_necrosis`` gives P(RN) after each examination exactly.

    Examples
    --------
    >>> table = simulate_multimodal(n_patients=3, missing=0.5, random_state=1)
    >>> table[["patient_id", "label", "index_nCBV_mean", "index_TBRmax"]].round(2)
      patient_id        label  index_nCBV_mean  index_TBRmax
    0       P001  progression              NaN          2.95
    1       P002  progression             1.88           NaN
    2       P002     necrosis             1.10           NaN
    3       P003  progression              NaN          2.31
    4       P003     necrosis              NaN          2.17
    """
    truth = MultimodalTruth(
        n_patients=n_patients,
        effect=effect,
        prevalence=prevalence,
        patient_correlation=patient_correlation,
        most_lesions=most_lesions,
        missing=missing,
        by_indication=by_indication,
        random_state=random_state,
    )
    rows = _table(truth, [_patient(truth, number) for number in range(n_patients)])
    rows.attrs["radnec"] = {"kind": "simulated", "truth": truth.model_dump(mode="json")}
    return rows


def true_p_necrosis(table: pd.DataFrame, modalities: Sequence[Modality]) -> NDArray[np.float64]:
    """Return P(RN) given the measures of some modalities, shape (n,); NaN where one of them is missing.

    Parameters
    ----------
    table : DataFrame
        From :func:`simulate_multimodal`, with its ``attrs``.
    modalities : sequence of {"conventional", "perfusion", "pet"}
        What is known of the lesion.

    Examples
    --------
    >>> table = simulate_multimodal(n_patients=50)
    >>> p = true_p_necrosis(table, ["conventional", "perfusion", "pet"])
    >>> bool(np.allclose(p, table["p_necrosis_true"]))
    True
    """
    truth = MultimodalTruth(**table.attrs["radnec"]["truth"])
    chosen = [number for number, measure in enumerate(MEASURES) if measure.modality in modalities]
    values = table[[MEASURES[number].column for number in chosen]].to_numpy(dtype=float)
    location, scale = (np.array([getattr(MEASURES[n], name) for n in chosen]) for name in ("location", "scale"))
    return _posterior(truth, (values - location) / scale * _signs()[chosen], chosen)


@cache
def _signs() -> NDArray[np.float64]:
    return np.sign([measure.shift for measure in MEASURES])


@cache
def _covariance() -> NDArray[np.float64]:
    kinds = np.array([measure.modality for measure in MEASURES])
    covariance = np.where(kinds[:, None] == kinds, WITHIN, ACROSS)
    np.fill_diagonal(covariance, 1.0)
    return covariance


def _posterior(truth: MultimodalTruth, turned: NDArray[np.float64], chosen: list[int]) -> NDArray[np.float64]:
    """Return P(RN) of measures, each turned so that more speaks for progression and 0 lies between the classes."""
    shift = truth.effect * np.abs([MEASURES[number].shift for number in chosen])
    weights = np.linalg.solve(_covariance()[np.ix_(chosen, chosen)], shift)
    return np.asarray(expit(logit(truth.prevalence) - (turned * weights).sum(axis=1)))


class _Patient(NamedTuple):
    """One patient's lesions: what they are, their turned measures, their volumes, the examinations not made."""

    necrosis: NDArray[np.bool_]
    turned: NDArray[np.float64]
    volume_mm3: NDArray[np.float64]
    missed: set[Modality]


def _patient(truth: MultimodalTruth, number: int) -> _Patient:
    rng = stream(truth.random_state, MODALITY, number)
    count = int(rng.integers(1, truth.most_lesions + 1))
    necrosis = rng.random(count) < truth.prevalence
    root = np.linalg.cholesky(_covariance())
    shared, own = rng.normal(size=len(MEASURES)), rng.normal(size=(count, len(MEASURES)))
    noise = np.sqrt(truth.patient_correlation) * shared + np.sqrt(1 - truth.patient_correlation) * own
    half = truth.effect * np.abs([measure.shift for measure in MEASURES]) / 2
    turned = noise @ root.T + np.where(necrosis[:, None], -half, half)
    volume_mm3 = np.exp(rng.normal(7.8, 0.7, size=count))
    return _Patient(necrosis, turned, volume_mm3, _missed(truth, rng, turned))


def _missed(truth: MultimodalTruth, rng: np.random.Generator, turned: NDArray[np.float64]) -> set[Modality]:
    """Return the examinations that a patient did not have."""
    first = [number for number, measure in enumerate(MEASURES) if measure.modality == "conventional"]
    certainty = float(np.abs(2 * _posterior(truth, turned[:, first], first) - 1).min())
    further: tuple[Modality, Modality] = ("perfusion", "pet")
    keep = (1 - truth.missing) * (1 - truth.by_indication * certainty)
    return {name for name, draw in zip(further, rng.random(len(further)), strict=True) if draw >= keep}


def _table(truth: MultimodalTruth, patients: Sequence[_Patient]) -> pd.DataFrame:
    """Return the rows of all patients."""
    counts = [len(patient.necrosis) for patient in patients]
    turned = np.vstack([patient.turned for patient in patients])
    columns: dict[str, object] = {
        "patient_id": np.repeat([f"P{number + 1:03d}" for number in range(len(patients))], counts),
        "session_id": "S1",
        "lesion_id": [f"L{lesion + 1}" for count in counts for lesion in range(count)],
        "label": np.where(np.concatenate([one.necrosis for one in patients]), "necrosis", "progression"),
        "label_source": "histology_resection",
        "followup_months": 12.0,
        "status": "ok",
        "error": "",
        "p_necrosis_true": _posterior(truth, turned, list(range(len(MEASURES)))),
        VOLUME: np.concatenate([patient.volume_mm3 for patient in patients]),
    }
    for place, measure in enumerate(MEASURES):
        missed = np.repeat([measure.modality in patient.missed for patient in patients], counts)
        values = measure.location + measure.scale * _signs()[place] * turned[:, place]
        columns[measure.column] = np.where(missed, np.nan, values)
        if measure.column.startswith("index_"):
            columns[f"{measure.column}_status"] = np.where(missed, "not_acquired", "evaluable")
    return pd.DataFrame(columns)
