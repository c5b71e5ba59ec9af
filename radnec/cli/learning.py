"""Commands that fit models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import radnec
from radnec.cli.options import (
    Cache,
    Existing,
    Extraction,
    Jobs,
    Json,
    Replicates,
    Settings,
    extraction_settings,
    measured_table,
    replicates_table,
    training_settings,
    writable,
)
from radnec.cli.printing import FINDINGS, print_json, records
from radnec.cli.retraining import Champion, Fewest, Inputs, Margin, Primary, Proof, refuse_idle, retrain
from radnec.phrasing import for_command_line


def train(
    table: Annotated[Path, Existing],
    out: Annotated[Path, typer.Option(help="Model file to write, *.radnec.")],
    config: Settings = None,
    extraction: Extraction = None,
    replicates: Replicates = None,
    champion: Champion = None,
    primary: Primary = None,
    proof: Proof = None,
    margin: Margin = None,
    fewest: Fewest = None,
    cache: Cache = None,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Train a model on a feature table, or on a cohort table that is measured first.

    With --champion, the model in use, the new model is a candidate: both are judged on the same folds of the table, and
    the exit code is 0 when the candidate is accepted, 3 when the champion is kept. The candidate is written in either
    case, its report beside it as .json; nothing is replaced. A run that was killed goes on where it was when it is run
    again, from the folder OUT.work. Settings are the champion's own unless --config gives others.

    Example: radnec train features.parquet --out model.radnec

    Example: radnec train cohort.csv --champion current.radnec --out candidate.radnec
    """
    writable(out, (".radnec",), table, config, extraction, replicates, champion)
    rule = {"primary": primary, "proof": proof, "margin": margin, "fewest": fewest}
    if champion is not None:
        inputs = Inputs(table, champion, config, extraction, replicates)
        retrain(inputs, out, rule, cache=cache, n_jobs=n_jobs, as_json=as_json)
        return
    refuse_idle(rule)
    settings = training_settings(config, n_jobs)
    features = measured_table(table, extraction, n_jobs, label=settings.label, cache=cache)
    given = extraction_settings(extraction)
    model = radnec.train(features, settings, extraction=given, replicates=replicates_table(replicates))
    model.save(out)
    if as_json:
        print_json(
            {
                "model": str(out),
                "identity": model.identity_,
                "better_than_prevalence": model.better_than_prevalence_,
                **model.summary_,
            }
        )
    else:
        notes = [f"Note: {for_command_line(note)}" for note in model.summary_["notes"]]
        typer.echo("\n".join([repr(model), *notes, f"Wrote {out}."]))


def evaluate(
    table: Annotated[Path, Existing],
    out: Annotated[Path | None, typer.Option(help="HTML page to write.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Test this model as it is; nothing is fitted."),
    ] = None,
    config: Settings = None,
    extraction: Extraction = None,
    replicates: Replicates = None,
    permutations: Annotated[
        int,
        typer.Option(min=0, help="Times the labels are dealt to other patients, for a p-value; each costs a run."),
    ] = 0,
    learning_curve: Annotated[
        bool, typer.Option("--learning-curve", help="Also learn from parts of the patients; costs four runs.")
    ] = False,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Evaluate the recipe by nested cross-validation, or a model on another place's table.

    Exit code 1 when a column tells the outcome too well to be true.

    Example: radnec evaluate features.parquet --out report.html
    """
    from radnec.classifier.storage import load_model

    writable(out, (".html", ".htm"), table, model, config, extraction, replicates)
    trained = None if model is None else load_model(model)
    settings = training_settings(config, n_jobs) if trained is None or config is not None else trained.config
    label = (settings or radnec.TrainingConfig()).label
    features = measured_table(table, extraction, n_jobs, model=trained, label=label)
    evaluation = radnec.evaluate(
        features,
        settings,
        model=trained,
        replicates=replicates_table(replicates),
        permutations=permutations,
        learning_curve=learning_curve,
    )
    if out is not None:
        evaluation.save_html(out)
    if as_json:
        print_json({**evaluation.to_dict(), "flags": records(evaluation.flags)})
    else:
        notes = [f"Note: {for_command_line(note)}" for note in evaluation.notes]
        typer.echo("\n".join([*evaluation.conclusions, *notes, *([f"Wrote {out}."] if out else [])]))
    if len(evaluation.suspicions):
        raise typer.Exit(FINDINGS)
