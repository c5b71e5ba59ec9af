"""Command that watches a model in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import radnec
from radnec.cli.options import Existing, Jobs, Json, measured_table, writable
from radnec.cli.printing import FINDINGS, print_json
from radnec.phrasing import for_command_line


def monitor(
    model: Annotated[Path, Existing],
    table: Annotated[Path, Existing],
    html: Annotated[Path | None, typer.Option(help="HTML page to write.")] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Earlier table to compare with instead of the training rows."),
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="Column that names the period of each row; else the month of session_date.")
    ] = None,
    false_alarms: Annotated[
        float, typer.Option(help="How often a table without any change may give any finding.")
    ] = 0.05,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Say what changed between a model's training and the rows of a new table, such as a month's.

    Exit code 1 when drift is found; 0 when none is, or when there are too few rows to tell, which is said.

    Example: radnec monitor model.radnec november.parquet --html november.html
    """
    from radnec.classifier.storage import load_model

    writable(html, (".html", ".htm"), model, table, baseline)
    trained = load_model(model)
    features = measured_table(table, None, n_jobs, model=trained)
    earlier = None if baseline is None else measured_table(baseline, None, n_jobs, model=trained)
    report = radnec.monitor(trained, features, baseline=earlier, period=period, false_alarms=false_alarms)
    if html is not None:
        report.save_html(html)
    if as_json:
        print_json(report.to_dict())
    else:
        texts = [report.conclusion, *(finding.text for finding in report.findings)]
        texts += [f"Note: {note}" for note in report.notes]
        typer.echo("\n".join([*map(for_command_line, texts), *([f"Wrote {html}."] if html else [])]))
    if report.findings:
        raise typer.Exit(FINDINGS)
