"""Measures a whole cohort: from the examinations that it holds to the table of indices."""

from __future__ import annotations

import math
import warnings
from contextlib import closing
from typing import TYPE_CHECKING, Literal

import pandas as pd

from radnec.cohort.cells import cell_texts
from radnec.cohort.fields import KEYS, ROW_KEY, SEQUENCES
from radnec.cohort.lesions import lesion_columns
from radnec.cohort.sessions import days_since_rt, session_date, session_day
from radnec.config.base import check_jobs
from radnec.config.provenance import stamp
from radnec.errors import CohortError, ConfigError, ExtractionWarning
from radnec.parallel.told import Told
from radnec.parallel.units import measure_units
from radnec.quantify.examinations.growth import Scan, growth
from radnec.quantify.index_table import index_columns, summary
from radnec.quantify.session_task import SessionTask

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from radnec.quantify.examinations.examination import OnError
    from radnec.quantify.session_task import LesionResult

    Key = tuple[str, ...]

_READ = (
    *ROW_KEY,
    *("image_path", "series_uid", "volume", "mask_path", "mask_label", "mask_threshold"),
    *("brain_mask_path", "reference_mask_path", "t1_map_path", "m0_path", "m0_tr_ms", "aif_path", "bval_path"),
    *("metabolite_table_path", "frame_times_s", "flip_angle_deg", "te_ms", "tr_ms", "field_strength_t"),
    *("asl_labelling", "asl_labelling_duration_ms", "asl_delay_ms", "asl_labelling_efficiency"),
    *("metabolite_record", "mrs_voxel_cc", "minutes_after_injection", "first_frame"),
)
_NEEDED = (*KEYS, "sequence", "image_path")


def measure(
    cohort: pd.DataFrame | str | os.PathLike[str],
    *,
    n_jobs: int | None = None,
    on_error: Literal["record", "raise"] = "record",
) -> pd.DataFrame:
    """Measure the physiological indices of every lesion of a cohort, from the examinations that it holds.

    Parameters
    ----------
    cohort : DataFrame or path
        What :func:`radnec.read_cohort` returns, or a path that it reads.
    n_jobs : int, optional
        Sessions measured at the same time, -1 for all processors; by default as ``joblib.parallel_config`` says, one
        without it. On a dask or ray cluster as :func:`radnec.extract`. Never changes the result.
    on_error : {"record", "raise"}, default "record"
        Whether what stands in the way of an index becomes its reason, or stops the measurement.

    Returns
    -------
    DataFrame
        One row per lesion and session, sorted by key: keys and lesion-level columns as :func:`radnec.extract` gives
        them, ``status`` (``failed`` only where something went wrong that was not foreseen) and ``error``; then for
        each index, in order of name, ``index_<name>`` (NaN unless evaluable), ``index_<name>_status`` (``evaluable``,
        ``not_evaluable`` or ``not_acquired``), ``index_<name>_reason`` (why it is not evaluable) and
        ``index_<name>_flags`` (what a reader should know of a value; sentences with semicolons between). Indices whose
        examination was made for no lesion have no columns. ``attrs["radnec"]`` holds versions, counts, and unit and
        counts of each index. :func:`radnec.join` sets it beside the radiomics.

    Raises
    ------
    radnec.errors.CohortError
        If the cohort breaks its contract.
    radnec.errors.ConfigError
        If `on_error` or `n_jobs` is something else.
    radnec.errors.MissingDependencyError
        If a library is missing; the message holds the install lines.
    radnec.errors.RadnecError
        With ``on_error="raise"``: why something cannot be measured.

    Warns
    -----
    radnec.errors.ExtractionWarning
        If worker processes died; how many rows failed, if any did; which indices have no value in any row, and why;
        and if the cohort holds no examination at all.

    Notes
    -----
    Which index comes of which rows, and the source of each method, is a table in ``docs/measure.md``. Reference tissue
    is ``reference_mask_path``; without it the mirror image of the lesion, and for PET a crescent on the other side,
    which needs ``brain_mask_path``. Growth up to a session never uses later ones.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import SimpleITK as sitk
    >>> folder, lesion = Path(tempfile.mkdtemp()), np.zeros((12, 12, 12))
    >>> lesion[2:6, 2:6, 2:6] = 1
    >>> for name, values in {"rCBV": 1 + 2 * lesion, "lesion": lesion, "white": lesion[:, :, ::-1]}.items():
    ...     sitk.WriteImage(sitk.GetImageFromArray(values.astype("uint8")), folder / f"{name}.nii.gz")
    >>> row = {"patient_id": "01", "session_id": "1", "lesion_id": "1", "sequence": "rCBV"}
    >>> files = {"image_path": "rCBV", "mask_path": "lesion", "reference_mask_path": "white"}
    >>> row |= {column: f"{folder}/{name}.nii.gz" for column, name in files.items()}
    >>> table = measure(pd.DataFrame([row]))
    >>> table["index_nCBV_mean"].item(), table["index_nCBV_mean_status"].item()
    (3.0, 'evaluable')
    """
    if n_jobs is not None:
        check_jobs(n_jobs)
    if on_error not in ("record", "raise"):
        raise ConfigError(f'on_error={on_error!r}; expected "record" or "raise"')
    rows = _in_order(_verified(_read(cohort)))
    tasks, told = _tasks(rows, on_error), Told()
    results: dict[Key, LesionResult] = {}
    units = measure_units(iter(tasks), len(tasks), noun="session", verb="measure", n_jobs=n_jobs, told=told)
    with closing(units) as measured:
        for lesions in measured:
            failures = [result.failure for result in lesions if result.failure]
            if failures and on_error == "raise":
                raise failures[0]
            results |= {result.key: result for result in lesions}
    left = lesion_columns(rows)
    keys = [tuple(cells.values()) for cells in cell_texts(left, KEYS)]
    _add_growth(results, _days(rows))
    ordered = [results[key] for key in keys]
    table = pd.concat([left, index_columns(ordered)], axis=1)
    failed = int((table["status"] == "failed").sum())
    counts = {
        "patients": int(rows["patient_id"].nunique()),
        "rows": len(table),
        "sessions": len(tasks),
        "failed": failed,
    }
    stamp(table, kind="indices", counts=counts, indices=summary(table))
    _warn(table, told)
    return table


