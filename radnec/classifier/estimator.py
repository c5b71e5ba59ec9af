"""RadnecClassifier: the whole recipe as a scikit-learn classifier."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from radnec.classifier import describe
from radnec.classifier.identity import identity_of
from radnec.classifier.inputs import (
    as_frame,
    check_new_scanners,
    labels_of,
    patients_of,
    refuse_unseen,
    truth_of,
    two_classes,
    with_unmeasured,
    without_numbered_names,
)
from radnec.classifier.judging import judged
from radnec.classifier.parameters import SettingsAsParameters
from radnec.classifier.training_rows import TrainingRows
from radnec.errors import ConfigError, LabelError, TableError
from radnec.evaluation.ladder import LOG_VOLUME, simple_recipe, with_volume
from radnec.model.calibrate import fit_recalibration
from radnec.model.configured import full_recipe
from radnec.model.door import check_columns, check_table, check_values
from radnec.model.likeness import quantiles, synthetic_rows
from radnec.model.measured import extraction_of, same_extraction
from radnec.model.profile import Profile
from radnec.model.recipe import canonical_order
from radnec.model.replicates import Replicates
from radnec.model.roles import Roles, roles_of
from radnec.model.splits import PatientFolds, fresh_seed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from radnec.config import TrainingConfig
    from radnec.evaluation.result import Evaluation


class RadnecClassifier(ClassifierMixin, SettingsAsParameters):  # type: ignore[misc]
    """Tells radiation necrosis from tumour progression with calibrated probabilities.

    The recipe (harmonise, impute, filter, scale, select, classify, calibrate, conformal sets) is learnt in ``fit``
    on patient-grouped folds; see :class:`radnec.model.recipe.Recipe`.

    Parameters
    ----------
    config : TrainingConfig, optional
        All settings; None means ``TrainingConfig()``.
    unseen : {"error", "reference"}, default "error"
        What ``predict`` and ``predict_proba`` do with a scanner that training never saw: refuse, or standardise with
        the grand mean. :meth:`assess` never refuses such rows, it abstains.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Sorted labels; the columns of ``predict_proba``.
    recipe_ : Recipe
        The fitted recipe.
    feature_names_ : list of str
        Columns the model reads.
    extraction_config_ : ExtractionConfig or None
        How the features were measured, when the training table knew it.
    summary_ : dict
        What it was trained on, in numbers; no patient data.
    training_rows_ : TrainingRows
        Hashes by which training rows are recognised; the rows cannot be computed from them.
    random_state_ : int
        The seed used.
    better_than_prevalence_ : bool
        Whether the out-of-fold log loss is below that of the prevalence beyond chance.

    Examples
    --------
    >>> from radnec.config import TrainingConfig
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=30, n_features=20, effect=3.0, random_state=0)
    >>> config = TrainingConfig(candidates=("logistic",), draws=2, random_state=0)
    >>> model = RadnecClassifier(config).fit(table, table["label"])
    >>> [str(name) for name in model.classes_]
    ['necrosis', 'progression']
    >>> model.assess(table).columns.tolist()[-8:]
    ['p_necrosis', 'p_low', 'p_high', 'prediction_set', 'call', 'reason', 'novelty', 'outlying_feature']
    """

    def __init__(
        self, config: TrainingConfig | None = None, *, unseen: Literal["error", "reference"] = "error"
    ) -> None:
        self.config = config
        self.unseen = unseen

    def fit(
        self, X: Any, y: ArrayLike, groups: ArrayLike | None = None, *, replicates: pd.DataFrame | None = None
    ) -> Self:
        """Learn from rows and their labels.

        Parameters
        ----------
        X : DataFrame or array of shape (n, …)
            A feature table, from which `config` picks the columns; in an array every column is a feature.
        y : array of shape (n,)
            Labels of two classes.
        groups : array of shape (n,), optional
            Patient of each row; by default the patient column of X. Without either, every row counts as a patient.
        replicates : DataFrame, optional
            Repeated measurements of the same lesions, such as :func:`radnec.features.perturb.perturb` gives: in each
            fold only the features that repeat in its training patients are learnt from. None of its rows is kept.

        Returns
        -------
        RadnecClassifier
            Itself.

        Raises
        ------
        radnec.errors.LabelError
            If there are not two classes, or a class has fewer than two patients.
        radnec.errors.TableError
            If columns are absent or hold infinite values, or the replicates do not belong to the rows.
        radnec.errors.LeakageError
            If an outcome column is among the features.
        """
        settings = self._settings()
        self._check_parameters()
        X = without_numbered_names(X)
        frame, labels = self._training_input(X, y)
        named = isinstance(X, pd.DataFrame)
        patients = patients_of(frame, groups, settings.patient, named=named)
        roles = roles_of(frame, settings) if named else Roles(list(frame.columns))
        check_values(frame, roles.features, roles.batches, roles.covariates)
        next(PatientFolds(2).repeats(labels, patients))
        self.positive_ = settings.positive if settings.positive in list(self.classes_) else self.classes_[1]
        truth = truth_of(labels, self.classes_.tolist(), self.positive_)
        self.random_state_ = fresh_seed() if settings.random_state is None else settings.random_state
        same_extraction(replicates, extraction_of(X))
        repeated = None if replicates is None else Replicates.of(replicates, roles.features, patients, settings)
        frame = with_volume(frame)
        order = canonical_order(frame[roles.features], truth, patients)
        frame, truth, patients = frame.iloc[order], truth[order], patients[order]
        self.feature_names_ = roles.features
        self.recipe_ = full_recipe(roles, settings, self.random_state_, n_jobs=settings.n_jobs)
        self.recipe_.fit(frame, truth, patients, repeated)
        self.volume_recipe_ = None
        if LOG_VOLUME in frame:
            self.volume_recipe_ = simple_recipe([LOG_VOLUME], settings, self.random_state_).fit(frame, truth, patients)
        self.extraction_config_ = extraction_of(X)
        read = frame[self.recipe_.columns()]
        self.reference_ = quantiles(read)
        self.canary_ = synthetic_rows(read, self.reference_)
        self.profile_: Profile | None = Profile.of(read, patients, self.recipe_.numbers_, roles.batches)
        self.summary_ = describe.summarise_training(frame, truth, patients, self.recipe_, roles, settings, repeated)
        self.training_rows_ = TrainingRows.of(frame, self.feature_names_)
        self.better_than_prevalence_ = self.recipe_.gain_["high"] < 0
        origin = settings.digest(), str(self.random_state_), read, truth
        self.identity_ = identity_of(*origin, *([] if repeated is None else [repeated.table]))
        self.parent_: str | None = None
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the calibrated probabilities, shape (n, 2), in the order of ``classes_``.

        Raises
        ------
        radnec.errors.TableError
            If a column the model reads is absent.
        radnec.errors.UnseenBatchError
            If a row comes from a scanner that training never saw, unless ``unseen="reference"``.
        """
        self._check_parameters()
        frame = self._input(X)
        check_values(frame, self.recipe_.features, {})
        if self.unseen == "error":
            refuse_unseen(self.recipe_.unseen_rows(frame), self.recipe_.seen_)
        p = self.recipe_.predict_proba(frame) if len(frame) else np.zeros(0)
        columns = [p, 1 - p] if self.classes_[0] == self.positive_ else [1 - p, p]
        return np.column_stack(columns)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the more probable class of each row; errors as :meth:`predict_proba`."""
        most = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[most])

    def assess(self, X: pd.DataFrame, *, prevalence: float | None = None) -> pd.DataFrame:
        """Judge lesions, with an honest "uncertain".

        Parameters
        ----------
        X : DataFrame of shape (n, …)
            A feature table; extra columns are ignored.
        prevalence : float, optional
            Share of the positive class where X comes from, when it is known to differ from the model's. A last column
            ``p_at_prevalence`` then re-weights ``p_necrosis`` to it; the prediction sets hold each class at its rate
            whatever its prevalence, so they and the calls stay.

        Returns
        -------
        DataFrame of shape (n, …)
            The index and key columns of X, then ``p_necrosis`` with ``p_low`` and ``p_high`` (the range of the fold
            models' calibrated probabilities, or the mean Venn-Abers interval; not a confidence interval),
            ``prediction_set`` (holds the truth at the rate ``1 - config.error`` for each class), ``call``
            (``necrosis``, ``progression``, ``uncertain`` or ``abstain``; for other labels the table's own),
            ``reason``, ``novelty`` (share of the used features outside their training range) and
            ``outlying_feature`` (the one farthest outside).

        Raises
        ------
        radnec.errors.TableError
            If a column the model reads is absent, or infinite.
        radnec.errors.SettingsMismatchError
            If the table was made with other extraction settings than the training table.
        radnec.errors.LabelError
            If the model was trained on labels without the positive class that `config` names.
        radnec.errors.ConfigError
            If `prevalence` is not between 0 and 1.
        """
        check_is_fitted(self)
        if self.positive_ != self._settings().positive:
            raise LabelError(
                f"the model was trained on the classes {self.classes_.tolist()}, without the positive class "
                f"{self._settings().positive!r}; name it with TrainingConfig(positive=...) and train again"
            )
        check_table(X)
        same_extraction(X, self.extraction_config_)
        X = with_unmeasured(X, self.recipe_.features)
        return judged(self, X, self._input(X), self._settings(), prevalence)

    def adapt(self, X: pd.DataFrame) -> RadnecClassifier:
        """Return a new model that also harmonises the scanners of X it had no effect of.

        Parameters
        ----------
        X : DataFrame
            Unlabelled rows of scanners that training never saw, or saw too few rows of; the more, the better.

        Returns
        -------
        RadnecClassifier
            A new model; ``parent_`` names this one.

        Raises
        ------
        radnec.errors.TableError
            If no row comes from a scanner without an effect of its own, or a feature is infinite.
        radnec.errors.SettingsMismatchError
            If the table was made with other extraction settings than the training table.

        Warns
        -----
        radnec.errors.TrainingWarning
            If a new scanner has fewer than ``config.min_batch`` rows, or rows that training knew from another scanner.
        """
        frame = self._measured_alike(X).reset_index(drop=True)
        scanners, known = self.recipe_.learnable_rows(frame), self.training_rows_.found_in(frame)
        moved = known & np.array(self.recipe_.unseen_rows(frame) != "")
        check_new_scanners(scanners, self._settings().min_batch, moved)
        adapted = self._child("adapt", frame, describe.adapted_note(scanners, known))
        adapted.recipe_ = self.recipe_.adapt(frame)
        return adapted

    def recalibrate(self, X: pd.DataFrame, y: ArrayLike, *, slope: bool = True) -> RadnecClassifier:
        """Return a new model whose probabilities are mended on labelled rows of a new place.

        The intercept and slope of the log-odds are fitted with priors at 0 and 1, so that few events move them
        little (:func:`radnec.model.calibrate.fit_recalibration`); ranking and prediction sets stay as they were.

        Parameters
        ----------
        X : DataFrame of shape (n, …)
            Rows of the new place.
        y : array of shape (n,)
            Their labels.
        slope : bool, default True
            False mends the intercept alone: enough where only the prevalence differs, and safer with few events.

        Returns
        -------
        RadnecClassifier
            A new model; ``parent_`` names this one.

        Raises
        ------
        radnec.errors.SettingsMismatchError
            If the table was made with other extraction settings than the training table.
        radnec.errors.LabelError
            If `y` holds a value that is not one of the model's classes, or only one of them.
        radnec.errors.LeakageError
            If the model was trained on some of the rows.
        radnec.errors.UnseenBatchError
            If a row comes from a scanner that training never saw, unless ``unseen="reference"``.
        """
        frame = self._measured_alike(X)
        self.training_rows_.refuse(X, "On its own training rows a model looks better calibrated than it is")
        if self.unseen == "error":
            refuse_unseen(self.recipe_.unseen_rows(frame), self.recipe_.seen_)
        check_consistent_length(X, y)
        truth = truth_of(y, self.classes_.tolist(), self.positive_)
        if len(set(truth)) < 2:
            raise LabelError(
                "all rows to recalibrate on are of one class; expected both, or the intercept has no limit"
            )
        shift, factor = fit_recalibration(self.recipe_.predict_proba(frame), truth, slope=slope)
        labelled = pd.concat([frame, pd.Series(truth, index=frame.index)], axis=1)
        kind = "recalibrate" if slope else "recalibrate the intercept"
        mended = self._child(kind, labelled, describe.recalibrated_note(truth, shift, factor))
        mended.training_rows_ = self.training_rows_.with_rows(frame)
        before = self.recipe_.adjustment_
        mended.recipe_ = copy.copy(self.recipe_)
        mended.recipe_.adjustment_ = [shift + factor * before[0], factor * before[1]]
        mended.recipe_.prevalence_ = float(truth.mean())
        return mended

    def save(self, path: str | Path, *, evaluation: Evaluation | None = None) -> Path:
        """Write the model to one ``.radnec`` file.

        Parameters
        ----------
        path : path-like
            The file; an existing one is replaced in one step.
        evaluation : Evaluation, optional
            Its ladder and conclusions go into the model card.

        Returns
        -------
        pathlib.Path
            `path`.
        """
        from radnec.classifier.storage import save_model

        check_is_fitted(self)
        return save_model(self, Path(path), evaluation)

    def _check_parameters(self) -> None:
        self._settings()
        if self.unseen not in ("error", "reference"):
            raise ConfigError(f"unseen={self.unseen!r}; expected 'error' or 'reference'")

    def _training_input(self, X: Any, y: ArrayLike) -> tuple[pd.DataFrame, NDArray[Any]]:
        if isinstance(X, pd.DataFrame):
            check_table(X)
            validate_data(self, X, skip_check_array=True)
            labels = labels_of(y)
            check_consistent_length(X, labels)
            frame = X.reset_index(drop=True)
        else:
            values, labels = validate_data(self, X, y, dtype=float, ensure_all_finite="allow-nan")
            frame = as_frame(values)
        self.classes_ = two_classes(labels)
        return frame, np.asarray(labels)

    def _input(self, X: Any) -> pd.DataFrame:
        check_is_fitted(self)
        X = without_numbered_names(X)
        if isinstance(X, pd.DataFrame):
            check_table(X)
            check_columns(X, self.recipe_.features, self.recipe_.columns())
            return X[self.recipe_.columns()]
        if not hasattr(self, "feature_names_in_"):
            return as_frame(validate_data(self, X, dtype=float, ensure_all_finite="allow-nan", reset=False))
        raise TableError(
            f"found a {type(X).__name__}; the model was trained on named columns. Expected a DataFrame that holds "
            f"{self.feature_names_[0]!r} and {len(self.feature_names_) - 1} more"
        )

    def _measured_alike(self, X: Any) -> pd.DataFrame:
        """Return the columns that are read, of a table that new models may be made of."""
        frame = self._input(X)
        same_extraction(X, self.extraction_config_)
        check_values(frame, self.recipe_.features, {})
        return frame

    def _child(self, kind: str, frame: pd.DataFrame, note: str) -> RadnecClassifier:
        child = copy.copy(self)
        child.parent_ = self.identity_
        rows = np.sort(pd.util.hash_pandas_object(frame, index=False).to_numpy())
        child.identity_ = identity_of(self.identity_, kind, rows)
        child.summary_ = {**self.summary_, "notes": [*self.summary_["notes"], note]}
        return child

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def _repr_html_(self) -> str:
        return describe.html(self)

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        """Return the settings; of a fitted model also what it learnt from, and whether it learnt anything."""
        return describe.text(self) if hasattr(self, "recipe_") else str(super().__repr__(N_CHAR_MAX))
