"""Notebooks and their scripts say the same, and no output is kept."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_notebook_and_script_are_in_step(script):
    source = [(cell.cell_type, cell.source) for cell in jupytext.read(script).cells]
    notebook = jupytext.read(script.with_suffix(".ipynb"))
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == source
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_every_notebook_has_a_script():
    assert SCRIPTS
    assert {path.stem for path in SCRIPTS[0].parent.glob("*.ipynb")} == {path.stem for path in SCRIPTS}
