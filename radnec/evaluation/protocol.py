"""Decides which rows are trained and tested, and counts the rest with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.cohort.fields import FIELDS
from radnec.cohort.sessions import numbers_of
from radnec.cohort.suggestions import folded
from radnec.config import LabelPolicy, TrainingConfig
from radnec.errors import LabelError, TableError
from radnec.evaluation.sessions import after_label, last_sessions
from radnec.features.columns import feature_columns
from radnec.labels import UNDECIDED, Outcome
from radnec.model.door import check_table, refuse_spaced_patients
from radnec.model.incorporation import refuse_incorporation

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLLOWUP = ("imaging_followup", "clinical_followup")
_KNOWN = {*(str(outcome) for outcome in Outcome), *UNDECIDED}


@dataclass(frozen=True)
class Selection:
    """Rows fit to learn from.

    Parameters
    ----------
    table : DataFrame
        The rows, ordered by patient, lesion and session, with a fresh index.
    y : Series
        Their labels.
    flow : DataFrame
        One row per step, with ``step``, ``rows``, ``patients`` (left after it) and ``left_out``.
    notes : tuple of str
        What the user should know, as sentences.
    """

    table: pd.DataFrame
    y: pd.Series
    flow: pd.DataFrame
    notes: tuple[str, ...]


def labelled(table: pd.DataFrame, *, policy: LabelPolicy | None = None) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows fit to learn from, and their labels.

    Rows without a label, ``mixed`` and ``indeterminate`` lesions, failed extractions and labels from
    immature follow-up are left out; one session per lesion is kept, the last on or before the label date.
    The counts stand in ``X.attrs["radnec_flow"]``.

    Parameters
    ----------
    table : DataFrame
        A feature table, see the data contract.
    policy : LabelPolicy, optional
        The rules; the default keeps follow-up of at least 6 months and one session per lesion.

    Returns
    -------
    X : DataFrame of shape (n, …)
        The rows kept, all columns.
    y : Series of shape (n,)
        ``necrosis`` or ``progression``.

    Raises
    ------
    radnec.errors.LabelError
        If no row is left, a label is unknown, or a label comes from PET while a PET column is among the
        features (incorporation bias).

    Examples
    --------
    >>> table = pd.DataFrame({"patient_id": ["A", "B", "C"], "label": ["necrosis", "progression", "mixed"]})
    >>> X, y = labelled(table)
    >>> y.tolist()
    ['necrosis', 'progression']
    """
    selection = select_rows(table, TrainingConfig(policy=policy or LabelPolicy()))
    X = selection.table
    X.attrs["radnec_flow"] = selection.flow.to_dict("records")
    return X, selection.y


def select_rows(
    table: pd.DataFrame,
    config: TrainingConfig,
    *,
    features: Sequence[str] | None = None,
    classes: Sequence[Any] | None = None,
) -> Selection:
    """Apply `config.policy` to a table and count what it leaves out.

    Parameters
    ----------
    table : DataFrame
        A feature table, or any table with the label and patient columns that `config` names.
    config : TrainingConfig
        Names the columns and holds the policy.
    features : list of str, optional
        The features, among which a PET column forbids PET-derived labels; by default the table's feature
        columns.
    classes : list, optional
        Both classes of a model that has learnt already; rows of one of them alone are then enough.

    Raises
    ------
    radnec.errors.TableError
        If the label or patient column is absent, or a patient is empty.
    radnec.errors.LabelError
        As :func:`labelled`.
    """
    check_table(table)
    for column, setting in ((config.label, "label"), (config.patient, "patient")):
        if column not in table.columns:
            raise TableError(
                f"the table has no column {column!r}; expected the {setting} there. "
                f"Name it with TrainingConfig({setting}=...); columns: {', '.join(map(str, table.columns[:12]))}, …"
            )
    flow = _Flow(table, config.patient)
    rows = table.reset_index(drop=True)
    if {"status", "error"} <= set(rows.columns) - {config.label}:
        rows = flow.keep(rows, ~rows["status"].eq("failed").fillna(False), "extraction failed")
    rows = flow.keep(rows, rows[config.label].notna() & (rows[config.label].astype(str) != ""), "no label")
    _check_labels(rows, config, classes)
    _refuse_doubles(rows, config)
    if config.positive == Outcome.necrosis:
        rows = flow.keep(rows, ~rows[config.label].isin(UNDECIDED), "label mixed or indeterminate")
    rows = _with_known_sources(rows)
    rows = _mature(rows, config.policy, flow)
    rows = _one_session(rows, config, flow)
    if rows.empty:
        raise LabelError(f"no row is left to learn from:\n{flow.frame().to_string(index=False)}")
    features = feature_columns(rows) if features is None else features
    refuse_incorporation(rows, features, "TrainingConfig(features=...)")
    rows = _ordered(rows, config)
    return Selection(rows, rows[config.label], flow.frame(), tuple(flow.notes))


