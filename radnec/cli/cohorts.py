"""Commands about cohort tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import radnec
from radnec.cli.options import Existing, Json
from radnec.cli.printing import FINDINGS, print_json, records, tell_broken
from radnec.errors import CohortError
from radnec.phrasing import for_command_line


def schema() -> None:
    """Print the contract of the cohort table as Markdown.

    Example: radnec schema > data_schema.md
    """
    from radnec.cohort import data_schema

    typer.echo(data_schema(), nl=False)


def check(
    cohort: Annotated[Path, Existing],
    mute: Annotated[list[str] | None, typer.Option(help="Code to leave out, such as RN004; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Check a cohort table and its images; exit code 1 when something of severity error is found.

    Example: radnec check cohort.csv --mute RN004
    """
    try:
        table = radnec.read_cohort(cohort)
    except CohortError as error:
        tell_broken(error, as_json=as_json)
        raise typer.Exit(FINDINGS) from None
    report = radnec.check(table, mute=tuple(mute or ()))
    if as_json:
        print_json(records(report.frame()))
    else:
        typer.echo(for_command_line(str(report)))
    if not report.ok:
        raise typer.Exit(FINDINGS)
