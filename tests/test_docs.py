"""The documentation names what is public, its docstrings say everything, and its examples and links hold."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import re
from pathlib import Path

import pytest
import typer.main
from numpydoc.validate import Validator, validate

import radnec
from radnec.cli.app import app
from radnec.imaging.findings import FINDINGS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = sorted(page for page in DOCS.rglob("*.md") if not {"generated", "_build"} & set(page.parts))
LINKED = [*WRITTEN, *sorted(ROOT.glob("*.md")), ROOT / "benchmarks" / "README.md"]
#: Pages of public names; what lies behind them is documented as it is.
REFERENCE = sorted(page for page in (DOCS / "reference").glob("*.md") if page.stem != "inner")
CHECKS = {"GL08", "SS03", "PR01", "PR02", "PR04", "PR07", "RT01", "RT03", "YD01"}


def names_on(page: Path) -> list[str]:
    """Return the names that a reference page documents, by their modules."""
    module, found = "", []
    for line in page.read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
            module = match[1]
        elif match := re.fullmatch(r"   ([\w.]+)", line):
            found.append(f"{module}.{match[1]}")
    return found


def with_methods(name: str) -> list[str]:
    """Return the name and those of the public methods that a class defines itself."""
    thing = Validator._load_obj(name)
    own = vars(thing).items() if inspect.isclass(thing) else ()
    kinds = (classmethod, staticmethod, property)
    methods = [key for key, value in own if inspect.isfunction(value) or isinstance(value, kinds)]
    return [name, *(f"{name}.{key}" for key in methods if not key.startswith("_") and not key.endswith("_request"))]


def excused(name: str, code: str, message: str, text: str) -> bool:
    """Return whether the house's way of writing docstrings says in another place what a check misses."""
    thing = Validator._load_obj(name)
    if code == "RT01":
        # A method's first line says what it returns; `fit` returns its object.
        return "." in name and inspect.isclass(Validator._load_obj(name.rpartition(".")[0]))
    if code == "PR01":
        unsaid = set(re.findall(r"'([^']+)'", message)) - {"*nameless"}  # what settings refuse
        attributes = text.partition("Attributes\n")[2]
        lines = re.findall(r"^ *([\w, ]+) :", attributes, flags=re.MULTILINE)
        said = {name for line in lines for name in line.split(", ")}
        return unsaid <= said | ({"X"} if "predict" in name else set()) or thing is radnec.Outcome
    if code == "PR04":
        parameter = re.search(r'"([^"]+)"', message)[1]
        return bool(re.search(rf"^ *[\w, ]*\b{parameter}\b[\w, ]*\n +As ", text, flags=re.MULTILINE))
    return False


def pages():
    """Return the module that makes pages of the site from the code."""
    spec = importlib.util.spec_from_file_location("house_pages", DOCS / "_ext" / "house_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_name_has_its_place():
    documented = {name for page in REFERENCE for name in names_on(page)}
    lead = "\n".join(page.read_text(encoding="utf-8") for page in REFERENCE)
    for name in radnec.__all__:
        assert f"radnec.{name}" in documented or re.search(rf"(current|auto)module:: radnec\.{name}\b", lead), name
    for name in radnec.model.__all__ + radnec.pathway.__all__:
        home = "model" if name in radnec.model.__all__ else "pathway"
        assert {f"radnec.{home}.{name}", f"radnec.{name}"} & documented, name


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: page.stem)
def test_docstrings_of_public_names_are_complete(page):
    problems = []
    for name in (name for first in names_on(page) for name in with_methods(first)):
        found = validate(name)
        text = inspect.cleandoc(Validator._load_obj(name).__doc__ or "")
        problems += [
            f"{name}: {code} {message}"
            for code, message in found["errors"]
            if code in CHECKS and not excused(name, code, message, text)
        ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("page", ["how_to/settings.md", "how_to/pyradiomics.md"])
def test_examples_with_results_give_them(page):
    test = doctest.DocTestParser().get_doctest((DOCS / page).read_text(encoding="utf-8"), {}, page, page, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(test)
    assert (runner.summarize(verbose=False).failed, len(test.examples) > 3) == (0, True)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: str(page.relative_to(DOCS)))
def test_examples_are_python_on_public_names(page):
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for block in blocks:
        compile(inspect.cleandoc(block), page.name, "exec")
        for name in re.findall(r"\bradnec\.(\w+)", block):
            assert hasattr(radnec, name) or importlib.util.find_spec(f"radnec.{name}")


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_pages(page):
    makes = {f"generated/{name}.md" for name in [*pages().COPIED.values(), "command_line", "checks"]}
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8")):
        inside = target.removeprefix("/")
        if inside in makes:
            continue
        notebook = ROOT / inside.removeprefix("generated/")
        assert (notebook if "generated/" in inside else (DOCS if target != inside else page.parent) / inside).exists()


def test_the_command_line_page_has_every_command_and_option():
    text = pages().command_line_page()
    commands = [("radnec", typer.main.get_command(app))]
    for path, command in commands:
        commands += [(f"{path} {name}", one) for name, one in getattr(command, "commands", {}).items()]
        assert re.search(rf"^#+ {path}$", text, flags=re.MULTILINE) or path == "radnec"
        for option in command.params:
            assert not option.opts or option.opts[0] in text or option.opts[0].upper() in text
    assert len(commands) > 15


def test_the_page_of_checks_has_every_code():
    rows = re.findall(r"^\| (RN\d+) \| (\w+) \|", pages().checks_page(), flags=re.MULTILINE)
    assert rows == [(finding.code, finding.severity) for finding in FINDINGS.values()]


def test_links_of_the_repository_become_links_of_the_site():
    led = pages().with_links_in_the_site
    text = "[a](../data_schema.md) [b](../notebooks/07_retrain.py) [c](evidence.md#limits) [d](https://x.y) [e](#f)"
    assert led(text, DOCS / "layouts.md") == (
        "[a](/generated/data_schema.md) [b](/generated/notebooks/07_retrain.ipynb) [c](/evidence.md#limits) "
        "[d](https://x.y) [e](#f)"
    )
