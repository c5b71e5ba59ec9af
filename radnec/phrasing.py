"""Says in the command line's words what messages say in Python's."""

from __future__ import annotations

import re

_SETTING = r"\((\w+)=((?:[^()]|\([^()]*\))*)\)"
_PHRASES = (
    (re.compile(rf"(?:radnec\.)?TrainingConfig{_SETTING}"), r"a line `\1: \2` in the --config file"),
    (re.compile(rf"(?:radnec\.)?ExtractionConfig{_SETTING}"), r"a line `\1: \2` in the --extraction file"),
    (re.compile(r"by_sequence=(\{.*?\}\})"), r"a line `by_sequence: \1` in the --extraction file"),
)
_CALLS = {
    "radnec.extract(cohort, model.extraction_config_)": "radnec predict MODEL COHORT",
    "radnec.evaluate(table)": "radnec evaluate TABLE, without --model,",
    "radnec.train(table, extraction=radnec.ExtractionConfig(...))": "radnec train TABLE --extraction FILE",
    "radnec.features.table.read_table(path)": "a file that radnec extract wrote",
    "radnec.features.table.read_table": "the .json beside it",
    "radnec.extract(cohort)": "radnec extract",
    "radnec.labelled(table) leaves them out": "leave them out",
    "model.save()": "radnec train",
    "in .frame()": "with --json",
    "in the exception's .frame": "with radnec check --json",
}


def for_command_line(message: str) -> str:
    """Return a message with Python calls replaced by the option or command that does the same.

    Examples
    --------
    >>> for_command_line("Say which value is positive with TrainingConfig(positive=...)")
    'Say which value is positive with a line `positive: ...` in the --config file'
    >>> for_command_line("Measure it with radnec.extract(cohort, model.extraction_config_)")
    'Measure it with radnec predict MODEL COHORT'
    """
    for call, command in _CALLS.items():
        message = message.replace(call, command)
    for pattern, line in _PHRASES:
        message = pattern.sub(line, message)
    return message
