"""Reads the table of results back from a structured report that radnec wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.errors import ReadError, TableError
from radnec.imaging.dicom.files import parsing
from radnec.imaging.dicom.sop_classes import COMPREHENSIVE_SR
from radnec.reporting.assessed import COLUMNS, NUMBERS, TEXTS, check_assessed
from radnec.reporting.sr_codes import CALL_CODES, CONCEPTS, DIGEST, SCHEME, rows_of, table_digest
from radnec.reporting.sr_source import read_dicom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

_GROUP, _TRACKING, _SESSION, _PARAMETER = (
    ("125007", "DCM"),
    ("112039", "DCM"),
    ("C67447", "NCIt"),
    ("111002", "DCM"),
)
_COLUMN = {(code, SCHEME): column for column, (code, _) in CONCEPTS.items()}
_CALL = {(code, SCHEME): call for call, (code, _) in CALL_CODES.items()}


def read_sr(path: str | Path) -> pd.DataFrame:
    """Read a structured report back into the table it was written from.

    Parameters
    ----------
    path : path-like
        File that :func:`radnec.reporting.dicom_sr.write_sr` wrote.

    Returns
    -------
    DataFrame
        The keys and results as ``assess`` gave them, ordered by ``lesion_id``, with a new index; the patient is the
        PatientID of the file. ``attrs["radnec"]`` holds the facts on the model.

    Raises
    ------
    radnec.errors.ReadError
        If the file is missing, damaged or no report of radnec, or its results are not those that were written
        (their SHA-256 is in the report).
    """
    path = Path(path)
    report = read_dicom(path)
    try:
        with parsing(path):
            groups = _groups(path, report)
            rows = [_row(report, group) for group in groups]
            parameters = {text for group in groups for text in _texts(group, _PARAMETER)}
            table = pd.DataFrame(rows)
            table = check_assessed(table[[name for name in COLUMNS if name in table]])
    except TableError as error:
        raise ReadError(f"{path} is damaged, or not a report that radnec wrote ({error})") from error
    digest = table_digest(rows_of(table))
    if DIGEST + digest not in parameters:
        raise ReadError(f"{path} is damaged or was changed: its results do not have the SHA-256 that it gives")
    table.attrs["radnec"] = {"model": sorted(text for text in parameters if not text.startswith(DIGEST))}
    return table


def _groups(path: Path, report: Dataset) -> list[Dataset]:
    if str(report.get("SOPClassUID", "")) != COMPREHENSIVE_SR:
        raise ReadError(f"{path} is no Comprehensive SR: expected a report that radnec wrote")
    groups = [group for part in report.ContentSequence for group in _children(part) if _code(group) == _GROUP]
    if not any(_code(item) in _COLUMN for group in groups for item in _children(group)):
        raise ReadError(f"{path} is a structured report without results of radnec")
    return groups


def _row(report: Dataset, group: Dataset) -> dict[str, Any]:
    row: dict[str, Any] = {"patient_id": str(report.PatientID), "lesion_id": _one(group, _TRACKING)}
    if session := _texts(group, _SESSION):
        row["session_id"] = session[0]
    row |= dict.fromkeys(NUMBERS, float("nan")) | dict.fromkeys(TEXTS, "")
    for item in _children(group):
        column = _COLUMN.get(_code(item) or ("", ""))
        if column in NUMBERS:
            row[column] = float(item.MeasuredValueSequence[0].FloatingPointValue)
        elif column == "call":
            row[column] = _CALL[_code(item, "ConceptCodeSequence") or ("", "")]
        elif column is not None:
            row[column] = str(item.TextValue)
    return row


def _children(item: Dataset) -> Iterator[Dataset]:
    yield from item.get("ContentSequence") or ()


def _code(item: Dataset, sequence: str = "ConceptNameCodeSequence") -> tuple[str, str] | None:
    found = item.get(sequence)
    return (str(found[0].CodeValue), str(found[0].CodingSchemeDesignator)) if found else None


def _texts(group: Dataset, code: tuple[str, str]) -> list[str]:
    return [str(item.TextValue) for item in _children(group) if _code(item) == code]


def _one(group: Dataset, code: tuple[str, str]) -> str:
    (text,) = _texts(group, code)
    return text
