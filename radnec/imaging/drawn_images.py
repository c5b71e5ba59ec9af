"""Finds the image that the mask of a row was drawn on, where the row's own image is registered to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from radnec.errors import CohortError
from radnec.imaging.drawing import Drawing

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    Record = Mapping[str, str]

_SESSION = ("patient_id", "session_id")


#: Images of each session and sequence that masks may be drawn on, by lesion and file.
Images: TypeAlias = dict[tuple[str, ...], dict[str, dict[tuple[str, str, str], Drawing]]]


def drawings(rows: Iterable[Any], records: Sequence[Record], registered: Container[str]) -> list[Drawing | None]:
    """Return for each row the image of another sequence that its mask was drawn on.

    Parameters
    ----------
    rows : iterable
        What errors call each row.
    records : sequence of mapping
        What each row holds, as text, "" where it is empty.
    registered : container of str
        Sequences that are registered to the one that their mask was drawn on.

    Returns
    -------
    list of Drawing or None
        None where the row's own image is the one, or its sequence is not registered.

    Raises
    ------
    radnec.errors.CohortError
        If ``mask_sequence`` names a sequence of which the session has no image, or several.

    Examples
    --------
    >>> keys = dict.fromkeys(["patient_id", "session_id", "lesion_id"], "1")
    >>> empty = dict.fromkeys(["series_uid", "volume", "brain_mask_path", "reference_mask_path", "mask_sequence"], "")
    >>> drawn = {**keys, **empty, "sequence": "T1wCE", "image_path": "t1.nii"}
    >>> other = {**drawn, "sequence": "FLAIR", "image_path": "flair.nii", "mask_sequence": "T1wCE"}
    >>> found = drawings([0, 1], [drawn, other], {"FLAIR"})
    >>> [one.image_path if one else None for one in found]
    [None, 't1.nii']
    """
    images = drawn_images(records)
    found: list[Drawing | None] = []
    problems = []
    for row, record in zip(rows, records, strict=True):
        if record["sequence"] not in registered or not drawn_elsewhere(record):
            found.append(None)
            continue
        choice = _choice(record, images)
        if len(choice) == 1:
            found.append(choice[0])
            continue
        shown = ", ".join(sorted(one.image_path for one in choice)) or "no row of that sequence with a mask of its own"
        problems.append(
            {
                "row": row,
                "column": "mask_sequence",
                "found": f"{record['mask_sequence']}, of which the session has {shown}",
                "expected": "a sequence with one image in this session, drawn on itself",
            }
        )
    if problems:
        raise CohortError(f"{len(problems)} rows cannot be registered to their mask's image", pd.DataFrame(problems))
    return found


def drawn_elsewhere(record: Record) -> bool:
    """Return whether the mask of a row was drawn on the image of another sequence."""
    return record["mask_sequence"] not in ("", record["sequence"])


def drawn_images(records: Sequence[Record]) -> Images:
    """Return the images of each session and sequence that masks may be drawn on, by lesion and file."""
    images: Images = {}
    for record in records:
        if drawn_elsewhere(record):
            continue
        where = record["image_path"], record["series_uid"], record["volume"]
        masks = record["brain_mask_path"] or None, record["reference_mask_path"] or None
        of_session = images.setdefault((*(record[name] for name in _SESSION), record["sequence"]), {})
        of_lesion = of_session.setdefault(record["lesion_id"], {})
        of_lesion.setdefault(where, Drawing(record["sequence"], where[0], where[1] or None, where[2] or None, *masks))
    return images


def image_drawn_on(record: Record, images: Images) -> Drawing:
    """Return the image that the mask of a row was drawn on, whether or not the row is registered to it.

    The row's own where ``mask_sequence`` says so, or names no one image.
    """
    choice = _choice(record, images) if drawn_elsewhere(record) else []
    if len(choice) == 1:
        return choice[0]
    where = record["image_path"], record["series_uid"] or None, record["volume"] or None
    return Drawing(record["sequence"], *where, brain_mask_path=None, reference_mask_path=None)


def _choice(record: Record, images: Images) -> list[Drawing]:
    """Return the images of the mask's sequence: those that show the row's lesion, else those of the session."""
    of_session = images.get((*(record[name] for name in _SESSION), record["mask_sequence"]), {})
    own = of_session.get(record["lesion_id"])
    if own is None:
        own = {where: drawing for lesion in of_session.values() for where, drawing in lesion.items()}
    return list(own.values())
