"""The estimator families that compete, with the settings and numbers of features each tries."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

from radnec.errors import ConfigError
from radnec.model.rankings import RANKINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: Numbers of features a draw may keep; None keeps all that passed the filters.
TOP = (5, 10, 20, None)

Settings = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """An estimator family.

    Parameters
    ----------
    build : callable
        Takes settings and a seed; returns an estimator.
    draw : callable
        Takes a random generator and the number of the draw; returns settings.
    complexity : int
        Smaller is simpler; the simplest wins ties.
    freedom : callable
        Takes settings; returns a number that is larger the closer the model may follow the training rows.
    stores_rows : bool
        Whether the fitted estimator holds training rows, which then travel in the model file.
    sketch : callable, optional
        As `build`, but cheaper and less exact: what the first rounds of a race fit.
    """

    build: Callable[[Settings, int], Any]
    draw: Callable[[np.random.Generator, int], Settings]
    complexity: int
    freedom: Callable[[Settings], float]
    stores_rows: bool = False
    sketch: Callable[[Settings, int], Any] | None = None


@dataclass(frozen=True)
class Candidate:
    """One family with one setting on the first features of a ranking: what the search compares."""

    family: str
    settings: tuple[tuple[str, Any], ...]
    top: int | None
    ranking: str = "anova"

    @property
    def simplicity(self) -> tuple[float, ...]:
        """Sorts the simplest first: by family, number of features, freedom of the model, and ranking."""
        family = FAMILIES[self.family]
        features = np.inf if self.top is None else self.top
        place = list(RANKINGS).index(self.ranking)
        return (family.complexity, features, family.freedom(dict(self.settings)), place)

    @property
    def has_sketch(self) -> bool:
        """Whether its family has a cheaper form."""
        return FAMILIES[self.family].sketch is not None

    def build(self, seed: int, *, sketch: bool = False) -> Any:
        """Return the unfitted estimator, or its cheaper form where its family has one."""
        family = FAMILIES[self.family]
        return ((family.sketch if sketch else None) or family.build)(dict(self.settings), seed)

    def __str__(self) -> str:
        """Return the family with its settings, as the card prints it."""
        settings = ", ".join(f"{name}={value:.3g}" for name, value in self.settings)
        by = "" if self.top is None or self.ranking == "anova" else f" by {self.ranking}"
        chosen = "all" if self.top is None else f"best {self.top}"
        return f"{self.family}({settings}; {chosen} of the kept features{by})"


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _penalty(settings: Settings) -> float:
    return float(settings["C"])


def _logistic(settings: Settings, _seed: int) -> LogisticRegression:
    return LogisticRegression(C=settings["C"], max_iter=5000)


def _elastic_net(settings: Settings, seed: int) -> LogisticRegression:
    # From 1.8 on scikit-learn reads the penalty from l1_ratio and deprecates naming it.
    named = {} if _version() >= (1, 8) else {"penalty": "elasticnet"}
    return LogisticRegression(
        C=settings["C"],
        l1_ratio=settings["l1_ratio"],
        solver="saga",
        max_iter=300,
        tol=1e-3,
        random_state=seed,
        **named,
    )


def _version() -> tuple[int, int]:
    major, minor = sklearn.__version__.split(".")[:2]
    return int(major), int(minor)


def _linear_svm(settings: Settings, seed: int) -> LinearSVC:
    return LinearSVC(C=settings["C"], dual="auto", max_iter=20_000, random_state=seed)


def _rbf_svm(settings: Settings, _seed: int) -> SVC:
    return SVC(C=settings["C"], gamma=settings["gamma"])


def _random_forest(settings: Settings, seed: int, *, trees: int = 100) -> RandomForestClassifier:
    # The fold models are averaged, so the ensemble has five times as many trees.
    return RandomForestClassifier(
        n_estimators=trees,
        min_samples_leaf=settings["min_samples_leaf"],
        max_features=settings["max_features"],
        random_state=seed,
    )


def _gradient_boosting(settings: Settings, seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=settings["learning_rate"],
        max_iter=settings["max_iter"],
        max_leaf_nodes=settings["max_leaf_nodes"],
        min_samples_leaf=settings["min_samples_leaf"],
        l2_regularization=settings["l2_regularization"],
        early_stopping=False,
        random_state=seed,
    )


FAMILIES: dict[str, Family] = {
    "logistic": Family(_logistic, lambda rng, _: {"C": _log_uniform(rng, 1e-4, 1e1)}, 1, _penalty),
    "elastic_net": Family(
        _elastic_net,
        lambda rng, _: {"C": _log_uniform(rng, 1e-2, 1e1), "l1_ratio": float(rng.uniform(0.1, 1.0))},
        2,
        _penalty,
    ),
    "linear_svm": Family(_linear_svm, lambda rng, _: {"C": _log_uniform(rng, 1e-4, 1e0)}, 3, _penalty),
    "rbf_svm": Family(
        _rbf_svm,
        lambda rng, _: {"C": _log_uniform(rng, 1e-2, 1e2), "gamma": _log_uniform(rng, 1e-4, 1e-1)},
        4,
        lambda settings: settings["C"] * settings["gamma"],
        stores_rows=True,
    ),
    "random_forest": Family(
        _random_forest,
        lambda rng, _: {
            "min_samples_leaf": int(rng.integers(2, 12)),
            "max_features": float(_log_uniform(rng, 0.05, 0.5)),
        },
        5,
        lambda settings: -settings["min_samples_leaf"],
        sketch=lambda settings, seed: _random_forest(settings, seed, trees=25),
    ),
    "gradient_boosting": Family(
        _gradient_boosting,
        lambda rng, _: {
            "learning_rate": _log_uniform(rng, 0.02, 0.2),
            "max_iter": int(rng.integers(20, 120)),
            "max_leaf_nodes": int(rng.integers(3, 12)),
            "min_samples_leaf": int(rng.integers(5, 20)),
            "l2_regularization": _log_uniform(rng, 1e-2, 1e1),
        },
        6,
        lambda settings: settings["learning_rate"] * settings["max_iter"] * settings["max_leaf_nodes"],
    ),
}


def draw_candidates(
    families: tuple[str, ...], draws: int, seed: int, rankings: tuple[str, ...] = ("anova",)
) -> list[Candidate]:
    """Draw settings for each family, the simplest first.

    Parameters
    ----------
    families : tuple of str
        Names in :data:`FAMILIES`; their order does not matter.
    draws : int
        Settings per family.
    seed : int
        Seed; a family's draws do not depend on which others compete.
    rankings : tuple of str
        Names in :data:`radnec.model.rankings.RANKINGS`. Every draw that keeps some of the features competes once with
        each; one that keeps all competes once.

    Raises
    ------
    radnec.errors.ConfigError
        If a family or ranking is unknown.

    Examples
    --------
    >>> [candidate.family for candidate in draw_candidates(("random_forest", "logistic"), 1, seed=0)]
    ['logistic', 'random_forest']
    """
    unknown = [name for name in families if name not in FAMILIES]
    if unknown or not families:
        raise ConfigError(f"unknown candidates {unknown}; expected one or more of {', '.join(FAMILIES)}")
    strange = [name for name in rankings if name not in RANKINGS]
    if strange or not rankings:
        raise ConfigError(f"unknown rankings {strange}; expected one or more of {', '.join(RANKINGS)}")
    ordered = [name for name in RANKINGS if name in rankings]
    candidates = []
    for name in set(families):
        family = FAMILIES[name]
        rng = np.random.default_rng([seed, family.complexity])
        for draw in range(draws):
            settings, top = tuple(sorted(family.draw(rng, draw).items())), TOP[draw % len(TOP)]
            candidates += [Candidate(name, settings, top, rank) for rank in (ordered[:1] if top is None else ordered)]
    return sorted(candidates, key=lambda candidate: candidate.simplicity)


def fit_quietly(estimator: Any, X: NDArray[np.float64], y: NDArray[np.bool_]) -> Any:
    """Fit `estimator`; an optimiser that stops early is judged by its log loss like any other candidate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(X, y)


def score_of(estimator: Any, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a log-odds-like score (n,) of the positive class from any fitted classifier.

    Margins are used as they are; probabilities become log-odds, kept finite where trees are unanimous.
    """
    if isinstance(estimator, LogisticRegression | LinearSVC | SVC | HistGradientBoostingClassifier):
        return np.asarray(estimator.decision_function(X), dtype=float)
    p = estimator.predict_proba(X)[:, 1]
    return np.asarray(logit(np.clip(p, 0.5 / 100, 1 - 0.5 / 100)))
