"""The one-line ways to train, evaluate and load a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radnec.classifier.estimator import RadnecClassifier
from radnec.classifier.inputs import truth_of
from radnec.cohort.fields import clinical_predictors
from radnec.config import ExtractionConfig, TrainingConfig
from radnec.config.provenance import provenance
from radnec.config.standardise import landmarks_of
from radnec.errors import ConfigError, TableError
from radnec.evaluation import learning
from radnec.evaluation.crossval import cross_validate
from radnec.evaluation.external import external_predictions
from radnec.evaluation.guard import leak_flags, remarks
from radnec.evaluation.ladder import published_cutoff
from radnec.evaluation.notes import idle_filter_note, landmarks_note
from radnec.evaluation.permutation import permutation_test
from radnec.evaluation.protocol import select_rows
from radnec.evaluation.result import Evaluation
from radnec.evaluation.study import refuse_too_few_patients, replicates_of
from radnec.evaluation.subgroups import traits_of
from radnec.features.columns import ColumnName, parse
from radnec.model.door import check_columns, check_table, refuse_replicates
from radnec.model.measured import extraction_of, same_extraction
from radnec.model.roles import Roles, roles_of
from radnec.model.splits import fresh_seed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from radnec.evaluation.predictions import Predicted
    from radnec.evaluation.protocol import Selection
    from radnec.pathway.stages import Pathway


#: Settings that a test of a trained model may choose anew.
_OF_A_TEST = {
    *("label", "patient", "policy", "threshold", "level", "resamples", "unseen", "cutoff", "random_state", "n_jobs")
}


def train(
    table: pd.DataFrame,
    config: TrainingConfig | None = None,
    *,
    extraction: ExtractionConfig | None = None,
    replicates: pd.DataFrame | None = None,
) -> RadnecClassifier:
    """Train a model on the rows of a feature table that are fit to learn from.

    Parameters
    ----------
    table : DataFrame
        A feature table; :func:`radnec.labelled` chooses its rows.
    config : TrainingConfig, optional
        All settings.
    extraction : ExtractionConfig, optional
        How the features were measured, for an extracted table that lost its provenance.
    replicates : DataFrame, optional
        Repeated measurements of the lesions, see :meth:`RadnecClassifier.fit`.

    Returns
    -------
    RadnecClassifier
        The fitted model.

    Raises
    ------
    radnec.errors.TableError
        If an extracted table has lost its extraction settings and `extraction` is not given.
    radnec.errors.LabelError
        If no row is fit to learn from.

    Examples
    --------
    >>> from radnec.simulate import simulate_table
    >>> config = TrainingConfig(candidates=("logistic",), draws=2, random_state=0)
    >>> model = train(simulate_table(n_patients=30, n_features=20, random_state=0), config)
    >>> model.summary_["patients"]
    30
    """
    check_table(table)
    refuse_replicates(table)
    config = _settings(config)
    roles = roles_of(table, config)
    measured = measured_as(table, roles.features, extraction)
    selection = select_rows(table, config, features=roles.features)
    model = RadnecClassifier(config).fit(selection.table, selection.y, replicates=replicates)
    model.extraction_config_ = measured
    model.summary_["flow"] = selection.flow.to_dict("records")
    model.summary_["notes"] += [*selection.notes, *idle_filter_note(config, replicates)]
    return model


def measured_as(
    table: pd.DataFrame, features: Sequence[str], extraction: ExtractionConfig | None = None
) -> ExtractionConfig | None:
    """Return how the features of a training table were measured; None for a table that radnec did not extract.

    Parameters
    ----------
    table : DataFrame
        A feature table.
    features : sequence of str
        Its features.
    extraction : ExtractionConfig, optional
        What is said of it.

    Raises
    ------
    radnec.errors.TableError
        If an extracted table has lost its extraction settings and `extraction` is not given.
    radnec.errors.SettingsMismatchError
        If the table carries others than `extraction`.

    Examples
    --------
    >>> import pandas as pd
    >>> measured_as(pd.DataFrame({"contrast": [1.0]}), ["contrast"]) is None
    True
    """
    known = extraction_of(table)
    if known is None and extraction is None and not provenance(table) and any(_is_extracted(n) for n in features):
        raise TableError(
            "the table has radnec's feature columns but no extraction settings (attrs were lost, for example by a "
            "plain CSV). New lesions could not be measured alike. Read it with radnec.features.table.read_table, or "
            "say how it was measured: radnec.train(table, extraction=radnec.ExtractionConfig(...))"
        )
    if extraction is not None:
        same_extraction(table, extraction)
    return extraction or known


def evaluate(
    table: pd.DataFrame,
    config: TrainingConfig | None = None,
    *,
    model: RadnecClassifier | None = None,
    replicates: pd.DataFrame | None = None,
    permutations: int = 0,
    learning_curve: bool = False,
) -> Evaluation:
    """Evaluate the whole recipe by nested cross-validation, or a trained model on an external table.

    Parameters
    ----------
    table : DataFrame
        A feature table; :func:`radnec.labelled` chooses its rows.
    config : TrainingConfig, optional
        All settings. With `model` those it was trained with by default; only those of the test itself (columns of
        label and patient, policy, threshold, level, resamples, unseen, seed) may differ.
    model : RadnecClassifier, optional
        A trained model to test as it is, without fitting anything.
    replicates : DataFrame, optional
        Repeated measurements of the lesions, see :meth:`RadnecClassifier.fit`; in every fold, at every level, only
        those of its training patients are used.
    permutations : int, default 0
        Permutations of the labels that the whole recipe is tried on besides, see
        :func:`radnec.evaluation.permutation_test`; each costs about as much as the evaluation itself.
    learning_curve : bool, default False
        Whether the recipe also learns from parts of the patients, see :func:`radnec.evaluation.learning_curve`; costs
        about four times the evaluation itself.

    Returns
    -------
    Evaluation
        Numbers with intervals that resample patients, the ladder, figures and a page.

    Raises
    ------
    radnec.errors.LabelError
        If no row is fit to be tested.
    radnec.errors.SettingsMismatchError
        If the table was measured otherwise than the model's training table.
    radnec.errors.ConfigError
        If something is asked of a test of `model` that only fitting could do, or `permutations` is below 0.
    radnec.errors.LeakageError
        If rows of the table are rows that `model` was trained on.

    Examples
    --------
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=30, n_features=10, random_state=0)
    >>> config = TrainingConfig(candidates=("logistic",), draws=1, outer_repeats=1, random_state=0)
    >>> evaluate(table, config).frame().query("metric == 'auc'").model.tolist()
    ['prevalence', 'volume', 'clinical', 'cutoff', 'logistic', 'radnec']
    """
    check_table(table)
    refuse_replicates(table)
    if model is not None:
        _refuse_fitting(replicates=replicates is not None, permutations=permutations, learning_curve=learning_curve)
    config = _settings(config) if model is None else _test_settings(model, config)
    roles = roles_of(table, config) if model is None else _roles_in(model, table)
    selection = select_rows(table, config, features=roles.features)
    classes = sorted(selection.y.unique().tolist()) if model is None else model.classes_.tolist()
    truth = truth_of(selection.y, classes, config.positive)
    seed = fresh_seed() if config.random_state is None else config.random_state
    config = config.model_copy(update={"random_state": seed})
    if model is None:
        refuse_too_few_patients(selection.y, selection.table[config.patient])
        repeated = replicates_of(replicates, table, selection.table, roles, config)
        predicted = cross_validate(selection.table, truth, roles, config, seed, replicates=repeated)
    else:
        predicted = _tested(model, selection.table, truth, config)
    suspects = _suspects(selection.table, roles, config)
    flags = leak_flags(selection.table, truth, suspects, label=config.label, patient=config.patient)
    return Evaluation(
        predictions=predicted.table,
        flow=selection.flow,
        config=config,
        kind="nested cross-validation" if model is None else "external test",
        notes=(
            *(*selection.notes, *roles.notes, *_landmarks_notes(table, selection, config, model), *predicted.notes),
            *(*(idle_filter_note(config, replicates) if model is None else ()), *remarks(flags)),
        ),
        features=predicted.features,
        selected=predicted.selected,
        flags=flags,
        traits=traits_of(selection.table),
        reasons=predicted.reasons,
        provenance={"table": provenance(table), "model": None if model is None else model.identity_},
        random_state=seed,
        **_again(table, config, replicates, permutations=permutations, curve=learning_curve),
    )


def _settings(config: TrainingConfig | None) -> TrainingConfig:
    if config is not None and not isinstance(config, TrainingConfig):
        raise ConfigError(f"config is a {type(config).__name__}; expected a radnec.TrainingConfig or None")
    return config or TrainingConfig()


def _tested(model: RadnecClassifier, rows: pd.DataFrame, truth: NDArray[np.bool_], config: TrainingConfig) -> Predicted:
    advice = "Leave these patients out, or train anew in each fold of its own table with radnec.evaluate(table)"
    model.training_rows_.refuse(rows, advice)
    recipes = {"volume": model.volume_recipe_, "radnec": model.recipe_}
    return external_predictions(rows, truth, recipes, model.summary_["prevalence"], config)


def _again(
    table: pd.DataFrame, config: TrainingConfig, replicates: pd.DataFrame | None, *, permutations: int, curve: bool
) -> dict[str, Any]:
    """Return what the recipe does on labels dealt anew and with fewer patients, where that is asked for."""
    found: dict[str, Any] = {}
    if permutations:
        found["permutation"] = permutation_test(table, config, n_permutations=permutations, replicates=replicates)
    if curve:
        found["learning"] = learning.learning_curve(table, config, replicates=replicates)
    return found


def _refuse_fitting(**asked: bool | int) -> None:
    idle = [name for name, given in asked.items() if given]
    if idle:
        raise ConfigError(f"an external test fits nothing, so {', '.join(idle)} would have no effect; leave this out")


def _test_settings(model: RadnecClassifier, config: TrainingConfig | None) -> TrainingConfig:
    """Return the model's settings with those of the test in place."""
    own = model._settings()
    if config is None:
        return own
    config = _settings(config)
    if config.positive != model.positive_:
        raise ConfigError(
            f"config.positive is {config.positive!r}, the model's positive class {model.positive_!r}; expected the same"
        )
    idle = sorted(name for name in config.model_fields_set - _OF_A_TEST if getattr(config, name) != getattr(own, name))
    if idle:
        raise ConfigError(
            f"an external test fits nothing, so {', '.join(idle)} would have no effect; expected only settings of the "
            f"test ({', '.join(sorted(_OF_A_TEST))}). Leave out the others"
        )
    return own.model_copy(update={name: getattr(config, name) for name in _OF_A_TEST})


