"""Intraclass correlations against R psych, a published example, and a plain loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f as f_distribution

from radnec.errors import ConfigError, RadnecError, TableError
from radnec.features.stability import ICC_TYPES, icc

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
STATISTICS = ["icc", "f", "low", "high"]


def long(*features, names=None):
    """Return a table of ratings, each feature given as (subjects, raters)."""
    n, k = np.shape(features[0])
    index = pd.MultiIndex.from_product([[f"S{i}" for i in range(n)], [f"R{j}" for j in range(k)]], names=["who", "by"])
    columns = names or [f"f{i}" for i in range(len(features))]
    values = np.column_stack([np.asarray(feature, dtype=float).ravel() for feature in features])
    return pd.DataFrame(values, index=index, columns=columns).reset_index()


def measure(table, **more):
    features = [name for name in table.columns if name not in ("who", "by")]
    return icc(table, subject="who", rater="by", features=features, **more)


def by_hand(ratings):
    """Return icc, f, low and high of the three forms by the textbook's sums of squares, one feature at a time."""
    x = np.asarray(ratings, dtype=float)
    n, k = x.shape
    total = ((x - x.mean()) ** 2).sum()
    between = k * ((x.mean(axis=1) - x.mean()) ** 2).sum()
    judges = n * ((x.mean(axis=0) - x.mean()) ** 2).sum()
    b, w = between / (n - 1), (total - between) / (n * (k - 1))
    j, e = judges / (k - 1), (total - between - judges) / ((n - 1) * (k - 1))
    q = f_distribution(n - 1, n * (k - 1)).ppf(0.975), f_distribution(n * (k - 1), n - 1).ppf(0.975)
    rows = [((b - w) / (b + (k - 1) * w), b / w, *((v - 1) / (v + k - 1) for v in (b / w / q[0], b / w * q[1])))]
    icc2 = (b - e) / (b + (k - 1) * e + k * (j - e) / n)
    inside = k * icc2 * j / e + n * (1 + (k - 1) * icc2) - k * icc2
    v = (k - 1) * (n - 1) * inside**2
    v /= (n - 1) * k**2 * icc2**2 * (j / e) ** 2 + (n * (1 + (k - 1) * icc2) - k * icc2) ** 2
    q2 = f_distribution(n - 1, v).ppf(0.975), f_distribution(v, n - 1).ppf(0.975)
    # Divided by the quantile, which is astronomical where few degrees of freedom are left.
    low = n * (b / q2[0] - e) / (k * j + (k * n - k - n) * e + n * b / q2[0])
    high = n * (q2[1] * b - e) / (k * j + (k * n - k - n) * e + n * q2[1] * b)
    rows.append((icc2, b / e, min(low, icc2), max(high, icc2)))
    free = (n - 1) * (k - 1)
    q = f_distribution(n - 1, free).ppf(0.975), f_distribution(free, n - 1).ppf(0.975)
    rows.append(((b - e) / (b + (k - 1) * e), b / e, *((v - 1) / (v + k - 1) for v in (b / e / q[0], b / e * q[1]))))
    return np.array(rows)


def test_the_example_of_shrout_and_fleiss():
    found = measure(long(SHROUT_FLEISS))
    assert found["type"].tolist() == list(ICC_TYPES)
    assert found["icc"].round(2).tolist() == [0.17, 0.29, 0.71]
    # McGraw and Wong, and every package since, print these for the same data.
    assert found["f"].round(2).tolist() == [1.79, 11.03, 11.03]
    assert found["low"].round(2).tolist() == [-0.13, 0.02, 0.34]
    assert found["high"].round(2).tolist() == [0.72, 0.76, 0.95]
    assert found[["subjects", "raters"]].drop_duplicates().to_numpy().tolist() == [[6, 4]]


