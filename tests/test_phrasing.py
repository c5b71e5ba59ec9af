"""Messages in the command line's words: what they tell to write can be copied."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from radnec.config import ExtractionConfig, TrainingConfig
from radnec.imaging.findings import FINDINGS
from radnec.phrasing import for_command_line, in_json

LINE = re.compile(r"`(\w+: [^`]*)`(?=(?: and `[^`]*`)* in the --(\w+) file)")
KINDS = {"config": TrainingConfig, "extraction": ExtractionConfig}
NAMES = "|".join({*TrainingConfig.model_fields, *ExtractionConfig.model_fields})
TEXTS = (ast.Constant, ast.JoinedStr)
DOCSTRING = re.compile(r">>>|\n *-----")
FILLED_IN = {"setting": "label", "named": "['age_years']", "width": "0.1", "sequence": "rCBV"}
PYTHON = re.compile(rf"Config\(|(?:^|[\s(])(?:{NAMES})=[^\s=]")


def lines_of(message: str) -> list[tuple[str, str]]:
    """Return the lines that a message tells to write, each with the option of its file."""
    return LINE.findall(for_command_line(message))


def text_of(node: ast.AST) -> str:
    """Return the text of a string in the source, with examples for what an f-string fills in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        example = FILLED_IN.get(ast.unparse(node.value), "x")
        return repr(example) if node.conversion == ord("r") else example
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def messages() -> list[str]:
    """Return all texts of the package that speak of settings, apart from docstrings."""
    found: dict[str, None] = {}
    for path in sorted((Path(__file__).parents[1] / "radnec").rglob("*.py")):
        if path.name not in ("phrasing.py", "explaining.py"):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            pieces = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
            texts = [text_of(node) for node in nodes if id(node) not in pieces and isinstance(node, TEXTS)]
            found |= dict.fromkeys(text for text in texts if PYTHON.search(text) and not DOCSTRING.search(text))
    return list(found)


@pytest.mark.parametrize("code", FINDINGS)
def test_every_fix_tells_lines_that_work(code):
    fix = FINDINGS[code].fix
    for line, option in lines_of(fix):
        KINDS[option].from_text(line)
    assert not PYTHON.search(for_command_line(fix))


@pytest.mark.parametrize("message", messages())
def test_every_message_about_settings_tells_lines_that_work(message):
    for line, option in lines_of(message):
        KINDS[option].from_text(line)
    assert "Config(" not in for_command_line(message).replace("ExtractionConfig(...)", "")


def test_messages_are_found():
    found = "\n".join(messages())
    for call in ("TrainingConfig(batch=None)", "TrainingConfig(label=...)", "by_sequence={'rCBV': {'bin_width': 0.1}}"):
        assert call in found


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("ExtractionConfig(resampled_spacing_mm=(1, 1, 1))", "resampled_spacing_mm: [1, 1, 1]"),
        ("in 2-D (force_2d=True).", "force_2d: true"),
        ("fits the sequence: by_sequence={'rCBV': {'bin_width': 0.1}}", "by_sequence: {rCBV: {bin_width: 0.1}}"),
        ("or TrainingConfig(batch=None)", "batch: null"),
        ("TrainingConfig(features=['Time (days)', 'a)b', 'No'])", "features: [Time (days), a)b, 'No']"),
        ('radnec.TrainingConfig(features="^(original|log|wavelet)"); 5', "features: ^(original|log|wavelet)"),
        ("no column: name it with TrainingConfig(patient=...); columns: a", "patient: ..."),
        ("TrainingConfig(candidates=('logistic', 'random_forest'))", "candidates: [logistic, random_forest]"),
    ],
)
def test_python_becomes_yaml(message, line):
    ((found, option),) = lines_of(message)
    assert found == line
    KINDS[option].from_text(found)


def test_several_settings_are_several_lines():
    told = for_command_line("Use TrainingConfig(label='Target', positive=1) here")
    assert told == "Use the lines `label: Target` and `positive: 1` in the --config file here"


@pytest.mark.parametrize(
    "message",
    [
        "TrainingConfig cannot be built",
        "which label= gives no meaning",
        "    P1/S1/label=3, T1wCE: 1 voxel",
        "    label=3/S1/L1, T1wCE: 1 voxel",
        "level == 2, and TrainingConfig(",
        "a cubic spline needs 4. Use interpolator='linear'.",
        "with ComBat(batch='scanner_id', unseen='reference'), or not",
        "model.set_params(unseen='reference')",
    ],
)
def test_what_is_no_setting_stays(message):
    assert for_command_line(message) == message


def test_the_advice_to_evaluate_reads_as_a_sentence():
    told = for_command_line("evaluate it with radnec.evaluate(table), which trains anew")
    assert told == "evaluate it with radnec evaluate TABLE (without --model), which trains anew"


def test_a_folder_of_the_demo_can_be_copied_into_a_shell():
    told = for_command_line("Name a new folder, such as simulate_cohort('my data_new')")
    assert told == "Name a new folder, such as radnec demo --out 'my data_new'"


def test_json_holds_cells_as_they_are_and_messages_in_words():
    problem = {"row": 2, "found": "'15000'", "expected": "a folder (change it with root=)"}
    assert in_json([problem]) == [{"row": 2, "found": "15000", "expected": "a folder (the folder of the table)"}]
    assert in_json({"found": "'a', but 'b' in row 2", "x": float("nan")}) == {
        "found": "'a', but 'b' in row 2",
        "x": None,
    }
