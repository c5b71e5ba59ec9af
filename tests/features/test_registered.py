"""A mask drawn on one sequence measures the others after registration, and never without being asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.errors import CohortError, ConfigError, ExtractionWarning, GeometryError, MaskError, MaskWarning
from radnec.features.columns import feature_columns
from radnec.features.extract import extract
from radnec.features.perturb import perturb
from radnec.imaging.regions.distance import shell
from radnec.imaging.standardise import fit_landmarks

if TYPE_CHECKING:
    from pathlib import Path

FEATURES = {"firstorder": ["Mean", "10Percentile", "90Percentile"], "shape": ["VoxelVolume"]}
FACTS = {
    f"FLAIR_registration_{name}"
    for name in ("mi_before", "mi_after", "fall", "inside", "mirrored", "overlap", "rotation_deg", "shift_mm")
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


CHANGED: dict[str, Any] = {
    "registration_interpolator": "nearest",
    "registration_max_shift_mm": 40.0,
    "registration_max_rotation_deg": 30.0,
    "registration_min_inside": 0.01,
}


def test_every_setting_of_a_registration_is_part_of_the_caches_key(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    assert set(CHANGED) == {name for name in ExtractionConfig.model_fields if name.startswith("registration_")}
    extract(pd.DataFrame(rows), _config(), cache=tmp_path / "cache")
    for name, value in CHANGED.items():
        changed = _config(by_sequence={"FLAIR": {name: value}})
        table = extract(pd.DataFrame(rows), changed, cache=tmp_path / "cache")
        assert table.attrs["radnec"]["cache"] == {"hits": 1, "misses": 1}


def test_how_much_must_agree_inside_the_brain_is_a_setting(rows: list[dict[str, Any]]) -> None:
    found = extract(pd.DataFrame(rows), _config())["FLAIR_registration_inside"][0]
    more = _config(by_sequence={"FLAIR": {"registration_min_inside": found + 0.01}})
    with pytest.warns(ExtractionWarning, match="1 of 1 rows failed"):
        table = extract(pd.DataFrame(rows), more)
    assert f"they lose {found:.3f} of their mutual information there, expected {found + 0.01:g}" in table["error"][0]
    assert f"registration_min_inside={np.floor(100 * found) / 100:g})" in table["error"][0]


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


Ball = tuple[tuple[float, float, float], tuple[float, float, float]]


def _within(ball: Ball, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return where points, in voxels of T1wCE, lie in an ellipsoid of a centre and half axes."""
    return sum(((one - middle) / half) ** 2 for one, middle, half in zip((x, y, z), *ball, strict=True)) < 1


def _in_t1(ball: Ball) -> np.ndarray:
    z, y, x = np.indices((36, 40, 38)).astype(float)
    return _within(ball, x, y, z)


def _drawn(ball: Ball, row: dict[str, Any], file: Path) -> str:
    """Write the mask of an ellipsoid as it is drawn on the image of a row."""
    grid = sitk.ReadImage(row["image_path"])
    shift = SHIFT_MM if row["sequence"] == "FLAIR" else (0.0, 0.0, 0.0)
    places = np.indices(grid.GetSize()[::-1]).astype(float)[::-1]
    x, y, z = ((at * edge + by) / 2 for at, edge, by in zip(places, grid.GetSpacing(), shift, strict=True))
    mask = sitk.GetImageFromArray(_within(ball, x, y, z).astype(np.uint8))
    mask.CopyInformation(grid)
    sitk.WriteImage(mask, file)
    return str(file)


SHELL = {"kind": "shell", "outer_mm": 8.0}
VOLUME = "original_shape_VoxelVolume"


