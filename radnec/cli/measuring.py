"""The commands that measure lesions."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import radnec
from radnec.cli.options import Cache, Existing, Extraction, Jobs, Json, extraction_settings, writable
from radnec.cli.printing import FINDINGS, print_json, silence_failures, tell_failures

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


def extract(
    cohort: Annotated[Path, Existing],
    out: Annotated[Path, typer.Option(help="Feature table to write: .parquet, or .csv with .json beside it.")],
    extraction: Extraction = None,
    cache: Cache = None,
    verify: Annotated[
        int,
        typer.Option(min=0, help="Random lesions to measure again with pyradiomics; a difference beyond 1e-9 stops."),
    ] = 0,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Measure every lesion of a cohort; exit code 1 when a lesion failed.

    Example: radnec extract cohort.csv --out features.parquet --n-jobs -1
    """
    from radnec.cohort.parsing import counted
    from radnec.features.stream import extract_to, states
    from radnec.features.table import write_table

    _writable(out, cohort, extraction)
    silence_failures()
    lesions, settings = radnec.read_cohort(cohort), extraction_settings(extraction)
    start = time.perf_counter()
    with _interruptible(cache):
        if out.suffix.lower() == ".parquet":
            table = states(extract_to(lesions, out, settings, n_jobs=n_jobs, cache=cache, verify=verify))
        else:
            table = radnec.extract(lesions, settings, n_jobs=n_jobs, cache=cache, verify=verify)
            write_table(table, out)
    seconds = time.perf_counter() - start
    failed, origin = table[table["status"] == "failed"], table.attrs["radnec"]
    scans, counts = origin["counts"]["scans"], origin["cache"] or {}
    verified = {name: (origin["verified"] or {}).get(name) for name in ("drawn", "agreed", "not_compared")}
    if as_json:
        done = {"rows": len(table), "failed": failed["error"].tolist(), "scans": scans, "seconds": round(seconds, 3)}
        print_json(done | counts | ({"verified": verified} if verify else {}))
    else:
        typer.echo(f"Measured {counted(len(table), 'lesion session')}, {len(failed)} failed; wrote {out}.")
        typer.echo(f"{counted(scans, 'scan')} in {seconds:.1f} s: {scans / seconds:.3g} a second.")
        if counts:
            typer.echo(f"Cache: {counted(counts['hits'], 'hit')}, {counted(counts['misses'], 'miss', 'misses')}.")
        if verify:
            told = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in verified.items())
            typer.echo(f"Verified with pyradiomics: {told}.")
        tell_failures(failed)
    if len(failed):
        raise typer.Exit(FINDINGS)


def measure(
    cohort: Annotated[Path, Existing],
    out: Annotated[Path, typer.Option("--out", "-o", help="Index table to write: .parquet or .csv.")],
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Measure perfusion, diffusion, spectra, PET, SPECT and growth of every lesion of a cohort.

    Example: radnec measure cohort.csv -o indices.parquet --n-jobs -1
    """
    from radnec.cohort.parsing import counted
    from radnec.features.table import write_table

    _writable(out, cohort)
    silence_failures()
    table = radnec.measure(radnec.read_cohort(cohort), n_jobs=n_jobs)
    write_table(table, out)
    failed, indices = table[table["status"] == "failed"], table.attrs["radnec"]["indices"]
    if as_json:
        print_json({"rows": len(table), "failed": failed["error"].tolist(), "indices": indices})
    else:
        typer.echo(f"Measured {counted(len(table), 'lesion session')}, {len(failed)} failed; wrote {out}.")
        for name, counts in indices.items():
            told = (f"{counts[status]} {status.replace('_', ' ')}" for status in counts if status != "unit")
            typer.echo(f"{name}: {', '.join(told)}.")
        _tell_flags(table)
        tell_failures(failed)
    if len(failed):
        raise typer.Exit(FINDINGS)


def _tell_flags(table: pd.DataFrame) -> None:
    """Print what is to be known of the values, each text once with the number of rows it holds for."""
    flags = [
        table[name].map(lambda cell: set(str(cell).split("; "))) for name in map(str, table) if name.endswith("_flags")
    ]
    rows = Counter(text for of_row in zip(*flags, strict=True) for text in set().union(*of_row) if text)
    for text, count in sorted(rows.items()):
        typer.echo(f"  {count} of {len(table)}: {text}")


@contextlib.contextmanager
def _interruptible(cache: Path | None) -> Iterator[None]:
    """Say on Ctrl-C what becomes of the work that was done."""
    try:
        yield
    except KeyboardInterrupt:
        kept = "the same command goes on where it stopped" if cache else "nothing was kept, --cache keeps what is done"
        typer.echo(f"radnec: interrupted; {kept}.", err=True)
        raise


def _writable(out: Path, *inputs: Path | None) -> None:
    writable(out, (".parquet", ".csv"), *inputs)
    if out.suffix.lower() == ".csv":
        writable(out.with_name(f"{out.name}.json"), (".json",), *inputs)
