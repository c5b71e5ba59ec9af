"""A small cohort on disk: images, masks and its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (24, 22, 12)
SPACING = (1.0, 1.0, 2.0)


class Folder:
    """Makes images, writes them and collects the rows of a cohort."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []

    @staticmethod
    def textured(seed: int) -> sitk.Image:
        """Return smooth noise around 300, as int16."""
        noise = np.random.default_rng(seed).normal(300, 60, SIZE[::-1])
        image = sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(noise.astype(np.float32)), 1.0)
        image = sitk.Cast(image * 4 - 900, sitk.sitkInt16)
        image.SetSpacing(SPACING)
        return image

    @staticmethod
    def spheres() -> sitk.Image:
        """Return a label map with two lesions."""
        z, y, x = np.indices(SIZE[::-1])
        labels = np.zeros(SIZE[::-1], np.uint8)
        labels[(x - 7) ** 2 + (y - 8) ** 2 + 4 * (z - 5) ** 2 <= 25] = 1
        labels[(x - 16) ** 2 + (y - 14) ** 2 + 4 * (z - 6) ** 2 <= 16] = 2
        image = sitk.GetImageFromArray(labels)
        image.SetSpacing(SPACING)
        return image

    def write(self, image: sitk.Image, name: str) -> str:
        file = self.path / name
        sitk.WriteImage(image, file)
        return str(file)

    def add(self, patient: str, lesion: str, sequence: str, image: str, mask: str | None, **more: Any) -> None:
        keys = {"patient_id": patient, "session_id": "1", "lesion_id": lesion, "sequence": sequence}
        self.rows.append({**keys, "image_path": image, "mask_path": mask, **more})

    def cohort(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Return an empty folder."""
    (tmp_path / "images").mkdir()
    return Folder(tmp_path / "images")


@pytest.fixture
def two_patients(folder: Folder) -> Folder:
    """Return a folder with two patients: two lesions in the first, two sequences each."""
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    seed = 0
    for patient, lesions in (("P1", ("1", "2")), ("P2", ("1",))):
        for sequence in ("T1wCE", "FLAIR"):
            seed += 1
            image = folder.write(folder.textured(seed), f"{patient}_{sequence}.nii.gz")
            for lesion in lesions:
                more = {"mask_label": int(lesion), "scanner_id": "A", "label": "necrosis"}
                folder.add(patient, lesion, sequence, image, mask, **more)
    return folder


@pytest.fixture
def head(folder: Folder) -> Folder:
    """Return a folder with a symmetric head whose left half holds a lesion."""
    z, y, x = np.indices((20, 36, 40))
    values = 400.0 * ((x - 19.5) ** 2 / 18**2 + (y - 18) ** 2 / 16**2 + (z - 10) ** 2 / 9**2 < 1)
    for side in (-1, 1):
        values[(x - 19.5 - side * 5) ** 2 + (y - 22) ** 2 + (z - 10) ** 2 < 9] = 100
    values += np.random.default_rng(0).normal(0, 10, values.shape)
    lesion = (x - 29) ** 2 + (y - 14) ** 2 + (z - 10) ** 2 <= 16
    values[lesion] += 300
    labels, brain, tissue = np.zeros((3, *values.shape), np.uint8)
    labels[lesion] = 1
    brain[(x - 19.5) ** 2 / 17**2 + (y - 18) ** 2 / 15**2 + (z - 10) ** 2 / 8**2 < 1] = 1
    tissue[8:12, 12:16, 6:12] = 1
    made = {"image": values.astype(np.float32), "mask": labels, "brain": brain, "tissue": tissue}
    paths = {}
    for name, array in made.items():
        image = sitk.GetImageFromArray(array)
        image.SetSpacing((2.0, 2.0, 3.0))
        paths[name] = folder.write(image, f"{name}.nii.gz")
    more = {"brain_mask_path": paths["brain"], "reference_mask_path": paths["tissue"]}
    folder.add("P1", "1", "T1wCE", paths["image"], paths["mask"], **more)
    return folder
