"""Columns that tell the outcome too well are named; chance is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.evaluation.duplicates import duplicate_columns
from radnec.evaluation.guard import leak_flags, remarks
from radnec.evaluation.names import outcome_in_name


@pytest.fixture
def y() -> np.ndarray:
    return np.arange(60) < 18


@pytest.mark.parametrize(
    "column",
    [
        lambda y: y.astype(float),
        lambda y: -3.0 * y + np.linspace(0, 1, 60),
        lambda y: np.where(y, "dead tissue", "tumour"),
        lambda y: np.where(np.arange(60) % 7 == 0, np.nan, y),
        lambda y: np.where(y, "b", np.where(np.arange(60) % 2, "a", "c")),
        lambda y: np.where(y, 1, np.where(np.arange(60) % 2, 0, 2)),
    ],
    ids=["copy", "reversed and noisy", "text", "with gaps", "text of three levels", "numbers of three levels"],
)
def test_a_column_that_tells_the_outcome_is_named(y, column):
    X = pd.DataFrame({"honest": np.random.default_rng(0).normal(size=60), "leak": column(y)})
    assert leak_flags(X, y, ["honest", "leak"]).column.tolist() == ["leak"]


def test_a_strong_but_honest_feature_is_not_flagged(y):
    X = pd.DataFrame({"strong": np.random.default_rng(0).normal(size=60) + 1.5 * y})
    assert leak_flags(X, y, ["strong"]).empty


def test_perfect_separation_of_a_handful_by_one_of_many_columns_is_chance():
    y = np.array([True, True, True, False, False, False, False])
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(7, 3000)), columns=[f"f{i}" for i in range(3000)])
    separating = [name for name in X if X[name][y].min() > X[name][~y].max()]
    assert separating
    assert leak_flags(X, y, list(X)).empty


def test_a_copy_is_a_copy_even_in_small_tables_with_many_columns():
    y = np.arange(16) < 8
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(16, 100)), columns=[f"f{i}" for i in range(100)])
    assert leak_flags(X.assign(copy=y.astype(int)), y, [*X, "copy"]).column.tolist() == ["copy"]


@pytest.mark.parametrize(
    ("column", "label", "suspect"),
    [
        ("mIfPD", "statusIfPD", True),
        ("mOfPD", "statusOfPD", True),
        ("Time to First Progression (Days)", "Target", True),
        ("delta_days", "label", True),
        ("OS.months", "label", True),
        ("followup_length", "Target", True),
        ("dateOfDeath", "Target", True),
        ("age", "label", False),
        ("dose_gy", "status", False),
        ("Position", "Target", False),
        ("osmolality", "Target", False),
        ("months_since_rt", "label", False),
        ("wavelet-LLH_glcm_Contrast", "wavelet-LLH", False),
    ],
)
def test_a_column_named_like_the_outcome_or_its_time_is_named(column, label, suspect):
    y = np.arange(60) < 18
    X = pd.DataFrame({column: np.random.default_rng(0).normal(size=60)})
    found = leak_flags(X, y, [column], label=label)
    assert found["code"].tolist() == ["named_like_outcome"] * suspect


@pytest.fixture
def X():
    rng = np.random.default_rng(1)
    names = ["T1wCE_original_shape_VoxelVolume", "T1wCE_original_glcm_Contrast", "age_years"]
    return pd.DataFrame(rng.normal(50, 9, size=(60, 3)), columns=names)


@pytest.mark.parametrize(
    "copied",
    [
        lambda x: x,
        lambda x: x / 1000,
        lambda x: 32 - 1.8 * x,
        lambda x: (x * 1e4).round(1),
        lambda x: x.mask(x.index % 7 == 0),
        lambda x: x.astype(object),
        lambda x: x * 1e-9 + 1e-3,
    ],
    ids=["equal", "other unit", "reversed with offset", "rounded", "with gaps", "objects", "small"],
)
def test_a_dose_that_is_the_voxel_count_is_named(X, y, copied):
    volume = "T1wCE_original_shape_VoxelVolume"
    X.insert(0, "dose", copied(X[volume]))
    flags = leak_flags(X, y, list(X))
    assert flags.to_dict("records") == [
        {"column": "dose", "code": "repeats_column", "finding": f"is {volume} in another unit, or the same"}
    ]


def test_the_same_gaps_are_compared_and_different_ones_are_not(X):
    gaps = X["age_years"].mask(X.index % 7 == 0)
    assert duplicate_columns(X.assign(a=gaps, b=2 * gaps), ["a", "b"]) == {"b": "a"}
    other = X["age_years"].mask(X.index % 5 == 0)
    assert duplicate_columns(X.assign(a=gaps, b=other), ["a", "b"]) == {}


def test_categories_that_are_renamed_repeat_each_other(X):
    site = pd.Series(list("ABCAB" * 12))
    X = X.assign(site=site, centre=site.map({"A": "Lund", "B": "Ghent", "C": "Bergen"}), other=list("AABBC" * 12))
    assert duplicate_columns(X, ["site", "centre", "other"]) == {"centre": "site"}


def test_strong_correlation_is_no_repetition(X):
    noisy = X["age_years"] + 1e-3 * np.random.default_rng(0).normal(size=60)
    assert duplicate_columns(X.assign(noisy=noisy), [*X, "noisy"]) == {}


def test_rare_findings_that_coincide_are_chance():
    """Two of 30 indicators with one positive each coincide with a probability of about a half in 60 rows."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({f"c{i}": np.arange(60) == rng.integers(60) for i in range(30)})
    assert X.T.duplicated().any()
    assert duplicate_columns(X, list(X)) == {}


