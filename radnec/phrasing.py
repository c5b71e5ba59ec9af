"""Says in the command line's words what messages say in Python's."""

from __future__ import annotations

import ast
import re
import shlex
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CALLS = {
    "radnec.extract(cohort, model.extraction_config_)": "radnec predict MODEL COHORT",
    "radnec.evaluate(table)": "radnec evaluate TABLE (without --model)",
    "radnec.train(table, extraction=radnec.ExtractionConfig(...))": "radnec train TABLE --extraction FILE",
    "radnec.train(features, replicates=table)": "radnec train FEATURES --replicates TABLE",
    "radnec.features.table.read_table(path)": "a file that radnec extract wrote",
    "radnec.features.table.read_table": "the .json beside it",
    "radnec.extract(cohort)": "radnec extract",
    "radnec.labelled(table) leaves them out": "leave them out",
    "model.save()": "radnec train",
    "model.adapt(rows of that scanner)": "radnec adapt MODEL TABLE",
    "model.recalibrate(table, labels)": "radnec recalibrate MODEL TABLE",
    "add_dose(cohort, alpha_beta_gy=...)": "--alpha-beta",
    "in .frame()": "with radnec check --json",
    "in the exception's .frame": "with radnec check --json",
    "(change it with root=)": "(the folder of the table)",
}
_OPTIONS = {"TrainingConfig": "--config", "ExtractionConfig": "--extraction"}
_CALL = re.compile(r"(?:radnec\.)?(TrainingConfig|ExtractionConfig|simulate_cohort)\(")
# A setting by itself, such as "set force_2d=True" or "in 2-D (force_2d=True)".
_ALONE = re.compile(r"(?:^|(?<=\s)|(?<=\s\())(\w+)=(?=\S)")
_ONE_WORD = re.compile(r"(?:True|False|None|\.\.\.|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?!\w)")
_ENDS = {"(": ")", "[": "]", "{": "}", "'": "'", '"': '"'}
#: Keys of JSON whose texts are messages, not data.
_PROSE = {"explanation", "fix", "expected", "reason", "notes", "conclusion", "conclusions", "text", "failed"}


def for_command_line(message: str) -> str:
    """Return a message with Python calls replaced by the option or command that does the same.

    Settings become lines of YAML that work when they are copied.

    Examples
    --------
    >>> for_command_line("Say which value is positive with TrainingConfig(positive=...)")
    'Say which value is positive with a line `positive: ...` in the --config file'
    >>> for_command_line("Extract in 2-D (force_2d=True)")
    'Extract in 2-D (a line `force_2d: true` in the --extraction file)'
    >>> for_command_line("Measure it with radnec.extract(cohort, model.extraction_config_)")
    'Measure it with radnec predict MODEL COHORT'
    """
    for call, command in _CALLS.items():
        message = message.replace(call, command)
    return _rewritten(_rewritten(message, _CALL, _call), _ALONE, _alone)


def in_json(value: Any, *, prose: bool = False) -> Any:
    """Return a value for JSON: messages in the command line's words, None for what is no finite number.

    What a cell holds is quoted in messages, and stands as it is under the key ``found``.

    Examples
    --------
    >>> in_json({"lesion_id": "n4=True", "fix": "Set n4=True", "value": float("inf")})
    {'lesion_id': 'n4=True', 'fix': 'Set a line `n4: true` in the --extraction file', 'value': None}
    """
    if isinstance(value, dict):
        return {
            key: _unquoted(item) if key == "found" else in_json(item, prose=key in _PROSE)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [in_json(item, prose=prose) for item in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return for_command_line(value) if prose and isinstance(value, str) else value


def _unquoted(found: Any) -> Any:
    whole = _literal(found, 0) if isinstance(found, str) and found[:1] in ("'", '"') else None
    return whole[0] if whole is not None and whole[1] == len(found) else found


def _rewritten(
    message: str, pattern: re.Pattern[str], rewrite: Callable[[re.Match[str]], tuple[str, int] | None]
) -> str:
    """Return the message with everything replaced that starts with the pattern and that `rewrite` understands."""
    parts, position = [], 0
    while match := pattern.search(message, position):
        rewritten = rewrite(match)
        text, end = (match.group(), match.end()) if rewritten is None else rewritten
        parts += [message[position : match.start()], text]
        position = end
    return "".join([*parts, message[position:]])


def _call(match: re.Match[str]) -> tuple[str, int] | None:
    for end in _places(match.string, ")", match.end()):
        try:
            call = ast.parse(match.string[match.start() : end], mode="eval").body
        except SyntaxError:
            continue
        if not isinstance(call, ast.Call) or any(keyword.arg is None for keyword in call.keywords):
            return None
        try:
            given = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
            nameless = [ast.literal_eval(argument) for argument in call.args]
        except ValueError:
            return None
        if match[1] == "simulate_cohort":
            return f"radnec demo --out {shlex.quote(str(nameless[0]))}", end
        return (_lines(given, _OPTIONS[match[1]]), end) if given and not nameless else None
    return None


def _alone(match: re.Match[str]) -> tuple[str, int] | None:
    from radnec.config import ExtractionConfig, TrainingConfig
    from radnec.errors import ConfigError

    owner = next((kind for kind in (TrainingConfig, ExtractionConfig) if match[1] in kind.model_fields), None)
    found = _literal(match.string, match.end())
    if owner is None or found is None or _is_argument(match):
        return None
    value, end = found
    if match.string[end : end + 1] in ("/", "-", "_", "="):  # part of a name, such as label=3/S1
        return None
    try:
        owner(**{match[1]: value})
    except (ConfigError, TypeError):  # the argument of a function, called like a setting
        return None
    return _lines({match[1]: value}, _OPTIONS[owner.__name__]), end


def _is_argument(match: re.Match[str]) -> bool:
    """Return whether a match stands between the parentheses of a call."""
    before, complete = match.string[: match.start()], re.compile(r"\([^()]*\)")
    while complete.search(before):
        before = complete.sub("", before)
    return re.search(r"\w\([^()]*$", before) is not None


def _literal(text: str, start: int) -> tuple[Any, int] | None:
    """Return the Python literal that starts here, and where it ends."""
    word = _ONE_WORD.match(text, start)
    ends = [word.end()] if word else _places(text, _ENDS.get(text[start], "\n"), start + 1)
    for end in ends:
        try:
            return ast.literal_eval(text[start:end]), end
        except (ValueError, SyntaxError):
            continue
    return None


def _places(text: str, ending: str, start: int) -> Iterator[int]:
    """Return the positions behind each `ending` from `start` on."""
    return (match.end() for match in re.compile(re.escape(ending)).finditer(text, start))


def _lines(settings: dict[str, Any], option: str) -> str:
    written = " and ".join(f"`{name}: {_yaml(value)}`" for name, value in settings.items())
    return f"{'a line' if len(settings) == 1 else 'the lines'} {written} in the {option} file"


def _yaml(value: Any) -> str:
    # An ellipsis stands for what the user has to fill in.
    text: str = yaml.dump(value, Dumper=_Flow, default_flow_style=True, allow_unicode=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...").replace("'...'", "...")


class _Flow(yaml.SafeDumper):
    """Writes an ellipsis as text."""


_Flow.add_representer(type(...), lambda dumper, _: dumper.represent_str("..."))
