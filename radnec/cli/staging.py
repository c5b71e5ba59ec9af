"""Judges lesions by a staged pathway: measures what it reads, and prints how far each lesion went and what is next."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import typer

import radnec
from radnec.cli.printing import as_csv, print_json, records, with_row
from radnec.cohort.parsing import counted
from radnec.errors import CohortTip
from radnec.phrasing import for_command_line

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

#: Features that other functions than radnec.extract make.
_OTHERS = ("index_", "delta_")


def refuse_unserved(**options: object) -> None:
    """Refuse options that a pathway has no answer to, before any work is done."""
    for name, value in options.items():
        if value is not None:
            raise typer.BadParameter(
                f"the file holds a staged pathway, for which there is no --{name}; leave it out, or name a model that "
                "radnec train wrote"
            )


def staged_table(path: Path, pathway: radnec.Pathway, n_jobs: int) -> pd.DataFrame:
    """Return a feature table as it is, or a cohort's radiomics and indices side by side.

    Parameters
    ----------
    path : pathlib.Path
        Feature table or cohort.
    pathway : Pathway
        Fitted; says how the radiomics were measured.
    n_jobs : int
        Parallel jobs.
    """
    from radnec.features.source import is_cohort, measured

    first = pathway.models_[(0,)].columns()
    needed = [name for name in first if not name.startswith(_OTHERS)]
    features = measured(path, pathway.extraction_config_, needed=needed, n_jobs=n_jobs)
    if not is_cohort(path):
        return features
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CohortTip)  # said when the radiomics were measured
        cohort = radnec.read_cohort(path)
    return radnec.join(features, radnec.measure(cohort, n_jobs=n_jobs))


def judge_by_stages(pathway: radnec.Pathway, features: pd.DataFrame, out: Path | None, *, as_json: bool) -> None:
    """Write or print the assessment: the stage reached, the call, its reason, and the next examinations."""
    assessed = with_row(pathway.assess(features))
    assessed["reason"] = assessed["reason"].map(for_command_line)
    if out is not None:
        as_csv(assessed, out)
        calls = ", ".join(f"{number} {call}" for call, number in assessed["call"].value_counts().sort_index().items())
        typer.echo(f"Judged {counted(len(assessed), 'lesion session')} ({calls}); wrote {out}.", err=as_json)
    if as_json:
        print_json(records(assessed))
    elif out is None:
        typer.echo(as_csv(assessed, None), nl=False)
