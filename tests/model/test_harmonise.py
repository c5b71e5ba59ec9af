"""ComBat against R, neuroCombat and planted effects, and as the transformer scikit-learn expects."""

from __future__ import annotations

import contextlib
import io
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from neuroCombat import neuroCombat
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from radnec.errors import ConfigError, RadnecError, TableError, TrainingWarning, UnseenBatchError
from radnec.model import ComBat

if TYPE_CHECKING:
    from pathlib import Path

TESTDATA = [
    f"testdata_combat_{prior}_{adjusted}{eb}{mean}{ref}_r.csv"
    for prior in ("parametric", "nonparametric")
    for adjusted in ("adjusted", "unadjusted")
    for eb in ("", "_noeb")
    for mean in ("", "_meanonly")
    for ref in ("", "_batchref")
]
SVA = [
    "rad_par_cov_full",
    "rad_nonpar_cov_full",
    "rad_par_cov_refA",
    "rad_par_nocov_meanonly",
    "rad_nan_par_cov_full",
    "rad_single_par_cov_full",
    "rad_zerovar_par_cov_full",
]


def features_in_rows(path: Path, **options: Any) -> pd.DataFrame:
    table = pd.read_csv(path, **options).T.reset_index(drop=True)
    return table.set_axis([f"f{number}" for number in range(1, table.shape[1] + 1)], axis=1)


def gap(found: pd.DataFrame, expected: pd.DataFrame, X: pd.DataFrame) -> float:
    """Largest difference in units of the feature's SD; NaN must meet NaN."""
    assert (found.isna().to_numpy() == expected.isna().to_numpy()).all()
    sd = X[found.columns].std().replace(0, 1).to_numpy()
    return float(np.nanmax(np.abs(found.to_numpy() - expected.to_numpy()) / sd))


