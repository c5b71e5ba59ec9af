"""Checks the files a cohort table names: that they exist, and that none stands for two things."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import FIELDS

if TYPE_CHECKING:
    import pandas as pd

    from radnec.cohort.findings import Findings


def check_files(table: pd.DataFrame, root: Path, findings: Findings) -> None:
    """Note missing files, missing masks, and images or masks that stand for two things.

    Parameters
    ----------
    table : pandas.DataFrame
        Typed columns with absolute paths, rows numbered from 0.
    root : pathlib.Path
        Folder that relative paths started from, for the messages.
    findings : Findings
        Takes the problems.
    """
    _check_existence(table, root, findings)
    _check_masks(table, findings)
    _check_owner(table, ["image_path"], "patient_id", "an image belongs to one patient", findings)
    # One label map holds several lesions, each under its own label: only both together are one lesion.
    masks = table.assign(mask_label=table["mask_label"].astype("string"))
    thing = ["patient_id", "session_id", "mask_label", "mask_path"]
    _check_owner(masks, thing, "lesion_id", "a mask and its label show one lesion", findings)


def _check_existence(table: pd.DataFrame, root: Path, findings: Findings) -> None:
    faults: dict[str, str] = {}
    for name in [field.name for field in FIELDS.values() if field.kind == "path"]:
        for position, path in enumerate(table[name]):
            if not isinstance(path, str):
                continue
            if path not in faults:
                faults[path] = _fault(path)
            if faults[path]:
                expected = f"an existing file or folder; relative paths start from {root} (change it with root=)"
                findings.problem(position, name, f"{faults[path]} at {path}", expected)


def _fault(path: str) -> str:
    try:
        return "" if Path(path).exists() else "nothing"
    except OSError as error:
        return error.strerror or "an unreadable place"


def _check_masks(table: pd.DataFrame, findings: Findings) -> None:
    row: Any
    needed = table["sequence"].notna() & table["sequence"].ne("MRS")
    for row in table[needed & table["mask_path"].isna()].itertuples():
        findings.problem(row.Index, "mask_path", "nothing", "a lesion mask (only MRS goes without)")
    for row in table[table["mask_path"].eq(table["image_path"]).fillna(False)].itertuples():
        findings.problem(row.Index, "mask_path", "the same file as image_path", "a lesion mask")


def _check_owner(table: pd.DataFrame, thing: list[str], owner: str, expected: str, findings: Findings) -> None:
    first: dict[tuple[str, ...], tuple[int, str]] = {}
    for position, holder, *key in table[[owner, *thing]].dropna().itertuples(name=None):
        row, other = first.setdefault(tuple(key), (position, holder))
        if other != holder:
            found = f"{holder!r}, but row {findings.rows[row]} gives the same {thing[-1]} to {other!r}"
            findings.problem(position, owner, found, expected)
