"""Answers what checklists ask of a model from its settings and what it counted in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from radnec.cohort.parsing import counted
from radnec.features.columns import acquisitions

if TYPE_CHECKING:
    from radnec.classifier import RadnecClassifier
    from radnec.config import ExtractionConfig

YES, NO, NOT_APPLICABLE, AUTHOR = "yes", "no", "not applicable", "for the author"


class Fact(NamedTuple):
    """An answer and what it rests on.

    Parameters
    ----------
    answer : {"yes", "no", "not applicable", "for the author"}
        ``yes`` where the evidence states what is asked for, ready to be copied.
    evidence : str
        Numbers and settings; beside ``for the author``, what is known in part.
    """

    answer: str
    evidence: str


def facts_of_model(model: RadnecClassifier) -> dict[str, Fact]:
    """Return what a model knows by itself, by the keys of ``checklists.csv``.

    Parameters
    ----------
    model : RadnecClassifier
        Fitted.

    Examples
    --------
    >>> from radnec.classifier import train
    >>> from radnec.config import TrainingConfig
    >>> from radnec.simulate import simulate_table
    >>> config = TrainingConfig(candidates=("logistic",), draws=2, random_state=0)
    >>> model = train(simulate_table(n_patients=30, n_features=20, random_state=0), config)
    >>> facts_of_model(model)["deep_learning"].answer, facts_of_model(model)["extraction"].answer
    ('no', 'for the author')
    """
    return _data(model) | _measured(model.extraction_config_, model) | _recipe(model) | _use(model)


def _data(model: RadnecClassifier) -> dict[str, Fact]:
    summary, config = model.summary_, model._settings()
    sources = ", ".join(f"{name} {count}" for name, count in summary["label_sources"].items())
    follow = f"labels from follow-up of less than {config.policy.min_followup_months:g} months are left out"
    reference = f"{config.outcome} against {config.other_outcome}; label sources: {sources}; {follow}"
    sites = summary.get("sites")
    share = f"{summary['positive_rows']} of {summary['rows']} rows are {config.outcome} ({summary['prevalence']:.0%})"
    flow = "; ".join(f"{one['step']}: {one['rows']} of {one['patients']} patients" for one in summary.get("flow", []))
    short = next((note for note in summary["notes"] if "candidate features" in note), "")
    size = f"{summary['patients']} patients, {summary['features']} features"
    enough = "as many as Riley's criteria ask of a model of modest strength"
    batches = ", ".join(f"{name} ({count})" for name, count in summary["batches"].items())
    histology = bool(sources) and all(name.startswith("histology") for name in summary["label_sources"])
    return {
        "histology": Fact(YES if histology else AUTHOR, reference),
        "reference": Fact(YES, reference) if sources else Fact(AUTHOR, "the table does not state its label sources"),
        "centres": _centres(sites),
        "imbalance": Fact(YES, f"{share}; no class is weighted or resampled, folds are stratified"),
        "eligibility": Fact(AUTHOR, f"rows of the table: {flow}" if flow else "the model does not store its flow"),
        "sample_size": Fact(NO, short) if short else Fact(YES, f"{size}: {enough}"),
        "confounders": Fact(
            AUTHOR, f"harmonised by {batches}; say what else could confound" if batches else "not harmonised by scanner"
        ),
        "clinical": Fact(AUTHOR, f"covariates of harmonisation: {', '.join(config.covariates) or 'none'}"),
    }


def _centres(sites: int | None) -> Fact:
    if sites is None:
        return Fact(AUTHOR, "the training table had no site column, or the model is older than its count")
    return Fact(YES if sites > 1 else NO, f"trained on rows of {counted(sites, 'site')}")


def _measured(extraction: ExtractionConfig | None, model: RadnecClassifier) -> dict[str, Fact]:
    sequences = list(acquisitions(model.feature_names_))
    count = Fact(YES, f"{len(model.feature_names_)} features go in, of {', '.join(sequences) or 'no known sequence'}")
    one = Fact(YES, f"only {sequences[0]}") if len(sequences) == 1 else Fact(AUTHOR, f"read: {', '.join(sequences)}")
    found = {"feature_count": count, "one_sequence": one, "tabular": Fact(YES, "the model reads a feature table")}
    found["deep_learning"] = Fact(NO, "no network; the classifiers read features")
    if extraction is None:
        unknown = Fact(AUTHOR, "the features were measured elsewhere; the model does not know how")
        names = ("preprocessing", "resampling", "discretisation", "image_types", "extraction", "feature_classes")
        return found | dict.fromkeys(
            (*names, "fitting_preprocessing", "defaults", "settings_file", "segmented", "hand_crafted"), unknown
        )
    digest = f"settings {extraction.digest()[:12]}, stored in the model file as extraction.yaml"
    binning = "bin_width" if extraction.bin_count is None else "bin_count"
    spacing = extraction.resampled_spacing_mm
    resampled = "none" if spacing is None else f"to {spacing} mm, {extraction.interpolator}"
    changed = sorted(set(extraction.model_dump(exclude_defaults=True)) - {"landmarks"})
    return found | {
        "preprocessing": Fact(YES, "; ".join(_pre(extraction)) or "no change of intensities before measuring"),
        "fitting_preprocessing": Fact(
            AUTHOR, "; ".join(_pre(extraction)) or "no change of intensities before measuring"
        ),
        "resampling": Fact(YES, f"resampling: {resampled}"),
        "discretisation": Fact(YES, f"{binning} {getattr(extraction, binning):g}"),
        "image_types": Fact(YES, _named(extraction.image_types)),
        "extraction": Fact(YES, f"radnec, preset {extraction.preset}, {digest}"),
        "feature_classes": Fact(YES, ", ".join(extraction.feature_classes)),
        "defaults": Fact(YES, f"set: {', '.join(changed) or 'nothing'}; everything else is the default"),
        "settings_file": Fact(YES, digest),
        "segmented": Fact(YES, "every feature is measured within a mask"),
        "hand_crafted": Fact(YES, "radiomics features by formula"),
    }


def _pre(extraction: ExtractionConfig) -> list[str]:
    names = ("n4", "standardise", "zscore", "clip_percentiles", "normalize", "registration")
    return [f"{name} {getattr(extraction, name)}" for name in names if getattr(extraction, name)]


def _named(image_types: dict[str, dict[str, Any]]) -> str:
    return ", ".join(
        f"{name} ({', '.join(f'{key} {value}' for key, value in options.items())})" if options else name
        for name, options in image_types.items()
    )


def _recipe(model: RadnecClassifier) -> dict[str, Fact]:
    summary, config, recipe = model.summary_, model._settings(), model.recipe_
    repeats = next((note for note in summary["notes"] if note.startswith("The stability filter")), "")
    limit = next(step.threshold for name, step in recipe.members_[0][0].steps if name == "correlation")
    folds = f"{len(recipe.members_)} patient-grouped stratified folds of the training rows"
    tried = f"{', '.join(config.candidates)} with {config.draws} settings each, rankings {', '.join(config.selection)}"
    kept = f"kept by out-of-fold log loss (rule {config.rule}): {summary['chosen']}"
    scaled = "features are standardised by mean and SD of the training rows of each fold"
    batches = ", ".join(summary["batches"])
    return {
        "missing": Fact(YES, "empty cells get the median of the fold's training rows"),
        "robust": Fact(YES, repeats) if repeats else Fact(NO, "no replicates were given, so no feature was judged"),
        "redundant": Fact(YES, f"one feature is kept of each cluster of rank correlation above {limit:g}, per fold"),
        "scaling": Fact(YES, f"{scaled}; harmonised (ComBat) by {batches or 'nothing'}"),
        "algorithm": Fact(YES, f"{summary['chosen']}, a mean of {len(recipe.members_)} models; scikit-learn"),
        "tuning": Fact(YES, f"tried {tried}, on {folds}; {kept}; seed {model.random_state_}"),
        "choice": Fact(YES, kept),
        "output": Fact(YES, f"{config.probability}, calibrated ({config.calibration}), threshold {config.threshold:g}; "
                       f"calls from prediction sets at error {config.error:g}"),
        "selected": Fact(YES, f"most used: {', '.join(list(summary['used_features'])[:10]) or 'none'}"),
    }  # fmt: skip


def _use(model: RadnecClassifier) -> dict[str, Fact]:
    made = next(
        (note for note in reversed(model.summary_["notes"]) if note.startswith(("Adapted", "Recalibrated"))), ""
    )
    updated = Fact(YES, f"made from {model.parent_}. {made}") if model.parent_ else Fact(NOT_APPLICABLE, "not updated")
    limits = " ".join(model.summary_["notes"])
    return {
        "updating": updated,
        "guideline": Fact(YES, "this table"),
        "model_file": Fact(YES, f"model {model.identity_}: the .radnec file holds the fitted recipe whole"),
        "explained": Fact(AUTHOR, "Shapley values of groups of features are in each lesion report (radnec report)"),
        "limits": Fact(AUTHOR, limits or "training left no note"),
        "poor_input": Fact(
            YES,
            "the model abstains, with the reason, from failed extractions, unseen scanners, too many empty features "
            "and lesions unlike the training lesions",
        ),
    }
