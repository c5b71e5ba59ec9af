"""Commands that draft and complete cohort tables: ``radnec cohort …``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import radnec
from radnec.cli.options import Existing, Json, writable
from radnec.cli.printing import FINDINGS, print_json, records, silence_unfilled
from radnec.cohort.parsing import counted
from radnec.errors import ConfigError
from radnec.phrasing import for_command_line

if TYPE_CHECKING:
    import pandas as pd

Preset = Annotated[str, typer.Option(help="bids, brats, dicom, mu-glioma-post or nifti-pairs; see docs/layouts.md.")]
Key = Annotated[
    Path | None, typer.Option(help="Key file that names the patients of DICOM files, kept outside the folder.")
]
Table = Annotated[Path, typer.Option("--out", help="Table to write, *.csv; its paths hold from where it lies.")]

cohort = typer.Typer(
    name="cohort",
    help="Draft and complete cohort tables.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@cohort.command("from-folder")
def from_folder(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    preset: Preset,
    out: Annotated[Path | None, typer.Option(help="Table to write; cohort.csv in the folder by default.")] = None,
    key: Key = None,
    new_key: Annotated[
        Path | None, typer.Option(help="Make a new key at this place, and use it (preset dicom).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draft a cohort table from a folder; exit code 1 when something is left for you to decide.

    What the layout does not decide is an empty cell, named in the column "undecided"; what was guessed from a name or a
    header says so in "guessed_from". With --key, patients of DICOM files keep their names when the archive grows.

    Example: radnec cohort from-folder data --preset bids
    """
    from radnec.imaging import layouts

    out = folder / "cohort.csv" if out is None else out
    if out.exists():
        raise ConfigError(f"{out} exists, and may hold what was filled in by hand; name another file with --out")
    writable(out, (".csv",))
    if new_key is not None:
        if key is not None:
            raise ConfigError("--key names a key that is there, --new-key makes one: give one of them")
        key = layouts.new_key(new_key)
    table = layouts.draft_cohort(folder, preset, key=key)  # type: ignore[arg-type]  # it refuses other names itself
    _relative(table, folder, out).to_csv(out, index=False)
    open_rows = int(table["undecided"].notna().sum())
    notes = list(table.attrs["radnec"]["notes"])
    if as_json:
        print_json({"rows": len(table), "undecided": open_rows, "notes": notes, "table": str(out)})
    else:
        typer.echo(
            "\n".join([*(f"Note: {note}" for note in notes), f"Drafted {counted(len(table), 'row')}; wrote {out}."])
        )
        if open_rows:
            typer.echo(f'{counted(open_rows, "row")} to decide; fill the cells that the column "undecided" names.')
    if open_rows:
        raise typer.Exit(FINDINGS)


@cohort.command("fill-headers")
def fill_headers(table: Annotated[Path, Existing], out: Table, as_json: Json = False) -> None:
    """Fill empty columns (scanner, field strength, TE, TR, spacing) from DICOM headers; nothing is overwritten.

    Dates, ages and sex are filled only where the table has the columns for them. Exit code 1 when a header disagrees
    with the table.

    Example: radnec cohort fill-headers cohort.csv --out filled.csv
    """
    from radnec.imaging.dicom.headers import fill_from_headers

    writable(out, (".csv",), table)
    silence_unfilled()
    filled, disagreements = fill_from_headers(radnec.read_cohort(table))
    _finish(filled, disagreements, (table, out), "headers", as_json=as_json)


