"""A trained model to and from its ``.radnec`` file, with rows that prove it still predicts the same."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.bundle import Bundle, read_bundle, write_bundle
from radnec.classifier import describe
from radnec.classifier.estimator import RadnecClassifier
from radnec.classifier.training_rows import TrainingRows
from radnec.errors import BundleFormatError, CanaryError
from radnec.model.profile import apart
from radnec.model.recipe import Recipe
from radnec.pathway.storage import KIND as PATHWAY

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from radnec.evaluation.result import Evaluation

_TOLERANCE = 1e-9
_EXPECTED = "p_necrosis"


def save_model(model: RadnecClassifier, path: Path, evaluation: Evaluation | None) -> Path:
    """Write `model` to `path`; an existing file is replaced in one step."""
    manifest = {
        "model": "RadnecClassifier",
        "identity": model.identity_,
        "parent": model.parent_,
        "classes": [label.item() if isinstance(label, np.generic) else label for label in model.classes_],
        "positive": model.positive_.item() if isinstance(model.positive_, np.generic) else model.positive_,
        "features": model.feature_names_,
        "unseen": model.unseen,
        "named_columns": hasattr(model, "feature_names_in_"),
        "n_features_in": int(model.n_features_in_),
        "random_state": model.random_state_,
        "training": model.summary_,
        "spectra": {} if model.profile_ is None else dict(model.profile_.spectra),
        "training_rows": {"features": model.training_rows_.features, "marks": model.training_rows_.marks},
    }
    # How many jobs fitted it is no part of the model: files of the same model are the same.
    recipe = copy.copy(model.recipe_)
    recipe.n_jobs = 1
    bundle = Bundle(
        pipeline={"radnec": recipe, "volume": model.volume_recipe_},
        manifest=manifest,
        extraction=model.extraction_config_,
        training=model._settings().model_copy(update={"n_jobs": 1}),
        reference=model.reference_ if model.profile_ is None else model.profile_.beside(model.reference_),
        card=describe.card(model, evaluation),
        canary=model.canary_.assign(**{_EXPECTED: model.recipe_.predict_proba(model.canary_)}),
    )
    return write_bundle(path, bundle)


def load_model(path: str | Path, *, public_key: str | Path | None = None) -> RadnecClassifier:
    """Read a model, signed by a key where one is given, and check that it predicts what it predicted when saved."""
    return model_of(read_bundle(path, public_key=public_key), path)


def model_of(bundle: Bundle, path: str | Path) -> RadnecClassifier:
    """Return the model of a file's parts, once it predicts what it predicted when it was saved."""
    if bundle.manifest.get("model") == PATHWAY:
        raise BundleFormatError(
            f"{path} holds a staged pathway; expected a RadnecClassifier. Read it with radnec.load(path), and ask "
            "assess(table)"
        )
    recipes: Any = bundle.pipeline
    if not isinstance(recipes, dict) or not isinstance(recipes.get("radnec"), Recipe):
        raise BundleFormatError(f"{path}: the pipeline holds no recipe; it was not written by RadnecClassifier.save")
    manifest = bundle.manifest
    try:
        model = RadnecClassifier(bundle.training, unseen=manifest["unseen"])
        model.classes_ = np.array(manifest["classes"])
        model.positive_ = manifest["positive"]
        model.feature_names_ = list(manifest["features"])
        model.n_features_in_ = manifest["n_features_in"]
        model.random_state_ = manifest["random_state"]
        model.summary_ = manifest["training"]
        known = manifest.get("training_rows", {"features": [], "marks": []})
        model.training_rows_ = TrainingRows(list(known["features"]), list(known["marks"]))
        model.identity_, model.parent_ = manifest["identity"], manifest["parent"]
        named = manifest["named_columns"]
    except KeyError as error:
        raise BundleFormatError(f"{path}: the manifest lacks {error}") from None
    if named:
        # Of the training table only the columns that are read are known.
        model.feature_names_in_ = np.asarray(recipes["radnec"].columns(), dtype=object)
        model.n_features_in_ = len(model.feature_names_in_)
    model.recipe_, model.volume_recipe_ = recipes["radnec"], recipes.get("volume")
    model.extraction_config_ = bundle.extraction
    model.reference_, model.profile_ = apart(bundle.reference, manifest.get("spectra", {}))
    model.better_than_prevalence_ = model.recipe_.gain_["high"] < 0
    _sing(model, bundle.canary, path)
    return model


def _sing(model: RadnecClassifier, canary: pd.DataFrame, path: str | Path) -> None:
    try:
        expected = canary[_EXPECTED].to_numpy(dtype=float)
        model.canary_ = canary.drop(columns=_EXPECTED)
        found = model.recipe_.predict_proba(model.canary_)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        raise CanaryError(
            f"{path}: the loaded model cannot judge its own test rows ({type(error).__name__}: {error}). It was "
            "written by another version of radnec or its libraries; the manifest names them"
        ) from error
    difference = float(np.abs(found - expected).max())
    if not difference <= _TOLERANCE:
        raise CanaryError(
            f"{path}: the loaded model predicts its test rows up to {difference:.3g} off what it predicted when saved "
            f"(allowed {_TOLERANCE:g}). Load it with the library versions in its manifest"
        )
