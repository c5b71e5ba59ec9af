"""Tests whether a whole recipe learns anything, by permuting the labels of patients."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from radnec.errors import ConfigError, LabelError, TableError
from radnec.evaluation import concordance
from radnec.evaluation.crossval import predict_fold
from radnec.evaluation.exchange import Exchange
from radnec.evaluation.metrics import row_log_loss
from radnec.evaluation.study import Study

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from radnec.config import TrainingConfig
    from radnec.model.splits import Split

    Folds = list[list[Split]]

Statistic = Literal["auc", "log_loss"]

#: Times that labels are dealt for one permutation before it is given up; dealing with folds kept apart can fail.
_DEALS = 100


@dataclass(frozen=True, eq=False)
class Permutation:
    """Outcome of a permutation test of a recipe.

    Attributes
    ----------
    statistic : {"auc", "log_loss"}
        What was compared.
    value : float
        The cross-validated statistic under the labels as they are.
    null : ndarray of float, shape (n_permutations,)
        The same under permuted labels.
    p_value : float
        One more than the permutations that do as well, over one more than all.
    smallest : float
        The smallest p-value that so many permutations of these patients can give.
    """

    statistic: Statistic
    value: float
    null: NDArray[np.float64]
    p_value: float
    smallest: float

    @property
    def sentence(self) -> str:
        """What it says of the recipe."""
        told, reached = ("AUC", "or more") if self.statistic == "auc" else ("log loss", "or less")
        value = f"{self.value:.{2 if self.statistic == 'auc' else 3}f}"
        count = round(self.p_value * (len(self.null) + 1)) - 1
        least = " (the smallest p that these can give)" if self.p_value <= self.smallest else ""
        return (
            f"Permutation test: with the labels dealt to other patients the recipe reached its {told} of {value} "
            f"{reached} in {count} of {len(self.null)} repetitions, p = {self.p_value:.2g}{least}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON can hold it."""
        return {**vars(self), "null": self.null.tolist()}

    def __repr__(self) -> str:
        return (
            f"<Permutation of {len(self.null)}: {self.statistic} {self.value:.3f}, under permuted labels "
            f"{np.median(self.null):.3f}; p = {self.p_value:.3g} (smallest possible {self.smallest:.3g})>"
        )


