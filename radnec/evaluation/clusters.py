"""Variances of means and coefficients whose independent units are patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def sum_by_patient(values: Floats, patients: NDArray[np.intp]) -> Floats:
    """Return the sums of `values` (n, k) over the rows of each patient, shape (n_patients, k).

    Examples
    --------
    >>> sum_by_patient(np.array([[1.0], [2.0], [4.0]]), np.array([0, 1, 0]))
    array([[5.],
           [2.]])
    """
    sums = np.zeros((int(patients.max()) + 1, values.shape[1]))
    np.add.at(sums, patients, values)
    return sums


def covariance(influence: Floats, patients: NDArray[np.intp]) -> Floats:
    """Return the covariance of statistics that are sums of rows, when only patients are independent.

    Parameters
    ----------
    influence : ndarray, shape (n, k)
        What each row adds to each of `k` statistics, less its expectation: columns sum to 0.
    patients : ndarray of int, shape (n,)
        Patient of each row, numbered from 0.

    Returns
    -------
    ndarray, shape (k, k)
        The covariance, with the factor g/(g-1) for g patients. NaN for a single patient, who cannot tell how much
        patients differ.

    Notes
    -----
    Liang and Zeger, Biometrika 1986;73:13.

    Examples
    --------
    >>> rows = np.array([[0.1], [-0.1]])
    >>> covariance(rows, np.array([0, 1])).round(3), covariance(rows, np.array([0, 0]))
    (array([[0.04]]), array([[nan]]))
    """
    sums = sum_by_patient(influence, patients)
    factor = len(sums) / (len(sums) - 1) if len(sums) > 1 else np.nan
    result: Floats = sums.T @ sums * factor
    return result
