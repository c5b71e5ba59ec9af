"""Answers what checklists ask of a model from its settings and what it counted in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from radnec.classifier.describe import most_used
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
    stated, unstated = summary["label_sources"], summary["rows"] - sum(summary["label_sources"].values())
    told = stated | ({"not stated": unstated} if unstated else {})
    sources = ", ".join(f"{name} {count}" for name, count in told.items())
    follow = f"labels from follow-up of less than {config.policy.min_followup_months:g} months are left out"
    reference = f"{config.outcome} against {config.other_outcome}; label sources: {sources}; {follow}"
    sites = summary.get("sites")
    share = f"{summary['positive_rows']} of {summary['rows']} rows are {config.outcome} ({summary['prevalence']:.0%})"
    flow = "; ".join(f"{one['step']}: {one['rows']} of {one['patients']} patients" for one in summary.get("flow", []))
    short = next((note for note in summary["notes"] if "candidate features" in note), "")
    counts = f"{summary['patients']} patients, {summary['features']} features"
    size = short or f"{counts}: as many as Riley's criteria ask of a model of modest strength"
    batches = ", ".join(f"{name} ({count})" for name, count in summary["batches"].items())
    histology = not unstated and all(name.startswith("histology") for name in stated)
    return {
        "histology": Fact(YES if histology else AUTHOR, reference),
        "reference": Fact(AUTHOR if unstated else YES, reference),
        "centres": _centres(sites),
        "setting": Fact(AUTHOR, _centres(sites).evidence),
        "imbalance": Fact(YES, f"{share}; no class is weighted or resampled, folds are stratified"),
        "eligibility": Fact(AUTHOR, f"rows of the table: {flow}" if flow else "the model does not store its flow"),
        "dimensions": Fact(NO if short else YES, size),
        "sample_size": Fact(AUTHOR, f"{size}. Say how the number came about"),
        "confounders": Fact(
            AUTHOR, f"harmonised by {batches}; say what else could confound" if batches else "not harmonised by scanner"
        ),
        "clinical": Fact(AUTHOR, f"covariates of harmonisation: {', '.join(config.covariates) or 'none'}"),
    }


def _centres(sites: int | None) -> Fact:
    if not sites:
        return Fact(AUTHOR, "the training table does not say its sites, or the model is older than their count")
    trained = f"trained on rows of {counted(sites, 'site')}"
    return Fact(YES, trained) if sites > 1 else Fact(AUTHOR, f"{trained}; say whether it was tested on others")


def _measured(extraction: ExtractionConfig | None, model: RadnecClassifier) -> dict[str, Fact]:
    read = acquisitions(model.feature_names_)
    count = f"{len(model.feature_names_)} features go in, of {', '.join(read) or 'no known sequence'}"
    # Other columns, such as indices, may come from other images.
    alone = len(read) == 1 and len(model.feature_names_) == sum(map(len, read.values()))
    found = {
        "feature_count": Fact(YES, count),
        "predictors": Fact(AUTHOR, f"{count}; say why these"),
        "one_sequence": Fact(YES, f"only {next(iter(read))}") if alone else Fact(AUTHOR, count),
        "tabular": Fact(YES, "the model reads a feature table"),
        "deep_learning": Fact(NO, "no network; the classifiers read features"),
    }
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
    most = f"most used: {', '.join(most_used(summary, 10)) or 'none'}"
    chosen_before = model.extraction_config_ is None or config.features is not None
    limit = next(step.threshold for name, step in recipe.members_[0][0].steps if name == "correlation")
    folds = f"{len(recipe.members_)} patient-grouped stratified folds of the training rows"
    tried = f"{', '.join(config.candidates)} with {config.draws} settings each, rankings {', '.join(config.selection)}"
    kept = f"kept by out-of-fold log loss (rule {config.rule}): {summary['chosen']}"
    scaled = "features are standardised by mean and SD of the training rows of each fold"
    batches = ", ".join(summary["batches"])
    return {
        "missing": Fact(YES, "empty cells get the median of the fold's training rows"),
        "robust": Fact(YES, repeats) if repeats else Fact(
            AUTHOR if chosen_before else NO, "no replicates were given, so no feature was judged in training"
        ),
        "redundant": Fact(YES, f"one feature is kept of each cluster of rank correlation above {limit:g}, per fold"),
        "scaling": Fact(YES, f"{scaled}; harmonised (ComBat) by {batches or 'nothing'}"),
        "algorithm": Fact(YES, f"{summary['chosen']}, a mean of {len(recipe.members_)} models; scikit-learn"),
        "tuning": Fact(YES, f"tried {tried}, on {folds}; {kept}; seed {model.random_state_}"),
        "choice": Fact(YES, kept),
        "output": Fact(YES, f"{config.probability}, calibrated ({config.calibration}), threshold {config.threshold:g}; "
                       f"calls from prediction sets at error {config.error:g}"),
        "selected": Fact(YES, f"{most}. {repeats}") if repeats else Fact(AUTHOR, f"{most}; say whether they repeat"),
    }  # fmt: skip


def _use(model: RadnecClassifier) -> dict[str, Fact]:
    made = next(
        (note for note in reversed(model.summary_["notes"]) if note.startswith(("Adapted", "Recalibrated"))), ""
    )
    never, updated = Fact(NOT_APPLICABLE, "not updated"), f"made from {model.parent_}. {made}"
    unseen = "unseen scanners, " if model.summary_["batches"] else ""
    whole = f"model {model.identity_}: the .radnec file holds the fitted recipe whole"
    limits = " ".join(model.summary_["notes"])
    return {
        "updating": Fact(YES, updated) if model.parent_ else never,
        "updated": Fact(AUTHOR, f"{updated} Say how the updated model did.") if model.parent_ else never,
        "guideline": Fact(AUTHOR, "radnec fills CLEAR and TRIPOD+AI in part; say which are complete and handed in"),
        "computed": Fact(YES, whole),
        "model_file": Fact(AUTHOR, f"{whole}; say where it can be had, and on which terms"),
        "explained": Fact(AUTHOR, "Shapley values of groups of features are in each lesion report (radnec report)"),
        "limits": Fact(AUTHOR, limits or "training left no note"),
        "poor_input": Fact(
            YES,
            f"the model abstains, with the reason, from failed extractions, {unseen}too many empty features and "
            "lesions unlike the training lesions",
        ),
    }
