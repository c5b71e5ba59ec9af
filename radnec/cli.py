"""The command line: parses, calls the API, prints."""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

import radnec
from radnec.errors import CohortError, ExtractionWarning, RadnecError, RadnecWarning
from radnec.phrasing import for_command_line, in_json

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    name="radnec",
    help="Tells radiation necrosis from tumour progression after brain radiotherapy. Research use only.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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

FINDINGS = 1
WRONG_USE = 2
#: What is rounded in CSV: no probability is known better. The JSON has all digits.
_PROBABILITIES = ("p_necrosis", "p_low", "p_high", "novelty")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"radnec {version('radnec')}")
        raise typer.Exit


@app.callback()
def _radnec(
    asked: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version, and stop.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
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
    typer.echo(f"Simulated {cohort['patient_id'].nunique()} patients, {len(cohort)} images with masks.")
    typer.echo(for_command_line(str(radnec.check(cohort))))
    table = radnec.extract(cohort, DEMO_EXTRACTION, n_jobs=n_jobs)
    write_table(table, out / "features.parquet")
    typer.echo(f"Measured {len(table)} lesion sessions.")
    config = radnec.TrainingConfig(outer_repeats=2, random_state=seed, n_jobs=n_jobs)
    evaluation = radnec.evaluate(table, config)
    evaluation.save_html(out / "report.html")
    model = radnec.train(table, config)
    model.save(out / "model.radnec", evaluation=evaluation)
    _as_csv(model.assess(table), out / "assessed.csv")
    for sentence in evaluation.conclusions:
        typer.echo(sentence)
    typer.echo(f"\nOpen {out / 'report.html'} in a browser. The features are in {out / 'features.parquet'}, the model")
    typer.echo(f"in {out / 'model.radnec'}, its calls of the lesions it has learnt from in {out / 'assessed.csv'}")
    typer.echo("(the report says how it does on others). Try")
    typer.echo(f"  uv run radnec predict {out / 'model.radnec'} {source}")


@app.command()
def schema() -> None:
    """Print the contract of the cohort table as Markdown.

    Example: radnec schema > data_schema.md
    """
    from radnec.cohort import data_schema

    typer.echo(data_schema(), nl=False)


@app.command()
def check(
    cohort: Annotated[Path, Existing],
    mute: Annotated[list[str] | None, typer.Option(help="Code to leave out, such as RN004; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Check a cohort table and its images; exit code 1 when something of severity error is found.

    Example: radnec check cohort.csv --mute RN004
    """
    try:
        table = radnec.read_cohort(cohort)
    except CohortError as error:
        _tell_broken(error, as_json=as_json)
        raise typer.Exit(FINDINGS) from None
    report = radnec.check(table, mute=tuple(mute or ()))
    if as_json:
        _print_json(_records(report.frame()))
    else:
        typer.echo(for_command_line(str(report)))
    if not report.ok:
        raise typer.Exit(FINDINGS)


@app.command()
def extract(
    cohort: Annotated[Path, Existing],
    out: Annotated[Path, typer.Option(help="Feature table to write: .parquet, or .csv with .json beside it.")],
    extraction: Extraction = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that remembers what was measured.")] = None,
    verify: Annotated[int, typer.Option(min=0, help="Random lesions to measure again with pyradiomics.")] = 0,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Measure every lesion of a cohort; exit code 1 when a lesion failed.

    Example: radnec extract cohort.csv --out features.parquet --n-jobs -1
    """
    from radnec.cohort.parsing import counted
    from radnec.features.stream import extract_to, states
    from radnec.features.table import write_table

    _writable(out, (".parquet", ".csv"), cohort, extraction)
    if out.suffix.lower() == ".csv":
        _writable(out.with_name(f"{out.name}.json"), (".json",), cohort, extraction)
    _silence_failures()
    lesions, settings = radnec.read_cohort(cohort), _extraction(extraction)
    start = time.perf_counter()
    if out.suffix.lower() == ".parquet":
        table = states(extract_to(lesions, out, settings, n_jobs=n_jobs, cache=cache, verify=verify))
    else:
        table = radnec.extract(lesions, settings, n_jobs=n_jobs, cache=cache, verify=verify)
        write_table(table, out)
    seconds = time.perf_counter() - start
    failed, origin = table[table["status"] == "failed"], table.attrs["radnec"]
    scans, counts = origin["counts"]["scans"], origin["cache"] or {}
    if as_json:
        done = {"rows": len(table), "failed": failed["error"].tolist(), "scans": scans, "seconds": round(seconds, 3)}
        _print_json(done | counts)
    else:
        typer.echo(f"Measured {counted(len(table), 'lesion session')}, {len(failed)} failed; wrote {out}.")
        typer.echo(f"{counted(scans, 'scan')} in {seconds:.1f} s: {scans / seconds:.3g} a second.")
        if counts:
            typer.echo(f"Cache: {counted(counts['hits'], 'hit')}, {counted(counts['misses'], 'miss', 'misses')}.")
        _tell_failures(failed)
    if len(failed):
        raise typer.Exit(FINDINGS)


@app.command()
def train(
    table: Annotated[Path, Existing],
    out: Annotated[Path, typer.Option(help="Model file to write, *.radnec.")],
    config: Settings = None,
    extraction: Extraction = None,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Train a model on a feature table, or on a cohort table that is measured first.

    Example: radnec train features.parquet --out model.radnec
    """
    _writable(out, (".radnec",), table, config, extraction)
    settings = _training(config, n_jobs)
    features = _measured(table, extraction, n_jobs, label=settings.label)
    model = radnec.train(features, settings, extraction=_extraction(extraction))
    model.save(out)
    if as_json:
        _print_json(
            {
                "model": str(out),
                "identity": model.identity_,
                "better_than_prevalence": model.better_than_prevalence_,
                **model.summary_,
            }
        )
    else:
        typer.echo(f"{model!r}\nWrote {out}.")


@app.command()
def evaluate(
    table: Annotated[Path, Existing],
    out: Annotated[Path | None, typer.Option(help="HTML page to write.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Test this model as it is; nothing is fitted."),
    ] = None,
    config: Settings = None,
    extraction: Extraction = None,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Evaluate the recipe by nested cross-validation, or a model on another place's table.

    Exit code 1 when a column tells the outcome too well to be true.

    Example: radnec evaluate features.parquet --out report.html
    """
    _writable(out, (".html", ".htm"), table, model, config, extraction)
    trained = None if model is None else radnec.load(model)
    settings = _training(config, n_jobs) if trained is None or config is not None else trained.config
    label = (settings or radnec.TrainingConfig()).label
    features = _measured(table, extraction, n_jobs, model=trained, label=label)
    evaluation = radnec.evaluate(features, settings, model=trained)
    if out is not None:
        evaluation.save_html(out)
    if as_json:
        _print_json({**evaluation.to_dict(), "flags": _records(evaluation.flags)})
    else:
        notes = [f"Note: {for_command_line(note)}" for note in evaluation.notes]
        typer.echo("\n".join([*evaluation.conclusions, *notes, *([f"Wrote {out}."] if out else [])]))
    if len(evaluation.flags):
        raise typer.Exit(FINDINGS)


@app.command()
def predict(
    model: Annotated[Path, Existing],
    table: Annotated[Path, Existing],
    out: Annotated[Path | None, typer.Option(help="CSV to write; otherwise it is printed.")] = None,
    n_jobs: Jobs = 1,
    as_json: Json = False,
) -> None:
    """Judge the lesions of a cohort table, measured as the model's training lesions were, or of a feature table.

    One row per lesion session, in the order of the feature table. Where that does not name both the session and the
    lesion, a column "row" comes first, the number of the row counted from 1. Exit code 1 when a lesion failed.

    Example: radnec predict model.radnec cohort.csv --out assessed.csv
    """
    from radnec.cohort.parsing import counted

    _writable(out, (".csv",), model, table)
    trained = radnec.load(model)
    _silence_failures()
    features = _measured(table, None, n_jobs, model=trained)
    assessed = _with_row(trained.assess(features))
    if out is not None:
        _as_csv(assessed, out)
        typer.echo(f"Judged {counted(len(assessed), 'lesion session')}; wrote {out}.", err=as_json)
    if as_json:
        _print_json(_records(assessed))
    elif out is None:
        typer.echo(_as_csv(assessed, None), nl=False)
    measured = {"status", "error"} <= set(features.columns)
    failed = features[features["status"] == "failed"] if measured else features[:0]
    if len(failed):
        typer.echo(f"{counted(len(failed), 'lesion session')} of {len(features)} failed extraction:", err=True)
        _tell_failures(failed)
        raise typer.Exit(FINDINGS)


def _writable(out: Path | None, endings: tuple[str, ...], *inputs: Path | None) -> None:
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


def _silence_failures() -> None:
    """Leave out the warning that rows failed: every reason is printed instead."""
    warnings.filterwarnings("ignore", message=".* rows failed", category=ExtractionWarning)


def _tell_failures(failed: pd.DataFrame) -> None:
    for reason in failed["error"]:
        typer.echo(for_command_line(f"  {reason}"), err=True)


def _with_row(assessed: pd.DataFrame) -> pd.DataFrame:
    """Put the number of each row in front where the keys may not tell rows apart."""
    if not {"session_id", "lesion_id"} <= set(assessed.columns) and "row" not in assessed:
        assessed.insert(0, "row", range(1, len(assessed) + 1))
    return assessed


def _as_csv(assessed: pd.DataFrame, path: Path | None) -> str:
    rounded = {name: assessed[name].map("{:.4g}".format, na_action="ignore") for name in _PROBABILITIES}
    text: str | None = assessed.assign(**rounded).to_csv(path, index=False)
    return text or ""


def _measured(
    path: Path,
    extraction: Path | None,
    n_jobs: int,
    *,
    model: radnec.RadnecClassifier | None = None,
    label: str | None = None,
) -> pd.DataFrame:
    from radnec.features.source import measured

    if model is None:
        return measured(path, _extraction(extraction), label=label, n_jobs=n_jobs)
    settings = _extraction(extraction) or model.extraction_config_
    return measured(path, settings, needed=model.feature_names_, label=label, n_jobs=n_jobs)


def _extraction(path: Path | None) -> radnec.ExtractionConfig | None:
    return None if path is None else radnec.ExtractionConfig.from_yaml(path)


def _training(path: Path | None, n_jobs: int) -> radnec.TrainingConfig:
    config = radnec.TrainingConfig() if path is None else radnec.TrainingConfig.from_yaml(path)
    return config.model_copy(update={"n_jobs": n_jobs})


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(in_json(value), indent=2, ensure_ascii=False, allow_nan=False))


def _tell_broken(error: CohortError, *, as_json: bool) -> None:
    """Print what breaks the contract of a cohort: every problem as JSON, or the first ones as text."""
    if as_json:
        _print_json(_records(error.frame))
    else:
        typer.echo(for_command_line(f"radnec: {error}"), err=True)


def _records(frame: pd.DataFrame) -> Any:
    """Return the rows as JSON values; an empty cell or NaN becomes null."""
    return json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))


def _show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    name = "note" if issubclass(category, RadnecWarning) else category.__name__
    typer.echo(for_command_line(f"radnec: {name}: {message}"), err=True)


def main() -> NoReturn:
    """Run the command line; errors go to stderr in one line, with exit code 2."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", RadnecWarning)
        warnings.showwarning = _show
        try:
            app()
        except CohortError as error:
            _tell_broken(error, as_json="--json" in sys.argv)
            sys.exit(WRONG_USE)
        except (RadnecError, OSError) as error:
            typer.echo(for_command_line(f"radnec: {error}"), err=True)
            sys.exit(WRONG_USE)
    sys.exit(0)
