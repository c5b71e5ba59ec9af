"""A retraining into files replaces nothing, finishes what was begun, and does nothing twice."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import radnec
from radnec.errors import ConfigError
from radnec.service import retrain_to


@pytest.fixture
def out(tmp_path):
    return tmp_path / "candidate.radnec"


@pytest.fixture(scope="module")
def expected(both, champion, tmp_path_factory):
    """Return the bytes of candidate and report of a run that nothing disturbed."""
    path = tmp_path_factory.mktemp("undisturbed") / "candidate.radnec"
    retrain_to(both, champion, path)
    assert sorted(file.name for file in path.parent.iterdir()) == ["candidate.json", "candidate.radnec"]
    return path.read_bytes(), path.with_suffix(".json").read_bytes()


def test_the_report_names_the_candidate_and_how_it_came_about(expected, both, champion, out, quick):
    written = retrain_to(both, champion, out)
    assert (out.read_bytes(), out.with_suffix(".json").read_bytes()) == expected
    told = json.loads(out.with_suffix(".json").read_text())
    assert told == written.report
    assert told["candidate"] == radnec.load(out).identity_
    assert radnec.TrainingConfig(**told["settings"]) == quick
    assert told["random_state"] == 0


def test_the_guide_names_what_the_report_holds_and_no_more(expected):
    guide = (Path(__file__).parents[2] / "docs" / "how_to" / "service.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \| (.+) \|$", guide, flags=re.MULTILINE)
    named = {key: told for keys, told in rows for key in re.findall(r"`(\w+)`", keys)}
    report = json.loads(expected[1])
    assert set(named) == set(report)
    for key in ("rule", "comparison", "model"):
        assert set(report[key]) <= set(re.findall(r"`(\w+)`", named[key]))
    assert {name for row in report["numbers"] for name in row} <= set(re.findall(r"`(\w+)`", named["numbers"]))


def test_a_finished_run_is_recognised_and_another_refused(both, champion, out, quick):
    retrain_to(both, champion, out)
    before = out.stat().st_mtime_ns
    again = retrain_to(both, champion, out)
    assert again.again
    with pytest.raises(ConfigError, match="another run"):
        retrain_to(both, champion, out, quick.model_copy(update={"random_state": 3}))
    assert out.stat().st_mtime_ns == before
    assert not out.with_name("candidate.radnec.work").exists()


@pytest.mark.parametrize("name", ["candidate.radnec", "candidate.json", "candidate.radnec.work/notes.txt"])
def test_what_stands_there_is_never_replaced(both, champion, out, name):
    stranger = out.parent / name
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("mine")
    with pytest.raises(ConfigError, match="exists"):
        retrain_to(both, champion, out)
    assert stranger.read_text() == "mine"


def test_a_candidate_that_was_altered_is_not_taken_for_the_result(both, champion, out):
    retrain_to(both, champion, out)
    out.write_bytes(out.read_bytes() + b"\0")
    with pytest.raises(ConfigError, match="exists"):
        retrain_to(both, champion, out)


@pytest.mark.parametrize("links", [0, 1])
def test_a_run_that_stops_between_the_two_files_is_finished_by_the_next(
    expected, both, champion, out, monkeypatch, links
):
    real, made = os.link, []

    def failing(source, target):
        if len(made) == links:
            raise KeyboardInterrupt
        made.append(target)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", failing)
        with pytest.raises(KeyboardInterrupt):
            retrain_to(both, champion, out)
    assert not out.exists()
    assert out.with_suffix(".json").exists() == (links == 1)
    resumed = retrain_to(both, champion, out)
    assert (resumed.again, resumed.kept) == (False, 3)
    assert (out.read_bytes(), out.with_suffix(".json").read_bytes()) == expected


def test_a_file_system_without_hard_links_will_do(expected, both, champion, out, monkeypatch):
    def none(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", none)
    retrain_to(both, champion, out)
    assert (out.read_bytes(), out.with_suffix(".json").read_bytes()) == expected


@pytest.mark.parametrize("held", ["json", "radnec"])
def test_without_hard_links_an_empty_file_holds_the_place(expected, both, champion, out, monkeypatch, held):
    """A run that is killed between the two steps leaves it, which the next run knows for its own."""
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(95, "Operation not supported")))
    real, seen = Path.replace, []

    def killed(source, target):
        if target == out.with_suffix(f".{held}"):
            seen.append(target.read_bytes())
            raise KeyboardInterrupt
        return real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            retrain_to(both, champion, out)
    assert seen == [b""]
    assert retrain_to(both, champion, out).again is False
    assert (out.read_bytes(), out.with_suffix(".json").read_bytes()) == expected


def test_an_empty_file_of_somebody_else_is_not_replaced(both, champion, out):
    out.touch()
    with pytest.raises(ConfigError, match="exists, and is not replaced"):
        retrain_to(both, champion, out)


def test_without_hard_links_a_file_that_appears_meanwhile_is_not_replaced(both, champion, out, monkeypatch):
    def late(_, target):
        target.write_bytes(b"of another")
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(ConfigError, match="has appeared"):
        retrain_to(both, champion, out)
    assert out.with_suffix(".json").read_bytes() == b"of another"


def test_a_damaged_entry_is_made_again(expected, both, champion, out, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("radnec.service.place._appear", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            retrain_to(both, champion, out)
    work = out.with_name("candidate.radnec.work")
    (entry, *_), (kept,) = sorted(work.rglob("*.features")), work.glob("*.radnec")
    entry.write_bytes(entry.read_bytes()[:-1])
    kept.write_bytes(kept.read_bytes()[:-1])
    assert retrain_to(both, champion, out).kept == 2
    assert (out.read_bytes(), out.with_suffix(".json").read_bytes()) == expected