@pytest.mark.parametrize(("structure", "file"), [("WholeGland", "WholeGland"), ("NormalROI_PZ_1", "NormalROIPZ")])
def test_test_retest_of_the_prostate_equals_r_psych(reference, structure, file):
    expected = pd.read_csv(reference / "statistics" / f"psych_icc_qin_prostate_{file}.csv")
    expected = expected[expected["type"].isin(ICC_TYPES)].reset_index(drop=True)
    names = expected["feature"].unique().tolist()
    (path,) = (reference / "tables" / "qin_prostate_test_retest").glob("*.csv.gz")
    table = pd.read_csv(path, sep=";", usecols=[*names, "study", "segmentedStructure"])
    table = table[table["segmentedStructure"] == structure].sort_values("study")
    patient, day = table["study"].str.split("_").str[0], table["study"].str.split("_").str[1]
    table = table.assign(patient=patient, day=day, scan=table.groupby(patient).cumcount())
    with pytest.raises(TableError, match=r"cumcount\(\) is a day that all share"):
        icc(table, subject="patient", rater="day", features=names)
    found = icc(table, subject="patient", rater="scan", features=names, incomplete="drop")
    assert found[["feature", "type"]].to_numpy().tolist() == expected[["feature", "type"]].to_numpy().tolist()
    assert found["subjects"].tolist() == expected["n"].tolist()
    np.testing.assert_allclose(found[STATISTICS], expected[["ICC", "F", "lo", "hi"]], rtol=0, atol=1e-9)


def test_three_contours_of_melanoma_metastases(reference):
    folder = reference / "tables" / "melanoma_bm_srt"
    versions = ("manualContours", "augmented1", "augmented2")
    parts = [pd.read_csv(folder / f"M_{name}_anon.csv.gz").copy().assign(contour=name) for name in versions]
    table = pd.concat(parts, ignore_index=True)
    features = [name for name in table.columns if name.startswith("original_")]
    assert len(features) == 100
    found = icc(table, subject=["patientName", "Unnamed..0"], rater="contour", features=features)
    assert (found["raters"] == 3).all()
    for name in (features[0], features[-1]):
        ratings = np.column_stack([part[name] for part in parts])
        np.testing.assert_allclose(found.loc[found["feature"] == name, STATISTICS], by_hand(ratings), rtol=1e-8)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 12),
    k=st.integers(2, 6),
    seed=st.integers(0, 2**32 - 1),
    noise=st.sampled_from([0.1, 1.0, 10.0]),
    shift=st.sampled_from([0.0, 1.0, -50.0]),
)
def test_many_features_at_once_equal_the_textbook_one_by_one(n, k, seed, noise, shift):
    rng = np.random.default_rng(seed)
    subjects, raters = rng.normal(size=(4, n, 1)), rng.normal(size=(4, 1, k))
    ratings = shift + subjects + raters * [[[0.0]], [[1.0]], [[5.0]], [[0.1]]] + noise * rng.normal(size=(4, n, k))
    found = measure(long(*ratings))[STATISTICS].to_numpy().reshape(4, 3, 4)
    expected = np.stack([by_hand(one) for one in ratings])
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-150, 1e-3, 1e7, 1e160]))
def test_units_rows_and_columns_play_no_part(seed, scale):
    rng = np.random.default_rng(seed)
    table = long(*(rng.normal(size=(5, 1)) + rng.normal(size=(3, 5, 3))))
    found = measure(table)
    names = ["f0", "f1", "f2"]
    scaled = measure(table.assign(**{name: -table[name] * scale for name in names}))
    np.testing.assert_allclose(scaled[STATISTICS], found[STATISTICS], rtol=1e-9, atol=1e-12)
    alone = icc(table.sample(frac=1, random_state=seed % 1000), subject="who", rater="by", features=["f1"])
    assert alone.equals(found[3:6].reset_index(drop=True))


def test_blocks_do_not_show():
    rng = np.random.default_rng(0)
    ratings = rng.normal(size=(60, 150, 1)) + rng.normal(size=(60, 150, 60))
    found = measure(long(*ratings))
    last = icc(long(ratings[-1], names=["f59"]), subject="who", rater="by", features=["f59"])
    assert found[-3:].reset_index(drop=True).equals(last)


