"""Sets a champion and the recipe of its challenger before the same rows, in the same folds."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from radnec.classifier import RadnecClassifier
from radnec.classifier.entry import measured_as
from radnec.classifier.identity import identity_of
from radnec.classifier.inputs import truth_of
from radnec.config import TrainingConfig
from radnec.errors import ConfigError
from radnec.evaluation.notes import unseen_note
from radnec.evaluation.outer import outer_folds
from radnec.evaluation.study import Study
from radnec.model.door import check_columns, check_values
from radnec.model.measured import extraction_of, same_extraction
from radnec.model.replicates import Replicates
from radnec.service.acquaintance import Basis, basis_of
from radnec.service.rule import DecisionRule

if TYPE_CHECKING:
    from radnec.config import ExtractionConfig
    from radnec.model.splits import Split

_LIBRARIES = ("radnec", "numpy", "pandas", "scikit-learn", "scipy", "skops")


@dataclass(frozen=True, eq=False, kw_only=True)
class Contest:
    """A champion, the rows it is judged on, and the recipe that is to learn from them.

    Attributes
    ----------
    table : DataFrame
        The feature table as it was given.
    study : Study
        Its rows that are learnt from, and the recipe.
    champion : RadnecClassifier
        Judged as it stands.
    basis : Basis
        Which rows are compared.
    repeats : list of list of (train, test)
        The outer folds.
    rule : DecisionRule
        How it is decided.
    extraction : ExtractionConfig or None
        How the features were measured, if the table does not say.
    replicates : DataFrame or None
        Repeated measurements as they were given.
    repeated : Replicates or None
        The same, checked against the rows.
    notes : tuple of str
        What a reader must know.
    learning : str
        Names all that the challenger's fold models depend on.
    run : str
        Names all that the outcome depends on.
    """

    table: pd.DataFrame
    study: Study
    champion: RadnecClassifier
    basis: Basis
    repeats: list[list[Split]]
    rule: DecisionRule
    extraction: ExtractionConfig | None
    replicates: pd.DataFrame | None
    repeated: Replicates | None
    notes: tuple[str, ...]
    learning: str
    run: str


def prepare(
    table: pd.DataFrame,
    champion: RadnecClassifier,
    settings: TrainingConfig | None = None,
    *,
    rule: DecisionRule | None = None,
    extraction: ExtractionConfig | None = None,
    replicates: pd.DataFrame | None = None,
) -> Contest:
    """Check table, champion and settings against each other, and draw the folds; nothing is fitted.

    Parameters
    ----------
    table, champion, settings, rule, extraction, replicates
        As of :func:`radnec.service.retrain`.

    Returns
    -------
    Contest
        What :func:`radnec.service.duel.duel` judges.

    Raises
    ------
    radnec.errors.RadnecError
        As :func:`radnec.service.retrain`.

    Examples
    --------
    >>> import radnec
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=40, n_features=10, random_state=0)
    >>> config = radnec.TrainingConfig(candidates=("logistic",), draws=1, random_state=0)
    >>> contest = prepare(table, radnec.train(table, config))
    >>> contest.basis.known, contest.run == prepare(table[::-1], contest.champion).run
    (58, True)
    """
    config = _settings(champion, settings)
    rule = _rule(rule)
    same_extraction(table, champion.extraction_config_)
    study = Study.of(table, config)
    # What training would refuse is refused before any work.
    measured_as(table, study.recipe.features, extraction)
    _refuse_foreign(study, champion)
    folds, notes = outer_folds(study.table, study.y, study.patients, config, study.seed)
    repeated = None
    if replicates is not None:
        same_extraction(replicates, extraction or extraction_of(table))
        repeated = Replicates.of(replicates, study.recipe.features, study.patients, config)
    unseen = champion.recipe_.unseen_rows(study.table)
    scanners = unseen[unseen != ""].tolist()
    notes += [f"Champion: {note}" for note in unseen_note(len(scanners), len(study.y), TrainingConfig(), scanners)]
    learning = _learning(study, repeated)
    said = "" if extraction is None else extraction.digest()
    return Contest(
        table=table,
        study=study,
        champion=champion,
        basis=basis_of(study, champion, rule.fewest),
        repeats=folds,
        rule=rule,
        extraction=extraction,
        replicates=replicates,
        repeated=repeated,
        notes=tuple(notes),
        learning=learning,
        run=identity_of(learning, champion.identity_, rule.digest(), said, _content(table)),
    )


def _settings(champion: RadnecClassifier, settings: TrainingConfig | None) -> TrainingConfig:
    """Return the settings of the challenger: by default, and in any case the seed, those of the champion."""
    if not isinstance(champion, RadnecClassifier) or not hasattr(champion, "recipe_"):
        raise ConfigError(
            f"the champion is a {type(champion).__name__}; expected a trained RadnecClassifier, as of radnec.load"
        )
    if not isinstance(settings, TrainingConfig | None):
        raise ConfigError(f"settings are a {type(settings).__name__}; expected a radnec.TrainingConfig or None")
    chosen = settings or champion.config or TrainingConfig()
    if chosen.positive != champion.positive_:
        raise ConfigError(
            f"settings say that positive is {chosen.positive!r}, and the champion's positive class is "
            f"{champion.positive_!r}; expected the same, or their probabilities cannot be compared"
        )
    if chosen.random_state is None:
        chosen = chosen.model_copy(update={"random_state": champion.random_state_})
    return chosen


def _rule(rule: DecisionRule | None) -> DecisionRule:
    if not isinstance(rule, DecisionRule | None):
        raise ConfigError(f"rule is a {type(rule).__name__}; expected a radnec.service.DecisionRule or None")
    return rule or DecisionRule()


def _refuse_foreign(study: Study, champion: RadnecClassifier) -> None:
    """Refuse rows that the champion could not judge."""
    check_columns(study.table, champion.recipe_.features, champion.recipe_.columns())
    check_values(study.table, champion.recipe_.features, {})
    truth_of(study.table[study.config.label].to_numpy(dtype=object), champion.classes_.tolist(), champion.positive_)


def _learning(study: Study, repeated: Replicates | None) -> str:
    columns = study.recipe.columns()
    versions = [platform.python_version(), *(f"{name} {version(name)}" for name in _LIBRARIES)]
    return identity_of(
        study.config.digest(),
        "\n".join([*versions, *columns]),
        study.table[columns],
        study.y,
        "\n".join(study.patients.tolist()),
        *([] if repeated is None else [repeated.table]),
    )


def _content(table: pd.DataFrame) -> np.ndarray:
    """Return what a table holds, whatever the order of its rows and columns."""
    names = sorted(table.columns, key=str)
    rows = np.sort(pd.util.hash_pandas_object(table[names], index=False).to_numpy())
    return np.concatenate([pd.util.hash_array(np.array(names, dtype=object)), rows])
