"""Simulated cohorts on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from radnec.cohort import read_cohort
from radnec.errors import ConfigError
from radnec.simulate import simulate_cohort
from radnec.simulate.truth import TRAITS, Truth


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def array(path: object) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def measure(table: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Return mean and SD inside the lesion, and the mean off its surface over that mean, of every row."""

    def row(values: Any) -> dict[str, float]:
        image, mask = array(root / values.image_path), array(root / values.mask_path) == values.mask_label
        depth = sitk.GetArrayFromImage(
            sitk.SignedMaurerDistanceMap(sitk.GetImageFromArray(mask.astype(np.uint8)), insideIsPositive=True)
        )
        inner = depth > 0
        inside = image[mask]
        return {"mean": inside.mean(), "sd": inside.std(), "inner": image[inner].mean() / inside.mean()}

    return pd.DataFrame([row(values) for values in table.itertuples()], index=table.index)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_cohort(tmp_path_factory.mktemp("cohort"), n_patients=3, random_state=3)


def test_equal_arguments_give_equal_bytes_whatever_the_number_of_jobs(cohort: Path, tmp_path: Path) -> None:
    again = simulate_cohort(tmp_path / "again", n_patients=3, random_state=3, n_jobs=2)
    assert digests(again.parent) == digests(cohort.parent)


def test_more_patients_and_fewer_sequences_leave_the_other_files_alone(cohort: Path, tmp_path: Path) -> None:
    part = simulate_cohort(tmp_path / "part", n_patients=2, random_state=3, sequences=("FLAIR",))
    files, whole = digests(part.parent), digests(cohort.parent)
    names = {path.name for path in part.parent.rglob("*.nii.gz")}
    assert names == {"FLAIR.nii.gz", "lesions.nii.gz", "brain.nii.gz"}
    assert all(files[name] == whole[name] for name in files if name != "cohort.csv")
    rows = pd.read_csv(cohort).query("sequence == 'FLAIR' and patient_id in ('P001', 'P002')")
    pd.testing.assert_frame_equal(pd.read_csv(part), rows.reset_index(drop=True), check_exact=True)


def test_another_seed_gives_another_cohort(cohort: Path, tmp_path: Path) -> None:
    other = simulate_cohort(tmp_path / "other", n_patients=1, random_state=4)
    files, whole = digests(other.parent), digests(cohort.parent)
    assert not any(files[name] == whole.get(name) for name in files)


@pytest.mark.filterwarnings("ignore::radnec.errors.CohortTip")
def test_read_cohort_accepts_it(cohort: Path) -> None:
    table = read_cohort(cohort)
    assert len(table) == len(pd.read_csv(cohort))
    assert Path(table["image_path"].iloc[0]).is_file()


def test_masks_lie_on_the_grid_of_their_images_inside_the_brain(cohort: Path) -> None:
    table = pd.read_csv(cohort)
    for row in table.itertuples():
        image, mask, brain = (
            sitk.ReadImage(str(cohort.parent / path)) for path in (row.image_path, row.mask_path, row.brain_mask_path)
        )
        for other in (mask, brain):
            assert other.GetSize() == image.GetSize()
            assert other.GetSpacing() == image.GetSpacing()
            assert other.GetOrigin() == image.GetOrigin()
            assert other.GetDirection() == image.GetDirection()
        lesion = mask == row.mask_label
        inside = sitk.GetArrayFromImage(lesion).astype(bool)
        assert inside.sum() >= 40
        assert sitk.GetArrayFromImage(sitk.ConnectedComponent(lesion)).max() == 1
        assert sitk.GetArrayFromImage(brain)[inside].all()
        assert image.GetPixelID() == (sitk.sitkFloat32 if row.sequence == "rCBV" else sitk.sitkInt16)
        values = sitk.GetArrayFromImage(image)
        assert np.isfinite(values).all()
        assert values.min() >= 0


def test_lesions_have_the_volume_of_the_truth_at_the_last_session(cohort: Path) -> None:
    truth = Truth(n_patients=3, random_state=3)
    table = pd.read_csv(cohort).query("sequence == 'T1wCE'")
    last = table.sort_values("session_day").drop_duplicates(["patient_id", "lesion_id"], keep="last")
    for row in last.itertuples():
        mask = sitk.ReadImage(str(cohort.parent / row.mask_path))
        voxel_ml = np.prod(mask.GetSpacing()) / 1000
        volume_ml = (sitk.GetArrayFromImage(mask) == row.mask_label).sum() * voxel_ml
        patient = truth.patient(int(row.patient_id[1:]) - 1)
        assert volume_ml == pytest.approx(patient.volume_ml[row.mask_label - 1], abs=voxel_ml)


