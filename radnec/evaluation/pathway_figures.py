"""Draws a pathway: its stages as boxes, with what each settles, and the examinations asked for between them."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from radnec.config import TrainingConfig

_COLOURS = {"positive": "#0072B2", "negative": "#D55E00", "open": "#808080"}
_BOX_WIDTH, _BOX_HEIGHT, _STEP = 2.3, 1.0, 3.5


def flow_of(lesions: pd.DataFrame, examinations: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """Return where the lesions of an evaluation went.

    Parameters
    ----------
    lesions : DataFrame
        As :class:`radnec.evaluation.pathway.PathwayEvaluation` describes it.
    examinations : mapping of str to tuple of str
        What is done at each stage, in the order of the stages.

    Returns
    -------
    DataFrame
        One row per stage that was consulted at all, and last ``board``: ``stage``, ``examinations``, and as shares of
        all lesions ``reached``, ``positive`` and ``negative`` (settled there as one class); of the board ``reached`` is
        what no stage settled, and what the pathway abstained from. ``sessions`` is the share of the sessions in which
        the stage's examinations were asked for.

    Examples
    --------
    >>> lesions = pd.DataFrame({"repeat": 0, "patient": ["A", "B"], "session": "S1", "called": [1, 0],
    ...                         "stage": ["MRI", "PET"], "consulted_PET": [False, True]})
    >>> flow_of(lesions, {"MRI": ("MRI",), "PET": ("PET",)})[["stage", "reached", "positive", "sessions"]]
       stage  reached  positive  sessions
    0    MRI      1.0       0.5       1.0
    1    PET      0.5       0.0       0.5
    2  board      0.5       0.0       0.0
    """
    sessions = [lesions[name] for name in ("repeat", "patient", "session")]
    rows: list[dict[str, Any]] = []
    for number, (stage, done) in enumerate(examinations.items()):
        asked_for = f"consulted_{stage}"
        if number and not (asked_for in lesions and lesions[asked_for].any()):
            continue
        reached = lesions[asked_for] if number else pd.Series(True, index=lesions.index)
        settled = {name: lesions["called"].eq(call) for name, call in (("positive", 1), ("negative", -1))}
        shares = {name: float((here & lesions["stage"].eq(stage)).mean()) for name, here in settled.items()}
        asked = float(reached.groupby(sessions).any().mean())
        told = ", ".join(done)
        rows.append(
            {"stage": stage, "examinations": told, "reached": float(reached.mean()), **shares, "sessions": asked}
        )
    left = float(lesions["called"].eq(0).mean())
    nothing = dict.fromkeys(("positive", "negative", "sessions"), 0.0)
    return pd.DataFrame([*rows, {"stage": "board", "examinations": "", "reached": left, **nothing}])


def pathway_figure(flow: pd.DataFrame, config: TrainingConfig) -> Figure:
    """Draw a pathway.

    Parameters
    ----------
    flow : DataFrame
        From :func:`flow_of`.
    config : TrainingConfig
        Names the outcomes.

    Returns
    -------
    matplotlib.figure.Figure
        Not known to pyplot; shown by a notebook, or saved with ``savefig``. Numbers are shares of all lesions, those on
        arrows of all sessions.
    """
    figure = Figure(figsize=(2.1 * len(flow) + 0.6, 3.1), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    rows = [{str(name): value for name, value in row.items()} for row in flow.to_dict("records")]
    for place, row in enumerate(rows):
        _box(axes, place * _STEP, row, last=place == len(rows) - 1)
        if place < len(rows) - 1:
            _settled(axes, place * _STEP, row, {"positive": config.outcome, "negative": config.other_outcome})
            told = f"{rows[place + 1]['sessions']:.0%} of\nsessions" if place < len(rows) - 2 else "open"
            _arrow(axes, place * _STEP, told)
    axes.set(xlim=(-_BOX_WIDTH / 2 - 0.2, (len(rows) - 1) * _STEP + _BOX_WIDTH / 2 + 0.2), ylim=(-1.75, 1.15))
    return figure


def _box(axes: Axes, x: float, row: Mapping[str, Any], *, last: bool) -> None:
    corner = (x - _BOX_WIDTH / 2, -_BOX_HEIGHT / 2)
    colour = _COLOURS["open"] if last else "black"
    style = "round,pad=0.05,rounding_size=0.12"
    axes.add_patch(FancyBboxPatch(corner, _BOX_WIDTH, _BOX_HEIGHT, boxstyle=style, fill=False, edgecolor=colour))
    told = f"{row['reached']:.0%} of lesions"
    axes.text(x, 0.2, row["stage"], ha="center", va="center", weight="bold")
    axes.text(x, -0.2, told, ha="center", va="center", fontsize="small")
    axes.text(x, 0.65, fill(row["examinations"], 22), ha="center", va="bottom", fontsize="x-small")


def _arrow(axes: Axes, x: float, told: str) -> None:
    start, end = x + _BOX_WIDTH / 2 + 0.08, x + _STEP - _BOX_WIDTH / 2 - 0.08
    axes.annotate("", (end, 0), (start, 0), arrowprops={"arrowstyle": "-|>", "color": _COLOURS["open"]})
    axes.text((start + end) / 2, 0.08, told, ha="center", va="bottom", fontsize="x-small")


def _settled(axes: Axes, x: float, row: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """Draw a bar below the box whose parts are the lesions settled there, and name them."""
    axes.annotate("", (x, -0.95), (x, -0.58), arrowprops={"arrowstyle": "-|>", "color": _COLOURS["open"]})
    left, whole = x - _BOX_WIDTH / 2, _BOX_WIDTH
    for line, (name, called) in enumerate(names.items()):
        width = whole * np.clip(row[name], 0, 1)
        axes.barh(-1.1, width, left=left, height=0.2, color=_COLOURS[name])
        left += width
        told = f"{row[name]:.0%} {called}"
        axes.text(x - whole / 2, -1.4 - 0.25 * line, told, color=_COLOURS[name], va="center", fontsize="small")
