"""The command that reports one lesion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import radnec
from radnec.cli.options import Existing, Json, writable
from radnec.cli.printing import FINDINGS, print_json
from radnec.phrasing import for_command_line


def report(
    model: Annotated[Path, Existing],
    table: Annotated[Path, Existing],
    lesion: Annotated[str, typer.Option(help="patient/lesion, or patient/session/lesion where it was seen twice.")],
    html: Annotated[Path, typer.Option("--html", help="Page to write.")],
    features: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Feature table that holds the lesion, perhaps with indices; without it the lesion is measured.",
        ),
    ] = None,
    prior: Annotated[
        float | None,
        typer.Option(help="P(RN) where the ledger of published evidence starts; by default the model's prevalence."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a page about one lesion of a cohort: images, probability, what moved it, evidence and quality.

    A feature table in place of the cohort gives the page without images. Exit code 1 when the extraction of the lesion
    failed or its check found an error; the page is written all the same.

    Example: radnec report model.radnec cohort.csv --lesion P012/L2 --html P012_L2.html
    """
    from radnec.classifier.storage import load_model
    from radnec.features.source import is_cohort
    from radnec.features.table import read_table
    from radnec.reporting.lesion import lesion_report

    writable(html, (".html", ".htm"), model, table, features)
    listed = is_cohort(table)
    if not listed and features is not None:
        raise typer.BadParameter(f"{table.name} is a feature table already; leave out --features, or give the cohort")
    source = features if listed else table
    found = lesion_report(
        load_model(model),
        radnec.read_cohort(table) if listed else None,
        lesion,
        table=None if source is None else read_table(source),
        prior=prior,
    )
    found.save_html(html)
    if as_json:
        answer = {name: found.assessed[name] for name in ("p_necrosis", "p_low", "p_high", "call", "reason")}
        print_json({"lesion": found.name, "html": str(html), **answer})
    else:
        typer.echo(for_command_line(f"{found.name}: {found.assessed['call']}, {found.assessed['reason']}"))
        typer.echo(f"Wrote {html}.")
    if not found.sound:
        raise typer.Exit(FINDINGS)
