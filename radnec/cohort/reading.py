"""Reads a cohort table and holds it to its contract."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.agreement import check_row_keys, share
from radnec.cohort.chronology import check_dates, with_months_since_rt
from radnec.cohort.column_checks import check_columns
from radnec.cohort.fields import FIELDS
from radnec.cohort.files import check_files
from radnec.cohort.naming import named
from radnec.cohort.parsing import inferred, stripped, typed
from radnec.cohort.plausibility import check_fraction_dose
from radnec.cohort.second_look import look_again
from radnec.cohort.sources import load
from radnec.errors import CohortTip

if TYPE_CHECKING:
    import os

    from radnec.cohort.findings import Findings

_ALWAYS = frozenset({field.name for field in FIELDS.values() if field.required} | {"mask_path", "mask_label"})


def read_cohort(
    source: str | os.PathLike[str] | pd.DataFrame, *, root: str | os.PathLike[str] | None = None
) -> pd.DataFrame:
    r"""Read a cohort table: one row per lesion, session and sequence.

    Every problem is reported at once. What can be read without guessing (letter case and spaces in categories
    and column names) is normalised and told in one :class:`radnec.errors.CohortTip`.

    Parameters
    ----------
    source : path-like or pandas.DataFrame
        ``.csv`` or ``.tsv`` (UTF-8), ``.parquet``, a pyradiomics batch file (columns ``Image``, ``Mask`` and
        perhaps ``Label``), or a frame. The columns are described in ``data_schema.md``.
    root : path-like, optional
        Folder that relative paths start from. By default the folder of the file; for a frame the working
        folder.

    Returns
    -------
    pandas.DataFrame
        Rows in the order given, numbered from 0. Declared columns in the order of the schema, then the others
        by name. Ids are text; missing values are ``NA`` (``NaT`` in dates); paths are absolute;
        ``mask_label`` is 1 where a mask has none. Values that belong to a patient, lesion or session stand in
        all its rows, and empty ``months_since_rt`` are reckoned from the dates. ``attrs["radnec"]["tips"]``
        lists what was normalised.

    Raises
    ------
    radnec.errors.CohortError
        If the table breaks its contract; the exception's ``frame`` has one row per problem (``row``,
        ``column``, ``found``, ``expected``), where ``row`` is the line of a text file (the header is line 1)
        or the index label of a frame.

    Warns
    -----
    radnec.errors.CohortTip
        Once, with everything that was normalised, assumed or deserves a second look.

    Notes
    -----
    A pyradiomics batch file without a column ``sequence`` is taken to hold T1wCE only, and the tip says so.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("t1.nii.gz", "lesion.nii.gz"):
    ...     (folder / name).touch()
    >>> table = folder / "cohort.csv"
    >>> _ = table.write_text(
    ...     "patient_id,session_id,lesion_id,sequence,image_path,mask_path\n"
    ...     "01,1,A,T1wCE,t1.nii.gz,lesion.nii.gz\n"
    ... )
    >>> read_cohort(table)[["patient_id", "sequence", "mask_label"]]
      patient_id sequence  mask_label
    0         01    T1wCE           1

    >>> _ = table.write_text(
    ...     "patient_id,session_id,lesion_id,sequence,image_path,mask_path,field_strength_t\n"
    ...     "01,1,A,T1CE,t1.nii.gz,lesion.nii.gz,15000\n"
    ... )
    >>> read_cohort(table)
    Traceback (most recent call last):
    ...
    radnec.errors.CohortError: cohort.csv breaks the cohort contract: 2 problems
      row 2, sequence: found 'T1CE'; expected one of T1w, ...; did you mean T1wCE?
      row 2, field_strength_t: found '15000'; expected a number ...; 15000 looks like gauss: 1.5 T
    """
    cells, findings = load(source)
    home = Path() if isinstance(source, pd.DataFrame) else Path(source).expanduser().parent
    start = (Path(root).expanduser() if root is not None else home).absolute()
    cells = stripped(named(cells, findings), findings)
    table = _judged(cells, start, findings)
    findings.raise_problems()
    look_again(table, findings)
    table = _arranged(table, cells)
    table.attrs["radnec"] = {"tips": findings.tips}
    if findings.tips:
        warnings.warn(CohortTip("\n  ".join([f"{findings.source}:", *findings.tips])), stacklevel=2)
    return table


def _judged(cells: pd.DataFrame, root: Path, findings: Findings) -> pd.DataFrame:
    """Return the typed table with every declared column, absent ones empty, and note its problems."""
    if cells.empty:
        findings.header_problem("(table)", "no rows", "one row per lesion, session and sequence")
    present = {name: typed(cells[name], FIELDS[name], root, findings) for name in FIELDS if name in cells}
    check_columns(pd.DataFrame(present, index=cells.index), cells, findings)
    empty = {name: pd.Series(pd.NA, index=cells.index, dtype=field.dtype) for name, field in FIELDS.items()}
    table = pd.DataFrame({**empty, **present}, index=cells.index)
    table["mask_label"] = _with_default_label(table)
    check_row_keys(table, findings)
    check_files(table, root, findings)
    table = share(table, findings)
    check_fraction_dose(table, findings)
    check_dates(table, findings)
    return with_months_since_rt(table, findings)


def _with_default_label(table: pd.DataFrame) -> pd.Series[Any]:
    label = table["mask_label"]
    if label.isna().all():
        label = label.astype("Int64")
    default = 1 if label.dtype == "Int64" else "1"
    return label.mask(label.isna() & table["mask_path"].notna(), default)


def _arranged(table: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the declared columns that hold something or stood in the source, then the others by name."""
    declared = [name for name in FIELDS if name in cells or name in _ALWAYS or table[name].notna().any()]
    others = {name: inferred(cells[name]) for name in sorted(set(cells.columns) - FIELDS.keys())}
    return table[declared].assign(**others)
