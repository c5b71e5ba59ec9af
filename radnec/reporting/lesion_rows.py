"""Finds one lesion in a table by its name, and measures it as a model was trained."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from radnec.cohort.fields import KEYS
from radnec.errors import ExtractionWarning, TableError
from radnec.features.columns import parse
from radnec.features.extract import extract
from radnec.features.joining import join
from radnec.quantify.measure import measure

if TYPE_CHECKING:
    import pandas as pd

    from radnec.classifier.estimator import RadnecClassifier

_SHOWN = 5


def rows_of(table: pd.DataFrame, lesion: str) -> pd.DataFrame:
    """Return the rows of one lesion in one session.

    Parameters
    ----------
    table : DataFrame
        A cohort or a feature table, with ``patient_id``, ``session_id`` and ``lesion_id``.
    lesion : str
        ``patient/lesion`` where the lesion was seen in one session, else ``patient/session/lesion``.

    Raises
    ------
    radnec.errors.TableError
        If there is no such lesion, or the name fits several; with the names to write.

    Examples
    --------
    >>> import pandas as pd
    >>> keys = {"patient_id": ["P1", "P1"], "session_id": ["S1", "S2"], "lesion_id": ["L1", "L1"]}
    >>> rows_of(pd.DataFrame(keys), "P1/S2/L1").index.tolist()
    [1]
    >>> rows_of(pd.DataFrame(keys), "P1/L1")
    Traceback (most recent call last):
    ...
    radnec.errors.TableError: 'P1/L1' was seen in several sessions: write P1/S1/L1 or P1/S2/L1
    """
    missing = [name for name in KEYS if name not in table]
    if missing:
        raise TableError(f"the table lacks {', '.join(missing)}; a report is of one lesion of a patient in a session")
    patient, session, name = (table[key].astype(str) for key in KEYS)
    whole = patient + "/" + session + "/" + name
    found = table[(whole == lesion) | (patient + "/" + name == lesion)]
    names = sorted(set(whole[found.index]))
    if len(names) == 1:
        return found
    if names:
        raise TableError(f"{lesion!r} was seen in several sessions: write {' or '.join(names)}")
    of_patient = sorted(set(whole[patient == lesion.partition("/")[0]])) or sorted(set(whole))
    more = f" and {len(of_patient) - _SHOWN} more" if len(of_patient) > _SHOWN else ""
    raise TableError(
        f"there is no lesion {lesion!r}; expected patient/lesion or patient/session/lesion, such as "
        f"{', '.join(of_patient[:_SHOWN])}{more}"
    )


def measured_lesion(model: RadnecClassifier, rows: pd.DataFrame) -> pd.DataFrame:
    """Measure one lesion as the model was trained, with the indices of the examinations that it had.

    Parameters
    ----------
    model : RadnecClassifier
        Fitted.
    rows : DataFrame
        The lesion's rows in a cohort.

    Returns
    -------
    DataFrame
        One row; features of sequences that the lesion lacks are empty.
    """
    table = extract(rows, model.extraction_config_)
    with warnings.catch_warnings():
        # What has no value has its reason in the table, and most lesions lack most examinations.
        warnings.simplefilter("ignore", ExtractionWarning)
        indices = measure(rows)
    if any(str(name).startswith("index_") for name in indices):
        # A measurement that was not foreseen to fail leaves the radiomics as they are.
        table = join(table, indices.drop(columns=["status", "error"], errors="ignore"))
    lacking = [name for name in model.recipe_.columns() if name not in table and _is_measured(name)]
    return table.reindex(columns=[*table.columns, *lacking])


def _is_measured(column: str) -> bool:
    return column.startswith("index_") or parse(column) is not None
