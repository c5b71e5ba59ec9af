"""Cohort to replicates: names, agreement with extraction, reproducibility, failures, stability."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
import SimpleITK as sitk
from pandas.testing import assert_frame_equal

from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, ExtractionWarning, MaskError
from radnec.features.columns import feature_columns
from radnec.features.extract import extract
from radnec.features.perturb import Strength, perturb, session
from radnec.features.stability import icc
from radnec.model.stable import StableFeatures

KEYS = ["patient_id", "session_id", "lesion_id"]
QUICK = ExtractionConfig(feature_classes={"shape": ["VoxelVolume"], "firstorder": ["Mean"], "glcm": ["Contrast"]})
ONE = np.int64(1)
VOLUME, MEAN, CONTRAST = (
    f"T1wCE_original_{name}" for name in ("shape_VoxelVolume", "firstorder_Mean", "glcm_Contrast")
)
#: Perturbations that perturb nothing.
STILL = Strength(rotation_deg=0, translation_voxels=0, noise_scale=0, volume_fraction=0)


def replicates_of(table):
    return table[table["perturbation"] != "none"].reset_index(drop=True)


def test_one_row_per_replicate_beside_extractions_own(two_patients):
    table = perturb(two_patients.cohort(), QUICK, perturbations=["volume+rotation", "N"], repeats=3)
    names = ["none"] + [f"{chain}-0{n}" for chain in ("rotation+volume", "noise") for n in (1, 2, 3)]
    assert table["perturbation"].tolist() == names * 3
    assert table[[*KEYS[:1], "lesion_id"]].drop_duplicates().to_numpy().tolist() == [
        ["P1", "1"],
        ["P1", "2"],
        ["P2", "1"],
    ]
    alone = extract(two_patients.cohort(), QUICK)
    assert table.columns.tolist() == [*KEYS, "perturbation", *alone.columns[len(KEYS) :]]
    none = table[table["perturbation"] == "none"].drop(columns="perturbation").reset_index(drop=True)
    assert_frame_equal(none, alone, check_exact=True)
    assert (table["status"] == "ok").all()
    assert table[feature_columns(table)].notna().all(axis=None)
    # Every replicate differs from every other.
    assert table.drop_duplicates(feature_columns(table)).shape == table.shape
    assert not table.duplicated([*KEYS, MEAN]).any()


def test_provenance_says_what_was_done(two_patients, tmp_path):
    found = [perturb(two_patients.cohort(), QUICK, perturbations=["V"], repeats=2, cache=tmp_path / "c") for _ in "ab"]
    origin = found[0].attrs["radnec"]
    assert json.loads(json.dumps(origin)) == origin
    assert origin["kind"] == "replicates"
    assert origin["extraction_digest"] == QUICK.digest()
    assert origin["counts"]["rows"] == 9
    assert origin["perturbation"] == {
        "chains": ["volume"],
        "repeats": 2,
        "strength": Strength().model_dump(mode="json"),
        "random_state": 0,
        "cache": {"hits": 0, "misses": 12},
    }
    assert found[1].attrs["radnec"]["perturbation"]["cache"] == {"hits": 12, "misses": 0}
    assert_frame_equal(*found, check_exact=True)
    other = perturb(
        two_patients.cohort(), QUICK, perturbations=["V"], repeats=2, cache=tmp_path / "c", random_state=ONE
    )
    told = other.attrs["radnec"]["perturbation"]
    assert (json.loads(json.dumps(told))["random_state"], told["cache"]) == (1, {"hits": 0, "misses": 12})


FILTERS = {"Original": {}, "LoG": {"sigma": [1.0]}, "Wavelet": {}}
SETTINGS = {
    "filters": {"image_types": FILTERS},
    "pointwise": {"image_types": {"Square": {}, "Logarithm": {}, "Exponential": {}, "Gradient": {}}},
    "resampled": {"resampled_spacing_mm": (1.5, 1.5, 1.5), "image_types": FILTERS},
    "cropped": {"pre_crop": True, "image_types": FILTERS},
    "normalised": {"normalize": True, "normalize_scale": 100.0},
    "two-dimensional": {"force_2d": True, "image_types": {"Original": {}, "Wavelet": {}}},
    "two levels": {"image_types": {"Wavelet": {"level": 2, "wavelet": "db2"}}},
    "round": {"preset": "ibsi", "image_types": {"Wavelet": {"boundary": "periodic"}}},
    "round and resampled": {
        "preset": "ibsi",
        "resampled_spacing_mm": (1.5, 1.5, 1.5),
        "image_types": {"Wavelet": {"boundary": "periodic"}},
    },
}


@pytest.fixture
def at_the_edge(folder):
    """Return a folder with lesions at faces and corners of an image of odd and even sizes."""
    z, y, x = np.indices((33, 44, 51))
    noise = np.random.default_rng(3).normal(300, 60, z.shape) + 9.0 * z + 4.0 * x
    image = folder.write(sitk.GetImageFromArray(noise.astype(np.int16)), "image.nii.gz")
    for number, (k, j, i) in enumerate([(0, 20, 25), (32, 20, 25), (16, 43, 1), (16, 20, 49), (2, 1, 50)]):
        ball = (z - k) ** 2 + (y - j) ** 2 + (x - i) ** 2 < 16
        mask = folder.write(sitk.GetImageFromArray(ball.astype(np.uint8)), f"{number}.nii.gz")
        folder.add("P1", str(number), "T1wCE", image, mask)
    return folder


@pytest.mark.parametrize("where", ["two_patients", "at_the_edge"])
@pytest.mark.parametrize("kind", SETTINGS)
def test_perturbing_by_nothing_measures_what_extraction_measures(request, where, kind):
    cohort = request.getfixturevalue(where).cohort()
    classes = {"shape": ["VoxelVolume", "Sphericity"], "firstorder": ["Mean", "Variance"], "glcm": ["Contrast", "Idm"]}
    config = ExtractionConfig(feature_classes=classes, bin_width=20.0, **SETTINGS[kind])
    table = perturb(cohort, config, perturbations=["NTRV"], repeats=1, strength=STILL)
    features = feature_columns(table)
    assert len(features) >= 6
    for _, rows in table.groupby(KEYS):
        none, found = rows[features].to_numpy()
        np.testing.assert_allclose(found, none, rtol=1e-5, atol=1e-9)


@pytest.mark.slow
def test_the_outcome_depends_on_seed_and_key_alone(two_patients):
    cohort = two_patients.cohort()
    again = {"perturbations": ["NTRVC"], "repeats": 3}
    table = perturb(cohort, QUICK, **again)
    assert_frame_equal(table, perturb(cohort, QUICK, **again, n_jobs=2), check_exact=True)
    shuffled = cohort.sample(frac=1, random_state=3)[cohort.columns[::-1]]
    assert_frame_equal(table, perturb(shuffled, QUICK, **again)[table.columns], check_exact=True)
    alone = perturb(cohort[cohort["lesion_id"] == "2"], QUICK, **again)
    assert_frame_equal(alone, table[table["lesion_id"] == "2"].reset_index(drop=True), check_exact=True)
    fewer = perturb(cohort, QUICK, perturbations=["R", "NTRVC"], repeats=2)
    common = table["perturbation"].isin(fewer["perturbation"])
    kept = fewer["perturbation"].isin(table["perturbation"])
    assert_frame_equal(fewer[kept].reset_index(drop=True), table[common].reset_index(drop=True), check_exact=True)
    other = replicates_of(perturb(cohort, QUICK, **again, random_state=1))
    assert not np.isclose(other[MEAN], replicates_of(table)[MEAN], rtol=1e-9).any()


def test_all_sequences_of_a_lesion_are_perturbed_alike(two_patients):
    table = perturb(two_patients.cohort(), QUICK, perturbations=["TRVC"], repeats=3)
    volumes = table[[VOLUME, VOLUME.replace("T1wCE", "FLAIR")]].to_numpy()
    assert volumes[:, 0].tolist() == volumes[:, 1].tolist()
    assert (table.groupby(KEYS)[VOLUME].nunique() > 2).all()


def test_contours_follow_the_contrast_enhanced_image(folder):
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    for number, sequence in enumerate(("FLAIR", "T1wCE")):
        image = folder.write(folder.textured(number), f"{number}.nii.gz")
        folder.add("P1", "1", sequence, image, mask)
    cohort = folder.cohort()
    again = {"perturbations": ["C"], "repeats": 5}
    both, first, second = (perturb(rows, QUICK, **again) for rows in (cohort, cohort[1:], cohort[:1]))
    flair = VOLUME.replace("T1wCE", "FLAIR")
    assert both[flair].tolist() == both[VOLUME].tolist() == first[VOLUME].tolist()
    assert both[flair].tolist() != second[flair].tolist()


def test_the_same_image_as_two_sequences_has_the_same_replicates_but_not_the_same_noise(folder):
    mask = folder.write(folder.spheres(), "mask.nii.gz")
    image = folder.write(folder.textured(1), "image.nii.gz")
    for sequence in ("T1wCE", "T2w"):
        folder.add("P1", "1", sequence, image, mask)
    names = [MEAN, MEAN.replace("T1wCE", "T2w")]
    clean = replicates_of(perturb(folder.cohort(), QUICK, perturbations=["TRVC"], repeats=2))[names].to_numpy()
    noisy = replicates_of(perturb(folder.cohort(), QUICK, perturbations=["N"], repeats=2))[names].to_numpy()
    assert clean[:, 0].tolist() == clean[:, 1].tolist()
    assert (noisy[:, 0] != noisy[:, 1]).all()


def test_settings_of_a_sequence_hold_for_its_replicates(two_patients):
    config = ExtractionConfig(**{**QUICK.model_dump(), "by_sequence": {"FLAIR": {"resampled_spacing_mm": [3, 3, 3]}}})
    found = replicates_of(perturb(two_patients.cohort(), config, perturbations=["R"], repeats=1))
    for sequence, voxel in (("T1wCE", 2), ("FLAIR", 27)):
        volumes = found[VOLUME.replace("T1wCE", sequence)] / voxel
        assert np.allclose(volumes, volumes.round(), rtol=1e-9), sequence


def broken_third_patient(folder):
    empty = folder.write(folder.spheres() * 0, "empty.nii.gz")
    image = folder.write(folder.textured(9), "third.nii.gz")
    folder.add("P3", "1", "T1wCE", image, empty)
    folder.add("P3", "1", "FLAIR", image, folder.write(folder.spheres(), "third_mask.nii.gz"))


def test_a_failure_is_a_row_with_its_reason(two_patients):
    whole = perturb(two_patients.cohort(), QUICK, perturbations=["RVC"], repeats=2)
    broken_third_patient(two_patients)
    with pytest.warns(ExtractionWarning, match="1 of 4 rows failed"):
        table = perturb(two_patients.cohort(), QUICK, perturbations=["RVC"], repeats=2)
    failed = table[table["patient_id"] == "P3"]
    assert failed["status"].tolist() == ["failed"] * 3
    assert failed["error"].str.match("lesion P3/1/1, T1wCE: .*is empty").all()
    assert failed[MEAN].isna().all()
    assert failed[MEAN.replace("T1wCE", "FLAIR")].notna().all()
    assert_frame_equal(table.iloc[: len(whole)], whole, check_exact=True)
    with pytest.raises(MaskError, match="lesion P3/1/1, T1wCE"):
        perturb(two_patients.cohort(), QUICK, perturbations=["V"], repeats=1, on_error="raise")


def test_only_the_replicates_that_cannot_be_made_fail(folder):
    image = sitk.Cast(folder.textured(1), sitk.sitkFloat32)
    image[7, 8, 11] = np.nan
    mask = folder.write(folder.spheres(), "mask.nrrd")
    folder.add("P1", "1", "T1wCE", folder.write(image, "image.nrrd"), mask)
    with pytest.warns(ExtractionWarning, match="2 of 5 replicates failed.*lesion P1/1/1, T1wCE: voxels near"):
        table = perturb(folder.cohort(), QUICK, perturbations=["V", "R"], repeats=2)
    assert table["status"].tolist() == ["ok"] * 3 + ["failed"] * 2


@pytest.mark.parametrize("chain", ["N", "T", "R", "V", "C", "NTRVC"])
def test_flat_and_tiny_lesions_give_values_or_reasons(folder, chain):
    flat = folder.write(folder.textured(1) * 0 + 7, "flat.nii.gz")
    folder.add("P1", "1", "T1wCE", flat, folder.write(folder.spheres(), "mask.nii.gz"))
    dot = sitk.Image(folder.spheres()) * 0
    dot[10, 11, 5] = dot[11, 11, 5] = dot[10, 12, 5] = 1
    folder.add("P2", "1", "T1wCE", folder.write(folder.textured(2), "i.nii.gz"), folder.write(dot, "dot.nii.gz"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExtractionWarning)
        table = perturb(folder.cohort(), QUICK, perturbations=[chain], repeats=4)
    first = table[table["patient_id"] == "P1"]
    assert (first["status"] == "ok").all()
    assert first[MEAN].tolist() == pytest.approx([7] * 5, rel=1e-9)
    tiny = table[table["patient_id"] == "P2"]
    assert ((tiny["status"] == "ok") == tiny[MEAN].notna()).all()
    assert tiny.loc[tiny["status"] == "failed", "error"].str.startswith("lesion P2/1/1, T1wCE: ").all()


def spheres_of_many_sizes(folder, radii):
    """Add one lesion a patient: a sphere of nothing but noise."""
    z, y, x = np.indices((41, 41, 41)) - 20
    for number, radius in enumerate(radii):
        noise = np.random.default_rng(number).normal(500, 50, x.shape).astype(np.float32)
        marks = (x**2 + y**2 + z**2 <= radius**2).astype(np.uint8)
        files = [folder.write(sitk.GetImageFromArray(one), f"{number}_{kind}.nii.gz") for one, kind in
                 ((noise, "image"), (marks, "mask"))]  # fmt: skip
        folder.add(f"P{number:02d}", "1", "T1wCE", *files)


def test_volume_is_stable_and_the_texture_of_noise_is_not(folder):
    spheres_of_many_sizes(folder, np.linspace(6, 13, 10))
    config = ExtractionConfig(
        bin_width=20.0, feature_classes={"shape": ["VoxelVolume"], "firstorder": ["Skewness"], "glcm": ["Correlation"]}
    )
    table = perturb(folder.cohort(), config, perturbations=["NRV"], repeats=6)
    found = icc(table, subject=KEYS, rater="perturbation").query("type == 'ICC1'").set_index("feature")["icc"]
    assert found[VOLUME] > 0.9
    assert found["T1wCE_original_firstorder_Skewness"] < 0.5
    table_of_lesions = extract(folder.cohort(), config)
    chosen = StableFeatures(replicates=table, unknown="drop")
    columns = ["patient_id", *feature_columns(table_of_lesions)]
    assert VOLUME in chosen.fit_transform(table_of_lesions[columns]).columns
    assert "T1wCE_original_firstorder_Skewness" not in chosen.get_feature_names_out()


@pytest.mark.parametrize(
    "wrong",
    [
        {"perturbations": ["Q"]},
        {"repeats": 0},
        {"config": {"bin_width": 5}},
        {"on_error": "ignore"},
        {"strength": {"rotation_deg": 3}},
        {"random_state": None},
        {"random_state": np.random.default_rng(0)},
        {"random_state": 1.0},
        {"config": ExtractionConfig(preset="ibsi", resampled_spacing_mm=(1, 1, 1), image_types={"Square": {}})},
    ],
)
def test_wrong_use_is_refused_before_any_image_is_read(two_patients, wrong):
    with pytest.raises(ConfigError, match=r"expected|known"):
        perturb(two_patients.cohort().assign(image_path="nowhere.nii"), **wrong)


def test_what_nobody_foresaw_in_one_lesion_loses_no_other(two_patients, monkeypatch):
    measure = session.replicate_features

    def odd(image, mask, config, crop):
        if crop.place.voxels < 150:
            raise TypeError("odd")
        return measure(image, mask, config, crop)

    monkeypatch.setattr(session, "replicate_features", odd)
    with pytest.warns(ExtractionWarning, match="1 of 6 replicates failed"):
        table = perturb(two_patients.cohort(), QUICK, perturbations=["V"], repeats=1)
    failed = table[table["status"] == "failed"]
    assert failed[["lesion_id", "perturbation"]].to_numpy().tolist() == [["2", "volume-01"]]
    assert "TypeError: odd (not foreseen by radnec" in failed["error"].iloc[0]
    assert table.loc[table["status"] == "ok", MEAN].notna().all()
