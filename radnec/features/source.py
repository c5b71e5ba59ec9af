"""Gives the feature table behind a file: reads it, or measures the cohort that the file lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.cohort import read_cohort
from radnec.features.extract import extract
from radnec.features.table import column_names, read_table

if TYPE_CHECKING:
    import os

    import pandas as pd

    from radnec.config import ExtractionConfig

# A table that names an image in each row is a cohort; pyradiomics' batch files call that column Image.
_IMAGE_COLUMNS = {"image_path", "image"}


def measured(
    path: str | os.PathLike[str], extraction: ExtractionConfig | None = None, *, n_jobs: int = 1
) -> pd.DataFrame:
    """Return the feature table of a feature file or of a cohort file.

    Parameters
    ----------
    path : path-like
        A feature table, or a cohort table whose lesions are then measured.
    extraction : ExtractionConfig, optional
        How a cohort is measured; a feature table is taken as it is.
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
    radnec.errors.TableError
        If the file is neither CSV nor Parquet, or damaged.
    """
    if _IMAGE_COLUMNS & {name.strip().lower() for name in column_names(path)}:
        return extract(read_cohort(path), extraction, n_jobs=n_jobs)
    return read_table(path)
