"""Times a model in service: load and judge one lesion in a fresh process, judge one again, judge 100,000.

The peer is what most people would do: a scikit-learn pipeline (impute, scale, choose ten features, L2-logistic
regression) stored with joblib, ``joblib.load`` and ``predict_proba`` on the same table. It says a probability; radnec
verifies the file, and adds interval, prediction set, call, reason and novelty. CPU seconds of a process of one thread
each. Run ``uv run --group dev python benchmarks/service.py --python PYTHON``, with the interpreter of an environment
that holds radnec alone, as a service does: skops imports pytest and dask where they are installed. Two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FEATURES, PATIENTS, WARM = 200, 120, 50
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def prepare(folder: Path, rows: int) -> None:
    """Train both, and write the tables they judge."""
    import joblib
    import numpy as np
    from sklearn.feature_selection import SelectKBest
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import radnec
    from radnec.features.columns import feature_columns
    from radnec.simulate import simulate_table

    table = simulate_table(n_patients=PATIENTS, n_features=FEATURES, effect=2.0, random_state=0)
    extraction = radnec.ExtractionConfig()
    radnec.train(table, radnec.TrainingConfig(random_state=0), extraction=extraction).save(folder / "model.radnec")
    names = feature_columns(table)
    peer = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), SelectKBest(k=10), LogisticRegression())
    joblib.dump((peer.fit(table[names], table["label"]), names), folder / "peer.joblib")
    table.attrs["radnec"] = {"extraction": extraction.model_dump(mode="json")}
    table.iloc[:1].to_parquet(folder / "one.parquet")
    many = table.iloc[np.arange(rows) % len(table)].reset_index(drop=True)
    many.to_parquet(folder / "many.parquet")


def serve(tool: str, folder: Path) -> dict[str, float]:
    """Return CPU seconds of import, of the first answer in this process, of another, and of many rows."""
    start = time.process_time()
    if tool == "radnec":
        import radnec

        imported = time.process_time() - start
        import pandas as pd

        one = pd.read_parquet(folder / "one.parquet")
        answer = radnec.load(folder / "model.radnec").assess
    else:
        import joblib
        import pandas as pd

        imported = time.process_time() - start
        one = pd.read_parquet(folder / "one.parquet")
        model, names = joblib.load(folder / "peer.joblib")

        def answer(table: pd.DataFrame) -> object:
            return model.predict_proba(table[names])

    answer(one)
    found = {"import": imported, "cold": time.process_time() - start}
    took = []
    for _ in range(WARM):
        start = time.process_time()
        answer(one)
        took.append(time.process_time() - start)
    many = pd.read_parquet(folder / "many.parquet")
    start = time.process_time()
    answer(many)
    return found | {"warm": sorted(took)[WARM // 2], "many": time.process_time() - start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of each; the fastest counts")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--python", default=sys.executable, help="interpreter that serves, of a plain installation")
    parser.add_argument("--serve", nargs=2, metavar=("TOOL", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        print(json.dumps(serve(asked.serve[0], Path(asked.serve[1]))))
        return
    # Compiled modules are kept, as an installation keeps them; the first round of each makes them.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, asked.rows)
        environment = {**os.environ, **ONE_THREAD, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        found: dict[str, list[dict[str, float]]] = {"radnec": [], "peer": []}
        for _ in range(asked.rounds + 1):
            for tool, rounds in found.items():
                line = [asked.python, __file__, "--serve", tool, name]
                done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
                rounds.append(json.loads(done.stdout))
    print(f"| CPU seconds, {asked.rows:,} rows × {FEATURES} features | radnec | joblib and scikit-learn | ratio |")
    print("|---|---|---|---|")
    for what in ("import", "cold", "warm", "many"):
        ours, theirs = (min(one[what] for one in found[tool][1:]) for tool in ("radnec", "peer"))
        print(f"| {what} | {ours:.4f} | {theirs:.4f} | {ours / theirs:.1f} |")


if __name__ == "__main__":
    main()
