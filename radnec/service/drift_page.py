"""Renders a drift report as HTML: a self-contained page, or a summary for notebooks."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from radnec.evaluation.page import Picture, environment, svg_uri
from radnec.evaluation.report import DISCLAIMER
from radnec.evaluation.tables import text_table

if TYPE_CHECKING:
    from radnec.service.drift_report import DriftReport

_HOME = "radnec.service"
#: Rows of the long tables.
_SHOWN = 20
_NAMES = {
    "probability": "Mean probability",
    "prevalence_estimated": "Estimated share, from the probabilities alone",
    "prevalence": "Share among the labelled",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "novelty": "Share of lesions unlike the training lesions",
    "domain_auc": "AUC of telling new from earlier lesions",
    "unseen_scanner": "Lesion sessions of a scanner never seen in training",
}
_PARTS = ("shift", "ks", "psi", "missing", "call")


class Section(NamedTuple):
    """A titled table with the pictures above it."""

    title: str
    caption: str
    data: dict[str, Any]
    pictures: list[Picture]


def render_page(report: DriftReport) -> str:
    """Return the whole page; it asks for nothing from the network.

    Parameters
    ----------
    report : DriftReport
        What to show.

    Returns
    -------
    str
        HTML. Names from the table are escaped.
    """
    frame = report.numbers
    whole = frame[frame["period"] == ""]
    shift, chance = whole[whole["check"] == "shift"], "in standard deviations, and what chance alone gives"
    sections = [
        _section("Outcome and probability", "What the model says, and what is known", _named(whole), ["number"]),
        _section("Scanners", f"Root mean square over the features of their shift, {chance}", shift, ["scanner"]),
        _section(
            "Calibration over time",
            "Each period with its 95 % limits, clustered by patient",
            _named(frame[frame["period"] != ""]),
            ["period", "number"],
            _over_time(frame),
        ),
        _section("Features", f"The {_SHOWN} that moved most beyond doubt or chance", _features(whole), ["feature"]),
        _section("Empty cells", f"The {_SHOWN} features that are empty most often", _missing(whole), ["feature"]),
        _section("Calls", "Shares of the calls with their 95 % limits", whole[whole["check"] == "call"], ["call"]),
    ]
    shown = [section for section in sections if section.data["rows"]]
    return environment(_HOME).get_template("drift.html").render(report=report, sections=shown, disclaimer=DISCLAIMER)


def render_summary(report: DriftReport) -> str:
    """Return verdict, findings and notes, to be shown in a notebook.

    Parameters
    ----------
    report : DriftReport
        What to show.

    Returns
    -------
    str
        HTML fragment. Names from the table are escaped.
    """
    return environment(_HOME).get_template("drift_summary.html").render(report=report, disclaimer=DISCLAIMER)


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[~frame["check"].isin(_PARTS)]
    unseen = rows["check"] == "unseen_scanner"
    names = rows["check"].map(_NAMES)
    return rows.assign(number=names.where(~unseen, names + ": " + rows["subject"]))


def _features(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the Kolmogorov-Smirnov distances with the stability index beside them."""
    keys = ["subject", "scanner"]
    index = frame[frame["check"] == "psi"].set_index(keys)[["value", "expected"]]
    index.columns = pd.Index(["stability index", "by chance"])
    ks = frame[frame["check"] == "ks"].drop(columns="expected").join(index, on=keys)
    first = ks.assign(beyond=ks["stability index"] - ks["by chance"])
    first = first.sort_values(["p_adjusted", "p", "beyond"], ascending=[True, True, False], kind="stable")
    return first.head(_SHOWN).rename(columns={"value": "distance"})


def _missing(frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame[(frame["check"] == "missing") & (frame["value"] > 0)]
    return rows.sort_values(["p", "value"], ascending=[True, False], kind="stable").head(_SHOWN)


def _section(
    title: str, caption: str, rows: pd.DataFrame, keys: list[str], pictures: list[Picture] | None = None
) -> Section:
    """Return a section whose table starts with the columns `keys`."""
    columns = [*keys, "scanner", "value", "distance", "expected", "low", "high", "stability index", "by chance"]
    columns = [*dict.fromkeys(columns), "p_adjusted", "rows", "patients", "reason"]
    found = rows.rename(columns={"subject": keys[0]} if keys[0] not in rows else {})
    found = found[[name for name in columns if name in found]]
    kept = [name for name in found if found[name].notna().any() and (found[name].astype(str) != "").any()]
    text = pd.DataFrame({name: [_text(value) for value in found[name]] for name in kept})
    return Section(title, caption, text_table(text.rename(columns={"p_adjusted": "p, adjusted"})), pictures or [])


def _text(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return ""
    return f"{value:.2g}" if 0 < abs(value) < 0.01 else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _over_time(frame: pd.DataFrame) -> list[Picture]:
    checks = {"calibration_intercept": ("Calibration intercept", 0.0), "calibration_slope": ("Calibration slope", 1.0)}
    rows = frame[(frame["period"] != "") & frame["value"].notna()]
    if rows["period"].nunique() < 2:
        return []
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    places = _places(sorted(rows["period"].unique()))
    for axes, (check, (name, ideal)) in zip(figure.subplots(1, 2), checks.items(), strict=True):
        part = rows[rows["check"] == check]
        at = [places[period] for period in part["period"]]
        error = [part["value"] - part["low"], part["high"] - part["value"]]
        axes.axhline(ideal, color="#808080", linewidth=0.8, linestyle=":")
        axes.errorbar(at, part["value"], yerr=error, fmt="o", color="#0072B2", capsize=3)
        axes.set_xticks(list(places.values()), list(places), rotation=45)
        axes.set_ylabel(name)
    caption = "Calibration of each period with its 95 % limits. Dotted: the ideal."
    return [
        Picture(svg_uri(figure), caption, f"Calibration intercept and slope of {len(places)} periods.", "periods.svg")
    ]


def _places(periods: list[str]) -> dict[str, int]:
    """Return where each period stands: months as far apart as they are, so that a gap is seen; others side by side.

    Examples
    --------
    >>> _places(["2025-11", "2026-02"]), _places(["Q1", "Q2"])
    ({'2025-11': 0, '2026-02': 3}, {'Q1': 0, 'Q2': 1})
    """
    months = [re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", period) for period in periods]
    counts = [12 * int(one[1]) + int(one[2]) for one in months if one]
    if len(counts) < len(periods):
        return {period: place for place, period in enumerate(periods)}
    return {period: count - counts[0] for period, count in zip(periods, counts, strict=True)}
