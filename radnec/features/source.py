"""Gives the feature table behind a file: reads it, or measures the cohort that the file lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from radnec.cohort import read_cohort
from radnec.cohort.fields import WHOLE, modality
from radnec.config import ExtractionConfig
from radnec.errors import LabelError, TableError
from radnec.features.columns import acquisitions
from radnec.features.extract import extract
from radnec.features.naming import column_prefix, parse, parse_foreign
from radnec.features.table import column_names, read_table

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import pandas as pd


# A table that names an image in each row is a cohort; pyradiomics' batch files call that column Image.
_IMAGE_COLUMNS = {"image_path", "image"}
_SHOWN = 5
_NAMING = ("sequence", "phase", "region")
_SCANNERS = {"scanner_id": "MR", "scanner_id_PET": "PET", "scanner_id_SPECT": "SPECT"}


def measured(
    path: str | os.PathLike[str],
    extraction: ExtractionConfig | None = None,
    *,
    needed: Sequence[str] = (),
    label: str | None = None,
    n_jobs: int | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """Return the feature table of a feature file or of a cohort file.

    Parameters
    ----------
    path : path-like
        A feature table, or a cohort table whose lesions are then measured.
    extraction : ExtractionConfig, optional
        How a cohort is measured, or a feature table was; the latter is taken as it is.
    needed : list of str
        Columns that a model reads: features, scanners and covariates. A cohort that cannot give one, or none of a
        sequence's, is refused before it is measured.
    label : str, optional
        Column that has to hold labels; a cohort without any is refused before it is measured.
    n_jobs : int, optional
        Parallel jobs of the extraction, as in :func:`radnec.extract`.
    cache : path-like, optional
        Folder of features already measured, as in :func:`radnec.extract`.

    Returns
    -------
    DataFrame
        One row per lesion and session.

    Raises
    ------
    radnec.errors.CohortError
        If a cohort table breaks its contract.
    radnec.errors.LabelError
        If a cohort holds no label where `label` asks for them.
    radnec.errors.TableError
        If the file is neither CSV nor Parquet, or damaged, or a cohort cannot give what is needed, or `extraction`
        is said of features that are not named by it.
    """
    if not is_cohort(path):
        table = read_table(path)
        if extraction is not None and not needed:
            _refuse_foreign_names(path, table)
        return table
    cohort = read_cohort(path)
    if label is not None and (label not in cohort or cohort[label].isna().all()):
        raise LabelError(
            f"{Path(path).name}: no lesion has a label; expected necrosis or progression in column {label} of the "
            "lesions to learn from"
        )
    _refuse_absent(path, cohort, needed, extraction or ExtractionConfig())
    return extract(cohort, extraction, n_jobs=n_jobs, cache=cache)


def is_cohort(path: str | os.PathLike[str]) -> bool:
    """Return whether a file lists images, and is no feature table.

    Raises
    ------
    radnec.errors.TableError
        If the file is neither CSV nor Parquet, or damaged.
    """
    return bool(_IMAGE_COLUMNS & {name.strip().lower() for name in column_names(path)})


def _refuse_foreign_names(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Refuse features of plain pyradiomics: a model that reads them could not judge what radnec measures."""
    names = [str(name) for name in table.columns]
    foreign = [name for name in names if parse(name) is None and parse_foreign(name) is not None]
    if foreign:
        raise TableError(
            f"{Path(path).name}: features such as {foreign[0]} do not say of which sequence they are, so a model that "
            "learns them could never judge a cohort measured with these extraction settings. Name them in Python: "
            "radnec.features.columns.from_pyradiomics(path, sequence='T1wCE', patient=..., extraction=...), and write "
            "the table with radnec.features.table.write_table; or leave the extraction settings out"
        )


def _refuse_absent(
    path: str | os.PathLike[str], cohort: pd.DataFrame, needed: Sequence[str], extraction: ExtractionConfig
) -> None:
    names = cohort.reindex(columns=list(_NAMING)).astype("string").fillna("").drop_duplicates()
    rows = list(names.itertuples(index=False, name=None))
    made = [
        (sequence, phase, name)
        for sequence, phase, region in rows
        if region in WHOLE
        for name in extraction.for_sequence(sequence).regions
    ]
    found = {column_prefix(*row).rstrip("_") for row in [*rows, *made]}
    absent = [name for name in acquisitions(needed) if name not in found]
    if absent:
        raise TableError(
            f"{Path(path).name}: no lesion has {' or '.join(absent)}, which the model reads; found "
            f"{', '.join(sorted(found))}. Add rows of that sequence to the cohort"
        )
    _refuse_unnamed_scanners(path, cohort, needed)
    unknown = [name for name in needed if parse(name) is None and name not in cohort and name not in _SCANNERS]
    if unknown:
        shown = ", ".join(unknown[:_SHOWN]) + (f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else "")
        foreign = any(parse_foreign(name) is not None for name in unknown)
        raise TableError(
            f"{Path(path).name}: the model reads {shown}, which the cohort does not hold and extraction does not "
            "measure. "
            + (
                "It learnt from a table of plain pyradiomics: judge a table of that kind, or train it on one that "
                "radnec.features.columns.from_pyradiomics has named"
                if foreign
                else "Add the columns to the cohort"
            )
        )


def _refuse_unnamed_scanners(path: str | os.PathLike[str], cohort: pd.DataFrame, needed: Sequence[str]) -> None:
    """Refuse a cohort without the scanners by which a model harmonises: no extraction finds them."""
    kinds = cohort["sequence"].map(modality)
    for column in sorted(set(needed) & set(_SCANNERS)):
        kind = _SCANNERS[column]
        if "scanner_id" not in cohort or cohort.loc[kinds == kind, "scanner_id"].isna().all():
            raise TableError(
                f"{Path(path).name}: the model harmonises by scanner ({column}), and no {kind} row of the cohort has a "
                "scanner_id. Fill it from DICOM headers with radnec cohort fill-headers (in Python "
                "radnec.imaging.dicom.headers.fill_from_headers), or write a code of your own for each scanner"
            )
