"""Writes the reports of many sessions into a folder, with an index that says which is whose."""

from __future__ import annotations

import contextlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from radnec.errors import RadnecError, ReportWarning, TableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: Name of the index among the reports.
INDEX = "index.csv"


def write_each(
    folder: str | Path, keys: Sequence[str], sessions: Mapping[tuple[str, ...], Callable[[Path], Path]]
) -> list[Path]:
    """Write a report for each session, and an index of them; one that cannot be written does not stop the others.

    Parameters
    ----------
    folder : path-like
        Where the reports go, named ``<n>.dcm`` in the order of `sessions`: names that tell no patient. The index is
        ``index.csv``: the name of the report, the keys, and a note where there is no report.
    keys : sequence of str
        Names of the parts of a key, such as ``("patient_id", "session_id")``.
    sessions : mapping
        Key of each session to what writes its report to a path.

    Returns
    -------
    list of pathlib.Path
        The reports that were written. Reports of an earlier run, those that its index lists, are removed first.

    Raises
    ------
    radnec.errors.TableError
        If the folder holds an ``index.csv`` that is no index of reports.

    Warns
    -----
    radnec.errors.ReportWarning
        Of each session without report, with the reason.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_each(folder, ["patient_id"], {("P1",): lambda path: path})[0].name
    '1.dcm'
    >>> (folder / INDEX).read_text().splitlines()
    ['report,patient_id,note', '1.dcm,P1,']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_earlier(folder)
    written, rows = [], []
    for number, (key, write) in enumerate(sessions.items(), start=1):
        path, note = folder / f"{number}.dcm", ""
        try:
            written.append(write(path))
        except (RadnecError, OSError) as error:
            # What was half written is no report; what cannot be removed, such as a folder of that name, is none either.
            with contextlib.suppress(OSError):
                path.unlink()
            note = str(error)
            warnings.warn(f"session {'/'.join(key)} has no report: {note}", ReportWarning, stacklevel=3)
        rows.append(("" if note else path.name, *key, note))
    pd.DataFrame(rows, columns=["report", *keys, "note"]).to_csv(folder / INDEX, index=False)
    return written


def _remove_earlier(folder: Path) -> None:
    """Remove the reports that the index of an earlier run lists, which the new index would not tell whose they are."""
    index = folder / INDEX
    if not index.exists():
        return
    try:
        names = pd.read_csv(index, dtype=str, keep_default_na=False)["report"]
    except (ValueError, KeyError, UnicodeError):
        raise TableError(
            f"{index} is no index of structured reports: expected the column report. Name another folder, or remove it"
        ) from None
    for name in names[names.str.fullmatch(r"\d+\.dcm")]:
        if (folder / name).is_file():
            (folder / name).unlink()
    index.unlink()