def _roles_in(model: RadnecClassifier, table: pd.DataFrame) -> Roles:
    """Return what the columns are to a model that is tested as it is, once the table suits it."""
    same_extraction(table, model.extraction_config_)
    check_columns(table, model.recipe_.features, model.recipe_.columns())
    return Roles(model.feature_names_)


def load(path: str | Path, *, public_key: str | Path | None = None) -> RadnecClassifier | Pathway:
    """Load what :meth:`RadnecClassifier.save` or :meth:`Pathway.save` wrote, without executing anything from the file.

    Parameters
    ----------
    path : path-like
        A ``.radnec`` file.
    public_key : path-like, optional
        Public key (PEM) of who must have signed the file; nothing of it is read before its signature,
        ``model.radnec.sig``, is found good. See :func:`radnec.service.signing.verify`.

    Returns
    -------
    RadnecClassifier or Pathway
        The model, checked to predict what it predicted when it was saved.

    Raises
    ------
    radnec.errors.BundleError
        If the file is not what radnec writes, was altered, or predicts otherwise; the subclass says which. With
        `public_key`, :class:`~radnec.errors.BundleSignatureError` if it is not signed by that key.
    radnec.errors.SigningKeyError
        If `public_key` is no public key.
    """
    from radnec.bundle import read_bundle
    from radnec.classifier.storage import model_of
    from radnec.pathway.storage import KIND, pathway_of

    bundle = read_bundle(path, public_key=public_key)
    return pathway_of(bundle, path) if bundle.manifest.get("model") == KIND else model_of(bundle, path)


def _is_extracted(name: str) -> bool:
    return isinstance(parse(name), ColumnName)


def _suspects(table: pd.DataFrame, roles: Roles, config: TrainingConfig) -> list[str]:
    """Return every column that some rung of the ladder reads, and the scanners it is harmonised by."""
    clinical = [name for name in clinical_predictors() if name in table]
    published = published_cutoff(table, config)
    index = [] if published.evidence is None else [published.column]
    return list(dict.fromkeys([*roles.features, *roles.batches, *roles.covariates, *clinical, *index]))


def _landmarks_notes(
    table: pd.DataFrame, selection: Selection, config: TrainingConfig, model: RadnecClassifier | None
) -> list[str]:
    """Say whether images of patients who are tested set the scale of intensities that the features were measured on."""
    extraction = extraction_of(table) or (None if model is None else model.extraction_config_)
    if extraction is None:
        return []
    return landmarks_note(selection.table[config.patient].astype(str), landmarks_of(extraction))
