"""What ``radnec train`` does when there is a champion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

import radnec
from radnec.cli.options import extraction_settings, measured_table, replicates_table, training_settings
from radnec.cli.printing import KEPT, print_json
from radnec.phrasing import for_command_line

if TYPE_CHECKING:
    from radnec.service.writing import Written

Champion = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Model in use, which the new one is judged beside."),
]
Primary = Annotated[
    str | None, typer.Option(help="Score that must be better than the champion's: log_loss (default), brier or auc.")
]
Proof = Annotated[
    str | None,
    typer.Option(help="What shows it: interval (default), the whole interval of the difference, or estimate."),
]
Margin = Annotated[float | None, typer.Option(help="How much worse the other two scores may be; 0.02 by default.")]
Fewest = Annotated[
    int | None,
    typer.Option(help="Patients of each class new to the champion, from which on only such are compared; 10."),
]


class Inputs(NamedTuple):
    """The files of a retraining."""

    table: Path
    champion: Path
    config: Path | None
    extraction: Path | None
    replicates: Path | None


def refuse_idle(rule: dict[str, Any]) -> None:
    """Refuse parts of the rule where there is no champion to apply it to."""
    idle = [f"--{name}" for name, value in rule.items() if value is not None]
    if idle:
        raise typer.BadParameter(f"{', '.join(idle)} say how a candidate is judged; name the champion by --champion")


def retrain(inputs: Inputs, out: Path, rule: dict[str, Any], *, cache: Path | None, n_jobs: int, as_json: bool) -> None:
    """Train a candidate beside a champion, print the decision, and exit with 3 when the champion is kept."""
    from radnec.classifier.storage import load_model
    from radnec.service import DecisionRule, retrain_to
    from radnec.service.place import Place

    place, judged = Place(out), DecisionRule(**{name: value for name, value in rule.items() if value is not None})
    place.refuse_taken()
    champion = load_model(inputs.champion)
    settings = (
        (champion.config or radnec.TrainingConfig()).model_copy(update={"n_jobs": n_jobs})
        if inputs.config is None
        else training_settings(inputs.config, n_jobs)
    )
    kept = cache or place.features
    written = retrain_to(
        measured_table(inputs.table, inputs.extraction, n_jobs, model=champion, label=settings.label, cache=kept),
        champion,
        out,
        settings,
        rule=judged,
        extraction=extraction_settings(inputs.extraction),
        replicates=replicates_table(inputs.replicates),
    )
    _tell(written, place, as_json=as_json)
    if not written.report["accepted"]:
        raise typer.Exit(KEPT)


def _tell(written: Written, place: Any, *, as_json: bool) -> None:
    report = written.report
    if written.again:
        typer.echo(f"radnec: note: {place.out} is the finished result of this very run; nothing was done.", err=True)
    if written.kept:
        typer.echo(f"radnec: note: {written.kept} fold models of an interrupted run were taken up.", err=True)
    if as_json:
        print_json(report)
        return
    notes = [f"Note: {for_command_line(note)}" for note in report["notes"]]
    lines = [report["conclusion"], report["rule"]["text"], *report["reasons"], report["comparison"]["text"], *notes]
    typer.echo("\n".join([*lines, f"Wrote {place.out} and {place.report}."]))
