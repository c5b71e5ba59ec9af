"""Commands that describe a model: its card, and checklists filled from it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from radnec.cli.options import Existing, Json, writable
from radnec.cli.printing import print_json, records

Evaluated = Annotated[
    Path | None,
    typer.Option("--evaluation", exists=True, dir_okay=False, help="What radnec evaluate --json printed, as a file."),
]


class Which(StrEnum):
    """The checklists."""

    clear = "clear"
    metrics = "metrics"
    tripod_ai = "tripod-ai"


def card(
    model: Annotated[Path, Existing],
    evaluation: Evaluated = None,
    out: Annotated[Path | None, typer.Option(help="Markdown or HTML to write; otherwise Markdown is printed.")] = None,
    author: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=TEXT of what only the author knows: intended_use, contact, licence, …; may repeat."),
    ] = None,
) -> None:
    """Write the card of a model from what was measured; what was not is said to be absent.

    Example: radnec card model.radnec --evaluation evaluation.json --author "licence=CC BY 4.0" --out card.html
    """
    from radnec.classifier.storage import load_model
    from radnec.reporting.card import card as made_of

    writable(out, (".md", ".html", ".htm"), model, evaluation)
    odd = [text for text in author or [] if "=" not in text]
    if odd:
        raise typer.BadParameter(f"--author {odd[0]!r}: expected FIELD=TEXT, such as licence=CC BY 4.0")
    given = dict(text.split("=", 1) for text in author or [])
    document = made_of(load_model(model), evaluation, author=given)
    if out is None:
        typer.echo(document.markdown(), nl=False)
    else:
        document.save(out)
        typer.echo(f"Wrote {out}.")


def checklist(
    name: Annotated[Which, typer.Argument(help="Which checklist.")],
    model: Annotated[Path, Existing],
    evaluation: Evaluated = None,
    answers: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV of the author's answers: columns item and answer."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="CSV, Markdown or HTML to write; otherwise Markdown is printed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Fill the checklist CLEAR, METRICS or TRIPOD+AI where the model knows the answer; the rest is for the author.

    A CSV that was written can be completed and given back with --answers; METRICS is scored once all is answered.

    Example: radnec checklist metrics model.radnec --evaluation evaluation.json --out metrics.csv
    """
    from radnec.classifier.storage import load_model
    from radnec.reporting.checklists import checklist as filled

    writable(out, (".csv", ".md", ".html", ".htm"), model, evaluation, answers)
    found = filled(name.value, load_model(model), evaluation, answers=answers)
    if out is not None:
        found.save(out)
    if as_json:
        print_json({"conclusion": found.conclusion, "score": found.score, "items": records(found.frame())})
    elif out is None:
        typer.echo(found.document().markdown(), nl=False)
    else:
        typer.echo(f"{found.conclusion} Wrote {out}.")