def test_lesions_that_were_drawn_on_another_sequence_are_left_out(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    other = ((27, 19, 22), (4, 4, 4))
    file = _drawn(other, rows[1], tmp_path / "second.nrrd")
    second = {**rows[1], "lesion_id": "L2", "mask_path": file, "mask_sequence": None}
    config = _config(regions={"all": SHELL, "free": {**SHELL, "exclude_lesions": True}})
    table = extract(pd.DataFrame([*rows, second]), config, cache=tmp_path / "cache").set_index("lesion_id")
    lesion = sitk.ReadImage(rows[0]["mask_path"])
    hidden = 8.0 * int((sitk.GetArrayFromImage(shell(lesion, 8.0)) != 0)[_in_t1(other)].sum())
    assert hidden > 500
    for sequence in ("T1wCE", "FLAIR"):
        lost = table.loc["L1", f"{sequence}-all_{VOLUME}"] - table.loc["L1", f"{sequence}-free_{VOLUME}"]
        assert lost == pytest.approx(hidden, rel=0.15)
    # The other way round: the first lesion comes to FLAIR's own grid, on which the second was drawn.
    assert table.loc["L2", f"FLAIR-all_{VOLUME}"] - table.loc["L2", f"FLAIR-free_{VOLUME}"] > 500
    # What the other lesion's place depends on is part of the cache's key: its mask, and the image it was drawn on.
    flair = sitk.ReadImage(rows[1]["image_path"])
    sitk.WriteImage(flair * 1.5, rows[1]["image_path"])
    again = extract(pd.DataFrame([rows[0], second]), config, cache=tmp_path / "cache").set_index("lesion_id")
    assert again.attrs["radnec"]["cache"]["hits"] == 2
    assert again.loc["L1", f"T1wCE-free_{VOLUME}"] == pytest.approx(table.loc["L1", f"T1wCE-free_{VOLUME}"], rel=0.02)


def test_a_lesion_that_cannot_be_brought_to_the_grid_is_a_reason(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    file = _drawn(((27, 19, 22), (4, 4, 4)), rows[1], tmp_path / "second.nrrd")
    second = {**rows[1], "lesion_id": "L2", "mask_path": file, "mask_sequence": None}
    config = _config(registration=None, regions={"free": {**SHELL, "exclude_lesions": True}})
    table = extract(pd.DataFrame([rows[0], second]), config)
    assert table["status"].tolist() == ["ok", "ok"]
    assert "T1wCE-free: lesion L2 of the session cannot be left out of it: mask second.nrrd: " in table["error"][0]
    assert "ExtractionConfig(registration='rigid')" in table["error"][0]
    far = {"registration": "rigid", "registration_max_shift_mm": 2.0, "regions": config.regions}
    table = extract(pd.DataFrame([rows[0], second]), _config(**far))
    assert "it moves the lesion by 5." in table["error"][0]
    assert "registration_max_shift_mm=10)" in table["error"][0]


@pytest.mark.parametrize("drawn_on", ["T1wCE", "FLAIR"])
def test_brain_and_reference_of_a_registered_row_may_be_drawn_on_either_image(
    rows: list[dict[str, Any]], tmp_path: Path, drawn_on: str
) -> None:
    head, nawm = ((19, 20, 18), (13, 16, 13)), ((24, 28, 16), (5, 5, 5))
    row = rows[["T1wCE", "FLAIR"].index(drawn_on)]
    rows[1]["brain_mask_path"] = _drawn(head, row, tmp_path / "brain.nrrd")
    rows[1]["reference_mask_path"] = _drawn(nawm, row, tmp_path / "tissue.nrrd")
    brain, tissue = _in_t1(head), _in_t1(nawm)
    regions = {"near": {**SHELL, "outer_mm": 16.0}, "nawm": {"kind": "reference", "source": "mask"}}
    table = extract(pd.DataFrame(rows), _config(regions=regions))
    lesion = sitk.ReadImage(rows[0]["mask_path"])
    around = sitk.GetArrayFromImage(shell(lesion, 16.0)) != 0
    exact = 1e-9 if drawn_on == "T1wCE" else 0.05
    assert (around & ~brain).sum() > 0.1 * around.sum()
    assert table[f"FLAIR-near_{VOLUME}"][0] == pytest.approx(8.0 * (around & brain).sum(), rel=exact)
    assert table[f"FLAIR-nawm_{VOLUME}"][0] == pytest.approx(8.0 * tissue.sum(), rel=exact)
    assert table["FLAIR-nawm_original_firstorder_Mean"][0] == pytest.approx(500, abs=10)
    # The row of T1wCE has none, and what it does not name is not cut.
    assert table[f"T1wCE-near_{VOLUME}"][0] == pytest.approx(8.0 * around.sum())


@pytest.mark.parametrize(
    "scale", [{"zscore": "brain"}, {"standardise": "white_stripe"}, {"zscore": "reference"}], ids=str
)
def test_a_scale_takes_the_mask_of_the_sequence_that_was_drawn_on(
    rows: list[dict[str, Any]], tmp_path: Path, scale: dict[str, str]
) -> None:
    column = "reference_mask_path" if scale == {"zscore": "reference"} else "brain_mask_path"
    tissue = ((24, 28, 16), (5, 5, 5)) if column == "reference_mask_path" else ((19, 20, 18), (13, 16, 13))
    own, drawn = (_drawn(tissue, row, tmp_path / f"{row['sequence']}-tissue.nrrd") for row in rows[::-1])
    config = _config(**scale, bin_width=0.5)
    values = []
    for of_flair in (own, None, drawn):
        cohort = pd.DataFrame([{**rows[0], column: drawn}, {**rows[1], column: of_flair}])
        table = extract(cohort, config, cache=tmp_path / "cache")
        assert table["status"].tolist() == ["ok"]
        assert table["error"].tolist() == [""]
        values.append(table["FLAIR_original_firstorder_Mean"][0])
    # The row's own mask goes first; the other one differs by its coarser slices only.
    assert values[1] == values[2] == pytest.approx(values[0], rel=0.05)
    assert abs(values[0]) > 1


def test_landmarks_take_the_brain_mask_of_the_sequence_that_was_drawn_on(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    brain = ((19, 20, 18), (13, 16, 13))
    own, drawn = (_drawn(brain, row, tmp_path / f"{row['sequence']}-brain.nrrd") for row in rows[::-1])
    scales = []
    for of_flair in (own, None, drawn):
        cohort = pd.DataFrame([{**rows[0], "brain_mask_path": drawn}, {**rows[1], "brain_mask_path": of_flair}])
        found = fit_landmarks(cohort, patients=["P1"], sequences=["FLAIR"], registration="rigid")
        scales.append(found.scales["FLAIR"])
    # The row's own mask goes first; the other one differs by its coarser slices only.
    assert scales[1] == scales[2] != scales[0]
    np.testing.assert_allclose(scales[1], scales[0], atol=1.0)
    with pytest.raises(GeometryError, match=r"FLAIR, .* on the grid of T1wCE serves with registration='rigid'"):
        fit_landmarks(cohort, patients=["P1"])
    with pytest.raises(MaskError, match=r"FLAIR, .* on the grid of T1wCE serves with registration='rigid'"):
        fit_landmarks(cohort.assign(brain_mask_path=[drawn, None]), patients=["P1"])
    with pytest.raises(ConfigError, match="registration='affine': expected 'rigid'"):
        fit_landmarks(cohort, patients=["P1"], registration="affine")  # type: ignore[arg-type]


@pytest.mark.parametrize("use", [{"zscore": "brain", "bin_width": 0.5}, {"regions": {"near": {**SHELL}}}], ids=str)
def test_a_mask_that_may_be_of_either_image_is_told_unless_the_other_row_names_one(
    rows: list[dict[str, Any]], tmp_path: Path, use: dict[str, Any]
) -> None:
    """Both images on one grid: nothing but the rows tells on which the brain was drawn."""
    flair = sitk.Resample(sitk.ReadImage(rows[1]["image_path"]), sitk.ReadImage(rows[0]["image_path"]))
    sitk.WriteImage(flair, rows[1]["image_path"])
    brain = _drawn(((19, 20, 18), (13, 16, 13)), rows[0], tmp_path / "brain.nrrd")
    config = _config(by_sequence={"FLAIR": use})
    rows[1]["brain_mask_path"] = brain
    with pytest.warns(
        MaskWarning, match=r"mask brain.nrrd fits its row's image and T1wCE.*name it in the row of T1wCE"
    ):
        extract(pd.DataFrame(rows), config)
    rows[0]["brain_mask_path"] = brain
    assert extract(pd.DataFrame(rows), config)["error"].tolist() == [""]


def test_a_scale_refuses_a_mask_that_is_on_no_grid_or_lies_beside_the_image(
    rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "brain.nrrd"
    sitk.WriteImage(sitk.Image(9, 9, 9, sitk.sitkUInt8) + 1, file)
    with pytest.warns(ExtractionWarning, match="1 of 1 rows failed"):
        table = extract(pd.DataFrame(rows).assign(brain_mask_path=[None, str(file)]), _config(n4=True))
    assert "does not fit the other either: mask brain.nrrd" in table["error"][0]
    rows[0]["brain_mask_path"] = _drawn(((19, 20, 34), (4, 4, 1.2)), rows[0], file)
    # A slab of FLAIR that ends below it.
    flair = sitk.ReadImage(rows[1]["image_path"])
    sitk.WriteImage(flair[:, :, :12], rows[1]["image_path"])
    with pytest.warns(ExtractionWarning, match="1 of 1 rows failed"):
        table = extract(pd.DataFrame(rows), _config(n4=True))
    assert "to T1wCE failed: mask brain.nrrd, moved from there, lies beside the image" in table["error"][0]


def test_a_brain_mask_on_a_third_grid_is_refused(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    rows[1]["brain_mask_path"] = str(tmp_path / "brain.nrrd")
    sitk.WriteImage(sitk.Image(9, 9, 9, sitk.sitkUInt8) + 1, rows[1]["brain_mask_path"])
    with pytest.warns(ExtractionWarning, match="1 of 1 rows failed"):
        table = extract(pd.DataFrame(rows), _config(regions={"near": SHELL}))
    assert "differs from image (38, 40, 18)" in table["error"][0]
    assert "It does not fit the image that this one is registered to either" in table["error"][0]


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
