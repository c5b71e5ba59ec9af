"""Change between sessions: analytic answers, invariances, and a real longitudinal table."""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radnec.errors import ConfigError, TableError
from radnec.features.columns import batch_of, feature_columns, modality_of
from radnec.features.delta import change
from radnec.features.joining import join

KEYS = ["patient_id", "session_id", "lesion_id"]
MONTH = 30.4375


def visits(*rows, **columns):
    """Return a table of (patient, session, lesion, day, value)."""
    table = pd.DataFrame(rows, columns=[*KEYS, "session_day", "index_ADC"])
    return table.assign(**columns)


@pytest.fixture
def three():
    """Return one lesion with three sessions, whose names and rows are not in the order of time."""
    return visits(("P", "c", "1", 60, 3.0), ("P", "a", "1", 90, 4.5), ("P", "b", "1", 0, 2.0))


def test_a_pair_that_is_named_the_wrong_way_round_is_told(three):
    told = change(three, pairs=("c", "b"))["delta_status"][0]
    assert "the session named first is the later one" in told
    assert change(three, pairs=("b", "c"))["delta_status"][0] == "ok"


def test_each_session_against_the_one_before(three):
    found = change(three)
    assert found[[*KEYS, "earlier_session_id"]].to_numpy().tolist() == [["P", "a", "1", "c"], ["P", "c", "1", "b"]]
    assert found["delta_index_ADC"].tolist() == [1.5, 1.0]
    assert found["delta_relative_index_ADC"].tolist() == [0.5, 0.5]
    assert found["months_between"].tolist() == [30 / MONTH, 60 / MONTH]
    assert found["delta_per_month_index_ADC"].tolist() == pytest.approx([1.5 * MONTH / 30, 1.0 * MONTH / 60])
    assert found["delta_status"].tolist() == ["ok", "ok"]


def test_each_session_against_the_first(three):
    found = change(three, pairs="baseline")
    assert found[["session_id", "earlier_session_id"]].to_numpy().tolist() == [["a", "b"], ["c", "b"]]
    assert found["delta_index_ADC"].tolist() == [2.5, 1.0]


def test_two_sessions_by_name(three):
    (row,) = change(three, pairs=("c", "b")).itertuples()
    assert (row.session_id, row.earlier_session_id, row.delta_index_ADC) == ("b", "c", -1.0)
    assert row.months_between == -60 / MONTH


def test_dates_order_and_part_the_sessions_before_days_do(three):
    dates = ["2020-03-01", "2020-01-01", "2020-02-01"]
    found = change(three.assign(session_date=dates))
    assert found["earlier_session_id"].tolist() == ["a", "b"]
    assert found["months_between"].tolist() == [31 / MONTH, 29 / MONTH]
    partly = change(three.assign(session_date=["2020-03-01", None, None]))
    pd.testing.assert_frame_equal(partly, change(three))


def test_without_time_names_order_and_there_is_no_change_per_month():
    table = visits(("P", "10", "1", 0, 3.0), ("P", "9", "1", 0, 2.0)).drop(columns="session_day")
    (row,) = change(table).itertuples()
    assert (row.session_id, row.delta_index_ADC) == ("10", 1.0)
    assert np.isnan([row.months_between, row.delta_per_month_index_ADC]).all()
    assert row.delta_status == "sessions ordered by name; time between the sessions unknown"
    assert change(table, kinds=["absolute"])["delta_status"].tolist() == ["sessions ordered by name"]
    assert change(table, kinds=["absolute"], pairs=("9", "10"))["delta_status"].tolist() == ["ok"]


def test_months_since_radiotherapy_order_and_part_the_sessions():
    table = visits(("P", "preop", "1", None, 1.0), ("P", "followup", "1", None, 3.0)).drop(columns="session_day")
    (row,) = change(table.assign(months_since_rt=[2.0, 8.0])).itertuples()
    assert (row.session_id, row.delta_index_ADC, row.months_between, row.delta_status) == ("followup", 2.0, 6.0, "ok")


def test_a_date_and_a_day_do_not_order_sessions():
    table = visits(("P", "b", "1", 30, 1.0), ("P", "a", "1", None, 3.0), session_date=[None, "2020-01-01"])
    (row,) = change(table).itertuples()
    assert (row.session_id, row.delta_status) == ("b", "sessions ordered by name; time between the sessions unknown")


