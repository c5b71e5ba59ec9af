"""Times ComBat against neuroCombat on the same data in the same run, and prints one table.

Run with ``python benchmarks/harmonise.py``; ``--large`` adds 100,000 rows. Times are processor
time, least of several runs, so that other work on the machine matters little; memory is the peak of the whole
process so far.
"""

from __future__ import annotations

import contextlib
import io
import resource
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from neuroCombat import neuroCombat

from radnec.model import ComBat

if TYPE_CHECKING:
    from collections.abc import Callable


def table(n_rows: int, n_features: int, n_batches: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    batch = np.arange(n_rows) % n_batches
    values = rng.normal(size=(n_rows, n_features)) * rng.uniform(0.7, 1.4, size=(n_batches, n_features))[batch]
    values += rng.normal(scale=0.5, size=(n_batches, n_features))[batch]
    X = pd.DataFrame(values, columns=[f"f{number}" for number in range(n_features)])
    return pd.concat([X, pd.DataFrame({"scanner_id": batch, "age_years": rng.normal(60, 10, n_rows)})], axis=1)


def seconds(work: Callable[[], np.ndarray], repeats: int) -> tuple[float, np.ndarray]:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return min(times), result


def run_neurocombat(X: pd.DataFrame) -> np.ndarray:
    features = X.columns[:-2]
    with contextlib.redirect_stdout(io.StringIO()):
        result = neuroCombat(
            dat=X[features].to_numpy().T,
            covars=X[["scanner_id", "age_years"]],
            batch_col="scanner_id",
            continuous_cols=["age_years"],
        )
    return result["data"].T


def row(n_rows: int, n_features: int, n_batches: int, repeats: int) -> str:
    X = table(n_rows, n_features, n_batches)
    # neuroCombat rounds covariates to single precision; both are given the rounded ones.
    X["age_years"] = X["age_years"].astype(np.float32).astype(np.float64)
    combat = ComBat(batch="scanner_id", covariates=["age_years"])
    fit, _ = seconds(lambda: combat.fit(X).gamma_star_, repeats)
    apply, own = seconds(lambda: combat.transform(X).to_numpy(), repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    size = f"{n_rows:,} × {n_features:,} × {n_batches}"
    text = f"{size:>22} {fit * 1e3:>9.1f} {apply * 1e3:>9.1f} {peak:>8.2f}"
    if n_rows > 10_000:
        return f"{text} {'–':>12} {'–':>7} {'–':>9}"
    peer, theirs = seconds(lambda: run_neurocombat(X), max(1, repeats // 3))
    gap = (np.abs(own - theirs) / X[X.columns[:-2]].std().to_numpy()).max()
    return f"{text} {peer * 1e3:>12.1f} {peer / (fit + apply):>7.1f} {gap:>9.1e}"


def main() -> None:
    print("rows × features × sites    fit ms  apply ms  peak GB  neuroCombat ms   ratio  gap in SD")
    for n_rows, n_features, n_batches, repeats in [
        (128, 1500, 4, 9),
        (1000, 1500, 10, 5),
        (10_000, 1500, 10, 2),
    ]:
        print(row(n_rows, n_features, n_batches, repeats))
    if "--large" in sys.argv:
        print(row(100_000, 1500, 10, 1))


if __name__ == "__main__":
    main()
