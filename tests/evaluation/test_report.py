"""The page stands alone, and nothing from the table can act in it."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from radnec.config import TrainingConfig
from radnec.evaluation import report
from radnec.evaluation.result import Evaluation

HOSTILE = "<script>alert('x')</script>"


class Page(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def evaluation(predictions: pd.DataFrame) -> Evaluation:
    return Evaluation(
        predictions=predictions.assign(patient=HOSTILE + predictions["patient"]),
        config=TrainingConfig(label=HOSTILE, resamples=100, random_state=0),
        kind="nested cross-validation",
        flow=pd.DataFrame({"step": ["all rows", f"without: {HOSTILE}"], "rows": [130, 120]}),
        notes=(f"3 rows of scanner {HOSTILE}",),
        flags=pd.DataFrame(
            [(HOSTILE, "copies_label", "tells the outcome alone")], columns=["column", "code", "finding"]
        ),
        reasons={"clinical": f"no column {HOSTILE}"},
        provenance={"radnec": "0.1.0", "versions": {HOSTILE: "1"}},
    )


@pytest.fixture
def page(evaluation: Evaluation) -> str:
    return report.render_page(evaluation)


def test_nothing_is_fetched(page: str) -> None:
    addresses = [
        value for _, attributes in Page(page).tags for name, value in attributes.items() if name in ("src", "href")
    ]
    assert len(addresses) == 4
    assert all(address.startswith("data:image/svg+xml;base64,") for address in addresses)
    assert not re.search(r"https?://|//cdn|url\(|@import|<link|<iframe|<object", page)
    for address in addresses:
        drawn = base64.b64decode(address.partition(",")[2]).decode()
        assert not re.search(r"(href|src)=\"(?!#)", drawn)


def test_hostile_names_are_shown_and_do_nothing(page: str, evaluation: Evaluation) -> None:
    for text, scripts in ((page, 1), (evaluation._repr_html_(), 0)):
        assert [tag for tag, _ in Page(text).tags].count("script") == scripts
        assert HOSTILE in Page(text).text
    # In a conclusion, the flow, a note, a flag, a reason, the chosen and all settings, and a version.
    assert Page(page).text.count(HOSTILE) == 8


def test_the_page_says_what_matters(page: str, evaluation: Evaluation) -> None:
    text = Page(page).text
    assert report.DISCLAIMER in text
    assert evaluation.config.digest() in text
    assert all(sentence in text for sentence in evaluation.conclusions)
    assert all(rung in text for rung in ("prevalence", "volume", "clinical", "logistic", "radnec"))
    area = evaluation.frame().set_index(["model", "metric"]).loc[("radnec", "auc")]
    assert f"{area['low']:.2f} to {area['high']:.2f}" in text


def test_figures_can_be_read_by_those_who_cannot_see_them(page: str, evaluation: Evaluation) -> None:
    alts = [attributes["alt"] for tag, attributes in Page(page).tags if tag == "img"]
    value = evaluation.frame().set_index(["model", "metric"]).loc[("radnec", "auc"), "value"]
    assert f"radnec {value:.2f}" in alts[0]
    assert "Calibration slope" in alts[2]


def test_a_rung_that_is_missing_is_explained_once(predictions: pd.DataFrame) -> None:
    evaluation = Evaluation(
        predictions=predictions[predictions["model"] != "volume"],
        config=TrainingConfig(resamples=100, random_state=0),
        kind="nested cross-validation",
        reasons={"volume": "no volume column"},
    )
    listed = re.findall(r"<li>(.*no volume column.*)</li>", report.render_page(evaluation))
    assert listed == ["Not compared with lesion volume alone: no volume column.", "volume: no volume column"]


def test_the_page_is_the_same_each_time(page: str, evaluation: Evaluation) -> None:
    assert report.render_page(evaluation) == page


def test_a_page_without_the_full_recipe_has_no_reliability_figure(predictions: pd.DataFrame) -> None:
    evaluation = Evaluation(
        predictions=predictions[predictions["model"] != "radnec"],
        config=TrainingConfig(resamples=100, random_state=0),
        kind="nested cross-validation",
        reasons={"radnec": "no feature varies"},
    )
    page = Page(report.render_page(evaluation))
    assert sum(tag == "img" for tag, _ in page.tags) == 2
    assert "Not comparable with prevalence: no feature varies." in page.text
