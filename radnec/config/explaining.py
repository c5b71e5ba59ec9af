"""Says in plain words what is wrong with settings, and the line to write instead."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "dict": "`name: value` pairs",
    "model": "`name: value` pairs",
}
# What pydantic puts into the place of a problem to tell the members of a union apart.
_UNION_MEMBERS = {"str", "int", "float", "bool"}


def explain(settings: str, known: Iterable[str], error: ValidationError) -> str:
    """Return a line for every problem, unknown names with the nearest known one.

    Parameters
    ----------
    settings : str
        Name of the class.
    known : iterable of str
        Names of its settings.
    error : pydantic.ValidationError
        What building it raised.
    """
    problems: dict[str, tuple[object, dict[str, None]]] = {}
    absent, unknown = [], []
    for problem in error.errors(include_url=False):
        name = _place(problem)
        if problem["type"] == "extra_forbidden":
            unknown.append(f"  {explain_unknown(name, known)}")
        elif problem["type"] == "missing" and isinstance(problem["loc"][-1], str):
            absent.append(f"  {name}: not given, and has no default")
        elif problem["type"] == "missing":
            # One problem for each value that a list lacks; the last is the one at its end.
            problems[name] = problem["input"], {f"expected {int(problem['loc'][-1]) + 1} values": None}
        elif problem["type"] != "too_short" or len(problem["input"]) < problem["ctx"]["min_length"]:
            # Several members of a union make one sentence; pydantic counts wrong values of a list as absent.
            problems.setdefault(name, (problem["input"], {}))[1][_expected(problem)] = None
    lines = [f"  {name}: found {found!r}; {_joined(list(texts))}" for name, (found, texts) in problems.items()]
    return "\n".join([f"{settings} cannot be built:", *lines, *absent, *unknown])


def explain_unknown(name: str, known: Iterable[str]) -> str:
    """Return that there is no such setting, with the nearest known one.

    Examples
    --------
    >>> explain_unknown("lable", ["label", "positive"])
    "lable: unknown setting; did you mean 'label'?"
    """
    return f"{name}: unknown setting; {nearest(name, known)}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest known name was meant, or all of them where none is near.

    Examples
    --------
    >>> nearest("rimm", ["rim", "core"]), nearest("x", ["rim", "core"])
    ("did you mean 'rim'?", 'known: rim, core')
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"


def explain_assignment(settings: str, name: str, value: object) -> str:
    """Return why a setting cannot be assigned, and the line that makes new settings.

    Examples
    --------
    >>> print(explain_assignment("TrainingConfig", "draws", 9))
    draws cannot be set to 9: settings never change, so that their digest stays true. Make new ones:
    TrainingConfig(draws=9), or with all else as it was
    TrainingConfig(**{**config.model_dump(exclude_unset=True), 'draws': 9})
    """
    return (
        f"{name} cannot be set to {value!r}: settings never change, so that their digest stays true. Make new ones: "
        f"{settings}({name}={value!r}), or with all else as it was "
        f"{settings}(**{{**config.model_dump(exclude_unset=True), {name!r}: {value!r}}})"
    )


def explain_positional(settings: str, known: Iterable[str], values: tuple[object, ...]) -> str:
    """Return the line to write instead of settings without names.

    Examples
    --------
    >>> explain_positional("TrainingConfig", ["label", "positive"], ("Target",))
    "TrainingConfig takes settings by name only; found 'Target'. Write for example TrainingConfig(label='Target')"
    """
    first = values[0]
    named = ", ".join(f"{name}={value!r}" for name, value in zip(known, values, strict=False))
    line = f"{settings}({named})"
    if isinstance(first, dict):
        line = f"{settings}(**values) for a dict"
    elif str(first).lower().endswith((".yaml", ".yml", ".json")):
        line = f"{settings}.from_yaml({str(first)!r})"
    found = ", ".join(map(repr, values))
    return f"{settings} takes settings by name only; found {found}. Write for example {line}"


def _place(problem: ErrorDetails) -> str:
    first, *rest = problem["loc"] or ("settings",)
    if problem["type"] == "missing" and rest and isinstance(rest[-1], int):
        del rest[-1]
    kept = [part for part in rest if isinstance(part, int) or ("[" not in part and part not in _UNION_MEMBERS)]
    return ".".join(map(str, [first, *kept]))


def _expected(problem: ErrorDetails) -> str:
    kind, found, limits = problem["type"], problem["input"], problem.get("ctx", {})
    if kind in ("tuple_type", "list_type"):
        # A tuple of fixed length needs more than the one number found.
        one = isinstance(found, str) or (kind == "list_type" and isinstance(found, int | float))
        return f"expected a list, such as [{found!r}]" if one else "expected a list"
    if kind in ("too_short", "too_long"):
        return f"expected a list of {_length(limits)} values"
    if kind == "literal_error":
        return f"expected {limits['expected']}"
    if kind == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    if kind.startswith(("greater_than", "less_than")):
        return f"expected a value {problem['msg'].removeprefix('Input should be ')}"
    known = _KINDS.get(kind.split("_")[0])
    return f"expected {known}" if known else problem["msg"].replace("Input should be", "expected")


def _length(limits: Mapping[str, Any]) -> str:
    return f"{limits['min_length']} or more" if "min_length" in limits else f"{limits['max_length']} or fewer"


def _joined(texts: list[str]) -> str:
    first, *others = texts
    return " or ".join([first, *(text.removeprefix("expected ") for text in others)])
