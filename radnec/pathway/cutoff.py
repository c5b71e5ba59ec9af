"""A classifier that learns nothing but the prevalence: one index, one published cut-off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from radnec.errors import EvidenceError, LabelError, TableError
from radnec.labels import Outcome
from radnec.model.cells import numbers_in
from radnec.pathway.evidence import Evidence
from radnec.pathway.evidence_table import read_evidence

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

Array = NDArray[np.float64]


class CutoffClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Judge lesions by one index and its published cut-off, in scikit-learn's manner.

    The probability is the prevalence of the training rows, updated by the published likelihood ratio of the side of the
    cut-off that the value lies on; a row without a value keeps the prevalence. The call is that of the cut-off itself.

    Parameters
    ----------
    evidence : str or Evidence
        Id of a row of :func:`read_evidence`, or a row of your own; it needs an index, a cut-off with direction,
        sensitivity, specificity and the positive class.
    positive : str, int or bool, default "necrosis"
        The label of necrosis in `y`.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels, sorted.
    evidence_ : Evidence
        The row.
    column_ : str
        Column that holds the index.
    prevalence_ : float
        Share of necrosis among the training rows.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"index_TBRmax": [1.5, 2.9, None, 3.1]})
    >>> y = ["necrosis", "progression", "necrosis", "progression"]
    >>> model = CutoffClassifier("fet_romagna_max").fit(X, y)
    >>> model.predict_proba(X)[:, 0].round(2), model.predict(X)[:2].tolist()
    (array([0.85, 0.2 , 0.5 , 0.2 ]), ['necrosis', 'progression'])
    """

    def __init__(self, evidence: str | Evidence, *, positive: str | int | bool = "necrosis") -> None:
        self.evidence = evidence
        self.positive = positive

    def fit(self, X: pd.DataFrame, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Learn the prevalence; nothing else is fitted.

        Parameters
        ----------
        X : DataFrame of shape (n, …)
            Holds the column of the index, ``index_TBRmax`` or ``TBRmax``.
        y : array-like of shape (n,)
            Labels of two classes, of which `positive` is necrosis.
        groups : array-like of shape (n,), optional
            Patients; no part of the fit.

        Raises
        ------
        radnec.errors.EvidenceError
            If the evidence cannot be used with a value.
        radnec.errors.LabelError
            If `y` does not hold two classes, one of them `positive`.
        radnec.errors.TableError
            If the column is absent or holds no numbers.
        """
        self.evidence_ = self.evidence if isinstance(self.evidence, Evidence) else read_evidence()[self.evidence]
        refuse_unusable(self.evidence_)
        self.column_ = column_of(X, self.evidence_)
        values_of(X, self.column_)
        labels = np.asarray(y)
        self.classes_ = np.unique(labels)
        if len(self.classes_) != 2 or self.positive not in self.classes_.tolist():
            raise LabelError(
                f"y holds {self.classes_.tolist()}; expected two classes, one of them necrosis as positive="
                f"{self.positive!r}"
            )
        self.prevalence_ = float(np.mean(labels == self.positive))
        self.n_features_in_ = 1
        return self

    def predict_proba(self, X: pd.DataFrame) -> Array:
        """Return the probabilities of ``classes_``, shape (n, 2)."""
        check_is_fitted(self)
        p = p_necrosis(self.evidence_, values_of(X, self.column_), self.prevalence_)
        return np.column_stack([p if label == self.positive else 1 - p for label in self.classes_.tolist()])

    def predict(self, X: pd.DataFrame) -> NDArray[Any]:
        """Return the call of the cut-off, shape (n,); a row without a value gets the commoner class of training."""
        check_is_fitted(self)
        values = values_of(X, self.column_)
        favoured = map(self.evidence_.favours, values.tolist())
        necrosis = np.array([outcome == Outcome.necrosis for outcome in favoured], dtype=bool)
        necrosis[np.isnan(values)] = self.prevalence_ > 1 / 2
        return np.asarray(self.classes_[np.where(necrosis, *self._places())])

    def _places(self) -> tuple[int, int]:
        """Return where necrosis and progression stand among the classes."""
        place = self.classes_.tolist().index(self.positive)
        return place, 1 - place


def p_necrosis(evidence: Evidence, values: Array, prevalence: float) -> Array:
    """Return P(RN) of values of an index: the prevalence, updated by the published likelihood ratio.

    Parameters
    ----------
    evidence : Evidence
        Row with a cut-off.
    values : array of shape (n,)
        Values of the index, in the unit of the evidence; NaN keeps the prevalence as it is.
    prevalence : float
        P(RN) before the index is known.

    Returns
    -------
    array of shape (n,)
        P(RN).

    Raises
    ------
    radnec.errors.EvidenceError
        If the evidence cannot be used with a value.

    Examples
    --------
    >>> p_necrosis(read_evidence()["tl_matsunaga"], np.array([0.5, 0.9, np.nan]), 0.3).round(3)
    array([0.679, 0.079, 0.3  ])
    """
    refuse_unusable(evidence)
    after = {
        outcome: float(expit(logit(prevalence) + np.log(evidence.likelihood_ratio(outcome).value)))
        for outcome in Outcome
    }
    return np.array([prevalence if np.isnan(value) else after[evidence.favours(value)] for value in values.tolist()])


def refuse_unusable(evidence: Evidence) -> None:
    """Refuse evidence that no value of an index of radnec's can be weighed by.

    Raises
    ------
    radnec.errors.EvidenceError
        With the reason.
    """
    reason = evidence.why_unusable(with_value=True) or ("" if evidence.index else "radnec measures no such index")
    if reason:
        raise EvidenceError(f"evidence {evidence.id} cannot be a published cut-off: {reason}. Name another row")


def column_of(table: pd.DataFrame, evidence: Evidence) -> str:
    """Return the column that holds the index of the evidence: ``index_`` and its name, or its name alone.

    Raises
    ------
    radnec.errors.TableError
        If the table has neither.
    """
    for name in (f"index_{evidence.index}", evidence.index):
        if name in table.columns:
            return name
    raise TableError(
        f"the table has no column index_{evidence.index}; expected the index that evidence {evidence.id} "
        f"({evidence.rule}) is about"
    )


def values_of(table: pd.DataFrame, column: str) -> Array:
    """Return the values of an index, shape (n,), NaN where it was not evaluable.

    Raises
    ------
    radnec.errors.TableError
        If the column holds something other than numbers.
    """
    values = numbers_in(table[column])
    if values is None:
        raise TableError(f"column {column} holds text; expected numbers or empty cells")
    return np.where(np.isfinite(values), values, np.nan)
