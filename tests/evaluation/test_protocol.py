"""Which rows are learnt from, on tables small enough to decide by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from radnec.config import LabelPolicy, TrainingConfig
from radnec.errors import LabelError, TableError
from radnec.evaluation.protocol import labelled, select_rows

FEATURE = "T1wCE_original_glcm_Contrast"


def table(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    base = {
        "patient_id": [f"P{i}" for i in range(n)],
        "session_id": ["S1"] * n,
        "lesion_id": ["L1"] * n,
        "label": ["necrosis", "progression"] * (n // 2) + ["necrosis"] * (n % 2),
        FEATURE: range(n),
    }
    return pd.DataFrame({**base, **columns})


def kept(frame: pd.DataFrame, **policy: object) -> list[str]:
    X, _ = labelled(frame, policy=LabelPolicy(**policy))
    return [f"{row.patient_id}/{row.session_id}" for row in X.itertuples()]


def test_undecided_unlabelled_and_failed_rows_are_counted_out():
    frame = table(
        label=["necrosis", "mixed", "indeterminate", None, "progression", "necrosis"],
        status=["ok", "ok", "ok", "ok", "ok", "failed"],
        error=["", "", "", "", "", "mask is empty"],
    )
    X, y = labelled(frame)
    assert y.tolist() == ["necrosis", "progression"]
    left_out = {step["step"]: step["left_out"] for step in X.attrs["radnec_flow"]}
    assert left_out == {
        "all rows": 0,
        "without: extraction failed": 1,
        "without: no label": 1,
        "without: label mixed or indeterminate": 2,
    }


def test_follow_up_shorter_than_the_policy_is_immature_and_histology_is_not():
    frame = table(
        label_source=["imaging_followup", "clinical_followup", "histology_biopsy", "imaging_followup"],
        followup_months=[5.9, 6.0, 0.0, None],
    )
    X, _ = labelled(frame)
    assert X.patient_id.tolist() == ["P1", "P2"]
    reasons = [step["step"] for step in X.attrs["radnec_flow"]]
    assert "without: follow-up shorter than 6 months" in reasons
    assert "without: label from follow-up of unknown length" in reasons


def sessions(**columns: list[object]) -> pd.DataFrame:
    return table(
        patient_id=["P0", "P0", "P0", "P1"],
        session_id=["S1", "S2", "S3", "S1"],
        label=["necrosis", "necrosis", "necrosis", "progression"],
        **columns,
    )


def test_the_last_session_on_or_before_the_label_date_is_learnt_from():
    dates = ["2020-01-01", "2020-06-01", "2021-01-01", "2020-01-01"]
    frame = sessions(session_date=dates, label_date=["2020-06-01"] * 4)
    assert kept(frame) == ["P0/S2", "P1/S1"]
    assert kept(frame, session="all") == ["P0/S1", "P0/S2", "P1/S1"]


def test_days_since_radiotherapy_order_sessions_too():
    frame = sessions(session_day=[300, 200, 100, 10], rt_end_date=["2020-01-01"] * 4, label_date=["2020-08-01"] * 4)
    # 213 days lie between the end of radiotherapy and the label: day 200 is the last before it.
    assert kept(frame) == ["P0/S2", "P1/S1"]


def test_sessions_without_any_time_are_ordered_by_name_and_a_note_says_so():
    selection = select_rows(sessions(), TrainingConfig())
    assert selection.table.session_id.tolist() == ["S3", "S1"]
    assert any("ordered by name" in note for note in selection.notes)
    for last, told in ((200, True), (300, False)):
        same = select_rows(sessions(session_day=[200, 200, last, 10]), TrainingConfig())
        assert any("ordered by name" in note for note in same.notes) is told


def test_two_lesions_of_a_patient_both_stay():
    frame = sessions()
    frame["lesion_id"] = ["L1", "L2", "L3", "L1"]
    assert len(kept(frame)) == 4


def test_pet_labels_are_refused_when_pet_is_a_feature():
    frame = table(label_source=["pet", "pet", "histology_biopsy", "histology_biopsy"])
    assert len(kept(frame)) == 4
    frame["PET-FET_original_firstorder_Mean"] = 1.0
    with pytest.raises(LabelError, match="incorporation bias"):
        labelled(frame)
    chosen = TrainingConfig(features=[FEATURE])
    assert len(select_rows(frame, chosen, features=[FEATURE]).table) == 4


def test_the_order_of_rows_and_columns_does_not_matter():
    frame = table(label=["necrosis", "progression"] * 10)
    shuffled = frame.sample(frac=1, random_state=0)[frame.columns[::-1]]
    X, y = labelled(frame)
    again, y_again = labelled(shuffled)
    pd.testing.assert_frame_equal(X, again[X.columns])
    assert y.tolist() == y_again.tolist()


def test_foreign_labels_need_their_positive_class_named():
    frame = pd.DataFrame({"ID": ["a", "b"], "Target": [1, 0]})
    assert select_rows(frame, TrainingConfig(label="Target", positive=1, patient="ID")).y.tolist() == [1, 0]
    with pytest.raises(LabelError, match="positive class 'necrosis'; found 0, 1"):
        select_rows(frame, TrainingConfig(label="Target", patient="ID"))


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (table(label=["necrosis", "recurrence"]), LabelError, "recurrence"),
        (table(label=["necrosis", "necrosis"]), LabelError, "expected two"),
        (table(label=["mixed", "necrosis"]), LabelError, "expected two"),
        (table(label=["necrosis", "progression"]).drop(columns="label"), TableError, "no column 'label'"),
        (table(label=["necrosis", "progression"], patient_id=["P1", None]), TableError, "have no patient_id"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(frame, error, message):
    with pytest.raises(error, match=message):
        labelled(frame)


def test_days_order_the_sessions_of_one_lesion_while_others_have_dates():
    frame = table(
        patient_id=["A", "A", "B", "C"],
        session_id=["S2", "S10", "S1", "S1"],
        session_day=[30, 300, None, 5],
        session_date=[None, None, "2020-01-01", None],
        label=["necrosis", "necrosis", "progression", "progression"],
    )
    selection = select_rows(frame, TrainingConfig())
    assert selection.table.query("patient_id == 'A'")["session_id"].tolist() == ["S10"]
    assert not selection.notes


def test_names_are_ordered_as_people_count():
    frame = table(
        patient_id=["A", "A", "B"], session_id=["S10", "S2", "S1"], label=["necrosis", "necrosis", "progression"]
    )
    assert kept(frame) == ["A/S10", "B/S1"]


def test_sessions_after_the_label_are_never_learnt_from():
    frame = sessions(
        session_date=["2020-01-01", "2020-06-01", "2021-01-01", "2020-01-01"], label_date=["2020-07-01"] * 4
    )
    assert kept(frame, session="all") == ["P0/S1", "P0/S2", "P1/S1"]


@pytest.mark.parametrize(
    "column", ["index_TBRmax", "delta_PET-FET_original_firstorder_Mean", "PET-MET_original_shape_Sphericity"]
)
def test_incorporation_bias_is_seen_in_indices_and_changes(column):
    frame = table(label_source=["pet", "pet", "histology_biopsy", "histology_biopsy"], **{column: [1.0] * 4})
    with pytest.raises(LabelError, match="incorporation bias"):
        labelled(frame)


def test_labels_of_unstated_source_with_short_follow_up_are_immature():
    base = {
        "patient_id": list("ABCD"),
        "label": ["necrosis", "progression"] * 2,
        "followup_months": [2.0, 9.0, 12.0, 3.0],
    }
    for source in ({}, {"label_source": pd.array([None] * 4, dtype="string")}):
        selection = select_rows(pd.DataFrame(base | source), TrainingConfig())
        assert selection.table["patient_id"].tolist() == ["B", "C"]
        assert any("4 of 4 labels do not say how they were found" in note for note in selection.notes)
    histology = pd.DataFrame(base | {"label_source": "histology_resection"})
    assert len(select_rows(histology, TrainingConfig()).table) == 4


@pytest.mark.parametrize("session", ["last_before_label", "all"])
def test_two_labelled_rows_of_one_lesion_and_session_are_refused(session):
    row = {"patient_id": ["A", "B", "A"], "session_id": "S1", "lesion_id": "L1"}
    table = pd.DataFrame(row | {"label": ["necrosis", "progression", "progression"]})
    with pytest.raises(TableError, match="lesion A/S1/L1 has 2 labelled rows"):
        select_rows(table, TrainingConfig(policy=LabelPolicy(session=session)))


def test_the_rules_know_a_source_however_it_is_written():
    months = {"followup_months": [2.0, 12.0, 12.0, 12.0]}
    frame = table(label_source=["Imaging Followup", "imaging-followup", "PET", ""], **months)
    assert kept(frame) == ["P1/S1", "P2/S1", "P3/S1"]
    with pytest.raises(LabelError, match="incorporation bias"):
        labelled(frame.rename(columns={FEATURE: "PET-FET_original_glcm_Contrast"}))
    with pytest.raises(LabelError, match=r"label_source holds 'biopsy'; expected one of histology_resection"):
        labelled(table(label_source=["biopsy", "pet", "", ""]))


@pytest.mark.parametrize("date", ["05.01.2020", "05/01/2020", 43587, "2020"])
def test_a_date_in_another_order_is_not_guessed(date):
    with pytest.raises(TableError, match="expected dates as YYYY-MM-DD"):
        labelled(table(session_date=[date] * 4, label_date=["2020-02-02"] * 4))


def test_dates_of_any_exact_kind_are_read():
    days = ["2020-01-05", "2020-03-05 00:00:00", "", None]
    frame = table(session_date=days, label_date=["2020-02-02"] * 4)
    assert kept(frame.assign(session_date=[20200105, 20200305, 20200105, 20200105])) == ["P0/S1", "P2/S1", "P3/S1"]
    assert kept(frame) == ["P0/S1", "P2/S1", "P3/S1"]
    assert kept(frame.assign(session_date=pd.to_datetime(frame["session_date"].replace("", None), format="mixed"))) == [
        "P0/S1",
        "P2/S1",
        "P3/S1",
    ]


def test_a_foreign_table_may_call_its_columns_and_labels_as_radnec_does():
    frame = table(status=["failed", "controlled"] * 2, Target=["mixed", "pure"] * 2)
    config = TrainingConfig(label="Target", positive="mixed", features=[FEATURE], batch=None)
    assert len(select_rows(frame, config).y) == 4
    assert len(select_rows(frame, config.model_copy(update={"label": "status", "positive": "failed"})).y) == 4


def test_the_kinds_of_labels_are_shown():
    config = TrainingConfig(label="Target", positive="1")
    with pytest.raises(LabelError, match="positive class '1'; found 0, 1"):
        select_rows(table(Target=[0, 1, 0, 1]), config)
    with pytest.raises(LabelError, match="A table of one class teaches nothing"):
        select_rows(table(Target=[0, 0, 0, 0]), config)
