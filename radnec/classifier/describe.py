"""Describes a trained model in numbers, words and a card, without patient data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.classifier.abstention import absent_sequences
from radnec.cohort.parsing import counted
from radnec.evaluation.crossval import candidate_counts
from radnec.evaluation.notes import events_note, folds_note, pooled_note, stability_note
from radnec.model.candidates import FAMILIES
from radnec.model.recipe import shares_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radnec.classifier.estimator import RadnecClassifier
    from radnec.config import TrainingConfig
    from radnec.evaluation.result import Evaluation
    from radnec.model.recipe import Recipe
    from radnec.model.replicates import Replicates
    from radnec.model.roles import Roles

RESEARCH_USE = "Research use only. Not a medical device."

_HTML = """\
{% if facts %}<table><caption>RadnecClassifier</caption>
{% for name, value in facts %}<tr><th scope="row" style="text-align:left">{{ name }}</th>
<td style="text-align:left">{{ value }}</td></tr>
{% endfor %}</table><p>{{ verdict }} {{ use }}</p>{% else %}<pre>{{ title }}</pre>{% endif %}"""


def summarise_training(
    frame: pd.DataFrame,
    truth: NDArray[np.bool_],
    patients: NDArray[np.str_],
    recipe: Recipe,
    roles: Roles,
    config: TrainingConfig,
    replicates: Replicates | None = None,
) -> dict[str, Any]:
    """Return what a model was trained on, as plain JSON values."""
    sources = frame["label_source"].value_counts().sort_index() if "label_source" in frame else pd.Series(dtype=int)
    resolvable = recipe.conformal_.resolvable(config.error)
    notes = [*roles.notes, *events_note(truth, patients, float(np.median(candidate_counts(recipe))), config)]
    for name, enough, count in zip(("negative", "positive"), resolvable, recipe.conformal_.patients_, strict=True):
        if not enough:
            notes.append(
                f"Only {count} patients of the {name} class: prediction sets at error {config.error:g} can never leave "
                "it out, so no lesion will be called the other class."
            )
    stored = sorted({name for name in config.candidates if FAMILIES[name].stores_rows})
    if any(recipe.chosen_.startswith(name) for name in stored):
        notes.append("The chosen classifier stores rows of the training table (support vectors).")
    notes += pooled_note(frame, roles.batches, config)
    notes += folds_note("Inner", [len(recipe.members_)], config.inner_folds)
    notes += stability_note(recipe.stability_, replicates, roles.features)
    return {
        "rows": len(frame),
        "patients": len(np.unique(patients)),
        "sites": _sites(frame, config.site),
        "positive_rows": int(truth.sum()),
        "prevalence": float(truth.mean()),
        "features": len(roles.features),
        "used_features": shares_of(recipe.member_features()).head(20).to_dict(),
        "batches": {column: int(frame[column].nunique()) for column in roles.batches},
        "label_sources": {str(source): int(count) for source, count in sources.items()},
        "lacking": {str(name): int(count) for name, count in absent_sequences(frame, roles.features).sum().items()},
        "chosen": recipe.chosen_,
        "gain_over_prevalence": recipe.gain_,
        "notes": notes,
    }


def _sites(frame: pd.DataFrame, column: str) -> int | None:
    """Return how many sites there are; None where rows that do not say theirs may be of another."""
    if column not in frame:
        return None
    known = int(frame[column].nunique())
    return None if known < 2 and frame[column].isna().any() else known


def verdict(model: RadnecClassifier) -> str:
    """Return whether the model learnt anything, as a sentence; the winner of a search flatters itself a little here."""
    gain = model.recipe_.gain_
    limits = f"{gain['low']:+.3f} to {gain['high']:+.3f}"
    numbers = f"out-of-fold log loss less that of the prevalence {gain['value']:+.3f} ({limits})"
    if model.better_than_prevalence_:
        return f"Better than prevalence in training ({numbers}, of the best of the candidates); evaluate to know."
    return f"No better than prevalence ({numbers})."


def adapted_note(scanners: pd.Series[str], known: NDArray[np.bool_]) -> str:
    """Say what a model was adapted to, and on how many of its own training rows.

    Examples
    --------
    >>> adapted_note(pd.Series(["", "scanner_id B", "scanner_id B"]), np.array([True, False, True]))
    'Adapted without labels to scanner_id B (2 rows, 1 of them learnt from in training).'
    """
    counts = scanners[scanners != ""].value_counts().sort_index()
    own = scanners[known].value_counts().to_dict()
    told = ", ".join(
        f"{name} ({counted(n, 'row')}{f', {own[name]} of them learnt from in training' if name in own else ''})"
        for name, n in counts.to_dict().items()
    )
    return f"Adapted without labels to {told}."


def recalibrated_note(truth: NDArray[np.bool_], shift: float, factor: float) -> str:
    """Say what a model was recalibrated on, and how that moved it.

    Examples
    --------
    >>> recalibrated_note(np.array([True, False, False]), -0.5, 1.0)
    'Recalibrated on 3 rows, 1 of them positive: log-odds times 1.000 plus -0.500.'
    """
    rows = f"{counted(len(truth), 'row')}, {int(truth.sum())} of them positive"
    return f"Recalibrated on {rows}: log-odds times {factor:.3f} plus {shift:+.3f}."


def text(model: RadnecClassifier) -> str:
    """Return the repr of a fitted model."""
    s = model.summary_
    return (
        f"RadnecClassifier({model.identity_}: {s['chosen']}; {s['rows']} rows of {s['patients']} patients, "
        f"{s['positive_rows']} {model._settings().outcome}; {s['features']} features read; {verdict(model)})"
    )


def html(model: RadnecClassifier) -> str:
    """Return a small HTML table of a fitted model, or the escaped repr of an unfitted one."""
    from jinja2 import Environment

    template = Environment(autoescape=True).from_string(_HTML)
    fitted = hasattr(model, "recipe_")
    return template.render(
        title=repr(model),
        facts=facts(model) if fitted else [],
        verdict=verdict(model) if fitted else "",
        use=RESEARCH_USE,
    )


def most_used(summary: dict[str, Any], most: int) -> list[str]:
    """Return the features that most fold models use; a model file keeps names and shares, and no order.

    Examples
    --------
    >>> most_used({"used_features": {"a": 0.2, "b": 1.0, "c": 0.8}}, 2)
    ['b', 'c']
    """
    shares: dict[str, float] = summary["used_features"]
    return sorted(shares, key=lambda name: (-shares[name], name))[:most]


def facts(model: RadnecClassifier) -> list[tuple[str, str]]:
    """Return name and value of what a reader asks first of a model."""
    s = model.summary_
    return [
        ("identity", model.identity_ + (f" (made from {model.parent_})" if model.parent_ else "")),
        (
            "trained on",
            f"{s['rows']} rows of {s['patients']} patients, {s['positive_rows']} {model._settings().outcome}",
        ),
        ("features", f"{s['features']}; most used: {', '.join(most_used(s, 5))}"),
        (
            "harmonised by",
            ", ".join(f"{name} ({count})" for name, count in s["batches"].items()) or "nothing",
        ),
        ("classifier", s["chosen"]),
        (
            "label sources",
            ", ".join(f"{name}: {count}" for name, count in s["label_sources"].items()) or "not stated",
        ),
    ]


def card(model: RadnecClassifier, evaluation: Evaluation | None) -> str:
    """Return the model card as Markdown."""
    lines = ["# radnec model card", "", f"**{RESEARCH_USE}**", "", verdict(model), "", "## Model", ""]
    lines += [f"- {name}: {value}" for name, value in facts(model)]
    lines += [f"- {note}" for note in model.summary_["notes"]]
    lines += ["", "## Reading its numbers", "", *(f"- {line}" for line in reading(model)), "", "## Evaluation", ""]
    if evaluation is None:
        lines.append("No evaluation was stored with this model.")
    else:
        lines += [f"- {sentence}" for sentence in evaluation.conclusions]
        shown = evaluation.frame().query("metric in ('auc', 'log_loss', 'calibration_slope')")
        lines += ["", "| model | metric | value | low | high |", "|---|---|---|---|---|"]
        lines += [
            f"| {row.model} | {row.metric} | {row.value:.3f} | {row.low:.3f} | {row.high:.3f} |"
            for row in shown.itertuples()
        ]
    return "\n".join(lines) + "\n"


def reading(model: RadnecClassifier) -> list[str]:
    """Return what the columns of an assessment mean, a line each."""
    config = model._settings()
    return [
        (
            f"`p_necrosis` is {config.probability}, the probability of {config.outcome}, calibrated "
            f"({config.calibration}) on out-of-fold scores of patient-grouped folds."
        ),
        (
            "`p_low` and `p_high` are the range of the fold models' calibrated probabilities (with Venn-Abers the "
            "mean of their intervals). They are not a confidence interval."
        ),
        (
            f"A prediction set is asked to hold the truth for {1 - config.error:.0%} of each class. A set of one "
            "outcome is the call; everything else is `uncertain`."
        ),
        (
            "`abstain` means the model should not be asked: unseen scanner, failed extraction, missing features, or "
            "features unlike the training lesions', one by one or together "
            f"({model.recipe_.novelty_.rate:.0%} of ordinary lesions at most, about)."
        ),
        (
            "Calls follow from the fold models' scores among held-out patients of each class, `p_necrosis` from one "
            "calibrated map of their mean, so that of two lesions with nearly the same probability one may be called."
        ),
        (
            f"{len(model.training_rows_.marks)} rows that it learnt from, in training or since, are kept as 32-bit "
            "hashes of a few rounded features, by which an external test refuses them; no feature and no name can be "
            "computed from these."
        ),
    ]
