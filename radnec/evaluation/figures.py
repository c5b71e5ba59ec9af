"""Figures of an evaluation: ROC curves, reliability, net benefit, the ladder, sites, and learning curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from radnec.evaluation import curves
from radnec.evaluation.conclusions import FULL, find
from radnec.evaluation.metrics import calibration_curve, decision_curve

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from radnec.config import TrainingConfig
    from radnec.evaluation.predictions import Scored

# Okabe and Ito's colours, told apart by all; the line styles tell them apart without colour.
_LINES = {
    FULL: ("#0072B2", "-", 2.2),
    "logistic": ("#009E73", "--", 1.4),
    "volume": ("#D55E00", "-.", 1.4),
}
_GREY = "#808080"
_THRESHOLDS = np.arange(1, 100) / 100
_COLOUR = _LINES[FULL][0]
#: Letters of a name in a figure.
_LONGEST = 28


def roc_figure(scored: Scored, summary: pd.DataFrame) -> Figure:
    """Draw the mean ROC curves of the full recipe, the L2-logistic model and the volume.

    Thin lines are single repeats of the full recipe.

    Parameters
    ----------
    scored : Scored
        Predictions.
    summary : pandas.DataFrame
        From :func:`radnec.evaluation.resampling.summarise`; its AUCs stand in the legend.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot; shown by a notebook, or saved with ``savefig``.
    """
    figure, axes = _square("1 \N{MINUS SIGN} specificity", "Sensitivity")
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle=":")
    for model, (colour, style, width) in _LINES.items():
        if model not in scored.p:
            continue
        if model == FULL and len(scored.fold) > 1:
            for repeat in range(len(scored.fold)):
                curve = curves.roc(scored, model, repeat=repeat)
                axes.plot(*curve.to_numpy().T, color=colour, linewidth=0.6, alpha=0.4)
        curve = curves.roc(scored, model)
        label = f"{model}, AUC {find(summary, 'auc', model).value:.2f}"
        axes.plot(*curve.to_numpy().T, color=colour, linestyle=style, linewidth=width, label=label)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", frameon=False)
    return figure


def reliability_figure(
    scored: Scored, config: TrainingConfig, *, model: str = FULL, random_state: int | None = None
) -> Figure:
    """Draw the observed share of the outcome against its probability, above a histogram of each class.

    Points are bins of like size, the line is the flexible calibration curve with its band.

    Parameters
    ----------
    scored : Scored
        Predictions.
    config : TrainingConfig
        Names the outcome; its ``level`` and ``resamples`` make the intervals.
    model : str
        Model to draw.
    random_state : int or None
        Seed of the resamples.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.
    """
    bins = curves.reliability(scored, model, level=config.level, resamples=config.resamples, random_state=random_state)
    repeats = len(scored.fold)
    smooth = calibration_curve(
        np.tile(scored.y, repeats),
        scored.p[model].ravel(),
        groups=np.tile(scored.patients, repeats),
        level=config.level,
    )
    figure = _empty((4.6, 5.4))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1.1])
    upper.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, linestyle=":")
    upper.fill_between(smooth["predicted"], smooth["low"], smooth["high"], color=_COLOUR, alpha=0.12, linewidth=0)
    upper.plot(smooth["predicted"], smooth["observed"], color=_COLOUR, linewidth=1.2)
    x, y = bins["predicted"], bins["observed"]
    upper.errorbar(x, y, yerr=[y - bins["low"], bins["high"] - y], fmt="o", color=_COLOUR, markersize=5)
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel=f"Observed share of {config.outcome}")
    probabilities = scored.p[model]
    lower.hist(
        [probabilities[:, scored.y].ravel(), probabilities[:, ~scored.y].ravel()],
        bins=[step / 20 for step in range(21)],
        stacked=True,
        color=[_COLOUR, _LINES["volume"][0]],
        weights=[[1 / len(probabilities)] * probabilities[:, rows].size for rows in (scored.y, ~scored.y)],
        label=[config.outcome, config.other_outcome],
    )
    lower.set(xlabel=config.probability, ylabel="Lesions")
    lower.legend(loc="upper right", frameon=False, fontsize="small")
    for axes in (upper, lower):
        _bare(axes)
    return figure


def ladder_figure(summary: pd.DataFrame) -> Figure:
    """Draw AUC and log loss of each rung with their intervals.

    Parameters
    ----------
    summary : pandas.DataFrame
        From :func:`radnec.evaluation.resampling.summarise`.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.
    """
    computed = summary[(summary["metric"] == "log_loss") & summary["value"].notna()]["model"].tolist()
    figure = _empty((7.4, 0.9 + 0.38 * len(computed)))
    panels = figure.subplots(1, 2, sharey=True)
    prevalence = find(summary, "log_loss", "prevalence").value
    for axes, metric, title, line in (
        (panels[0], "auc", "AUC (higher is better)", 0.5),
        (panels[1], "log_loss", "Log loss (lower is better)", prevalence),
    ):
        for place, model in enumerate(computed):
            value, low, high = find(summary, metric, model)
            colour = _COLOUR if model == FULL else _GREY
            axes.plot([low, high], [place, place], color=colour, linewidth=1.6)
            axes.plot(value, place, "o", color=colour, markersize=6)
        axes.axvline(line, color=_GREY, linewidth=0.8, linestyle=":")
        axes.set_xlabel(title)
        axes.set_yticks(range(len(computed)), computed)
        _bare(axes)
    panels[0].set_ylim(len(computed) - 0.5, -0.5)
    return figure


def decision_figure(scored: Scored, config: TrainingConfig, *, model: str = FULL) -> Figure:
    """Draw the net benefit of acting on the model's probability, on all lesions and on none.

    Parameters
    ----------
    scored : Scored
        Predictions.
    config : TrainingConfig
        Names the outcome and holds the level of the band.
    model : str
        Model to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.
    """
    curve = decision_curve(scored.y, scored.p[model], _THRESHOLDS, groups=scored.patients, level=config.level)
    figure, axes = _square(f"Threshold of {config.probability}", "Net benefit (true positives per lesion)")
    axes.axhline(0, color=_GREY, linewidth=0.8, linestyle=":", label="act on none")
    axes.plot(curve["threshold"], curve["all"], color=_GREY, linestyle="--", linewidth=1.4, label="act on all")
    axes.fill_between(curve["threshold"], curve["low"], curve["high"], color=_COLOUR, alpha=0.12, linewidth=0)
    axes.plot(curve["threshold"], curve["model"], color=_COLOUR, linewidth=2.2, label=f"act on {model}")
    most = float(scored.y.mean())
    axes.set(ylim=(-most / 4, 1.15 * most), aspect="auto")
    axes.legend(loc="upper right", frameon=False)
    return figure


def forest_figure(sites: pd.DataFrame) -> Figure:
    """Draw AUC, calibration intercept and slope of each site, and pooled.

    Thin lines at the pooled numbers say where another site is expected.

    Parameters
    ----------
    sites : pandas.DataFrame
        From :func:`radnec.evaluation.sites.by_site`.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.
    """
    names = sites["site"].unique().tolist()
    figure = _empty((8.4, 0.9 + 0.34 * len(names)))
    panels = figure.subplots(1, 3, sharey=True)
    for axes, metric, title, line in (
        (panels[0], "auc", "AUC", 0.5),
        (panels[1], "calibration_intercept", "Calibration intercept", 0.0),
        (panels[2], "calibration_slope", "Calibration slope", 1.0),
    ):
        part = sites[sites["metric"] == metric].reset_index(drop=True)
        whole = part["site"] == "pooled"
        axes.hlines(part.index, part["predicted_low"], part["predicted_high"], color=_GREY, linewidth=0.8)
        axes.hlines(
            part.index, part["low"], part["high"], color=[_COLOUR if one else _GREY for one in whole], linewidth=1.8
        )
        for rows, marker, colour in ((~whole, "o", _GREY), (whole, "D", _COLOUR)):
            axes.plot(part.loc[rows, "value"], part.index[rows], marker, color=colour, markersize=6)
        axes.axvline(line, color=_GREY, linewidth=0.8, linestyle=":")
        axes.set_xlabel(title)
        axes.set_yticks(range(len(names)), [_short(name) for name in names])
        _bare(axes)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    return figure


def learning_figure(numbers: pd.DataFrame) -> Figure:
    """Draw AUC and log loss against the number of patients that were learnt from.

    Parameters
    ----------
    numbers : pandas.DataFrame
        From :meth:`radnec.evaluation.learning.LearningCurve.frame`.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot.
    """
    figure = _empty((7.4, 3.2))
    panels = figure.subplots(1, 2)
    for axes, metric, title, line in (
        (panels[0], "auc", "AUC", 0.5),
        (panels[1], "log_loss_difference_prevalence", "Log loss, difference to prevalence", 0.0),
    ):
        part = numbers[numbers["metric"] == metric]
        axes.fill_between(part["patients"], part["low"], part["high"], color=_COLOUR, alpha=0.15, linewidth=0)
        axes.plot(part["patients"], part["value"], "o-", color=_COLOUR, markersize=5)
        axes.axhline(line, color=_GREY, linewidth=0.8, linestyle=":")
        axes.set(xlabel="Patients learnt from", ylabel=title)
        _bare(axes)
    return figure


def _square(x: str, y: str) -> tuple[Figure, Axes]:
    figure = _empty((4.6, 4.6))
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1.005), xlabel=x, ylabel=y, aspect="equal")
    _bare(axes)
    return figure, axes


def _short(name: str) -> str:
    """Return a name that leaves room for the panels; the table of a report has it whole.

    Examples
    --------
    >>> _short("University Hospital of the Northern Region, Campus B")
    'University Hos…on, Campus B'
    """
    return name if len(name) <= _LONGEST else f"{name[:14]}…{name[-12:]}"


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)


def _empty(size: tuple[float, float]) -> Figure:
    """Return a figure of that many inches; matplotlib is loaded for it, which a model in service never needs."""
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")