def _read(cohort: pd.DataFrame | str | os.PathLike[str]) -> pd.DataFrame:
    if isinstance(cohort, pd.DataFrame):
        return cohort
    from radnec.cohort import read_cohort

    return read_cohort(cohort)


def _verified(cohort: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in _NEEDED if name not in cohort.columns]
    if missing or cohort.empty:
        found = f"no column {missing[0]}" if missing else "no rows"
        problem = {"row": "all", "column": ", ".join(missing), "found": found, "expected": "a cohort table"}
        raise CohortError(f"the cohort has {found}; pass what radnec.read_cohort returns", pd.DataFrame([problem]))
    unknown = cohort.index[~cohort["sequence"].isin(SEQUENCES)]
    if len(unknown):
        problems = [
            {"row": row, "column": "sequence", "found": found, "expected": f"one of {', '.join(SEQUENCES)}"}
            for row, found in cohort.loc[unknown, "sequence"].items()
        ]
        raise CohortError(f"{len(problems)} rows of the cohort have an unknown sequence", pd.DataFrame(problems))
    return cohort


def _in_order(cohort: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in order of their key as text, which no order or type of the columns changes."""
    texts = cell_texts(cohort, (*ROW_KEY, "image_path", "mask_path"))
    order = sorted(range(len(texts)), key=lambda place: tuple(texts[place].values()))
    return cohort.iloc[order].reset_index(drop=True)


def _tasks(rows: pd.DataFrame, on_error: OnError) -> list[SessionTask]:
    texts = cell_texts(rows, _READ)
    sessions: dict[tuple[str, str], list[dict[str, str]]] = {}
    seen: dict[tuple[str, str], set[str]] = {}
    for text in texts:
        sessions.setdefault((text["patient_id"], text["session_id"]), []).append(text)
        seen.setdefault((text["patient_id"], text["lesion_id"]), set()).add(text["session_id"])
    growing: dict[str, set[str]] = {}
    for (patient, lesion), several in seen.items():
        if len(several) > 1:
            growing.setdefault(patient, set()).add(lesion)
    return [
        SessionTask(key, tuple(found), frozenset(growing.get(key[0], ())), on_error) for key, found in sessions.items()
    ]


def _days(rows: pd.DataFrame) -> dict[Key, float]:
    """Return the day of each lesion's session; none of those before the treatment, which are no part of its growth."""
    lesions = pd.Series([tuple(cells.values()) for cells in cell_texts(rows, ("patient_id", "lesion_id"))], rows.index)
    days = pd.Series(math.nan, index=rows.index)
    # A date and a day cannot be compared: one of them is used, where all sessions of the lesion have it.
    for source in (days_since_rt(rows), session_date(rows)):
        days = source.where(source.notna().groupby(lesions).transform("all"), days)
    keys = [tuple(cells.values()) for cells in cell_texts(rows, KEYS)]
    before = session_day(rows) < 0
    return {key: day for key, day, left_out in zip(keys, days, before, strict=True) if not left_out}


def _add_growth(results: dict[Key, LesionResult], days: dict[Key, float]) -> None:
    lesions: dict[Key, list[Key]] = {}
    for key in days:
        lesions.setdefault((key[0], key[2]), []).append(key)
    for keys in lesions.values():
        found = growth([Scan(days[key], results[key].volume, key[1]) for key in keys])
        for key, indices in zip(keys, found, strict=True):
            results[key].add(indices)


def _warn(table: pd.DataFrame, told: Told) -> None:
    errors = table.loc[table["status"] == "failed", "error"]
    indices = table.attrs["radnec"]["indices"]
    empty = [name for name, counts in indices.items() if not counts["evaluable"]]
    notes = []
    if len(errors):
        notes.append(f"{len(errors)} of {len(table)} rows failed; see the column error. The first: {errors.iloc[0]}")
    if not indices:
        notes.append("no row of the cohort holds an examination that gives an index; see docs/measure.md")
    if empty:
        reasons = table[f"index_{empty[0]}_reason"]
        notes.append(
            f"no lesion has a value of {_listed(empty)}; why {empty[0]} has none: {reasons[reasons != ''].iloc[0]}"
        )
    for note in notes:
        warnings.warn(note, ExtractionWarning, stacklevel=3)
    told.warn(stacklevel=4)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
