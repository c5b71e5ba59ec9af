"""Names what changed, in words: a scanner, the lesions as a whole, the prevalence, or the calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from radnec.cohort.parsing import counted
from radnec.features.columns import acquisitions
from radnec.service.moved_features import TOGETHER

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 3


class Finding(NamedTuple):
    """One thing that changed.

    Attributes
    ----------
    kind : str
        ``new scanner``, ``scanner change``, ``covariate shift``, ``feature drift``, ``missing values``, ``novelty``,
        ``prevalence change``, ``case-mix change``, ``calibration drift`` or ``multivariate drift``.
    subject : str
        Of what: a scanner, a feature.
    text : str
        A sentence or two: what was found, what was expected, what to do.
    p : float
        The smallest adjusted p-value behind it; 0 for a scanner never seen, which is certain.
    """

    kind: str
    subject: str
    text: str
    p: float


def name_findings(frame: pd.DataFrame, outcome: str) -> tuple[Finding, ...]:
    """Return what the numbers say changed.

    Parameters
    ----------
    frame : DataFrame
        From :func:`radnec.service.numbers.tabulate`.
    outcome : str
        What the positive class is called.

    Examples
    --------
    >>> from radnec.service.numbers import Number, tabulate
    >>> moved = Number("shift", "scanner_id", "scanner_id B", value=1.2, expected=0.4, p=1e-4, rows=12, patients=9)
    >>> still = Number("shift", "scanner_id", "scanner_id A", value=0.4, expected=0.4, p=0.5, rows=15, patients=11)
    >>> print(name_findings(tabulate([moved, still], 0.05), "necrosis")[0].text)
    scanner change: features of scanner_id B moved (12 lesion sessions; by 1.20 SD over all features, 0.40 by chance
    alone), those of scanner_id A did not. Look at its protocol and reconstruction before trusting its lesions.
    """
    moved = _shifted(frame)
    found = [*_new_scanners(frame), *moved, *_features(frame, told=bool(moved)), *_missing(frame), *_novelty(frame)]
    return (*found, *_outcome(frame, outcome, moved=bool(moved)), *_apart(frame))


def _new_scanners(frame: pd.DataFrame) -> list[Finding]:
    rows = frame[frame["check"] == "unseen_scanner"]
    return [
        Finding(
            "new scanner",
            row.subject,
            f"new scanner: {row.subject} ({counted(int(row.value), 'lesion session')}) was never seen in training; the "
            f"model abstains there: {row.reason}.",
            0.0,
        )
        for row in _each(rows)
    ]


def _shifted(frame: pd.DataFrame) -> list[Finding]:
    found = []
    for column, rows in frame[frame["check"] == "shift"].groupby("subject", sort=False):
        single = rows[rows["scanner"] != TOGETHER]
        moved, still = single[single["drift"]], single[~single["drift"]]
        everywhere = len(moved) > 1 and still.empty
        for row in _each(moved) if not everywhere else []:
            others = f", those of {_listed(still['scanner'])} did not" if len(still) else ""
            doubt = (
                "" if len(single) > 1 else " No other scanner could be judged, so it may be the lesions that changed."
            )
            kind = "scanner change" if row.scanner else "covariate shift"
            advice = "Look at its protocol and reconstruction before trusting its lesions." if row.scanner else ""
            what = f"{kind}: features of {row.scanner or 'the lesions'} moved ({_size(row)}{_most(frame, row.scanner)})"
            found.append(
                Finding(kind, row.scanner or str(column), f"{what}{others}. {advice}{doubt}".strip(), row.p_adjusted)
            )
        together = rows[(rows["scanner"] == TOGETHER) & rows["drift"]]
        if everywhere or (len(together) and moved.empty):
            p = float(rows.loc[rows["drift"], "p_adjusted"].min())
            where = (
                f"at every scanner judged ({_listed(moved['scanner'])})" if everywhere else "over all scanners together"
            )
            row = _each(together if len(together) else moved)[0]
            text = (
                f"covariate shift: features moved {where} ({_size(row)}{_most(frame, row.scanner)}). It is not one "
                "scanner: other lesions, another protocol everywhere, or another way to draw them."
            )
            found.append(Finding("covariate shift", str(column), text, p))
    return found


def _features(frame: pd.DataFrame, *, told: bool) -> list[Finding]:
    rows = frame[(frame["check"] == "ks") & frame["drift"]]
    if rows.empty or told:
        return []
    names = list(dict.fromkeys(rows.sort_values(["p_adjusted", "value"], ascending=[True, False])["subject"]))
    text = (
        f"feature drift: {counted(len(names), 'feature')} moved by themselves ({_some(names)}), without a common shift "
        "of all. See how they are measured."
    )
    return [Finding("feature drift", names[0], text, float(rows["p_adjusted"].min()))]


def _missing(frame: pd.DataFrame) -> list[Finding]:
    rows = frame[(frame["check"] == "missing") & frame["drift"]]
    if rows.empty:
        return []
    groups = {
        name: rows[rows["subject"].isin(members)] for name, members in acquisitions(list(rows["subject"])).items()
    }
    rest = rows[~rows["subject"].isin([name for part in groups.values() for name in part["subject"]])]
    parts = [
        f"{name} ({counted(len(part), 'feature')}, empty in {part['value'].max():.0%} of the patients' rows, "
        f"{part['expected'].max():.0%} in training)"
        for name, part in {**groups, "other features": rest}.items()
        if len(part)
    ]
    return [
        Finding(
            "missing values",
            next(iter(groups), "features"),
            f"missing values: more cells are empty or infinite than in training: {'; '.join(parts)}.",
            float(rows["p_adjusted"].min()),
        )
    ]


def _novelty(frame: pd.DataFrame) -> list[Finding]:
    return [
        Finding(
            "novelty",
            row.subject,
            f"novelty: {row.value:.0%} ({row.low:.0%} to {row.high:.0%}) of the lesions are unlike those of training, "
            f"at most {row.expected:.0%} were to be expected.",
            row.p_adjusted,
        )
        for row in _each(frame[(frame["check"] == "novelty") & frame["drift"]])
    ]


def _outcome(frame: pd.DataFrame, outcome: str, *, moved: bool) -> list[Finding]:
    """Tell a change of prevalence from one of calibration, as far as there are labels."""
    rows = {row.check: row for row in _each(frame[frame["period"] == ""]) if row.check in _OF_OUTCOMES}
    drifted = {name for name, row in rows.items() if row.drift}
    labels, found = "prevalence" in rows, []
    slope = rows.get("calibration_slope")
    if "prevalence" in drifted:
        row = rows["prevalence"]
        text = f"prevalence change: {row.value:.0%} {outcome} ({row.low:.0%} to {row.high:.0%}) among "
        text += f"{counted(row.rows, 'labelled lesion')}, {row.expected:.0%} in training. "
        text += _followed(rows["calibration_intercept"], drifted)
        found.append(Finding("prevalence change", outcome, text, row.p_adjusted))
    elif "calibration_intercept" in drifted:
        row = rows["calibration_intercept"]
        size = f"intercept {row.value:+.2f} ({row.low:+.2f} to {row.high:+.2f}), 0 is ideal"
        mend = "model.recalibrate(table, labels) mends it."
        if row.reason:
            size = f"the probabilities do not add up to the outcomes ({row.reason})"
            mend = "Collect labels of both first."
        text = f"calibration drift: {size}, while the share of {outcome} is not shown to have changed. {mend}"
        found.append(Finding("calibration drift", "intercept", text, row.p_adjusted))
    if slope is not None and "calibration_slope" in drifted:
        text = f"calibration drift: slope {slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f}), 1 is ideal: the "
        text += "probabilities are too extreme, the model tells lesions apart less well than it did."
        found.append(Finding("calibration drift", "slope", text, slope.p_adjusted))
    if "probability" in drifted and "prevalence" not in drifted:
        found.append(_by_probability(rows, outcome, labels=labels, moved=moved))
    return found


def _followed(intercept: Any, drifted: set[str]) -> str:
    """Say whether the probabilities followed a change of the prevalence."""
    if "calibration_intercept" not in drifted:
        return "The probabilities followed it."
    if intercept.reason:
        return f"The probabilities are off with it, by how much labels of both outcomes will tell: {intercept.reason}."
    return (
        f"The probabilities are off with it (intercept {intercept.value:+.2f}) while the slope "
        f"{'moved too' if 'calibration_slope' in drifted else 'held'}: model.recalibrate(table, labels) mends that."
    )


_OF_OUTCOMES = ("prevalence", "calibration_intercept", "calibration_slope", "probability", "prevalence_estimated")


def _by_probability(rows: dict[str, Any], outcome: str, *, labels: bool, moved: bool) -> Finding:
    row, guess = rows["probability"], rows["prevalence_estimated"]
    mean = f"the mean probability of {outcome} is {row.value:.2f} ({row.low:.2f} to {row.high:.2f}), "
    mean += f"{row.expected:.2f} in training"
    if labels or moved:
        why = (
            "the moved features above can be why."
            if moved
            else f"the labels do not show another share of {outcome}: the lesions are of another mix."
        )
        return Finding("case-mix change", outcome, f"case-mix change: {mean}; {why}", row.p_adjusted)
    text = (
        f"prevalence change, judged without labels: {mean}. The estimated share of {outcome} is {guess.value:.0%} "
        f"({guess.low:.0%} to {guess.high:.0%}), if lesions of each outcome look as they did in training; a mix of "
        "other lesions would look the same. Only labels can settle it."
    )
    return Finding("prevalence change", outcome, text, row.p_adjusted)


def _apart(frame: pd.DataFrame) -> list[Finding]:
    return [
        Finding(
            "multivariate drift",
            "all features",
            "multivariate drift: a classifier tells the new lesions from the earlier ones with an AUC of "
            f"{row.value:.2f} ({row.expected:.2f} by chance).",
            row.p_adjusted,
        )
        for row in _each(frame[(frame["check"] == "domain_auc") & frame["drift"]])
    ]


def _each(frame: pd.DataFrame) -> list[Any]:
    return list(frame.itertuples())


def _size(row: Any) -> str:
    return (
        f"{counted(row.rows, 'lesion session')}; by {row.value:.2f} SD over all features, {row.expected:.2f} by chance "
        "alone"
    )


def _most(frame: pd.DataFrame, scanner: str) -> str:
    """Return the features that moved most there, if some did beyond doubt."""
    rows = frame[(frame["check"] == "ks") & (frame["scanner"] == scanner) & frame["drift"]]
    names = rows.sort_values("value", ascending=False, kind="stable")["subject"].tolist()
    return f"; most of all {_some(names)}" if names else ""


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _listed(names: pd.Series[str]) -> str:
    return ", ".join(map(str, names))
