"""The evaluation report in a real browser: sorted by mouse and keyboard, figures saved, legible in any light."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_nothing_leaves_the_page_and_all_can_read_it(open_page, all_can_read, hostile_page, width, scheme):
    all_can_read(open_page(hostile_page, width=width, scheme=scheme), scheme=scheme, texts=100)


def test_screenshots_in_light_and_dark_have_the_same_layout(open_page, squares, hostile_page):
    light, dark = (squares(open_page(hostile_page, scheme=scheme)) for scheme in ("light", "dark"))
    assert light.shape == dark.shape
    assert light.mean() > 0.1
    assert (light == dark).mean() > 0.98
    lost = open_page(hostile_page.replace("</style>", "h2 + * { visibility: hidden }</style>", 1))
    assert (squares(lost) == light).mean() < 0.9


def test_tables_are_sorted_by_number_and_by_word(open_page, hostile_page):
    shown = open_page(hostile_page)
    table = shown.locator("table.sortable", has_text="share of the outer folds")
    heads = table.locator("thead th")

    def column(number):
        return table.locator(f"tbody tr > :nth-child({number})").all_inner_texts()

    assert heads.evaluate_all("all => all.map(head => head.getAttribute('aria-sort'))") == ["none", "none"]
    heads.nth(1).locator("button").click()
    assert column(2) == ["10%", "25%", "50%", "100%"]
    shown.keyboard.press("Enter")
    assert column(2) == ["100%", "50%", "25%", "10%"]
    assert heads.evaluate_all("all => all.map(head => head.getAttribute('aria-sort'))") == ["none", "descending"]
    shown.keyboard.press("Shift+Tab")
    shown.keyboard.press("Space")
    assert column(1)[1:] == ["b", "c", "d"]
    assert heads.evaluate_all("all => all.map(head => head.getAttribute('aria-sort'))") == ["ascending", "none"]


def test_words_with_numbers_are_sorted_as_people_do(open_page, hostile_page):
    shown = open_page(hostile_page)
    table = shown.locator("table.sortable", has_text="Columns that may tell")
    table.locator("thead th button").first.click()
    assert table.locator("tbody th").all_inner_texts() == [f"column {number}" for number in range(12)]


def test_every_figure_can_be_saved(open_page, hostile_page):
    shown = open_page(hostile_page)
    links = shown.locator("a.save")
    names = links.evaluate_all("links => links.map(link => link.download)")
    assert names == ["ladder.svg", "roc.svg", "reliability.svg", "decision.svg"]
    with shown.expect_download() as waited:
        links.nth(1).click()
    assert b"<svg" in waited.value.path().read_bytes()


def test_figures_are_turned_in_the_dark_and_not_on_paper(open_page, hostile_page):
    shown = open_page(hostile_page, scheme="dark")
    turned = "getComputedStyle(document.querySelector('img.drawn')).filter"
    assert "invert(1)" in shown.evaluate(turned)
    shown.emulate_media(media="print")
    assert shown.evaluate(turned) == "none"


def test_the_page_says_the_same_without_its_script(browser, hostile_page, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(hostile_page, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(300_000)
    plain = context.new_page()
    plain.goto(file.as_uri())
    assert plain.locator("table").count() > 3
    assert plain.locator("button").count() == 0
    assert "Conclusions" in plain.locator("main").inner_text()
    context.close()
