"""The application: registers the commands, and turns errors into lines and exit codes."""

from __future__ import annotations

import errno
import sys
import traceback
import warnings
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer

from radnec.cli.carrying import adapt, recalibrate
from radnec.cli.cohort_tables import cohort
from radnec.cli.cohorts import check, schema
from radnec.cli.demo import demo
from radnec.cli.describing import card, checklist
from radnec.cli.evidence import evidence
from radnec.cli.judging import predict
from radnec.cli.learning import evaluate, train
from radnec.cli.lesion import report
from radnec.cli.measuring import extract, measure
from radnec.cli.printing import FAULT, WRONG_USE, tell_broken
from radnec.cli.signing import keys, sign, verify
from radnec.cli.watching import monitor
from radnec.errors import CohortError, RadnecError, RadnecWarning
from radnec.phrasing import for_command_line

app = typer.Typer(
    name="radnec",
    help="Tells radiation necrosis from tumour progression after brain radiotherapy. Research use only.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


for command in (
    *(demo, schema, check, extract, measure, train, evaluate, predict, report, monitor, adapt, recalibrate, evidence),
    *(card, checklist, keys, sign, verify),
):
    app.command()(command)
app.add_typer(cohort)


def _show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    name = "note" if issubclass(category, RadnecWarning) else category.__name__
    typer.echo(for_command_line(f"radnec: {name}: {message}"), err=True)


def main() -> NoReturn:
    """Run the command line; errors go to stderr in one line with exit code 2, faults with their traceback and 4."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", RadnecWarning)
        warnings.showwarning = _show
        try:
            app(prog_name="radnec")
        except CohortError as error:
            tell_broken(error, as_json="--json" in sys.argv)
            sys.exit(WRONG_USE)
        except (RadnecError, OSError) as error:
            full = getattr(error, "errno", None) == errno.ENOSPC
            advice = "; make room, and run the same command again" if full else ""
            typer.echo(for_command_line(f"radnec: {error}{advice}"), err=True)
            sys.exit(WRONG_USE)
        except Exception:  # noqa: BLE001  # Python's own exit code, 1, would say that something was found
            traceback.print_exc()
            sys.exit(FAULT)
    sys.exit(0)
