"""The tidy table of predictions that every evaluation starts from, checked, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from radnec.errors import LabelError, TableError
from radnec.evaluation import inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Rungs of the ladder, from knowing nothing to the full recipe.
RUNGS = ("prevalence", "volume", "clinical", "cutoff", "logistic", "radnec")

COLUMNS = ("model", "repeat", "fold", "row", "patient", "y", "p")

#: Columns of models that give prediction sets: whether the set held the truth, and how many classes it held.
SETS = ("held", "set_size")


@dataclass(frozen=True)
class Predicted:
    """What a cross-validation or an external test hands on.

    Parameters
    ----------
    table : DataFrame
        The predictions, with the columns of :data:`COLUMNS`.
    reasons : dict of str to str
        Rungs that could not be computed.
    notes : list of str
        What the user should know, as sentences.
    features : Series of float
        Share of the full recipe's fitted models that use each feature, by its name, the most used first.
    selected : DataFrame of bool
        Which features each outer fold selects, see :func:`radnec.evaluation.selection.selections_of`; empty for an
        external test.
    """

    table: pd.DataFrame
    reasons: dict[str, str]
    notes: list[str]
    features: pd.Series[float]
    selected: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Scored:
    """Predictions of several models on the same lesions.

    Attributes
    ----------
    y : ndarray of bool, shape (n,)
        True for necrosis.
    patients : ndarray of int, shape (n,)
        Patient of each lesion, numbered from 0.
    fold : ndarray of int, shape (r, n)
        Fold of each lesion in each of `r` repeats.
    p : dict of str to ndarray of float, shape (r, n)
        P(RN) of each model that could be computed, in the order of :data:`RUNGS`.
    held, sizes : dict of str to ndarray of float, shape (r, n)
        Of each model that gives prediction sets: whether the set held the truth, and how many classes it held.
    missing : dict of str to str
        Models that could not be computed, with the reason.
    """

    y: NDArray[np.bool_]
    patients: NDArray[np.intp]
    fold: NDArray[np.intp]
    p: dict[str, Floats]
    missing: dict[str, str]
    held: dict[str, Floats] = field(default_factory=dict)
    sizes: dict[str, Floats] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All models, computed or not, in the order of :data:`RUNGS`; others follow by name."""
        return sorted({*self.p, *self.missing}, key=_place)

    @classmethod
    def arrange(cls, predictions: pd.DataFrame, reasons: Mapping[str, str] | None = None) -> Self:
        """Check a table of predictions and arrange it by repeat and lesion.

        Parameters
        ----------
        predictions : pandas.DataFrame
            Columns ``model``, ``repeat``, ``fold``, ``row`` (position of the lesion), ``patient``, ``y``
            (necrosis or not) and ``p`` (P(RN), NaN for a model that could not be computed). Every model,
            repeat and row occurs once. An external test is one repeat of one fold. A model that gives prediction
            sets has those of :data:`SETS` too.
        reasons : mapping of str to str, optional
            Why a model could not be computed.

        Returns
        -------
        Scored
            The arrays; the order of the table's rows does not matter.

        Raises
        ------
        radnec.errors.TableError
            If a column is absent, a prediction is absent or there twice, a lesion changes its patient,
            outcome or fold between models, or a probability lies outside 0 and 1.
        radnec.errors.LabelError
            If all lesions are of one class.

        Examples
        --------
        >>> table = pd.DataFrame(
        ...     {"model": "radnec", "repeat": 0, "fold": 0, "row": [0, 1], "patient": ["A", "B"],
        ...      "y": [True, False], "p": [0.9, 0.2]})
        >>> Scored.arrange(table, {"clinical": "no clinical column"}).p
        {'radnec': array([[0.9, 0.2]])}
        """
        absent = [column for column in COLUMNS if column not in predictions]
        if absent:
            raise TableError(f"the predictions lack {', '.join(absent)}; expected columns {', '.join(COLUMNS)}")
        lesions = _agreed(predictions, ["row"], ["patient", "y"])
        folds = _agreed(predictions, ["repeat", "row"], ["fold"])["fold"].unstack()
        missing = dict(reasons or {})
        p: dict[str, Floats] = {}
        sets: dict[str, dict[str, Floats]] = {column: {} for column in SETS}
        for name in sorted(predictions["model"].unique(), key=_place):
            part = predictions[predictions["model"] == name]
            lost = int(part["p"].isna().sum())
            if lost:
                missing.setdefault(name, f"{lost} of {len(part)} predictions could not be computed")
                continue
            if name in missing:
                raise TableError(f"{name} has predictions, and a reason why it has none: {missing[name]!r}")
            p[name] = _by_repeat(part, name, folds)
            for column, found in sets.items():
                if column in part and part[column].notna().all():
                    found[name] = _arranged(part, column)
        try:
            y = inputs.binary(lesions["y"].to_numpy())
        except LabelError as error:
            raise LabelError(f"nothing can be evaluated: {error}") from None
        return cls(
            y=y,
            patients=inputs.patients(lesions["patient"].to_numpy(), len(y)),
            fold=folds.apply(lambda line: pd.factorize(line)[0], axis=1, result_type="broadcast").to_numpy(np.intp),
            p=p,
            missing=missing,
            held=sets["held"],
            sizes=sets["set_size"],
        )


def part_of(
    model: str,
    repeat: int,
    fold: int,
    rows: NDArray[np.intp],
    patients: NDArray[np.str_],
    y: NDArray[np.bool_],
    p: Floats,
    sets: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Return the predictions of one model for one fold in the tidy layout of :data:`COLUMNS`.

    Prediction sets (n, 2), whether the negative and the positive class are in, become the columns :data:`SETS`.

    Examples
    --------
    >>> part_of("radnec", 0, 1, np.array([4]), np.array(["P1"]), np.array([True]), np.array([0.7])).to_dict("records")
    [{'model': 'radnec', 'repeat': 0, 'fold': 1, 'row': 4, 'patient': 'P1', 'y': True, 'p': 0.7}]
    """
    values = (model, repeat, fold, rows, patients, y, p)
    part = pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))
    if sets is None:
        return part
    held = sets[np.arange(len(y)), y.astype(int)]
    return part.assign(held=held.astype(float), set_size=sets.sum(axis=1).astype(float))


def _place(name: str) -> tuple[int, str]:
    return (RUNGS.index(name) if name in RUNGS else len(RUNGS), name)


def _agreed(predictions: pd.DataFrame, key: list[str], columns: list[str]) -> pd.DataFrame:
    """Return one row per key, or say whose columns differ between models."""
    found = predictions[[*key, *columns]].drop_duplicates()
    twice = found.duplicated(key)
    if twice.any():
        where = ", ".join(f"{name} {value}" for name, value in found.loc[twice, key].iloc[0].items())
        raise TableError(
            f"{where} has several values of {' or '.join(columns)}; "
            "all models must be tested on the same lesions in the same folds"
        )
    return found.set_index(key).sort_index()


def _by_repeat(part: pd.DataFrame, name: str, folds: pd.DataFrame) -> Floats:
    expected = folds.size
    if part.duplicated(["repeat", "row"]).any() or len(part) != expected:
        raise TableError(
            f"{name} has {len(part)} predictions; expected {expected}, "
            f"one for each of {folds.shape[1]} lesions in each of {folds.shape[0]} repeats"
        )
    table = _arranged(part, "p")
    inputs.scores(table.ravel(), expected, name=f"p of {name}", probability=True)
    return table


def _arranged(part: pd.DataFrame, column: str) -> Floats:
    return part.pivot_table(index="repeat", columns="row", values=column).to_numpy(float)
