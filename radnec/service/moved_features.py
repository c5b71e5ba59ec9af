"""Finds which features moved, at which scanner, against what is kept of the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.evaluation.clusters import sum_by_patient
from radnec.evaluation.drift import CommonShift, Share, effective_size, expected_stability_index, ks_p, stability_index
from radnec.model.reference import LEVEL, LEVELS, STRATUM, places
from radnec.model.strata import ALL_ROWS, Strata, patient_weights
from radnec.service.numbers import Number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from radnec.model.profile import Profile

    Floats = NDArray[np.float64]

#: Patients below which a scanner is not judged by itself.
FEWEST_NEW = 4
#: What the rows of all scanners together are called.
TOGETHER = "all scanners"


@dataclass(frozen=True, eq=False)
class _Stratum:
    """New rows of one scanner, each patient counting once.

    Parameters
    ----------
    rows : int
        Number of rows.
    patients : int
        Number of patients.
    reference : int
        Patients behind the deciles.
    measured : array of shape (p,)
        Patients with a value of each feature.
    below, up_to : arrays of shape (9, p)
        Share of the patients below each decile, and below or at it.
    mean : array of shape (p,)
        Mean place of each feature among the reference.
    graded : bool array of shape (p,)
        Whether the deciles of a feature differ, so that they part the reference into tenths.
    """

    rows: int
    patients: int
    reference: int
    measured: Floats
    below: Floats
    up_to: Floats
    mean: Floats
    graded: NDArray[np.bool_]


def moved_features(
    frame: pd.DataFrame,
    patients: NDArray[np.str_],
    profile: Profile,
    numbers: Sequence[str],
    batches: Mapping[str, list[str]],
) -> tuple[list[Number | pd.DataFrame], list[str]]:
    """Compare features with the profile, at each scanner and over all.

    Parameters
    ----------
    frame : DataFrame of shape (n, …)
        New rows.
    patients : array of shape (n,)
        Patient of each row.
    profile : Profile
        Of the training rows, or of an earlier table.
    numbers : sequence of str
        Features that are numbers.
    batches : mapping of str to list of str
        Scanner column to the features it harmonises.

    Returns
    -------
    numbers : list
        Of the checks ``shift``, ``ks`` and ``psi``.
    notes : list of str
        Scanners that could not be judged, and why.
    """
    strata = Strata.of(frame, numbers, batches)
    found: list[Number | pd.DataFrame] = []
    notes: list[str] = []
    for column, members in strata.columns.items():
        placed = places(frame, profile.table, strata, column)
        parts: dict[str, _Stratum] = {}
        for name, rows in strata.rows[column].items():
            new, kept = len(np.unique(patients[rows])), profile.patients.get(name, 0)
            if not kept:
                notes.append(f"{name or 'The features'}: too few earlier patients to compare with ({new} new ones).")
            elif new < FEWEST_NEW:
                notes.append(f"{name or 'The table'}: {new} patients, too few to compare ({FEWEST_NEW} are needed).")
            else:
                cuts = profile.table[(profile.table[STRATUM] == name) & profile.table[LEVEL].notna()]
                values = frame.loc[rows, members].to_numpy(float)
                parts[name] = _stratum(values, placed[rows], patients[rows], cuts[members].to_numpy(float), kept)
        test = CommonShift(profile.spectra.get(column, []))
        groups = {name: [part] for name, part in parts.items()}
        if len(parts) > 1:
            groups[TOGETHER if column != ALL_ROWS else ALL_ROWS] = list(parts.values())
        for name, group in groups.items():
            found += _judged(name, column, members, group, test)
    return found, notes


def _stratum(values: Floats, placed: Floats, patients: NDArray[np.str_], cuts: Floats, reference: int) -> _Stratum:
    weights, (names, codes) = patient_weights(patients), np.unique(patients, return_inverse=True)
    measured = np.isfinite(values)
    total = weights @ measured
    with np.errstate(invalid="ignore", divide="ignore"):
        below = np.stack([weights @ (values < cut) / total for cut in cuts])
        up_to = np.stack([weights @ (values <= cut) / total for cut in cuts])
    present = (sum_by_patient(measured.astype(float), codes) > 0).sum(axis=0)
    # A feature without deciles says nothing.
    present = np.where(np.isfinite(cuts).all(axis=0), present, 0).astype(float)
    mean = weights @ np.nan_to_num(placed) / len(names)
    graded = np.asarray((np.diff(cuts, axis=0) > 0).all(axis=0))
    return _Stratum(len(values), len(names), reference, present, below, up_to, mean, graded)


def _judged(
    name: str, column: str, members: list[str], parts: list[_Stratum], test: CommonShift
) -> list[Number | pd.DataFrame]:
    """Return the numbers of one scanner, or of several together."""
    rows, patients = sum(part.rows for part in parts), sum(part.patients for part in parts)
    effective = float(effective_size([Share(part.patients, part.reference) for part in parts]))
    mean = np.sum([part.mean * part.patients for part in parts], axis=0) / patients
    statistic = float((mean**2).sum())
    shift = Number(
        check="shift",
        subject=column or "features without scanner",
        scanner=name,
        value=float(np.sqrt(statistic / len(members))),
        expected=float(np.sqrt(test.mean / effective / len(members))),
        p=test.p(statistic, effective),
        rows=rows,
        patients=patients,
    )
    counts = np.sum([part.measured for part in parts], axis=0)
    each = effective_size([Share(part.measured, part.reference) for part in parts])
    with np.errstate(invalid="ignore", divide="ignore"):
        below, up_to = (
            np.sum([np.nan_to_num(getattr(part, side)) * part.measured for part in parts], axis=0) / counts
            for side in ("below", "up_to")
        )
    levels = np.array(LEVELS)[:, None]
    # Where values repeat, a decile stands for a range of levels, and only what leaves the range is a distance.
    distance = np.maximum(np.maximum(below - levels, levels - up_to), 0).max(axis=0)
    common = {"subject": members, "scanner": name, "period": "", "low": np.nan, "high": np.nan, "rows": rows}
    ks = pd.DataFrame({"check": "ks", **common, "value": distance, "expected": np.nan, "p": ks_p(distance, each)})
    index, chance = _stability(up_to, counts, 1 / (1 / effective - 1 / patients))
    index[~np.all([part.graded for part in parts], axis=0)] = np.nan
    psi = pd.DataFrame({"check": "psi", **common, "value": index, "expected": chance, "p": np.nan})
    return [shift, *(table.assign(patients=counts.astype(int), reason="") for table in (ks, psi))]


def _stability(up_to: Floats, counts: Floats, reference: float) -> tuple[Floats, Floats]:
    """Return the stability index of each feature, and its mean by chance."""
    edges = np.vstack([np.zeros(up_to.shape[1]), up_to, np.ones(up_to.shape[1])])
    index = stability_index(np.diff(edges, axis=0), counts)
    chance = {count: expected_stability_index(len(LEVELS) + 1, count, reference) for count in np.unique(counts)}
    return index, np.array([chance[count] for count in counts])
