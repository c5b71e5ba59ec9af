"""Regions of replicates: those of extraction where nothing is perturbed, and of the redrawn lesion where it is."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from pandas.testing import assert_frame_equal

from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, ExtractionWarning
from radnec.features.columns import feature_columns
from radnec.features.extract import extract
from radnec.features.perturb import Strength, perturb

# Their voxels of 1 × 1 × 2 mm are large for some depths.
pytestmark = pytest.mark.filterwarnings("ignore:.* voxels deep:radnec.errors.ExtractionWarning")

KINDS = {
    "rim": {"depth_mm": 3.0},
    "core": {"depth_mm": 3.0},
    "near": {"kind": "shell", "outer_mm": 6.0},
    "mirror": {},
    "nawm": {"kind": "reference", "source": "mask"},
    "inside": {"kind": "labels", "values": [1]},
}
#: Perturbations that perturb nothing.
STILL = Strength(rotation_deg=0, translation_voxels=0, noise_scale=0, volume_fraction=0)
VOLUME = "original_shape_VoxelVolume"


def config(regions, **more):
    classes = {"shape": ["VoxelVolume"], "firstorder": ["Mean"], "glcm": ["Contrast"]}
    return ExtractionConfig(feature_classes=classes, regions=regions, **more)


def replicates_of(table):
    return table[table["perturbation"] != "none"].reset_index(drop=True)


@pytest.mark.parametrize("filters", [{"Original": {}}, {"Wavelet": {}, "LoG": {"sigma": [2.0]}}])
def test_perturbing_by_nothing_measures_the_regions_of_extraction(head, filters):
    settings = config(KINDS, image_types=filters)
    table = perturb(head.cohort(), settings, perturbations=["NTRV"], repeats=1, strength=STILL)
    names = feature_columns(table)
    assert {name.split("_")[0] for name in names} == {"T1wCE", *(f"T1wCE-{kind}" for kind in KINDS)}
    none, still = table[names].to_numpy()
    np.testing.assert_allclose(still, none, rtol=1e-5, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.2, 1.2, 2.0)])
def test_resampled_regions_are_made_in_the_images_voxels_as_in_extraction(head, spacing):
    none, still = volumes_as_resampled(head, spacing)
    np.testing.assert_allclose(still, none, rtol=1e-9)


@pytest.mark.slow
def test_on_a_coarse_grid_regions_differ_by_no_more_than_where_the_grid_lies(head):
    none, still = volumes_as_resampled(head, (1.5, 1.5, 2.5))
    # A replicate's lesion has been on this grid before. On grids shifted by parts of a voxel the same core has 810 to
    # 1,080 mm³ of its 972; everything else is larger.
    bound = {name: 0.15 if name == "core" else 0.05 for name in KINDS}
    assert (np.abs(still / none - 1) < np.array(list(bound.values()))).all()


def volumes_as_resampled(head, spacing):
    """Return the volume of each region as extraction measures it, and in a replicate that is not moved."""
    settings = config(KINDS, resampled_spacing_mm=spacing)
    table = perturb(head.cohort(), settings, perturbations=["R"], repeats=1, strength=STILL)
    return table[[f"T1wCE-{kind}_{VOLUME}" for kind in KINDS]].to_numpy()


def test_rim_core_and_mirror_follow_the_lesion_as_it_was_redrawn(head):
    cohort = head.cohort().drop(columns="brain_mask_path")
    found = replicates_of(perturb(cohort, config(KINDS), perturbations=["RVC"], repeats=4))
    lesion, rim, core, mirror, tissue = (
        found[f"T1wCE{name}_{VOLUME}"].to_numpy() for name in ("", "-rim", "-core", "-mirror", "-nawm")
    )
    assert len(set(lesion)) == 4
    np.testing.assert_allclose(rim + core, lesion)
    np.testing.assert_allclose(mirror, lesion)
    # Reference tissue was drawn itself, and is redrawn.
    assert len(set(tissue)) == 4
    assert np.abs(np.corrcoef(tissue, lesion)[0, 1]) < 0.999
    means = found[[f"T1wCE-{kind}_original_firstorder_Mean" for kind in ("mirror", "rim")]].to_numpy()
    # The head is 400, and the lesion 700, on both sides of the plane in every replicate.
    np.testing.assert_allclose(means[:, 0], 400, atol=15)
    assert (means[:, 1] > 500).all()


def test_a_turn_alone_keeps_the_volume_of_a_shell_and_cuts_it_at_brain_and_image(head):
    shell = {"near": {"kind": "shell", "outer_mm": 30.0}}
    inside = perturb(head.cohort(), config(shell), perturbations=["R"], repeats=3)
    volumes = inside[f"T1wCE-near_{VOLUME}"].to_numpy()
    np.testing.assert_allclose(volumes[1:], volumes[0], rtol=0.03)
    uncut = perturb(head.cohort().drop(columns="brain_mask_path"), config(shell), perturbations=["R"], repeats=3)
    volumes = uncut[f"T1wCE-near_{VOLUME}"].to_numpy()
    # The image ends within the shell, and so does the shell, although the turned grid goes on.
    assert volumes[0] < 0.9 * 4 / 3 * np.pi * 38**3
    np.testing.assert_allclose(volumes[1:], volumes[0], rtol=0.05)


def test_a_region_more_changes_no_other_replicate(two_patients, tmp_path):
    cohort, again = two_patients.cohort(), {"perturbations": ["NRVC"], "repeats": 2, "cache": tmp_path}
    plain = perturb(cohort, config({}), **again)
    rim = perturb(cohort, config({"rim": {"depth_mm": 2.0}}), **again)
    assert_frame_equal(rim[plain.columns], plain, check_exact=True)
    assert rim.attrs["radnec"]["perturbation"]["cache"] == {"hits": 12, "misses": 12}
    shell = perturb(cohort, config({"rim": {"depth_mm": 2.0}, "near": {"kind": "shell", "outer_mm": 3.0}}), **again)
    assert_frame_equal(shell[rim.columns], rim, check_exact=True)
    # One outline serves both sequences, and so does its rim.
    pair = rim[[f"T1wCE-rim_{VOLUME}", f"FLAIR-rim_{VOLUME}"]].to_numpy()
    assert pair[:, 0].tolist() == pair[:, 1].tolist()


def test_a_region_that_a_replicate_lacks_is_a_reason_and_no_failure(two_patients):
    settings = config({"deep": {"kind": "core", "depth_mm": 3.2}})
    again = {"perturbations": ["VC"], "repeats": 4, "strength": Strength(volume_fraction=0.4)}
    table = perturb(two_patients.cohort(), settings, **again, on_error="raise")
    assert (table["status"] == "ok").all()
    lacking = table[f"T1wCE-deep_{VOLUME}"].isna()
    assert 0 < lacking.sum() < len(table)
    assert table.loc[lacking, "error"].str.contains("T1wCE-deep: ").all()
    assert table[f"T1wCE_{VOLUME}"].notna().all()


def test_a_brain_mask_that_is_not_there_fails_what_needs_it_and_nothing_else(head, tmp_path):
    head.rows[0]["brain_mask_path"] += "x"
    settings = config({"rim": {"depth_mm": 3.0}, "near": {"kind": "shell", "outer_mm": 6.0}})
    with pytest.warns(ExtractionWarning, match="1 of 1 rows failed"):
        table = perturb(head.cohort(), settings, perturbations=["V"], repeats=1, cache=tmp_path)
    assert (table["status"] == "failed").all()
    assert table["error"].str.contains("T1wCE-near: ").all()
    assert table[[f"T1wCE_{VOLUME}", f"T1wCE-rim_{VOLUME}"]].notna().all(axis=None)


def test_other_lesions_are_left_out_where_they_are(two_patients):
    reach = {"kind": "shell", "outer_mm": 9.0}
    settings = config({"all": reach, "free": {**reach, "exclude_lesions": True}})
    table = perturb(two_patients.cohort(), settings, perturbations=["R"], repeats=2)
    first = table[(table["patient_id"] == "P1") & (table["lesion_id"] == "1")]
    hidden = first[f"T1wCE-all_{VOLUME}"] - first[f"T1wCE-free_{VOLUME}"]
    assert hidden.iloc[0] > 50
    np.testing.assert_allclose(hidden, hidden.iloc[0], rtol=0.3)


def test_sub_regions_of_a_divided_lesion_are_redrawn_each_by_itself(folder):
    labels = np.zeros((12, 22, 24), np.uint8)
    labels[3:9, 6:14, 6:12], labels[3:9, 6:14, 12:18] = 1, 3
    mask = sitk.GetImageFromArray(labels)
    mask.SetSpacing((1.0, 1.0, 2.0))
    image = folder.write(folder.textured(3), "image.nii.gz")
    folder.add("P1", "1", "T1wCE", image, folder.write(mask, "seg.nii.gz"))
    parts = {name: {"kind": "labels", "values": values} for name, values in {"lesion": [1, 3], "dead": [1]}.items()}
    settings = config(parts | {"rim": {"depth_mm": 2.0}})
    table = perturb(folder.cohort(), settings, perturbations=["V"], repeats=3)
    assert table["error"].tolist() == [""] * 4
    shares = table[f"T1wCE-dead_{VOLUME}"] / table[f"T1wCE_{VOLUME}"]
    np.testing.assert_allclose(shares, 0.5, rtol=0.05)
    assert table[f"T1wCE_{VOLUME}"].nunique() == 4


@pytest.mark.parametrize(
    "more",
    [
        {"image_types": {"Original": {}, "LoG": {"sigma": [2.0]}, "Wavelet": {"level": 2}}},
        {"round_intensities": True, "interpolator": "sitkLinear", "resampled_spacing_mm": (1.5, 0, 2.2)},
        {"resampled_spacing_mm": None, "image_types": {"Wavelet": {"level": 2}}},
    ],
)
def test_perturbing_by_nothing_measures_what_the_ibsi_preset_does(head, more):
    values = {"preset": "ibsi", "resampled_spacing_mm": (1.5, 1.5, 1.5), **more}
    some = {name: KINDS[name] for name in ("rim", "mirror", "nawm")}
    table = perturb(head.cohort(), config(some, **values), perturbations=["NTRV"], repeats=1, strength=STILL)
    names = feature_columns(table)
    none, still = table[names].to_numpy()
    drawn = np.array([not name.startswith(("T1wCE-rim", "T1wCE-mirror")) for name in names])
    np.testing.assert_allclose(still[drawn], none[drawn], rtol=1e-5, atol=1e-9)
    volumes = np.array([name.endswith("VoxelVolume") for name in names])
    np.testing.assert_allclose(still[volumes], none[volumes], rtol=0.1)


def test_filters_that_the_whole_resampled_image_scales_are_refused(two_patients):
    values = {"preset": "ibsi", "resampled_spacing_mm": (1, 1, 1), "image_types": {"Original": {}, "Square": {}}}
    with pytest.raises(ConfigError, match="with resampling have no Square"):
        perturb(two_patients.cohort(), ExtractionConfig(**values))


def test_replicates_and_extraction_agree_on_what_a_lesion_lacks(two_patients):
    settings = config({"mirror": {}})
    table = perturb(two_patients.cohort(), settings, perturbations=["V"], repeats=1)
    alone = extract(two_patients.cohort(), settings)
    assert (table["status"] == "ok").all()
    first = table[table["lesion_id"] == "1"]["error"].iloc[:2].tolist()
    assert first[0] == first[1] == alone["error"][0]
