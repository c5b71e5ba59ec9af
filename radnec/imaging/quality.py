"""Checks the images and masks of a cohort before anything is extracted."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
from tqdm import tqdm

from radnec.cohort import read_cohort
from radnec.cohort.segments import mask_label, mask_threshold
from radnec.errors import (
    AbsentLabelError,
    ConfigError,
    EmptyMaskError,
    GeometryError,
    MaskError,
    MaskWarning,
    ReadError,
    TableError,
)
from radnec.imaging.check_report import COLUMNS, CheckReport, place
from radnec.imaging.cohort_images import row_image
from radnec.imaging.findings import FINDINGS
from radnec.imaging.geometry import grid_difference
from radnec.imaging.inspection import (
    inspect_brain,
    inspect_image,
    inspect_lesion,
    inspect_spacing,
    looks_like_image,
    looks_like_mask,
)
from radnec.imaging.masks import open_mask
from radnec.imaging.readers import read_image
from radnec.imaging.table_inspection import (
    foreign_paths,
    lacking_sequences,
    masks_of_others,
    scanner_spellings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from radnec.imaging.masks.source import MaskSource

Row = dict[str, Any]
#: A row of the cohort, the code found there, and what was found.
Occurrence = tuple[Row, str, str]

_NEEDED = ("patient_id", "session_id", "lesion_id", "sequence", "image_path", "mask_path")
#: What stands for the row where a finding is of the table.
_NOWHERE: Row = dict.fromkeys(_NEEDED[:4], "")

_SPACING = ("pixel_spacing_mm", "slice_spacing_mm")
_OPTIONAL = (
    *("mask_label", "mask_threshold", "mask_sequence", "phase", "series_uid", "volume", "brain_mask_path"),
    *_SPACING,
)

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
    (MRS) without a mask are skipped. Of dynamic series the first volume is checked, unless ``volume`` chooses another.

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
    seen = _Seen({}, {})
    occurrences = [*_check_table(table, [row for rows in groups for row in rows])]
    for rows in tqdm(groups, desc="check", unit="image", disable=None, leave=False):
        occurrences += _check_image(rows, seen)
    refused = {_key(row) for row, code, _ in occurrences if code == "RN018"}
    lent = masks_of_others([row for rows in groups for row in rows if _key(row) not in refused])
    occurrences += [({**_NOWHERE, "sequence": sequence}, "RN026", found) for sequence, found in lent]
    kept = [occurrence for occurrence in occurrences if occurrence[1] not in muted]
    return CheckReport(_as_frame(kept), images=len(groups), muted=muted)


def _known_codes(mute: Sequence[str]) -> tuple[str, ...]:
    codes = (mute,) if isinstance(mute, str) else tuple(mute)
    unknown = [code for code in codes if code not in FINDINGS]
    if unknown:
        listed = "\n".join(f"  {code} {finding.name}" for code, finding in FINDINGS.items())
        raise ConfigError(f"mute: unknown code {', '.join(map(repr, unknown))}; the codes are\n{listed}")
    return tuple(sorted(set(codes)))


def _by_image(table: pd.DataFrame) -> list[list[Row]]:
    """Group the rows to check by image file, in an order that does not depend on the order of the table."""
    optional = [name for name in _OPTIONAL if name in table.columns]
    columns = table[[*_NEEDED, *optional]].astype(object)
    # NaN is not equal to itself, so it would make keys that never match.
    records = columns.where(columns.notna(), None).to_dict("records")
    rows = [{str(name): value for name, value in record.items()} for record in records]
    rows = [row for row in rows if row["sequence"] != "MRS" or row["mask_path"] is not None]

    def image(row: Row) -> tuple[str, ...]:
        return tuple(str(row.get(name) or "") for name in ("image_path", "series_uid", "volume"))

    rows.sort(key=lambda row: (image(row), str(row["mask_path"] or ""), _key(row), str(row.get("mask_label"))))
    groups = [list(group) for _, group in groupby(rows, key=image)]
    return sorted(groups, key=lambda group: min(_key(row) for row in group))


def _key(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("patient_id", "session_id", "lesion_id", "sequence"))


def _acquisition(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in ("patient_id", "session_id", "sequence", "phase"))


def _check_table(table: pd.DataFrame, rows: list[Row]) -> Iterator[Occurrence]:
    """Check the rows against each other, and note in a row that its mask's path names another patient."""
    told: set[tuple[str, ...]] = set()
    for row, column, found in foreign_paths(rows):
        if column == "mask_path":
            row["foreign_mask"] = found
        # Lesions of one image are told once of its path.
        owner = row if column == "mask_path" else {**row, "lesion_id": ""}
        if (column, *_key(owner)) not in told:
            told.add((column, *_key(owner)))
            yield owner, "RN020", f"{found}: {row[column]}"
    for sequence, found in lacking_sequences(_keys(table)):
        yield {**_NOWHERE, "sequence": sequence}, "RN022", found
    scanners = table["scanner_id"].dropna().astype(str).tolist() if "scanner_id" in table.columns else []
    for found in scanner_spellings(scanners):
        yield _NOWHERE, "RN023", found