def test_missing_cells_leave_their_subject_out_of_that_feature():
    rng = np.random.default_rng(1)
    ratings = rng.normal(size=(8, 1)) + rng.normal(size=(8, 3))
    holed = ratings.copy()
    holed[[2, 5], [0, 2]] = np.nan
    found = measure(long(ratings, holed))
    assert found["subjects"].tolist() == [8] * 3 + [6] * 3
    np.testing.assert_allclose(found[STATISTICS][3:], by_hand(np.delete(ratings, [2, 5], axis=0)), rtol=1e-9)
    np.testing.assert_allclose(found[STATISTICS][:3], by_hand(ratings), rtol=1e-9)


def test_absent_rows_are_told_or_dropped():
    table = long(SHROUT_FLEISS).drop(index=[5])
    with pytest.raises(TableError, match=r"subject S1 has no row of by 'R1', and so it is with 1 of 6 subjects"):
        measure(table)
    expected = by_hand(SHROUT_FLEISS[:1] + SHROUT_FLEISS[2:])
    np.testing.assert_allclose(measure(table, incomplete="drop")[STATISTICS], expected, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300, 5e-324])
def test_a_constant_feature_is_nan_with_the_reason(value):
    found = measure(long(np.full((7, 3), value), SHROUT_FLEISS_LIKE))
    assert found[STATISTICS][:3].isna().all(axis=None)
    assert (found["reason"][:3] == "the feature is constant").all()
    assert found[STATISTICS][3:].notna().all(axis=None)
    assert (found["reason"][3:] == "").all()


SHROUT_FLEISS_LIKE = np.random.default_rng(3).normal(size=(7, 3))


@pytest.mark.parametrize("offset", [0.0, 0.1, 1e6])
def test_equal_ratings_are_perfect_in_every_form(offset):
    found = measure(long(np.repeat(np.random.default_rng(0).normal(size=(9, 1)) + offset, 3, axis=1)))
    assert found[["icc", "low", "high"]].eq(1).all(axis=None)
    assert np.isinf(found["f"]).all()
    assert (found["reason"] == "ratings of each subject are equal").all()


def test_constant_offsets_between_raters_spare_consistency_only():
    found = measure(long(np.arange(6.0)[:, None] / 10 + np.array([0.0, 0.3, 0.7]))).set_index("type")
    assert found.loc["ICC3", ["icc", "low", "high"]].tolist() == [1.0, 1.0, 1.0]
    b, j = 3 * 0.035, 6 * np.var([0.0, 0.3, 0.7], ddof=1)
    assert found.loc["ICC2", "icc"] == pytest.approx(b / (b + 3 * j / 6))
    assert 0 <= found.loc["ICC2", "low"] < found.loc["ICC2", "icc"] < found.loc["ICC2", "high"] < 1
    assert (found["reason"] == "raters differ by constant offsets only").all()


def test_subjects_that_do_not_differ():
    found = measure(long(np.tile([1.0, 2.0, 4.0], (5, 1)))).set_index("type")
    assert found["icc"].tolist()[:2] == [-0.5, 0.0]
    assert np.isnan(found.loc["ICC3", "icc"])
    assert (found["reason"] == "subjects do not differ").all()


def test_a_feature_without_two_complete_subjects_is_nan_and_counted():
    holed = np.array(SHROUT_FLEISS, dtype=float)
    holed[1:, 0] = np.nan
    found = measure(long(holed, np.full((6, 4), np.nan), SHROUT_FLEISS))
    assert found["subjects"].tolist() == [1] * 3 + [0] * 3 + [6] * 3
    assert found[STATISTICS][:6].isna().all(axis=None)
    assert (found["reason"][:6] == "fewer than 2 subjects with all ratings").all()


@settings(max_examples=80, deadline=None)
@given(
    st.integers(2, 4).flatmap(
        lambda k: st.lists(
            st.lists(st.sampled_from([0.0, 1.0, -1.0, np.nan, 1e-300, 1e300, 0.1]), min_size=k, max_size=k),
            min_size=2,
            max_size=4,
        )
    )
)
def test_whatever_the_values_there_is_an_answer_in_order(ratings):
    found = measure(long(ratings))
    assert len(found) == 3
    known = found.dropna(subset=STATISTICS)
    assert (known["low"] <= known["icc"] + 1e-12).all()
    assert (known["icc"] <= known["high"] + 1e-12).all()
    assert (known["icc"] <= 1).all()
    assert found.loc[found["icc"].isna(), "reason"].ne("").all()


