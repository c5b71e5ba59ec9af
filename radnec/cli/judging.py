"""Commands that use a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import radnec
from radnec.cli.options import Existing, Jobs, Json, measured_table, writable
from radnec.cli.printing import FINDINGS, as_csv, print_json, records, silence_failures, tell_failures, with_row
from radnec.cli.reports import verify_reports, write_reports
from radnec.cli.staging import judge_by_stages, refuse_unserved, staged_table
from radnec.cohort.parsing import counted
from radnec.phrasing import for_command_line

if TYPE_CHECKING:
    import pandas as pd


def predict(
    model: Annotated[Path, Existing],
    table: Annotated[Path, Existing],
    out: Annotated[Path | None, typer.Option(help="CSV to write; otherwise it is printed.")] = None,
    sr: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for DICOM structured reports, one a session; needs DICOM images."),
    ] = None,
    bids: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for a BIDS derivative; its labels are the ids' letters and digits."),
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(help="Share of necrosis where these lesions come from; adds p_at_prevalence, re-weighted to it."),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Refuse a model that this key did not sign (radnec sign)."),
    ] = None,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Judge the lesions of a cohort table, measured as the model's training lesions were, or of a feature table.

    One row per lesion session, in the order of the feature table. Where that does not name both the session and the
    lesion, a column "row" comes first, the number of the row counted from 1. Exit code 1 when a lesion failed or a
    report could not be written; the table and the other reports are written all the same.

    A saved pathway is a model too: the table then says the stage that each lesion reached, the call after it, and the
    examinations to make next. Of a cohort the indices are measured as well as the radiomics.

    Example: radnec predict model.radnec cohort.csv --out assessed.csv
    """
    from radnec.classifier.describe import verdict

    writable(out, (".csv",), model, table)
    trained = radnec.load(model, public_key=public_key)
    silence_failures()
    if isinstance(trained, radnec.Pathway):
        refuse_unserved(sr=sr, bids=bids, prevalence=prevalence)
        features = staged_table(table, trained, n_jobs)
        judge_by_stages(trained, features, out, as_json=as_json)
        _finish(features, complete=True)
        return
    cohort = verify_reports(table, sr=sr, bids=bids)
    features = measured_table(table, None, n_jobs, model=trained)
    if not trained.better_than_prevalence_:
        typer.echo(f"radnec: note: {verdict(trained)}", err=True)
    assessed = with_row(trained.assess(features, prevalence=prevalence))
    assessed["reason"] = assessed["reason"].map(for_command_line)
    if out is not None:
        as_csv(assessed, out)
        typer.echo(f"Judged {counted(len(assessed), 'lesion session')}; wrote {out}.", err=as_json)
    if as_json:
        print_json(records(assessed))
    elif out is None:
        typer.echo(as_csv(assessed, None), nl=False)
    _finish(features, complete=write_reports(assessed, trained, cohort, sr=sr, bids=bids))


def _finish(features: pd.DataFrame, *, complete: bool) -> None:
    """Tell which lesions failed, and end with the exit code that says whether all is well."""
    measured = {"status", "error"} <= set(features.columns)
    failed = features[features["status"] == "failed"] if measured else features[:0]
    if len(failed):
        typer.echo(f"{counted(len(failed), 'lesion session')} of {len(features)} failed extraction:", err=True)
        tell_failures(failed)
    if len(failed) or not complete:
        raise typer.Exit(FINDINGS)