def test_columns_agree_over_rows_and_dates_follow_each_other(cohort: Path) -> None:
    table = pd.read_csv(cohort, parse_dates=["rt_end_date", "session_date", "label_date"])
    assert table.groupby(["patient_id", "lesion_id"])[["label", "p_necrosis_true"]].nunique().eq(1).all(axis=None)
    assert table.groupby(["patient_id", "session_id"])["scanner_id"].nunique().eq(1).all()
    assert ((table["session_date"] - table["rt_end_date"]).dt.days == table["session_day"]).all()
    assert (table["label_date"] > table.groupby("patient_id")["session_date"].transform("max")).all()
    assert (table["followup_months"] >= 6).all()
    truth = Truth(n_patients=3, random_state=3)
    for row in table.itertuples():
        patient = truth.patient(int(row.patient_id[1:]) - 1)
        assert row.p_necrosis_true == pytest.approx(patient.p_necrosis[row.mask_label - 1], rel=1e-12)


def brain_medians(path: Path) -> pd.DataFrame:
    """Return per scanner the median white-matter-like intensity and the voxel volume."""
    sessions = pd.read_csv(path).drop_duplicates(["patient_id", "session_id"])
    rows = []
    for row in sessions.itertuples():
        image = sitk.ReadImage(str(path.parent / row.image_path))
        brain = array(path.parent / row.brain_mask_path) == 1
        median = np.median(sitk.GetArrayFromImage(image)[brain])
        rows.append((row.scanner_id, median, np.prod(image.GetSpacing())))
    frame = pd.DataFrame(rows, columns=["scanner", "median", "voxel"])
    return frame.groupby("scanner").mean()


def test_scanners_differ_in_gain_and_voxel_size_only_when_asked(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "n_patients": 4,
        "n_sites": 4,
        "sequences": ("T1wCE",),
        "sessions_per_patient": (1, 1),
    }
    alike = brain_medians(simulate_cohort(tmp_path / "alike", scanner_effect=0.0, **options))
    apart = brain_medians(simulate_cohort(tmp_path / "apart", scanner_effect=1.0, **options))
    assert alike["median"].max() / alike["median"].min() < 1.03
    assert apart["median"].max() / apart["median"].min() > 1.2
    assert len(set(alike["voxel"])) == 1
    assert len(set(apart["voxel"])) == 4


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Traits of 20 lesions, and what is measured of them on each sequence."""
    path = simulate_cohort(
        tmp_path_factory.mktemp("seen"),
        n_patients=20,
        effect=0.0,
        scanner_effect=0.0,
        sessions_per_patient=(1, 1),
        lesions_per_patient=(1, 1),
    )
    table = pd.read_csv(path)
    wide = pd.concat([table, measure(table, path.parent)], axis=1).pivot_table(
        index="patient_id", columns="sequence", values=["mean", "sd", "inner"]
    )
    wide.columns = [f"{sequence} {statistic}" for statistic, sequence in wide.columns]
    truth = Truth(n_patients=20, lesions_per_patient=(1, 1))
    traits = [truth.patient(number).traits[0] for number in range(20)]
    return wide.join(pd.DataFrame(traits, columns=TRAITS, index=wide.index))


@pytest.mark.parametrize(
    ("trait", "statistic", "sign"),
    [
        ("perfusion", "rCBV mean", 1),
        ("heterogeneity", "FLAIR sd", 1),
        ("core", "T1wCE inner", -1),
        ("oedema", "FLAIR mean", 1),
    ],
)
def test_traits_show_in_the_images(trait: str, statistic: str, sign: int, seen: pd.DataFrame) -> None:
    correlation = np.corrcoef(seen[trait], seen[statistic])[0, 1]
    # The 5 % critical value of a correlation of 20 pairs is 0.44.
    assert sign * correlation > 0.44


@pytest.mark.slow
def test_simple_statistics_of_the_images_predict_the_outcome(tmp_path: Path) -> None:
    path = simulate_cohort(tmp_path / "cohort", n_patients=60, sessions_per_patient=(1, 1), random_state=1)
    table = pd.read_csv(path)
    rows = pd.concat([table, measure(table, path.parent)], axis=1)
    X = rows.pivot_table(index=["patient_id", "lesion_id"], columns="sequence", values=["mean", "sd", "inner"])
    necrosis = (rows.groupby(["patient_id", "lesion_id"])["label"].first() == "necrosis").loc[X.index]
    p_necrosis = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1)),
        X.to_numpy(),
        necrosis.to_numpy(),
        groups=X.index.get_level_values("patient_id"),
        cv=GroupKFold(5),
        method="predict_proba",
    )[:, 1]
    assert roc_auc_score(necrosis, p_necrosis) > 0.65


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("mine")
    for place in (tmp_path, note):
        with pytest.raises(ConfigError, match="overwrites nothing"):
            simulate_cohort(place, n_patients=1)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sequences", ("T2w",)),
        ("sequences", ()),
        ("sequences", ("FLAIR", "FLAIR")),
        ("sessions_per_patient", (2, 1)),
        ("scanner_effect", -1.0),
        ("n_patients", 0),
        ("n_jobs", 0),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_written(name: str, value: object, tmp_path: Path) -> None:
    options: dict[str, Any] = {name: value}
    with pytest.raises(ConfigError, match=name):
        simulate_cohort(tmp_path / "cohort", **options)
    assert not (tmp_path / "cohort").exists()
