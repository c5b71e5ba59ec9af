"""Reports that a prediction leaves beside its table: structured reports and a BIDS derivative."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import radnec
from radnec.cohort.parsing import counted
from radnec.errors import CohortTip, RadnecError
from radnec.phrasing import for_command_line

if TYPE_CHECKING:
    import pandas as pd


def verify_reports(table: Path, *, sr: Path | None, bids: Path | None) -> pd.DataFrame | None:
    """Refuse reports that could not be written, before any work is done; return the cohort that they are of."""
    from radnec.features.source import is_cohort

    if sr is None and bids is None:
        return None
    if not is_cohort(table):
        if sr is not None:
            raise typer.BadParameter(
                f"{table.name} is a feature table, which names no images to file reports with; leave out --sr, or give "
                "the cohort table"
            )
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CohortTip)  # said when the lesions are measured
        cohort = radnec.read_cohort(table)
    if sr is not None:
        from radnec.reporting.from_cohort import verify_reportable

        verify_reportable(cohort)
    if bids is not None:
        from radnec.reporting.bids import verify_bids

        verify_bids(cohort, bids)
    return cohort


def write_reports(
    assessed: pd.DataFrame,
    model: radnec.RadnecClassifier,
    cohort: pd.DataFrame | None,
    *,
    sr: Path | None,
    bids: Path | None,
) -> bool:
    """Write the reports that are asked for, and return whether all could be written."""
    complete = True
    if sr is not None and cohort is not None:
        complete = _write_srs(assessed, model, cohort, sr)
    if bids is not None:
        from radnec.reporting.bids import write_bids

        try:
            write_bids(assessed, bids, model=model)
        except (RadnecError, OSError) as error:
            return _told("the BIDS derivative", error)
        typer.echo(f"Wrote the BIDS derivative {bids}.", err=True)
    return complete


def _write_srs(assessed: pd.DataFrame, model: radnec.RadnecClassifier, cohort: pd.DataFrame, folder: Path) -> bool:
    from radnec.reporting import from_cohort

    try:
        written = from_cohort.write_reports(assessed, cohort, folder, model=model)
    except (RadnecError, OSError) as error:
        return _told("structured reports", error)
    sessions = len(assessed[["patient_id", "session_id"]].drop_duplicates())
    typer.echo(
        f"Wrote {counted(len(written), 'structured report')} of {counted(sessions, 'session')} to {folder}.", err=True
    )
    return len(written) == sessions


def _told(what: str, error: Exception) -> bool:
    typer.echo(for_command_line(f"radnec: {what} could not be written: {error}"), err=True)
    return False
