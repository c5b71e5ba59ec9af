"""The one-line ways to train, evaluate and load a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.classifier.estimator import RadnecClassifier
from radnec.classifier.measured import extraction_of, same_extraction
from radnec.config import ExtractionConfig, TrainingConfig
from radnec.errors import LabelError, TableError
from radnec.evaluation.crossval import cross_validate
from radnec.evaluation.external import external_predictions
from radnec.evaluation.guard import leak_flags
from radnec.evaluation.protocol import select_rows
from radnec.evaluation.result import Evaluation
from radnec.features.columns import ColumnName, parse
from radnec.features.provenance import provenance
from radnec.model.roles import roles_of
from radnec.model.splits import fresh_seed

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def train(
    table: pd.DataFrame, config: TrainingConfig | None = None, *, extraction: ExtractionConfig | None = None
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
    config = config or TrainingConfig()
    roles = roles_of(table, config)
    known = extraction_of(table)
    if known is None and extraction is None and not provenance(table) and any(_is_extracted(n) for n in roles.features):
        raise TableError(
            "the table has radnec's feature columns but no extraction settings (attrs were lost, for example by a "
            "plain CSV). New lesions could not be measured alike. Read it with radnec.features.table.read_table, or "
            "say how it was measured: radnec.train(table, extraction=radnec.ExtractionConfig(...))"
        )
    if extraction is not None:
        same_extraction(table, extraction)
    selection = select_rows(table, config, features=roles.features)
    model = RadnecClassifier(config).fit(selection.table, selection.y)
    model.extraction_config_ = extraction or known
    model.summary_["flow"] = selection.flow.to_dict("records")
    model.summary_["notes"] += list(selection.notes)
    return model


def evaluate(
    table: pd.DataFrame, config: TrainingConfig | None = None, *, model: RadnecClassifier | None = None
) -> Evaluation:
    """Evaluate the whole recipe by nested cross-validation, or a trained model on an external table.

    Parameters
    ----------
    table : DataFrame
        A feature table; :func:`radnec.labelled` chooses its rows.
    config : TrainingConfig, optional
        All settings; with `model`, those it was trained with by default.
    model : RadnecClassifier, optional
        A trained model to test as it is, without fitting anything.

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

    Examples
    --------
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=30, n_features=10, random_state=0)
    >>> config = TrainingConfig(candidates=("logistic",), draws=1, outer_repeats=1, random_state=0)
    >>> evaluate(table, config).frame().query("metric == 'auc'").model.tolist()
    ['prevalence', 'volume', 'clinical', 'cutoff', 'logistic', 'radnec']
    """
    if model is not None:
        config = config or model._settings()
        same_extraction(table, model.extraction_config_)
        roles = roles_of(table, config.model_copy(update={"features": tuple(model.feature_names_)}))
    else:
        config = config or TrainingConfig()
        roles = roles_of(table, config)
    selection = select_rows(table, config, features=roles.features)
    truth = (selection.y == config.positive).to_numpy(dtype=bool)
    seed = fresh_seed() if config.random_state is None else config.random_state
    notes = [*selection.notes, *roles.notes]
    if model is None:
        predictions, reasons, more = cross_validate(selection.table, truth, roles, config, seed)
    else:
        unknown = sorted({str(label) for label in selection.y.unique()} - {str(label) for label in model.classes_})
        if unknown:
            raise LabelError(f"labels {unknown} are not classes of the model, which are {list(model.classes_)}")
        recipes = {"volume": model.volume_recipe_, "radnec": model.recipe_}
        prevalence = model.summary_["prevalence"]
        predictions, reasons, more = external_predictions(selection.table, truth, recipes, prevalence, config)
    return Evaluation(
        predictions=predictions,
        flow=selection.flow,
        config=config,
        kind="nested cross-validation" if model is None else "external test",
        notes=(*notes, *more),
        flags=leak_flags(selection.table, truth, roles.features),
        reasons=reasons,
        provenance={"table": provenance(table), "model": None if model is None else model.identity_},
        random_state=seed,
    )


def load(path: str | Path) -> RadnecClassifier:
    """Load a model that :meth:`RadnecClassifier.save` wrote, without executing anything from the file.

    Parameters
    ----------
    path : path-like
        A ``.radnec`` file.

    Returns
    -------
    RadnecClassifier
        The model, checked to predict what it predicted when it was saved.

    Raises
    ------
    radnec.errors.BundleError
        If the file is not what radnec writes, was altered, or predicts otherwise; the subclass says which.
    """
    from radnec.classifier.storage import load_model

    return load_model(path)


def _is_extracted(name: str) -> bool:
    return isinstance(parse(name), ColumnName)
