"""A head on disk whose lesion, reference and brain are boxes, with rows of a cohort that name its images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.quantify.measure import measure

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (12, 24, 24)


def box(*slices: slice) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return a mask, axes z, y, x."""
    inside = np.zeros(SHAPE, bool)
    inside[slices] = True
    return inside


LESION = box(slice(4, 8), slice(8, 12), slice(4, 8))
WHITE = box(slice(4, 8), slice(8, 12), slice(15, 19))
BRAIN = box(slice(2, 10), slice(3, 21), slice(2, 22))


class Head:
    """Writes images, and collects the rows that name them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []

    def write(self, values: Any, *, spacing_mm: float = 2.0) -> str:
        """Write a volume, or frames on the last axis, and return its path."""
        values = np.asarray(values)
        frames = np.moveaxis(values, -1, 0) if values.ndim == 4 else [values]
        volumes = [sitk.GetImageFromArray(one.astype(np.uint8 if one.dtype == bool else np.float64)) for one in frames]
        for volume in volumes:
            volume.SetSpacing([spacing_mm] * 3)
        path = str(self.folder / f"{len(list(self.folder.iterdir()))}.nii.gz")
        sitk.WriteImage(sitk.JoinSeries(volumes) if values.ndim == 4 else volumes[0], path)
        return path

    def row(self, sequence: str, values: Any, *, mask: Any = LESION, white: Any = WHITE, **cells: Any) -> None:
        """Add a row; `cells` replace what stands in it."""
        written = {"image_path": self.write(values), "mask_path": self.write(mask)}
        if white is not None:
            written["reference_mask_path"] = self.write(white)
        keys = {"patient_id": "P1", "session_id": "S1", "lesion_id": "L1", "sequence": sequence}
        self.rows.append(keys | written | cells)

    def cohort(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows)

    def measured(self, **options: Any) -> dict[str, Any]:
        """Return the only row of the table."""
        (row,) = measure(self.cohort(), **options).to_dict("records")
        return row


def two(lesion: Any, elsewhere: Any) -> Any:
    """Return an image with one value, or curve, in the lesion and another elsewhere."""
    lesion, elsewhere = np.asarray(lesion, float), np.asarray(elsewhere, float)
    return np.where(LESION.reshape(*SHAPE, *[1] * lesion.ndim), lesion, elsewhere)


@pytest.fixture
def head(tmp_path: Path) -> Head:
    return Head(tmp_path)


@pytest.fixture
def paint():
    """Return `two`, which tests cannot import."""
    return two


@pytest.fixture
def masks() -> dict[str, Any]:
    return {"lesion": LESION, "white": WHITE, "brain": BRAIN}