@cohort.command("add-dose")
def add_dose(
    table: Annotated[Path, Existing],
    out: Table,
    alpha_beta: Annotated[float | None, typer.Option(min=0.1, help="Alpha/beta in Gy, for bed_gy and eqd2_gy.")] = None,
    summation: Annotated[
        list[str] | None,
        typer.Option(help="DoseSummationType to accept (repeat for several); PLAN and MULTI_PLAN if none."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fill empty dose columns (D98, V12, BED, EQD2, …) from dose grids and prescriptions; nothing is overwritten.

    Exit code 1 when a value of the table differs or cannot be measured.

    Example: radnec cohort add-dose cohort.csv --out dosed.csv --alpha-beta 2
    """
    from radnec.imaging import dose

    writable(out, (".csv",), table)
    silence_unfilled()
    cohort = radnec.read_cohort(table)
    filled, report = dose.add_dose(cohort, alpha_beta_gy=alpha_beta, summation=summation or dose.TOTAL)
    _finish(filled, report, (table, out), "dose", as_json=as_json)


@cohort.command("join-clinical")
def join_clinical(
    draft: Annotated[Path, Existing],
    clinical: Annotated[Path, Existing],
    key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Key file that the draft was made with.")],
    out: Table,
    patient: Annotated[str, typer.Option(help="Column of the clinical table with the PatientID.")] = "patient_id",
    study: Annotated[str | None, typer.Option(help="Column of it with the StudyInstanceUID.")] = None,
) -> None:
    """Give a draft from DICOM the columns of a clinical table, by PatientID; the ids themselves are left out.

    Example: radnec cohort join-clinical cohort.csv clinic.csv --key ../hospital.key --patient mrn --out labelled.csv
    """
    from radnec.cohort.sources import load
    from radnec.imaging import layouts

    writable(out, (".csv",), draft, clinical)
    (rows, _), (facts, _) = load(draft), load(clinical)
    joined = layouts.join_clinical(rows, facts, key, patient=patient, study=study)
    _relative(joined, draft.parent, out).to_csv(out, index=False)
    typer.echo(f"{counted(len(joined), 'row')}; wrote {out}.")


@cohort.command("split")
def split(
    table: Annotated[Path, Existing],
    out: Table,
    masks: Annotated[Path, typer.Option(help="Folder to write the label maps of the parts to.")],
    min_voxels: Annotated[int, typer.Option(min=1, help="Smaller parts are left out, and counted.")] = 1,
) -> None:
    """Give every connected part of a lesion's mask a lesion and rows of its own.

    Example: radnec cohort split cohort.csv --out parts.csv --masks parts --min-voxels 20
    """
    from radnec.imaging.masks.split_cohort import split_cohort

    writable(out, (".csv",), table)
    parts = split_cohort(radnec.read_cohort(table), masks, min_voxels=min_voxels)
    _relative(parts, table.parent, out).to_csv(out, index=False)
    typer.echo(f"{counted(len(parts), 'row')}; wrote {out}.")


@cohort.command("labels")
def labels(mask: Annotated[Path, typer.Argument(exists=True)], as_json: Json = False) -> None:
    """List the numbers and names of what a mask file marks; either goes into the column mask_label.

    Reads RTSTRUCT, DICOM SEG, 3D Slicer's .seg.nrrd and label maps.

    Example: radnec cohort labels RS.dcm
    """
    from radnec.imaging.masks import list_labels

    found = list_labels(mask)
    if as_json:
        print_json([{"number": number, "name": name} for number, name in found])
    else:
        typer.echo("\n".join(f"{number}  {name}".rstrip() for number, name in found) or f"{mask} marks nothing.")


def _finish(filled: pd.DataFrame, report: pd.DataFrame, paths: tuple[Path, Path], step: str, *, as_json: bool) -> None:
    """Write a completed table, tell what a step filled and what disagrees, and exit with 1 if anything does."""
    table, out = paths
    facts = filled.attrs["radnec"][step]
    _relative(filled, table.parent, out).to_csv(out, index=False)
    if as_json:
        told = {"filled": facts["filled"], "full": facts["full"]}
        print_json({"table": str(out), **told, "report": records(report)})
    else:
        sentence = for_command_line(facts["told"])
        typer.echo(f"{sentence[:1].upper()}{sentence[1:]}.")
        typer.echo(f"{counted(len(filled), 'row')}; wrote {out}.")
        if len(report):
            typer.echo(report.to_string(index=False))
    if len(report):
        raise typer.Exit(FINDINGS)


def _relative(table: pd.DataFrame, folder: Path, out: Path) -> pd.DataFrame:
    """Return the table with paths that hold from where it is written, `folder` being where relative ones start."""
    base = out.absolute().parent
    columns = [name for name in table.columns if str(name).endswith("_path")]
    start = folder.absolute()
    if start == base and not any(Path(str(path)).is_absolute() for name in columns for path in table[name].dropna()):
        return table
    moved = {
        name: table[name].map(lambda path: _seen_from(start / str(path), base), na_action="ignore") for name in columns
    }
    return table.assign(**moved)


def _seen_from(path: Path, base: Path) -> str:
    return str(path.relative_to(base)) if path.is_relative_to(base) else str(path)
