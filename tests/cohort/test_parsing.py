"""Cells: what is accepted, normalised and refused in each kind of column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from radnec.cohort.parsing import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    Rows = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("field_strength_t", 15000, "15000 looks like gauss: 1.5 T"),
        ("field_strength_t", 3000, "3000 looks like millitesla: 3 T"),
        ("field_strength_t", -3, "from 0.1 to 12 T"),
        ("rt_dose_gy", 2000, "2000 looks like cGy: 20 Gy"),
        ("rt_dose_gy", 0, "from 1 to 120 Gy"),
        ("rt_fractions", 0, "a whole number from 1"),
        ("rt_fractions", 2.5, "a whole number from 1"),
        ("age_years", 203, "from 0 to 110 years"),
        ("age_years", "61,5", "write 61.5 with a decimal point"),
        ("age_years", "inf", "from 0 to 110 years"),
        ("viable_tumour_pct", 101, "from 0 to 100 %"),
        ("kps", -1, "from 0 to 100 %"),
        ("session_date", "31/12/2020", "a date as YYYY-MM-DD; write 2020-12-31"),
        ("session_date", "02.05.2019", "day.month.year, the German order: write 2019-05-02"),
        ("session_date", "02/05/2019", "may be 2019-02-05 or 2019-05-02: look it up"),
        ("session_date", "43587", "looks like a spreadsheet's day number: counted from 1900 it is 2019-05-02"),
        ("label_date", "43587.0", "counted from 1900 it is 2019-05-02"),
        ("session_date", "12345", "a date as YYYY-MM-DD"),
        ("session_date", "2020-02-30", "a date as YYYY-MM-DD"),
        ("session_date", "0001-01-01", "a date as YYYY-MM-DD"),
        ("bevacizumab", "maybe", "yes or no"),
        ("mask_label", 0, "a label value of 1 or more"),
        ("sequence", "T1CE", "did you mean T1wCE?"),
        ("sequence", "t1 post", "did you mean T1wCE?"),
        ("sequence", "Xray", "one of T1w, T1wCE, T2w, FLAIR"),
        ("label", "radionecrosis", "did you mean necrosis?"),
        ("label", 1, "one of necrosis, progression, mixed, indeterminate; numbers do not say which outcome"),
        ("label", 0, 'frame["label"].map({0: "…", 1: "…"})'),
        ("label", "Nekrose", "did you mean necrosis? To replace it throughout: frame["),
        ("label", "Rezidiv", """frame["label"].replace({'Rezidiv': 'progression'})"""),
        ("label", "Xyz", """frame["label"].replace({'Xyz': '…'})"""),
        ("sex", "w", "did you mean female?"),
        ("frame_times_s", "0;2;1", "rising numbers separated by semicolons"),
        ("patient_id", "", "text"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    problems: Callable[..., list[Any]], row: Rows, column: str, value: Any, expected: str
) -> None:
    found = [problem for problem in problems(row(**{column: value})) if problem.column == column]
    assert len(found) == 1
    assert found[0].row == 2
    assert expected in found[0].expected
    assert found[0].found == (repr(str(value)) if value != "" else "nothing")


@pytest.mark.parametrize(
    ("column", "written", "read_as"),
    [
        ("sequence", "t1wce", "T1wCE"),
        ("sequence", " T1wCE ", "T1wCE"),
        ("label", "Necrosis ", "necrosis"),
        ("sex", "F", "female"),
        ("sex", "m", "male"),
        ("entity", "Brain Metastasis", "brain_metastasis"),
        ("label_source", "imaging-followup", "imaging_followup"),
    ],
)
def test_variants_of_a_category_are_normalised_and_told(
    read: Callable[..., pd.DataFrame], row: Rows, column: str, written: str, read_as: str
) -> None:
    table = read(row(**{column: written}))
    assert table.loc[0, column] == read_as
    assert column in "\n".join(table.attrs["radnec"]["tips"])


@pytest.mark.parametrize(
    "value",
    [
        *("no progression", "non-progression", "nonprogression", "pseudoprogression", "pseudo-progression"),
        *("not necrosis", "non-necrotic", "no necrosis", "regression", "progression-free", "progression: no", "RN-"),
        *("progression?", "progression 0", "keine Progression", "pas de progression", "necrosis excluded"),
    ],
)
def test_the_opposite_outcome_is_never_suggested(problems: Callable[..., list[Any]], row: Rows, value: str) -> None:
    (found,) = problems(row(label=value))
    assert "did you mean" not in found.expected


@pytest.mark.parametrize(
    ("value", "meant"),
    [("progresion", "progression"), ("necrosys", "necrosis"), ("Rn", "necrosis"), ("undetermined", "indeterminate")],
)
def test_a_misspelt_label_is_recognised(problems: Callable[..., list[Any]], row: Rows, value: str, meant: str) -> None:
    (found,) = problems(row(label=value))
    assert found.expected.endswith(f"; did you mean {meant}?")


@pytest.mark.parametrize(
    "value",
    [
        *("pseudoprogression", "Pseudo-progression", "PsP", "treatment effect", "radiation effects", "ARE"),
        *("treatment-related changes", "adverse radiation effect (ARE)"),
    ],
)
def test_what_an_effect_of_treatment_is_called_must_be_decided_by_the_user(
    problems: Callable[..., list[Any]], row: Rows, value: str
) -> None:
    (found,) = problems(row(label=value))
    assert f"{value} is an effect of treatment, which may be necrosis or not: decide" in found.expected


def test_a_category_that_is_denied_is_not_suggested(problems: Callable[..., list[Any]], row: Rows) -> None:
    (found,) = problems(row(idh_status="no mutant"))
    assert "did you mean" not in found.expected


def test_counts_agree_with_their_nouns(tips: Callable[..., str], row: Rows) -> None:
    one = tips(row(label="necrosis", months_since_rt=20, session_day=30))
    assert "1 labelled row does not say how the label was found" in one
    assert "months_since_rt: 1 row is over a month from" in one
    assert (counted(1, "miss", "misses"), counted(2, "miss", "misses")) == ("1 miss", "2 misses")


def test_an_unknown_category_is_missing_and_told(read: Callable[..., pd.DataFrame], row: Rows) -> None:
    table = read(row(idh_status="unknown"))
    assert table["idh_status"].isna().all()
    assert "idh_status: read 'unknown' as missing (1 row)" in table.attrs["radnec"]["tips"]


def test_spaces_round_an_id_do_not_make_two_patients(read: Callable[..., pd.DataFrame], row: Rows) -> None:
    table = read(row(), row(patient_id="01 ", sequence="FLAIR", image_path="flair.nii.gz"))
    assert set(table["patient_id"]) == {"01"}
    assert "patient_id: spaces around 1 value were removed" in table.attrs["radnec"]["tips"]


@pytest.mark.parametrize(("written", "value"), [("Yes", True), ("1", True), ("1.0", True), ("FALSE", False)])
def test_flags_are_read_in_any_usual_spelling(
    read: Callable[..., pd.DataFrame], row: Rows, written: str, value: bool
) -> None:
    assert bool(read(row(prior_wbrt=written)).loc[0, "prior_wbrt"]) is value


@pytest.mark.parametrize("written", ["2021-03-04", "20210304", "2021-03-04T11:30:00", "2021-03-04 11:30:00"])
def test_dates_are_read_as_days(read: Callable[..., pd.DataFrame], row: Rows, written: str) -> None:
    assert read(row(session_date=written))["session_date"].eq(pd.Timestamp("2021-03-04")).all()


def test_mask_labels_are_numbers_unless_one_is_a_name(read: Callable[..., pd.DataFrame], row: Rows) -> None:
    assert list(read(row(mask_label="2.0"))["mask_label"]) == [2]
    mixed = read(row(mask_label="tumour"), row(lesion_id="L2"))
    assert list(mixed["mask_label"]) == ["tumour", "1"]


def test_undeclared_columns_are_typed_by_what_all_their_cells_are(read: Callable[..., pd.DataFrame], row: Rows) -> None:
    table = read(row(whole=3, real=0.5, flag=True, code="003", word="x"))
    assert [str(table[name].dtype) for name in ("whole", "real", "flag", "code", "word")] == [
        "Int64",
        "Float64",
        "boolean",
        "string",
        "string",
    ]
