"""Fills empty columns of a cohort table from DICOM headers, and reports where the two disagree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.field import LEVEL_KEYS
from radnec.cohort.fields import FIELDS, modality
from radnec.errors import ReadError, TableError
from radnec.imaging.cohort_images import given
from radnec.imaging.dicom.facts import Facts, series_facts
from radnec.imaging.dicom.files import is_dicom
from radnec.imaging.dicom.scan import choose_series
from radnec.imaging.filling import Filling

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Columns that headers can fill. Those about the patient are filled only where the table has them: dates, age and sex
#: identify people, and a table that was kept free of them stays so.
ALWAYS = (
    *("flip_angle_deg", "te_ms", "tr_ms", "pixel_spacing_mm", "slice_spacing_mm", "slice_thickness_mm"),
    *("scanner_id", "manufacturer", "field_strength_t", "minutes_after_injection"),
)
WHERE_PRESENT = ("session_date", "age_years", "sex")
#: How far a number of the table may lie from that of the header, as a share of the latter and in its unit.
_CLOSE: dict[str, tuple[float, float]] = {
    "field_strength_t": (0.05, 0.0),
    "age_years": (0.0, 1.0),
    "te_ms": (0.01, 0.01),
    "tr_ms": (0.01, 0.1),
    "flip_angle_deg": (0.01, 0.5),
    "minutes_after_injection": (0.02, 1.0),
    "pixel_spacing_mm": (0.01, 0.01),
    "slice_spacing_mm": (0.01, 0.01),
    "slice_thickness_mm": (0.01, 0.01),
}
_NEEDED = ("patient_id", "session_id", "sequence", "image_path")
_IMAGE = ("image_path", "series_uid", "volume")
_COLUMNS = ["row", "column", "table", "header"]


def fill_from_headers(cohort: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fill empty cells of a cohort table from the DICOM headers of its images.

    Parameters
    ----------
    cohort : DataFrame
        As :func:`radnec.read_cohort` returns it. Rows whose image is no DICOM are left as they are.

    Returns
    -------
    filled : DataFrame
        A copy. Empty cells of ``manufacturer``, ``scanner_id`` (manufacturer, model and station), ``field_strength_t``,
        ``te_ms``, ``tr_ms``, ``flip_angle_deg``, ``minutes_after_injection`` (PET: to the first acquisition),
        ``pixel_spacing_mm``, ``slice_spacing_mm`` and ``slice_thickness_mm`` are filled; also of ``session_date``,
        ``age_years`` and ``sex`` where the table has these columns, because they are about the patient. Dates are also
        kept out of a table that tells its sessions apart by ``session_day`` and holds no ``session_date``. No cell that
        holds something is changed. ``attrs["radnec"]["headers"]`` says how many cells of each column were ``filled`` or
        already ``full``, and the same in a sentence (``told``).
    disagreements : DataFrame
        One row per cell: ``row`` (index label), ``column``, ``table`` and ``header`` (text). Besides cells that differ
        from the header: headers of one session or patient that contradict each other, which fill nothing (``table`` is
        then empty); a ``scanner_id`` of the table that stands for several scanners of the headers; and images that
        cannot be read (column ``image_path``).

    Raises
    ------
    radnec.errors.TableError
        If the table lacks a column.
    radnec.errors.MissingDependencyError
        If pydicom is not installed.

    Warns
    -----
    radnec.errors.CohortTip
        If nothing was filled and nothing disagrees: because all cells are full, no row has a DICOM image, or the
        headers tell nothing.

    Notes
    -----
    Numbers agree within rounding: field strength within 5 %, times and thickness within 1 %, flip angle within half a
    degree, age within a year. A manufacturer agrees with one that it begins with, whatever the letter case. A session
    has one date (:func:`radnec.imaging.dicom.session_day.session_day`), and its MR rows one scanner, so that one header
    fills all rows of it. A row with a ``volume`` is filled from the frames of that volume. What is written says nothing
    of the patient beyond these columns: no name, no identifier and no date of birth. ``scanner_id`` names the station,
    and by it the hospital.

    Examples
    --------
    >>> row = {"patient_id": "01", "session_id": "1", "sequence": "T1w", "image_path": "t1.nii.gz"}
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     filled, disagreements = fill_from_headers(pd.DataFrame([row]))
    >>> len(disagreements), str(told[0].message)
    (0, 'nothing was filled (rows with a DICOM image: 0 of 1)')
    """
    missing = [name for name in _NEEDED if name not in cohort.columns]
    if missing:
        raise TableError(f"the cohort table lacks {', '.join(missing)}; read it with radnec.read_cohort(file)")
    filled = cohort.reset_index(drop=True)
    labels = list(cohort.index)
    facts, problems = _all_facts(filled)
    filling = Filling()
    reports: list[tuple[int, str, str, str]] = [(place, "image_path", "", text) for place, text in problems.items()]
    for name in (*ALWAYS, *(name for name in WHERE_PRESENT if _welcome(name, cohort))):
        header = pd.Series([one.get(name) for one in facts], index=filled.index, dtype=object)
        if header.isna().all():
            continue
        table = filled[name] if name in filled else pd.Series(pd.NA, filled.index, dtype=FIELDS[name].dtype)
        told, settled = _settled(header, name, filled)
        reports += told
        reports += list(_differing(table, settled if name != "scanner_id" else header, name))
        filled[name] = _filled(table, settled)
        held = int((table.notna() & settled.notna()).sum())
        filling.add(name, filled=int(filled[name].notna().sum() - table.notna().sum()), full=held)
    ordered = sorted(reports, key=lambda report: (report[0], report[1]))
    frame = pd.DataFrame([(labels[place], *rest) for place, *rest in ordered], columns=_COLUMNS)
    filled.index = cohort.index
    sought = f"rows with a DICOM image: {sum(map(bool, facts))} of {len(filled)}"
    if frame.empty:
        filling.warn(sought, stacklevel=2)
    filled.attrs = {**cohort.attrs, "radnec": {**cohort.attrs.get("radnec", {}), "headers": filling.facts(sought)}}
    return filled, frame


