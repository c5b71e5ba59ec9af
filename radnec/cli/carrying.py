"""Commands that carry a model to another place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import radnec
from radnec.cli.options import Existing, Jobs, measured_table, writable
from radnec.cohort.parsing import counted

Out = Annotated[Path, typer.Option(help="Model file to write, *.radnec; the old one stays as it is.")]


def adapt(model: Annotated[Path, Existing], table: Annotated[Path, Existing], out: Out, n_jobs: Jobs = 1) -> None:
    """Learn the offset of new scanners from unlabelled lesions, and write a new model.

    Example: radnec adapt model.radnec theirs.parquet --out here.radnec
    """
    from radnec.classifier.storage import load_model

    writable(out, (".radnec",), model, table)
    trained = load_model(model)
    features = measured_table(table, None, n_jobs, model=trained)
    adapted = trained.adapt(features)
    adapted.save(out)
    found = trained.recipe_.learnable_rows(features)
    listed = ", ".join(
        f"{name} ({counted(n, 'lesion session')})" for name, n in found[found != ""].value_counts().items()
    )
    typer.echo(f"Adapted model {trained.identity_} to {listed}; wrote {out}.")


def recalibrate(
    model: Annotated[Path, Existing],
    table: Annotated[Path, Existing],
    out: Out,
    slope: Annotated[
        bool, typer.Option("--slope/--intercept-only", help="Mend both, or the intercept alone, safer with few events.")
    ] = True,
    n_jobs: Jobs = 1,
) -> None:
    """Mend the intercept and slope of the probabilities on labelled lesions, and write a new model.

    Rows are chosen as for training: labelled, with mature follow-up, one session per lesion. With few events both move
    little.

    Example: radnec recalibrate model.radnec theirs.parquet --out here.radnec
    """
    from radnec.classifier.storage import load_model
    from radnec.evaluation.protocol import select_rows

    writable(out, (".radnec",), model, table)
    trained = load_model(model)
    config = trained.config or radnec.TrainingConfig()
    features = measured_table(table, None, n_jobs, model=trained, label=config.label)
    chosen = select_rows(features, config, features=trained.feature_names_)
    mended = trained.recalibrate(chosen.table, chosen.y, slope=slope)
    mended.save(out)
    typer.echo(f"Model {trained.identity_}: {mended.summary_['notes'][-1]} Wrote {out}.")
