"""Tells which rows a comparison with a champion may count, because the champion has not learnt from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.cohort.parsing import counted
from radnec.model.splits import patients_per_class

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.classifier import RadnecClassifier
    from radnec.evaluation.study import Study


@dataclass(frozen=True, eq=False)
class Basis:
    """The rows that champion and candidate are compared on.

    Attributes
    ----------
    compared : ndarray of bool, shape (n,)
        True for the rows that count.
    known : int
        Rows of patients that the champion was trained on, as far as it recognises them.
    favours_champion : bool
        Whether rows are compared that the champion learnt from, or may have.
    sentence : str
        All this in words.
    """

    compared: NDArray[np.bool_]
    known: int
    favours_champion: bool
    sentence: str


def basis_of(study: Study, champion: RadnecClassifier, fewest: int) -> Basis:
    """Choose the rows to compare on.

    A model looks better on what it learnt from than it is, on the very rows and on other rows of their patients.
    Where the champion has not seen enough patients of each class, only these are compared. Otherwise all are, which
    favours the champion, and is said.

    Parameters
    ----------
    study : Study
        The rows that are learnt from.
    champion : RadnecClassifier
        Recognises its training rows, see :class:`radnec.classifier.training_rows.TrainingRows`.
    fewest : int
        Patients of each class that are enough.

    Returns
    -------
    Basis
        The rows.

    Examples
    --------
    >>> import radnec
    >>> from radnec.evaluation.study import Study
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=60, n_features=10, random_state=0)
    >>> config = radnec.TrainingConfig(candidates=("logistic",), draws=1, random_state=0)
    >>> patients = table["patient_id"].unique()
    >>> champion = radnec.train(table[table["patient_id"].isin(patients[:30])], config)
    >>> found = basis_of(Study.of(table, config), champion, fewest=5)
    >>> found.favours_champion, len(set(Study.of(table, config).patients[found.compared]))
    (False, 30)
    """
    everything = np.ones(len(study.y), dtype=np.bool_)
    rows, marks = counted(len(study.y), "row"), champion.training_rows_
    if not marks.marks:
        sentence = (
            f"The champion cannot tell which rows it was trained on. All {rows} are compared, which favours the "
            "champion by as many of them as it learnt from."
        )
        return Basis(everything, 0, True, sentence)
    own = np.unique(study.patients[marks.found_in(study.table)])
    new = ~np.isin(study.patients, own)
    known = int((~new).sum())
    if not known:
        sentence = (
            f"The champion recognises none of the {rows} as its training rows. It would not recognise a lesion that "
            "was measured anew, or another session of a patient it was trained on."
        )
        return Basis(everything, 0, False, sentence)
    unknown = patients_per_class(study.y[new], study.patients[new])
    if len(unknown) == 2 and min(unknown.values()) >= fewest:
        patients = counted(len(np.unique(study.patients[new])), "patient")
        sentence = (
            f"Compared on {counted(int(new.sum()), 'row')} of {patients} that the champion was not trained on; "
            f"{counted(known, 'row')} of patients that it was trained on are learnt from, and not compared."
        )
        return Basis(new, known, False, sentence)
    sentence = (
        f"The champion was trained on patients of {known} of the {rows}, and there are not {fewest} others of each "
        f"class. All rows are compared, which favours the champion by {counted(known, 'row')}."
    )
    return Basis(everything, known, True, sentence)
