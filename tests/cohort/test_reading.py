"""read_cohort as a whole: what comes back, whatever the source, and everything that is wrong at once."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import radnec
from radnec.cohort import FIELDS, read_cohort
from radnec.errors import CohortError, CohortTip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = Callable[..., dict[str, Any]]
    Read = Callable[..., pd.DataFrame]


def test_a_minimal_table_comes_back_typed(read: Read, row: Rows, folder: Path) -> None:
    table = read(row(age_years="61", immunotherapy="no", session_date="2021-03-04"))
    assert list(table["patient_id"]) == ["01"]
    assert list(table["image_path"]) == [str(folder / "t1.nii.gz")]
    assert list(table["mask_label"]) == [1]
    assert table["age_years"][0] == 61.0
    assert not table["immunotherapy"][0]
    assert table["session_date"][0] == pd.Timestamp("2021-03-04")


def test_missing_values_are_na_in_every_kind_of_column(read: Read, row: Rows) -> None:
    full = row(age_years=61, kps=90, bevacizumab="yes", session_date="2021-03-04", label="mixed", site_id="A")
    table = read(full, row(lesion_id="L2", mask_label=2, patient_id="02", image_path="other.nii.gz"))
    assert table.loc[1, ["age_years", "kps", "bevacizumab", "session_date", "label", "site_id"]].isna().all()


def test_the_public_name_reads(folder: Path, row: Rows) -> None:
    frame = radnec.read_cohort(pd.DataFrame([row()]), root=folder)
    assert frame.loc[0, "mask_path"] == str(folder / "lesions.nii.gz")


def test_columns_come_in_the_order_of_the_schema_then_others_by_name(read: Read, row: Rows) -> None:
    table = read({"zeta": 1, "label": "mixed", "alpha": "007", "age_years": 50, **row()})
    declared = [name for name in table.columns if name in FIELDS]
    assert declared == sorted(declared, key=list(FIELDS).index)
    assert list(table.columns[-2:]) == ["alpha", "zeta"]
    assert table["alpha"][0] == "007"
    assert table["zeta"].dtype == "Int64"


def test_all_problems_come_at_once_and_in_row_order(problems: Callable[..., list[Any]], row: Rows) -> None:
    found = problems(
        row(sequence="T1CE", rt_dose_gy=2000),
        row(lesion_id="", mask_label=2),
        row(lesion_id="L3", mask_label=3, image_path="gone.nii.gz", session_date="04/03/2021"),
    )
    assert [(problem.row, problem.column) for problem in found] == [
        (2, "sequence"),
        (2, "rt_dose_gy"),
        (3, "lesion_id"),
        (4, "session_date"),
        (4, "image_path"),
    ]


def test_equal_problems_are_told_once_and_hide_no_other_kind(folder: Path, row: Rows) -> None:
    rows = [row(lesion_id=f"L{k}", mask_label=k + 1, label="Nekrose") for k in range(66)]
    rows += [
        row(lesion_id=f"M{k}", mask_label=k + 100, session_date="2020-01-01", image_path=f"gone{k}") for k in range(30)
    ]
    rows.append(row(lesion_id="N", mask_label=200, kps=-1))
    rows.append(row(lesion_id="O", mask_label=201, image_path="t1.nii"))
    with pytest.raises(CohortError) as caught:
        read_cohort(pd.DataFrame(rows), root=folder)
    frame = caught.value.frame
    assert len(frame) == 66 + 30 + 2
    title, labels, *lines = str(caught.value).splitlines()
    assert title == "the frame breaks the cohort contract: 98 problems"
    assert labels.startswith("  label ×66 (rows 0, 1, 2, …): found 'Nekrose'; expected one of")
    assert [line.split(",")[0] for line in lines[:3]] == [f"  row {row}" for row in range(66, 69)]
    assert "row 96, kps: found '-1'" in lines[3]
    assert lines[4].endswith("did you mean t1.nii.gz?")
    assert lines[5:] == ["  … 27 more in the exception's .frame (image_path ×27)"]


def test_problems_of_the_header_say_so(row: Rows) -> None:
    with pytest.raises(CohortError, match=r"\n  header, patient_id: found no such column; expected"):
        read_cohort(pd.DataFrame([row()]).drop(columns="patient_id"))


def test_a_csv_names_the_line_and_a_frame_its_index_label(folder: Path, row: Rows) -> None:
    (folder / "cohort.csv").write_text(
        "patient_id,session_id,lesion_id,sequence,image_path,mask_path,note\n"
        '01,S1,L1,T1wCE,t1.nii.gz,lesions.nii.gz,"two\nlines"\n'
        "\n"
        "02,S1,L1,T1wCE,gone.nii.gz,others.nii.gz,\n"
    )
    with pytest.raises(CohortError) as caught:
        read_cohort(folder / "cohort.csv")
    assert list(caught.value.frame["row"]) == [5]
    frame = pd.DataFrame(
        [row(), row(patient_id="02", image_path="gone.nii.gz", mask_path="others.nii.gz")], index=["first", "second"]
    )
    with pytest.raises(CohortError) as caught:
        read_cohort(frame, root=folder)
    assert list(caught.value.frame["row"]) == ["second"]


def test_tips_come_as_one_warning_and_in_attrs(folder: Path, row: Rows) -> None:
    frame = pd.DataFrame([row(sequence=" t1wce ", remark="x")])
    with pytest.warns(CohortTip) as caught:
        table = read_cohort(frame, root=folder)
    assert len(caught) == 1
    assert all(tip in str(caught[0].message) for tip in table.attrs["radnec"]["tips"])
    assert caught[0].filename == __file__


def test_a_clean_table_gives_no_warning(folder: Path, row: Rows) -> None:
    table = read_cohort(pd.DataFrame([row()]), root=folder)
    assert table.attrs["radnec"]["tips"] == []


def test_the_source_frame_is_left_as_it_was(folder: Path, row: Rows) -> None:
    frame = pd.DataFrame([row(sequence="T1wCE")], index=[7])
    before = frame.copy(deep=True)
    read_cohort(frame, root=folder)
    pd.testing.assert_frame_equal(frame, before)


_optional: dict[str, st.SearchStrategy[Any]] = {
    "age_years": st.floats(0, 110, allow_subnormal=False),
    "kps": st.sampled_from([60, 70, 100]),
    "bevacizumab": st.booleans(),
    "entity": st.sampled_from(["glioma", "brain_metastasis", "Brain metastasis "]),
    "rt_dose_gy": st.floats(8, 30),
    "label": st.sampled_from(["necrosis", "Progression", "mixed"]),
    "session_date": st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2050-01-01").date()),
    "note": st.text(alphabet="abc ", max_size=5),
    "score": st.floats(-1e6, 1e6),
    "site_id": st.sampled_from(["007", "7", "Ä"]),
}
_lesions = st.lists(st.fixed_dictionaries({}, optional=_optional), min_size=1, max_size=4)


def _quiet(source: Any, **options: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CohortTip)
        return read_cohort(source, **options)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lesions=_lesions, order=st.randoms(use_true_random=False))
def test_reading_is_idempotent_and_the_source_does_not_matter(
    folder: Path, row: Rows, lesions: list[dict[str, Any]], order: Any
) -> None:
    rows = [row(patient_id=f"0{k}", **values) for k, values in enumerate(lesions)]
    for k, values in enumerate(rows):
        values |= {"image_path": f"image{k}", "mask_path": f"mask{k}"}
        (folder / f"image{k}").touch()
        (folder / f"mask{k}").touch()
    frame = pd.DataFrame(rows)
    frame.to_csv(folder / "cohort.csv", index=False)
    frame.to_parquet(folder / "cohort.parquet")
    table = _quiet(folder / "cohort.csv")
    pd.testing.assert_frame_equal(_quiet(folder / "cohort.parquet"), table)
    pd.testing.assert_frame_equal(_quiet(frame, root=folder), table)
    pd.testing.assert_frame_equal(_quiet(table), table)
    shuffled = list(frame.columns)
    order.shuffle(shuffled)
    pd.testing.assert_frame_equal(_quiet(frame[shuffled], root=folder), table)


def test_what_was_read_survives_csv_and_parquet(folder: Path, row: Rows) -> None:
    frame = pd.DataFrame(
        [row(mask_label="tumour", label="mixed", label_source="pet", bevacizumab="y"), row(lesion_id="L2")]
    )
    table = _quiet(frame, root=folder)
    table.to_csv(folder / "again.csv", index=False)
    table.to_parquet(folder / "again.parquet")
    pd.testing.assert_frame_equal(_quiet(folder / "again.csv"), table)
    pd.testing.assert_frame_equal(_quiet(folder / "again.parquet"), table)


_oddities = st.sampled_from(
    ["", "-1", "1e400", "9" * 25, "inf", "\x00", "é🧠", '"', ";", "1;2", "..", "\u00a0", "x\ny"]
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    odd=st.dictionaries(st.sampled_from([*FIELDS, "", "Mask"]), _oddities | st.text(max_size=4), min_size=1, max_size=6)
)
def test_whatever_the_cells_hold_nothing_but_a_cohort_error_is_raised(
    folder: Path, row: Rows, odd: dict[str, str]
) -> None:
    frame = pd.DataFrame([row(**odd), row(lesion_id="L2", mask_label=2)])
    with contextlib.suppress(CohortError):
        assert len(_quiet(frame, root=folder)) == 2
