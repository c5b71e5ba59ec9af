"""Splits rows so that a patient is never on both sides."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedGroupKFold

from radnec.errors import LabelError, TrainingWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

Split = tuple[NDArray[np.intp], NDArray[np.intp]]

_REDRAWS = 200


class PatientFolds(BaseEstimator):  # type: ignore[misc]
    """Repeated, stratified folds over patients, as a scikit-learn splitter.

    Every fold holds both classes, in training and in testing; a draw that does not is drawn again, reproducibly.
    Where a class has fewer patients than folds were asked for, or no draw serves, there are fewer folds.

    Parameters
    ----------
    n_splits : int, default 5
        Folds per repeat.
    n_repeats : int, default 1
        How often the folds are drawn anew.
    random_state : int, default 0
        Seed; equal seeds give equal folds.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([0, 0, 1, 1] * 5)
    >>> patients = np.repeat(np.arange(10), 2)
    >>> folds = list(PatientFolds(5).split(y, y, patients))
    >>> len(folds), any(set(patients[a]) & set(patients[b]) for a, b in folds)
    (5, False)
    """

    def __init__(self, n_splits: int = 5, *, n_repeats: int = 1, random_state: int = 0) -> None:
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: ArrayLike | None = None, groups: ArrayLike | None = None) -> int:
        """Return the number of splits, which is smaller where a class has too few patients.

        Parameters
        ----------
        X : object
            Ignored.
        y, groups : arrays of shape (n,), optional
            As in :meth:`split`; without them the number that was asked for.
        """
        if y is None or groups is None:
            return self.n_splits * self.n_repeats
        return sum(1 for _ in self.split(X, y, groups))

    def split(self, X: Any, y: ArrayLike, groups: ArrayLike) -> Iterator[Split]:
        """Yield train and test positions; warns where there are fewer folds than asked for.

        Parameters
        ----------
        X : object
            Ignored.
        y : array of shape (n,)
            Two classes.
        groups : array of shape (n,)
            Patient of each row.

        Yields
        ------
        train, test : arrays of int
            Positions of the rows of a fold.

        Raises
        ------
        radnec.errors.LabelError
            If a class has fewer than two patients, so no fold can hold it on both sides.
        """
        for folds in self.repeats(y, groups):
            if len(folds) < self.n_splits:
                counts = _text(patients_per_class(y, groups))
                warnings.warn(
                    f"patients per class are {counts}: using {len(folds)} folds instead of {self.n_splits}",
                    TrainingWarning,
                    stacklevel=2,
                )
            yield from folds

    def repeats(self, y: ArrayLike, groups: ArrayLike) -> Iterator[list[Split]]:
        """Yield the folds of each repeat as a list; errors as :meth:`split`.

        Parameters
        ----------
        y, groups : arrays of shape (n,)
            As in :meth:`split`.

        Yields
        ------
        list of (train, test)
            The folds of one repeat.
        """
        counts = patients_per_class(y, groups)
        if len(counts) != 2:
            raise LabelError(
                f"found {len(counts)} class(es) ({_text(counts)} patients); expected two to learn to tell apart"
            )
        if min(counts.values()) < 2:
            raise LabelError(
                f"patients per class are {_text(counts)}; expected at least 2 in each, so that one can be learnt from "
                "while another is predicted. Add patients of the rarer class"
            )
        folds = min(self.n_splits, *counts.values())
        for seed in np.random.SeedSequence(self.random_state).generate_state(self.n_repeats):
            yield _draw(np.asarray(y), np.asarray(groups).astype(str), folds, int(seed))


def site_splits(sites: ArrayLike, y: ArrayLike, groups: ArrayLike) -> dict[str, Split]:
    """Return train and test positions with each site held out once.

    A patient seen at two sites is tested at each, and then trained on at neither.

    Parameters
    ----------
    sites : array of shape (n,)
        Site of each row, as text.
    y : array of shape (n,)
        Two classes. A site may lack one, the rows to train on may not.
    groups : array of shape (n,)
        Patient of each row.

    Returns
    -------
    dict of str to (train, test)
        By the name of the site held out, in the order of the names.

    Raises
    ------
    radnec.errors.LabelError
        If there are fewer than two sites, or fewer than two patients of a class remain without a site.

    Examples
    --------
    >>> y = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    >>> train, test = site_splits(list("AAAABBBB"), y, np.arange(8))["A"]
    >>> train.tolist(), test.tolist()
    ([4, 5, 6, 7], [0, 1, 2, 3])
    """
    site, label, patient = np.asarray(sites).astype(str), np.asarray(y), np.asarray(groups).astype(str)
    names = np.unique(site)
    if len(names) < 2:
        raise LabelError(f"all rows are of site {names.tolist()}; expected two or more, to hold one out")
    splits = {}
    for name in names.tolist():
        test = np.flatnonzero(site == name)
        train = np.flatnonzero(~np.isin(patient, patient[test]))
        counts = patients_per_class(label[train], patient[train])
        if len(counts) < 2 or min(counts.values()) < 2:
            raise LabelError(
                f"without site {name} patients per class are {_text(counts) or 'none'}; expected at least 2 in each to "
                'learn from. Leave out sites with outer="patients", or join small ones under one name'
            )
        splits[name] = (train, test)
    return splits


def patients_per_class(y: ArrayLike, groups: ArrayLike) -> dict[str, int]:
    """Return the number of patients who have a row of each class.

    Examples
    --------
    >>> patients_per_class(["necrosis", "progression", "necrosis"], ["A", "A", "B"])
    {'necrosis': 2, 'progression': 1}
    """
    label, patient = np.asarray(y), np.asarray(groups).astype(str)
    names = {True: "positive", False: "negative"} if label.dtype == bool else {}
    return {str(names.get(value, value)): len(np.unique(patient[label == value])) for value in np.unique(label)}


def _text(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


def _draw(label: NDArray[Any], patient: NDArray[np.str_], folds: int, seed: int) -> list[Split]:
    # The greedy assignment sees patients in the order of their names, so the order of rows does not matter.
    order = np.lexsort((label, patient))
    for redraw in range(_REDRAWS):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=(seed + redraw) % 2**32)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
            splits = [
                (np.sort(order[train]), np.sort(order[test]))
                for train, test in splitter.split(order, label[order], patient[order])
            ]
        if all(len(np.unique(label[part])) == 2 for split in splits for part in split):
            return splits
    if folds > 2:
        return _draw(label, patient, folds - 1, seed)
    raise LabelError(
        f"no split in two of {len(np.unique(patient))} patients has both classes on both sides; expected at least "
        "two patients per class that can be parted. Add patients of the rarer class"
    )


def fresh_seed() -> int:
    """Return a seed from the operating system, small enough to be written down.

    Examples
    --------
    >>> 0 <= fresh_seed() < 2**31
    True
    """
    return int(np.random.SeedSequence().generate_state(1)[0]) // 2
