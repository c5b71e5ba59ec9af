"""A trained pathway to and from its ``.radnec`` file, with rows that prove it still predicts the same."""

from __future__ import annotations

import copy
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.bundle import Bundle, write_bundle
from radnec.errors import BundleFormatError, CanaryError, RadnecError
from radnec.model.recipe import Recipe
from radnec.pathway.stage import Stage
from radnec.pathway.stages import Pathway
from radnec.pathway.value import Outlook

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    import pandas as pd

    from radnec.pathway.examined import Tracers
    from radnec.pathway.reaching import Path

#: What the manifest calls such a model.
KIND = "Pathway"
_TOLERANCE = 1e-9
#: Column of the canary that holds at which stage each test row ends.
_STAGE = "assessed_stage"


def save_pathway(pathway: Pathway, path: FilePath) -> FilePath:
    """Write a fitted pathway to `path`; an existing file is replaced in one step.

    Of the training lesions it holds the out-of-fold probabilities before and after each examination, sorted, from which
    the worth of an examination is estimated; no key and no feature.
    """
    manifest = {
        "model": KIND,
        "classes": pathway.classes_.tolist(),
        "stages": [asdict(stage) | {"columns": pathway.columns_[stage.name]} for stage in pathway.stages_],
        "parameters": {
            "costs": {name: float(cost) for name, cost in pathway.costs.items()} if pathway.costs else None,
            "error": float(pathway.error),
            "fewest": int(pathway.fewest),
            "least_volume_cc": float(pathway.least_volume_cc),
        },
        "tracers": pathway.tracers_,
        "prevalence": pathway.prevalence_,
        "counts": {_name(key): counts for key, counts in pathway.counts_.items()},
        "notes": pathway.notes_,
        "random_state": pathway.random_state_,
    }
    outlooks = {f"{_name(key)}>{stage}": vars(one) for (key, stage), one in pathway.outlooks_.items()}
    bundle = Bundle(
        pipeline={"models": {_name(key): _alone(one) for key, one in pathway.models_.items()}, "outlooks": outlooks},
        manifest=manifest,
        extraction=pathway.extraction_config_,
        training=pathway._config().model_copy(update={"n_jobs": 1}),
        reference=pathway.reference_,
        card=_card(pathway),
        canary=pathway.canary_.assign(**_song(pathway), **{_STAGE: _way(pathway)}),
    )
    return write_bundle(path, bundle)


