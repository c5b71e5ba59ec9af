"""A folder of image files, a valid row, and ways to read tables made of such rows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from radnec.cohort import read_cohort
from radnec.errors import CohortError, CohortTip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Row = dict[str, Any]

FILES = ("t1.nii.gz", "flair.nii.gz", "fet.nii.gz", "other.nii.gz", "lesions.nii.gz", "others.nii.gz", "spectrum.txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def row() -> Callable[..., Row]:
    """Make a valid row, with some columns changed."""

    def make(**changes: Any) -> Row:
        valid = {
            "patient_id": "01",
            "session_id": "S1",
            "lesion_id": "L1",
            "sequence": "T1wCE",
            "image_path": "t1.nii.gz",
            "mask_path": "lesions.nii.gz",
        }
        return {**valid, **changes}

    return make


@pytest.fixture
def read(folder: Path) -> Callable[..., pd.DataFrame]:
    """Write rows as CSV and read them back, without minding tips."""

    def read_rows(*rows: Row) -> pd.DataFrame:
        pd.DataFrame(rows).to_csv(folder / "cohort.csv", index=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CohortTip)
            return read_cohort(folder / "cohort.csv")

    return read_rows


@pytest.fixture
def problems(read: Callable[..., pd.DataFrame]) -> Callable[..., list[Any]]:
    """Return the problems of a table made of these rows; none if it is fine."""

    def problems_of(*rows: Row) -> list[Any]:
        try:
            read(*rows)
        except CohortError as error:
            return list(error.frame.itertuples(index=False))
        return []

    return problems_of


@pytest.fixture
def tips(read: Callable[..., pd.DataFrame]) -> Callable[..., str]:
    """Return the tips about a table made of these rows, one a line."""

    def tips_of(*rows: Row) -> str:
        return "\n".join(read(*rows).attrs["radnec"]["tips"])

    return tips_of
