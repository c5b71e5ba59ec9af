"""The outer folds of an evaluation: patients at random, or each site in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.cohort.parsing import counted
from radnec.errors import LeakageError, TableError
from radnec.evaluation.notes import folds_note
from radnec.model.cells import text_of
from radnec.model.splits import PatientFolds, Split, site_splits

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from radnec.config import TrainingConfig


def outer_folds(
    table: pd.DataFrame, y: NDArray[np.bool_], patients: NDArray[np.str_], config: TrainingConfig, seed: int
) -> tuple[list[list[Split]], list[str]]:
    """Return the folds of each repeat, and what a reader must know of them, as sentences.

    Parameters
    ----------
    table : DataFrame of shape (n, …)
        Rows that are learnt from.
    y : bool array of shape (n,)
        True for the positive class.
    patients : array of shape (n,)
        Patient of each row.
    config : TrainingConfig
        ``outer`` and what belongs to it. Sites are held out once each, in one repeat.
    seed : int
        Seed of folds drawn at random.

    Raises
    ------
    radnec.errors.TableError
        If a row has no site where sites are held out.
    radnec.errors.LabelError
        If a class has too few patients.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from radnec.config import TrainingConfig
    >>> y = np.array([0, 1, 0, 1, 0, 1, 0, 1], dtype=bool)
    >>> table = pd.DataFrame({"site_id": list("AAAABBBB")})
    >>> outer_folds(table, y, np.arange(8).astype(str), TrainingConfig(outer="sites"), 0)[1]
    ['Each site was held out once (A: 4 rows, B: 4 rows).']
    """
    if config.outer == "patients":
        folds = PatientFolds(config.outer_folds, n_repeats=config.outer_repeats, random_state=seed)
        repeats = list(folds.repeats(y, patients))
        return repeats, folds_note("Outer", [len(folds) for folds in repeats], config.outer_folds)
    if config.site not in table.columns:
        raise TableError(
            f"the table has no column {config.site!r} to hold sites out by; name it with TrainingConfig(site=...)"
        )
    sites = text_of(table[config.site]).to_numpy(dtype=str)
    if (sites == "").any():
        raise TableError(
            f"{int((sites == '').sum())} of {len(table)} rows have no {config.site}; expected the site of each, to "
            "hold it out. Fill the column, or leave these rows out"
        )
    splits = site_splits(sites, y, patients)
    return [list(splits.values())], _site_notes(splits, y)


def refuse_shared_patients(folds: list[Split], patients: NDArray[np.str_]) -> None:
    """Refuse folds that have a patient on both sides.

    Raises
    ------
    radnec.errors.LeakageError
        Naming the patient.

    Examples
    --------
    >>> import numpy as np
    >>> refuse_shared_patients([(np.array([0, 1]), np.array([2]))], np.array(["P1", "P2", "P1"]))
    Traceback (most recent call last):
    ...
    radnec.errors.LeakageError: patient P1 is on both sides of fold 0; ...
    """
    for number, (train, test) in enumerate(folds):
        both = sorted(set(patients[train].tolist()) & set(patients[test].tolist()))
        if both:
            raise LeakageError(
                f"patient {both[0]} is on both sides of fold {number}; expected each patient on one. Draw the folds "
                "with radnec.model.PatientFolds"
            )


def _site_notes(splits: dict[str, Split], y: NDArray[np.bool_]) -> list[str]:
    sizes = ", ".join(f"{name}: {counted(len(test), 'row')}" for name, (_, test) in splits.items())
    notes = [f"Each site was held out once ({sizes})."]
    single = [name for name, (_, test) in splits.items() if len(set(y[test].tolist())) < 2]
    if single:
        notes.append(
            f"{counted(len(single), 'site')} of one class only ({', '.join(single)}): the rows count in losses and "
            "calibration, and in no AUC, which compares rows of one site."
        )
    lost = sum(len(y) - len(train) - len(test) for train, test in splits.values())
    if lost:
        notes.append(
            f"Rows of patients seen at several sites were left out of training, {counted(lost, 'time')} in all, while "
            "one of their sites was held out."
        )
    return notes
