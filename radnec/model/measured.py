"""How the features of a table were measured, and whether two tables were measured alike."""

from __future__ import annotations

from typing import Any

from radnec.config import ExtractionConfig
from radnec.errors import SettingsMismatchError


def extraction_of(table: Any) -> ExtractionConfig | None:
    """Return the extraction settings that a table carries, or None.

    Examples
    --------
    >>> import pandas as pd
    >>> extraction_of(pd.DataFrame()) is None
    True
    """
    stored = getattr(table, "attrs", {}).get("radnec", {}).get("extraction")
    return ExtractionConfig(**stored) if stored else None


def same_extraction(table: Any, expected: ExtractionConfig | None) -> None:
    """Refuse a table that is known to have been measured with other settings.

    Raises
    ------
    radnec.errors.SettingsMismatchError
        Naming every setting that differs.
    """
    found = extraction_of(table)
    if found is None or expected is None or found.digest() == expected.digest():
        return
    differing = [
        f"{name}: {getattr(found, name)!r} instead of {getattr(expected, name)!r}"
        for name in type(expected).model_fields
        if getattr(found, name) != getattr(expected, name)
    ]
    raise SettingsMismatchError(
        f"the table was measured with other extraction settings than were asked for or trained with "
        f"({'; '.join(differing)}). "
        "Measure it with radnec.extract(cohort, model.extraction_config_)"
    )
