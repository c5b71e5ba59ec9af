"""Checks the files a cohort table names: that they exist, and that none stands for two things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import FIELDS
from radnec.cohort.lost_paths import fault, meant

if TYPE_CHECKING:
    from pathlib import Path

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
    # A folder of DICOM files may hold many series, and only both together are one image.
    images = table.assign(series_uid=table["series_uid"].fillna(""))
    image = ["series_uid", "image_path"]
    _check_owner(images, image, ["patient_id"], "an image belongs to one patient", findings)
    expected = "an image belongs to one session of its patient"
    _check_owner(images, ["patient_id", *image], ["session_id"], expected, findings)
    # One label map holds several lesions, each under its own label: only both together are one lesion. Sessions
    # that lie on each other may share the mask of a lesion.
    masks = table.assign(mask_label=table["mask_label"].astype("string"))
    expected = "a mask and its label show one lesion of one patient"
    _check_owner(masks, ["mask_label", "mask_path"], ["patient_id", "lesion_id"], expected, findings)
    masks["mask_threshold"] = table["mask_threshold"].fillna(0.5).astype("string")
    _check_owner(masks, ["mask_path"], ["mask_threshold"], "one threshold for all rows of a mask file", findings)
    _check_exchange(table, findings)


def _check_existence(table: pd.DataFrame, root: Path, findings: Findings) -> None:
    faults: dict[str, str] = {}
    expected = f"an existing file or folder; relative paths start from {root} (change it with root=)"
    for name in [field.name for field in FIELDS.values() if field.kind == "path"]:
        for position, path in enumerate(table[name]):
            if not isinstance(path, str):
                continue
            if path not in faults:
                faults[path] = fault(path)
            if faults[path]:
                hint = meant(path)
                findings.problem(position, name, faults[path], f"{expected}; {hint}" if hint else expected)


def _check_masks(table: pd.DataFrame, findings: Findings) -> None:
    row: Any
    needed = table["sequence"].notna() & table["sequence"].ne("MRS")
    for row in table[needed & table["mask_path"].isna()].itertuples():
        findings.problem(row.Index, "mask_path", "nothing", "a lesion mask (only MRS goes without)")
    for row in table[table["mask_path"].eq(table["image_path"]).fillna(False)].itertuples():
        findings.problem(row.Index, "mask_path", "the same file as image_path", "a lesion mask")


def _check_owner(table: pd.DataFrame, thing: list[str], owner: list[str], expected: str, findings: Findings) -> None:
    first: dict[tuple[str, ...], tuple[int, tuple[str, ...]]] = {}
    for position, *values in table[[*owner, *thing]].dropna().itertuples(name=None):
        holder, key = tuple(values[: len(owner)]), tuple(values[len(owner) :])
        row, other = first.setdefault(key, (position, holder))
        if other != holder:
            found = f"{_shown(holder)}, but row {findings.rows[row]} gives the same {thing[-1]} to {_shown(other)}"
            findings.problem(position, _differing(owner, holder, other), found, expected)


def _differing(owner: list[str], one: tuple[str, ...], other: tuple[str, ...]) -> str:
    return next(name for name, ours, theirs in zip(owner, one, other, strict=True) if ours != theirs)


def _shown(holder: tuple[str, ...]) -> str:
    return repr("/".join(holder)) if len(holder) == 1 else f"lesion {'/'.join(holder)}"


def _check_exchange(table: pd.DataFrame, findings: Findings) -> None:
    """Note masks that another row takes for an image: the two columns are exchanged in one of them."""
    images: dict[str, int] = {}
    position: int
    for position, image, _ in table[["image_path", "mask_path"]].itertuples(name=None):
        images.setdefault(image, position)
    for position, image, mask in table[["image_path", "mask_path"]].dropna().itertuples(name=None):
        row = images.get(mask)
        if row is not None and mask != image:
            found = f"the file that row {findings.rows[row]} has as image_path"
            expected = "a lesion mask; image_path and mask_path may be exchanged in one of the two rows"
            findings.problem(position, "mask_path", found, expected)
