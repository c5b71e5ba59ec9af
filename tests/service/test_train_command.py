"""``radnec train --champion``: exit codes for schedulers, JSON, and what is refused."""

from __future__ import annotations

import json

import pytest

import radnec
from radnec.features.table import write_table


@pytest.fixture
def files(both, champion, tmp_path):
    champion.save(tmp_path / "current.radnec")
    return write_table(both, tmp_path / "table.parquet"), tmp_path / "current.radnec", tmp_path / "candidate.radnec"


def test_an_accepted_candidate_gives_0_and_gives_it_again(run, files):
    table, current, out = files
    words = ("train", table, "--champion", current, "--out", out)
    code, printed, _ = run(*words)
    assert code == 0
    assert "is accepted in place of the champion" in printed
    assert f"Wrote {out} and {out.with_suffix('.json')}." in printed
    code, printed, err = run(*words, "--json")
    assert code == 0
    assert "finished result of this very run" in err
    assert json.loads(printed)["candidate"] == radnec.load(out).identity_
    assert json.loads(printed) == json.loads(out.with_suffix(".json").read_text())


def test_a_kept_champion_gives_3_and_the_candidate_is_there_to_be_looked_at(run, files, both, quick):
    table, current, out = files
    radnec.train(both, quick).save(current)
    words = ("train", table, "--champion", current, "--out", out)
    code, printed, _ = run(*words)
    assert code == 3
    assert "is kept" in printed
    assert "favours the champion by" in printed
    assert radnec.load(out).summary_["patients"] == 94
    assert "is kept" in json.loads(out.with_suffix(".json").read_text())["conclusion"]
    assert run(*words)[0] == 3


def test_the_rule_is_an_option_and_stands_in_the_report(run, files):
    table, current, out = files
    options = ("--primary", "auc", "--proof", "estimate", "--margin", "0.5", "--fewest", "5")
    assert run("train", table, "--champion", current, "--out", out, *options)[0] == 0
    rule = json.loads(out.with_suffix(".json").read_text())["rule"]
    assert (rule["primary"], rule["proof"], rule["margin"], rule["fewest"]) == ("auc", "estimate", 0.5, 5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--champion", "current.radnec", "--out", "current.radnec"), "is an input of this command"),
        (("--champion", "current.radnec", "--out", "there.radnec"), "exists, and is not replaced"),
        (("--champion", "current.radnec", "--out", "new.radnec", "--primary", "accuracy"), "primary"),
        (("--out", "new.radnec", "--margin", "0.1"), "--margin"),
        (("--champion", "there.radnec", "--out", "new.radnec"), "there.radnec"),
    ],
)
def test_wrong_use_gives_2_and_writes_nothing(run, files, monkeypatch, words, message):
    monkeypatch.chdir(files[0].parent)
    files[0].with_name("there.radnec").write_text("mine")
    code, _, err = run("train", "table.parquet", *words)
    assert code == 2
    assert message in " ".join(err.split())
    assert sorted(file.name for file in files[0].parent.iterdir()) == [
        "current.radnec",
        "table.parquet",
        "there.radnec",
    ]