def test_two_sessions_of_one_day_have_no_change_per_month():
    (row,) = change(visits(("P", "1", "1", 7, 3.0), ("P", "2", "1", 7, 2.0))).itertuples()
    assert np.isnan(row.delta_per_month_index_ADC)
    told = "sessions ordered by name; no time between the sessions"
    assert (row.delta_index_ADC, row.delta_status) == (-1.0, told)


@pytest.mark.parametrize("time", ["session_day", "months_since_rt"])
def test_what_names_choose_among_sessions_of_the_same_time_is_told(time):
    rows = visits(("P", "1", "1", 7, 3.0), ("P", "2", "1", 7, 2.0), ("P", "3", "1", 9, 1.0), ("P", "4", "1", 12, 0.5))
    table = rows.rename(columns={"session_day": time})
    by_name = "sessions ordered by name"
    assert change(table, kinds=["absolute"])["delta_status"].tolist() == [by_name, by_name, "ok"]
    assert change(table, kinds=["absolute"], pairs="baseline")["delta_status"].tolist() == [by_name] * 3
    assert change(table, kinds=["absolute"], pairs=("2", "1"))["delta_status"].tolist() == ["ok"]


def test_a_baseline_of_zero_has_no_relative_change_and_says_so():
    (row,) = change(visits(("P", "1", "1", 0, 0.0), ("P", "2", "1", 9, 2.0))).itertuples()
    assert (row.delta_index_ADC, np.isnan(row.delta_relative_index_ADC)) == (2.0, True)
    assert row.delta_status == "1 feature of 0 in the earlier session, without relative change"


def test_the_sign_of_a_relative_change_is_that_of_the_change():
    found = change(visits(("P", "1", "1", 0, -4.0), ("P", "2", "1", 9, -3.0)))
    assert found["delta_relative_index_ADC"].tolist() == [0.25]


def test_every_lesion_has_a_row():
    table = visits(("P", "1", "1", 0, 1.0), ("P", "2", "1", 9, 2.0), ("P", "2", "2", 9, 5.0), ("Q", "1", "1", 0, 5.0))
    found = change(table)
    assert found[KEYS].to_numpy().tolist() == [["P", "2", "1"], ["P", "2", "2"], ["Q", "1", "1"]]
    assert found["delta_status"].tolist() == ["ok", "no earlier session", "no earlier session"]
    assert found["delta_index_ADC"].isna().tolist() == [False, True, True]
    assert found["earlier_session_id"].isna().tolist() == [False, True, True]
    named = change(table, pairs=("1", "2"))
    assert named[KEYS].to_numpy().tolist() == found[KEYS].to_numpy().tolist()
    assert named["delta_status"].tolist() == ["ok", "session 1 missing", "session 2 missing"]
    backwards = change(
        visits(("P", "1", "1", 0, 1.0), ("P", "2", "1", 9, 2.0), ("Q", "3", "1", 0, 5.0)), pairs=("2", "1")
    )
    first = "the session named first is the later one"
    assert backwards["delta_status"].tolist() == [first, "session 2 missing; session 1 missing"]


def test_failed_sessions_are_told_and_never_skipped():
    table = visits(
        *(("P", str(day), "1", day, value) for day, value in ((1, 1.0), (2, np.nan), (3, 4.0))),
        status=pd.array(["ok", "failed", "ok"], dtype="string"),
        index_TBRmax=[1.0, 2.0, 3.0],
    )
    found = change(table, kinds=["absolute"])
    one = "1 feature measured in one session only"
    assert found["delta_status"].tolist() == [f"the session failed; {one}", f"the earlier session failed; {one}"]
    assert found["delta_index_ADC"].isna().all()
    assert found["delta_index_TBRmax"].tolist() == [1.0, 1.0]


def test_what_no_session_measured_is_no_fault_of_the_pair():
    table = visits(("P", "1", "1", 0, 1.0), ("P", "2", "1", 9, 2.0), index_TBRmax=np.nan)
    assert change(table)["delta_status"].tolist() == ["ok"]


@pytest.mark.parametrize("values", [(np.inf, 1.0), (1.0, -np.inf), (-1.7e308, 1.7e308), (5e-324, 1.0)])
def test_never_infinite(values):
    table = visits(*(("P", str(i), "1", 9 * i, value) for i, value in enumerate(values)))
    found = change(table)
    assert not np.isinf(found[feature_columns(found)]).any(axis=None)
    assert found["delta_status"].tolist() == ["1 feature with an infinite or too large value or change"]


