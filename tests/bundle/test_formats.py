"""Model files of every format version that ever was are read, and predict what they predicted when they were written.

The files in ``data`` were written by the first version of radnec that wrote their format, and are never written anew.
Each ``.csv`` holds lesions with what that version said of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import radnec
from radnec.bundle import FORMAT_VERSION, read_bundle
from radnec.errors import BundleVersionError

DATA = Path(__file__).parent / "data"


def test_every_format_version_has_its_files():
    stored = {read_bundle(path).manifest["format_version"] for path in DATA.glob("*.radnec")}
    assert stored == set(range(1, FORMAT_VERSION + 1))


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("format?.radnec")))
def test_an_old_model_says_what_it_said(name):
    model = radnec.load(DATA / f"{name}.radnec")  # its own rows are predicted again
    rows = pd.read_csv(DATA / f"{name}.csv")
    judged = model.assess(rows)
    np.testing.assert_allclose(judged["p_necrosis"], rows["p_necrosis"], rtol=0, atol=1e-9)
    assert set(judged["call"]) <= {"necrosis", "progression", "uncertain", "abstain"}
    far = rows.assign(**{column: 100 * rows[column] for column in model.feature_names_})
    assert (model.assess(far)["call"] == "abstain").all()


@pytest.mark.parametrize("name", sorted(path.stem for path in DATA.glob("format?_pathway.radnec")))
def test_an_old_pathway_says_what_it_said(name):
    pathway = radnec.load(DATA / f"{name}.radnec")
    rows = pd.read_csv(DATA / f"{name}.csv")
    judged = pathway.assess(rows)
    expected = [column for column in rows if column.startswith("expected_p_")]
    assert len(expected) > 3
    for column in expected:
        found = judged[column.removeprefix("expected_")].to_numpy(dtype=float)
        np.testing.assert_allclose(found, rows[column], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.radnec")))
def test_an_old_model_can_be_saved_anew(name, tmp_path):
    old = radnec.load(DATA / name)
    again = read_bundle(old.save(tmp_path / name)).manifest
    assert again["format_version"] == FORMAT_VERSION


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.radnec")))
def test_a_version_to_come_is_refused_in_words(name, unzip, forge, tmp_path):
    parts = unzip((DATA / name).read_bytes())
    manifest = json.loads(parts["manifest.json"])
    manifest["versions"]["radnec"] = "7.3.0"
    path = tmp_path / name
    path.write_bytes(forge(parts, format_version=FORMAT_VERSION + 1, versions=manifest["versions"]))
    told = rf"format version {FORMAT_VERSION + 1}, written by radnec 7\.3\.0; this is .*reads up to {FORMAT_VERSION}\."
    with pytest.raises(BundleVersionError, match=rf"{told}.*\n.*--upgrade radnec"):
        radnec.load(path)