def test_the_confidence_is_that_asked_for():
    wide, narrow = measure(long(SHROUT_FLEISS), confidence=0.99), measure(long(SHROUT_FLEISS), confidence=0.5)
    assert (wide["low"] < narrow["low"]).all()
    assert (wide["high"] > narrow["high"]).all()


def test_half_of_half_intervals_hold_the_truth():
    rng = np.random.default_rng(7)
    ratings = rng.normal(size=(1500, 20, 1)) + rng.normal(size=(1500, 20, 2))  # every form is 0.5
    found = measure(long(*ratings), confidence=0.5)
    held = found["low"].lt(0.5) & found["high"].gt(0.5)
    assert held.groupby(found["type"]).mean().between(0.46, 0.54).all()


def test_several_subject_columns_and_the_tables_own_features():
    table = pd.DataFrame(
        {
            "patient_id": ["A", "A", "A", "A", "B", "B"],
            "lesion_id": ["1", "1", "2", "2", "1", "1"],
            "perturbation": ["0", "1"] * 3,
            "T1wCE_original_glcm_Contrast": pd.array([1, 2, 5, 5, 9, None], dtype="Int64"),
            "age_years": 60,
        }
    )
    found = icc(table, subject=["patient_id", "lesion_id"], rater="perturbation")
    assert found["feature"].unique().tolist() == ["T1wCE_original_glcm_Contrast"]
    assert found["subjects"].tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("change", "more", "message"),
    [
        (lambda t: t.drop(columns="by"), {}, "has no column 'by'"),
        (lambda t: t.drop(columns="f0"), {}, "has no feature 'f0'"),
        (lambda t: pd.concat([t, t[:1]]), {}, "subject S0 has two rows of by 'R0'"),
        (lambda t: t[t["who"] == "S0"], {}, r"found 1 subjects \(who\)"),
        (lambda t: t[t["by"] == "R0"], {}, r"found 1 raters \(by\)"),
        (lambda t: t[:0], {}, "found 0 subjects"),
        (lambda t: t.assign(who=t["who"].where(t["who"] != "S1")), {}, "who is empty in row 4"),
        (lambda t: t.assign(f0="high"), {}, r"feature 'f0' holds .* values; expected numbers"),
        (lambda t: t.assign(f0=True), {}, "holds bool values"),
        (lambda t: t.assign(f0=t["f0"].where(t.index != 3, np.inf)), {}, "feature 'f0' is infinite in row 3"),
        (lambda t: t.rename(columns={"f0": "who"}), {}, "column 'who' occurs more than once"),
        (lambda t: t, {"features": "^g"}, r"matches no numeric column"),
        (lambda t: t, {"features": "("}, r"is no regular expression"),
        (lambda t: t, {"features": ["f0", "f0"]}, "names 'f0' twice"),
        (lambda t: t, {"features": None}, r"features=\[\.\.\.\], or a regular expression. Numeric columns: f0"),
        (lambda t: t, {"subject": "by"}, "and another as rater"),
        (lambda t: t.to_numpy(), {}, "expected a DataFrame, found ndarray"),
    ],
)
def test_what_cannot_be_used_is_told(change, more, message):
    with pytest.raises(TableError, match=message):
        icc(change(long(SHROUT_FLEISS)), **{"subject": "who", "rater": "by", "features": ["f0"], **more})


@pytest.mark.parametrize("more", [{"confidence": 95}, {"incomplete": "ignore"}])
def test_a_setting_outside_its_choices_is_refused(more):
    with pytest.raises(ConfigError, match=next(iter(more))) as caught:
        measure(long(SHROUT_FLEISS), **more)
    assert isinstance(caught.value, RadnecError)
