"""Pathway: the staged decision over several modalities, as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from radnec.config import TrainingConfig
from radnec.errors import ConfigError, TableError
from radnec.model.door import check_columns, check_table, check_values, name_row
from radnec.model.incorporation import refuse_incorporation
from radnec.model.likeness import quantiles, synthetic_rows
from radnec.model.measured import extraction_of, same_extraction
from radnec.model.splits import fresh_seed
from radnec.pathway.abstaining import why_not
from radnec.pathway.answers import NEXT_COLUMNS, answers, next_rows
from radnec.pathway.examined import examined_in, little_measured, several_tracers
from radnec.pathway.findings import ledgers
from radnec.pathway.learning_rows import classes_of, patients_in
from radnec.pathway.reaching import Cohort, fit_stages
from radnec.pathway.stage import Stage, columns_of
from radnec.pathway.stated import is_number
from radnec.pathway.value import Costs, outlooks
from radnec.pathway.walking import walk
from radnec.pathway.workup import TRACERS, default_stages, uptake_of_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from radnec.pathway.evidence_table import EvidenceTable
    from radnec.pathway.ledger import Ledger
    from radnec.pathway.walking import Walk


class Pathway(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Tells necrosis from progression in stages, asking for the next examination only while doubt remains.

    Every stage is a calibrated recipe (:class:`radnec.model.recipe.Recipe`) on the columns of the stages that a lesion
    was examined for; a stage that settles a lesion at the error level ends its way. Where none does, the examinations
    not made are ranked by the misclassification cost they are expected to save, and a lesion for which none is left is
    referred to a board. It gives diagnostic probabilities and no treatment advice.

    Parameters
    ----------
    stages : sequence of Stage, optional
        In the order they are made; None means :func:`radnec.pathway.default_stages`. Stages of which the training
        table has no column are left out, with a note.
    costs : mapping, optional
        Cost of a wrong call of a lesion that is ``"necrosis"`` (the positive class) or ``"progression"`` (the other), 1
        each by default. Costs of examinations are ``Stage(cost=...)``, in the same unit.
    error : float, default 0.1
        Error level at which a stage settles a lesion, see :func:`radnec.pathway.resolving.settled`.
    config : TrainingConfig, optional
        Settings of the recipes, and the columns of label, patient and scanner; its ``features`` and ``error`` play no
        part.
    fewest : int, default 10
        Patients of each class that a stage's model needs.
    least_volume_cc : float, default 0.1
        Volume below which a lesion is not judged; 0.1 cc is a ball of 5.8 mm.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Sorted labels; the columns of :meth:`predict_proba`.
    stages_ : list of Stage
        Those that training had columns of.
    columns_ : dict of str to list of str
        Columns of each stage.
    tracers_ : dict of str to dict
        Of each stage that holds several tracers, the columns of each: it takes only lesions that had all of them.
    models_ : dict of tuple to Recipe
        One for each set of stages, named by their numbers.
    prevalence_ : float
        Share of the positive class in training, the prior of the ledgers.
    notes_ : list of str
        What the user should know of the training, as sentences.
    extraction_config_ : ExtractionConfig or None
        How the features were measured, when the training table knew it.
    random_state_ : int
        The seed used.

    Examples
    --------
    >>> from radnec.simulate import simulate_multimodal
    >>> table = simulate_multimodal(n_patients=120, effect=1.5, random_state=0)
    >>> config = TrainingConfig(candidates=("logistic",), draws=1, inner_folds=3, random_state=0)
    >>> pathway = Pathway(config=config).fit(table, table["label"])
    >>> new = simulate_multimodal(n_patients=3, effect=1.5, missing=0.5, random_state=1)
    >>> pathway.assess(new)[["patient_id", "lesion_id", "stage", "p_necrosis", "call"]].round(2)
      patient_id lesion_id         stage  p_necrosis         call
    0       P001        L1  conventional        0.06  progression
    1       P002        L1    functional        0.28    uncertain
    2       P002        L2    functional        0.97     necrosis
    3       P003        L1       PET-FET        0.09  progression
    4       P003        L2       PET-FET        0.86    uncertain
    """

    def __init__(
        self,
        stages: Sequence[Stage] | None = None,
        *,
        costs: Mapping[str, float] | None = None,
        error: float = 0.1,
        config: TrainingConfig | None = None,
        fewest: int = 10,
        least_volume_cc: float = 0.1,
    ) -> None:
        self.stages = stages
        self.costs = costs
        self.error = error
        self.config = config
        self.fewest = fewest
        self.least_volume_cc = least_volume_cc

    def fit(self, X: pd.DataFrame, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Learn every stage on the patients who would reach it.

        Parameters
        ----------
        X : DataFrame of shape (n, …)
            A feature table; empty cells are examinations that were not made, or not evaluable.
        y : array of shape (n,)
            Labels of two classes.
        groups : array of shape (n,), optional
            Patient of each row; by default the patient column of X.

        Returns
        -------
        Pathway
            Itself.

        Raises
        ------
        radnec.errors.ConfigError
            If a parameter is out of range.
        radnec.errors.LabelError
            If there are not two classes, a class has fewer than two patients, or labels come from PET where a stage
            holds PET columns.
        radnec.errors.TableError
            If there is no column for the first stage, or a patient is missing.
        radnec.errors.LeakageError
            If a column tells the outcome.
        """
        config = self._checked()
        patients = patients_in(X, groups, config.patient)
        if len(np.atleast_1d(np.asarray(y, dtype=object))) != len(X):
            raise TableError(f"found {len(np.atleast_1d(np.asarray(y, dtype=object)))} labels for {len(X)} rows")
        self.classes_, truth = classes_of(y, config.positive)
        self.columns_ = self._columns(X)
        self.stages_ = [stage for stage in self._stages() if stage.name in self.columns_]
        self.random_state_ = fresh_seed() if config.random_state is None else config.random_state
        self.tracers_ = several_tracers(self.columns_)
        examined = examined_in(X, self.stages_, self.columns_, self.tracers_)
        cohort = Cohort(X, truth, patients, examined)
        fitted = fit_stages(cohort, self.columns_, config, self.random_state_, error=self.error, fewest=self.fewest)
        self.models_ = fitted.models
        self.outlooks_ = outlooks(fitted, len(self.stages_))
        self.prevalence_ = float(truth[examined[:, 0]].mean())
        few = little_measured(X, self.stages_, self.columns_, self.tracers_)
        self.notes_ = [*self._absent(), *self._not_staged(X), *few, *fitted.notes]
        self.counts_ = fitted.counts
        self.extraction_config_ = extraction_of(X)
        read = X[list(dict.fromkeys(name for recipe in self.models_.values() for name in recipe.columns()))]
        self.reference_ = quantiles(read)
        self.canary_ = synthetic_rows(read, self.reference_)
        return self

    def assess(self, X: pd.DataFrame) -> pd.DataFrame:
        """Judge lesions as far as they were examined, and say what to examine next.

        Parameters
        ----------
        X : DataFrame of shape (n, …)
            A feature table. Columns of later stages may be absent: nobody was examined then.

        Returns
        -------
        DataFrame of shape (n, …)
            The index and key columns of X, then

            - ``stage``: the last stage consulted; ``p_necrosis`` with ``p_low`` and ``p_high`` after it;
            - ``call``: ``necrosis`` or ``progression`` where a stage settled it; ``uncertain`` where it did not and an
              examination is proposed; ``refer`` where none is left that is worth its cost; ``abstain`` where the
              pathway should not be asked. For other labels the table's own;
            - ``reason``;
            - ``next_examinations``: those not made, the most useful first, with the expected gain;
            - ``p_ledger``: P(RN) by published evidence alone, from the training prevalence, where there are findings;
            - ``p_necrosis_…``, ``p_low_…``, ``p_high_…`` for each stage, empty where it was not consulted.

        Raises
        ------
        radnec.errors.TableError
            If a column of the first stage is absent, or a value is infinite.
        radnec.errors.SettingsMismatchError
            If the table was made with other extraction settings than the training table.
        """
        X, way, examined = self._walked(X)
        return answers(self, X, way, self._doubts(X, way, examined), self._next(X, way, examined))

    def next_examinations(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return, for each unsettled lesion, the stages it was not examined for, the most useful first.

        Parameters
        ----------
        X : DataFrame of shape (n, …)
            As for :meth:`assess`.

        Returns
        -------
        DataFrame
            Key columns of X, ``row`` (position in X), ``stage``, ``examinations``, ``gain`` (misclassification cost it
            is expected to save), ``settles`` (how likely it settles the lesion), ``cost``, ``availability``, ``worth``
            (availability times gain less cost) and ``lesions``, how many training lesions the estimate rests on. Where
            too few had both, gain and worth are empty and the stage comes last. A stage that no model could weigh for
            the lesion is left out.
        """
        X, way, examined = self._walked(X)
        frame = self._next(X, way, examined)
        keys = self._keys(X)
        return pd.concat([X[keys].iloc[frame["row"]].reset_index(drop=True), frame], axis=1)

    def ledgers(
        self,
        X: pd.DataFrame,
        *,
        prior: float | None = None,
        weight: float = 0.7,
        evidence: EvidenceTable | pd.DataFrame | str | FilePath | None = None,
    ) -> list[Ledger]:
        """Return a ledger of each lesion's indices by published evidence, see :func:`radnec.pathway.findings.ledgers`.

        Parameters
        ----------
        X : DataFrame of shape (n, …)
            The lesions, with index columns.
        prior : float, optional
            P(RN) before any finding; the training prevalence by default.
        weight : float, default 0.7
            Discount on every log likelihood ratio, as for :class:`radnec.Ledger`.
        evidence : EvidenceTable, DataFrame, path or None
            Rows of your own, as for :class:`radnec.Ledger`.

        Returns
        -------
        list of Ledger
            One of each row.
        """
        check_is_fitted(self)
        known = min(max(self.prevalence_, 1e-6), 1 - 1e-6) if prior is None else prior
        return ledgers(X, known, weight=weight, evidence=evidence)

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probabilities after each lesion's last stage, shape (n, 2), in the order of ``classes_``.

        Raises
        ------
        radnec.errors.TableError
            If a lesion lacks the first stage.
        """
        X, way, _ = self._walked(X)
        p = way.last(way.p)
        if np.isnan(p).any():
            raise TableError(
                f"{name_row(X, int(np.isnan(p).argmax()))}: too little of the stage {self.stages_[0].name} was "
                "measured, so there is no probability. Leave the lesion out, or ask assess(X), which abstains"
            )
        columns = [p, 1 - p] if self.classes_[0] == self._config().positive else [1 - p, p]
        return np.column_stack(columns)

    def predict(self, X: pd.DataFrame) -> NDArray[Any]:
        """Return the more probable class of each lesion; errors as :meth:`predict_proba`."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def save(self, path: str | FilePath) -> FilePath:
        """Write the fitted pathway to one ``.radnec`` file, which :func:`radnec.load` reads back.

        Parameters
        ----------
        path : path-like
            The file; an existing one is replaced in one step.

        Returns
        -------
        pathlib.Path
            `path`.
        """
        from radnec.pathway.storage import save_pathway

        check_is_fitted(self)
        return save_pathway(self, FilePath(path))

    def _config(self) -> TrainingConfig:
        return self.config or TrainingConfig()

    def _stages(self) -> list[Stage]:
        return list(default_stages() if self.stages is None else self.stages)

    def _absent(self) -> list[str]:
        """Return which stages training had no column of, as a sentence; one tracer among the default ones will do."""
        names = [stage.name for stage in self._stages() if stage.name not in self.columns_]
        if self.stages is None and not set(TRACERS) <= set(names):
            names = [name for name in names if name not in TRACERS]
        return (
            [f"{', '.join(names)}: the table has no column of {'it' if len(names) == 1 else 'them'}."] if names else []
        )

    def _not_staged(self, X: pd.DataFrame) -> list[str]:
        """Return which columns of uptake no stage takes where tracers have stages of their own, as a sentence."""
        if not {stage.name for stage in self._stages()} & set(TRACERS):
            return []
        taken = {name for names in self.columns_.values() for name in names}
        names = [name for name in uptake_of_unknown(X) if name not in taken]
        it = "it" if len(names) == 1 else "them"
        told = (
            f"{', '.join(names)}: no tracer is known of {it} and no stage takes {it}; make one, Stage(name, columns)."
        )
        return [told] if names else []

    def _columns(self, X: pd.DataFrame) -> dict[str, list[str]]:
        """Return the columns of each stage, once the labels owe nothing to them."""
        found = columns_of(self._stages(), X)
        refuse_incorporation(X, [name for names in found.values() for name in names], "Stage(columns=...)")
        return found

    def _checked(self) -> TrainingConfig:
        if not is_number(self.error) or not 0 < self.error < 1 / 2:
            raise ConfigError(f"error is {self.error!r}; expected a share above 0 and below 0.5")
        if not is_number(self.fewest) or self.fewest < 2 or self.fewest % 1:
            raise ConfigError(
                f"fewest is {self.fewest!r}; expected 2 patients or more, to learn from one and try another"
            )
        if not is_number(self.least_volume_cc) or self.least_volume_cc < 0:
            raise ConfigError(f"least_volume_cc is {self.least_volume_cc!r}; expected 0 or more")
        given = [] if self.stages is None else self.stages
        if not isinstance(given, Sequence) or not all(isinstance(stage, Stage) for stage in given):
            raise ConfigError(
                f"stages is {self.stages!r}; expected a sequence of radnec.pathway.Stage, [Stage(name, columns), …]"
            )
        if self.stages is not None and not self.stages:
            raise ConfigError("stages is empty; expected one or more, or None for radnec.pathway.default_stages()")
        Costs.stated(self.costs)
        return self._config()

    def _keys(self, X: pd.DataFrame) -> list[str]:
        return [name for name in (self._config().patient, "session_id", "lesion_id") if name in X]

    def _walked(self, X: pd.DataFrame) -> tuple[pd.DataFrame, Walk, NDArray[np.bool_]]:
        check_is_fitted(self)
        check_table(X)
        same_extraction(X, self.extraction_config_)
        first = self.models_[(0,)]
        check_columns(X, first.features, first.columns())
        others = dict.fromkeys(name for recipe in self.models_.values() for name in recipe.columns())
        others |= dict.fromkeys(name for columns in self.columns_.values() for name in columns)
        missing = [name for name in others if name not in X]
        if missing:
            X = pd.concat([X, pd.DataFrame(np.nan, index=X.index, columns=missing)], axis=1)
        check_values(X, [name for columns in self.columns_.values() for name in columns], {})
        examined = examined_in(X, self.stages_, self.columns_, self.tracers_)
        way = walk(X, examined, self.models_, self.stages_, self.columns_, self.tracers_, self.error)
        return X, way, examined

    def _doubts(self, X: pd.DataFrame, way: Walk, examined: NDArray[np.bool_]) -> list[list[str]]:
        """Return, per lesion, why the pathway should not be asked; empty where it may be."""
        found = why_not(
            X,
            self.columns_[self.stages_[0].name],
            examined[:, 0],
            patient=self._config().patient,
            least_volume_cc=self.least_volume_cc,
        )
        return [[*one, *other] for one, other in zip(found, way.doubts, strict=True)]

    def _next(self, X: pd.DataFrame, way: Walk, examined: NDArray[np.bool_]) -> pd.DataFrame:
        costs = Costs.stated(self.costs)
        rows = next_rows(way, examined, self.stages_, self.models_, self.outlooks_, costs)
        return pd.DataFrame(rows, columns=list(NEXT_COLUMNS))
