"""Answers what checklists ask of an evaluation from the numbers it computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.reporting.facts_of_model import AUTHOR, NOT_APPLICABLE, YES, Fact

if TYPE_CHECKING:
    from radnec.classifier import RadnecClassifier
    from radnec.reporting.told import Told

_KEYS = (
    *("partition", "testing", "measures", "uncertainty", "calibration", "comparison", "non_radiomic", "combined"),
    *("simple", "performance", "performance_of_groups", "internal_test", "external_test", "fairness", "differences"),
    *("counts", "heterogeneity"),
)


def tier_of(told: Told | None) -> str:
    """Return how far the validation of a model reaches, in a sentence.

    Examples
    --------
    >>> tier_of(None)
    'Not validated: no evaluation was given.'
    """
    if told is None:
        return "Not validated: no evaluation was given."
    if told.external:
        return (
            f"External test of the finished model: {told.facts['subject']}. Rows that it is known to have learnt from "
            "are refused; whether the lesions are of other patients, of another institution, is for the author to say."
        )
    if told.facts.get("outer") == "sites":
        return f"Leave-one-site-out cross-validation of the recipe: {told.facts['subject']}, each site held out once."
    return (
        f"Internal: nested cross-validation of the recipe, {told.facts['subject']}, no patient on both sides of a "
        "split. It tested no other place."
    )


def facts_of_evaluation(told: Told | None, model: RadnecClassifier) -> dict[str, Fact]:
    """Return what an evaluation knows, by the keys of ``checklists.csv``.

    Parameters
    ----------
    told : Told or None
        The evaluation; without one, or with that of another model, everything is for the author.
    model : RadnecClassifier
        The model that it is to be of.

    Examples
    --------
    >>> facts_of_evaluation(None, None)["calibration"]
    Fact(answer='for the author', evidence='no evaluation was given')
    """
    if told is None:
        return dict.fromkeys(_KEYS, Fact(AUTHOR, "no evaluation was given"))
    doubts = told.doubts(model)
    if doubts:
        return dict.fromkeys(_KEYS, Fact(AUTHOR, " ".join(doubts)))
    return _tested(told, model) | _computed(told) | _compared(told)


def _tested(told: Told, model: RadnecClassifier) -> dict[str, Fact]:
    tier, sites = tier_of(told), told.facts.get("outer") == "sites" and not told.external
    same = Fact(NOT_APPLICABLE, "development and evaluation share one table")
    learnt = "{rows} lesions of {patients} patients, {positive_rows}".format_map(model.summary_)
    inside = "every step, from harmonisation to calibration, is learnt on training rows only"
    return {
        "partition": Fact(AUTHOR, tier) if told.external else Fact(YES, f"{tier} In it {inside}."),
        "testing": Fact(YES, tier),
        "internal_test": Fact(AUTHOR, f"{tier} Say whether a test set of the same source was kept apart."),
        "external_test": Fact(AUTHOR, tier),
        "differences": Fact(AUTHOR, "compare with radnec monitor") if told.external or sites else same,
        "counts": Fact(
            YES, f"training and tuning: {learnt} {model._settings().outcome}; evaluation: {told.facts['subject']}"
        ),
    }


def _computed(told: Told) -> dict[str, Fact]:
    auc, loss, brier = (told.cell(metric) for metric in ("auc", "log_loss", "brier"))
    calibration = f"intercept {told.cell('calibration_intercept')}, slope {told.cell('calibration_slope')}"
    parts = sorted({str(row["trait"]) for row in told.facts["subgroups"]})
    shown = f"AUC {auc}, log loss {loss}, Brier score {brier}, {calibration}"
    groups = f"{shown}; {told.level}; subgroups by {', '.join(parts) or 'nothing known'}"
    return {
        "measures": _if(
            told.known("auc"),
            "AUC for ranking; log loss, Brier score and calibration for probabilities; sensitivity, specificity",
        ),
        "uncertainty": _if(told.bounded("auc"), f"{told.level}; AUC {auc}"),
        "calibration": _if(told.known("calibration_slope"), calibration),
        "performance": _if(told.bounded("auc"), f"{shown}; {told.level}"),
        "performance_of_groups": Fact(YES if parts and told.bounded("auc") else AUTHOR, groups),
        "fairness": Fact(AUTHOR, f"numbers by {', '.join(parts) or 'no trait'} are in the evaluation"),
        "heterogeneity": _if("site_id" in parts or bool(told.facts["sites"]), "numbers per site are in the evaluation"),
    }


def _compared(told: Told) -> dict[str, Fact]:
    volume, none = (told.cell(f"log_loss_difference_{name}") for name in ("volume", "prevalence"))
    own = told.cell("log_loss")
    others = [name for name in ("volume", "clinical", "cutoff") if told.known("log_loss", name)]
    beside = ", ".join(f"log loss of {name} {told.cell('log_loss', name)}" for name in others)
    return {
        "comparison": _if(
            told.known("log_loss_difference_prevalence"),
            f"paired, {told.level}: log loss less that of the prevalence {none}, of the volume {volume}",
        ),
        "non_radiomic": _if(bool(others), f"{beside}; radnec {own}"),
        "combined": Fact(AUTHOR, f"{beside or 'nothing non-radiomic'}; radnec {own}; no combined model was compared"),
        "simple": _if(
            told.known("log_loss", "logistic"),
            f"log loss of L2-logistic regression {told.cell('log_loss', 'logistic')}; radnec {own}",
        ),
    }


def _if(known: bool, evidence: str) -> Fact:
    return Fact(YES, evidence) if known else Fact(AUTHOR, "the evaluation has no such number")