class _Flow:
    """Counts rows and patients after each step."""

    def __init__(self, table: pd.DataFrame, patient: str) -> None:
        self._patient = patient
        self._steps = [("all rows", len(table), int(table[patient].nunique()), 0)]
        self.notes: list[str] = []

    def keep(self, rows: pd.DataFrame, kept: pd.Series, reason: str) -> pd.DataFrame:
        """Return the rows to keep; a step that leaves something out is counted."""
        chosen = rows[kept.to_numpy(dtype=bool)]
        lost = len(rows) - len(chosen)
        if lost:
            patients = int(chosen[self._patient].nunique())
            self._steps.append((f"without: {reason}", len(chosen), patients, lost))
        return chosen

    def frame(self) -> pd.DataFrame:
        """Return the steps as a table."""
        return pd.DataFrame(self._steps, columns=["step", "rows", "patients", "left_out"])


def _check_labels(rows: pd.DataFrame, config: TrainingConfig, classes: Sequence[Any] | None) -> None:
    found = set(rows[config.label].unique())
    if not found:
        raise LabelError(f"no row of column {config.label!r} holds a label; expected two classes")
    if rows[config.patient].isna().any():
        raise TableError(f"{int(rows[config.patient].isna().sum())} labelled rows have no {config.patient}; fill it")
    refuse_spaced_patients(rows[config.patient].astype(str).tolist(), config.patient)
    decided = found - set(UNDECIDED) if config.positive == Outcome.necrosis else found
    if classes is not None and decided <= set(classes):
        return
    if config.positive not in found:
        raise LabelError(
            f"no row of column {config.label!r} holds the positive class {config.positive!r}; found "
            f"{', '.join(sorted(map(repr, map(_plain, found))))}. "
            + (
                "Say which value is positive with TrainingConfig(positive=...)"
                if len(found) > 1
                else "A table of one class teaches nothing; expected two"
            )
        )
    if config.positive == Outcome.necrosis and not found <= _KNOWN:
        raise LabelError(
            f"column {config.label!r} holds {sorted(map(str, found - _KNOWN))}; expected {sorted(_KNOWN)} or empty"
        )
    if len(decided) != 2:
        raise LabelError(f"column {config.label!r} holds the classes {sorted(map(str, decided))}; expected two")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _with_known_sources(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with ``label_source`` written as the rules below know it.

    Raises
    ------
    radnec.errors.LabelError
        If a source is unknown: the rules on follow-up and on PET would pass over it.
    """
    if "label_source" not in rows:
        return rows
    known = {folded(source): source for source in FIELDS["label_source"].categories}
    stated = rows["label_source"].astype(object).where(rows["label_source"].notna(), "")
    sources = stated.map(lambda text: known.get(folded(str(text)), str(text)) if str(text).strip() else "")
    unknown = sorted(set(sources) - {*known.values(), ""})
    if unknown:
        raise LabelError(
            f"column label_source holds {unknown[0]!r}; expected one of {', '.join(known.values())}, or empty. "
            "Rename it, or the column where it means something else"
        )
    return rows.assign(label_source=sources.mask(sources == "", pd.NA))


def _refuse_doubles(rows: pd.DataFrame, config: TrainingConfig) -> None:
    keys = [config.patient, "session_id", "lesion_id"]
    if set(keys) <= set(rows.columns):
        twice = rows.duplicated(keys, keep=False)
        if twice.any():
            first = rows[twice].iloc[0]
            count = int((rows[keys] == first[keys]).all(axis=1).sum())
            raise TableError(
                f"lesion {'/'.join(str(first[key]) for key in keys)} has {count} labelled rows; expected one for each "
                "patient, session and lesion. Remove the others (table.drop_duplicates if they are equal)"
            )


def _mature(rows: pd.DataFrame, policy: LabelPolicy, flow: _Flow) -> pd.DataFrame:
    source = rows["label_source"] if "label_source" in rows else pd.Series(pd.NA, index=rows.index, dtype="string")
    months = numbers_of(rows, "followup_months")
    unstated = source.isna() | source.eq("")
    if "followup_months" in rows and unstated.any():
        flow.notes.append(
            f"{int(unstated.sum())} of {len(rows)} labels do not say how they were found (label_source); with a stated "
            "follow-up they were taken for labels from follow-up."
        )
    followed = source.isin(_FOLLOWUP)
    immature = (followed | unstated) & (months < policy.min_followup_months)
    rows = flow.keep(rows, ~(followed & months.isna()), "label from follow-up of unknown length")
    return flow.keep(rows, ~immature[rows.index], f"follow-up shorter than {policy.min_followup_months:g} months")


def _one_session(rows: pd.DataFrame, config: TrainingConfig, flow: _Flow) -> pd.DataFrame:
    rows = flow.keep(rows, ~after_label(rows), "session after the label date")
    if config.policy.session == "all" or "lesion_id" not in rows or "session_id" not in rows:
        return rows
    last, by_name = last_sessions(rows, rows[config.patient].astype(str) + "/" + rows["lesion_id"].astype(str))
    if by_name:
        flow.notes.append(
            "Some lesions have several sessions without session_date or session_day, or with the same: these were "
            "ordered by name."
        )
    return flow.keep(rows, last, "earlier session of a lesion learnt from later")


def _ordered(rows: pd.DataFrame, config: TrainingConfig) -> pd.DataFrame:
    keys = [name for name in (config.patient, "lesion_id", "session_id") if name in rows]
    content = pd.util.hash_pandas_object(rows[sorted(rows.columns, key=str)], index=False)
    frame = rows[keys].astype(str).assign(content=content.to_numpy())
    return rows.iloc[np.lexsort([frame[name].to_numpy() for name in reversed(frame.columns)])].reset_index(drop=True)
