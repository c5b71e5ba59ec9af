"""Compares the cost of a nested search with that of a plain scikit-learn search of the same draws in the same run.

Simulated tables of 200 lesions of 100 patients, 1,500 features, six families of 20 draws, five outer and five inner
folds. Both get the same folds, preparation steps, ranking and draws, one thread each, fold by fold in turn. The plain
search is ``RandomizedSearchCV`` over a ``Pipeline`` for each family on grouped folds, everything refitted for every
draw and fold. It scores draws by the log loss of their probabilities (of support vector machines, of the logistic
function of the margin), takes the best of all families and fits it once more in ``CalibratedClassifierCV`` on the same
grouped folds. Run ``uv run python benchmarks/learning.py``; about ten minutes of CPU a table. ``--small`` takes
three in all. ``--new 200`` learns once from all patients of each table and is tested on 200 new ones, which shows how
much the difference varies from one small training set to the next.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_selection import SelectKBest
from sklearn.metrics import log_loss
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from radnec.model.candidates import FAMILIES, draw_candidates
from radnec.model.preparation import preparation
from radnec.model.recipe import Recipe
from radnec.model.splits import PatientFolds
from radnec.simulate import simulate_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Search = Callable[[pd.DataFrame, NDArray, NDArray, pd.DataFrame, argparse.Namespace, int], NDArray]

BATCH = "scanner_id"
FOLDS = 5


def features_of(X: pd.DataFrame) -> list[str]:
    return [name for name in X.columns if name != BATCH]


def negative_log_loss(model: Pipeline, X: pd.DataFrame, y: NDArray) -> float:
    p = model.predict_proba(X)[:, 1] if hasattr(model, "predict_proba") else expit(model.decision_function(X))
    return -log_loss(y, p)


def plain(
    X: pd.DataFrame, y: NDArray, groups: NDArray, new: pd.DataFrame, asked: argparse.Namespace, seed: int
) -> NDArray:
    """Search with scikit-learn alone; return the probabilities of new rows."""
    splits = list(PatientFolds(FOLDS, random_state=seed).split(X, y, groups))
    names = features_of(X)
    best, model = -np.inf, None
    for family in FAMILIES:
        steps = preparation(names, {BATCH: names}, [], min_batch=5).steps
        pipeline = Pipeline([*steps, ("select", SelectKBest()), ("classify", "passthrough")])
        # A list of grids of one point each: the search tries every one of the draws once.
        draws = [
            {"select__k": [candidate.top or "all"], "classify": [candidate.build(seed)]}
            for candidate in draw_candidates((family,), asked.draws, seed)
        ]
        search = RandomizedSearchCV(
            pipeline, draws, n_iter=len(draws), scoring=negative_log_loss, cv=splits, refit=False, random_state=seed
        ).fit(X, y)
        if search.best_score_ > best:
            best, model = search.best_score_, pipeline.set_params(**search.best_params_)
    return CalibratedClassifierCV(model, method="sigmoid", cv=splits).fit(X, y).predict_proba(new)[:, 1]


def raced(
    X: pd.DataFrame,
    y: NDArray,
    groups: NDArray,
    new: pd.DataFrame,
    asked: argparse.Namespace,
    seed: int,
    *,
    racing: bool = True,
) -> NDArray:
    """Search with radnec; return the probabilities of new rows."""
    names = features_of(X)
    recipe = Recipe(
        features=names,
        batches={BATCH: names},
        candidates=tuple(FAMILIES),
        draws=asked.draws,
        inner_folds=FOLDS,
        racing=racing,
        seed=seed,
    )
    return recipe.fit(X, y, groups).predict_proba(new)


def unraced(
    X: pd.DataFrame, y: NDArray, groups: NDArray, new: pd.DataFrame, asked: argparse.Namespace, seed: int
) -> NDArray:
    """Search with radnec, every draw on every fold."""
    return raced(X, y, groups, new, asked, seed, racing=False)


def evaluate(searches: dict[str, Search], table: pd.DataFrame, asked: argparse.Namespace, seed: int) -> pd.DataFrame:
    """Return, for each row and search, its held-out log loss and its share of the CPU seconds of its outer fold."""
    X = table[[name for name in table.columns if "_sim" in name or name == BATCH]]
    y, groups = (table["label"] == "necrosis").to_numpy(), table["patient_id"].to_numpy(dtype=str)
    parts = []
    learnt = np.isin(groups, np.unique(groups)[: asked.patients])
    apart = [(np.flatnonzero(learnt), np.flatnonzero(~learnt))]
    splits = apart if asked.new else PatientFolds(FOLDS, random_state=seed).split(X, y, groups)
    for fold, (train, test) in enumerate(splits):
        found = {"patient": groups[test] + f" of {seed}"}
        for name, search in searches.items():
            start = time.process_time()
            p = search(X.iloc[train], y[train], groups[train], X.iloc[test], asked, seed)
            seconds = time.process_time() - start
            print(f"table {seed}, fold {fold}: {name} {seconds:.1f} CPU seconds", flush=True)
            found |= {name: -np.where(y[test], np.log(p), np.log1p(-p)), f"cost of {name}": seconds / len(test)}
        parts.append(pd.DataFrame(found))
    return pd.concat(parts)


def interval(difference: NDArray, patients: NDArray, resamples: int = 4000) -> tuple[float, float, float]:
    """Return the mean of row differences with a 95 % interval that resamples patients."""
    _, who = np.unique(patients, return_inverse=True)
    total, rows = np.bincount(who, weights=difference), np.bincount(who)
    drawn = np.random.default_rng(0).integers(len(total), size=(resamples, len(total)))
    low, high = np.quantile(total[drawn].sum(axis=1) / rows[drawn].sum(axis=1), [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="seed of the first table")
    parser.add_argument("--patients", type=int, default=100)
    parser.add_argument("--features", type=int, default=1500)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--new", type=int, default=0, help="new patients to test on, in place of outer folds")
    parser.add_argument("--unraced", action="store_true", help="also radnec with every draw on every fold")
    parser.add_argument("--small", action="store_true", help="40 patients, 100 features, 4 draws")
    asked = parser.parse_args()
    if asked.small:
        asked.patients, asked.features, asked.draws = 40, 100, 4
    warnings.simplefilter("ignore")
    searches: dict[str, Search] = {"plain": plain, "radnec": raced} | ({"unraced": unraced} if asked.unraced else {})
    others = [name for name in searches if name != "plain"]
    tables = []
    with threadpool_limits(1):
        for seed in range(asked.first, asked.first + asked.tables):
            table = simulate_table(
                n_patients=asked.patients + asked.new,
                n_features=asked.features,
                effect=2.0,
                lesions_per_patient=(2, 2),
                random_state=seed,
            )
            tables.append(evaluate(searches, table, asked, seed))
            cost = {name: tables[-1][f"cost of {name}"].sum() for name in searches}
            line = {"table": seed, **{f"{name} s": seconds for name, seconds in cost.items()}}
            line |= {f"{name} / plain": cost[name] / cost["plain"] for name in others}
            line |= {f"{name} loss": tables[-1][name].mean() for name in searches}
            print(pd.Series(line).round(4).to_frame().T.to_string(index=False), flush=True)
    rows = pd.concat(tables)
    for name in others:
        ratio = rows[f"cost of {name}"].sum() / rows["cost of plain"].sum()
        value, low, high = interval((rows[name] - rows["plain"]).to_numpy(), rows["patient"].to_numpy())
        print(f"{name}: {ratio:.3f} of the plain search's CPU seconds;", end=" ")
        print(f"held-out log loss {value:+.4f} ({low:+.4f} to {high:+.4f}) against it, over patients")
        each = pd.Series([(table[name] - table["plain"]).mean() for table in tables])
        print(f"  by table: mean {each.mean():+.4f}, SD {each.std():.4f}")


if __name__ == "__main__":
    main()
