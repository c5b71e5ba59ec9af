"""Writes the reports of many sessions into a folder, with an index that says which is whose."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from radnec.errors import RadnecError, ReportWarning

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
        The reports that were written. A report of the same number that an earlier run left is removed where the new
        one could not be written.

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
    written, rows = [], []
    for number, (key, write) in enumerate(sessions.items(), start=1):
        path, note = folder / f"{number}.dcm", ""
        try:
            written.append(write(path))
        except RadnecError as error:
            path.unlink(missing_ok=True)
            note = str(error)
            warnings.warn(f"session {'/'.join(key)} has no report: {note}", ReportWarning, stacklevel=3)
        rows.append(("" if note else path.name, *key, note))
    pd.DataFrame(rows, columns=["report", *keys, "note"]).to_csv(folder / INDEX, index=False)
    return written