@dataclass(frozen=True)
class _Seen:
    """What is remembered from image to image: where each content was first, and the brain mask read last by path."""

    images: dict[str, Row]
    brains: dict[str, sitk.Image | None]


def _keys(table: pd.DataFrame) -> list[Row]:
    return [dict(zip(_NEEDED[:4], values, strict=True)) for values in table[list(_NEEDED[:4])].itertuples(index=False)]


def _check_image(rows: list[Row], seen: _Seen) -> Iterator[Occurrence]:
    """Check one image with all its masks."""
    by_acquisition = {_acquisition(row): {**row, "lesion_id": ""} for row in rows}
    acquisitions = [by_acquisition[acquisition] for acquisition in sorted(by_acquisition)]
    try:
        image = row_image(acquisitions[0])
    except ReadError as error:
        yield from ((row, "RN013", str(error)) for row in acquisitions)
        return
    for code, found in inspect_image(image, acquisitions[0]["sequence"]):
        yield acquisitions[0], code, found
    stated = {(_acquisition(row), *map(row.get, _SPACING)): {**row, "lesion_id": ""} for row in rows}
    for row in stated.values():
        yield from ((row, code, found) for code, found in inspect_spacing(image, *map(row.get, _SPACING)))
    digest = _content(image)
    for row in acquisitions:
        first = seen.images.setdefault(digest, row)
        if _acquisition(first) != _acquisition(row):
            name = Path(first["image_path"]).name
            yield row, "RN012", f"the same voxels as {place(first)} ({name})"
    yield from _check_masks(image, rows, seen)


def _content(image: sitk.Image) -> str:
    values = sitk.GetArrayViewFromImage(image)
    digest = hashlib.blake2b(f"{values.shape} {values.dtype}".encode())
    digest.update(values.data)
    return digest.hexdigest()


def _check_masks(image: sitk.Image, rows: list[Row], seen: _Seen) -> Iterator[Occurrence]:
    owners = np.zeros(image.GetSize()[::-1], dtype=np.uint16)
    is_mask = looks_like_mask(image)
    numbered = list(enumerate(rows, start=1))
    for (path, threshold), group in groupby(numbered, key=lambda pair: _file_of(pair[1])):
        members = list(group)
        if is_mask and path is not None and _is_image(path):
            found = f"{Path(rows[0]['image_path']).name} holds labels, and {Path(path).name} over 100 values"
            yield from ((row, "RN024", found) for _, row in members)
            continue
        try:
            source = open_mask(path, image, threshold=threshold) if path is not None else None
        except (ReadError, MaskError, GeometryError) as error:
            yield from ((row, _mask_code(error, row), _told(row, error)) for _, row in members)
            continue
        for number, row in members:
            if source is None:
                yield row, "RN014", "mask_path is empty"
            else:
                yield from _check_lesion(image, source, row, rows, owners, number)
                yield from _check_brain(image, owners == number, row, seen)


def _file_of(row: Row) -> tuple[str | None, float]:
    """Return the mask file of a row, and from which fraction a voxel of it is inside."""
    return row["mask_path"], mask_threshold(row.get("mask_threshold"))


def _is_image(path: str) -> bool:
    try:
        return looks_like_image(read_image(path))
    except ReadError:
        return False


def _told(row: Row, error: Exception) -> str:
    """Return what is wrong with a mask; resampling would hide that it is another patient's, so that is said first."""
    return f"{row['foreign_mask']}, so correct it first; {error}" if "foreign_mask" in row else str(error)


def _check_brain(image: sitk.Image, inside: NDArray[np.bool_], row: Row, seen: _Seen) -> Iterator[Occurrence]:
    path = row.get("brain_mask_path")
    if path is None or not inside.any():
        return
    if path not in seen.brains:
        seen.brains.clear()
        try:
            seen.brains[path] = read_image(path)
        except ReadError:
            seen.brains[path] = None
    brain = seen.brains[path]
    if brain is not None and grid_difference(image, brain) is None:
        for code, found in inspect_brain(inside, sitk.GetArrayViewFromImage(brain) != 0):
            yield row, code, found


def _mask_code(error: Exception, row: Row) -> str:
    if isinstance(error, GeometryError) and row.get("mask_sequence") not in (None, "", row["sequence"]):
        return "RN018"
    return next(code for kind, code in _MASK_CODES if isinstance(error, kind))


def _check_lesion(
    image: sitk.Image, source: MaskSource, row: Row, rows: list[Row], owners: NDArray[np.uint16], number: int
) -> Iterator[Occurrence]:
    try:
        label = mask_label(row.get("mask_label"))
        with warnings.catch_warnings():
            # What it warns of is found below, as RN017.
            warnings.simplefilter("ignore", MaskWarning)
            mask = source.select(label)
    except (ReadError, MaskError, GeometryError) as error:
        yield row, _mask_code(error, row), _told(row, error)
        return
    for note in source.placement(label).notes:
        yield row, "RN017", note
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
