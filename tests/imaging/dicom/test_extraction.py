"""From DICOM to the feature table: the same as from NIfTI, cached by content, PET as SUV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage

import radnec
from radnec.features.contents import content_digest
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = radnec.ExtractionConfig(feature_classes={"firstorder": None, "glcm": ["Contrast"], "shape": None})
KEYS = {"patient_id": "P1", "session_id": "S1", "lesion_id": "L1"}
OBLIQUE = (0.8, 0.6, 0.0, -0.36, 0.48, 0.8)
HALF_LIFE = 6586.2


def lesion(seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(100, 900, (8, 12, 10)).astype(np.int16)


def write_mask(path: Path, image: sitk.Image) -> Path:
    marked = np.zeros(image.GetSize()[::-1], np.uint8)
    marked[2:6, 3:9, 2:8] = 1
    mask = sitk.GetImageFromArray(marked)
    mask.CopyInformation(image)
    sitk.WriteImage(mask, path)
    return path


def features(*rows: dict[str, Any], **options: Any) -> pd.DataFrame:
    return radnec.extract(pd.DataFrame([{**KEYS, **row} for row in rows]), CONFIG, **options)


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    return table[[name for name in table.columns if "_original_" in name]]


@pytest.mark.parametrize(
    ("grid", "tolerance"),
    [
        # Numbers that NIfTI keeps exactly: the same features.
        ({"spacing": (0.9375, 0.9375, 2.5)}, 1e-9),
        # NIfTI keeps a grid in single precision, which shape feels.
        ({"orientation": OBLIQUE}, 1e-6),
    ],
    ids=["axial", "oblique"],
)
def test_features_equal_those_of_the_same_voxels_as_nifti(
    tmp_path: Path, write_series: Callable[..., str], grid: dict[str, Any], tolerance: float
) -> None:
    write_series(tmp_path / "dicom", lesion(), RescaleSlope="0.37", RescaleIntercept="-5", **grid)
    image = read_image(tmp_path / "dicom")
    sitk.WriteImage(image, tmp_path / "t1.nii.gz")
    row = {"sequence": "T1wCE", "mask_path": str(write_mask(tmp_path / "mask.nii.gz", image))}
    dicom = features({**row, "image_path": str(tmp_path / "dicom")})
    nifti = features({**row, "image_path": str(tmp_path / "t1.nii.gz")})
    assert dicom["status"].to_list() == ["ok"]
    assert len(numbers(dicom).columns) > 20
    pd.testing.assert_frame_equal(numbers(dicom), numbers(nifti), rtol=tolerance)
    intensity = [name for name in numbers(dicom).columns if "shape" not in name and "Total" not in name]
    pd.testing.assert_frame_equal(dicom[intensity], nifti[intensity], rtol=1e-9)


def test_a_series_of_a_mixed_folder_is_chosen_by_the_cohort(tmp_path: Path, write_series: Callable[..., str]) -> None:
    first = write_series(tmp_path / "study", lesion(1), name="A{:04}")
    second = write_series(tmp_path / "study", lesion(2), name="B{:04}")
    mask = write_mask(tmp_path / "mask.nii.gz", read_image(tmp_path / "study", series_uid=first))
    study = {"image_path": str(tmp_path / "study"), "mask_path": str(mask)}
    rows = [{**study, "sequence": "T1wCE", "series_uid": first}, {**study, "sequence": "FLAIR", "series_uid": second}]
    cohort = radnec.read_cohort(pd.DataFrame([{**KEYS, **row} for row in rows]))
    table = radnec.extract(cohort, CONFIG)
    for sequence, seed in (("T1wCE", 1), ("FLAIR", 2)):
        mean = lesion(seed)[2:6, 3:9, 2:8].mean()
        assert table[f"{sequence}_original_firstorder_Mean"].to_list() == pytest.approx([mean])
    report = radnec.check(cohort)
    assert report.ok
    # Two series of one folder are two images, not one file used twice.
    assert "RN012" not in set(report.frame()["code"])
    with pytest.warns(radnec.errors.ExtractionWarning, match="holds 2 series; choose one"):
        failed = features({**study, "sequence": "T1wCE"})
    assert failed["status"].to_list() == ["failed"]


def test_the_cache_follows_the_content_of_the_series(tmp_path: Path, write_series: Callable[..., str]) -> None:
    folder = tmp_path / "dicom"
    write_series(folder, lesion())
    image = read_image(folder)
    mask = str(write_mask(tmp_path / "mask.nii.gz", image))

    def misses(path: Path) -> int:
        row = {"sequence": "T1wCE", "image_path": str(path), "mask_path": mask}
        return int(features(row, cache=tmp_path / "cache").attrs["radnec"]["cache"]["misses"])

    assert misses(folder) == 1
    assert misses(folder) == 0
    # Named by one file it is the same image; other names and other files beside it change nothing.
    assert misses(folder / "IM0900") == 0
    (folder / "IM0899").rename(folder / "renamed")
    (folder / "report.txt").write_text("seen")
    assert misses(folder) == 0
    # Another slice than the file named has changed.
    other = pydicom.dcmread(folder / "IM0896")
    other.PixelData = bytes(len(other.PixelData))
    other.save_as(folder / "IM0896")
    assert misses(folder / "IM0900") == 1


def test_a_dicom_mask_is_a_file_of_its_own_to_the_cache(reference: Path) -> None:
    assert content_digest(reference / "dicom_seg/dcmqi/liver.dcm") != content_digest(
        reference / "dicom_seg/dcmqi/partial_overlaps.dcm"
    )


def test_pet_is_measured_as_suv_and_the_table_says_so(tmp_path: Path, write_series: Callable[..., str]) -> None:
    injection = Dataset()
    injection.RadionuclideTotalDose, injection.RadionuclideHalfLife = "200000000", str(HALF_LIFE)
    injection.RadiopharmaceuticalStartTime = "110000"
    moment = {
        f"{what}{kind}": value
        for what in ("Series", "Acquisition")
        for kind, value in (("Date", "20240131"), ("Time", "120000"))
    }
    write_series(
        tmp_path / "pet",
        lesion(),
        kind=PositronEmissionTomographyImageStorage,
        Modality="PT",
        Units="BQML",
        CorrectedImage=["DECY", "ATTN"],
        DecayCorrection="START",
        PatientWeight="80",
        RadiopharmaceuticalInformationSequence=[injection],
        **moment,
    )
    mask = str(write_mask(tmp_path / "mask.nii.gz", read_image(tmp_path / "pet")))
    row = {"sequence": "PET-FET", "image_path": str(tmp_path / "pet"), "mask_path": mask}
    t1 = {"sequence": "T1w", "image_path": str(tmp_path / "pet"), "mask_path": mask}
    cache = tmp_path / "cache"
    with pytest.warns(radnec.errors.ExtractionWarning, match="PET-FET"):  # SUV fall into one grey level of 25
        table = features(row, t1, cache=cache)
    stored = lesion()[2:6, 3:9, 2:8].mean()
    factor = 80_000 / (200e6 * 2 ** (-3600 / HALF_LIFE))
    assert table["PET-FET_original_firstorder_Mean"].to_list() == pytest.approx([stored * factor], rel=1e-9)
    assert table["T1w_original_firstorder_Mean"].to_list() == pytest.approx([stored], rel=1e-9)
    assert table.attrs["radnec"]["pet"] == {"PET-FET": {"SUVbw": 1}}
    with pytest.warns(radnec.errors.ExtractionWarning, match="PET-FET"):
        again = features(row, t1, cache=cache)
    assert again.attrs["radnec"]["cache"] == {"hits": 2, "misses": 0}
    pd.testing.assert_frame_equal(numbers(again), numbers(table))


def test_pet_without_what_suv_needs_fails_with_the_reason(tmp_path: Path, write_series: Callable[..., str]) -> None:
    write_series(tmp_path / "pet", lesion(), kind=PositronEmissionTomographyImageStorage, Modality="PT", Units="BQML")
    mask = str(write_mask(tmp_path / "mask.nii.gz", read_image(tmp_path / "pet")))
    row = {"sequence": "PET-FET", "image_path": str(tmp_path / "pet"), "mask_path": mask}
    with pytest.warns(radnec.errors.ExtractionWarning, match="cannot be turned into SUV"):
        table = features(row)
    assert table["error"].iloc[0].startswith("lesion P1/S1/L1, PET-FET: ")
    found = radnec.check(pd.DataFrame([{**KEYS, **row}])).frame()
    assert found["code"].to_list() == ["RN013"]
