"""Writes the card of a model from what was measured: data, validation, numbers, limits, lineage."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.classifier.describe import RESEARCH_USE, facts, reading, verdict
from radnec.cohort.parsing import counted
from radnec.errors import ConfigError
from radnec.features.columns import acquisitions
from radnec.reporting.document import Document, Section
from radnec.reporting.facts_of_evaluation import tier_of
from radnec.reporting.identity import fitted
from radnec.reporting.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from radnec.classifier import RadnecClassifier
    from radnec.evaluation.result import Evaluation

#: What only the author knows, with what is asked.
AUTHOR_FIELDS = {
    "intended_use": "for which question, patients and users it is meant",
    "contact": "who answers for it",
    "licence": "under which terms it may be used",
    "funding": "who paid for it",
    "ethics": "approval and consent",
    "data_source": "institutions and years of the data",
}
_NUMBERS = {
    "auc": "AUC",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
}
_PARTS = {name: _NUMBERS[name] for name in ("auc", "log_loss", "calibration_intercept", "calibration_slope")}
_SETS = {
    "coverage_positive": "Sets that hold the truth among {outcome}",
    "coverage_negative": "Sets that hold the truth among {other}",
    "called": "Lesions with a call",
    "error_of_calls": "Wrong calls",
}
_NOT_FOR = (
    "Not for the care of patients: " + RESEARCH_USE,
    "Not for lesions measured otherwise than the training lesions, nor for other entities and other treatments.",
    "Not for a decision by the probability alone: it is no diagnosis, and no proof against histology.",
)


def card(
    model: Any,
    evaluation: Evaluation | Mapping[str, Any] | str | Path | None = None,
    *,
    author: Mapping[str, str] | None = None,
) -> Document:
    """Return the card of a model.

    Every number is one that training or the evaluation computed; what was not measured is said to be absent.

    Parameters
    ----------
    model : RadnecClassifier
        Fitted.
    evaluation : Evaluation, mapping or path, optional
        An evaluation of the model, its ``to_dict()``, or the file of JSON that ``radnec evaluate --json`` printed.
    author : mapping of str to str, optional
        What only the author knows, by the keys of :data:`AUTHOR_FIELDS`; the others are left to be filled.

    Returns
    -------
    radnec.reporting.document.Document
        ``.markdown()``, ``.html()`` and ``.save(path)``. No patient, session or lesion is named.

    Raises
    ------
    radnec.errors.ConfigError
        If the model is no fitted classifier, the evaluation none, or a field of the author's unknown.

    Notes
    -----
    The sections are those of Mitchell et al., Model cards for model reporting, FAT* 2019:220.

    Examples
    --------
    >>> from radnec.classifier import train
    >>> from radnec.config import TrainingConfig
    >>> from radnec.simulate import simulate_table
    >>> config = TrainingConfig(candidates=("logistic",), draws=2, random_state=0)
    >>> model = train(simulate_table(n_patients=30, n_features=20, random_state=0), config)
    >>> [section.title for section in card(model, author={"licence": "CC BY 4.0"}).sections][:3]
    ['Intended use', 'What it must not be used for', 'Training data']
    """
    model = fitted(model)
    told = None if evaluation is None else Told.of(evaluation)
    given = dict(author or {})
    unknown = sorted(set(given) - set(AUTHOR_FIELDS))
    if unknown:
        raise ConfigError(f"the card has no field {unknown[0]!r}; expected {', '.join(AUTHOR_FIELDS)}")
    config = model._settings()
    use = f"Gives {config.probability} of lesions, and a call of {config.outcome} or {config.other_outcome} or none."
    sections = [
        Section("Intended use", [use, f"By the author: {given.get('intended_use', _asked('intended_use'))}"]),
        Section("What it must not be used for", list(_NOT_FOR)),
        *_data(model),
        Section("Recipe", [f"{name}: {value}" for name, value in facts(model)]),
        Section("Reading its numbers", [line.replace("`", "") for line in reading(model)]),
        *_validation(model, told),
        Section("Limits", _limits(model, told)),
        Section("Lineage", _lineage(model)),
        Section("By the author", [f"{_name(key)}: {given.get(key, _asked(key))}" for key in [*AUTHOR_FIELDS][1:]]),
    ]
    return Document("Model card", f"Model {model.identity_}. {tier_of(told)}", sections)


def _name(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _asked(key: str) -> str:
    return f"for the author ({AUTHOR_FIELDS[key]})"


def _data(model: RadnecClassifier) -> list[Section]:
    """Return what the model was trained on, and the rows that were left out."""
    summary, config = model.summary_, model._settings()
    sources = ", ".join(f"{name} {count}" for name, count in summary["label_sources"].items())
    sites, other = summary.get("sites"), summary["rows"] - summary["positive_rows"]
    sequences = ", ".join(acquisitions(model.feature_names_))
    lacked = ", ".join(f"{name} in {counted(n, 'row')}" for name, n in summary["lacking"].items() if n)
    scanners = ", ".join(f"{counted(count, 'scanner')} ({name})" for name, count in summary["batches"].items())
    lines = [
        f"Patients: {summary['patients']}; lesion sessions: {summary['rows']}",
        f"Classes: {summary['positive_rows']} {config.outcome}, {other} {config.other_outcome}",
        f"Label sources: {sources or 'not stated in the training table'}",
        f"Sites: {'not known to the model' if sites is None else sites}",
        f"Scanners: {scanners or 'not known to the model'}",
        f"Sequences read: {sequences or 'none known by name'}",
        f"Sequences missing: {lacked or 'none'}",
        f"Features read: {summary['features']}",
    ]
    flow = pd.DataFrame(summary.get("flow", []), columns=["step", "rows", "patients", "left_out"])
    return [Section("Training data", lines), Section("Rows on their way into training", [], flow)]


def _validation(model: RadnecClassifier, told: Told | None) -> list[Section]:
    """Return the numbers of the evaluation, each section only where there are any."""
    if told is None:
        return [Section("Validation", [tier_of(None), f"In training: {verdict(model)}"])]
    config = model._settings()
    names = {"outcome": config.outcome, "other": config.other_outcome}
    sets = {metric: title.format(**names) for metric, title in _SETS.items() if told.known(metric)}
    covered = [f"{title}: {told.cell(metric)}" for metric, title in sets.items()]
    fit = [f"{_NUMBERS[name]}: {told.cell(name)}" for name in ("calibration_intercept", "calibration_slope", "brier")]
    silent = [f"Not computed: {rung} ({reason})" for rung, reason in told.silent().items()]
    return [
        Section("Validation", [*told.doubts(model), tier_of(told), *map(str, told.facts["conclusions"])]),
        Section("Ladder", silent, told.wide("numbers", ["model"], _NUMBERS), f"Every rung, {told.level}"),
        Section("Calibration", [*fit, "Ideal: intercept 0, slope 1."]),
        Section("Prediction sets", covered or ["The evaluation has no prediction sets."]),
        Section(
            "Subgroups",
            [] if told.facts["subgroups"] else ["The table knew nothing that parts its lesions."],
            told.wide("subgroups", ["trait", "subgroup", "lesions", "patients", "events"], _PARTS),
            "Small and many: a difference is a question for another cohort",
        ),
        Section("Sites", [], told.wide("sites", ["site", "lesions", "patients", "events"], _PARTS)),
    ]


def _limits(model: RadnecClassifier, told: Told | None) -> list[str]:
    """Return what training and evaluation noted, and what was not looked at."""
    found = [str(note) for note in model.summary_["notes"]]
    found += [] if told is None else [f"In evaluation: {note}" for note in told.facts["notes"]]
    if not model.better_than_prevalence_:
        found.append("In training it was no better than the prevalence.")
    if told is None or not told.external:
        found.append("It has not been tested on another place's lesions, as far as this card knows.")
    if not model.recipe_.stability_:
        found.append("Whether its features repeat was not measured: no replicates were given.")
    return found


def _lineage(model: RadnecClassifier) -> list[str]:
    extraction = model.extraction_config_
    return [
        f"Identity: {model.identity_}",
        f"Parent: {model.parent_ or 'none, trained from rows'}",
        f"Training settings: {model._settings().digest()[:12]}; seed {model.random_state_}",
        f"Extraction settings: {'not known' if extraction is None else extraction.digest()[:12]}",
        f"Card made by radnec {version('radnec')}; the manifest in the model file names the versions that trained it",
    ]
