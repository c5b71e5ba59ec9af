"""The command that does the main job on a simulated cohort."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

import radnec
from radnec.cli.options import Jobs
from radnec.cli.printing import as_csv
from radnec.phrasing import for_command_line


def demo(
    out: Annotated[Path, typer.Option(help="Folder to make; it must not hold anything yet.")] = Path("radnec-demo"),
    n_patients: Annotated[int, typer.Option(min=20, help="Simulated patients.")] = 60,
    effect: Annotated[float, typer.Option(min=0, help="Strength of the simulated signal; 0 is none.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    n_jobs: Jobs = -1,
) -> None:
    """Do the main job on a simulated cohort: simulate, check, extract, train, evaluate, save.

    Example: radnec demo --out radnec-demo
    """
    from radnec.features.table import write_table
    from radnec.simulate import DEMO_EXTRACTION

    source = radnec.simulate_cohort(out, n_patients=n_patients, effect=effect, random_state=seed)
    cohort = radnec.read_cohort(source)
    lesions = len(cohort.drop_duplicates(["patient_id", "session_id", "lesion_id"]))
    typer.echo(
        f"Simulated {cohort['patient_id'].nunique()} patients: {lesions} lesion sessions on "
        f"{cohort['image_path'].nunique()} images."
    )
    typer.echo(for_command_line(str(radnec.check(cohort))))
    table = radnec.extract(cohort, DEMO_EXTRACTION, n_jobs=n_jobs)
    write_table(table, out / "features.parquet")
    typer.echo(f"Measured {len(table)} lesion sessions.")
    config = radnec.TrainingConfig(outer_repeats=2, random_state=seed, n_jobs=n_jobs)
    evaluation = radnec.evaluate(table, config)
    evaluation.save_html(out / "report.html")
    model = radnec.train(table, config)
    model.save(out / "model.radnec", evaluation=evaluation)
    as_csv(model.assess(table), out / "assessed.csv")
    for sentence in evaluation.conclusions:
        typer.echo(sentence)
    typer.echo(f"\nOpen {out / 'report.html'} in a browser. The features are in {out / 'features.parquet'}, the model")
    typer.echo(f"in {out / 'model.radnec'}, its calls of the lesions it has learnt from in {out / 'assessed.csv'}")
    typer.echo("(the report says how it does on others). Try")
    # `uv run` sets this; where it was not used, the command stands on the path.
    start = "uv run radnec" if "UV" in os.environ else "radnec"
    typer.echo(f"  {start} predict {out / 'model.radnec'} {source}")
