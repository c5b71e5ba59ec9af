"""Ratios of totals by any spelling, and the spectra that are refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radnec.errors import MeasurementError
from radnec.quantify.spectroscopy import MetaboliteTable, SpectrumLimits, metabolite_ratios
from radnec.quantify.spectroscopy.names import total

WHOLE = {"tCho": 2.4, "tCr": 4.0, "tNAA": 3.0, "Lip13+Lac": 6.0}
INDICES = ["Cho_Cr", "Cho_NAA", "LipLac_Cr", "Cho_nCho"]


def table(concentrations=None, crlb=5.0, unit="mM", width=0.05, **changed):
    concentrations = WHOLE if concentrations is None else concentrations
    bounds = {name: changed.get(name.replace("+", "_"), crlb) for name in concentrations}
    return MetaboliteTable(concentrations, bounds, unit, width)


def by_index(*tables, voxel_cc=3.4, **settings):
    found = metabolite_ratios(tables[0], contralateral=tables[1] if tables[1:] else None, voxel_cc=voxel_cc, **settings)
    assert [one.index for one in found] == INDICES
    return {one.index: one for one in found}


def test_ratios_are_those_of_totals():
    found = by_index(table(), table({"tCho": 1.2, "tCr": 5.0}))
    assert [found[index].value for index in INDICES] == pytest.approx([0.6, 0.8, 1.5, 2.0])
    assert not any(one.flags for one in found.values())


@pytest.mark.parametrize(
    ("which", "concentrations", "expected"),
    [
        ("Cho", {"PCh+GPC": 1.5}, 1.5),
        ("Cho", {"GPC_PCh": 1.5}, 1.5),
        ("Cho", {"Cho": 1.5, "NAA": 9}, 1.5),
        ("Cho", {"GPC": 1.0, "PCho": 0.5}, 1.5),
        ("Cho", {"Cho": 0.5, "GPC": 0.7, "PCh": 0.3}, 1.5),
        ("Cho", {"Cho": 0.1, "GPC": 1.0, "PCh": 0.5, "GPC+PCh": 1.5}, 1.5),
        ("Cho", {"GPC": 1.0, "PCh": 0.5, "GPC+PCh": 1.6}, 1.6),
        ("Cr", {"cr+pcr": 6.0}, 6.0),
        ("Cr", {"Cr": 4.0, "PCr": 2.0}, 6.0),
        ("Cr", {"Cre": 6.0}, 6.0),
        ("NAA", {"NAAG": 1.0, "NAA": 8.0}, 9.0),
        ("NAA", {"NAA": 8.0}, 8.0),
        ("LipLac", {"Lip13a": 2.0, "Lip13b": 1.0, "Lac": 0.5}, 3.5),
        ("LipLac", {"Lip13a+Lip13b": 3.0, "Lac": 0.5}, 3.5),
        ("LipLac", {"Lac+Lip13": 3.5}, 3.5),
        ("LipLac", {"Lip13": 3.0, "Lip09": 4.0}, math.nan),
        ("Cho", {"Cr": 4.0}, math.nan),
    ],
)
def test_totals_are_found_by_any_spelling(which, concentrations, expected):
    assert total(table(concentrations), which).concentration == pytest.approx(expected, nan_ok=True)


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(1, 50), st.floats(1, 50))
def test_the_bound_of_a_sum_lies_between_those_of_its_parts(first, second, crlb, other):
    found = total(MetaboliteTable({"GPC": first, "PCh": second}, {"GPC": crlb, "PCh": other}, "mM"), "Cho")
    assert min(crlb, other) - 1e-9 <= found.crlb_percent <= max(crlb, other) + 1e-9
    assert "is the sum of GPC, PCh; its CRLB is an upper limit" in found.flags[0]


def test_a_total_with_a_number_is_taken_before_one_without():
    crlb = {"tCho": 4.0, "Cho+GPC": 5.0}
    assert total(MetaboliteTable({"tCho": math.nan, "GPC+PCh": 2.0}, crlb, "mM"), "Cho").concentration == 2.0
    bounded = MetaboliteTable({"tCho": math.nan, "GPC+PCh": 2.0, "Cho+GPC": 1.9}, crlb, "mM")
    assert (total(bounded, "Cho").concentration, total(bounded, "Cho").crlb_percent) == (1.9, 5.0)


def test_two_names_of_one_metabolite_are_refused():
    with pytest.raises(MeasurementError, match=r"GPC.PCh and PCh.GPC are one metabolite"):
        metabolite_ratios(table({"GPC+PCh": 1.5, "PCh+GPC": 1.6, "tCr": 4.0}))


def test_a_part_that_was_fitted_as_nothing_adds_nothing():
    found = total(MetaboliteTable({"GPC": 1.5, "PCh": 0.0}, {"GPC": 6.0, "PCh": 999.0}, "mM"), "Cho")
    assert (found.concentration, found.crlb_percent) == (1.5, 6.0)
    assert found.flags[1] == "PCh was fitted as 0, its error is not known"


def test_one_part_that_stands_for_the_total_is_flagged():
    found = by_index(table({"Cho": 2.4, "Cr": 4.0}))["Cho_Cr"]
    assert (found.value, found.flags) == (0.6, ("Cr alone stands for total creatine (Cr+PCr)",))


def test_metabolites_that_are_uncertain_refuse_their_ratios_alone():
    found = by_index(table(tNAA=20.0), table({"tCho": 1.2}, tCho=30.0))
    assert found["Cho_Cr"].status == "evaluable"
    assert found["Cho_NAA"].reason == "total NAA (NAA+NAAG) has a CRLB of 20 %, expected less than 20 %"
    assert found["Cho_nCho"].reason == (
        "total choline (GPC+PCh) of the contralateral voxel has a CRLB of 30 %, expected less than 20 %"
    )
    assert by_index(table(tNAA=19.9))["Cho_NAA"].status == "evaluable"
    assert by_index(table(tNAA=20.0), limits=SpectrumLimits(crlb_percent=35.0))["Cho_NAA"].status == "evaluable"
    assert by_index(table({**WHOLE, "tCr": 0.0}))["Cho_Cr"].reason.endswith("was fitted as 0")


def test_broad_lines_and_small_voxels_refuse_everything():
    broad = by_index(table(width=0.11), table())
    assert {one.reason for one in broad.values()} == {"the lines are broad: 0.11 ppm, expected 0.1 ppm or less"}
    small = by_index(table(width=0.11), table(), voxel_cc=0.5)
    assert "; the voxel is small: 0.5 cc, expected 1 cc or more" in small["Cho_Cr"].reason
    settable = by_index(table(width=0.11), voxel_cc=0.5, limits=SpectrumLimits(linewidth_ppm=0.12, voxel_cc=0.4))
    assert settable["Cho_Cr"].status == "evaluable"
    other = by_index(table(), table(width=0.2))
    assert other["Cho_Cr"].status == "evaluable"
    assert other["Cho_nCho"].reason.startswith("contralateral voxel: the lines are broad")
    assert by_index(table(), table(), contralateral_voxel_cc=0.2)["Cho_nCho"].status == "not_evaluable"


def test_what_could_not_be_checked_is_flagged():
    found = by_index(table(width=math.nan, crlb=math.nan), voxel_cc=None)
    assert found["Cho_Cr"].flags == (
        "the line width is not known",
        "the size of the voxel is not known",
        "the CRLB of total choline (GPC+PCh) is not known",
        "the CRLB of total creatine (Cr+PCr) is not known",
    )


def test_choline_of_two_voxels_compares_in_one_unit_only():
    assert by_index(table())["Cho_nCho"].status == "not_acquired"
    assert (
        by_index(table(), table(unit="raw"))["Cho_nCho"].reason
        == "units differ: mM in the lesion, raw on the other side"
    )
    ratios = by_index(table(unit="/Cr+PCr"), table(unit="/Cr+PCr"))
    assert ratios["Cho_Cr"].status == "evaluable"
    assert "choline of two voxels cannot be compared" in ratios["Cho_nCho"].reason
    raw = by_index(table(unit="raw"), table(unit="raw"))["Cho_nCho"]
    assert raw.value == pytest.approx(1.0)
    assert "compare only if acquired and scaled alike" in raw.flags[0]


def test_limits_and_volumes_must_be_positive():
    with pytest.raises(MeasurementError, match="crlb_percent is -1: expected a positive number"):
        SpectrumLimits(crlb_percent=-1.0)
    with pytest.raises(MeasurementError, match="voxel_cc is 0"):
        metabolite_ratios(table(), voxel_cc=0.0)
