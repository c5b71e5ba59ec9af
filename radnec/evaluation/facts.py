"""Says what an evaluation was made from, in lines that a reader can check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from radnec.evaluation.result import Evaluation


# A number per patient, which says nothing to a reader, and the names of lesions, which are nobody else's.
_HIDDEN = {"marks", "names"}


def facts_of(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Return name and value of each fact: settings that are not the default, then where the table comes from.

    Facts of facts are named after both (``table, engine``); what is empty is left out.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from radnec.config import TrainingConfig
    >>> origin = {"table": {"engine": "pyradiomics 3.0.1", "skipped": []}, "model": None}
    >>> facts_of(SimpleNamespace(config=TrainingConfig(random_state=3), provenance=origin))
    [('set by the user', 'random_state 3'), ('table, engine', 'pyradiomics 3.0.1')]
    """
    settings = evaluation.config.model_dump(exclude_defaults=True)
    chosen = ", ".join(f"{name} {_text(value)}" for name, value in settings.items()) or "nothing"
    return [("set by the user", chosen), *_flat(evaluation.provenance, "")]


def _flat(facts: Mapping[str, Any], start: str) -> list[tuple[str, str]]:
    found = []
    for name, value in facts.items():
        label = f"{start}, {name}" if start else name.replace("_", " ")
        if isinstance(value, dict) and not start:
            found += _flat(value, label)
        elif value not in (None, "", [], {}):
            found.append((label.replace("_", " "), _text(value)))
    return found


def _text(value: Any) -> str:
    if isinstance(value, dict):
        shown = [name for name, entry in value.items() if name not in _HIDDEN and entry not in (None, "", [], {})]
        return ", ".join(f"{name} {_text(value[name])}" for name in shown)
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return str(value)
