"""The published table keeps its contract, and own rows are checked and laid over it."""

from __future__ import annotations

import pandas as pd
import pytest

from radnec.errors import EvidenceError
from radnec.pathway import read_evidence
from radnec.quantify.examinations.catalogue import UNITS

INDICES = {
    *("nCBV_mean", "nCBV_max", "PSR_percent", "nASL_CBF_max", "Cho_Cr", "Cho_NAA", "growth_exponent"),
    *("TBRmax", "TBRmean", "TBRmax_MET", "TBRmax_FDOPA", "Tl201_retention_index"),
    *("Tl201_index_early", "Tl201_index_delayed", "MIBI_index_early", "MIBI_index_delayed"),
}
OWN = {
    "id": "ours",
    "modality": "PET",
    "technique": "FET",
    "index": "TBRmax",
    "entity": "glioma",
    "cutoff": 2.0,
    "progression_if": ">=",
    "positive_class": "progression",
    "sensitivity": 0.9,
    "specificity": 0.8,
    "source": "our own",
}


def test_the_published_rows_use_names_of_indices_that_radnec_measures():
    rows = read_evidence()
    assert len(rows) == 61
    assert {row.index for row in rows} - {""} == INDICES
    assert set(UNITS) >= INDICES
    assert all(row.source for row in rows)
    whole = [row for row in rows if row.sensitivity is not None and row.specificity is not None]
    assert [row.id for row in whole if row.positive_class is None] == ["rad_peng"]


@pytest.mark.parametrize(
    ("name", "at", "beyond"),
    [
        ("fet_romagna_max", (2.15, "progression"), (2.14, "necrosis")),
        ("tl_matsunaga", (0.775, "necrosis"), (0.776, "progression")),
        ("dsc_barajas_psr", (76.3, "necrosis"), (76.2, "progression")),
    ],
)
def test_a_value_speaks_by_the_side_of_the_cut_off_that_the_source_states(name, at, beyond):
    row = read_evidence()[name]
    assert [row.favours(value) for value, _ in (at, beyond)] == [at[1], beyond[1]]


def test_a_published_likelihood_ratio_goes_before_a_derived_one():
    row = read_evidence()["pet_bm_meta"]
    assert row.likelihood_ratio("necrosis").value == pytest.approx(1 / 0.17)
    assert row.likelihood_ratio("progression").value == pytest.approx(1 / 7)


def test_with_both_published_ratios_a_sensitivity_of_1_without_counts_is_no_hindrance():
    perfect = OWN | {"sensitivity": 1.0, "n_lesions": None}
    with pytest.raises(EvidenceError, match="exactly 0 or 1"):
        read_evidence(pd.DataFrame([perfect]))["ours"].likelihood_ratio("progression")
    row = read_evidence(pd.DataFrame([perfect | {"lr_positive": 4.8, "lr_negative": 0.05}]))["ours"]
    assert row.likelihood_ratio("necrosis").value == 1 / 0.05  # a negative finding, in the odds of necrosis
    assert row.likelihood_ratio("progression").value == 1 / 4.8


def test_limits_need_the_lesions_of_each_class():
    rows = read_evidence()
    known, unknown = (rows[name].likelihood_ratio("necrosis") for name in ("fdopa_cicone", "fet_romagna_max"))
    assert known.low < known.value < known.high
    assert pd.isna([unknown.low, unknown.high]).all()


def test_a_table_survives_csv(tmp_path):
    path = tmp_path / "evidence.csv"
    read_evidence().frame().to_csv(path, index=False)
    assert read_evidence(path) == read_evidence()


def test_own_rows_replace_and_extend(tmp_path):
    path = tmp_path / "own.csv"
    pd.DataFrame([OWN, OWN | {"id": "fet_romagna_max", "cutoff": 1.9}]).to_csv(path, index=False)
    table = read_evidence().extended(path)
    assert len(table) == len(read_evidence()) + 1
    assert table["fet_romagna_max"].cutoff == 1.9
    assert table["fet_romagna_max"].n_lesions is None
    assert [row.id for row in table].index("fet_romagna_max") < len(table) - 1
    assert table["ours"].rule == "progression if >= 2"


def test_all_problems_of_a_table_are_told_at_once():
    bad = pd.DataFrame(
        [OWN | {"sensitivity": 90}, OWN | {"id": "two", "positive_class": "TP"}, OWN | {"id": "b c", "spec": 0.8}]
    )
    with pytest.raises(EvidenceError) as caught:
        read_evidence(bad)
    lines = str(caught.value).splitlines()
    assert "row 1 (ours), sensitivity: found 90" in lines[1]
    assert "row 2 (two), positive_class: found 'TP'; expected 'necrosis' or 'progression'" in lines[2]
    assert "row 3 (b c), id: found 'b c'" in lines[3]
    assert "row 3 (b c), spec: no such column" in lines[4]


def test_ids_are_there_once_and_overrides_are_checked():
    with pytest.raises(EvidenceError, match="evidence ours is there more than once"):
        read_evidence(pd.DataFrame([OWN, OWN]))
    with pytest.raises(EvidenceError, match=r"tl_kahn cannot be changed:\n.*no such column; .*'sensitivity'"):
        read_evidence().override("tl_kahn", sensitvity=0.5)
    with pytest.raises(EvidenceError, match="there is no evidence 'tl_khan'; close to it: tl_kahn"):
        read_evidence().override("tl_khan", sensitivity=0.5)


@pytest.mark.parametrize(("text", "said"), [("", "No columns"), ('id,source\n"a', "EOF")])
def test_what_is_no_csv_is_refused_with_its_name(tmp_path, text, said):
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(EvidenceError, match=rf"own\.csv is not a CSV table of evidence: .*{said}"):
        read_evidence(path)
