"""The lesion report in a real browser: nothing leaves it, nothing overlaps, all can read it, it fits on two pages."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.evaluation.page import environment
from radnec.reporting.lesion import lesion_report
from radnec.simulate import simulate_table

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>../\u202ecod.exe\u200f"
SEQUENCES = ("T1wCE", "FLAIR", "T2w", "ADC")


@pytest.fixture(scope="module")
def model():
    table = simulate_table(n_patients=40, n_features=24, effect=2.0, random_state=0)
    config = radnec.TrainingConfig(candidates=("logistic",), draws=1, inner_folds=3, random_state=0)
    return radnec.train(table, config)


def images(folder):
    """Write four sequences with a lesion and return their rows of a cohort; the mask of one lies on another grid."""
    rng = np.random.default_rng(0)
    z, y, x = np.ogrid[:20, :60, :50]
    head = ((z - 10) / 9) ** 2 + ((y - 30) / 28) ** 2 + ((x - 25) / 23) ** 2 < 1
    inside = (z - 11) ** 2 + (y - 22) ** 2 + (x - 18) ** 2 < 16
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    mask.SetSpacing((3.0, 3.0, 5.0))
    sitk.WriteImage(mask, folder / "mask.nii.gz")
    rows = []
    for sequence in SEQUENCES:
        image = sitk.GetImageFromArray((head * (300 + 200 * inside + rng.normal(0, 20, head.shape))).astype(np.float32))
        image.SetSpacing((3.0, 3.0, 5.0 if sequence != "ADC" else 4.0))
        sitk.WriteImage(image, folder / f"{sequence}.nii.gz")
        rows.append({"sequence": sequence, "image_path": str(folder / f"{sequence}.nii.gz")})
    return pd.DataFrame(rows).assign(
        patient_id=HOSTILE, session_id="S1", lesion_id="L1", mask_path=str(folder / "mask.nii.gz"), scanner_id="A"
    )


@pytest.fixture(scope="module")
def report(model, tmp_path_factory):
    """Return the report of a hostile patient with all there may be on the page."""
    cohort = images(tmp_path_factory.mktemp("images"))
    row = simulate_table(n_patients=1, n_features=24, effect=2.0, random_state=3).head(1)
    row = row.assign(patient_id=HOSTILE, session_id="S1", lesion_id="L1", status="ok", error=f"no such thing {HOSTILE}")
    measured = {"TBRmax": 1.7, "Tl201_retention_index": 0.9, "Cho_NAA": 2.0, "nCBV_mean": 1.2, "PSR_percent": 80.0}
    row = row.assign(**{f"index_{name}": value for name, value in measured.items()}, index_TBRmax_flags=HOSTILE)
    return lesion_report(model, cohort, f"{HOSTILE}/L1", table=row)


@pytest.fixture(scope="module")
def page(report):
    return report.html


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_nothing_leaves_the_page_and_all_can_read_it(open_page, all_can_read, page, width, scheme):
    all_can_read(open_page(page, width=width, scheme=scheme), scheme=scheme, texts=100)


def test_screenshots_in_light_and_dark_have_the_same_layout(open_page, squares, page):
    light, dark = (squares(open_page(page, scheme=scheme)) for scheme in ("light", "dark"))
    assert light.shape == dark.shape
    assert light.mean() > 0.1
    assert (light == dark).mean() > 0.98
    lost = open_page(page.replace("</style>", "h2 + * { visibility: hidden }</style>", 1))
    assert (squares(lost) == light).mean() < 0.9


def test_hostile_names_are_shown_as_they_are_and_do_nothing(open_page, page):
    shown = open_page(page)
    assert HOSTILE in shown.locator("h1").text_content()
    assert shown.locator("script").count() == 1
    assert shown.locator("[onerror]").count() == 0
    assert HOSTILE in shown.locator("main").text_content()
    assert shown.evaluate("getComputedStyle(document.querySelector('h1 bdi')).unicodeBidi") == "isolate"
    assert shown.title() == "Lesion report"


@pytest.mark.parametrize("name", ["x" * 300, "a\nb\tc", "../../a/b", "\u202ea\u2066b", "{{ 7*7 }}", "&quot;"])
def test_any_name_is_shown_whole_on_a_narrow_page(open_page, model, name):
    row = simulate_table(n_patients=1, n_features=24, effect=2.0, random_state=3).head(1)
    row = row.assign(patient_id=name, session_id="S1", lesion_id=name)
    shown = open_page(lesion_report(model, None, f"{name}/S1/{name}", table=row).html, width=390)
    assert shown.locator("h1 bdi").first.evaluate("name => name.textContent") == name
    assert shown.evaluate("document.documentElement.scrollWidth") == 390


def test_the_guard_of_these_tests_can_fail(open_page, look, page):
    planted = '<img src="http://127.0.0.1:9/x.png" alt=""><script>alert(3)</script><h5>deep</h5>'
    planted += (
        '<p style="color:#999">pale</p><p style="max-width:none;width:2000px;margin:0 0 -1.2em">wide</p><p>over</p>'
    )
    shown = open_page(page.replace("</main>", f"{planted}</main>"))
    assert any("Content Security Policy" in text for text in shown.wrong)
    assert not any("dialog" in text for text in shown.wrong)
    shown.wrong.clear()
    seen = look(shown)
    assert [text for _, text in seen["low"]] == ["pale"]
    assert seen["overlaps"] == [["wide", "over"]]
    assert seen["overflow"] > 500
    assert seen["headings"][-1] == 5
    assert seen["mute"] == 1


def test_it_prints_on_two_pages(open_page, page):
    for scheme in ("light", "dark"):
        paper = open_page(page, scheme=scheme).pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 2


def test_a_lesion_with_much_to_say_prints_on_two_pages_too(open_page, page):
    shown = open_page(page)
    for rows, count in ((".moved tbody tr:nth-child(2)", 5), (".weighed tbody tr:first-child", 3), (".findings li", 4)):
        shown.evaluate(
            "([rows, count]) => { const row = document.querySelector(rows);"
            " for (let n = 0; n < count; n++) row.after(row.cloneNode(true)); }",
            [rows, count],
        )
    assert shown.locator(".moved tbody tr").count() == 10
    paper = shown.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 2


def test_the_table_is_sorted_by_mouse_and_by_keyboard(open_page, page):
    shown = open_page(page)

    def column():
        return shown.locator("table.places tbody tr td:nth-child(5)").all_inner_texts()

    head = shown.locator("table.places thead th").nth(4)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column() == sorted(column(), key=float)
    shown.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column() == sorted(column(), key=float, reverse=True)
    shown.keyboard.press("Space")
    assert column() == sorted(column(), key=float)


def test_the_keyboard_reaches_everything_and_shows_where_it_is(open_page, page):
    shown = open_page(page)
    wanted = shown.locator("button, a, [tabindex]").count()
    reached = set()
    for _ in range(wanted):
        shown.keyboard.press("Tab")
        reached.add(
            shown.evaluate(
                "(e => [...document.querySelectorAll('*')].indexOf(e) + ' ' + getComputedStyle(e).outlineStyle)"
                "(document.activeElement)"
            )
        )
    assert len(reached) == wanted
    assert all(one.endswith(" solid") for one in reached)


def test_pictures_are_saved_under_their_names(open_page, page):
    shown = open_page(page)
    names = shown.locator("a.save").evaluate_all("links => links.map(link => link.download)")
    assert names == ["T1wCE.png", "FLAIR.png", "T2w.png"]
    with shown.expect_download() as waited:
        shown.locator("a.save").first.click()
    assert waited.value.path().read_bytes().startswith(b"\x89PNG")


def test_the_page_says_what_the_numbers_are(open_page, report, page):
    text = open_page(page).locator("body").inner_text()
    found = report.assessed
    for told in (
        f"{found['p_necrosis']:.2f}",
        f"{found['p_low']:.2f} to {found['p_high']:.2f}",
        str(found["reason"])[1:],
        report.model.identity_,
        "Research use only. Not a medical device.",
        "no cause",
        f"{report.contributions.typical:.2f}",
        "RN001",
        "Radiological convention",
    ):
        assert told in text
    assert "Not shown" in text
    assert len(report.ledger.steps) > 1
    assert all(step.evidence.source in text for step in report.ledger.steps)
    assert "No such" not in text


def test_bars_begin_where_the_one_before_ends_and_lead_from_typical_to_this_lesion(open_page, report, page):
    shown = open_page(page)
    boxes = shown.locator(".moved .bar").evaluate_all(
        "bars => bars.map(bar => { const box = bar.getBoundingClientRect();"
        " return bar.classList.contains('towards') ? [box.left, box.right] : [box.right, box.left]; })"
    )
    stands = shown.locator(".moved .stand").evaluate_all(
        "all => all.map(e => { const box = e.getBoundingClientRect(); return (box.left + box.right) / 2; })"
    )
    assert len(boxes) == len(report.contributions.groups)
    ends = [stands[0], *(end for _, end in boxes)]
    starts = [*(start for start, _ in boxes), stands[1]]
    assert starts == pytest.approx(ends, abs=2.5)


def test_the_odds_column_multiplies_to_the_odds_of_this_lesion(open_page, report, page):
    cells = open_page(page).locator(".moved tbody td:last-child").all_inner_texts()
    first, *factors, last = (float(re.search(r"[\d.e-]+", cell).group()) for cell in cells)
    assert first * np.prod(factors) == pytest.approx(last, rel=0.03)
    p = report.assessed["p_necrosis"]
    assert last == pytest.approx(p / (1 - p), rel=0.01)
    assert f"{p:.2f}" in cells[-1]


def test_the_page_is_the_same_each_time(report, page):
    assert report.html == page


def test_one_environment_serves_both_packages():
    for package in ("radnec.reporting", "radnec.evaluation"):
        style = environment(package).get_template("style.css").render()
        assert style == environment().get_template("style.css").render()
