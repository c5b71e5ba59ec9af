"""Renders the evaluation of a pathway as HTML: a self-contained page, or a summary for notebooks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from radnec.evaluation.page import Picture, environment, svg_uri
from radnec.evaluation.tables import text_table

if TYPE_CHECKING:
    from radnec.evaluation.pathway import PathwayEvaluation

_DISCLAIMER = "Research use only. Not a medical device, and no treatment advice."
_STRATEGIES = {"pathway": "pathway", "conventional": "first stage for all", "everything": "all examinations for all"}
_NAMES = {
    "accuracy": "Accuracy",
    "auc": "AUC",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "calibration_slope": "Calibration slope",
    "examinations_per_patient": "Examinations per patient, beyond the first stage",
    "examinations_share": "Share of the examinations that were there",
    "net_benefit": "Net benefit per lesion, less examinations",
}


class _Number(NamedTuple):
    """One number with its limits."""

    value: float
    low: float
    high: float

    def told(self, *, percent: bool = False) -> str:
        """Return the number as text, with its limits in brackets where there are any."""
        if math.isnan(self.value):
            return "\N{EN DASH}"
        form = "{:.0%}" if percent else "{:.2f}"
        value, low, high = (form.format(one).replace("-", "\N{MINUS SIGN}") for one in self)
        return value if math.isnan(self.low) else f"{value} ({low} to {high})"


def conclusions(evaluation: PathwayEvaluation) -> list[str]:
    """Return what the numbers say, as sentences: what was settled, what was wrong, and what it cost.

    Parameters
    ----------
    evaluation : PathwayEvaluation
        What to conclude from.

    Returns
    -------
    list of str
    """
    numbers, config = _numbers(evaluation.frame()), evaluation.pathway._config()
    level = evaluation.pathway.error
    own = numbers["pathway"]
    resolved, wrong = (own[name].told(percent=True) for name in ("resolved", "error_of_calls"))
    found = [f"The pathway settled {resolved} of the lesions at error {level:g}; {wrong} of its calls were wrong."]
    found.append(f"It abstained from {own['abstained'].told(percent=True)} of the lesions.")
    for side, name in (("positive", config.outcome), ("negative", config.other_outcome)):
        lost = own[f"error_of_resolved_{side}"]
        above = f", above the level of {level:.0%}" if lost.value > level else ""
        found.append(f"Of the settled lesions that were {name}, {lost.told(percent=True)} were called wrongly{above}.")
    share, spent = own["examinations_share"], own["examinations_per_patient"]
    found.append(
        f"It asked for {share.told(percent=True)} of the further examinations that there were, {spent.told()} per "
        "patient."
    )
    gap = _Number(*(100 * one for one in own["accuracy_difference_everything"]))
    found.append(f"Its accuracy less that of all examinations for all: {gap.told()} points.")
    return found


def render_page(evaluation: PathwayEvaluation) -> str:
    """Return the whole page; it asks for nothing from the network.

    Parameters
    ----------
    evaluation : PathwayEvaluation
        What to report.

    Returns
    -------
    str
        HTML. Names from the table are escaped.
    """
    return environment().get_template("pathway.html").render(**_content(evaluation))


def render_summary(evaluation: PathwayEvaluation) -> str:
    """Return conclusions, drawing and numbers, to be shown in a notebook.

    Parameters
    ----------
    evaluation : PathwayEvaluation
        What to report.

    Returns
    -------
    str
        HTML fragment. Names from the table are escaped.
    """
    return environment().get_template("pathway_summary.html").render(**_content(evaluation))


def _content(evaluation: PathwayEvaluation) -> dict[str, object]:
    numbers, config = _numbers(evaluation.frame()), evaluation.pathway._config()
    flow = evaluation.flow()
    shares = ["reached", "positive", "negative", "sessions"]
    told = flow.assign(**{name: flow[name].map("{:.0%}".format) for name in shares})
    outcomes = {"positive": f"settled as {config.outcome}", "negative": f"settled as {config.other_outcome}"}
    own = [(metric.replace("_", " "), one.told()) for metric, one in numbers["pathway"].items() if metric not in _NAMES]
    rows = [
        (name, *(numbers[one][metric].told() for one in _STRATEGIES))
        for metric, name in _NAMES.items()
        if metric in numbers["pathway"]
    ]
    found = conclusions(evaluation)
    caption = (
        "Stages, the lesions that reach each and are settled there, and the sessions in which the next examinations "
        "are asked for."
    )
    return {
        "subject": f"{evaluation.lesions['row'].nunique()} lesions of {evaluation.lesions['patient'].nunique()} "
        f"patients, {evaluation.lesions['repeat'].nunique()} × {evaluation.lesions['fold'].nunique()} outer folds",
        "conclusions": found,
        "notes": list(evaluation.notes),
        "picture": Picture(svg_uri(evaluation.figure()), caption, f"The pathway: {' '.join(found)}", "pathway.svg"),
        "flow": text_table(told.rename(columns=outcomes)),
        "strategies": text_table(pd.DataFrame(rows, columns=["number", *_STRATEGIES.values()])),
        "own": text_table(pd.DataFrame(own, columns=["number", "of the pathway"])),
        "level": f"{config.level:.0%}",
        "settings": config.to_yaml(),
        "seed": evaluation.random_state,
        "disclaimer": _DISCLAIMER,
    }


def _numbers(frame: pd.DataFrame) -> dict[str, dict[str, _Number]]:
    found: dict[str, dict[str, _Number]] = {}
    for row in frame.to_dict("records"):
        number = _Number(row["value"], row["low"], row["high"])
        found.setdefault(row["strategy"], {})[row["metric"]] = number
    return found
