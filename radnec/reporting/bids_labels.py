"""Gives patients and sessions labels that BIDS allows, and keeps in the dataset which is whose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from radnec.errors import ReadError, TableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NO_LABEL = re.compile(r"[^0-9A-Za-z]")


@dataclass(frozen=True)
class Kind:
    """What labels are of.

    Parameters
    ----------
    column : str
        Column of the results, such as ``patient_id``.
    prefix : str
        BIDS entity, such as ``sub``.
    argument : str
        Argument of :func:`radnec.reporting.bids.write_bids` that names labels.
    key : str
        First column of the BIDS table that lists the labels.
    """

    column: str
    prefix: str
    argument: str
    key: str

    @property
    def source(self) -> str:
        """Column of the BIDS table with the names that the results have."""
        return f"source_{self.column}"


SUBJECTS = Kind("patient_id", "sub", "subjects", "participant_id")
SESSIONS = Kind("session_id", "ses", "sessions", "session_id")


def label_ids(values: Iterable[object], kind: Kind, given: Mapping[str, str]) -> dict[str, str]:
    """Return a BIDS label for each identifier.

    Parameters
    ----------
    values : iterable
        Identifiers.
    kind : Kind
        What they are of.
    given : mapping of str to str
        Labels that were chosen for some of them; the prefix may be there already.

    Returns
    -------
    dict of str to str
        Identifier to label with prefix. An identifier without a chosen label loses its prefix, if it has one, and
        every character but the letters A to Z and digits.

    Raises
    ------
    radnec.errors.TableError
        If a chosen label has other characters, nothing is left of an identifier, or two get the same label.

    Examples
    --------
    >>> label_ids(["PatientID_0003", "sub-P4"], SUBJECTS, {})
    {'PatientID_0003': 'sub-PatientID0003', 'sub-P4': 'sub-P4'}
    """
    labels: dict[str, str] = {}
    # File systems that ignore case would make one file of sub-a and sub-A.
    taken: dict[str, str] = {}
    for value in map(str, values):
        chosen = given.get(value)
        label = (value if chosen is None else str(chosen)).removeprefix(f"{kind.prefix}-")
        if chosen is None:
            label = _NO_LABEL.sub("", label)
        if not label or _NO_LABEL.search(label):
            raise TableError(
                f"{kind.column} {value!r} has {label!r} for a BIDS label: expected letters and digits alone. Name it "
                f"anew in the table, or with {kind.argument}={{{value!r}: 'P1'}} of radnec.reporting.bids.write_bids"
            )
        if taken.setdefault(label.lower(), value) != value:
            refuse_shared(taken[label.lower()], value, f"{kind.prefix}-{label}", kind)
        labels[value] = f"{kind.prefix}-{label}"
    return labels


def refuse_shared(one: str, other: str, label: str, kind: Kind) -> None:
    """Refuse two identifiers of one label.

    Raises
    ------
    radnec.errors.TableError
        Always.
    """
    raise TableError(
        f"{kind.column} {one!r} and {other!r} have the same BIDS label {label}. Name one of them anew in the table, or "
        f"with {kind.argument}={{{other!r}: ...}} of radnec.reporting.bids.write_bids"
    )


def listed_labels(path: Path, labels: Mapping[str, str], given: Mapping[str, str], kind: Kind) -> str:
    """Return the text of the BIDS table that lists labels, with those that an earlier run listed.

    Parameters
    ----------
    path : pathlib.Path
        The table, ``participants.tsv`` or ``sub-<label>_sessions.tsv``; it need not exist.
    labels : mapping of str to str
        What :func:`label_ids` returned.
    given : mapping of str to str
        Labels that were chosen. Whose these are is not written: a label may have been chosen to hide it.
    kind : Kind
        What the labels are of.

    Returns
    -------
    str
        Tab-separated values.

    Raises
    ------
    radnec.errors.TableError
        If the table gives a label to another identifier.
    radnec.errors.ReadError
        If it cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> listed_labels(Path("absent.tsv"), {"PAT_7": "sub-PAT7"}, {}, SUBJECTS).split()
    ['participant_id', 'source_patient_id', 'sub-PAT7', 'PAT_7']
    """
    rows = _read(path, kind)
    earlier = {label.lower(): (label, source) for label, source in rows.items()}
    for value, label in labels.items():
        source = "n/a" if value in given else " ".join(value.split())
        before, whose = earlier.get(label.lower(), (label, source))
        if before != label or (whose != source and "n/a" not in (whose, source)):
            refuse_shared(whose, value, label, kind)
        rows[label] = source
    lines = [(kind.key, kind.source), *sorted(rows.items())]
    return "".join("\t".join(line) + "\n" for line in lines)


def _read(path: Path, kind: Kind) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        return dict(zip(table[kind.key], table[kind.source], strict=True))
    except (KeyError, ValueError) as error:
        raise ReadError(
            f"{path} cannot be read: expected columns {kind.key} and {kind.source}. Remove it, or name another folder"
        ) from error
