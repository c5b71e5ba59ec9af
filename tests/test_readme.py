"""The README's Python runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import radnec
from radnec.simulate import simulate_table

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the cohorts that the README speaks of."""
    place = tmp_path_factory.mktemp("readme")
    for name, seed in (("cohort", 0), ("new", 1)):
        made = radnec.simulate_cohort(place / name, n_patients=24, sequences=("T1wCE",), effect=3.0, random_state=seed)
        rows = pd.read_csv(made)
        for column in rows.filter(like="_path"):
            rows[column] = [f"{name}/{path}" for path in rows[column]]
        rows.to_csv(place / f"{name}.csv", index=False)
    return place


@pytest.mark.slow
def test_the_first_example_and_what_follows_from_it(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    names: dict[str, object] = {}
    exec(BLOCKS[0], names)  # noqa: S102  # the project's own page
    assert "rows x 11 columns" in capsys.readouterr().out
    assert "AUC" in Path("report.html").read_text(encoding="utf-8")
    names["theirs"] = radnec.extract(radnec.read_cohort("new.csv"), names["model"].extraction_config_).assign(
        scanner_id="Z9"
    )
    names["some"] = radnec.labelled(names["theirs"])[0]
    apart = ("perturb", "GridSearchCV", "permutation_test")
    after = [block for block in BLOCKS[1:] if not any(word in block for word in apart)]
    for block in after:
        exec(block, names)  # noqa: S102  # the project's own page
    assert len(after) == 8
    assert names["mended"].parent_ == names["here"].identity_
    assert "p_necrosis" in names["model"].assess(names["new"])


def test_the_statistics_run():
    table = simulate_table(n_patients=30, n_features=10, effect=3.0, random_state=0)
    quick = {"candidates": ("logistic",), "draws": 1, "outer_folds": 2, "outer_repeats": 1, "inner_folds": 2}
    settings = radnec.TrainingConfig(**quick, resamples=100, random_state=0)
    rng, y = np.random.default_rng(0), (table["label"] == "necrosis").to_numpy()
    names = {"table": table, "settings": settings, "y": y, "patients": table["patient_id"]}
    names |= {score: (y + rng.uniform(size=len(y))) / 2 for score in "pq"}
    (block,) = (block for block in BLOCKS if "permutation_test" in block)
    exec(block.replace("n_permutations=200", "n_permutations=1"), names)  # noqa: S102  # the project's own page


def test_every_example_is_python():
    for block in BLOCKS:
        compile(block, "README.md", "exec")
