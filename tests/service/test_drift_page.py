"""The page of a drift report stands alone, and nothing from the table can act in it."""

from __future__ import annotations

import re

import numpy as np
import pytest

import radnec
from radnec.service.drift_report import DriftReport
from radnec.service.numbers import Number, tabulate

HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def report():
    numbers = [
        Number("unseen_scanner", HOSTILE, HOSTILE, value=3.0, expected=0.0, rows=3),
        Number("shift", HOSTILE, f"{HOSTILE} B", value=1.0, expected=0.3, p=1e-5, rows=20, patients=15),
        Number("ks", HOSTILE, f"{HOSTILE} B", value=0.8, p=1e-6, rows=20, patients=15),
        Number("psi", HOSTILE, f"{HOSTILE} B", value=2.0, expected=0.5, rows=20, patients=15),
        *(Number("calibration_slope", "of the labelled", period=f"{HOSTILE}{n}", value=1.0, low=0.5, high=1.5, rows=9)
          for n in range(2)),
    ]  # fmt: skip
    return DriftReport(
        tabulate(numbers, 0.05), HOSTILE, rows=20, patients=15, enough=True, false_alarms=0.05, outcome=HOSTILE,
        notes=(f"{HOSTILE} is a note",),
    )  # fmt: skip


def test_hostile_names_are_shown_and_do_nothing(report, tmp_path):
    page = report.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    for text in (page, report._repr_html_()):
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


def test_nothing_is_fetched(report, tmp_path):
    page = report.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|//cdn|url\(|@import|<link|<iframe|<object", page)
    assert re.findall(r'src="(.{25})', page) == ["data:image/svg+xml;base64"]


def test_a_real_page_shows_verdict_and_numbers(watched, month, tmp_path):
    rows = month(0)
    rows["session_date"] = np.where(np.arange(len(rows)) % 2, "2024-03-05", "2024-04-30")
    report = radnec.monitor(watched, rows)
    page = report.save_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert f"Drift report: {report.verdict}" in page
    for title in ("Outcome and probability", "Scanners", "Calibration over time", "Features", "Calls"):
        assert f"<h2>{title}</h2>" in page
    assert "2024-03" in page
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower().replace("finance", "")
