"""Regions that the settings name: columns, values, what a lesion lacks, cache, other lesions, clashes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from pandas.testing import assert_frame_equal

from radnec.cohort import read_cohort
from radnec.config import ExtractionConfig
from radnec.config.region_presets import PRESETS
from radnec.config.regions import Rim
from radnec.errors import (
    AbsentLabelError,
    CohortError,
    ConfigError,
    ExtractionWarning,
    MaskError,
    ReadError,
    TableError,
)
from radnec.features.columns import acquisitions, feature_columns, parse
from radnec.features.engine import measure_region
from radnec.features.extract import extract
from radnec.features.source import measured
from radnec.features.stream import extract_to
from radnec.features.table import read_table
from radnec.imaging.regions.distance import core, rim, shell
from radnec.imaging.regions.mirror import contralateral
from radnec.imaging.regions.symmetry import midsagittal_plane

# Their voxels of 1 × 1 × 2 mm are large for some depths.
pytestmark = pytest.mark.filterwarnings("ignore:.* voxels deep:radnec.errors.ExtractionWarning")

SOME = {"firstorder": ["Mean"], "shape": ["VoxelVolume"]}
DISTANCES = {
    "rim": {"depth_mm": 2.0},
    "core": {"depth_mm": 2.0},
    "near": {"kind": "shell", "outer_mm": 4.0},
}
VOLUME, MEAN = "original_shape_VoxelVolume", "original_firstorder_Mean"


def settings(regions, **more):
    return ExtractionConfig(feature_classes=SOME, regions=regions, **more)


def divided(folder, values, lesion="1", **more):
    """Add a lesion whose mask file divides it, along x, into labels."""
    image = folder.write(folder.textured(3), f"divided{lesion}.nii.gz")
    labels = np.zeros((12, 22, 24), np.uint8)
    for place, value in enumerate(values):
        labels[3:9, 6:14, 6 + 4 * place : 10 + 4 * place] = value
    mask = sitk.GetImageFromArray(labels)
    mask.SetSpacing((1.0, 1.0, 2.0))
    folder.add("P1", lesion, "T1wCE", image, folder.write(mask, f"seg{lesion}.nii.gz"), **more)
    return labels


def test_columns_name_the_region_and_hold_the_engines_values(two_patients):
    config = settings(DISTANCES)
    table = extract(two_patients.cohort(), config)
    assert list(acquisitions(table.columns)) == [
        *("FLAIR", "FLAIR-core", "FLAIR-near", "FLAIR-rim", "T1wCE", "T1wCE-core", "T1wCE-near", "T1wCE-rim")
    ]
    assert parse("T1wCE-rim_original_shape_VoxelVolume").region == "rim"
    assert len(table) == 3
    assert (table["status"] == "ok").all()
    row = two_patients.rows[0]
    image, labels = sitk.ReadImage(row["image_path"]), sitk.ReadImage(row["mask_path"])
    lesion = labels == 1
    for name, mask in {"rim": rim(lesion, 2.0), "core": core(lesion, 2.0), "near": shell(lesion, 4.0)}.items():
        expected = measure_region(image, mask, config)
        assert {key: table.loc[0, f"T1wCE-{name}_{key}"] for key in expected} == expected
    parts = table[f"T1wCE-rim_{VOLUME}"] + table[f"T1wCE-core_{VOLUME}"]
    assert parts.to_numpy() == pytest.approx(table[f"T1wCE_{VOLUME}"].to_numpy())


def test_the_whole_lesion_and_its_values_are_as_without_regions(two_patients):
    plain = extract(two_patients.cohort(), settings({}))
    beside = extract(two_patients.cohort(), settings(DISTANCES))
    assert_frame_equal(beside[plain.columns.to_list()], plain, check_exact=True)
    without = extract(two_patients.cohort(), settings(DISTANCES, whole_lesion=False))
    assert_frame_equal(without, beside.drop(columns=feature_columns(plain)), check_exact=True)


def test_order_and_files_of_the_table_do_not_depend_on_how_it_is_made(two_patients, tmp_path):
    config = settings(DISTANCES)
    table = extract(two_patients.cohort(), config)
    shuffled = two_patients.cohort().sample(frac=1, random_state=1)
    assert_frame_equal(extract(shuffled, config), table)
    assert_frame_equal(read_table(extract_to(shuffled, tmp_path / "t.parquet", config)), table)


@pytest.mark.slow
def test_jobs_change_nothing(two_patients):
    config = settings(DISTANCES)
    assert_frame_equal(extract(two_patients.cohort(), config, n_jobs=2), extract(two_patients.cohort(), config))


def test_pyradiomics_agrees_with_the_values_of_regions(two_patients):
    pytest.importorskip("radiomics")
    config = ExtractionConfig(regions=DISTANCES)
    extract(two_patients.cohort(), config, verify=100)


def test_settings_differ_between_sequences(two_patients):
    config = settings({}, by_sequence={"FLAIR": {"regions": {"near": DISTANCES["near"]}}})
    table = extract(two_patients.cohort(), config)
    assert list(acquisitions(table.columns)) == ["FLAIR", "FLAIR-near", "T1wCE"]


def test_what_a_lesion_lacks_is_said_and_the_lesion_is_kept(two_patients):
    config = settings({"deep": {"kind": "core", "depth_mm": 3.8}})
    table = extract(two_patients.cohort(), config)
    small, large = table.loc[1], table.loc[0]
    assert (table["status"] == "ok").all()
    assert large["error"] == ""
    assert small["error"].startswith(
        "lesion P1/1/2, FLAIR-deep: core below 3.8 mm: the lesion is nowhere deeper than 3."
    )
    assert np.isnan(small[f"T1wCE-deep_{VOLUME}"])
    assert small[f"T1wCE_{VOLUME}"] > 0
    assert table.attrs["radnec"]["absent"] == {"FLAIR-deep": 1, "T1wCE-deep": 1}
    assert table.attrs["radnec"]["counts"]["failed"] == 0
    assert_frame_equal(extract(two_patients.cohort(), config, on_error="raise"), table)


def test_a_region_too_small_to_measure_is_lacking_as_well(two_patients):
    config = settings({"deep": {"kind": "core", "depth_mm": 3.4}}, minimum_roi_size=60)
    table = extract(two_patients.cohort(), config)
    assert (table["status"] == "ok").all()
    assert "T1wCE-deep" in table.loc[1, "error"]


def test_a_lesion_of_which_nothing_is_measured_has_failed(two_patients):
    config = settings({"deep": {"kind": "core", "depth_mm": 3.8}}, whole_lesion=False)
    with pytest.warns(ExtractionWarning, match="1 of 3 rows failed"):
        table = extract(two_patients.cohort(), config)
    assert table["status"].tolist() == ["ok", "failed", "ok"]


def test_files_that_cannot_be_read_fail_as_ever(two_patients):
    two_patients.rows[0]["image_path"] += "x"
    with pytest.warns(ExtractionWarning, match="rows failed"):
        table = extract(two_patients.cohort(), settings(DISTANCES))
    assert table.loc[0, "status"] == "failed"
    with pytest.raises(ReadError):
        extract(two_patients.cohort(), settings(DISTANCES), on_error="raise")


def test_a_new_region_leaves_the_others_in_the_cache(two_patients, tmp_path):
    cohort, cache = two_patients.cohort(), tmp_path / "cache"
    extract(cohort, settings({}), cache=cache)
    some = extract(cohort, settings({"rim": DISTANCES["rim"]}), cache=cache)
    assert some.attrs["radnec"]["cache"] == {"hits": 6, "misses": 6}
    again = extract(cohort, settings({"edge": Rim(depth_mm=2.0)}), cache=cache)
    assert again.attrs["radnec"]["cache"] == {"hits": 12, "misses": 0}
    assert again[f"T1wCE-edge_{MEAN}"].tolist() == some[f"T1wCE-rim_{MEAN}"].tolist()
    thicker = extract(cohort, settings({"rim": {"depth_mm": 2.5}}), cache=cache)
    assert thicker.attrs["radnec"]["cache"] == {"hits": 6, "misses": 6}
    assert thicker.loc[0, f"T1wCE-rim_{VOLUME}"] > some.loc[0, f"T1wCE-rim_{VOLUME}"]


def test_a_shell_holds_no_other_lesion_when_asked(two_patients):
    reach = {"kind": "shell", "outer_mm": 9.0}
    config = settings({"all": reach, "free": {**reach, "exclude_lesions": True}})
    table = extract(two_patients.cohort(), config)
    row = two_patients.rows[0]
    labels = sitk.ReadImage(row["mask_path"])
    around = sitk.GetArrayFromImage(shell(labels == 1, 9.0)) != 0
    inside = around & (sitk.GetArrayFromImage(labels) == 2)
    assert inside.any()
    lost = table.loc[0, f"T1wCE-all_{VOLUME}"] - table.loc[0, f"T1wCE-free_{VOLUME}"]
    assert lost == pytest.approx(2 * inside.sum())
    # The second patient's cohort holds one lesion on the same mask, so there is no other.
    assert table.loc[2, f"T1wCE-all_{VOLUME}"] == table.loc[2, f"T1wCE-free_{VOLUME}"]


def test_a_lesion_drawn_on_another_sequence_of_the_same_grid_is_left_out_as_well(two_patients):
    first, second = two_patients.rows[0], two_patients.rows[3]
    assert (first["sequence"], second["sequence"], second["lesion_id"]) == ("T1wCE", "FLAIR", "2")
    config = settings({"free": {"kind": "shell", "outer_mm": 9.0, "exclude_lesions": True}})
    table = extract(two_patients.cohort().iloc[[0, 3]], config)
    both = extract(two_patients.cohort(), config)
    name = f"T1wCE-free_{VOLUME}"
    assert table.loc[0, name] == both.loc[0, name] < extract(two_patients.cohort()[:1], config).loc[0, name]


def test_shell_mirror_and_reference_are_cut_by_the_brain(head):
    config = settings(
        {
            "near": {"kind": "shell", "outer_mm": 20.0},
            "mirror": {},
            "nawm": {"kind": "reference", "source": "mask"},
            "other-side": {"kind": "reference", "source": "mirror"},
        }
    )
    table = extract(head.cohort(), config).loc[0]
    row = head.rows[0]
    image, lesion, brain = (sitk.ReadImage(row[f"{one}_path"]) for one in ("image", "mask", "brain_mask"))
    expected = contralateral(lesion, midsagittal_plane(image), brain=brain)
    assert table[f"T1wCE-mirror_{VOLUME}"] == 12 * sitk.GetArrayFromImage(expected).sum()
    assert table[f"T1wCE-mirror_{MEAN}"] == pytest.approx(400, abs=10)
    assert table[f"T1wCE_{MEAN}"] == pytest.approx(700, abs=10)
    assert table[f"T1wCE-other-side_{MEAN}"] == table[f"T1wCE-mirror_{MEAN}"]
    assert table[f"T1wCE-nawm_{VOLUME}"] == 12 * 4 * 4 * 6
    cut = shell(lesion, 20.0, brain=brain)
    assert table[f"T1wCE-near_{VOLUME}"] == 12 * sitk.GetArrayFromImage(cut).sum()
    uncut = extract(head.cohort().drop(columns="brain_mask_path"), config).loc[0]
    assert uncut[f"T1wCE-near_{VOLUME}"] > table[f"T1wCE-near_{VOLUME}"]


def test_no_symmetry_and_no_mask_are_reasons(two_patients):
    config = settings({"mirror": {}, "nawm": {"kind": "reference", "source": "mask"}})
    table = extract(two_patients.cohort(), config)
    assert (table["status"] == "ok").all()
    assert "T1wCE-mirror: " in table.loc[0, "error"]
    assert "T1wCE-nawm: the row has no reference mask; fill the column reference_mask_path" in table.loc[0, "error"]


def test_sub_regions_by_labels(folder):
    labels = divided(folder, [1, 2, 3])
    table = extract(read_cohort(folder.cohort()), settings("brats-2023")).loc[0]
    for name, values in {"": [1, 3], "-necrotic": [1], "-oedema": [2], "-enhancing": [3]}.items():
        assert table[f"T1wCE{name}_{VOLUME}"] == 2 * np.isin(labels, values).sum()


def test_rims_are_of_the_lesion_that_the_labels_define(folder):
    divided(folder, [1, 2, 3])
    lesion = {"lesion": {"kind": "labels", "values": [1, 3]}}
    parts = {name: {"kind": name, "depth_mm": 1.0} for name in ("rim", "core")}
    table = extract(folder.cohort(), settings({**lesion, **parts})).loc[0]
    both = table[f"T1wCE-rim_{VOLUME}"] + table[f"T1wCE-core_{VOLUME}"]
    assert both == table[f"T1wCE_{VOLUME}"]


def test_a_sub_region_may_be_absent_but_not_the_lesion(folder):
    divided(folder, [2, 3])
    table = extract(folder.cohort(), settings("brats-2023"))
    assert table.loc[0, "status"] == "ok"
    assert table.loc[0, "error"].endswith("T1wCE-necrotic: mask seg1.nii.gz has no label 1; it holds labels 2, 3")
    folder.rows.clear()
    divided(folder, [2])
    with pytest.raises(AbsentLabelError, match="lesion P1/1/1, T1wCE: none of 1, 3 is there"):
        extract(folder.cohort(), settings("brats-2023"), on_error="raise")


@pytest.mark.parametrize(
    ("preset", "held", "told"),
    [
        ("brats-2021", [1, 2, 3], "holds label 3, .*'brats-2021' does not know .*those of 'brats-2023', 'brats-2024'"),
        ("brats-2023", [1, 2, 4], "holds label 4, .*'brats-2023' does not know .*those of 'brats-2021', 'brats-2024'"),
        ("brats-2024", [1, 5], "holds label 5, .*No preset knows them all"),
    ],
)
def test_labels_of_another_release_are_refused(folder, preset, held, told):
    divided(folder, held)
    with pytest.raises(MaskError, match=f"lesion P1/1/1, T1wCE: mask seg1.nii.gz: it {told}"):
        extract(folder.cohort(), settings(preset), on_error="raise")


def test_a_cohort_without_enhancing_tumour_may_be_of_another_release(folder):
    """Labels 1, 2, 4 are all of 2021, and all of 2024 but the enhancing tumour."""
    labels = divided(folder, [1, 2, 4])
    told = r"no mask \(1 file\) holds label 3, the enhancing tumour of regions='brats-2024'.*it is 4 in 'brats-2021'"
    with pytest.warns(ExtractionWarning, match=told):
        extract(folder.cohort(), settings("brats-2024"))
    right = extract(folder.cohort(), settings("brats-2021")).loc[0]
    assert right[f"T1wCE_{VOLUME}"] == 2 * np.isin(labels, [1, 4]).sum()
    # One mask with a 3 shows that the release is that of the preset.
    divided(folder, [1, 3], lesion="2")
    assert extract(folder.cohort(), settings("brats-2024"))["status"].tolist() == ["ok", "ok"]


def test_one_mask_of_another_release_makes_all_doubtful(folder):
    """Of two masks of 2024, one lacks enhancing tumour: its cavity, 4, would be the enhancing tumour of 2021."""
    divided(folder, [1, 2, 4])
    divided(folder, [1, 2, 3, 4], lesion="2")
    told = "1 mask file with labels of another preset than regions='brats-2021'"
    with pytest.warns(ExtractionWarning, match=told), pytest.warns(ExtractionWarning, match="1 of 2 rows failed"):
        table = extract(folder.cohort(), settings("brats-2021"))
    assert table["status"].tolist() == ["ok", "failed"]


def test_labels_of_a_rule_beside_the_preset_are_known(folder):
    labels = divided(folder, [1, 2, 3, 5])
    rules = {**PRESETS["brats-2023"], "vessel": {"kind": "labels", "values": [5]}}
    table = extract(folder.cohort(), settings(rules)).loc[0]
    assert table["status"] == "ok"
    assert table[f"T1wCE-vessel_{VOLUME}"] == 2 * (labels == 5).sum()


def test_labels_that_settings_define_may_be_some_of_the_files(folder):
    labels = divided(folder, [1, 3, 7])
    table = extract(folder.cohort(), settings({"lesion": {"kind": "labels", "values": [1, 3]}})).loc[0]
    assert table[f"T1wCE_{VOLUME}"] == 2 * np.isin(labels, [1, 3]).sum()


def test_sub_regions_of_a_file_with_several_lesions_are_refused(two_patients):
    with pytest.raises(CohortError, match="a mask file for each lesion, because the settings take sub-regions"):
        extract(two_patients.cohort(), settings({"necrotic": {"kind": "labels", "values": [1]}}))


def test_a_mask_label_beside_the_lesions_labels_is_refused(folder):
    divided(folder, [1, 3], mask_label=3)
    with pytest.raises(CohortError, match="row 0, mask_label: found 3; expected no label"):
        extract(folder.cohort(), settings("brats-2023"))


def test_rows_of_their_own_regions_stand_beside_those_that_are_made(two_patients):
    first = two_patients.rows[0]
    two_patients.rows.append({**first, "region": "drawn"})
    table = extract(two_patients.cohort(), settings(DISTANCES))
    assert list(acquisitions(table.columns))[4:] == [*("T1wCE", "T1wCE-core", "T1wCE-drawn", "T1wCE-near", "T1wCE-rim")]
    two_patients.rows[-1]["region"] = "rim"
    with pytest.raises(CohortError, match="row 6, region: found T1wCE-rim, which the settings make as well"):
        extract(two_patients.cohort(), settings(DISTANCES))


def test_regions_that_no_row_can_give_are_refused_with_the_way_out(folder):
    labels = divided(folder, [1, 2, 3])
    row = folder.rows.pop()
    folder.rows += [{**row, "region": name, "mask_label": k} for k, name in ((1, "necrotic"), (2, "oedema"))]
    with pytest.raises(CohortError, match="enhancing, lesion, necrotic, oedema of the settings' regions") as refused:
        extract(folder.cohort(), settings("brats-2023"))
    assert '.drop_duplicates(["patient_id", "session_id", "lesion_id", "sequence"])' in str(refused.value)
    with pytest.raises(CohortError, match="near of the settings' regions would be made of no row"):
        extract(folder.cohort(), settings({}, by_sequence={"T1wCE": {"regions": {"near": DISTANCES["near"]}}}))
    whole = folder.cohort().drop(columns=["region", "mask_label"])
    whole = whole.drop_duplicates(["patient_id", "session_id", "lesion_id", "sequence"])
    table = extract(whole, settings("brats-2023")).loc[0]
    assert table[f"T1wCE_{VOLUME}"] == 2 * np.isin(labels, [1, 3]).sum()


def test_a_model_finds_its_regions_in_a_cohort_file(two_patients, tmp_path):
    file = tmp_path / "cohort.csv"
    two_patients.cohort().query("patient_id == 'P1'").assign(label_source="pet").to_csv(file, index=False)
    table = measured(file, settings(DISTANCES), needed=[f"T1wCE-rim_{MEAN}"])
    assert f"T1wCE-rim_{MEAN}" in table
    with pytest.raises(TableError, match="no lesion has T1wCE-rim, which the model reads"):
        measured(file, settings({}), needed=[f"T1wCE-rim_{MEAN}"])


def test_digests_are_those_of_before_regions_came():
    """A model file that was saved before keeps its digest."""
    digest = "f01005d71ec6752fe027d519c7c4295f05e782b216abd78a37984f7f565cc483"
    assert ExtractionConfig().digest() == ExtractionConfig(regions={}, whole_lesion=True).digest() == digest
    one = settings({"rim": {"depth_mm": 2.0}})
    assert len({one.digest(), settings({}).digest(), settings({"rim": {"depth_mm": 3.0}}).digest()}) == 3
    assert one.digest() == settings({"rim": {"kind": "rim", "depth_mm": 2}}).digest()
    again = ExtractionConfig.from_text(one.to_yaml())
    assert again == one == one.for_sequence("FLAIR")
    assert again.digest() == one.digest()


@pytest.mark.parametrize(
    ("regions", "text"),
    [
        ({"rim": {"depth": 2}}, "rim: depth_mm: .* did you mean 'depth_mm'"),
        ({"a_b": {"kind": "rim", "depth_mm": 1}}, "a_b: a region's name is part of column names"),
        ({"pre-rim": {"kind": "rim", "depth_mm": 1}}, "and not delayed, pre, whole"),
        ({"edge": {"depth_mm": 1}}, "edge: no kind given; known: rim, core"),
        ({"edge": {"kind": "rimm"}}, "unknown kind 'rimm'; did you mean 'rim'"),
        ({"lesion": {"kind": "rim", "depth_mm": 1}}, "only label values may define"),
        ({"shell": {"inner_mm": 5, "outer_mm": 2}}, "inner_mm=5 is not below outer_mm=2"),
        ({"shell": {"outer_mm": float("inf")}}, "shell: outer_mm: found inf"),
        ({"enhancing": {"kind": "labels", "values": [0]}}, "0 is the background"),
        ({"nawm": {"kind": "reference"}}, "nawm: source"),
        ({"a": 1, "b": 2}, "a: found 1; .*; b: found 2"),
        ("brats", "unknown preset 'brats'; did you mean 'brats-20"),
        (5, "expected names with their kinds"),
    ],
)
def test_wrong_settings_are_explained(regions, text):
    with pytest.raises(ConfigError, match=text):
        ExtractionConfig(regions=regions)


def test_something_has_to_be_measured():
    for regions in ({}, {"lesion": {"kind": "labels", "values": [1]}}):
        with pytest.raises(ConfigError, match="whole_lesion=False leaves nothing to measure"):
            ExtractionConfig(whole_lesion=False, regions=regions)


def test_an_index_with_doubles_changes_nothing(two_patients):
    cohort = two_patients.cohort()
    doubled = pd.concat([cohort[:3], cohort[3:].set_axis([0, 1, 2])])
    assert_frame_equal(extract(doubled, settings(DISTANCES)), extract(cohort, settings(DISTANCES)))
