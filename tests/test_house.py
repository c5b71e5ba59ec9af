"""The house rules: layers, sizes, public names, import cost, and pages in step with their source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import radnec

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "radnec").rglob("*.py"))
PUBLIC = [
    *("read_cohort", "check", "extract", "measure", "labelled", "train", "evaluate", "load", "simulate_cohort", "join"),
    *("RadnecClassifier", "ExtractionConfig", "TrainingConfig", "LabelPolicy", "Outcome"),
    *("errors", "show_versions", "model", "imaging", "features", "evaluation", "pathway", "quantify", "service"),
    *("Ledger", "Pathway", "monitor"),
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_rooms_not_drawers(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring
    assert docstring.split("\n")[0].endswith(".")
    assert path.stem not in {"utils", "helpers", "common"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short(path):
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            documented = ast.get_docstring(function) is not None and len(function.body) > 1
            lines = function.end_lineno - function.body[documented].lineno + 1
            assert lines < 40, f"{function.name} has {lines} lines behind its docstring"


def test_imports_only_point_down_the_house():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_public_names_are_there_and_no_others():
    assert sorted(radnec.__all__) == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(radnec, name) is not None
    from radnec.model import ComBat

    assert radnec.model.ComBat is ComBat
    assert callable(radnec.imaging.readers.read_image)
    assert callable(radnec.imaging.masks.read_mask)


def test_every_dotted_name_that_is_written_about_can_be_reached_from_radnec():
    pages = [ROOT / "README.md", *MODULES, *(ROOT / "docs").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    names = set(re.findall(r"radnec(?:\.[a-z_]+)+\.[A-Za-z_]+(?=\()", text))
    assert len(names) > 5
    for name in names:  # each by itself, because one import makes others reachable
        subprocess.run([sys.executable, "-c", f"import radnec; {name}"], check=True)


def test_importing_radnec_loads_nothing_heavy_and_changes_nothing():
    code = """
import logging, sys, warnings
before = (list(logging.root.handlers), list(warnings.filters))
import radnec
heavy = {"numpy", "pandas", "sklearn", "SimpleITK", "matplotlib", "radiomics", "skops"} & set(sys.modules)
assert not heavy, heavy
assert before == (list(logging.root.handlers), list(warnings.filters))
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pyradiomics_is_asked_for_in_one_place():
    asking = [path for path in MODULES if re.search(r"need\(\s*[\"']radiomics", path.read_text(encoding="utf-8"))]
    assert [path.relative_to(ROOT).as_posix() for path in asking] == ["radnec/features/engine/reference.py"]


def test_the_readme_shows_exactly_two_set_up_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line for line in readme.splitlines() if re.match(r"^(pip install uv && )?uv run ", line)]
    assert commands == ["pip install uv && uv run radnec demo", "uv run --group dev pytest"]


def test_the_readme_example_runs_on_public_names():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL))
    used = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "radnec"
    }
    assert used
    assert used <= set(PUBLIC)


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert radnec.__version__ == project["version"]
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_lock_file_and_no_registry_address_is_kept():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "uv.lock" not in tracked
    host = re.compile(r"pypi\." + r"org|pythonhosted\." + r"org")
    assert not [name for name in tracked if host.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))]
