"""Writes structured reports of a cohort's lesions, with the series and outlines that its table names."""

from __future__ import annotations

import contextlib
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import WHOLE
from radnec.cohort.parsing import counted
from radnec.cohort.segments import mask_label
from radnec.errors import GeometryError, ReadError, ReportWarning, TableError
from radnec.features.naming import parse
from radnec.imaging.dicom.files import is_dicom
from radnec.imaging.dicom.scan import series_files
from radnec.imaging.masks import only_file
from radnec.imaging.masks.drawn_on import drawn_elsewhere
from radnec.reporting.assessed import check_assessed
from radnec.reporting.dicom_sr import write_sr
from radnec.reporting.identity import ModelIdentity
from radnec.reporting.sr_codes import need_dicom
from radnec.reporting.sr_index import write_each
from radnec.reporting.sr_source import read_dicom

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import pandas as pd

#: The sequence that lesions are usually drawn on comes first.
_FIRST = "T1wCE"
_WRONG_PATIENT = (
    "a report would be filed under the wrong patient. Correct image_path, or write each session's report with "
    "radnec.reporting.dicom_sr.write_sr"
)
#: Start of the names of indices and changes, which do not tell every series they come from.
_UNTOLD = ("index_", "delta_")
_NO_SERIES = (
    "the cohort names no DICOM series, and a structured report is filed with one. Leave the session out, or write the "
    "results as CSV or BIDS"
)


def write_reports(
    assessed: pd.DataFrame,
    cohort: pd.DataFrame,
    folder: str | Path,
    *,
    model: Any,
    created: dt.datetime | None = None,
) -> list[Path]:
    """Write one structured report for each patient and session that a model judged.

    Parameters
    ----------
    assessed : DataFrame
        What :meth:`radnec.RadnecClassifier.assess` returned, with ``session_id``.
    cohort : DataFrame
        The cohort that was measured; its images are DICOM series. A report is filed with the T1wCE series of its
        session, or the first series where there is none, and refers to the outline of each lesion where that is a
        DICOM SEG or RTSTRUCT of this series. The other series of the session that the model reads are listed as
        evidence; all of them where the model does not tell which it reads.
    folder : path-like
        Where the reports go, named ``<n>.dcm`` in the order of patient and session: names that tell no patient.
        ``index.csv`` beside them says which is whose, in the cohort's own names.
    model, created
        As in :func:`radnec.reporting.dicom_sr.write_sr`.

    Returns
    -------
    list of pathlib.Path
        The reports that were written.

    Raises
    ------
    radnec.errors.TableError
        If no judged session has a DICOM series in the cohort; before any file is written.
    radnec.errors.GeometryError
        If images of one patient of the cohort have several PatientIDs, or images of two patients the same one; before
        any file is written.

    Warns
    -----
    radnec.errors.ReportWarning
        Of each session whose report could not be written, and of lesions whose outline could not be shown.
    """
    table = check_assessed(assessed, keys=("patient_id", "session_id", "lesion_id"))
    keys = ["patient_id", "session_id"]
    sessions = {tuple(map(str, key)): rows for key, rows in table.groupby(keys, sort=True)}
    _lacking(cohort, set(sessions))
    identity, read = ModelIdentity.of(model), _sequences(model)
    writers = {
        key: partial(_write, rows=rows, key=key, cohort=cohort, read=read, model=identity, created=created)
        for key, rows in sessions.items()
    }
    return write_each(folder, keys, writers)


def verify_reportable(cohort: pd.DataFrame) -> None:
    """Refuse, before lesions are measured, a cohort of which no report could be written or one would be misfiled.

    Parameters
    ----------
    cohort : DataFrame
        The cohort, of which all sessions are to be reported.

    Raises
    ------
    radnec.errors.TableError
        If no session has a DICOM series.
    radnec.errors.GeometryError
        As :func:`write_reports`.
    radnec.errors.MissingDependencyError
        If pydicom or highdicom is not installed.

    Warns
    -----
    radnec.errors.ReportWarning
        If some sessions have no DICOM series; how many.
    """
    wanted = _sessions(cohort)
    lacking = _lacking(cohort, wanted)
    if lacking:
        told = f"{len(lacking)} of {counted(len(wanted), 'session')}, first {'/'.join(lacking[0])}"
        warnings.warn(f"no report will be written of {told}: {_NO_SERIES}", ReportWarning, stacklevel=2)


