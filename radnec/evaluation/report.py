"""Renders an evaluation as HTML: a self-contained page, or a summary for notebooks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from radnec.evaluation import figures
from radnec.evaluation.conclusions import FULL, find
from radnec.evaluation.facts import facts_of
from radnec.evaluation.page import Picture, environment, svg_uri
from radnec.evaluation.selection import stability_sentence
from radnec.evaluation.tables import Cell, cell_of, text_table, wide
from radnec.labels import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.evaluation.learning import LearningCurve
    from radnec.evaluation.result import Evaluation

DISCLAIMER = "Research use only. Not a medical device."

_NAMES = {
    "auc": "AUC",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
    "log_loss": "Log loss",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "sensitivity_at_cutoff": "Sensitivity of the published cut-off itself",
    "specificity_at_cutoff": "Specificity of the published cut-off itself",
    "auc_difference_volume": "AUC, difference to volume",
    "log_loss_difference_prevalence": "Log loss, difference to prevalence",
    "log_loss_difference_volume": "Log loss, difference to volume",
    "brier_difference_prevalence": "Brier score, difference to prevalence",
}
#: Metrics of prediction sets, with the words for the positive and the negative outcome put in.
_SETS = {
    "coverage_positive": "{0} whose set holds {0}",
    "coverage_negative": "{1} whose set holds {1}",
    "called": "lesions called: the set holds one class",
    "error_of_calls": "wrong among these",
}
_COMPACT = ("auc", "log_loss", "calibration_slope")
#: Rows of the table of features used.
_SHOWN = 20
_SHOWN_SHORT = 5


def render_page(evaluation: Evaluation) -> str:
    """Return the whole page; it asks for nothing from the network.

    Parameters
    ----------
    evaluation : Evaluation
        What to report.

    Returns
    -------
    str
        HTML. Names from the table are escaped.
    """
    ladder = _ladder(evaluation.frame(), _NAMES)
    own = evaluation.config.positive == Outcome.necrosis
    return (
        environment()
        .get_template("evaluation.html")
        .render(
            evaluation=evaluation,
            question="Radiation necrosis or tumour progression" if own else evaluation.config.outcome,
            ladder={model: cells for model, cells in ladder.items() if any(cell.interval for cell in cells.values())},
            numbers={metric for cells in ladder.values() for metric in cells},
            gaps=_gaps(ladder),
            features=text_table(_most_used(evaluation)),
            stability=stability_sentence(evaluation.stability),
            sets=text_table(_prediction_sets(evaluation)),
            facts=facts_of(evaluation),
            names=_NAMES,
            pictures=_pictures(evaluation),
            subgroups=text_table(
                wide(evaluation.subgroups(), ("trait", "subgroup"), _NAMES, outcome=evaluation.config.outcome)
            ),
            sites=text_table(wide(evaluation.sites(), ("site",), _NAMES, outcome=evaluation.config.outcome)),
            mending=text_table(_mended(evaluation)),
            flow=text_table(evaluation.flow),
            flags=text_table(evaluation.flags),
            settings=evaluation.config.to_yaml(),
            digest=evaluation.config.digest(),
            disclaimer=DISCLAIMER,
        )
    )


def render_summary(evaluation: Evaluation) -> str:
    """Return conclusions and the chief numbers, to be shown in a notebook.

    Parameters
    ----------
    evaluation : Evaluation
        What to report.

    Returns
    -------
    str
        HTML fragment. Names from the table are escaped.
    """
    return (
        environment()
        .get_template("summary.html")
        .render(
            evaluation=evaluation,
            ladder=_ladder(evaluation.frame(), _COMPACT),
            selected=evaluation.selection_frame().head(_SHOWN_SHORT).to_dict("records"),
            stability=stability_sentence(evaluation.stability),
            names=_NAMES,
            metrics=_COMPACT,
            disclaimer=DISCLAIMER,
        )
    )


def _ladder(frame: pd.DataFrame, metrics: Iterable[str]) -> dict[str, dict[str, Cell]]:
    """Return the cells by model and metric."""
    ladder: dict[str, dict[str, Cell]] = {}
    for row in frame[frame["metric"].isin(list(metrics))].to_dict("records"):
        numbers = row["value"], row["low"], row["high"]
        ladder.setdefault(row["model"], {})[row["metric"]] = cell_of(row["metric"], *numbers, row["reason"])
    return ladder


def _gaps(ladder: dict[str, dict[str, Cell]]) -> list[tuple[str, str]]:
    """Return each rung with each reason why a number of its own could not be computed, once."""
    named = (
        (model, cell.reason)
        for model, cells in ladder.items()
        for metric, cell in cells.items()
        if "_difference_" not in metric
    )
    return list(dict.fromkeys(pair for pair in named if pair[1]))


def _prediction_sets(evaluation: Evaluation) -> pd.DataFrame:
    frame, config = evaluation.frame(), evaluation.config
    rows = []
    for metric, words in _SETS.items():
        for found in frame[(frame["metric"] == metric) & (frame["model"] == FULL)].to_dict("records"):
            cell = cell_of(metric, found["value"], found["low"], found["high"], found["reason"])
            asked = f"at least {1 - config.error:g}" if metric.startswith("coverage") else ""
            share = words.format(config.outcome, config.other_outcome)
            rows.append((share, asked, cell.value, cell.interval or cell.reason))
    return pd.DataFrame(rows, columns=["share of", "asked", "found", "limits"])


def _most_used(evaluation: Evaluation) -> pd.DataFrame:
    found = evaluation.selection_frame().head(_SHOWN)
    if found.empty:
        shown = evaluation.features.head(_SHOWN)
        found = pd.DataFrame({"feature": shown.index, "used_by": shown.to_numpy()})
    shares = [name for name in ("selected_by", "used_by") if name in found]
    return found.assign(**{name: [f"{share:.0%}" for share in found[name]] for name in shares})


def _pictures(evaluation: Evaluation) -> list[Picture]:
    scored, frame = evaluation.scored, evaluation.frame()
    level = f"{evaluation.config.level * 100:g} %"
    computed = [model for model in scored.p if not math.isnan(find(frame, "auc", model).value)]
    areas = "; ".join(f"{model} {find(frame, 'auc', model).value:.2f}" for model in computed)
    pictures = [
        Picture(
            svg_uri(figures.ladder_figure(frame)),
            f"The ladder: AUC and log loss of each rung with {level} intervals. Dotted: the prevalence.",
            f"AUC and log loss of each rung with intervals. AUC: {areas}.",
            "ladder.svg",
        ),
        Picture(
            svg_uri(figures.roc_figure(scored, frame)),
            "ROC curves, averaged over folds and repeats by their pairs; thin lines are single repeats.",
            f"ROC curves. AUC: {areas}.",
            "roc.svg",
        ),
    ]
    if FULL in scored.p:
        pictures += _of_full_recipe(evaluation)
    if evaluation.learning is not None:
        pictures.append(_of_learning(evaluation.learning, level))
    if not evaluation.sites().empty:
        pictures.append(
            Picture(
                svg_uri(figures.forest_figure(evaluation.sites())),
                f"Sites with {level} intervals, and pooled by random effects (diamond); the thin line is where another "
                "site is expected.",
                f"AUC, calibration intercept and slope of {evaluation.sites()['site'].nunique() - 1} sites.",
                "sites.svg",
            )
        )
    return pictures


def _of_learning(learning: LearningCurve, level: str) -> Picture:
    sizes = learning.frame()["patients"]
    return Picture(
        svg_uri(learning.figure()),
        f"Learning curve: the full recipe after learning from part of the patients, with {level} intervals. "
        "Dotted: the prevalence.",
        f"AUC and log loss after learning from {sizes.min()} to {sizes.max()} patients.",
        "learning.svg",
    )


def _of_full_recipe(evaluation: Evaluation) -> list[Picture]:
    scored, config = evaluation.scored, evaluation.config
    level, slope = f"{config.level * 100:g} %", find(evaluation.frame(), "calibration_slope").value
    return [
        Picture(
            svg_uri(figures.reliability_figure(scored, config, random_state=evaluation.seed)),
            f"Reliability: bins with {level} intervals from patient resamples, the flexible calibration curve with "
            f"its band, and a histogram of {config.probability}.",
            f"Observed share of {config.outcome} against predicted probability. "
            + ("No slope." if math.isnan(slope) else f"Calibration slope {slope:.2f}."),
            "reliability.svg",
        ),
        Picture(
            svg_uri(figures.decision_figure(scored, config)),
            f"Decision curve: net benefit of acting from each threshold on, with {level} intervals. A model below "
            "the other two lines at a threshold does harm there.",
            f"Net benefit of acting on {config.probability}, on all lesions and on none, against the threshold.",
            "decision.svg",
        ),
    ]


def _mended(evaluation: Evaluation) -> pd.DataFrame:
    if evaluation.mending is None:
        return pd.DataFrame()
    frame = evaluation.mending.frame()
    text = frame[["without", "with"]].map(lambda value: cell_of("", value, value, value, "").value)
    return pd.concat([frame["metric"].map(_NAMES | {"ici": "Integrated calibration index"}), text], axis=1)
