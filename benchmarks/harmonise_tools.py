"""Harmonises a stored table with one tool, in an interpreter that has it, and says what that took.

Run as ``python harmonise_tools.py NAME FOLDER REPEATS GIGABYTES`` it reads ``X.npy`` (rows × features), ``batch.npy``
and ``age.npy`` from the folder, writes ``NAME.npy``, and prints CPU seconds (the least of the repeats) and the peak
memory of the whole process as JSON. It imports no tool but the one asked for. inmoose knows no continuous covariate and
goes without.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd


def radnec(X: pd.DataFrame, batch: pd.Series, age: pd.Series) -> np.ndarray:
    from radnec.model import ComBat

    table = X.assign(scanner_id=batch, age_years=age)
    return np.asarray(ComBat(batch="scanner_id", covariates=["age_years"]).fit(table).transform(table))


def neurocombat(X: pd.DataFrame, batch: pd.Series, age: pd.Series) -> np.ndarray:
    from neuroCombat import neuroCombat

    covariates = pd.DataFrame({"batch": batch, "age": age})
    result = neuroCombat(dat=X.to_numpy().T, covars=covariates, batch_col="batch", continuous_cols=["age"])
    return result["data"].T


def neuroharmonize(X: pd.DataFrame, batch: pd.Series, age: pd.Series) -> np.ndarray:
    from neuroHarmonize import harmonizationLearn

    return harmonizationLearn(X.to_numpy(), pd.DataFrame({"SITE": batch.astype(str), "age": age}))[1]


def combatlearn(X: pd.DataFrame, batch: pd.Series, age: pd.Series) -> np.ndarray:
    from combatlearn import ComBat

    model = ComBat(batch=batch, continuous_covariates=age.to_frame(), method="fortin")
    return np.asarray(model.fit(X).transform(X))


def inmoose(X: pd.DataFrame, batch: pd.Series, _age: pd.Series) -> np.ndarray:
    from inmoose.pycombat import pycombat_norm

    return np.asarray(pycombat_norm(X.to_numpy().T, batch.tolist())).T


TOOLS = {
    "radnec": radnec,
    "neuroCombat": neurocombat,
    "neuroHarmonize": neuroharmonize,
    "combatlearn": combatlearn,
    "inmoose": inmoose,
}


def main() -> None:
    name, folder, repeats, gigabytes = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_AS, (int(gigabytes * 2**30),) * 2)
    X = pd.DataFrame(np.load(folder / "X.npy")).rename(columns="f{}".format)
    batch, age = (pd.Series(np.load(folder / f"{part}.npy"), name=part) for part in ("batch", "age"))
    times = []
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        TOOLS[name](X[:100], batch[:100], age[:100])  # the import, and what is compiled at first use, do not count
        for _ in range(repeats):
            start = time.process_time()
            result = TOOLS[name](X, batch, age)
            times.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    np.save(folder / f"{name}.npy", result)
    print(json.dumps({"seconds": min(times), "peak": peak}))


if __name__ == "__main__":
    main()
