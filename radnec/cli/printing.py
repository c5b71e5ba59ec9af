"""How commands print tables, failures and JSON."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import typer

from radnec.errors import CohortTip, ExtractionWarning
from radnec.phrasing import for_command_line, in_json

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from radnec.errors import CohortError

FINDINGS = 1
WRONG_USE = 2
#: A candidate was trained, and the champion is better kept.
KEPT = 3
#: A fault of radnec's, or no memory was left.
FAULT = 4
#: What is rounded in CSV: no probability is known better. The JSON has all digits.
_PROBABILITIES = ("p_necrosis", "p_low", "p_high", "p_ledger", "novelty")


def silence_failures() -> None:
    """Leave out the warning that rows failed: every reason is printed instead."""
    warnings.filterwarnings("ignore", message=".* rows failed", category=ExtractionWarning)


def silence_unfilled() -> None:
    """Leave out the warning that nothing was filled, which is printed with the result."""
    warnings.filterwarnings("ignore", message="nothing was filled", category=CohortTip)


def tell_failures(failed: pd.DataFrame) -> None:
    """Print why each of these rows failed."""
    for reason in failed["error"]:
        typer.echo(for_command_line(f"  {reason}"), err=True)


def with_row(assessed: pd.DataFrame) -> pd.DataFrame:
    """Put the number of each row in front where the keys may not tell rows apart."""
    if not {"session_id", "lesion_id"} <= set(assessed.columns) and "row" not in assessed:
        assessed.insert(0, "row", range(1, len(assessed) + 1))
    return assessed


def as_csv(assessed: pd.DataFrame, path: Path | None) -> str:
    """Write judged lesions as CSV, probabilities to four digits; without a path, return it as text."""
    # A pathway gives them after each stage too, with the stage's name behind.
    known = [name for name in assessed.columns if str(name).startswith(_PROBABILITIES)]
    rounded = {name: assessed[name].map("{:.4g}".format, na_action="ignore") for name in known}
    text: str | None = assessed.assign(**rounded).to_csv(path, index=False)
    return text or ""


def print_json(value: Any) -> None:
    """Print a value as JSON; what is no finite number becomes null."""
    typer.echo(json.dumps(in_json(value), indent=2, ensure_ascii=False, allow_nan=False))


def tell_broken(error: CohortError, *, as_json: bool) -> None:
    """Print what breaks the contract of a cohort: every problem as JSON, or the first ones as text."""
    if as_json:
        print_json(records(error.frame))
    else:
        typer.echo(for_command_line(f"radnec: {error}"), err=True)


def records(frame: pd.DataFrame) -> Any:
    """Return the rows as JSON values; an empty cell or NaN becomes null."""
    return json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))
