"""Planted changes are found and named, chance is not, and what cannot be told is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import radnec
from radnec.errors import ConfigError, LeakageError, TableError
from radnec.evaluation.metrics import calibration
from radnec.evaluation.prevalence import slope_p
from radnec.service.findings import name_findings
from radnec.service.numbers import Number, tabulate
from radnec.simulate import simulate_table


def kinds(report):
    return [finding.kind for finding in report.findings]


def altered(rows, scanner, size=2.0):
    """Shift and stretch the features of one scanner, each by its own amount."""
    changed, rng = rows.copy(), np.random.default_rng(0)
    names = [name for name in rows if "_sim" in name]
    at = changed["scanner_id"] == scanner
    spread = rows.loc[at, names].std()
    changed.loc[at, names] += size * spread * rng.choice([-1.0, 1.0], size=len(names))
    return changed


def enriched(hospital, share, lesions=70):
    """Return one lesion of as many new patients, so that `share` of them are necrosis; each looks as its kind did."""
    later = hospital[hospital["patient_id"].isin(hospital["patient_id"].unique()[90:])]
    one = later.groupby("patient_id", sort=False).head(1)
    parts = [one[one["label"] == label] for label in ("necrosis", "progression")]
    counts = round(share * lesions), lesions - round(share * lesions)
    return pd.concat([part.head(count) for part, count in zip(parts, counts, strict=True)], ignore_index=True)


def test_an_altered_scanner_is_found_and_named(watched, month):
    report = radnec.monitor(watched, altered(month(0), "B1"))
    (named,) = (finding for finding in report.findings if finding.kind == "scanner change")
    assert named.subject == "scanner_id B1"
    assert "scanner_id A1, scanner_id C1 did not" in named.text
    assert not report.ok
    assert "prevalence change" not in kinds(report)


def test_another_mix_of_the_same_scanners_is_no_change(watched, month):
    rows = month(0, patients=100)
    of_b = rows[(rows["scanner_id"] == "B1") | ~rows["patient_id"].duplicated() & rows["patient_id"].str.endswith("1")]
    report = radnec.monitor(watched, of_b)
    assert not {"scanner change", "covariate shift", "feature drift"} & set(kinds(report))


def test_a_change_at_every_scanner_is_not_blamed_on_one(watched, month):
    rows = month(0, patients=60)
    for scanner in ("A1", "B1", "C1"):
        rows = altered(rows, scanner)
    found = kinds(radnec.monitor(watched, rows))
    assert "covariate shift" in found
    assert "scanner change" not in found


def test_a_scanner_never_seen_is_named_and_kept_out_of_the_comparison(watched, month):
    rows = month(0)
    rows.loc[rows["scanner_id"] == "B1", "scanner_id"] = "Z9"
    report = radnec.monitor(watched, rows)
    assert kinds(report)[0] == "new scanner"
    assert "scanner change" not in kinds(report)
    assert report.findings[0].subject == "scanner_id Z9"
    assert report.rows == int((rows["scanner_id"] != "Z9").sum())


@pytest.mark.parametrize(
    ("name", "advice"),
    [("z 9", "there: model.adapt(rows"), ("b-1", "if it is 'B1' of training"), (None, "there: fill in scanner_id.")],
)
def test_what_to_do_about_a_scanner_never_seen_depends_on_its_name(watched, month, name, advice):
    rows = month(0)
    rows["scanner_id"] = rows["scanner_id"].astype(object).where(rows["scanner_id"] != "B1", name)
    report = radnec.monitor(watched, rows)
    assert advice in report.findings[0].text


def test_a_month_of_one_outcome_is_a_change_of_the_prevalence(watched, month):
    rows = month(0, patients=120)
    alike = rows[rows["label"] == "necrosis"].reset_index(drop=True)
    report = radnec.monitor(watched, alike)
    (named,) = (finding for finding in report.findings if finding.kind == "prevalence change")
    assert named.text.startswith("prevalence change: 100% necrosis")
    assert "nan" not in named.text
    assert not any("labels were not used" in note for note in report.notes)


def test_a_few_patients_of_the_common_outcome_are_no_change(watched, month):
    rows = month(0, patients=60)
    of_one = rows[rows["label"] == "progression"]
    few = of_one[of_one["patient_id"].isin(of_one["patient_id"].unique()[:9])].reset_index(drop=True)
    report = radnec.monitor(watched, few)
    assert report.ok
    share = report.frame().query("check == 'prevalence'").iloc[0]
    assert (share["value"], share["patients"]) == (0, 9)
    assert share["p_adjusted"] > 0.05


def test_probabilities_that_do_not_add_up_to_one_outcome_are_told_without_an_intercept():
    share = Number("prevalence", "of the labelled", value=0.0, expected=0.1, p=0.9, rows=20, patients=20)
    off = Number("calibration_intercept", "of the labelled", p=1e-6, rows=20, patients=20, reason="all alike")
    (finding,) = name_findings(tabulate([share, off], 0.05), "necrosis")
    assert (finding.kind, finding.subject) == ("calibration drift", "intercept")
    assert "do not add up to the outcomes (all alike)" in finding.text
    assert "nan" not in finding.text


def test_another_prevalence_is_found_with_labels_and_told_from_calibration(watched, hospital):
    report = radnec.monitor(watched, enriched(hospital, 0.75))
    (named,) = (finding for finding in report.findings if finding.kind == "prevalence change")
    assert named.text.startswith("prevalence change: 74%") or named.text.startswith("prevalence change: 76%")
    assert not {"scanner change", "covariate shift"} & set(kinds(report))
    intercept = report.frame().query("check == 'calibration_intercept' and period == ''")["value"].item()
    assert intercept > 0


def test_another_prevalence_is_found_without_labels_and_said_to_be_unsure(watched, hospital):
    report = radnec.monitor(watched, enriched(hospital, 0.75).drop(columns="label"))
    (named,) = (finding for finding in report.findings if finding.kind == "prevalence change")
    assert "judged without labels" in named.text
    assert "Only labels can settle it" in named.text
    frame = report.frame()
    assert not frame["check"].isin(["prevalence", "calibration_intercept"]).any()
    guess = frame[frame["check"] == "prevalence_estimated"].iloc[0]
    assert guess["low"] < 0.75 < guess["high"]


def test_labels_at_random_are_a_drift_of_the_slope(watched, month):
    rows = month(0, patients=250)
    rows["label"] = np.random.default_rng(0).permutation(rows["label"])
    report = radnec.monitor(watched, rows)
    assert "slope" in [finding.subject for finding in report.findings]


def test_clustered_errors_that_came_out_small_do_not_make_the_slope_surer(watched, month):
    smaller = []
    for number in range(6):
        rows = month(number, patients=20)
        found = radnec.monitor(watched, rows).frame().query("check == 'calibration_slope' and period == ''").iloc[0]
        y, p = rows["label"] == "necrosis", watched.assess(rows)["p_necrosis"]
        alone, known = calibration(y, p), watched.summary_["patients"]
        by_rows, clustered = (
            slope_p(found["value"], high, patients=found["patients"], reference=known)
            for high in (alone.slope_high, found["high"])
        )
        smaller.append(alone.slope_high > found["high"])
        # Towards one half is less sure, on either side.
        expected = by_rows if smaller[-1] else clustered
        assert found["p"] == pytest.approx(expected)
    assert any(smaller)
    assert not all(smaller)


def test_calibration_over_time_is_that_of_each_period(watched, month):
    rows = month(0, patients=120)
    rows["quarter"] = np.where(np.arange(len(rows)) % 2, "Q1", "Q2")
    frame = radnec.monitor(watched, rows, period="quarter").frame()
    own = rows["quarter"] == "Q1"
    p = watched.assess(rows)["p_necrosis"][own]
    expected = calibration(rows.loc[own, "label"] == "necrosis", p, groups=rows.loc[own, "patient_id"])
    found = frame[(frame["period"] == "Q1")].set_index("check")
    assert found.loc["calibration_slope", "value"] == pytest.approx(expected.slope)
    assert found.loc["calibration_intercept", "high"] == pytest.approx(expected.intercept_high)
    by_month = rows.assign(session_date=np.where(own, "2024-03-05", "2024-04-30"))
    assert set(radnec.monitor(watched, by_month).frame()["period"]) == {"", "2024-03", "2024-04"}


def test_a_sequence_that_goes_missing_is_named(watched, month):
    rows = month(0)
    names = [name for name in rows if name.startswith("FLAIR_")]
    rows.loc[rows.index % 2 == 0, names] = np.nan
    report = radnec.monitor(watched, rows)
    (named,) = (finding for finding in report.findings if finding.kind == "missing values")
    assert f"FLAIR ({len(names)} features" in named.text


def test_an_earlier_table_serves_as_baseline_and_lets_a_classifier_tell_them_apart(watched, month):
    earlier = month(3, patients=90)
    quiet = radnec.monitor(watched, month(0), baseline=earlier)
    assert quiet.ok
    domain = quiet.frame().set_index("check").loc["domain_auc"]
    assert domain["p"] > 0.01
    report = radnec.monitor(watched, altered(month(0), "B1"), baseline=earlier)
    assert {"scanner change", "multivariate drift"} <= set(kinds(report))


def test_a_baseline_has_patients_of_its_own(watched, month):
    with pytest.raises(TableError, match="the baseline has no measured row of a patient who is not in the table"):
        radnec.monitor(watched, month(0), baseline=month(0))


def test_few_rows_cannot_tell(watched, month):
    report = radnec.monitor(watched, month(0, patients=5))
    assert report.ok is None
    assert report.verdict == "cannot tell"
    assert "too few" in report.conclusion


def test_a_month_without_positives_has_a_share_and_no_calibration(watched, month):
    rows = month(0)
    report = radnec.monitor(watched, rows[rows["label"] == "progression"])
    frame = report.frame().query("period == ''").set_index("check")
    assert (frame.loc["prevalence", "value"], frame.loc["prevalence", "drift"]) == (0, True)
    assert np.isnan(frame.loc["calibration_intercept", "value"])
    assert "same outcome" in frame.loc["calibration_intercept", "reason"]


def test_false_alarms_are_as_rare_as_stated(watched, month):
    # A binomial bound: of 24 months at 5 %, 5 or more have a probability of 0.6 %.
    reports = [radnec.monitor(watched, month(number, patients=12)) for number in range(24)]
    assert all(report.enough for report in reports)
    assert sum(not report.ok for report in reports) <= 4


def test_the_order_of_rows_and_columns_changes_nothing(watched, month):
    rows = altered(month(0), "B1")
    mixed = rows.sample(frac=1, random_state=1)[rows.columns[::-1]]
    first, second = (radnec.monitor(watched, table) for table in (rows, mixed))
    assert [f.kind for f in first.findings] == [f.kind for f in second.findings]
    pd.testing.assert_frame_equal(
        first.frame().query("check != 'prevalence_estimated'"),
        second.frame().query("check != 'prevalence_estimated'"),
        check_exact=False,
        atol=1e-9,
    )


def test_a_model_that_gives_all_the_same_probability_raises_no_alarm_by_it(quick):
    noise = simulate_table(n_patients=100, n_features=20, effect=0.0, random_state=1)
    first = noise["patient_id"].isin(noise["patient_id"].unique()[:50])
    model = radnec.train(noise[first], quick.model_copy(update={"random_state": 1}))
    later = noise[~first].drop(columns=["label", "label_source"])
    assert np.ptp(model.predict_proba(later)[:, 0]) < 1e-9
    report = radnec.monitor(model, later)
    assert kinds(report) == []
    assert any("the same probability" in note for note in report.notes)
    told = report.frame().set_index("check").loc[["probability", "prevalence_estimated"]]
    assert told[["value", "p"]].isna().all(axis=None)


def test_a_stored_model_watches_as_the_fitted_one(watched, month, tmp_path):
    rows = altered(month(0), "B1")
    loaded = radnec.load(watched.save(tmp_path / "model.radnec"))
    pd.testing.assert_frame_equal(radnec.monitor(loaded, rows).frame(), radnec.monitor(watched, rows).frame())


def test_a_model_without_profile_says_what_it_cannot_compare(watched, month):
    old = radnec.RadnecClassifier(watched.config)
    old.__dict__.update(watched.__dict__ | {"profile_": None})
    report = radnec.monitor(old, month(0))
    assert any("features were not compared" in note for note in report.notes)
    assert not report.frame()["check"].isin(["shift", "ks"]).any()
    assert "novelty" in set(report.frame()["check"])


def test_wrong_use_is_refused(watched, hospital, month):
    with pytest.raises(ConfigError, match="false_alarms"):
        radnec.monitor(watched, month(0), false_alarms=1.5)
    with pytest.raises(ConfigError, match="DataFrame to watch"):
        radnec.monitor(month(0), month(0))
    with pytest.raises(TableError, match="quarter"):
        radnec.monitor(watched, month(0), period="quarter")
    with pytest.raises(LeakageError, match="came afterwards"):
        radnec.monitor(watched, hospital)


def test_the_report_is_json_and_tidy(watched, month):
    report = radnec.monitor(watched, altered(month(0), "B1"))
    read = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert read["verdict"] == "drift"
    assert len(read["numbers"]) == len(report.frame())
    assert read["findings"][0]["kind"] == report.findings[0].kind
    assert not report.frame().duplicated(["check", "subject", "scanner", "period"]).any()
