"""Gives the feature table behind a file: reads it, or measures the cohort that the file lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from radnec.cohort import read_cohort
from radnec.errors import LabelError, TableError
from radnec.features.columns import acquisitions
from radnec.features.extract import extract
from radnec.features.naming import column_prefix
from radnec.features.table import column_names, read_table

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import pandas as pd

    from radnec.config import ExtractionConfig

# A table that names an image in each row is a cohort; pyradiomics' batch files call that column Image.
_IMAGE_COLUMNS = {"image_path", "image"}
_NAMING = ("sequence", "phase", "region")


def measured(
    path: str | os.PathLike[str],
    extraction: ExtractionConfig | None = None,
    *,
    needed: Sequence[str] = (),
    label: str | None = None,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Return the feature table of a feature file or of a cohort file.

    Parameters
    ----------
    path : path-like
        A feature table, or a cohort table whose lesions are then measured.
    extraction : ExtractionConfig, optional
        How a cohort is measured; a feature table is taken as it is.
    needed : list of str
        Feature columns that will be read; a cohort that can give none of a sequence's is refused before it is measured.
    label : str, optional
        Column that has to hold labels; a cohort without any is refused before it is measured.
    n_jobs : int, default 1
        Parallel jobs of the extraction.

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
        If the file is neither CSV nor Parquet, or damaged, or a cohort lacks a sequence that is needed.
    """
    if not _IMAGE_COLUMNS & {name.strip().lower() for name in column_names(path)}:
        return read_table(path)
    cohort = read_cohort(path)
    if label is not None and (label not in cohort or cohort[label].isna().all()):
        raise LabelError(
            f"{Path(path).name}: no lesion has a label; expected necrosis or progression in column {label} of the "
            "lesions to learn from"
        )
    names = cohort.reindex(columns=list(_NAMING)).astype("string").fillna("").drop_duplicates()
    found = {column_prefix(*row).rstrip("_") for row in names.itertuples(index=False, name=None)}
    absent = [name for name in acquisitions(needed) if name not in found]
    if absent:
        raise TableError(
            f"{Path(path).name}: no lesion has {' or '.join(absent)}, which the model reads; found "
            f"{', '.join(sorted(found))}. Add rows of that sequence to the cohort"
        )
    return extract(cohort, extraction, n_jobs=n_jobs)