def pathway_of(bundle: Bundle, path: str | FilePath) -> Pathway:
    """Return the pathway of a file's parts, once it predicts what it predicted when it was saved.

    Raises
    ------
    radnec.errors.BundleFormatError
        If a part lacks something.
    radnec.errors.CanaryError
        If it predicts otherwise.
    """
    manifest, parts = bundle.manifest, bundle.pipeline
    try:
        stages = [Stage(**_numbers(stage)) for stage in manifest["stages"]]
        parameters = manifest["parameters"]
        costs = _numbers(parameters["costs"]) if parameters["costs"] else None
        pathway = Pathway(stages, config=bundle.training, **parameters | {"costs": costs})
        pathway.classes_ = np.array(manifest["classes"])
        pathway.stages_ = stages
        pathway.columns_ = {stage.name: list(stage.columns) for stage in stages}
        pathway.tracers_ = _tracers(manifest.get("tracers", {}), pathway.columns_)
        pathway.prevalence_, pathway.notes_ = manifest["prevalence"], list(manifest["notes"])
        pathway.counts_ = {_path(name): dict(counts) for name, counts in manifest["counts"].items()}
        pathway.random_state_ = manifest["random_state"]
        pathway.models_ = {_path(name): _recipe(one) for name, one in _dict(parts)["models"].items()}
        pathway.outlooks_ = {_step(name): Outlook(**one) for name, one in _dict(parts)["outlooks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BundleFormatError(f"{path}: no whole pathway ({type(error).__name__}: {error})") from error
    pathway.extraction_config_, pathway.reference_ = bundle.extraction, bundle.reference
    _sing(pathway, bundle.canary, path)
    return pathway


def _tracers(stated: dict[str, Any], columns: dict[str, list[str]]) -> Tracers:
    """Return which tracers a stage asks for; a file that does not say was written when it asked for none."""
    found = {stage: {name: list(own) for name, own in of.items()} for stage, of in stated.items()}
    if any(not set().union(*of.values()) <= set(columns[stage]) for stage, of in found.items()):
        raise ValueError("tracers name columns that their stage does not have")
    return found


def _name(path: Path) -> str:
    return "-".join(map(str, path))


def _path(name: str) -> Path:
    return tuple(int(part) for part in name.split("-"))


def _step(name: str) -> tuple[Path, int]:
    path, stage = name.split(">")
    return _path(path), int(stage)


def _numbers(stated: dict[str, Any]) -> dict[str, Any]:
    """Return what a file states with numbers for yes and no, which an older version took for 1 and 0."""
    return {name: float(value) if isinstance(value, bool) else value for name, value in stated.items()}


def _alone(recipe: Recipe) -> Recipe:
    """Return the recipe without how many jobs fitted it: files of the same model are the same."""
    alone = copy.copy(recipe)
    alone.n_jobs = 1
    return alone


def _dict(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise TypeError(f"expected parts by name, found a {type(found).__name__}")
    return found


def _recipe(found: Any) -> Recipe:
    if not isinstance(found, Recipe):
        raise TypeError(f"expected a recipe, found a {type(found).__name__}")
    return found


def _song(pathway: Pathway) -> dict[str, Any]:
    return {f"p_{_name(key)}": recipe.predict_proba(pathway.canary_) for key, recipe in pathway.models_.items()}


def _way(pathway: Pathway) -> list[str]:
    """Return at which stage the test rows end, when each lacks every third column of a later stage."""
    X = pathway.canary_.copy()
    _, *later = pathway.columns_.values()
    for number, name in enumerate(name for names in later for name in names if name in X):
        X[name] = X[name].where(np.arange(len(X)) % 3 != number % 3)
    ends: list[str] = pathway.assess(X)["stage"].tolist()
    return ends


def _sing(pathway: Pathway, canary: pd.DataFrame, path: str | FilePath) -> None:
    names = [f"p_{_name(key)}" for key in pathway.models_]
    ends = canary[_STAGE].tolist() if _STAGE in canary else None  # older files do not hold it
    try:
        pathway.canary_ = canary.drop(columns=[*names, _STAGE], errors="ignore")
        found = _song(pathway)
        expected = {name: canary[name].to_numpy(dtype=float) for name in names}
        way = _way(pathway) if ends is not None else None
    except (RadnecError, AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        raise CanaryError(
            f"{path}: the loaded pathway cannot judge its own test rows ({type(error).__name__}: {error}). It was "
            "written by another version of radnec or its libraries; the manifest names them"
        ) from error
    difference = max((float(np.abs(found[name] - expected[name]).max()) for name in names), default=np.nan)
    if not difference <= _TOLERANCE:
        raise CanaryError(
            f"{path}: the loaded pathway predicts its test rows up to {difference:.3g} off what it predicted when "
            f"saved (allowed {_TOLERANCE:g}). Load it with the library versions in its manifest"
        )
    if way != ends:
        raise CanaryError(
            f"{path}: the loaded pathway leads its test rows to other stages than when it was saved. Load it with the "
            "library versions in its manifest"
        )


def _card(pathway: Pathway) -> str:
    """Return the model card as Markdown."""
    names = list(pathway.columns_)
    lines = ["# radnec pathway card", "", "**Research use only. Not a medical device.**", "", "## Stages", ""]
    for stage in pathway.stages_:
        told = ", ".join(stage.examinations)
        lines.append(f"- {stage.name}: {told}; {len(pathway.columns_[stage.name])} columns, cost {stage.cost:g}")
    lines += ["", "## Models", "", "| stages | patients, positive | patients, negative |", "|---|---|---|"]
    for key, counts in pathway.counts_.items():
        told = " + ".join(names[number] for number in key)
        lines.append(f"| {told} | {counts['positive']} | {counts['negative']} |")
    lines += ["", *(f"- {note}" for note in pathway.notes_)]
    lines.append(f"- A stage settles a lesion at error {pathway.error:g}; what none settles is referred to a board.")
    lines.append("- `p_low` and `p_high` are the range of the fold models' probabilities, not a confidence interval.")
    return "\n".join(lines) + "\n"
