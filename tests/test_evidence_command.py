"""The command that lists the published evidence."""

from __future__ import annotations

import json


def test_rows_are_listed_and_looked_up(run):
    code, out, _ = run("evidence")
    assert code == 0
    assert len(out.splitlines()) == 62
    code, out, _ = run("evidence", "index_TBRmax_MET")
    assert [line.split()[0] for line in out.splitlines()] == ["id", "met_yomo", "met_tn_hotta"]
    assert "progression if >= 1.4" in out
    _, out, _ = run("evidence", "Tl201_retention_index", "--json")
    assert json.loads(out)[0]["positive_class"] == "necrosis"


def test_an_unknown_index_and_a_broken_table_of_ones_own_are_wrong_use(run, tmp_path):
    code, _, err = run("evidence", "TBRmx")
    assert (code, "close to it: TBRmax" in err) == (2, True)
    own = tmp_path / "own.csv"
    own.write_text("id,modality,technique,entity,sensitivity,source\nours,PET,FET,glioma,90,us\n")
    code, _, err = run("evidence", "--own", own)
    assert (code, "row 1 (ours), sensitivity: found '90'" in err) == (2, True)
    own.write_text("id,modality,technique,index,entity,source\nours,PET,FET,TTP_min,glioma,us\n")
    assert run("evidence", "TTP_min", "--own", own)[1].splitlines()[1].split()[0] == "ours"
