"""Writes structured reports of a cohort's lesions, with the series and outlines that its table names."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import WHOLE
from radnec.cohort.segments import mask_label
from radnec.errors import GeometryError, ReadError, TableError
from radnec.imaging.dicom.files import is_dicom
from radnec.imaging.dicom.scan import series_files
from radnec.imaging.masks import only_file
from radnec.imaging.masks.drawn_on import drawn_elsewhere
from radnec.reporting.assessed import check_assessed
from radnec.reporting.dicom_sr import write_sr
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
        DICOM SEG or RTSTRUCT of this series.
    folder : path-like
        Where the reports go, named ``<n>.dcm`` in the order of patient and session: names that tell no patient.
    model, created
        As in :func:`radnec.reporting.dicom_sr.write_sr`.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    radnec.errors.TableError
        If a judged session has no DICOM series in the cohort; before any file is written.
    radnec.errors.GeometryError
        If images of one patient of the cohort have several PatientIDs, or images of two patients the same one; before
        any file is written.
    """
    table = check_assessed(assessed, keys=("patient_id", "session_id", "lesion_id"))
    sessions = {tuple(map(str, key)): rows for key, rows in table.groupby(["patient_id", "session_id"], sort=True)}
    sources = {key: _source(key, cohort) for key in sessions}
    ids = {key: _patient_id(files) for key, (_, files) in sources.items()}
    _verify_patients({(key[0], found) for key, found in ids.items()} | _patients(cohort))
    Path(folder).mkdir(parents=True, exist_ok=True)
    return [
        write_sr(
            rows,
            Path(folder) / f"{number}.dcm",
            source=sources[key][1],
            model=model,
            regions=_regions(sources[key][0], set(rows["lesion_id"].astype(str))),
            source_patient_id=ids[key],
            created=created,
        )
        for number, (key, rows) in enumerate(sessions.items(), start=1)
    ]


def _source(key: tuple[str, ...], cohort: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Path, ...]]:
    """Return the cohort's rows of the series that a session's report is filed with, and its files."""
    rows = cohort[(cohort["patient_id"].astype(str) == key[0]) & (cohort["session_id"].astype(str) == key[1])]
    rows = rows[[_names_dicom(path) for path in rows["image_path"]]]
    if rows.empty:
        raise TableError(
            f"session {'/'.join(key)}: the cohort names no DICOM series for it, and a structured report is filed with "
            "one. Leave the session out, or write the results as CSV or BIDS"
        )
    ordered = rows.assign(_later=rows["sequence"].ne(_FIRST)).sort_values(["_later", "sequence"], kind="stable")
    first = ordered.iloc[0]
    same = [name for name in ("sequence", "image_path", "series_uid") if name in ordered]
    of_series = ordered[(ordered[same].fillna("") == ordered[same].fillna("").iloc[0]).all(axis=1)]
    return _whole_lesions(of_series), series_files(str(first["image_path"]), _series(first.get("series_uid")))


def _whole_lesions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose outline is of the whole lesion and was drawn on the row's own sequence."""
    if "region" in rows:
        rows = rows[rows["region"].fillna("").isin(WHOLE)]
    return rows[~drawn_elsewhere(rows)]


def _names_dicom(path: Any) -> bool:
    place = Path(str(path))
    return place.is_dir() or (place.is_file() and is_dicom(place))


def _patient_id(files: Sequence[Path]) -> str:
    return str(read_dicom(files[0], tags=("PatientID",)).PatientID).strip()


def _patients(cohort: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the pairs of the cohort's name and the PatientID of all series that can be read."""
    columns = [name for name in ("patient_id", "image_path", "series_uid") if name in cohort]
    pairs = set()
    for patient, path, *uid in cohort[columns].drop_duplicates().itertuples(index=False, name=None):
        if _names_dicom(path):
            with contextlib.suppress(ReadError):
                pairs.add((str(patient), _patient_id(series_files(str(path), _series(*uid)))))
    return pairs


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
