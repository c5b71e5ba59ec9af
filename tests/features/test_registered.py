"""A mask drawn on one sequence measures the others after registration, and never without being asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.errors import CohortError, ConfigError, ExtractionWarning
from radnec.features.columns import feature_columns
from radnec.features.extract import extract
from radnec.features.perturb import perturb

if TYPE_CHECKING:
    from pathlib import Path

FEATURES = {"firstorder": ["Mean", "10Percentile", "90Percentile"], "shape": ["VoxelVolume"]}
FACTS = {
    f"FLAIR_registration_{name}" for name in ("mi_before", "mi_after", "fall", "overlap", "rotation_deg", "shift_mm")
}
SHIFT_MM = (3.0, -2.0, 4.0)


def _config(**changes: Any) -> ExtractionConfig:
    return ExtractionConfig(feature_classes=FEATURES, **{"registration": "rigid", **changes})


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, Any]]:
    """Return rows of a head in two contrasts; FLAIR has moved and thicker slices, and only T1wCE has a mask."""
    z, y, x = np.indices((36, 40, 38)).astype(float)
    rng = np.random.default_rng(3)
    parts = np.zeros(z.shape, int)
    parts[((x - 19) / 15) ** 2 + ((y - 20) / 18) ** 2 + ((z - 18) / 15) ** 2 < 1] = 1
    parts[((x - 14) / 3) ** 2 + ((y - 24) / 8) ** 2 + ((z - 20) / 4) ** 2 < 1] = 2
    lesion = ((x - 22) ** 2 + (y - 15) ** 2 + (z - 20) ** 2) < 25
    parts[lesion] = 3
    images = {}
    for name, contrast in (("T1wCE", (0, 600, 150, 1000)), ("FLAIR", (0, 500, 60, 900))):
        values = np.array(contrast, float)[parts] + 15 * rng.normal(size=z.shape)
        images[name] = sitk.GetImageFromArray(values.astype(np.float32))
        images[name].SetSpacing((2.0, 2.0, 2.0))
    mask = sitk.GetImageFromArray(lesion.astype(np.uint8))
    mask.CopyInformation(images["T1wCE"])
    thick = sitk.Image(38, 40, 18, sitk.sitkFloat32)
    thick.SetSpacing((2.0, 2.0, 4.0))
    motion = sitk.TranslationTransform(3, SHIFT_MM)
    images["FLAIR"] = sitk.Resample(images["FLAIR"], thick, motion, sitk.sitkLinear, 0.0)
    sitk.WriteImage(mask, tmp_path / "mask.nrrd")
    found = []
    for name, image in images.items():
        sitk.WriteImage(image, tmp_path / f"{name}.nrrd")
        keys = {"patient_id": "P1", "session_id": "S1", "lesion_id": "L1", "sequence": name}
        paths = {"image_path": str(tmp_path / f"{name}.nrrd"), "mask_path": str(tmp_path / "mask.nrrd")}
        found.append({**keys, **paths, "mask_sequence": "T1wCE"})
    return found


def _mean_after(rows: list[dict[str, Any]], shift_mm: tuple[float, ...]) -> float:
    """Return the mean of FLAIR in the mask, when the image is moved back by a shift."""
    mask = sitk.ReadImage(rows[0]["mask_path"])
    back = sitk.TranslationTransform(3, [-one for one in shift_mm])
    image = sitk.Resample(sitk.ReadImage(rows[1]["image_path"]), mask, back, sitk.sitkLinear, 0.0)
    return float(sitk.GetArrayFromImage(image)[sitk.GetArrayFromImage(mask) == 1].mean())


def test_the_mask_measures_the_other_sequence_where_it_belongs(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    table = extract(pd.DataFrame(rows), _config(), cache=tmp_path / "cache")
    row = table.iloc[0]
    assert row["status"] == "ok"
    true, askew = (_mean_after(rows, shift) for shift in (SHIFT_MM, (0, 0, 0)))
    assert row["FLAIR_original_firstorder_Mean"] == pytest.approx(true, abs=5)
    assert askew < true - 50
    assert row["FLAIR_original_shape_VoxelVolume"] == row["T1wCE_original_shape_VoxelVolume"]
    assert row["FLAIR_registration_shift_mm"] == pytest.approx(np.linalg.norm(SHIFT_MM), abs=0.5)
    assert row["FLAIR_registration_mi_after"] > row["FLAIR_registration_mi_before"]
    assert set(table.columns) >= FACTS
    assert not FACTS & set(feature_columns(table))
    assert not any(name.startswith("T1wCE_registration") for name in table.columns)
    # What the cache gives back is the same, quality measures included.
    again = extract(pd.DataFrame(rows[::-1]), _config(), cache=tmp_path / "cache")
    assert again.attrs["radnec"]["cache"] == {"hits": 2, "misses": 0}
    pd.testing.assert_frame_equal(again, table)


def test_without_being_asked_nothing_is_moved(rows: list[dict[str, Any]]) -> None:
    with pytest.warns(ExtractionWarning, match="1 of 1 rows failed"):
        table = extract(pd.DataFrame(rows), _config(registration=None))
    assert "mask size (38, 40, 36) differs from image (38, 40, 18)" in table["error"][0]


def test_a_setting_of_intensities_does_not_alter_the_motion(rows: list[dict[str, Any]]) -> None:
    plain, clipped = (extract(pd.DataFrame(rows), _config(clip_percentiles=clip)) for clip in (None, (0, 50)))
    names = sorted(FACTS)
    pd.testing.assert_frame_equal(plain[names], clipped[names])
    assert clipped["FLAIR_original_firstorder_Mean"][0] < plain["FLAIR_original_firstorder_Mean"][0]


def test_another_image_in_the_cache_is_measured_anew(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    cohort = pd.DataFrame(rows)
    extract(cohort, _config(), cache=tmp_path / "cache")
    # The image it is laid on is part of what FLAIR's features depend on.
    fixed = sitk.ReadImage(rows[0]["image_path"])
    sitk.WriteImage(fixed * 1.5, rows[0]["image_path"])
    table = extract(cohort, _config(), cache=tmp_path / "cache")
    assert table.attrs["radnec"]["cache"] == {"hits": 0, "misses": 2}


def test_a_failed_registration_fails_the_row_with_its_reason(rows: list[dict[str, Any]]) -> None:
    with pytest.warns(ExtractionWarning, match="1 of 1 rows failed"):
        near = extract(pd.DataFrame(rows), _config(registration_max_shift_mm=2))
    assert "lesion P1/S1/L1, FLAIR: the registration failed: it moves the lesion by 5." in near["error"][0]
    noise = np.random.default_rng(0).normal(500, 100, (18, 40, 38))
    image = sitk.GetImageFromArray(noise)
    image.CopyInformation(sitk.ReadImage(rows[1]["image_path"]))
    sitk.WriteImage(image, rows[1]["image_path"])
    with pytest.warns(ExtractionWarning, match="1 of 1 rows failed"):
        table = extract(pd.DataFrame(rows), _config())
    assert "the images tell next to nothing of each other" in table["error"][0]
    # What was drawn on itself is measured nevertheless.
    assert table["T1wCE_original_firstorder_Mean"][0] == pytest.approx(1000, abs=10)
    assert not FACTS & set(table.columns)


def test_regions_take_their_masks_from_the_image_that_was_drawn_on(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    brains = []
    for row in rows:
        image = sitk.ReadImage(row["image_path"])
        brains.append(str(tmp_path / f"brain-{row['sequence']}.nrrd"))
        sitk.WriteImage(sitk.Cast(image > 300, sitk.sitkUInt8), brains[-1])
    cohort = pd.DataFrame(rows).assign(brain_mask_path=brains)
    table = extract(cohort, _config(regions={"shell": {"outer_mm": 6.0}}))
    assert table["status"].tolist() == ["ok"]
    # White matter of 500 around the lesion, which is brighter.
    assert table["FLAIR-shell_original_firstorder_Mean"][0] == pytest.approx(500, abs=40)


def test_replicates_are_registered_as_well(rows: list[dict[str, Any]]) -> None:
    table = perturb(pd.DataFrame(rows), _config(), perturbations=("T",), repeats=2)
    assert table["FLAIR_original_firstorder_Mean"].to_numpy() == pytest.approx(_mean_after(rows, SHIFT_MM), abs=15)


def test_an_order_without_effect_is_said_to_be_so(rows: list[dict[str, Any]]) -> None:
    with pytest.warns(ExtractionWarning, match="no row's mask_sequence names another sequence"):
        table = extract(pd.DataFrame(rows[:1]), _config())
    assert table["status"].tolist() == ["ok"]


def test_an_image_that_is_not_there_or_there_twice_is_named(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    lost = [rows[0], {**rows[1], "mask_sequence": "T2w"}]
    with pytest.raises(CohortError, match="found T2w, of which the session has no row of that sequence"):
        extract(pd.DataFrame(lost), _config())
    twice = [*rows, {**rows[0], "phase": "delayed", "image_path": str(tmp_path / "other.nrrd")}]
    with pytest.raises(
        CohortError, match=r"mask_sequence: found T1wCE, of which the session has .*T1wCE.nrrd, .*other"
    ):
        extract(pd.DataFrame(twice), _config())


def test_a_scale_is_refused_for_maps_before_anything_is_measured(rows: list[dict[str, Any]]) -> None:
    cohort = pd.DataFrame(rows).assign(sequence=["T1wCE", "rCBV"])
    with pytest.raises(ConfigError, match=r"by_sequence=\{'rCBV': \{'standardise': None\}\}"):
        extract(cohort, _config(standardise="white_stripe"))


def test_the_white_stripe_reads_the_brain_mask_of_each_image(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    for row, cut in zip(rows, (300, 250), strict=True):
        image = sitk.ReadImage(row["image_path"])
        row["brain_mask_path"] = str(tmp_path / f"brain-{row['sequence']}.nrrd")
        sitk.WriteImage(sitk.Cast(image > cut, sitk.sitkUInt8), row["brain_mask_path"])
    tables = []
    for gain in (1.0, 3.0):
        for row in rows:
            image = sitk.ReadImage(row["image_path"])
            sitk.WriteImage(image * gain, row["image_path"])
        tables.append(extract(pd.DataFrame(rows), _config(standardise="white_stripe", bin_width=0.5)))
    names = feature_columns(tables[0])
    np.testing.assert_allclose(tables[0][names], tables[1][names], rtol=2e-3)
    assert tables[0]["T1wCE_original_firstorder_Mean"][0] > 10
