"""Tables as each program writes them give their numbers, and damaged ones are told."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from radnec.errors import MeasurementError
from radnec.quantify.spectroscopy import SpectrumLimits, metabolite_ratios, read_metabolites

LCMODEL = """ 07-May-2025  9:31    Data of: Anon.raw
 LCModel (Version 6.3-1R)


$$CONC 10 lines in following concentration table = NCONC+1
    Conc.  %SD /Cr+PCr  Metabolite
 3.02E-02  81%   0.006 Ala
    4.100   5%   0.683 Cr
    0.000 999%   0.000 PCh
    1.804   4%   0.301 GPC+PCh
    6.002   3%   1.000 Cr+PCr
    0.731  27%   0.122 2HG
 8.21E-01  18% 1.4E-01Lip13a+Lip13b
 7.51E+00   6% 1.3E+00MM20+Lip20
    0.012  99%   0.002 -CrCH2

$$MISC  5 lines in following misc. output table
  FWHM = 0.053 ppm    S/N =  25
  Data shift =-0.010 ppm
  Ph: -6 deg       2.5 deg/ppm

$$DIAG  0 lines in following diagnostic table:

$$INPU  2 lines in following table of input changes:
"""


def written(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_an_lcmodel_table_is_read(tmp_path):
    found = read_metabolites(written(tmp_path, "table", LCMODEL))
    assert found.concentrations == {
        "Ala": 0.0302,
        "Cr": 4.1,
        "PCh": 0.0,
        "GPC+PCh": 1.804,
        "Cr+PCr": 6.002,
        "2HG": 0.731,
        "Lip13a+Lip13b": 0.821,
        "MM20+Lip20": 7.51,
        "-CrCH2": 0.012,
    }
    assert found.crlb_percent["PCh"] == 999
    assert found.crlb_percent["Lip13a+Lip13b"] == 18
    assert found.linewidth_ppm == 0.053
    assert found.source.endswith("table")


def test_an_lcmodel_coord_file_is_read_as_its_table(tmp_path):
    text = LCMODEL.replace("$$CONC 10", " 10").replace("$$MISC  5", "  5").replace("0 Ala", "0 Ala    ")
    coord = read_metabolites(written(tmp_path, "voxel.coord", text.replace("-CrCH2\n\n", "-CrCH2\n")))
    table = read_metabolites(written(tmp_path, "voxel.table", LCMODEL))
    assert (coord.concentrations, coord.linewidth_ppm) == (table.concentrations, table.linewidth_ppm)


def test_lines_that_lcmodel_pads_and_small_numbers_are_read(tmp_path):
    """LCModel writes names in a field of 52 characters, and raw scales in exponents."""
    rows = ((" 6.10E-08 166% 4.1E-02", "Ala"), (" 2.75E-06  17%   1.483", "MM14+Lip13a+Lip13b+MM12"))
    rows += ((" 4.12E-07   8%   0.222", "GPC+PCh"), (" 1.86E-06   5%   1.000", "Cr+PCr"))
    text = "\n".join(
        [
            "$$CONC  5 lines in following concentration table = NCONC+1",
            f"{'    Conc.  %SD /Cr+PCr  Metabolite':<75}",
            *(f"{numbers} {name:<52}" for numbers, name in rows),
            "",
            "$$MISC  6 lines in following misc. output table",
            f"{'  FWHM = 0.084 ppm    S/N =  21':<74}",
        ]
    )
    found = read_metabolites(written(tmp_path, "out.table", text))
    assert list(found.concentrations) == [name for _, name in rows]
    assert found.concentrations["GPC+PCh"] == 4.12e-7
    assert found.linewidth_ppm == 0.084


def test_a_damaged_lcmodel_table_is_refused(tmp_path):
    for cut, told in (("1.804   4", r"found '1.804   4' among"), ("    Conc.", "found 'nothing' among")):
        with pytest.raises(MeasurementError, match=told):
            read_metabolites(written(tmp_path, "cut.table", LCMODEL[: LCMODEL.index(cut) + 9]))


def test_an_lcmodel_spreadsheet_is_read_by_record(tmp_path):
    text = (
        " Row, Col, GPC+PCh, GPC+PCh %SD, GPC+PCh/Cr+PCr, Cr+PCr, Cr+PCr %SD, Cr+PCr/Cr+PCr\n"
        " 1, 1, 1.8, 4, 0.30, 6.0, 3, 1.0\n 1, 2, 2.1E+0, 999, 0.42, 5.0, 4, 1.0\n"
    )
    path = written(tmp_path, "grid.csv", text)
    second = read_metabolites(path, record=2)
    assert second.concentrations == {"GPC+PCh": 2.1, "Cr+PCr": 5.0}
    assert second.crlb_percent == {"GPC+PCh": 999.0, "Cr+PCr": 4.0}
    assert math.isnan(second.linewidth_ppm)
    with pytest.raises(MeasurementError, match="holds 2 spectra and no record is chosen; give record=1 to 2"):
        read_metabolites(path)
    with pytest.raises(MeasurementError, match="record 3 is asked for"):
        read_metabolites(path, record=3)
    with pytest.raises(MeasurementError, match=r"GPC.PCh: found 'low'; expected a number"):
        read_metabolites(written(tmp_path, "bad.csv", text.replace("1.8,", "low,")), record=1)


def test_osprey_tables_are_read_with_bounds_and_line_width(tmp_path):
    folder = tmp_path / "derivatives"
    path = written(
        folder, "QuantifyResults/A_TissCorrWaterScaled_Voxel_1_Basis_1.tsv", "PCh_GPC\tCr_PCr\n1.8\t6\n2.1\t5\n"
    )
    alone = read_metabolites(path, record=1, field_strength_t=3.0)
    assert (alone.concentrations, alone.unit) == ({"PCh_GPC": 1.8, "Cr_PCr": 6.0}, "TissCorrWaterScaled")
    assert math.isnan(alone.linewidth_ppm)
    assert not alone.crlb_percent
    bounds = written(folder, "QuantifyResults/A_CRLB_Voxel_1_Basis_1.tsv", "PCh_GPC\tCr_PCr\n4\t3\n8\tInf\n")
    written(folder, "QM_processed_spectra.tsv", "Cr_SNR\tCr_FWHM\twater_FWHM\n100\t7.7\t8.0\n90\t12.7731\t8.1\n")
    found = read_metabolites(path, record=2, field_strength_t=3.0)
    assert found.crlb_percent == {"PCh_GPC": 8.0, "Cr_PCr": math.inf}
    assert found.linewidth_ppm == pytest.approx(0.1)
    assert math.isnan(read_metabolites(path, record=2).linewidth_ppm)
    with pytest.raises(MeasurementError, match="holds Cramér-Rao bounds"):
        read_metabolites(bounds, record=1)


def test_osprey_tables_of_edited_spectra_are_read_with_all_columns_of_the_quality_table(tmp_path):
    path = written(
        tmp_path, "QuantifyResults/diff1_tCr_Voxel_1_Basis_1.tsv", "Cr_PCr\tNAA_NAAG\tPCh_GPC\ttCr\n1\t1.4\t.3\t1\n"
    )
    header = "Cr_SNR\tCr_FWHM\twater_FWHM\tresidual_water_ampl\tfreqShift\trelResA"
    written(tmp_path, "QM_processed_spectra.tsv", f"{header}\n98.1\t7.664\t8.0\t2.8\t-2.3\t5.3\n")
    found = read_metabolites(path, field_strength_t=3.0)
    assert found.linewidth_ppm == pytest.approx(0.06, rel=0.001)
    ratios = {one.index: one.value for one in metabolite_ratios(found)}
    assert ratios["Cho_Cr"] == pytest.approx(0.3)
    assert ratios["Cho_NAA"] == pytest.approx(0.3 / 1.4)


FSL = pd.DataFrame(
    {
        "Metab": ["Cr", "Cr+PCr", "GPC+PCh", "NAA"],
        "/Cr+PCr": [0.7, 1.0, 0.3, 1.5],
        "/Cr+PCr CRLB": [0.05, 0.04, 0.02, 0.05],
        "mMol/kg": [4.2, 6.0, 1.8, 9.0],
        "mMol/kg CRLB": [0.3, 0.2, 0.1, 0.3],
        "mM": [4.3, 6.1, 1.9, 9.1],
        "mM CRLB": [0.3, 0.2, 0.1, 0.3],
        "%CRLB": [7.0, 3.3, 5.0, 3.0],
        "SNR": [20.0, math.nan, math.nan, 40.0],
        "FWHM": [6.38655, math.nan, math.nan, 7.0],
    }
)


def test_the_summary_of_fsl_mrs_is_read_in_its_best_unit(tmp_path):
    path = tmp_path / "summary.csv"
    for dropped, unit, creatine in (
        ([], "mM", 6.1),
        (["mM", "mM CRLB"], "mmol/kg", 6.0),
        (["mM", "mM CRLB", "mMol/kg", "mMol/kg CRLB"], "/Cr+PCr", 1.0),
    ):
        FSL.drop(columns=dropped).to_csv(path, index=False)
        found = read_metabolites(path, field_strength_t=3.0)
        assert (found.unit, found.concentrations["Cr+PCr"]) == (unit, creatine)
        assert found.crlb_percent["GPC+PCh"] == 5.0
        assert found.linewidth_ppm == pytest.approx(0.05)
    FSL[["Metab", "%CRLB"]].to_csv(path, index=False)
    with pytest.raises(MeasurementError, match="no column of concentrations among Metab, %CRLB"):
        read_metabolites(path)


def test_the_concentrations_of_fsl_mrs_are_read_with_their_quality(tmp_path):
    parts = {
        kind: pd.DataFrame({"raw": [factor * 2.0, factor * 3.0], "molarity": [factor * 6.0, factor * 9.0]})
        for kind, factor in (("mean", 1.0), ("std", 0.05))
    }
    frame = pd.concat(parts, axis=1)
    frame.insert(0, ("Metabs", ""), ["Cr+PCr", "NAA"])
    path = tmp_path / "concentrations.csv"
    frame.to_csv(path, index=False)
    assert math.isnan(read_metabolites(path, field_strength_t=3.0).linewidth_ppm)
    FSL[["Metab", "SNR", "FWHM"]].to_csv(tmp_path / "qc.csv", index=False)
    found = read_metabolites(path, field_strength_t=3.0)
    assert (found.concentrations, found.unit) == ({"Cr+PCr": 6.0, "NAA": 9.0}, "mM")
    assert found.crlb_percent == pytest.approx({"Cr+PCr": 5.0, "NAA": 5.0})
    assert found.linewidth_ppm == pytest.approx(0.05)


def test_a_plain_csv_is_read(tmp_path):
    text = "Metabolite, Concentration,crlb_percent,unit\ntCho,1.8,4,mM\ntCr,6.0,,mM\n"
    found = read_metabolites(written(tmp_path, "plain.csv", "\ufeff" + text))
    assert (found.concentrations, found.unit) == ({"tCho": 1.8, "tCr": 6.0}, "mM")
    assert found.crlb_percent["tCho"] == 4.0
    assert math.isnan(found.crlb_percent["tCr"])


@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n", "\n  \n \t", "  ", "\n\x1a", "\x1a"])
@pytest.mark.parametrize("rows", ["tCho,1.8,4,mM\nNAA,7,,\ntCr,6,3", "tCho,1.8,4,\ntCr,6,3", "tCr,6,3", "tCr,6,3,mM"])
def test_a_plain_csv_may_end_in_blanks_and_leave_out_what_is_empty(tmp_path, rows, end):
    text = f"metabolite,concentration,crlb_percent,unit\n{rows}{end}"
    found = read_metabolites(written(tmp_path, "plain.csv", text))
    assert (found.concentrations["tCr"], found.crlb_percent["tCr"]) == (6.0, 3.0)
    assert set(found.concentrations) <= {"tCho", "NAA", "tCr"}
    assert found.unit == ("mM" if "mM" in rows else "as scaled by the program")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("metabolite,concentration\ntCho,1.8\ntCho,1.9\n", "tCho is there twice"),
        ("metabolite,concentration,crlb\ntCho,1.8,4\n", "unknown column 'crlb'; expected metabolite, concentration"),
        ("metabolite,concentration\ntCho,high\n", "concentration of tCho: found 'high'; expected a number"),
        ("metabolite,concentration\ntCho,1_0\n", "concentration of tCho: found '1_0'; expected a number"),
        ("metabolite,concentration\ntCho,\n", "the concentration of tCho is nan; expected a number"),
        ("metabolite,concentration\n", "no metabolite found"),
        ("metabolite,concentration,crlb_percent\ntCho,1.8,4\ntCr,6", "ends at 'tCr,6', before crlb_percent"),
        ("metabolite,concentration\ntCho,1.8\ntC", "ends at 'tC', before concentration"),
        ("metabolite,concentration,unit\ntCho,1,mM\ntCr,2,raw\n", "unit: found mM, raw; expected the same in all rows"),
        ("Cho;Cr\n1;2\n", "its first line is 'Cho;Cr'; expected LCModel"),
        ("", "its first line is ''; expected LCModel"),
    ],
)
def test_tables_that_cannot_be_read_are_told(tmp_path, text, told):
    with pytest.raises(MeasurementError, match=told):
        read_metabolites(written(tmp_path, "voxel.csv", text))


def test_files_and_settings_that_cannot_be_are_told(tmp_path):
    with pytest.raises(MeasurementError, match="cannot be read as text"):
        read_metabolites(tmp_path / "absent.table")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(MeasurementError, match="cannot be read as text"):
        read_metabolites(tmp_path / "binary.csv")
    path = written(tmp_path, "voxel.table", LCMODEL)
    with pytest.raises(MeasurementError, match="holds one spectrum, but record 2"):
        read_metabolites(path, record=2)
    with pytest.raises(MeasurementError, match="field_strength_t is 0"):
        read_metabolites(path, field_strength_t=0.0)
    ragged = "Metab,mM,%CRLB\nCr+PCr,6.0,3,4,5\nNAA,1\nPCr,1,2,3,4,5,6\n"
    with pytest.raises(MeasurementError, match=r"damaged"):
        read_metabolites(written(tmp_path, "summary.csv", ragged))


def test_what_lcmodel_cannot_print_is_no_number_and_nothing_stands_in_for_it(tmp_path):
    """Fortran fills a field with stars where the value is too long for it."""
    rows = LCMODEL.replace("    1.804   4%   0.301 GPC+PCh\n", "    *****   4% ******* GPC\n")
    found = read_metabolites(written(tmp_path, "stars.table", rows.replace("6.002   3%", "6.002****%")))
    assert math.isnan(found.concentrations["GPC"])
    assert found.crlb_percent["Cr+PCr"] == math.inf
    cho_cr = metabolite_ratios(found)[0]
    assert cho_cr.status == "not_evaluable"
    assert "total choline (GPC+PCh) is not known: the table has no number for GPC" in cho_cr.reason
    assert "total creatine (Cr+PCr) has a CRLB of inf %, expected less than 20 %" in cho_cr.reason


@pytest.mark.parametrize("infinite", ["Infinity", "-Inf"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("voxel.table", LCMODEL.replace(" 3.02E-02", f"{'VALUE':>9}")),
        ("grid.csv", "Row, Col, Ala, Ala %SD, GPC+PCh, GPC+PCh %SD\n1, 1, VALUE, 999, 1.804, 4\n"),
        ("off_tCr.csv", "Ala,GPC+PCh\nVALUE,1.804\n"),
        ("summary.csv", "Metab,mM,%CRLB\nAla,VALUE,999\nGPC+PCh,1.804,4\n"),
        ("concentrations.csv", "Metabs,mean,std\n,molarity,molarity\nAla,VALUE,1\nGPC+PCh,1.804,0.1\n"),
    ],
)
def test_an_infinite_concentration_is_no_number_of_its_metabolite_alone(tmp_path, name, text, infinite):
    found = read_metabolites(written(tmp_path, name, text.replace("VALUE", infinite)))
    assert math.isnan(found.concentrations["Ala"])
    assert found.concentrations["GPC+PCh"] == 1.804


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("grid.csv", "Row, Col, GPC+PCh, GPC+PCh %SD, \u00b5\n1, 1, 1.804, 4, 0\n"),
        ("plain.csv", "metabolite,concentration,unit\nGPC+PCh,1.804,\u00b5M\n"),
    ],
)
def test_a_spreadsheet_may_be_in_latin_1_and_another_file_is_told_to_be_saved_in_utf_8(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    assert read_metabolites(path).concentrations == {"GPC+PCh": 1.804}
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(MeasurementError, match=f"{name}: cannot be read as text; save it as text in UTF-8"):
        read_metabolites(path)


def test_tables_of_other_programs_are_told_by_content_though_named_as_those_of_osprey(tmp_path):
    fsl = "Metab,mM,%CRLB,FWHM\nCr+PCr,6.0,3,6.4\n"
    found = read_metabolites(written(tmp_path, "P01_tCr.csv", fsl))
    assert (found.concentrations, found.unit) == ({"Cr+PCr": 6.0}, "mM")
    assert read_metabolites(written(tmp_path, "P01_tCr.tsv", LCMODEL)).concentrations["Cr+PCr"] == 6.002
    with pytest.raises(MeasurementError, match="its first line is 'subject,volume'; expected LCModel"):
        read_metabolites(written(tmp_path, "P02_tCr.csv", "subject,volume\nP02,3\n"))


def test_an_lcmodel_table_is_read_whatever_its_line_ends_and_the_letters_of_its_title(tmp_path):
    path = tmp_path / "hospital.table"
    path.write_bytes(LCMODEL.replace("Anon.raw", "M\u00fcller.raw").replace("\n", "\r\n").encode("latin-1"))
    assert read_metabolites(path).concentrations == read_metabolites(written(tmp_path, "t", LCMODEL)).concentrations


def test_an_lcmodel_table_that_ends_with_a_whole_line_is_refused_all_the_same(tmp_path):
    cut = LCMODEL[: LCMODEL.index("    6.002")]
    with pytest.raises(
        MeasurementError, match=r"cut.table: ends at '1.804   4%   0.301 GPC.PCh' among the metabolites"
    ):
        read_metabolites(written(tmp_path, "cut.table", cut))


def test_totals_of_lcmodel_are_its_combined_lines_and_lipids_of_13_with_lactate(tmp_path):
    rows = (
        *("    2.000   8%   0.333 Lac", "    1.100  30%   0.183 Lip13a", "    0.900  35%   0.150 Lip13b"),
        *("    2.000   6%   0.333 Lip13a+Lip13b", "    9.000   4%   1.500 NAA+NAAG", "    8.000   9%   1.333 NAA"),
        *(
            "   12.000   5%   2.000 MM14+Lip13a+Lip13b+MM12",
            "    1.800   4%   0.300 PCh+GPC",
            "    6.000   3%   1.000 Cr+PCr",
        ),
    )
    head, tail = (
        "$$CONC 10 lines in following concentration table = NCONC+1",
        "$$MISC  1 lines in following misc. output table",
    )
    text = "\n".join(
        [head, "    Conc.  %SD /Cr+PCr  Metabolite", *rows, "", tail, "  FWHM = 0.053 ppm    S/N =  25", ""]
    )
    found = metabolite_ratios(read_metabolites(written(tmp_path, "voxel.table", text)), voxel_cc=8.0)
    assert [one.value for one in found[:3]] == pytest.approx([0.3, 0.2, 4 / 6])
    assert found[0].flags == ()


def test_an_lcmodel_spreadsheet_with_padded_cells_exponents_and_cut_names_is_read(tmp_path):
    """Names are cut to 13 characters, so that two columns of macromolecules can have one name."""
    names = ["GPC+PCh", "Cr+PCr", "MM14+Lip13a+L", "MM14+Lip13a+L"]
    head = ", ".join(["Row", "Col", *(f"{name}{part}" for name in names for part in ("", " %SD", "/Cr+PCr"))])
    cells = "    1,     1,  6.07E+02,    3,    0.301,  2.01E+03,    2,    1.000,  3.64E+03,   17,    1.811,"
    cells += "  3.9E+03,  999,    1.940"
    found = read_metabolites(written(tmp_path, "spreadsheet.csv", f"{head}\r\n{cells}\r\n"))
    assert found.concentrations == {"GPC+PCh": 607.0, "Cr+PCr": 2010.0, "MM14+Lip13a+L": 3640.0}
    assert found.crlb_percent["GPC+PCh"] == 3


@pytest.mark.parametrize(
    "name", ["off_tCr.csv", "A_tCr_Voxel_1.tsv", "sub-01_ses-02_unedited_A_tCr_Voxel_1_Basis_1.tsv"]
)
def test_osprey_tables_are_known_by_the_names_of_every_version(tmp_path, name):
    cells = [["Cr", "PCr", "tNAA", "tCho", "tCr", "GlcTau"], ["0.6", "0.4", "1.5", "0.3", "1", "NaN"]]
    separator = "," if name.endswith("csv") else "\t"
    path = written(tmp_path, f"QuantifyResults/{name}", "\r\n".join(map(separator.join, cells)) + "\r\n")
    written(tmp_path, "QM_processed_spectra.csv", "NAA_SNR,NAA_FWHM\n80,7.66386\n")
    bounds = [cells[0], ["9", "9", "4", "6", "3", "999"]]
    written(tmp_path, f"QuantifyResults/{name.replace('_tCr', '_CRLB')}", "\n".join(map(separator.join, bounds)))
    found = read_metabolites(path, field_strength_t=3.0)
    assert found.unit == "/tCr"
    assert math.isnan(found.concentrations["GlcTau"])
    assert found.linewidth_ppm == pytest.approx(0.06)
    ratios = metabolite_ratios(found, voxel_cc=8.0)
    assert [one.value for one in ratios[:2]] == pytest.approx([0.3, 0.2])
    assert ratios[0].flags == ()


def test_osprey_files_that_are_no_tables_of_concentrations_are_told(tmp_path):
    folder = tmp_path / "QuantifyResults"
    water = written(folder, "A_h2oarea_Voxel_1_Basis_1.tsv", "tCho\ttCr\n812.5\t812.5\n")
    with pytest.raises(MeasurementError, match=r"A_h2oarea_Voxel_1_Basis_1.tsv: holds areas of water"):
        read_metabolites(water)
    first = written(folder, "off_tCr.csv", "ConC,MetaboliteNumber,MetaboliteString\n0.31,1,tCho\n1,2,tCr\n")
    with pytest.raises(MeasurementError, match=r"off_tCr.csv: lists one metabolite .* a row \(columns ConC, Metab"):
        read_metabolites(first)
    own = written(folder, "ours_tCr.csv", "metabolite,concentration\ntCho,0.31\n")
    assert read_metabolites(own).concentrations == {"tCho": 0.31}


def test_quality_and_bounds_of_other_data_sets_are_not_taken(tmp_path):
    """Osprey leaves excluded data sets out of the quantification and keeps them in the table of quality."""
    path = written(tmp_path, "QuantifyResults/A_tCr_Voxel_1_Basis_1.tsv", "tCho\ttCr\n0.31\t1\n0.42\t1\n")
    written(tmp_path, "QM_processed_spectra.tsv", "Cr_SNR\tCr_FWHM\n9\t20\n100\t7\n90\t8\n")
    written(tmp_path, "QuantifyResults/A_CRLB_Voxel_1_Basis_1.tsv", "tCho\ttCr\n4\t3\n")
    found = read_metabolites(path, record=2, field_strength_t=3.0)
    assert math.isnan(found.linewidth_ppm)
    assert not found.crlb_percent
    cho_cr = metabolite_ratios(found, voxel_cc=8.0)[0]
    assert cho_cr.value == pytest.approx(0.42)
    assert cho_cr.flags == (
        "the line width is not known",
        "no line width is taken from QM_processed_spectra.tsv: it holds 3 spectra, expected 2",
        "no bounds are taken from A_CRLB_Voxel_1_Basis_1.tsv: it holds 1 spectra, expected 2",
        "the CRLB of total choline (GPC+PCh) is not known",
        "the CRLB of total creatine (Cr+PCr) is not known",
    )


@pytest.mark.parametrize(
    "damaged", ["", "Cr_SNR\tCr_FWHM\n9\tbroad\n", "Cr_SNR\n9\t1\t2\n1\t1\t1\t1\n", b"Cr_FWHM\n\xff\n"]
)
def test_a_damaged_file_of_quality_or_bounds_leaves_them_unknown(tmp_path, damaged):
    path = written(tmp_path, "QuantifyResults/A_tCr_Voxel_1_Basis_1.tsv", "tCho\ttCr\n0.31\t1\n")
    quality, bounds = tmp_path / "QM_processed_spectra.tsv", path.with_name("A_CRLB_Voxel_1_Basis_1.tsv")
    for file in (quality, bounds):
        file.write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())
    found = read_metabolites(path, field_strength_t=3.0)
    assert found.concentrations == {"tCho": 0.31, "tCr": 1.0}
    assert math.isnan(found.linewidth_ppm)
    assert not found.crlb_percent
    flags = metabolite_ratios(found, voxel_cc=8.0)[0].flags
    assert any(one.startswith("no line width is taken from QM_processed_spectra.tsv: it is damaged (") for one in flags)
    assert any(one.startswith("no bounds are taken from A_CRLB_Voxel_1_Basis_1.tsv: it is damaged (") for one in flags)
    assert not any("; " in one or "\n" in one for one in flags)


def test_a_damaged_quality_file_of_fsl_mrs_leaves_the_line_width_unknown(tmp_path):
    path = written(tmp_path, "concentrations.csv", "Metabs,mean,std\n,raw,raw\nCr,4,1\n")
    written(tmp_path, "qc.csv", "Metab,SNR,FWHM\nCr,20,broad\n")
    found = read_metabolites(path, field_strength_t=3.0)
    assert (found.concentrations, found.notes[0][:45]) == ({"Cr": 4.0}, "no line width is taken from qc.csv: it is dam")


def test_the_micro_sign_and_the_greek_letter_are_one_unit(tmp_path):
    rows = "metabolite,concentration,unit\ntCho,1800,\u00b5M\ntCr,6000,\u03bcM\n"
    assert read_metabolites(written(tmp_path, "plain.csv", rows)).unit == "\u00b5M"


def test_the_summary_of_fsl_mrs_is_read_from_any_editor_with_negative_bounds_and_999(tmp_path):
    """Where a metabolite is fitted as negative, its bound in per cent is negative; what cannot be known is 999."""
    rows = [
        *("Metab,/Cr+PCr,/Cr+PCr CRLB,%CRLB,SNR,FWHM", "Cr,0.7,0.05,7,25.1,6.38655", "PCr,0.3,0.05,16,11.0,6.4"),
        *("GPC,0.4,0.02,5,,", "PCh,-0.1,0.02,-20,,", "NAA,1.5,0.05,3,40,7", "NAAG,0,0.01,999,,", "Cr+PCr,1,0.03,3,,"),
    ]
    path = tmp_path / "summary.csv"
    path.write_bytes("\r\n".join(["\ufeff" + rows[0], *rows[1:], ""]).encode("utf-8"))
    found = read_metabolites(path, field_strength_t=3.0)
    assert (found.unit, found.linewidth_ppm) == ("/Cr+PCr", pytest.approx(0.05))
    cho_cr, cho_naa, *_ = metabolite_ratios(found, voxel_cc=8.0)
    # (0.4 x 5 % + 0.1 x 20 %) / 0.3 = 13 %, not the 0 % of bounds that cancel
    assert cho_cr.value == pytest.approx(0.3)
    assert cho_naa.value == pytest.approx(0.2)
    assert any("NAAG was fitted as 0" in flag for flag in cho_naa.flags)
    limits = SpectrumLimits(crlb_percent=13.0)
    assert (
        "total choline (GPC+PCh) has a CRLB of 13.3 %"
        in metabolite_ratios(found, voxel_cc=8.0, limits=limits)[0].reason
    )


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("qc.csv", "Metab,SNR,FWHM\nCr,20,6\n", "qc.csv: no column of concentrations among Metab, SNR, FWHM"),
        ("parameters.csv", "parameter,mean,std\nCr,4,0.1\n", r"parameters.csv: its first line is 'parameter,mean,std'"),
        (
            "summary.csv",
            "Metab,mM,mM CRLB,SNR,FWHM\nCr,4,0.1,20,6\n",
            r"summary.csv: no column '%CRLB' among Metab, mM",
        ),
        ("excel.csv", "Metab;mM;%CRLB\nCr;4,1;3,2\n", r"excel.csv: its first line is 'Metab;mM;%CRLB'; expected"),
        ("concentrations.csv", "Metabs,mean,std\n,raw,raw\nCr,low,1\n", r"concentrations.csv, mean raw: found 'low'"),
        ("grid.csv", "Row, Col, NAA\n1, 1, 2.0\n", r"grid.csv: no column '… %SD' found among Row, Col, NAA"),
        ("all.csv", "Metab,mM,%CRLB\nCr,,3\n", r"the concentration of Cr is nan; expected a number"),
    ],
)
def test_each_refusal_names_the_file_and_what_was_found(tmp_path, name, text, told):
    with pytest.raises(MeasurementError, match=told) as caught:
        read_metabolites(written(tmp_path, name, text))
    assert name in str(caught.value)