def test_a_sequence_measured_on_the_image_of_another_is_named_and_definitions_are_not(X):
    x = X["age_years"]
    table = pd.DataFrame(
        {
            "T1wCE_original_glcm_JointAverage": x,
            "T1wCE_original_glcm_SumAverage": 2 * x,
            "FLAIR_original_glcm_JointAverage": x,
            "T1wCE_original_shape_MeshVolume": 1 / x,
            "FLAIR_original_shape_MeshVolume": 1 / x,
        }
    )
    found = duplicate_columns(table, list(table))
    assert found == {"FLAIR_original_glcm_JointAverage": "T1wCE_original_glcm_JointAverage"}


@pytest.mark.parametrize(
    ("column", "finding"),
    [(3.0, "is 3.0 in every row"), ("glioma", "is glioma in every row"), (np.nan, "is empty")],
)
def test_a_constant_column_is_named(X, y, column, finding):
    flags = leak_flags(X.assign(flat=column), y, [*X, "flat"])
    assert flags.to_dict("records") == [{"column": "flat", "code": "constant", "finding": finding}]


def test_remarks_count_and_shorten(X, y):
    X = X.assign(**{f"flat{i}": 1 for i in range(7)})
    (sentence,) = remarks(leak_flags(X, y, list(X)))
    assert sentence.startswith("7 columns teach nothing: flat0 is 1 in every row; ")
    assert sentence.endswith("; and 2 more.")


def test_many_columns_are_compared_at_once():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 1200)), columns=[f"f{i}" for i in range(1200)])
    X["f1100"] = 5 - X["f3"]
    assert duplicate_columns(X, list(X)) == {"f1100": "f3"}


def test_a_time_to_peak_is_no_time_to_progression() -> None:
    assert outcome_in_name("index_TTP_min", "label") == outcome_in_name("delta_index_TTP_min", "label") == ""
    assert "'ttp'" in outcome_in_name("TTP_months", "label")


@pytest.fixture
def twins() -> pd.DataFrame:
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 6)), columns=list("abcdef"))
    return rows.assign(ID=[f"P{i // 2:02}" for i in range(40)])


def test_a_patient_under_two_names_is_named(twins, y):
    both = pd.concat([twins, twins.head(2).assign(ID="Q")], ignore_index=True)
    flags = leak_flags(both, np.resize(y, 42), list("abcdef"), patient="ID")
    assert flags[["column", "code"]].to_numpy().tolist() == [["ID", "patient_twice"]]
    assert "'P00' and 'Q'" in flags["finding"].item()
    assert "may put a patient on both sides of a fold" in remarks(flags)[0]
    rounded = pd.concat([twins, twins.head(2).round(7).assign(ID="Q")], ignore_index=True)
    assert leak_flags(rounded, np.resize(y, 42), list("abcdef"), patient="ID")["code"].tolist() == ["patient_twice"]
    assert leak_flags(twins, y[:40], list("abcdef"), patient="ID").empty


def test_a_lesion_counted_twice_is_a_remark(twins, y):
    both = pd.concat([twins, twins.head(3)], ignore_index=True)
    flags = leak_flags(both, np.resize(y, 43), list("abcdef"), patient="ID")
    assert flags["code"].tolist() == ["repeats_row"]
    assert "has 3 rows that equal earlier ones" in remarks(flags)[0]


def test_values_that_lesions_of_a_patient_share_are_no_copy(twins, y):
    shared = twins.assign(**{name: twins.groupby("ID")[name].transform("first") for name in "abcde"}, stage=[1, 2] * 20)
    assert leak_flags(shared, y[:40], [*"abcde", "stage"], patient="ID").empty
    few = twins.assign(a=0.5, b=0.5)[["ID", "a", "b"]]
    assert "patient_twice" not in set(leak_flags(few, y[:40], ["a", "b"], patient="ID")["code"])


def test_honest_tables_of_few_or_coarse_numbers_have_no_copies(y):
    rng = np.random.default_rng(1)
    names = list("abcdefgh")
    base = rng.normal(2, 0.5, size=(200, 1))
    shares = np.vstack([rng.dirichlet([1, 1, 1], size=180), np.tile([1.0, 0.0, 0.0], (20, 1))])
    tables = {
        "one decimal, correlated": (base + 0.1 * rng.normal(size=(200, 8))).round(1),
        "standardised flags": (rng.integers(0, 2, size=(200, 8)) - 0.37) / 0.61,
        "clipped at 0": np.maximum(rng.normal(-1.5, 1, size=(200, 8)), 0),
        "shares": shares[:, [0, 1, 2, 0, 1, 2, 0, 1]],
    }
    for values in tables.values():
        X = pd.DataFrame(values, columns=names).assign(ID=[f"P{i}" for i in range(200)])
        assert "patient_twice" not in set(leak_flags(X, np.resize(y, 200), names, patient="ID")["code"])
