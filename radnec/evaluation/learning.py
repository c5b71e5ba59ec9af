"""How well a recipe would do with fewer patients: its learning curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from radnec.errors import ConfigError
from radnec.evaluation.crossval import predict_fold
from radnec.evaluation.predictions import part_of
from radnec.evaluation.resampling import summarise
from radnec.evaluation.study import Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from radnec.config import TrainingConfig
    from radnec.model.splits import Split

#: Patients of each class that the smallest training set must have, to learn from one while another is predicted.
_FEWEST = 2

_SHARES = (0.3, 0.5, 0.7, 0.85, 1.0)

_METRICS = ("auc", "log_loss", "brier", "calibration_intercept", "calibration_slope", "log_loss_difference_prevalence")


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """What a recipe reached after learning from more and more patients.

    Attributes
    ----------
    numbers : pandas.DataFrame
        See :meth:`frame`.
    """

    numbers: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """Return one row per number of training patients and metric.

        Returns
        -------
        pandas.DataFrame
            ``patients`` and ``rows`` (mean over the folds) that were learnt from, ``metric``, ``value``, ``low``,
            ``high``, ``reason``. Metrics and intervals are those of
            :func:`radnec.evaluation.resampling.summarise`; all sizes are tested on the same lesions.
        """
        return self.numbers.copy()

    @property
    def sentence(self) -> str:
        """What it says of more patients."""
        area, loss = (self.numbers[self.numbers["metric"] == name] for name in ("auc", "log_loss"))
        areas, losses = ", ".join(f"{v:.2f}" for v in area["value"]), ", ".join(f"{v:.3f}" for v in loss["value"])
        sizes = ", ".join(map(str, area["patients"]))
        return f"Learning curve: from {sizes} patients the recipe learnt an AUC of {areas} and a log loss of {losses}."

    def figure(self) -> Figure:
        """Draw AUC and log loss against the number of training patients, with their intervals.

        Returns
        -------
        matplotlib.figure.Figure
            Not known to pyplot; shown by a notebook, or saved with ``savefig``.
        """
        from radnec.evaluation.figures import learning_figure

        return learning_figure(self.numbers)


def learning_curve(
    table: pd.DataFrame,
    config: TrainingConfig | None = None,
    *,
    sizes: Sequence[int] | None = None,
    replicates: pd.DataFrame | None = None,
) -> LearningCurve:
    """Evaluate the whole recipe after learning from random subsets of patients.

    The test folds are those of :func:`radnec.evaluate`. Of each fold's training patients the recipe gets `size`,
    with the classes in proportion; smaller sets are parts of larger ones.

    Parameters
    ----------
    table : DataFrame
        A feature table; :func:`radnec.labelled` chooses its rows.
    config : TrainingConfig, optional
        All settings. Costs ``outer_folds * outer_repeats`` fits of the recipe for each size.
    sizes : sequence of int, optional
        Numbers of patients to learn from; by default up to five, the largest all that a training set has. A fold with
        fewer patients than asked for gives all.
    replicates : DataFrame, optional
        Repeated measurements of the lesions, of which each fit uses those of the patients it learns from.

    Returns
    -------
    LearningCurve
        The numbers with intervals that resample patients, and a figure.

    Raises
    ------
    radnec.errors.ConfigError
        If a size is larger than every training set, or holds fewer than two patients of a class.
    radnec.errors.LabelError
        If no row is fit to learn from.

    Notes
    -----
    A curve that still rises says that more patients would help; one that lies flat at the prevalence's log loss,
    that they would not. Figueroa et al., BMC Medical Informatics and Decision Making 2012;12:8.

    Examples
    --------
    >>> from radnec.config import TrainingConfig
    >>> from radnec.simulate import simulate_table
    >>> table = simulate_table(n_patients=40, n_features=10, effect=3.0, random_state=0)
    >>> quick = {"candidates": ("logistic",), "draws": 1, "outer_folds": 2, "outer_repeats": 1, "inner_folds": 2}
    >>> curve = learning_curve(table, TrainingConfig(**quick, random_state=0), sizes=[12, 20])
    >>> curve.frame().query("metric == 'auc'")["patients"].tolist()
    [12, 20]
    """
    study = Study.of(table, config, replicates=replicates)
    repeats = study.folds(study.y)
    orders = [
        [_ordered(study, train, [study.seed, repeat, fold]) for fold, (train, _) in enumerate(splits)]
        for repeat, splits in enumerate(repeats)
    ]
    wanted = _sizes(sizes, [order for line in orders for order in line])
    tasks = [
        (size, repeat, fold, (order.rows(size), repeats[repeat][fold][1]))
        for size in wanted
        for repeat, line in enumerate(orders)
        for fold, order in enumerate(line)
    ]
    results = Parallel(n_jobs=study.config.n_jobs, return_as="generator")(
        delayed(_predict)(study, repeat, fold, split) for _, repeat, fold, split in tasks
    )
    done = tqdm(results, total=len(tasks), desc="learn", unit="fit", disable=None, leave=False)
    predictions = pd.concat(
        [part.assign(size=size, learnt=len(split[0])) for (size, _, _, split), part in zip(tasks, done, strict=True)]
    )
    parts = [_summary(study, size, part) for size, part in predictions.groupby("size")]
    return LearningCurve(pd.concat(parts, ignore_index=True))


@dataclass(frozen=True)
class _Order:
    """The training patients of a fold in the order in which they join, classes in proportion."""

    names: NDArray[np.str_]
    train: NDArray[np.intp]
    own: NDArray[np.str_]
    y: NDArray[np.bool_]

    def rows(self, size: int) -> NDArray[np.intp]:
        """Return the rows of the first `size` patients."""
        return self.train[np.isin(self.own, self.names[:size])]

    def fewest(self, size: int) -> int:
        """Return the patients of the rarer class among the first `size`."""
        kept = np.isin(self.own, self.names[:size])
        return min(len(np.unique(self.own[kept & rows])) for rows in (self.y, ~self.y))


def _ordered(study: Study, train: NDArray[np.intp], seed: list[int]) -> _Order:
    own, y = study.patients[train], study.y[train]
    rng = np.random.default_rng(seed)
    place: dict[str, float] = {}
    positive = np.unique(own[y])
    for group in (positive, np.setdiff1d(own, positive)):
        # Evenly spread places: any first part holds the classes in proportion.
        places = (np.arange(len(group)) + 0.5) / len(group)
        place |= dict(zip(rng.permutation(group).tolist(), places.tolist(), strict=True))
    names = np.array(sorted(place, key=lambda name: (place[name], name)))
    return _Order(names, train, own, y)


def _sizes(sizes: Sequence[int] | None, orders: list[_Order]) -> list[int]:
    most = max(len(order.names) for order in orders)
    if sizes is None:
        usual = sorted({round(share * most) for share in _SHARES})
        return [size for size in usual if size == most or min(order.fewest(size) for order in orders) >= _FEWEST]
    wanted = sorted({int(size) for size in sizes})
    if not wanted or wanted[0] < 1 or wanted[-1] > most:
        raise ConfigError(
            f"sizes are {list(sizes)}; expected numbers of patients from 1 to {most}, the largest training set of the "
            "outer folds"
        )
    fewest = min(order.fewest(wanted[0]) for order in orders)
    if fewest < _FEWEST:
        raise ConfigError(
            f"with {wanted[0]} patients a training set holds {fewest} of the rarer class; expected at least {_FEWEST}, "
            "so that one can be learnt from while another is predicted. Choose larger sizes"
        )
    return wanted


def _predict(study: Study, repeat: int, fold: int, split: Split) -> pd.DataFrame:
    train, test = split
    result = predict_fold(
        study.recipe, study.table, study.y, study.patients, split, study.config, replicates=study.replicates
    )
    known = {"prevalence": np.full(len(test), study.y[train].mean()), "radnec": result.p}
    parts = [part_of(name, repeat, fold, test, study.patients[test], study.y[test], p) for name, p in known.items()]
    return pd.concat(parts, ignore_index=True)


def _summary(study: Study, size: int, predictions: pd.DataFrame) -> pd.DataFrame:
    config = study.config
    numbers = summarise(
        predictions,
        threshold=config.threshold,
        level=config.level,
        resamples=config.resamples,
        random_state=study.seed,
    )
    chosen = numbers[(numbers["model"] == "radnec") & numbers["metric"].isin(_METRICS)].drop(columns="model")
    rows = predictions.groupby(["repeat", "fold"])["learnt"].first().mean()
    chosen.insert(0, "patients", size)
    chosen.insert(1, "rows", float(rows))
    chosen.attrs = {}
    return chosen
