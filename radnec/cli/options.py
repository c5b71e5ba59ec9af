"""Arguments and options that several commands take, checked before any work is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import radnec

if TYPE_CHECKING:
    import pandas as pd


def _jobs(value: int) -> int:
    if value == 0:
        raise typer.BadParameter("0 jobs do nothing; expected 1 or more, or -1 for all cores")
    return value


Existing = typer.Argument(exists=True, dir_okay=False)
Jobs = Annotated[
    int, typer.Option("--n-jobs", callback=_jobs, help="Parallel jobs; -1 uses all cores. Never changes the result.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text.")]
Settings = Annotated[Path | None, typer.Option("--config", exists=True, dir_okay=False, help="Settings in YAML.")]
Extraction = Annotated[
    Path | None,
    typer.Option(
        "--extraction",
        exists=True,
        dir_okay=False,
        help="Extraction settings in YAML, radnec's or pyradiomics'.",
    ),
]
Cache = Annotated[Path | None, typer.Option(help="Folder that remembers what was measured.")]
Replicates = Annotated[
    Path | None,
    typer.Option(
        "--replicates",
        exists=True,
        dir_okay=False,
        help="Repeated measurements (CSV or Parquet): learn only from features that repeat in each fold's patients.",
    ),
]


def writable(out: Path | None, endings: tuple[str, ...], *inputs: Path | None) -> None:
    """Refuse an output that cannot be written, is called what it is not, or is an input, before any work is done."""
    if out is None:
        return
    if out.suffix.lower() not in endings:
        raise typer.BadParameter(f"{out.name}: expected a name that ends in {' or '.join(endings)}")
    if out.is_dir():
        raise typer.BadParameter(f"{out} is a folder; expected the name of a file")
    if not out.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {out.absolute().parent} to write {out.name} to")
    if out.exists() and any(path is not None and out.samefile(path) for path in inputs):
        raise typer.BadParameter(f"{out} is an input of this command and would be overwritten; name another file")


def extraction_settings(path: Path | None) -> radnec.ExtractionConfig | None:
    """Return the settings of the ``--extraction`` file, None where none was given."""
    return None if path is None else radnec.ExtractionConfig.from_yaml(path)


def replicates_table(path: Path | None) -> pd.DataFrame | None:
    """Return the table of the ``--replicates`` file, None where none was given."""
    from radnec.features.table import read_table

    return None if path is None else read_table(path)


def training_settings(path: Path | None, n_jobs: int) -> radnec.TrainingConfig:
    """Return the settings of the ``--config`` file, or the default, with the jobs of the command line."""
    config = radnec.TrainingConfig() if path is None else radnec.TrainingConfig.from_yaml(path)
    return config.model_copy(update={"n_jobs": n_jobs})


def measured_table(
    path: Path,
    extraction: Path | None,
    n_jobs: int,
    *,
    model: radnec.RadnecClassifier | None = None,
    label: str | None = None,
    cache: Path | None = None,
) -> pd.DataFrame:
    """Return a feature table as it is, or a cohort table measured, as `model` was trained where there is one."""
    from radnec.features.source import measured

    if model is None:
        return measured(path, extraction_settings(extraction), label=label, n_jobs=n_jobs, cache=cache)
    settings = extraction_settings(extraction) or model.extraction_config_
    return measured(path, settings, needed=model.recipe_.columns(), label=label, n_jobs=n_jobs, cache=cache)