def test_the_changes_and_nothing_else_are_features():
    features = ["T1wCE_original_glcm_Contrast", "PET-FET_original_firstorder_Mean", "index_ADC", "index_TBRmax"]
    table = visits(("P", "1", "1", 0, 1), ("P", "2", "1", 9, 2)).assign(**dict.fromkeys(features, 1))
    found = change(table.assign(index_ADC_status="evaluable", delta_index_ADC=1.0, age_years=60))
    expected = [f"delta_{kind}{name}" for kind in ("", "relative_", "per_month_") for name in features]
    assert feature_columns(found) == sorted(expected)
    assert found.columns.tolist() == [*KEYS, "earlier_session_id", "months_between", "delta_status", *sorted(expected)]
    assert not any(batch_of(name) for name in expected)
    assert [modality_of(name) for name in expected] == 3 * ["MR", "PET", None, "PET"]


def test_changes_join_the_table_they_were_made_of(three):
    three.attrs["radnec"] = {"kind": "features", "extraction_digest": "d" * 64}
    found = change(three, pairs="baseline", kinds=["relative"])
    assert found.attrs["radnec"]["extraction_digest"] == "d" * 64
    assert found.attrs["radnec"]["change"] == {"pairs": "baseline", "kinds": ["relative"]}
    assert "change" not in three.attrs["radnec"]
    joined = join(three, found)
    assert joined.set_index("session_id")["delta_relative_index_ADC"].to_dict() == pytest.approx(
        {"a": 1.25, "b": np.nan, "c": 0.5}, nan_ok=True
    )


def test_a_table_without_origin_stays_without(three):
    assert change(three).attrs == {}


tables = st.lists(
    st.tuples(st.sampled_from("PQ"), st.sampled_from("12"), st.sampled_from("ab"), st.integers(-50, 900)),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row[:3],
)
value = st.floats(-1e6, 1e6).filter(lambda number: number == 0 or abs(number) > 1e-6)


@settings(max_examples=25, deadline=None)
@given(tables, st.data())
def test_invariances(rows, data):
    values = data.draw(st.lists(st.tuples(value, value), min_size=len(rows), max_size=len(rows)))
    table = pd.DataFrame(rows, columns=[*KEYS, "session_day"])
    table[["index_ADC", "index_CBF"]] = np.array(values)
    shuffled = table.sample(frac=1, random_state=data.draw(st.integers(0, 99)))
    found = change(table)
    pd.testing.assert_frame_equal(found, change(shuffled))
    for name in ("index_ADC", "index_CBF"):
        np.testing.assert_allclose(
            found[f"delta_per_month_{name}"] * found["months_between"],
            found[f"delta_{name}"].where(found["months_between"] != 0),
            rtol=1e-12,
            atol=1e-300,
        )
    scaled = change(table.assign(index_ADC=table["index_ADC"] * 1e3, index_CBF=table["index_CBF"] * 2.0**-20))
    names = ["delta_relative_index_ADC", "delta_relative_index_CBF"]
    np.testing.assert_allclose(scaled[names], found[names], rtol=1e-9, atol=1e-9)
    if {"1", "2"} <= set(table["session_id"]):
        there, back = change(table, pairs=("1", "2")), change(table, pairs=("2", "1"))
        lesion = ["patient_id", "lesion_id"]
        both = there.merge(back, on=lesion, suffixes=("_there", "_back"))
        assert len(both) == len(there) == len(table[lesion].drop_duplicates())
        np.testing.assert_array_equal(both["delta_index_ADC_there"], -both["delta_index_ADC_back"])
        np.testing.assert_array_equal(both["months_between_there"], -both["months_between_back"])


