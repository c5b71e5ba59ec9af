"""Fixtures shared by all tests: the reference material made by others, and the command line."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import matplotlib as mpl
import matplotlib.image as mpl_image
import numpy as np
import pytest

from radnec import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

mpl.use("Agg")

#: Share of the way from black to white by which a square of a screenshot that holds text or lines varies at least.
_INK = 0.15

# CI repeats the same examples each time; a run by hand explores new ones. How long they take is up to the machine.
hypothesis.settings.register_profile(
    "radnec",
    derandomize=bool(os.environ.get("CI")),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("radnec")


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the reference material; tests that need it skip where it is absent, except in CI."""
    folder = Path(os.environ.get("RADNEC_REFERENCE", Path(__file__).parents[2] / "shared" / "reference")).resolve()
    if not (folder / "README.md").is_file():
        message = f"no reference material at {folder}; set RADNEC_REFERENCE to its folder"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture
def run(capsys, monkeypatch):
    """Return a function that runs a command and gives exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["radnec", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    return call


def _without_browser(reason: str) -> None:
    message = f"{reason}: apt-get install chromium, or playwright install chromium"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; tests that need it skip where there is none, except in CI."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _without_browser("playwright is not installed")
    with sync_playwright() as started:
        installed = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        path = Path(installed or started.chromium.executable_path)
        if not path.is_file():
            _without_browser("no Chromium is installed")
        chromium = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, tmp_path) -> Iterator[Callable[..., Page]]:
    """Return a function that opens HTML; afterwards nothing may have been complained of, or asked of any network."""
    contexts, wrong = [], []

    def open_it(html: str, *, width: int = 1280, scheme: str = "light") -> Page:
        file = tmp_path / "page.html"
        file.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        context.set_default_timeout(300_000)  # ms, for what takes one second or five
        contexts.append(context)
        page = context.new_page()
        own = file.as_uri()

        def judge(route):
            if route.request.url == own or route.request.url.startswith("data:"):
                return route.continue_()
            wrong.append(f"request of {route.request.url}")
            return route.abort()

        page.route("**/*", judge)
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.wrong = wrong
        page.goto(own)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert wrong == []


_LOOK = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (text) => {
    const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = channels(text).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = channels(getComputedStyle(e).backgroundColor);
      if (found.length < 4 || found[3] > 0) return getComputedStyle(e).backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const boxes = [], texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || ["SCRIPT", "STYLE"].includes(parent.tagName) || !parent.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(parent).color), light(ground(parent))];
    const start = node.data.trim().slice(0, 40);
    texts.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), start]);
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) boxes.push([box.left, box.top, box.right, box.bottom, start]);
  }
  const overlaps = [];
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
    const across = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), down = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    // Lines of one paragraph may touch by the height of an accent.
    if (across > 2 && down > 5) overlaps.push([a[4], b[4]]);
  }));
  return {
    low: texts.filter(([ratio]) => ratio < 4.5), texts: texts.length, overlaps,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map((h) => Number(h.tagName[1])),
    mute: [...document.images].filter((image) => image.alt.length < 20 || !image.naturalWidth).length,
    page: light(getComputedStyle(document.body).backgroundColor), lang: document.documentElement.lang,
  };
}"""


@pytest.fixture
def look() -> Callable[[Page], dict]:
    """Return a function that says of a page what a reader would stumble over."""
    return lambda page: page.evaluate(_LOOK)


@pytest.fixture
def all_can_read(look: Callable[[Page], dict]) -> Callable[..., None]:
    """Return a function that holds a page to what all readers need, in light or dark."""

    def held(page: Page, *, scheme: str, texts: int) -> None:
        seen = look(page)
        assert seen["overflow"] == 0
        assert seen["overlaps"] == []
        assert seen["low"] == []
        assert seen["texts"] > texts
        assert seen["headings"][0] == 1
        assert all(after <= before + 1 for before, after in zip(seen["headings"], seen["headings"][1:], strict=False))
        assert seen["mute"] == 0
        assert seen["lang"] == "en"
        assert (seen["page"] > 0.9) == (scheme == "light")
        assert (seen["page"] < 0.05) == (scheme == "dark")

    return held


@pytest.fixture
def squares() -> Callable[[Page], np.ndarray]:
    """Return a function that takes a screenshot of a whole page and says which squares of 16 pixels hold anything."""

    def drawn(page: Page) -> np.ndarray:
        grey = mpl_image.imread(io.BytesIO(page.screenshot(full_page=True)))[..., :3].mean(-1)
        rows, columns = (length // 16 for length in grey.shape)
        return np.ptp(grey[: 16 * rows, : 16 * columns].reshape(rows, 16, columns, 16), axis=(1, 3)) > _INK

    return drawn
