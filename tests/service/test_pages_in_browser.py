"""The pages of card, checklist and drift in a real browser: nothing leaves them, all can read and sort them."""

from __future__ import annotations

import numpy as np
import pytest

import radnec
from radnec.reporting.card import card
from radnec.reporting.checklists import checklist

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def pages(watched, month, tmp_path_factory):
    """Return the three pages of a model, with a hostile author, and a hostile scanner that was never seen."""
    rows = month(0)
    rows["session_date"] = np.where(np.arange(len(rows)) % 2, "2024-03-05", "2024-04-30")
    rows["scanner_id"] = rows["scanner_id"].where(np.arange(len(rows)) % 5 > 0, HOSTILE)
    drift = radnec.monitor(watched, rows).save_html(tmp_path_factory.mktemp("drift") / "page.html")
    return {
        "card": card(watched, author={"contact": HOSTILE}).html(),
        "checklist": checklist("metrics", watched).document().html(),
        "drift": drift.read_text(encoding="utf-8"),
    }


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
@pytest.mark.parametrize("name", ["card", "checklist", "drift"])
def test_nothing_leaves_the_page_and_all_can_read_and_sort_it(open_page, all_can_read, pages, name, width, scheme):
    shown = open_page(pages[name], width=width, scheme=scheme)
    all_can_read(shown, scheme=scheme, texts=30)
    assert shown.locator("[onerror]").count() == 0
    assert (HOSTILE in shown.locator("main").text_content()) == (name != "checklist")
    wanted, reached = shown.locator("button, a, [tabindex]").count(), set()
    for _ in range(wanted):
        shown.keyboard.press("Tab")
        place, outline, sorts = shown.evaluate(
            "(e => [[...document.querySelectorAll('*')].indexOf(e), getComputedStyle(e).outlineStyle,"
            " e.matches('th button')])(document.activeElement)"
        )
        reached.add(place)
        assert outline == "solid"
        if sorts:
            shown.keyboard.press("Enter")
            assert shown.evaluate("document.activeElement.closest('th').ariaSort") == "ascending"
    assert len(reached) == wanted
