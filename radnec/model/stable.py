"""Keeps the features that repeat well, judged by replicates of the training patients alone."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from radnec.errors import ConfigError, TableError, TrainingWarning
from radnec.features.stability import ICC_TYPES, icc

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Mask = NDArray[np.bool_]

_CHOICES = {"icc_type": ICC_TYPES, "bound": ("low", "value"), "unknown": ("error", "keep", "drop")}
_BOUNDS = {"low": "low", "value": "icc"}
_RATERS = ("perturbation", "rater")
_SUBJECT = ("session_id", "lesion_id")


class StableFeatures(SelectorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Keeps the features whose intraclass correlation over replicates reaches a threshold.

    Which patients are in the training fold is said by the column `patient` of `X`, as ComBat's batch is; it is dropped
    from the answer. Where `X` has no such column, by ``groups`` of ``fit``. Replicates of all other patients play no
    part. Put it first in a pipeline: it reads columns by name, in any order. :class:`radnec.RadnecClassifier` takes
    replicates itself (``fit(X, y, replicates=...)``) and still sees the patients then; behind this selector it needs
    its own ``groups``.

    Parameters
    ----------
    replicates : DataFrame or None, default None
        Repeated measurements: the patient column, ``lesion_id`` and ``session_id`` where there are any, the rater
        column, and features by the names they have in `X`. Without replicates or `iccs` every feature is kept.
    threshold : float, default 0.75
        Least intraclass correlation of a feature that is kept. One that cannot be computed is below.
    icc_type : {"ICC1", "ICC2", "ICC3"}, default "ICC2"
        Its form, see :func:`radnec.features.stability.icc`.
    bound : {"low", "value"}, default "low"
        Whether the lower 95 % limit must reach the threshold, or the estimate.
    patient : str, default "patient_id"
        Column of `X` and of `replicates` that names the patient.
    rater : str or None, default None
        Column of `replicates` that names the repeat; ``perturbation`` or ``rater`` by default. A test-retest table has
        ``"session_id"``. What remains of patient, session and lesion is the subject; those without all repeats are
        left out.
    unknown : {"error", "keep", "drop"}, default "error"
        What becomes of columns of `X` that the replicates do not hold as numbers, such as ``scanner_id``.
    iccs : DataFrame or None, default None
        A ready-made answer of :func:`radnec.features.stability.icc`, in place of replicates.
    iccs_from : "elsewhere", sequence of patients or None, default None
        Where `iccs` was measured: in patients of another study, or in those named. None, or a training patient among
        them, gives a warning: the list may hold what held-out patients told.

    Attributes
    ----------
    iccs_ : DataFrame
        ``feature``, ``icc``, ``low``, ``high``, and the rest of what was found of each feature judged; absent where
        nothing was there to judge by.
    support_ : ndarray of bool, shape (n_columns,)
        Columns of `X` kept.

    Raises
    ------
    radnec.errors.ConfigError
        If a parameter is not one of its choices.
    radnec.errors.TableError
        If patients or raters are not told, no training patient has replicates, or a column is unknown.

    Warns
    -----
    radnec.errors.TrainingWarning
        If no feature reaches the threshold, in which case the best is kept; or of `iccs`, see `iccs_from`.

    Notes
    -----
    ``check_estimator`` holds but for the order of columns: they are taken by name. A fitted selector still holds its
    replicates, which are patients' rows: do not save it in a model file; ``get_feature_names_out`` is what remains.
    ``radnec.train(table, replicates=...)`` uses it in every fold, and keeps no more than that.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"patient_id": [f"P{i}" for i in range(30)], "f1": rng.normal(size=30)})
    >>> X["f2"] = rng.normal(size=30)
    >>> parts = [X.assign(perturbation=i, f2=rng.normal(size=30)) for i in range(4)]
    >>> StableFeatures(replicates=pd.concat(parts)).fit_transform(X).columns.tolist()
    ['f1']
    """

    def __init__(
        self,
        *,
        replicates: pd.DataFrame | None = None,
        threshold: float = 0.75,
        icc_type: Literal["ICC1", "ICC2", "ICC3"] = "ICC2",
        bound: Literal["low", "value"] = "low",
        patient: str = "patient_id",
        rater: str | None = None,
        unknown: Literal["error", "keep", "drop"] = "error",
        iccs: pd.DataFrame | None = None,
        iccs_from: Literal["elsewhere"] | Sequence[str] | None = None,
    ) -> None:
        self.replicates = replicates
        self.threshold = threshold
        self.icc_type = icc_type
        self.bound = bound
        self.patient = patient
        self.rater = rater
        self.unknown = unknown
        self.iccs = iccs
        self.iccs_from = iccs_from

    def fit(self, X: ArrayLike | pd.DataFrame, y: ArrayLike | None = None, groups: ArrayLike | None = None) -> Self:
        """Learn which features of the training rows are stable.

        Parameters
        ----------
        X : DataFrame of shape (n, …)
            Training rows; without `replicates` and `iccs`, any array.
        y : ignored
            For scikit-learn's pipelines.
        groups : array of shape (n,), optional
            Patient of each row; by default the column `patient`.
        """
        self._check_parameters()
        table = X if isinstance(X, pd.DataFrame) else None
        informed = self.replicates is not None or self.iccs is not None
        if table is None and informed:
            raise TableError(
                f"StableFeatures knows features by name and found {type(X).__name__}; expected a DataFrame. In a "
                'pipeline put it first, or call set_output(transform="pandas") on the steps before it'
            )
        whole = table is not None
        validate_data(self, X, dtype="numeric", ensure_all_finite="allow-nan", skip_check_array=whole)
        self.support_: Mask = np.ones(self.n_features_in_, dtype=np.bool_)
        if table is None:
            return self
        kept = self._kept(table, groups) if informed else set(table.columns) - {self.patient}
        self.support_ = np.array([name in kept for name in table.columns], dtype=np.bool_)
        return self

    def transform(self, X: ArrayLike | pd.DataFrame) -> Any:
        """Return the columns kept.

        Parameters
        ----------
        X : DataFrame or array of shape (n, …)
            Of a DataFrame the columns kept must be there, in any order.

        Raises
        ------
        radnec.errors.TableError
            Naming a column that is missing.
        """
        check_is_fitted(self)
        if not isinstance(X, pd.DataFrame) or not hasattr(self, "feature_names_in_"):
            return super().transform(X)
        kept = self.get_feature_names_out().tolist()
        missing = sorted(set(kept) - set(X.columns))
        if missing:
            raise TableError(
                f"the table lacks {len(missing)} of {len(kept)} features that are kept, first {missing[0]!r}"
            )
        return X[kept]

    def _get_support_mask(self) -> Mask:
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: missing cells are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_parameters(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                expected = " or ".join(map(repr, choices))
                raise ConfigError(f"StableFeatures({name}={getattr(self, name)!r}): expected {expected}")
        if not -1 <= self.threshold <= 1:
            raise ConfigError(f"StableFeatures(threshold={self.threshold!r}): expected a correlation, -1 to 1")
        if self.replicates is not None and self.iccs is not None:
            raise ConfigError("StableFeatures: expected replicates or iccs, found both")
        if isinstance(self.iccs_from, str) and self.iccs_from != "elsewhere":
            raise ConfigError(
                f"StableFeatures(iccs_from={self.iccs_from!r}): expected 'elsewhere' or a list of patients"
            )

    def _kept(self, X: pd.DataFrame, groups: ArrayLike | None) -> set[str]:
        patients = self._patients(X, groups)
        found = self._measured(X, patients) if self.iccs is None else self._given(X, patients)
        self.iccs_ = found.reset_index(drop=True)
        return {*self._stable(found), *self._unjudged(X, found["feature"])}

    def _patients(self, X: pd.DataFrame, groups: ArrayLike | None) -> pd.Series[Any] | None:
        """Return the patient of each row; None where nothing says."""
        if groups is not None:
            patients = pd.Series(np.asarray(groups))
            if len(patients) != len(X):
                raise TableError(f"groups has {len(patients)} entries for {len(X)} rows; expected one each")
            return patients
        return X[self.patient] if self.patient in X.columns else None

    def _measured(self, X: pd.DataFrame, patients: pd.Series[Any] | None) -> pd.DataFrame:
        """Return the ICC of every feature the replicates hold, from the training patients' rows."""
        table = self.replicates
        if not isinstance(table, pd.DataFrame) or self.patient not in table.columns:
            raise TableError(f"replicates: expected a DataFrame with the column {self.patient!r}")
        if patients is None:
            raise TableError(
                f"StableFeatures must know the training patients, to use no others' replicates: put {self.patient!r} "
                "among the columns of X, or call fit(X, y, groups=patients)"
            )
        *subject, rater = self.keys()
        own = table[table[self.patient].isin(patients.unique())]
        if own.empty:
            raise TableError(
                f"none of {patients.nunique()} training patients, such as {patients.tolist()[0]!r}, has replicates; "
                f"those have {self.patient} such as {table[self.patient].tolist()[0]!r}"
            )
        repeated = set(table.columns) - {*subject, rater}
        features = [name for name in X.columns if name in repeated and is_measured(table[name])]
        if not features:
            raise TableError("no column of X is a number in replicates; give features the same names in both")
        found = icc(own, subject=subject, rater=rater, features=features, incomplete="drop")
        return found[found["type"] == self.icc_type]

    def keys(self) -> list[str]:
        """Return the columns of `replicates` that name the subject, then the one that names the repeat.

        Raises
        ------
        radnec.errors.TableError
            If no column is known to name the repeat.
        """
        columns: Collection[str] = [] if self.replicates is None else self.replicates.columns
        rater = self._rater(columns)
        return [*(name for name in (self.patient, *_SUBJECT) if name in columns and name != rater), rater]

    def _rater(self, columns: Collection[str]) -> str:
        if self.rater is not None:
            return self.rater
        for name in _RATERS:
            if name in columns:
                return name
        raise TableError(
            f"replicates has no column {' or '.join(_RATERS)}; name the one that tells repeats apart with "
            'TrainingConfig(rater=...) or StableFeatures(rater=...), such as "session_id" in a test-retest table'
        )

    def _given(self, X: pd.DataFrame, patients: pd.Series[Any] | None) -> pd.DataFrame:
        """Return the ready-made ICC of the features of X, and warn unless it is known to be of other patients."""
        table, column = self.iccs, _BOUNDS[self.bound]
        if not isinstance(table, pd.DataFrame) or not {"feature", "type", column} <= set(table.columns):
            raise TableError(f"iccs: expected a DataFrame with the columns feature, type and {column}, as icc gives")
        found = table[(table["type"] == self.icc_type) & table["feature"].isin(X.columns)]
        if found.empty:
            raise TableError(f"iccs holds no {self.icc_type} of a column of X; give features the same names in both")
        twice = found["feature"][found["feature"].duplicated()]
        if len(twice):
            raise TableError(f"iccs holds {twice.iloc[0]!r} twice")
        doubt = self._doubt(patients)
        if doubt:
            warnings.warn(
                f"{doubt}: what held-out patients told may have chosen the features, and performance may look better "
                "than it is. Use replicates=, or say iccs_from='elsewhere' if it is another study's",
                TrainingWarning,
                stacklevel=4,
            )
        return found

    def _doubt(self, patients: pd.Series[Any] | None) -> str:
        """Say why the ready-made list is not known to come from other patients; empty if it is."""
        if self.iccs_from is None:
            return "it is not said which patients the ICCs come from (iccs_from)"
        if isinstance(self.iccs_from, str):
            return ""
        if patients is None:
            return f"the patients of iccs_from cannot be compared with X, which has no column {self.patient!r}"
        common = patients[patients.isin(list(self.iccs_from))].nunique()
        return f"the ICCs come from {common} of the patients trained on" if common else ""

    def _stable(self, found: pd.DataFrame) -> list[str]:
        values = found[_BOUNDS[self.bound]].to_numpy(dtype=float)
        values = np.where(np.isnan(values), -np.inf, values)
        stable = values >= self.threshold
        if not stable.any():
            # With one column a fold still ends in a model, whose weakness its evaluation shows.
            best = int(np.argmax(values))
            stable[best] = True
            warnings.warn(
                f"none of {len(found)} features has {self.icc_type} ({self.bound}) of {self.threshold:g} or more; the "
                f"best is kept, {found['feature'].iloc[best]!r}",
                TrainingWarning,
                stacklevel=4,
            )
        return found["feature"][stable].tolist()

    def _unjudged(self, X: pd.DataFrame, judged: pd.Series[Any]) -> list[str]:
        known = {*judged, self.patient}
        others = [name for name in X.columns if name not in known]
        if others and self.unknown == "error":
            more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
            raise TableError(
                f"nothing is known about the stability of column {others[0]!r}{more}; pass such columns on with "
                "StableFeatures(unknown='keep'), or leave them out with unknown='drop'"
            )
        return others if self.unknown == "keep" else []


def is_measured(column: pd.Series[Any]) -> bool:
    """Return whether a column of replicates can be judged: numeric, and not logical.

    Examples
    --------
    >>> is_measured(pd.Series([1, 2])), is_measured(pd.Series([True, False]))
    (True, False)
    """
    return bool(is_numeric_dtype(column) and not is_bool_dtype(column))