@pytest.mark.parametrize(
    ("alter", "more", "message"),
    [
        (lambda t: t.drop(columns="lesion_id"), {}, "no column lesion_id"),
        (lambda t: pd.concat([t, t[:1]]), {}, "two rows for lesion P/c/1"),
        (lambda t: t.assign(patient_id=[None, "P", "P"]), {}, "patient_id is empty in row 0"),
        (lambda t: t.drop(columns="index_ADC"), {}, r"features=\[\.\.\.\]"),
        (lambda t: t, {"features": ["volume"]}, "no feature 'volume'"),
        (
            lambda t: t.assign(session_date=["2020-01-31", "2020-02-30", "2020-03-31"]),
            {},
            "session_date holds what is no date",
        ),
        (lambda t: t, {"pairs": ("a", "z")}, "no row is of session 'z'; found session_id 'c', 'a', 'b'"),
        (lambda t: t.assign(x=1.0, relative_x=1.0), {"features": ["x", "relative_x"]}, "called 'delta_relative_x'"),
        (lambda t: t.to_dict(), {}, "expected a DataFrame, found dict"),
    ],
)
def test_what_cannot_be_compared_is_told(three, alter, more, message):
    with pytest.raises(TableError, match=message):
        change(alter(three), **more)


@pytest.mark.parametrize(
    "more",
    [
        {"pairs": "last"},
        {"pairs": ("a", "a")},
        {"pairs": ("a", "b", "c")},
        {"kinds": ["percent"]},
        {"kinds": []},
        {"kinds": ["absolute", "absolute"]},
    ],
)
def test_a_setting_outside_its_choices_is_refused(three, more):
    with pytest.raises(ConfigError, match=f"{next(iter(more))}="):
        change(three, **more)


def _sheet(path):
    """Read the first sheet of a workbook, without a library for it."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        strings = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 (a file we know)
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    words = ["".join(text.text or "" for text in item.iter(f"{main}t")) for item in strings]
    lines = []
    for line in sheet.iter(f"{main}row"):
        cells = {re.sub(r"\d", "", cell.get("r")): (cell.get("t"), cell.findtext(f"{main}v")) for cell in line}
        lines.append({name: words[int(text)] if kind == "s" else text for name, (kind, text) in cells.items() if text})
    return pd.DataFrame(lines[1:]).rename(columns=lines[0])


def test_volumes_of_brain_metastases_change_as_reckoned_by_hand(reference):
    (book,) = (reference / "tables" / "openbtai_brain_mets").glob("*.xlsx")
    sheet = _sheet(book)
    volume = next(name for name in sheet.columns if "VOLUME" in str(name).upper())
    table = pd.DataFrame(
        {
            "patient_id": sheet["PATIENT"],
            "session_id": sheet["TIME POINT"],
            "lesion_id": sheet["LESION"],
            "session_date": sheet["TIME POINT"],
            "volume": pd.to_numeric(sheet[volume]),
        }
    )
    found = change(table, features=["volume"])
    days = pd.to_datetime(table["session_date"], format="%Y%m%d")
    byhand = table.assign(days=days).sort_values(["patient_id", "lesion_id", "days"])
    lesion = byhand.groupby(["patient_id", "lesion_id"])
    byhand = byhand.assign(
        absolute=lesion["volume"].diff(),
        relative=lesion["volume"].pct_change(),
        months=lesion["days"].diff().dt.days / MONTH,
        alone=lesion["volume"].transform("size") == 1,
    )
    byhand = byhand[byhand["absolute"].notna() | byhand["alone"]].sort_values(KEYS).reset_index(drop=True)
    assert 200 < byhand["absolute"].notna().sum() == found["delta_volume"].notna().sum()
    assert found[KEYS].equals(byhand[KEYS])
    np.testing.assert_array_equal(found["delta_volume"], byhand["absolute"])
    np.testing.assert_allclose(found["delta_relative_volume"], byhand["relative"], rtol=1e-9)
    np.testing.assert_allclose(found["months_between"], byhand["months"], rtol=1e-12)
    np.testing.assert_allclose(found["delta_per_month_volume"], byhand["absolute"] / byhand["months"], rtol=1e-12)
    assert set(found["delta_status"]) == {"ok", "no earlier session"}
    first = table.sort_values("session_date").groupby(["patient_id", "lesion_id"])["volume"].first()
    baseline = change(table, features=["volume"], pairs="baseline", kinds=["absolute"])
    own = table.merge(first.rename("first"), left_on=["patient_id", "lesion_id"], right_index=True).set_index(KEYS)
    expected = (own["volume"] - own["first"]).loc[pd.MultiIndex.from_frame(baseline[KEYS])]
    pd.testing.assert_series_equal(
        baseline.set_index(KEYS)["delta_volume"].dropna(),
        expected[baseline["delta_volume"].notna().to_numpy()],
        check_names=False,
    )
