"""Command that lists the published evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radnec.cli.options import Json
from radnec.cli.printing import print_json, records

_SHOWN = ("id", "index", "entity", "n_lesions", "n_patients", "rule", "positive_class", "sensitivity", "specificity")


def evidence(
    index: Annotated[str | None, typer.Argument(help="Index or row to show, such as TBRmax; all by default.")] = None,
    own: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Your own rows (CSV), laid over the published ones."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the published accuracies that findings and cut-offs are weighed by; --json gives every column.

    Example: radnec evidence TBRmax
    """
    from radnec.pathway import EvidenceTable, read_evidence

    table = read_evidence() if own is None else read_evidence().extended(own)
    chosen = table if index is None else EvidenceTable(table.of(index))
    frame = chosen.frame()
    if as_json:
        print_json(records(frame))
        return
    shown = frame.assign(rule=[row.rule for row in chosen])[[*_SHOWN, "auc", "source"]]
    typer.echo(shown.astype(object).where(shown.notna(), "").to_string(index=False))
