"""The ledger reproduces the worked case, shows each step, and refuses what it cannot weigh."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import radnec
from radnec.errors import EvidenceError
from radnec.pathway import read_evidence

RADIOMICS, DSC, PET = "rad_kim_meta", "dsc_hgg_fu", "pet_bm_meta"


def ledger(*findings: tuple[str, float | str], **settings) -> radnec.Ledger:
    found = radnec.Ledger(0.5, **settings)
    for index, finding in findings:
        found = found.add(index, finding)
    return found


@pytest.mark.parametrize(
    ("findings", "weight", "p_progression"),
    [
        ([(RADIOMICS, "negative")], 1.0, 0.237),
        ([(RADIOMICS, "negative"), (DSC, "negative")], 1.0, 0.060),
        ([(RADIOMICS, "negative"), (DSC, "negative"), (PET, "negative")], 1.0, 0.011),
        ([(RADIOMICS, "negative"), (DSC, "negative"), (PET, "negative")], 0.7, 0.040),
        ([(RADIOMICS, "negative"), (DSC, "positive")], 1.0, 0.543),
    ],
)
def test_the_worked_case(findings, weight, p_progression):
    assert round(1 - ledger(*findings, weight=weight).p_necrosis, 3) == p_progression


def test_findings_that_disagree_are_uncertain_and_findings_that_agree_are_a_call():
    apart = ledger((RADIOMICS, "negative"), (DSC, "positive"), weight=1.0)
    assert (apart.uncertain(), apart.call) == (True, "uncertain")
    together = ledger((RADIOMICS, "negative"), (DSC, "negative"), (PET, "negative"))
    assert (together.uncertain(), together.uncertain(error=0.03), together.call) == (False, True, "necrosis")
    against = ledger((RADIOMICS, "positive"), (DSC, "positive"), (PET, "positive"))
    assert against.call == "progression"


def test_adding_leaves_the_ledger_as_it_was():
    empty = radnec.Ledger(0.3)
    assert empty.add("TBRmax", 3.0) != empty
    assert (empty.steps, empty.p_necrosis) == ((), pytest.approx(0.3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        empty.prior = 0.5


@given(prior=st.floats(0.05, 0.95), weight=st.floats(0.05, 1.0))
def test_the_order_of_findings_does_not_matter(prior, weight):
    one = radnec.Ledger(prior, weight=weight).add(RADIOMICS, "positive").add("TBRmax", 1.0)
    other = radnec.Ledger(prior, weight=weight).add("TBRmax", 1.0).add(RADIOMICS, "positive")
    assert one.p_necrosis == other.p_necrosis


def test_positive_is_of_the_class_that_the_row_states():
    for row in ("tl_gomezrio", "tl_kahn"):  # told with necrosis as the positive class
        assert ledger((row, "positive")).p_necrosis == ledger((row, "necrosis")).p_necrosis > 0.5
    assert ledger(("tl_tie", "positive")).p_necrosis == ledger(("tl_tie", "progression")).p_necrosis < 0.5


def test_a_study_told_with_the_other_polarity_changes_nothing():
    turned = read_evidence().override("tl_kahn", positive_class="progression", sensitivity=0.688, specificity=0.4)
    for finding in ("necrosis", "progression"):
        assert ledger(("tl_kahn", finding), evidence=turned).p_necrosis == pytest.approx(
            ledger(("tl_kahn", finding)).p_necrosis
        )


def test_each_step_shows_value_distance_source_and_probability():
    frame = ledger(("index_TBRmax", 1.72), (DSC, "progression")).frame()
    assert frame["evidence"].tolist() == ["prior", "fet_romagna_max", DSC]
    step = frame.loc[1]
    assert (step["cutoff"], step["unit"], step["favours"], step["weight"]) == (2.15, "1", "necrosis", 0.7)
    assert (step["distance"], step["relative_distance"]) == (pytest.approx(-0.43), pytest.approx(-0.2))
    assert step["likelihood_ratio"] == pytest.approx(0.79 / 0.14)
    assert step["p_necrosis"] == pytest.approx(1 / (1 + (0.14 / 0.79) ** 0.7))
    assert "Romagna 2016" in step["source"]
    assert np.isnan(frame.loc[2, ["value", "distance"]].astype(float)).all()
    assert frame["p_necrosis"].tolist()[-1] == ledger(("TBRmax", 1.72), (DSC, "progression")).p_necrosis


def test_the_page_escapes_what_users_write():
    own = read_evidence().override("fet_romagna_max", note="<script>")
    page = ledger(("TBRmax", 2.5), evidence=own)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "P(RN) 0.27" in page


def test_numpy_numbers_are_values():
    expected = ledger(("TBRmax", 3.0)).p_necrosis
    assert [ledger(("TBRmax", kind(3))).p_necrosis for kind in (int, np.int64, np.float32)] == [expected] * 3


@pytest.mark.parametrize(
    ("index", "finding", "said"),
    [
        ("rad_peng", "positive", "does not state which class is the positive one"),
        ("tl_lai", "positive", "it has no sensitivity"),
        ("tl_gomezrio", 1.4, "no cut-off for a value: the finding was read by eye"),
        ("nCBV_mean", 1.4, "cbv_glioma_li: it has no cut-off for a value.*cbv_chuang: it has no sensitivity"),
        ("t1map_bm", 80.0, "does not say on which side"),
        ("TBRmax_FDOPA", 1.7, r"measured otherwise \(background by its maximum.*is weighed by its id"),
        ("nCBV_max", 2.3, "dsc_hoef_wm: it has no specificity"),
        ("TBRmax_MET", "necrosis", r"2 rows of evidence .*met_yomo.*met_tn_hotta.*name one by its id"),
        ("tbrmx", 2.0, "close to it: TBRmax, "),
        ("index_nCBVmax", 2.0, "close to it: nCBV_max"),
        ("TBRmax", float("nan"), "expected a finite value"),
        ("TBRmax", True, "expected a finite value"),
        ("TBRmax", "high", "expected a finite value, or one of necrosis, progression, positive, negative"),
    ],
)
def test_what_cannot_be_weighed_is_refused_with_the_reason(index, finding, said):
    with pytest.raises(EvidenceError, match=said):
        ledger((index, finding))


def test_one_value_of_several_rows_finds_the_only_one_with_a_cut_off():
    same = read_evidence().override("met_yomo", measured_otherwise="", source="our ratio to the maximum")
    assert ledger(("TBRmax_MET", 1.5), evidence=same).steps[0].evidence.id == "met_yomo"


def test_what_was_measured_otherwise_is_weighed_if_named_and_says_how():
    step = ledger(("fdopa_cicone", 1.7)).frame().loc[1]
    assert step["favours"] == "progression"
    assert "by its maximum" in step["note"]
    assert ledger(("TBRmax_FDOPA", "progression")).steps[0].evidence.id == "fdopa_cicone"


def test_a_mixed_up_polarity_is_found_where_it_makes_no_sense():
    swapped = read_evidence().override("fet_romagna_max", sensitivity=0.14, specificity=0.21)
    with pytest.raises(EvidenceError, match="the positive class is the other one"):
        ledger(("TBRmax", 2.0), evidence=swapped)


@pytest.mark.parametrize("second", ["TBRmean", PET, "rad_lohmann"])
def test_one_examination_counts_once_unless_told(second):
    finding = 1.5 if second == "TBRmean" else "necrosis"
    first = ledger(("TBRmax", 1.5))
    with pytest.raises(EvidenceError, match="may be the examination of step 1, fet_romagna_max"):
        first.add(second, finding)
    assert first.add(second, finding, again=True).p_necrosis > first.p_necrosis


def test_own_rows_come_beside_the_published_ones():
    own = pd.DataFrame(
        {
            "id": ["ours"],
            "modality": "MRI",
            "technique": "T2",
            "index": "lesion_quotient",
            "entity": "mixed",
            "cutoff": 0.3,
            "progression_if": ">",
            "positive_class": "necrosis",
            "sensitivity": 0.8,
            "specificity": 0.6,
            "source": "our own",
        }
    )
    assert ledger(("lesion_quotient", 0.1), (RADIOMICS, "negative"), evidence=own, weight=1.0).p_necrosis == (
        pytest.approx(1 / (1 + 0.4 / 0.8 * 0.23 / 0.74))
    )


@pytest.mark.parametrize(
    "settings",
    [
        *({"prior": wrong} for wrong in (0.0, 1.0, float("nan"), None, "0.5", True)),
        *({"weight": wrong} for wrong in (0.0, 1.1, float("nan"), None, "0.7", True)),
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(EvidenceError, match=rf"{next(iter(settings))} is .*; expected"):
        radnec.Ledger(**{"prior": 0.5} | settings)
    with pytest.raises(EvidenceError, match=r"error is 0\.5; expected"):
        radnec.Ledger(0.5).uncertain(error=0.5)
    for wrong in ("0.1", None):
        with pytest.raises(EvidenceError, match="expected a share above 0"):
            radnec.Ledger(0.5).uncertain(wrong)


@pytest.mark.parametrize(
    ("prior", "call"), [(0.9, "necrosis"), (0.1, "progression"), (0.899, "uncertain"), (0.101, "uncertain")]
)
def test_a_probability_at_the_error_is_a_call(prior, call):
    assert radnec.Ledger(prior).call == call


@pytest.mark.parametrize(
    ("value", "favours"), [(2.15, "progression"), (np.nextafter(2.15, 0), "necrosis"), (0, "necrosis")]
)
def test_a_value_at_the_cut_off_lies_on_the_side_that_the_source_states(value, favours):
    step = ledger(("TBRmax", value)).steps[0]
    assert (str(step.favours), step.distance) == (favours, pytest.approx(value - 2.15))


def test_a_share_of_exactly_one_needs_the_lesions_behind_it():
    perfect = {"sensitivity": 1.0, "n_lesions": None, "n_patients": None}
    own = read_evidence().override("fet_romagna_max", **perfect, source="ours")
    with pytest.raises(EvidenceError, match="fet_romagna_max: its sensitivity or specificity is exactly 0 or 1"):
        ledger(("TBRmax", 1.8), evidence=own)
    counted = own.override("fet_romagna_max", n_necrosis=20, n_progression=30)
    # (30 + 1/2) / (30 + 1) of 30 progressions called rightly, 0.79 of the necroses
    assert ledger(("TBRmax", 1.8), evidence=counted, weight=1.0).p_necrosis == pytest.approx(0.79 / (0.79 + 0.5 / 31))
