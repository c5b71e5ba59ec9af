"""Removes scanner effects from a feature table (ComBat), learnt on training rows and applied to new ones."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from radnec.errors import ConfigError, TableError
from radnec.model import design
from radnec.model.batch_effects import BatchEffects, Shrinkage, batch_effects, without_batch_effect
from radnec.model.covariates import code_covariates, coded_names, covariate_levels, refuse_confounding
from radnec.model.empirical_bayes import Hyperprior
from radnec.model.location_scale import LocationScale, blocks, location_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

_CHOICES = {
    "unseen": ("error", "reference"),
    "single": ("mean_only", "error"),
    "covariates_at_transform": ("required", "mean"),
}

#: Attributes with one entry per batch.
_PER_BATCH = ("batch_rows_", *(f"{name}_" for name in BatchEffects._fields))


class ComBat(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Take the shift and scale of each scanner off every feature, keeping the effect of covariates.

    The batch is a column of `X`, in ``fit`` and in ``transform``; both drop it, and the covariates, from the
    answer. What a row becomes depends on that row and on the training rows, never on the other rows of the
    call.

    Parameters
    ----------
    batch : str
        Column that holds the batch (scanner).
    covariates : sequence of str, default ()
        Columns whose effect is preserved. Numbers are used as they are; booleans, strings and categories
        become one column per level after the first. Never the label: it would leak the outcome into the
        features.
    parametric : bool, default True
        Normal and inverse-gamma priors; False uses the empirical distribution of the other features.
    eb : bool, default True
        Shrink each batch's estimates across features (empirical Bayes). With fewer than two features there is
        nothing to share, and the plain estimates are used.
    mean_only : bool, default False
        Correct the shift and leave the scale.
    reference : scalar or None, default None
        A batch that stays as it is, and to which the others are brought.
    unseen : {"error", "reference"}, default "error"
        What ``transform`` does with rows of a batch that ``fit`` never saw: refuse them, or take them as
        already on the scale of the grand mean (of the `reference` batch), which leaves them as they are. A
        feature that was missing throughout a batch is unseen for that batch.
    single : {"mean_only", "error"}, default "mean_only"
        What a batch of one row does: switch every batch to mean-only, as sva does, or be refused.
    covariates_at_transform : {"required", "mean"}, default "required"
        Whether ``transform`` reads the covariates, or puts their training means in their place.
    tol : float, default 1e-4
        Stopping rule of the parametric iteration, sva's by default.
    max_iter : int, default 1000
        Iterations at most.

    Attributes
    ----------
    features_ : list of str
        Feature columns, in the order of the training table: all columns but batch and covariates.
    batches_ : list
        Batches known, sorted; batches added by :meth:`adapt` follow.
    batch_rows_ : ndarray of int, shape (n_batches,)
        Rows each batch was learnt from.
    grand_mean_ : ndarray of shape (n_features,)
        Where every batch is brought to, at the training mean of the covariates.
    pooled_variance_ : ndarray of shape (n_features,)
        Residual variance within batches.
    gamma_hat_, delta_hat_ : ndarray of shape (n_batches, n_features)
        Estimated shift (in pooled SDs) and squared scale before shrinkage; NaN where a batch never showed a
        feature (`delta_hat_`: showed fewer than two values).
    gamma_star_, delta_star_ : ndarray of shape (n_batches, n_features)
        Shift and squared scale that are taken off; 0 and 1 where nothing is.
    learnt_ : ndarray of bool, shape (n_batches, n_features)
        Whether the batch showed the feature.
    harmonised_ : ndarray of bool, shape (n_features,)
        False for features left alone: constant within a batch, without spread, or never seen together with
        what their covariate effects need.
    covariate_levels_ : dict of list
        Levels of each categorical covariate.
    covariate_names_ : list of str
        Coded covariate columns (n_coded), with `covariate_means_` in training.
    covariate_effects_ : ndarray of shape (n_coded, n_features)
        Their slopes; 0 for a covariate that was constant in training.
    mean_only_ : bool
        Whether only shifts are corrected.
    identity_ : bool
        Whether training held fewer than two batches, so that nothing is changed.
    prior_ : dict of float
        Moments of the priors that :meth:`adapt` uses, averaged over the training batches.
    n_iter_ : ndarray of int, shape (n_batches,)
        Iterations of the parametric estimate; 0 where there was none.

    Raises
    ------
    radnec.errors.ConfigError
        If a parameter is not one of its choices.
    radnec.errors.TableError
        If a column or a batch value is missing, a feature is not numeric, or a covariate is confounded with
        the batch.
    radnec.errors.UnseenBatchError
        If ``unseen="error"`` and ``transform`` meets a batch that is not in ``batches_``.

    Notes
    -----
    The method is that of Johnson et al. [1]_ with the conventions of Bioconductor's sva 3.46 [2]_, in whose
    terms the attributes are named: features constant within a batch are left alone, missing cells are skipped
    and stay missing, and where any cell is missing the pooled variance is divided by n - 1 instead of n.
    Fitting keeps no patient row.

    scikit-learn's ``check_estimator`` does not apply, because it feeds arrays without the named batch column.

    References
    ----------
    .. [1] Johnson WE, Li C, Rabinovic A. Adjusting batch effects in microarray expression data using
       empirical Bayes methods. Biostatistics 2007;8:118-127.
    .. [2] Leek JT, Johnson WE, Parker HS, Jaffe AE, Storey JD. The sva package for removing batch effects and
       other unwanted variation in high-throughput experiments. Bioinformatics 2012;28:882-883.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(60, 4)), columns=["f1", "f2", "f3", "f4"])
    >>> X["scanner_id"] = np.repeat(["A", "B"], 30)
    >>> X.loc[X["scanner_id"] == "B", "f1"] += 5
    >>> combat = ComBat(batch="scanner_id").fit(X)
    >>> centred = combat.transform(X).groupby(X["scanner_id"])["f1"].mean()
    >>> bool(abs(centred["A"] - centred["B"]) < 0.2)
    True
    >>> combat.transform(X.iloc[:1].assign(scanner_id="C"))
    Traceback (most recent call last):
    ...
    radnec.errors.UnseenBatchError: scanner_id 'C' (1 row, first 0) is not among the batches ComBat was fitted
    on: 'A', 'B'. Learn it from unlabelled rows with combat.adapt(rows), or leave such rows unshifted with
    ComBat(batch='scanner_id', unseen='reference')
    """

    def __init__(
        self,
        *,
        batch: str,
        covariates: Sequence[str] = (),
        parametric: bool = True,
        eb: bool = True,
        mean_only: bool = False,
        reference: str | float | None = None,
        unseen: Literal["error", "reference"] = "error",
        single: Literal["mean_only", "error"] = "mean_only",
        covariates_at_transform: Literal["required", "mean"] = "required",
        tol: float = 1e-4,
        max_iter: int = 1000,
    ) -> None:
        self.batch = batch
        self.covariates = covariates
        self.parametric = parametric
        self.eb = eb
        self.mean_only = mean_only
        self.reference = reference
        self.unseen = unseen
        self.single = single
        self.covariates_at_transform = covariates_at_transform
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Learn shift and scale of every batch in `X`.

        Parameters
        ----------
        X : DataFrame
            Training rows: batch, covariates, and features.
        y : ignored
            For scikit-learn's pipelines.
        """
        self._check_parameters()
        named = [self.batch, *self.covariates]
        design.require_table(X, named)
        if X.empty:
            raise TableError("ComBat has nothing to learn from: the table has no rows")
        self.features_ = [name for name in X.columns.tolist() if name not in named]
        design.require_numbers(X, self.features_)
        self.feature_names_in_ = np.array([*named, *self.features_], dtype=object)
        self.n_features_in_ = self.feature_names_in_.size
        column = design.batch_column(X, self.batch)
        self.batches_ = design.sorted_levels(column)
        members = design.batch_members(column, self.batches_)
        self.batch_rows_ = np.array([rows.size for rows in members])
        self.identity_ = len(self.batches_) < 2
        self.mean_only_ = bool(self.mean_only or (self.batch_rows_ == 1).any())
        coded = self._learn_covariates(X, members)
        fixed = self._fixed_batch(coded.shape[1])
        measured = location_scale(self._reader(X), len(self.features_), members, coded)
        self.covariate_effects_ = measured.effects
        self.grand_mean_ = measured.grand_mean(self.batch_rows_, fixed)
        self.pooled_variance_ = measured.pooled_variance(self.batch_rows_, fixed)
        self.harmonised_ = measured.adjustable(self.pooled_variance_)
        self._learn_batches(measured, fixed)
        others = [batch for batch in range(len(self.batches_)) if batch != fixed]
        self.prior_ = Hyperprior.frozen(self.gamma_hat_[others], self.delta_hat_[others])._asdict()
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Take the learnt shift and scale of each row's batch off.

        Parameters
        ----------
        X : DataFrame
            Rows with the columns of ``feature_names_in_``, in any order; other columns are ignored.

        Returns
        -------
        DataFrame of shape (n_rows, n_features)
            The columns ``features_`` as float64, with the index of `X`.

        Raises
        ------
        radnec.errors.UnseenBatchError
            If a row's batch (or a feature's value in it) was never seen and ``unseen="error"``.
        """
        column, coded = self._read(X)
        if self.unseen == "error":
            design.refuse_unseen(column, self.batches_)
        members = design.batch_members(column, self.batches_)
        out = np.empty((len(self.features_), len(X)))
        read = self._reader(X)
        for block in blocks(len(X), len(self.features_)):
            out[block] = values = read(block)
            for batch, rows in enumerate(members):
                if rows.size:
                    own = values.take(rows, axis=1)
                    if self.unseen == "error":
                        lost = ~self.learnt_[batch, block] & self.harmonised_[block]
                        design.refuse_unlearnt(column.iloc[rows], own, self.features_[block], lost)
                    out[block, rows] = without_batch_effect(
                        own,
                        location=self.gamma_star_[batch, block],
                        scale=self.delta_star_[batch, block],
                        centre=self.grand_mean_[block],
                        sd=np.sqrt(self.pooled_variance_[block]),
                        covariates=coded[rows],
                        effects=self.covariate_effects_[:, block],
                    )
        return pd.DataFrame(out.T, index=X.index, columns=self.features_, copy=False)

    def adapt(self, X: pd.DataFrame) -> Self:
        """Return a copy that also knows the new batches in `X`, learnt from unlabelled rows.

        The grand mean, pooled variance and covariate effects of training stay. A new batch's shift and scale
        are shrunk towards a prior whose centre is the batch's own mean shift over features and whose other
        moments are averages over the training batches (also with ``parametric=False``): a handful of rows
        cannot show the spread of a scanner's effects, other scanners can. With ``eb=False`` nothing is
        shrunk, which needs many rows. Rows whose mix of outcomes differs from training's put that difference
        into the shift.

        Parameters
        ----------
        X : DataFrame
            Rows of new batches with the columns of ``feature_names_in_``; rows of known batches are ignored.

        Returns
        -------
        ComBat
            A new fitted transformer; this one, and what both do to known batches, stay as they are.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> X = pd.DataFrame(rng.normal(size=(60, 3)), columns=["f1", "f2", "f3"])
        >>> combat = ComBat(batch="scanner_id").fit(X.assign(scanner_id=np.repeat(["A", "B"], 30)))
        >>> combat.adapt((X.head(10) + 2).assign(scanner_id="C")).batches_
        ['A', 'B', 'C']
        """
        column, coded = self._read(X)
        fresh = ~column.isin(self.batches_).to_numpy()
        adapted = copy(self)
        if not fresh.any():
            return adapted
        adapted.batches_ = design.sorted_levels(column[fresh])
        members = design.batch_members(column, adapted.batches_)
        adapted.batch_rows_ = np.array([rows.size for rows in members])
        measured = location_scale(self._reader(X), len(self.features_), members, coded, self.covariate_effects_)
        adapted._learn_batches(measured, None, Hyperprior(**self.prior_))
        adapted.batches_ = [*self.batches_, *adapted.batches_]
        adapted.identity_ = False
        for name in _PER_BATCH:
            setattr(adapted, name, np.concatenate([getattr(self, name), getattr(adapted, name)]))
        return adapted

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return the names of the columns that ``transform`` gives.

        Parameters
        ----------
        input_features : ignored
            For scikit-learn's pipelines.

        Returns
        -------
        ndarray of str, shape (n_features,)
            ``features_``.
        """
        check_is_fitted(self)
        return np.array(self.features_, dtype=object)

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: missing cells are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_parameters(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise ConfigError(f"ComBat({name}={value!r}): expected {' or '.join(map(repr, choices))}")
        if isinstance(self.covariates, str):
            raise ConfigError(f"ComBat(covariates={self.covariates!r}): expected a list, such as [{self.covariates!r}]")
        if self.batch in self.covariates:
            raise ConfigError(f"ComBat: {self.batch!r} is the batch; it cannot be a covariate too")
        if not (self.tol > 0 and self.max_iter >= 1):
            raise ConfigError(f"ComBat(tol={self.tol!r}, max_iter={self.max_iter!r}): expected tol > 0, max_iter ≥ 1")

    def _fixed_batch(self, n_coded: int) -> int | None:
        """Position of the batch that stays as it is: the reference, or the only one."""
        design.refuse_thin_batches(
            self.batch,
            dict(zip(self.batches_, self.batch_rows_.tolist(), strict=True)),
            n_coded=n_coded,
            reference=self.reference,
            allow_single=self.single == "mean_only",
        )
        if self.reference is not None:
            return self.batches_.index(self.reference)
        return 0 if self.identity_ else None

    def _reader(self, X: pd.DataFrame) -> Callable[[slice], Floats]:
        positions = X.columns.get_indexer(pd.Index(self.features_))
        return lambda block: design.feature_values(X, positions[block])

    def _read(self, X: pd.DataFrame) -> tuple[pd.Series[Any], Floats]:
        """Batch of each row, and its coded covariates about their training means."""
        check_is_fitted(self)
        needed = self.covariates_at_transform == "required"
        design.require_table(X, [self.batch, *(self.covariates if needed else ()), *self.features_])
        design.require_numbers(X, self.features_)
        column = design.batch_column(X, self.batch)
        if not needed:
            return column, np.zeros((len(X), len(self.covariate_names_)))
        return column, code_covariates(X, self.covariates, self.covariate_levels_) - self.covariate_means_

    def _learn_covariates(self, X: pd.DataFrame, members: list[Rows]) -> Floats:
        self.covariate_levels_ = covariate_levels(X, self.covariates)
        self.covariate_names_ = coded_names(self.covariates, self.covariate_levels_)
        coded = code_covariates(X, self.covariates, self.covariate_levels_)
        self.covariate_means_ = coded.mean(axis=0)
        constant = (coded == coded[0]).all(axis=0)
        coded = np.where(constant, 0.0, coded - self.covariate_means_)
        if not self.identity_:
            refuse_confounding(coded, self.covariate_names_, members, self.batch)
        return coded

    def _learn_batches(self, measured: LocationScale, fixed: int | None, frozen: Hyperprior | None = None) -> None:
        how = Shrinkage(self.eb, self.parametric, self.mean_only_, self.tol, self.max_iter)
        sd = np.sqrt(self.pooled_variance_)
        effects = batch_effects(measured, self.harmonised_, self.grand_mean_, sd, how, fixed=fixed, frozen=frozen)
        for name, value in zip(BatchEffects._fields, effects, strict=True):
            setattr(self, f"{name}_", value)