def permutation_test(
    table: pd.DataFrame,
    config: TrainingConfig | None = None,
    *,
    n_permutations: int = 200,
    statistic: Statistic = "auc",
    within: str | None = None,
    replicates: pd.DataFrame | None = None,
) -> Permutation:
    """Test whether the whole recipe tells the classes apart better than it would tell permuted labels.

    Everything is done anew for every permutation: folds, harmonisation, selection, search, calibration. Labels are
    exchanged between patients with the same number of lesions, whole patterns at a time, and within patients; see
    :class:`radnec.evaluation.exchange.Exchange`.

    Parameters
    ----------
    table : DataFrame
        A feature table; :func:`radnec.labelled` chooses its rows.
    config : TrainingConfig, optional
        All settings. A permutation costs ``outer_folds * outer_repeats`` fits of the recipe, so few repeats and
        quick candidates pay; ``n_jobs`` spreads the permutations and never changes the result.
    n_permutations : int, default 200
        How many.
    statistic : {"auc", "log_loss"}, default "auc"
        What is compared; the AUC counts only pairs scored by the same fold's model.
    within : str, optional
        Column, such as ``site_id``, whose values labels are never exchanged between. Without it the test answers
        whether the features say anything, be it by telling the site.
    replicates : DataFrame, optional
        Repeated measurements of the lesions, which stay with their patients.

    Returns
    -------
    Permutation
        The statistic, its null distribution and the p-value.

    Raises
    ------
    radnec.errors.ConfigError
        If `n_permutations` is below 1 or `statistic` is unknown.
    radnec.errors.TableError
        If `within` is no column.
    radnec.errors.LabelError
        If no two patients can exchange labels, or no row is fit to learn from.

    Notes
    -----
    A recipe that finds nothing often predicts a constant, whose AUC is 0.5. Such ties count as doing as well, so that
    p is larger than it need be where nothing was found; small p-values are exact, and those of the log loss,
    which hardly ever ties, are exact throughout.

    One is added to both counts, without which p would be 0 too often: Phipson and Smyth, Statistical Applications
    in Genetics and Molecular Biology 2010;9:39. Ojala and Garriga, Journal of Machine Learning Research
    2010;11:1833, test 1.

    Examples
    --------
    >>> from radnec.config import TrainingConfig
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=40, n_features=10, effect=4.0, random_state=0)
    >>> quick = {"candidates": ("logistic",), "draws": 1, "outer_folds": 2, "outer_repeats": 1, "inner_folds": 2}
    >>> permutation_test(table, TrainingConfig(**quick, random_state=0), n_permutations=9).p_value
    0.1
    """
    if n_permutations < 1:
        raise ConfigError(f"n_permutations is {n_permutations}; expected at least 1")
    if statistic not in ("auc", "log_loss"):
        raise ConfigError(f"statistic is {statistic!r}; expected auc or log_loss")
    study = Study.of(table, config, replicates=replicates)
    exchange = _exchange(study, within)
    ways = exchange.log_arrangements(study.y)
    if ways < math.log(2) / 2:
        raise LabelError(
            "no two patients can exchange labels: expected patients with the same number of lesions"
            f"{'' if within is None else f' within {within}'} and different labels. Learn from one lesion per patient, "
            "or leave out the test"
        )
    rng = np.random.default_rng([study.seed, n_permutations])
    dealt = [(study.y, study.folds(study.y)), *(_deal(study, exchange, rng) for _ in range(n_permutations))]
    results = Parallel(n_jobs=study.config.n_jobs, return_as="generator")(
        delayed(_statistic)(study, y, repeats, statistic) for y, repeats in dealt
    )
    found = np.array(list(tqdm(results, total=len(dealt), desc="permute", unit="fit", disable=None, leave=False)))
    value, null = float(found[0]), found[1:]
    better = null >= value - 1e-12 if statistic == "auc" else null <= value + 1e-12
    smallest = max(1 / (1 + n_permutations), math.exp(-ways))
    return Permutation(statistic, value, null, float((1 + better.sum()) / (1 + n_permutations)), smallest)


def _exchange(study: Study, within: str | None) -> Exchange:
    if within is not None and within not in study.table:
        raise TableError(f"the table has no column {within!r} to permute within; expected one such as site_id")
    return Exchange.between(
        study.patients,
        lesions=study.table["lesion_id"].astype(str) if "lesion_id" in study.table else None,
        strata=None if within is None else study.table[within],
    )


def _deal(study: Study, exchange: Exchange, rng: np.random.Generator) -> tuple[NDArray[np.bool_], Folds]:
    """Return labels dealt anew that the outer folds can be learnt with, and these folds.

    The labels as they are belong to these too, so that the test stays exact.
    """
    for _ in range(_DEALS):
        y = exchange.shuffle(study.y, rng)
        with contextlib.suppress(LabelError):
            return y, study.folds(y)
    raise LabelError(
        f"labels dealt anew {_DEALS} times always left a fold with too few patients of a class to learn from; deal "
        'them within sites with within="site_id", or use TrainingConfig(outer="patients")'
    )


def _statistic(study: Study, y: NDArray[np.bool_], repeats: Folds, statistic: Statistic) -> float:
    """Return the cross-validated statistic of the recipe under the labels `y`."""
    p, fold = np.empty((len(repeats), len(y))), np.empty((len(repeats), len(y)), dtype=np.intp)
    for repeat, splits in enumerate(repeats):
        for number, split in enumerate(splits):
            result = predict_fold(
                study.recipe, study.table, y, study.patients, split, study.config, replicates=study.replicates
            )
            p[repeat, split[1]], fold[repeat, split[1]] = result.p, number
    if statistic == "log_loss":
        return float(row_log_loss(y, p).mean())
    concordant, compared = concordance.pairs(y, p, fold)
    return float(concordant.sum() / compared.sum())
