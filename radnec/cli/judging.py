"""Commands that use a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import radnec
from radnec.cli.options import Existing, Jobs, Json, measured_table, writable
from radnec.cli.printing import FINDINGS, as_csv, print_json, records, silence_failures, tell_failures, with_row
from radnec.cohort.parsing import counted
from radnec.phrasing import for_command_line

if TYPE_CHECKING:
    import pandas as pd


def predict(
    model: Annotated[Path, Existing],
    table: Annotated[Path, Existing],
    out: Annotated[Path | None, typer.Option(help="CSV to write; otherwise it is printed.")] = None,
    sr: Annotated[
        Path | None, typer.Option(help="Folder for DICOM structured reports, one a session; needs DICOM images.")
    ] = None,
    bids: Annotated[Path | None, typer.Option(help="Folder for a BIDS derivative.")] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(help="Share of necrosis where these lesions come from; adds p_at_prevalence, re-weighted to it."),
    ] = None,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Judge the lesions of a cohort table, measured as the model's training lesions were, or of a feature table.

    One row per lesion session, in the order of the feature table. Where that does not name both the session and the
    lesion, a column "row" comes first, the number of the row counted from 1. Exit code 1 when a lesion failed.

    Example: radnec predict model.radnec cohort.csv --out assessed.csv
    """
    from radnec.classifier.describe import verdict
    from radnec.classifier.storage import load_model

    writable(out, (".csv",), model, table)
    trained = load_model(model)
    silence_failures()
    features = measured_table(table, None, n_jobs, model=trained)
    if not trained.better_than_prevalence_:
        typer.echo(f"radnec: note: {verdict(trained)}", err=True)
    assessed = with_row(trained.assess(features, prevalence=prevalence))
    assessed["reason"] = assessed["reason"].map(for_command_line)
    _report(assessed, trained, table, sr=sr, bids=bids)
    if out is not None:
        as_csv(assessed, out)
        typer.echo(f"Judged {counted(len(assessed), 'lesion session')}; wrote {out}.", err=as_json)
    if as_json:
        print_json(records(assessed))
    elif out is None:
        typer.echo(as_csv(assessed, None), nl=False)
    measured = {"status", "error"} <= set(features.columns)
    failed = features[features["status"] == "failed"] if measured else features[:0]
    if len(failed):
        typer.echo(f"{counted(len(failed), 'lesion session')} of {len(features)} failed extraction:", err=True)
        tell_failures(failed)
        raise typer.Exit(FINDINGS)


def _report(
    assessed: pd.DataFrame, model: radnec.RadnecClassifier, table: Path, *, sr: Path | None, bids: Path | None
) -> None:
    """Write the judgements as structured reports and as a BIDS derivative, where asked for."""
    if sr is not None:
        from radnec.reporting.from_cohort import write_reports

        written = write_reports(assessed, radnec.read_cohort(table), sr, model=model)
        typer.echo(f"Wrote {counted(len(written), 'structured report')} to {sr}.", err=True)
    if bids is not None:
        from radnec.reporting.bids import write_bids

        write_bids(assessed, bids, model=model)
        typer.echo(f"Wrote the BIDS derivative {bids}.", err=True)
