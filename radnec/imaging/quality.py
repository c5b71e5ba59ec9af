"""Checks the images and masks of a cohort before anything is extracted."""

from __future__ import annotations

import hashlib
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
from tqdm import tqdm

from radnec.cohort import read_cohort
from radnec.errors import (
    AbsentLabelError,
    ConfigError,
    EmptyMaskError,
    GeometryError,
    MaskError,
    ReadError,
    TableError,
)
from radnec.imaging.check_report import COLUMNS, CheckReport, place
from radnec.imaging.findings import DYNAMIC, FINDINGS
from radnec.imaging.inspection import inspect_image, inspect_lesion
from radnec.imaging.masks import read_labels, select_label
from radnec.imaging.readers import read_frame, read_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

Row = dict[str, Any]
#: A row of the cohort, the code found there, and what was found.
Occurrence = tuple[Row, str, str]

_NEEDED = ("patient_id", "session_id", "lesion_id", "sequence", "image_path", "mask_path")

#: The first class that fits decides, so subclasses come first.
_MASK_CODES = (
    (GeometryError, "RN001"),
    (EmptyMaskError, "RN002"),
    (AbsentLabelError, "RN003"),
    (MaskError, "RN014"),
    (ReadError, "RN014"),
)


def check(cohort: pd.DataFrame | str | Path, *, mute: Sequence[str] = ()) -> CheckReport:
    """Check every image and mask of a cohort, without stopping at the first problem.

    Each image is read once for all its masks, and one image is in memory at a time. Rows of spectroscopy
    (MRS) without a mask are skipped. Of dynamic series the first volume is checked.

    Parameters
    ----------
    cohort : pandas.DataFrame or path-like
        Table from :func:`radnec.read_cohort`, or the file it reads.
    mute : sequence of str
        Codes of :data:`radnec.imaging.findings.FINDINGS` to leave out, such as ``("RN004",)``.

    Returns
    -------
    CheckReport
        The findings; ``.ok`` says whether none is an error.

    Raises
    ------
    radnec.errors.ConfigError
        If `mute` holds an unknown code.
    radnec.errors.TableError
        If the table lacks a column.
    radnec.errors.CohortError
        If `cohort` is a file that breaks the cohort contract.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> sitk.WriteImage(sitk.Image(9, 9, 9, sitk.sitkInt16), folder / "t1.nrrd")
    >>> sitk.WriteImage(sitk.Image(9, 9, 9, sitk.sitkUInt8), folder / "mask.nrrd")
    >>> row = {"patient_id": "P1", "session_id": "S1", "lesion_id": "L1", "sequence": "T1wCE"}
    >>> row |= {"image_path": folder / "t1.nrrd", "mask_path": folder / "mask.nrrd"}
    >>> report = check(pd.DataFrame([row]))
    >>> report.ok, report.frame()["code"].tolist()
    (False, ['RN002'])
    """
    muted = _known_codes(mute)
    table = cohort if isinstance(cohort, pd.DataFrame) else read_cohort(cohort)
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        raise TableError(
            f"the cohort table lacks {', '.join(missing)}; it has {', '.join(map(str, table.columns))}. "
            "Read it with radnec.read_cohort(file)."
        )
    groups = _by_image(table)
    seen: dict[str, Row] = {}
    occurrences = [
        occurrence
        for rows in tqdm(groups, desc="check", unit="image", disable=None, leave=False)
        for occurrence in _check_image(rows, seen)
        if occurrence[1] not in muted
    ]
    return CheckReport(_as_frame(occurrences), images=len(groups), muted=muted)


def _known_codes(mute: Sequence[str]) -> tuple[str, ...]:
    codes = (mute,) if isinstance(mute, str) else tuple(mute)
    unknown = [code for code in codes if code not in FINDINGS]
    if unknown:
        listed = "\n".join(f"  {code} {finding.name}" for code, finding in FINDINGS.items())
        raise ConfigError(f"mute: unknown code {', '.join(map(repr, unknown))}; the codes are\n{listed}")
    return tuple(sorted(set(codes)))


