"""What is kept of rows so that later ones can be compared with them: deciles per scanner, and no row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.model.strata import ALL_ROWS, Strata, patient_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEVELS = tuple(number / 10 for number in range(1, 10))

#: Patients below which nothing is kept of a scanner: a decile of a few would be the value of one.
FEWEST_PATIENTS = 10

#: Columns of the reference beside the features. No feature is called so.
STRATUM, PATIENTS, LEVEL = "reference: rows of", "reference: patients", "level"

#: Standard deviations of a uniform variable in its range.
_SCALE = 12**0.5


def deciles(
    frame: pd.DataFrame, patients: NDArray[np.str_], numbers: Sequence[str], batches: Mapping[str, list[str]]
) -> pd.DataFrame:
    """Return deciles of features per scanner, each patient counting once, and the share of empty cells.

    Parameters
    ----------
    frame : DataFrame of shape (n, …)
        Holds the features and the scanner columns.
    patients : array of shape (n,)
        Patient of each row.
    numbers : sequence of str
        Features that are numbers.
    batches : mapping of str to list of str
        Scanner column to the features it harmonises.

    Returns
    -------
    DataFrame
        Nine rows per scanner of at least `FEWEST_PATIENTS` patients, with whose rows they are, the number of patients
        and the level; then one row without level, the share of empty cells of each feature in all rows.

    Examples
    --------
    >>> frame = pd.DataFrame({"scanner_id": "A", "a": np.arange(20.0)})
    >>> patients = np.arange(20).astype(str)
    >>> deciles(frame, patients, ["a"], {"scanner_id": ["a"]})["a"].round(3).tolist()
    [1.5, 3.5, 5.5, 7.5, 9.5, 11.5, 13.5, 15.5, 17.5, 0.0]
    """
    strata = Strata.of(frame, numbers, batches)
    parts = []
    for column, members in strata.columns.items():
        for name, rows in strata.rows[column].items():
            count = len(np.unique(patients[rows]))
            if count >= FEWEST_PATIENTS:
                values = _weighted_quantiles(frame.loc[rows, members].to_numpy(float), patient_weights(patients[rows]))
                head = pd.DataFrame({STRATUM: name, PATIENTS: float(count), LEVEL: LEVELS})
                parts.append(pd.concat([head, pd.DataFrame(values, columns=members)], axis=1))
    empty = patient_weights(patients) @ frame[list(numbers)].isna().to_numpy(dtype=float)
    everyone = len(np.unique(patients))
    shares = dict(zip(numbers, empty / everyone, strict=True))
    parts.append(pd.DataFrame([{STRATUM: ALL_ROWS, PATIENTS: float(everyone), LEVEL: np.nan, **shares}]))
    return pd.concat(parts, ignore_index=True)


def _weighted_quantiles(values: Floats, weights: Floats) -> Floats:
    """Return the deciles of each column, shape (9, p); NaN for a column without values."""
    result = np.full((len(LEVELS), values.shape[1]), np.nan)
    order = np.argsort(values, axis=0, kind="stable")
    for column in range(values.shape[1]):
        rows = order[: int(np.isfinite(values[:, column]).sum()), column]
        if len(rows):
            reached = np.cumsum(weights[rows])
            result[:, column] = np.interp(LEVELS, (reached - weights[rows] / 2) / reached[-1], values[rows, column])
    return result


def places(frame: pd.DataFrame, reference: pd.DataFrame, strata: Strata, column: str) -> Floats:
    """Return where rows lie among those of their scanner in the reference, in standard deviations.

    Ranks say that as well of skewed features as of others, and no single value can outweigh the rest. What lies below
    the first or above the last decile counts as its middle.

    Parameters
    ----------
    frame : DataFrame of shape (n, …)
        Rows.
    reference : DataFrame
        From :func:`deciles`.
    strata : Strata
        Of the rows.
    column : str
        Scanner column, whose features are asked for.

    Returns
    -------
    array of shape (n, p)
        0 in the middle; uniform with SD 1 among rows like those of the reference. NaN where a cell is empty, or its
        scanner has no reference.
    """
    members = strata.columns[column]
    result = np.full((len(frame), len(members)), np.nan)
    known = dict(tuple(reference[reference[LEVEL].notna()].groupby(STRATUM, sort=False)))
    for name, rows in strata.rows[column].items():
        if name in known and rows.any():
            cuts = known[name][members].to_numpy(float)
            result[rows] = _ranks(frame.loc[rows, members].to_numpy(float), cuts)
    return (result - 0.5) * _SCALE


def _ranks(values: Floats, cuts: Floats) -> Floats:
    ranks = np.full(values.shape, np.nan)
    for column in range(values.shape[1]):
        at, inverse = np.unique(cuts[:, column], return_inverse=True)
        cells = np.isfinite(values[:, column])
        if np.isfinite(at).all() and cells.any():
            # A value that several deciles share lies in the middle of them.
            level = np.bincount(inverse, LEVELS) / np.bincount(inverse)
            found = np.interp(values[cells, column], at, level)
            found[values[cells, column] < at[0]] = LEVELS[0] / 2
            found[values[cells, column] > at[-1]] = (1 + LEVELS[-1]) / 2
            ranks[cells, column] = found
    return ranks


def spectrum(rows: Floats, patients: NDArray[np.str_], n_strata: int) -> list[float]:
    """Return the eigenvalues of the covariance of places of single lesions, by which a common shift is judged.

    Parameters
    ----------
    rows : array of shape (n, p)
        From :func:`places`; rows without any value are left out.
    patients : array of shape (n,)
        Patient of each row.
    n_strata : int
        Scanners whose own middle the places were taken from.

    Examples
    --------
    >>> rows = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]])
    >>> [round(value, 3) for value in spectrum(rows, np.array(["a", "b", "c", "d"]), 0)]
    [2.0]
    """
    known = np.isfinite(rows).any(axis=1)
    if known.sum() < 2:
        return []
    weights = patient_weights(patients[known])
    centred = np.nan_to_num(rows[known]) * np.sqrt(weights)[:, None]
    freed = max(weights.sum() - n_strata, 1.0)
    values = np.linalg.svd(centred, compute_uv=False) ** 2 / freed
    return [float(value) for value in values if value > 1e-9 * values[0]]
