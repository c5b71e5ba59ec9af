"""Joins what a clinic knows of its patients to a draft whose patients are named by a key."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pandas as pd

from radnec.cohort.parsing import counted
from radnec.errors import CohortTip, TableError
from radnec.imaging.layouts.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    import os

#: Columns that tell what a row of the clinical table is about.
_TELLING = ("patient_id", "session_id", "session_date", "lesion_id")
_SHOWN = 5


def join_clinical(
    draft: pd.DataFrame,
    clinical: pd.DataFrame,
    key: str | os.PathLike[str],
    *,
    patient: str = "patient_id",
    study: str | None = None,
) -> pd.DataFrame:
    """Give the rows of a draft the columns of a clinical table, by PatientID and never by order.

    Parameters
    ----------
    draft : DataFrame
        From :func:`radnec.imaging.layouts.draft_cohort` with the same `key`.
    clinical : DataFrame
        One row per patient, session or lesion. Which it is, its columns tell: besides the patient it is joined on
        ``session_date`` (as YYYY-MM-DD) and ``lesion_id`` where it has them.
    key : path-like
        Key file of the draft.
    patient : str, default "patient_id"
        Column of `clinical` that holds the PatientID as the headers do, with leading zeros.
    study : str, optional
        Column of `clinical` that holds the StudyInstanceUID; it tells the session.

    Returns
    -------
    DataFrame
        The rows of `draft` with the other columns of `clinical`. Neither PatientID nor StudyInstanceUID is among them.

    Raises
    ------
    radnec.errors.TableError
        If a column is absent, stands in both tables, several rows of `clinical` are about one thing, or no row of it
        is about any of the draft.
    radnec.errors.ConfigError
        If there is no such key.

    Warns
    -----
    radnec.errors.CohortTip
        With how many rows of each table have no counterpart in the other.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from radnec.imaging.layouts import Pseudonyms, new_key
    >>> key = new_key(Path(tempfile.mkdtemp()) / "hospital.key")
    >>> draft = pd.DataFrame({"patient_id": [Pseudonyms(key).patient("007")], "lesion_id": ["L1"]})
    >>> clinic = pd.DataFrame({"mrn": ["007"], "lesion_id": ["L1"], "label": ["necrosis"]})
    >>> join_clinical(draft, clinic, key, patient="mrn")["label"].tolist()
    ['necrosis']
    """
    absent = [name for name in (patient, study) if name is not None and name not in clinical]
    if absent or "patient_id" not in draft:
        lacking = ", ".join(absent)
        raise TableError(f"the clinical table has no column {lacking}" if absent else "the draft has no patient_id")
    coded = _coded(clinical, Pseudonyms(key), patient, study)
    on = [name for name in _TELLING if name in coded and name in draft]
    both = sorted(set(coded.columns) & set(draft.columns) - set(on))
    if both:
        raise TableError(
            f"both tables have {', '.join(both)}: drop it from one of them, whichever is not to be believed"
        )
    again = coded.duplicated(on, keep=False)
    if again.any():
        raise TableError(f"{_rows(clinical, again)} of the clinical table agree in {', '.join(on)}: which is meant?")
    left, right = (table.assign(**{name: table[name].astype("string") for name in on}) for table in (draft, coded))
    joined = left.merge(right, how="left", on=on, validate="many_to_one", indicator="_found")
    missed = ~right.set_index(on).index.isin(left.set_index(on).index)
    if missed.all():
        raise TableError(
            f"no row of the clinical table fits the draft by {', '.join(on)}. Are its ids those of the headers, with "
            "leading zeros, its dates written as YYYY-MM-DD, and was the draft made with this key?"
        )
    _tell(clinical, pd.Series(missed, clinical.index), draft[joined["_found"].eq("left_only").to_numpy()])
    joined = joined.drop(columns="_found").set_axis(draft.index)
    joined.attrs = dict(draft.attrs)
    return joined


def _coded(clinical: pd.DataFrame, names: Pseudonyms, patient: str, study: str | None) -> pd.DataFrame:
    """Return the clinical table with names in place of the identifiers."""
    found = {"patient_id": clinical[patient].map(lambda value: names.patient(_text(value)), na_action="ignore")}
    if study is not None:
        found["session_id"] = clinical[study].map(lambda value: names.session(_text(value)), na_action="ignore")
    rest = clinical.drop(columns=[name for name in (patient, study) if name is not None])
    return rest.assign(**found)


def _text(value: object) -> str:
    # A gap makes floats of a column of numbers.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _tell(clinical: pd.DataFrame, missed: pd.Series[bool], alone: pd.DataFrame) -> None:
    told = []
    if missed.any():
        # By row, not by name: the message may end in a log.
        told.append(f"{_rows(clinical, missed)} of the clinical table fit no row of the draft")
    if len(alone):
        # The names of the draft are the key's, and identify nobody without it.
        keys = [name for name in ("patient_id", "session_id", "lesion_id") if name in alone]
        names = list(dict.fromkeys("/".join(map(str, row)) for row in alone[keys].itertuples(index=False)))
        more = ", …" if len(names) > _SHOWN else ""
        told.append(
            f"{counted(len(alone), 'row')} of the draft got nothing from the clinical table: "
            f"{', '.join(names[:_SHOWN])}{more}"
        )
    if told:
        warnings.warn("; ".join(told), CohortTip, stacklevel=3)


def _rows(table: pd.DataFrame, chosen: pd.Series[bool]) -> str:
    labels = [str(label) for label in table.index[chosen]]
    more = ", …" if len(labels) > _SHOWN else ""
    return f"{counted(len(labels), 'row')} ({', '.join(labels[:_SHOWN])}{more})"