def _by_image(table: pd.DataFrame) -> list[list[Row]]:
    """Group the rows to check by image file, in an order that does not depend on the order of the table."""
    optional = [name for name in ("mask_label", "phase") if name in table.columns]
    columns = table[[*_NEEDED, *optional]].astype(object)
    # NaN is not equal to itself, so it would make keys that never match.
    records = columns.where(columns.notna(), None).to_dict("records")
    rows = [{str(name): value for name, value in record.items()} for record in records]
    rows = [row for row in rows if row["sequence"] != "MRS" or row["mask_path"] is not None]

    def image(row: Row) -> str:
        return str(row["image_path"] or "")

    rows.sort(key=lambda row: (image(row), str(row["mask_path"] or ""), _key(row), str(row.get("mask_label"))))
    groups = [list(group) for _, group in groupby(rows, key=image)]
    return sorted(groups, key=lambda group: min(_key(row) for row in group))


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("patient_id", "session_id", "lesion_id", "sequence"))


def _acquisition(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in ("patient_id", "session_id", "sequence", "phase"))


def _check_image(rows: list[Row], seen: dict[str, Row]) -> Iterator[Occurrence]:
    """Check one image with all its masks; `seen` remembers the images before it by their content."""
    by_acquisition = {_acquisition(row): {**row, "lesion_id": ""} for row in rows}
    acquisitions = [by_acquisition[acquisition] for acquisition in sorted(by_acquisition)]
    try:
        image = _read(acquisitions[0])
    except ReadError as error:
        yield from ((row, "RN013", str(error)) for row in acquisitions)
        return
    for code, found in inspect_image(image, acquisitions[0]["sequence"]):
        yield acquisitions[0], code, found
    digest = _content(image)
    for row in acquisitions:
        first = seen.setdefault(digest, row)
        if _acquisition(first) != _acquisition(row):
            name = Path(first["image_path"]).name
            yield row, "RN012", f"the same voxels as {place(first)} ({name})"
    yield from _check_masks(image, rows)


def _read(row: Row) -> sitk.Image:
    if row["image_path"] is None:
        raise ReadError("image_path is empty")
    path = Path(row["image_path"])
    return read_frame(path, 0) if row["sequence"] in DYNAMIC and not path.is_dir() else read_image(path)


def _content(image: sitk.Image) -> str:
    values = sitk.GetArrayViewFromImage(image)
    digest = hashlib.blake2b(f"{values.shape} {values.dtype}".encode())
    digest.update(values.data)
    return digest.hexdigest()


def _check_masks(image: sitk.Image, rows: list[Row]) -> Iterator[Occurrence]:
    owners = np.zeros(image.GetSize()[::-1], dtype=np.uint16)
    numbered = list(enumerate(rows, start=1))
    for path, group in groupby(numbered, key=lambda pair: pair[1]["mask_path"]):
        members = list(group)
        try:
            labels = read_labels(path, image) if path is not None else None
        except (ReadError, MaskError, GeometryError) as error:
            yield from ((row, _mask_code(error), str(error)) for _, row in members)
            continue
        for number, row in members:
            if labels is None:
                yield row, "RN014", "mask_path is empty"
            else:
                yield from _check_lesion(image, labels, row, rows, owners, number)


def _mask_code(error: Exception) -> str:
    return next(code for kind, code in _MASK_CODES if isinstance(error, kind))


def _check_lesion(
    image: sitk.Image, labels: sitk.Image, row: Row, rows: list[Row], owners: NDArray[np.uint16], number: int
) -> Iterator[Occurrence]:
    label = 1 if row.get("mask_label") is None else row["mask_label"]
    # A column that also names segments holds its numbers as text.
    label = int(label) if isinstance(label, str) and label.isdecimal() else label
    try:
        mask = select_label(labels, label, name=f"mask {Path(row['mask_path']).name}")
    except MaskError as error:
        yield row, _mask_code(error), str(error)
        return
    for code, found in inspect_lesion(image, mask):
        yield row, code, found
    inside = sitk.GetArrayViewFromImage(mask) != 0
    others = owners[inside]
    for other in np.unique(others[others > 0]):
        owner = rows[other - 1]
        if owner["lesion_id"] != row["lesion_id"] and _acquisition(owner) == _acquisition(row):
            yield row, "RN015", f"shares {(others == other).sum()} voxels with lesion {owner['lesion_id']}"
    owners[inside] = number


def _as_frame(occurrences: list[Occurrence]) -> pd.DataFrame:
    records = [
        {
            **{name: str(row[name]) for name in ("patient_id", "session_id", "lesion_id", "sequence")},
            **{name: getattr(FINDINGS[code], name) for name in ("code", "severity", "explanation", "fix")},
            "found": found,
        }
        for row, code, found in occurrences
    ]
    frame = pd.DataFrame(records, columns=list(COLUMNS), dtype="str")
    by = ["patient_id", "session_id", "lesion_id", "sequence", "code", "found"]
    return frame.sort_values(by, ignore_index=True)