def _welcome(name: str, cohort: pd.DataFrame) -> bool:
    """Return whether a column about the patient may be filled."""
    if name not in cohort:
        return False
    by_days = name == "session_date" and "session_day" in cohort and bool(cohort["session_day"].notna().any())
    return not by_days or bool(cohort["session_date"].notna().any())


def _all_facts(table: pd.DataFrame) -> tuple[list[Facts], dict[int, str]]:
    """Return what the headers of each row tell, and why those of some rows cannot be read; each image is read once."""
    known: dict[tuple[str | None, ...], Facts | ReadError] = {}
    facts: list[Facts] = []
    problems: dict[int, str] = {}
    images = table.reindex(columns=list(_IMAGE)).itertuples(index=False, name=None)
    for place, cells in enumerate(images):
        key = tuple(given(dict(zip(_IMAGE, cells, strict=True)), name) for name in _IMAGE)
        if key not in known:
            known[key] = _facts(key)
        found = known[key]
        if isinstance(found, ReadError):
            problems[place] = str(found)
        facts.append({} if isinstance(found, ReadError) else found)
    return facts, problems


def _facts(key: tuple[str | None, ...]) -> Facts | ReadError:
    path, uid, volume = key
    if path is None or not (Path(path).is_dir() or is_dicom(Path(path))):
        return {}
    try:
        return series_facts(choose_series(path, uid), volume)
    except ReadError as error:
        return error


def _settled(
    header: pd.Series[Any], name: str, table: pd.DataFrame
) -> tuple[list[tuple[int, str, str, str]], pd.Series[Any]]:
    """Return the header's value for each row, shared over what it belongs to; contradictions are told and left out."""
    owners = _owners(name, table)
    if owners is None:
        return [], header
    told: list[tuple[int, str, str, str]] = []
    settled = header.copy()
    for _, group in header.groupby(owners, sort=False):
        values = sorted(set(group.dropna()), key=str)
        if len(values) == 1:
            settled[group.index] = values[0]
        elif len(values) > 1:
            both = " and ".join(_text(value) for value in values)
            settled[group.index] = None
            told += [(place, name, "", f"headers say {both}") for place in _places(group.dropna())]
    return told, settled


def _owners(name: str, table: pd.DataFrame) -> pd.Series[Any] | None:
    """Return what each row's value belongs to: patient, session, or scanner of a session; None for the row itself."""
    keys = [*LEVEL_KEYS[FIELDS[name].level]]
    if not keys and name != "scanner_id":
        return None
    columns = [table[key].astype(str) for key in keys or ("patient_id", "session_id")]
    if name == "scanner_id":
        columns.append(table["sequence"].map(modality))
    return pd.concat(columns, axis=1).agg("\n".join, axis=1)


def _places(column: pd.Series[Any]) -> list[int]:
    """Return the positions of the rows of a column, whose index counts from 0."""
    return [int(place) for place in column.index.to_numpy()]


def _differing(table: pd.Series[Any], header: pd.Series[Any], name: str) -> Iterator[tuple[int, str, str, str]]:
    both = table.notna() & header.notna()
    if name == "scanner_id":
        yield from _several_scanners(table[both], header[both])
        return
    for place in _places(table[both]):
        if not _agree(table[place], header[place], name):
            yield place, name, _text(table[place]), _text(header[place])


def _several_scanners(table: pd.Series[Any], header: pd.Series[Any]) -> Iterator[tuple[int, str, str, str]]:
    """Yield the rows of a scanner that the headers hold for several: names are the table's own, so only these tell."""
    for scanner, group in header.groupby(table, sort=False):
        counts = group.value_counts()
        if len(counts) > 1:
            usual = min(counts[counts == counts.max()].index)
            others = group[group != usual]
            yield from ((place, "scanner_id", str(scanner), str(others[place])) for place in _places(others))


def _agree(table: Any, header: Any, name: str) -> bool:
    if name in _CLOSE:
        share, absolute = _CLOSE[name]
        return abs(float(table) - float(header)) <= max(share * abs(float(header)), absolute)
    if name == "session_date":
        return bool(pd.Timestamp(table) == header)
    ours, theirs = str(table).casefold(), str(header).casefold()
    return ours == theirs if name == "sex" else ours.startswith(theirs) or theirs.startswith(ours)


def _filled(table: pd.Series[Any], header: pd.Series[Any]) -> pd.Series[Any]:
    values = pd.Series(header.where(header.notna(), pd.NA).to_list(), index=table.index, dtype=table.dtype)
    return table.where(table.notna(), values)


def _text(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:g}" if isinstance(value, float) else str(value)