def _lacking(cohort: pd.DataFrame, wanted: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the sessions without a DICOM series, or say why no report can be written."""
    need_dicom()
    dicom = cohort[[_names_dicom(path) for path in cohort["image_path"]]]
    lacking = sorted(wanted - _sessions(dicom))
    if len(lacking) == len(wanted):
        raise TableError(f"session {'/'.join(lacking[0])}, as every other: {_NO_SERIES}")
    _verify_patients(_patients(dicom))
    return lacking


def _sessions(cohort: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(zip(cohort["patient_id"].astype(str), cohort["session_id"].astype(str), strict=True))


def _write(
    path: Path,
    *,
    rows: pd.DataFrame,
    key: tuple[str, ...],
    cohort: pd.DataFrame,
    read: set[str] | None,
    model: ModelIdentity,
    created: dt.datetime | None,
) -> Path:
    """Write the report of one session."""
    of_session = cohort[(cohort["patient_id"].astype(str) == key[0]) & (cohort["session_id"].astype(str) == key[1])]
    of_session = of_session[[_names_dicom(place) for place in of_session["image_path"]]]
    if of_session.empty:
        raise TableError(_NO_SERIES)
    drawn_on, files = _source(of_session)
    return write_sr(
        rows,
        path,
        source=files,
        model=model,
        regions=_regions(drawn_on, set(rows["lesion_id"].astype(str))),
        cited=_cited(of_session, read, files),
        source_patient_id=_patient_id(files),
        created=created,
    )


def _source(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Path, ...]]:
    """Return the rows of the series that a session's report is filed with, and its files."""
    ordered = rows.assign(_later=rows["sequence"].ne(_FIRST)).sort_values(["_later", "sequence"], kind="stable")
    first = ordered.iloc[0]
    same = [name for name in ("sequence", "image_path", "series_uid") if name in ordered]
    of_series = ordered[(ordered[same].fillna("") == ordered[same].fillna("").iloc[0]).all(axis=1)]
    return _whole_lesions(of_series), series_files(str(first["image_path"]), _series(first.get("series_uid")))


def _cited(rows: pd.DataFrame, read: set[str] | None, source: tuple[Path, ...]) -> list[tuple[Path, ...]]:
    """Return the files of the other series of a session that a model reads; what cannot be read was not measured."""
    found = []
    columns = [name for name in ("image_path", "series_uid") if name in rows]
    used = rows if read is None else rows[rows["sequence"].isin(read)]
    for path, *uid in used[columns].drop_duplicates().itertuples(index=False, name=None):
        with contextlib.suppress(ReadError):
            files = series_files(str(path), _series(*uid))
            if files != source and files not in found:
                found.append(files)
    return sorted(found)


def _sequences(model: Any) -> set[str] | None:
    """Return the sequences that a model reads; None where the names of its features do not tell."""
    names = [str(name) for name in getattr(model, "feature_names_", ())]
    measured = {found.sequence for name in names if (found := parse(name)) is not None}
    return None if not measured or any(name.startswith(_UNTOLD) for name in names) else measured


def _whole_lesions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose outline is of the whole lesion and was drawn on the row's own sequence."""
    if "region" in rows:
        rows = rows[rows["region"].fillna("").isin(WHOLE)]
    return rows[~drawn_elsewhere(rows)]


def _names_dicom(path: Any) -> bool:
    place = Path(str(path))
    return place.is_dir() or (place.is_file() and is_dicom(place))


def _patient_id(files: Sequence[Path]) -> str:
    return str(read_dicom(files[0], tags=("PatientID",)).get("PatientID", "")).strip()


def _patients(cohort: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the pairs of the cohort's name and the PatientID of all series that can be read and name a patient."""
    columns = [name for name in ("patient_id", "image_path", "series_uid") if name in cohort]
    pairs = set()
    for patient, path, *uid in cohort[columns].drop_duplicates().itertuples(index=False, name=None):
        with contextlib.suppress(ReadError):
            pairs.add((str(patient), _patient_id(series_files(str(path), _series(*uid)))))
    return {pair for pair in pairs if pair[1]}


def _verify_patients(pairs: set[tuple[str, str]]) -> None:
    """Refuse a cohort in which images may stand with the wrong patient: each has one PatientID, and no other's name."""
    for side, what in enumerate(
        ("patient {!r} of the cohort has several PatientIDs", "PatientID {!r} is of several patients of the cohort")
    ):
        names = [pair[side] for pair in sorted(pairs)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise GeometryError(f"{what.format(twice[0])}: {_WRONG_PATIENT}")
    known = {patient for patient, _ in pairs}
    exchanged = sorted(pair for pair in pairs if pair[1] in known and pair[0] != pair[1])
    if exchanged:
        patient, found = exchanged[0]
        raise GeometryError(
            f"images of patient {patient!r} have the PatientID {found!r}, which names another in the cohort: "
            f"{_WRONG_PATIENT}"
        )


def _series(uid: Any = None) -> str | None:
    return uid if isinstance(uid, str) and uid else None


def _regions(rows: pd.DataFrame, lesions: set[str]) -> dict[str, tuple[str, int | str]]:
    found: dict[str, tuple[str, int | str]] = {}
    for row in rows.to_dict("records"):
        lesion, mask = str(row["lesion_id"]), row.get("mask_path")
        if lesion in lesions and isinstance(mask, str) and _names_dicom(mask):
            found.setdefault(lesion, (str(only_file(Path(mask))), mask_label(row.get("mask_label"))))
    return found