def simulated(seed: int = 0, rows: tuple[int, ...] = (30, 30, 37), n_features: int = 12) -> pd.DataFrame:
    """Scanners A, B, … that shift and scale every feature; `f*` columns, `scanner_id`, `age_years`, `sex`."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(rows)), rows)
    age = rng.normal(60, 10, codes.size)
    shift = rng.normal(size=(len(rows), n_features))
    scale = rng.uniform(0.6, 1.6, size=(len(rows), n_features))
    values = rng.normal(size=(codes.size, n_features)) * scale[codes] + shift[codes] + 0.05 * age[:, None]
    X = pd.DataFrame(values, columns=[f"f{number}" for number in range(n_features)])
    return X.assign(scanner_id=np.array(list("ABCDEFGH"))[codes], age_years=age, sex=rng.choice(["f", "m"], codes.size))


def columns(X: pd.DataFrame) -> list[str]:
    return [name for name in X.columns if name.startswith("f")]


# Reference outputs


def r_data(reference: Path) -> pd.DataFrame:
    X = features_in_rows(reference / "combat" / "testdata.csv")
    return X.assign(batch=[1] * 5 + [2] * 5, pheno=[1, 0] * 5)


def test_every_reference_file_is_compared(reference: Path) -> None:
    files = {path.name for path in (reference / "combat").glob("testdata_combat_*")}
    # A misspelt twin, byte for byte the file with the correct name.
    twin = "testdata_combat_nonparametric_unadjusted_meanonl_batchref_r.csv"
    named = reference / "combat" / twin.replace("meanonl_", "meanonly_")
    assert (reference / "combat" / twin).read_bytes() == named.read_bytes()
    assert files - {twin} == set(TESTDATA)
    assert {path.name for path in (reference / "combat" / "sva").glob("rad_*_*_*.csv.gz")} == {
        f"{name}.csv.gz" for name in SVA
    }


@pytest.mark.parametrize("file", TESTDATA)
def test_equals_r_neurocombat(reference: Path, file: str) -> None:
    X = r_data(reference)
    covariates = ["pheno"] if "_adjusted" in file else []
    X = X[[*columns(X), "batch", *covariates]]
    combat = ComBat(
        batch="batch",
        covariates=covariates,
        parametric="nonparametric" not in file,
        eb="noeb" not in file,
        mean_only="meanonly" in file,
        reference=1 if "batchref" in file else None,
    )
    expected = features_in_rows(reference / "combat" / file)
    assert gap(combat.fit(X).transform(X), expected, X) < 1e-8


def test_equals_r_when_new_rows_come_without_covariates(reference: Path) -> None:
    X = r_data(reference)
    combat = ComBat(batch="batch", covariates=["pheno"], covariates_at_transform="mean").fit(X)
    found = combat.transform(X.drop(columns="pheno").iloc[[0, 1, 5, 6]])
    expected = features_in_rows(reference / "combat" / "training_test_scenario2_r.csv")
    assert gap(found, expected, X) < 1e-8


@pytest.mark.parametrize("name", SVA)
def test_equals_sva(reference: Path, name: str) -> None:
    folder = reference / "combat" / "sva"
    X = features_in_rows(folder / ("rad_X_nan.csv.gz" if "nan" in name else "rad_X.csv.gz"), header=None)
    meta = pd.read_csv(folder / "rad_meta.csv")
    if "single" in name:
        meta.loc[0, "batch"] = "Z"
    if "zerovar" in name:
        X["f7"] = 3.25
        X.loc[meta["batch"] == "C", "f9"] = 1.5
    covariates = ["y", "vol"] if "_cov" in name else []
    X = X.assign(batch=meta["batch"], **{column: meta[column] for column in covariates})
    combat = ComBat(
        batch="batch",
        covariates=covariates,
        parametric="nonpar" not in name,
        mean_only="meanonly" in name,
        reference="A" if "refA" in name else None,
    )
    expected = features_in_rows(folder / f"{name}.csv.gz", header=None)
    assert gap(combat.fit(X).transform(X), expected, X) < 1e-8
    left_alone = {"f7", "f9"} if "zerovar" in name else set()
    assert {name for name, kept in zip(combat.features_, combat.harmonised_, strict=True) if not kept} == left_alone
    assert combat.mean_only_ == ("single" in name or "meanonly" in name)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("parametric", [True, False])
@pytest.mark.parametrize("mean_only", [True, False])
def test_equals_python_neurocombat(seed: int, parametric: bool, mean_only: bool) -> None:
    X = simulated(seed)
    X["age_years"] = X["age_years"].astype(np.float32).astype(np.float64)  # its precision
    with contextlib.redirect_stdout(io.StringIO()):
        expected = neuroCombat(
            dat=X[columns(X)].to_numpy().T,
            covars=X[["scanner_id", "sex", "age_years"]],
            batch_col="scanner_id",
            categorical_cols=["sex"],
            continuous_cols=["age_years"],
            parametric=parametric,
            mean_only=mean_only,
        )["data"].T
    combat = ComBat(batch="scanner_id", covariates=["sex", "age_years"], parametric=parametric, mean_only=mean_only)
    assert gap(combat.fit_transform(X), pd.DataFrame(expected), X) < 1e-8


# What it is for


def test_removes_planted_scanner_effect_and_keeps_class_effect_on_held_out_rows() -> None:
    rng = np.random.default_rng(1)
    n, n_features = 800, 20
    scanner, necrosis = rng.integers(0, 3, n), rng.integers(0, 2, n)
    shift, scale = rng.normal(0, 2, (3, n_features)), rng.uniform(0.5, 2, (3, n_features))
    values = (rng.normal(size=(n, n_features)) + 0.8 * necrosis[:, None]) * scale[scanner] + shift[scanner]
    X = pd.DataFrame(values, columns=[f"f{number}" for number in range(n_features)]).assign(scanner_id=scanner)
    train, held_out = X.iloc[:500], X.iloc[500:]
    after = ComBat(batch="scanner_id").fit(train).transform(held_out)
    means = after.groupby(held_out["scanner_id"]).mean()
    spreads = after.groupby(held_out["scanner_id"]).std()
    pooled = after.std()
    # 500 training and 300 held-out rows leave a standard error of about 0.13 SD in a scanner's mean.
    assert ((means.max() - means.min()) / pooled).max() < 0.6
    assert ((means.max() - means.min()) / pooled).mean() < 0.25
    assert (spreads.max() / spreads.min()).mean() < 1.3
    before = held_out.groupby("scanner_id").std()
    assert (before.max() / before.min()).mean() > 1.7
    classes = after.groupby(necrosis[500:]).mean().diff().iloc[-1] / pooled
    # 0.8 within-class SDs are 0.8 / sqrt(1 + 0.4²) = 0.74 SDs of the mixture.
    assert classes.mean() == pytest.approx(0.74, abs=0.08)


def test_covariate_keeps_its_effect_although_scanners_differ_in_it() -> None:
    rng = np.random.default_rng(2)
    scanner = np.repeat(["A", "B"], 300)
    age = rng.normal(60, 8, 600) + 15 * (scanner == "B")
    noise = rng.normal(size=(600, 10))
    X = pd.DataFrame(noise + 0.1 * age[:, None] + 3 * (scanner == "B")[:, None]).add_prefix("f")
    after = ComBat(batch="scanner_id", covariates=["age"]).fit_transform(X.assign(scanner_id=scanner, age=age))
    slopes = np.polyfit(age, after.to_numpy(), 1)[0]
    assert slopes.mean() == pytest.approx(0.1, abs=0.005)
    without = ComBat(batch="scanner_id").fit_transform(X.assign(scanner_id=scanner))
    assert np.polyfit(age, without.to_numpy(), 1)[0].mean() < 0.08


# One row at a time

FITTED = ComBat(batch="scanner_id", covariates=["age_years", "sex"]).fit(simulated())


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.integers(0, 96), min_size=1, max_size=30), scramble=st.integers(0, 2**32 - 1))
def test_a_row_never_depends_on_the_others(rows: list[int], scramble: int) -> None:
    X = simulated()
    together = FITTED.transform(X)
    some = X.iloc[rows].reset_index(drop=True)
    pd.testing.assert_frame_equal(FITTED.transform(some), together.iloc[rows].reset_index(drop=True), check_exact=True)
    some.iloc[1:, :12] = np.random.default_rng(scramble).normal(size=(len(rows) - 1, 12))
    alone = FITTED.transform(some).iloc[0]
    assert (alone.to_numpy() == together.iloc[rows[0]].to_numpy()).all()


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(15)))
def test_column_order_and_extra_columns_do_not_matter(order: list[int]) -> None:
    X = simulated()
    shuffled = X.iloc[:, order].assign(patient_id="P1", f99=np.inf)
    pd.testing.assert_frame_equal(FITTED.transform(shuffled), FITTED.transform(X), check_exact=True)


@settings(max_examples=10, deadline=None)
@given(
    factor=st.floats(1e-3, 1e3),
    offset=st.floats(-1e3, 1e3),
    parametric=st.booleans(),
    reference=st.sampled_from([None, "B"]),
)
def test_units_of_a_feature_do_not_matter(
    factor: float, offset: float, parametric: bool, reference: str | None
) -> None:
    X = simulated()
    combat = ComBat(batch="scanner_id", covariates=["age_years", "sex"], parametric=parametric, reference=reference)
    expected = combat.fit_transform(X)
    changed = X.assign(f3=factor * X["f3"] + offset)
    found = combat.fit_transform(changed)
    assert gap((found[["f3"]] - offset) / factor, expected[["f3"]], X) < 1e-6
    assert gap(found[["f4"]], expected[["f4"]], X) < 1e-9


def test_row_order_of_training_does_not_matter() -> None:
    X = simulated()
    other = ComBat(batch="scanner_id", covariates=["age_years", "sex"]).fit(X.sample(frac=1, random_state=3))
    assert gap(other.transform(X), FITTED.transform(X), X) < 1e-12


def test_large_tables_are_worked_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    X = simulated()
    X.iloc[3, 5] = np.nan
    combat = ComBat(batch="scanner_id", covariates=["age_years"])
    X = X.drop(columns="sex")
    whole = combat.fit_transform(X)
    monkeypatch.setattr("radnec.model.location_scale.CELLS", 200)
    monkeypatch.setattr("radnec.model.empirical_bayes._CELLS", 5)
    assert gap(combat.fit_transform(X), whole, X) < 1e-12
    combat.set_params(parametric=False)
    assert gap(combat.fit_transform(X), combat.fit_transform(X), X) == 0


# Rows and batches that are not plain


def test_missing_cells_stay_missing_and_touch_no_other_feature_of_the_row() -> None:
    X = simulated()
    expected = FITTED.transform(X)
    X.loc[4, "f2"] = np.nan
    found = FITTED.transform(X)
    assert np.isnan(found.loc[4, "f2"])
    found.loc[4, "f2"] = expected.loc[4, "f2"]
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_feature_never_measured_by_a_scanner_is_harmonised_among_the_others() -> None:
    X = simulated().drop(columns=["age_years", "sex"])
    X.loc[X["scanner_id"] == "C", "f0"] = np.nan
    combat = ComBat(batch="scanner_id", eb=False).fit(X)
    after = combat.transform(X)["f0"].groupby(X["scanner_id"]).agg(["mean", "std"])
    assert after.loc["A", "mean"] == pytest.approx(after.loc["B", "mean"])
    assert after.loc["A", "std"] == pytest.approx(after.loc["B", "std"])
    assert combat.harmonised_.all()
    row = X[X["scanner_id"] == "C"].head(1).assign(f0=7.5)
    with pytest.raises(UnseenBatchError, match="feature 'f0' was never seen in scanner_id 'C'"):
        combat.transform(row)
    assert combat.set_params(unseen="reference").transform(row)["f0"].item() == 7.5


def test_unseen_scanner_is_refused_by_name() -> None:
    X = simulated().head(2).assign(scanner_id="Q")
    with pytest.raises(UnseenBatchError, match=r"scanner_id 'Q' \(2 rows, first 0\).*'A', 'B', 'C'.*adapt") as caught:
        FITTED.transform(X)
    assert "unseen='reference'" in str(caught.value)


@pytest.mark.parametrize("reference", [None, "B"])
def test_unseen_scanner_passes_unshifted_when_asked(reference: str | None) -> None:
    X = simulated().drop(columns=["age_years", "sex"])
    combat = ComBat(batch="scanner_id", unseen="reference", reference=reference).fit(X)
    row = X.head(3).assign(scanner_id=["Q", "A", "Q"])
    after = combat.transform(row)
    assert (after.iloc[[0, 2]].to_numpy() == row[columns(X)].iloc[[0, 2]].to_numpy()).all()
    assert (after.iloc[1].to_numpy() != row[columns(X)].iloc[1].to_numpy()).all()


def test_reference_scanner_is_unchanged_to_the_bit() -> None:
    X = simulated()
    combat = ComBat(batch="scanner_id", covariates=["age_years", "sex"], reference="B")
    after = combat.fit_transform(X)
    own = (X["scanner_id"] == "B").to_numpy()
    assert (after[own].to_numpy() == X.loc[own, columns(X)].to_numpy()).all()


def test_one_scanner_is_the_identity() -> None:
    X = simulated(rows=(40,))
    combat = ComBat(batch="scanner_id", covariates=["age_years", "sex"]).fit(X)
    assert combat.identity_
    assert (combat.transform(X).to_numpy() == X[columns(X)].to_numpy()).all()
    assert not FITTED.identity_
    single = ComBat(batch="scanner_id").fit_transform(X.head(1).drop(columns=["age_years", "sex"]))
    assert (single.to_numpy() == X[columns(X)].head(1).to_numpy()).all()


def test_one_feature_gets_plain_estimates() -> None:
    X = simulated()[["f0", "scanner_id"]]
    after = ComBat(batch="scanner_id").fit_transform(X)
    pd.testing.assert_frame_equal(after, ComBat(batch="scanner_id", eb=False).fit_transform(X))
    spread = after["f0"].groupby(X["scanner_id"]).agg(["mean", "std"])
    assert np.ptp(spread.to_numpy(), axis=0) == pytest.approx(0, abs=1e-12)


def test_constant_covariate_changes_nothing() -> None:
    X = simulated().drop(columns="sex")
    expected = ComBat(batch="scanner_id", covariates=["age_years"]).fit_transform(X)
    combat = ComBat(batch="scanner_id", covariates=["age_years", "field_strength_t"])
    assert gap(combat.fit_transform(X.assign(field_strength_t=2.9)), expected, X) < 1e-12


def test_categories_equal_their_indicator_column() -> None:
    X = simulated()
    indicator = X.assign(sex=(X["sex"] == "m").astype(float))
    expected = ComBat(batch="scanner_id", covariates=["sex", "age_years"]).fit_transform(indicator)
    for sex in (X["sex"].astype("category"), X["sex"] == "m", X["sex"].astype(object)):
        found = ComBat(batch="scanner_id", covariates=["sex", "age_years"]).fit_transform(X.assign(sex=sex))
        assert gap(found, expected, X) < 1e-12


def test_nothing_of_the_patients_is_stored() -> None:
    n = len(simulated())
    assert n == 97  # no other size in the model
    for name, value in vars(FITTED).items():
        assert n not in np.shape(value), name
        assert not isinstance(value, pd.DataFrame | pd.Series | pd.Index), name


# Adaptation


def adaptation_error(combat: ComBat, rows: pd.DataFrame, truth: pd.DataFrame) -> float:
    found = combat.transform(rows)
    return float(np.sqrt(np.square(found.to_numpy() - truth.to_numpy()).mean()))


def test_adapting_to_a_new_scanner_beats_passing_it_through() -> None:
    rng = np.random.default_rng(4)
    names = [f"f{number}" for number in range(200)]

    def rows(n: int, scanner: str, shift: np.ndarray, scale: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
        clean = pd.DataFrame(rng.normal(size=(n, 200)), columns=names)
        return (clean * scale + shift).assign(scanner_id=scanner), clean

    effects = {name: (rng.normal(0, 0.6, 200), rng.uniform(0.7, 1.4, 200)) for name in "BCDE"}
    training = [
        rows(60, "A", np.zeros(200), np.ones(200)),
        *(rows(60, name, *effects[name]) for name in "BCD"),
    ]
    X = pd.concat([table for table, _ in training], ignore_index=True)
    combat = ComBat(batch="scanner_id", reference="A", unseen="reference").fit(X)
    new, truth = rows(400, "E", *effects["E"])
    errors = [adaptation_error(combat, new, truth)]
    for n in (1, 3, 10, 50):
        adapted = combat.adapt(rows(n, "E", *effects["E"])[0])
        errors.append(adaptation_error(adapted, new, truth))
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.8 * errors[0]
    assert errors[4] < 0.4 * errors[0]


def test_adapting_leaves_the_model_and_known_scanners_alone() -> None:
    X = simulated()
    before = pickle.dumps(FITTED)
    new = pd.concat([X.head(5), X.head(9).assign(scanner_id="Q", f1=np.nan), X.tail(1).assign(scanner_id="P")])
    adapted = FITTED.adapt(new)
    assert pickle.dumps(FITTED) == before
    assert adapted.batches_ == ["A", "B", "C", "P", "Q"]
    assert adapted.batch_rows_.tolist() == [30, 30, 37, 1, 9]
    pd.testing.assert_frame_equal(adapted.transform(X), FITTED.transform(X), check_exact=True)
    assert adapted.transform(new).notna().sum().sum() == 15 * 12 - 9
    pd.testing.assert_frame_equal(FITTED.adapt(X).transform(X), FITTED.transform(X), check_exact=True)


@pytest.mark.parametrize("options", [{"eb": False}, {"parametric": False}, {"mean_only": True}, {"reference": "A"}])
def test_much_unlabelled_data_teaches_a_scanner_as_well_as_training_does(options: dict[str, Any]) -> None:
    X = simulated(rows=(300, 300, 300)).drop(columns=["age_years", "sex"])
    known, new = X[X["scanner_id"] != "C"], X[X["scanner_id"] == "C"]
    adapted = ComBat(batch="scanner_id", **options).fit(known).adapt(new)
    where = adapted.transform(known).mean()
    assert (adapted.transform(new).mean() - where).abs().max() < 0.1


def test_a_model_of_one_scanner_can_adapt() -> None:
    X = simulated(rows=(300, 300)).drop(columns=["age_years", "sex"])
    adapted = ComBat(batch="scanner_id").fit(X.head(300)).adapt(X.tail(300))
    after = adapted.transform(X).groupby(X["scanner_id"]).agg(["mean", "std"])
    assert after.diff().iloc[-1].abs().max() < 0.1
    assert (adapted.transform(X.head(300)).to_numpy() == X.head(300)[columns(X)].to_numpy()).all()


# Refusals

PLAIN = simulated().drop(columns=["age_years", "sex"])


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        (PLAIN.drop(columns="scanner_id"), {}, TableError, "'scanner_id'"),
        (PLAIN, {"covariates": ["age_years"]}, TableError, "'age_years'"),
        (PLAIN.to_numpy(), {}, TableError, "ndarray"),
        (PLAIN.iloc[:0], {}, TableError, "no rows"),
        (PLAIN[["scanner_id"]], {}, TableError, "no feature"),
        (PLAIN.assign(label="necrosis"), {}, TableError, "'label' is no number"),
        (PLAIN.assign(f3=np.inf), {}, TableError, "'f3' is inf in row 0"),
        (PLAIN.rename(columns={"f1": "f2"}), {}, TableError, "'f2' occurs more than once"),
        (
            PLAIN.assign(scanner_id=PLAIN["scanner_id"].where(PLAIN.index != 7)),
            {},
            TableError,
            "missing in row 7",
        ),
        (
            PLAIN.assign(age_years=PLAIN["f1"].where(PLAIN.index != 8)),
            {"covariates": ["age_years"]},
            TableError,
            "row 8",
        ),
        (
            PLAIN.assign(site=PLAIN["scanner_id"] == "A"),
            {"covariates": ["site"]},
            TableError,
            "'site=True' is confounded",
        ),
        (
            PLAIN.assign(a=PLAIN["f1"], b=2 * PLAIN["f1"] + (PLAIN["scanner_id"] == "A")),
            {"covariates": ["a", "b"]},
            TableError,
            "'a', 'b' are confounded",
        ),
        (PLAIN.iloc[[0, 30, 60]], {}, TableError, "3 rows for 3 batches"),
        (PLAIN.iloc[:31], {"single": "error"}, TableError, "'B' has one row"),
        (PLAIN.iloc[:31], {"reference": "B"}, TableError, "'B' has one row"),
        (PLAIN, {"reference": "Q"}, ConfigError, "reference='Q'.*'A', 'B', 'C'"),
        (PLAIN, {"unseen": "skip"}, ConfigError, "'error' or 'reference'"),
        (PLAIN, {"single": "drop"}, ConfigError, "'mean_only' or 'error'"),
        (PLAIN, {"covariates_at_transform": "none"}, ConfigError, "'required' or 'mean'"),
        (PLAIN, {"covariates": "age"}, ConfigError, r"\['age'\]"),
        (PLAIN, {"covariates": ["scanner_id"]}, ConfigError, "cannot be a covariate too"),
        (PLAIN, {"tol": 0}, ConfigError, "tol > 0"),
    ],
)
def test_fit_refuses(X: Any, options: dict[str, Any], error: type[RadnecError], message: str) -> None:
    with pytest.raises(error, match=message):
        ComBat(batch="scanner_id", **options).fit(X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sex": "unknown"}, "'sex' holds 'unknown'; ComBat was fitted on 'f', 'm'"),
        ({"age_years": np.nan}, "'age_years' is missing in row 0"),
        ({"age_years": "old"}, "'age_years' holds 'old' in row 0"),
        ({"scanner_id": None}, "scanner_id is missing in row 0"),
        ({"f5": -np.inf}, "'f5' is -inf in row 0"),
    ],
)
def test_transform_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(TableError, match=message):
        FITTED.transform(simulated().head(2).assign(**change))


def test_missing_feature_is_named() -> None:
    with pytest.raises(TableError, match=r"'f5' \(and 1 more\)"):
        FITTED.transform(simulated().drop(columns=["f5", "f7"]))


def test_unfinished_iteration_is_said() -> None:
    with pytest.warns(TrainingWarning, match="max_iter=1 "):
        ComBat(batch="scanner_id", max_iter=1).fit(PLAIN)


# scikit-learn
# parametrize_with_checks does not apply: it feeds arrays, which have no named batch column.


def test_clones_pickles_and_passes_through_skops() -> None:
    X = simulated()
    combat = clone(FITTED)
    assert combat.get_params() == FITTED.get_params()
    assert not [name for name in vars(combat) if name.endswith("_")]
    expected = FITTED.transform(X)
    for copy in (
        pickle.loads(pickle.dumps(FITTED)),
        skops.io.loads(skops.io.dumps(FITTED), trusted=["radnec.model.harmonise.ComBat"]),
        combat.fit(X),
    ):
        pd.testing.assert_frame_equal(copy.transform(X), expected, check_exact=True)


def test_output_is_a_frame_with_the_index_kept() -> None:
    X = simulated().set_index(pd.Index(range(500, 597), name="lesion"))
    for combat in (clone(FITTED), clone(FITTED).set_output(transform="pandas")):
        after = combat.fit_transform(X)
        assert after.columns.tolist() == combat.get_feature_names_out().tolist() == columns(X)
        pd.testing.assert_index_equal(after.index, X.index)
        assert (after.dtypes == np.float64).all()
    assert FITTED.transform(X.iloc[:0]).shape == (0, 12)


def test_works_in_pipeline_search_and_cross_validation() -> None:
    X = simulated()
    y = np.where(X["f0"] + X["f1"] - 0.1 * X["age_years"] > 0, "necrosis", "progression")
    model = make_pipeline(ComBat(batch="scanner_id", covariates=["age_years", "sex"]), LogisticRegression(max_iter=500))
    scores = cross_validate(model, X, y, cv=2, scoring=["roc_auc", "neg_log_loss"], error_score="raise")
    assert (scores["test_roc_auc"] > 0.6).all()
    search = GridSearchCV(model, {"combat__parametric": [True, False], "combat__eb": [True]}, cv=2, error_score="raise")
    assert search.fit(X, y).predict_proba(X).shape == (97, 2)
    assert model.fit(X, y)[:-1].get_feature_names_out().tolist() == columns(X)
