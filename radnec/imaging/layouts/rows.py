"""Rows of a draft cohort: what was decided, what was guessed and from what, and what was left to the user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.fields import FIELDS, ROW_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_ALWAYS = ("patient_id", "session_id", "lesion_id", "sequence", "image_path", "mask_path")
#: Columns of a draft that are for the user; they stand last.
NOTES = ("undecided", "guessed_from")
#: Why a mask that is paired by its name does not go with an image.
ANOTHERS = "it goes by another image's name"
#: How a mask of one image serves another of its session.
LENDING = (
    "to measure the lesion here all the same, write its mask into mask_path and mask_label and the sequence it was "
    "drawn on into mask_sequence, and extract with registration: rigid"
)
#: Why an image has a row without a mask though its session has masks.
_ELSEWHERE = f"no mask of a lesion was drawn on it; what may be one was drawn on other images of the session; {LENDING}"


@dataclass(frozen=True)
class Image:
    """An image of a session.

    Parameters
    ----------
    path : str
        Relative to the data set's folder.
    sequence : str
        One of the cohort's sequences, "" where it could not be decided.
    told_by : str
        What the sequence was guessed from, "" where the layout defines it.
    doubt : str
        Why the sequence could not be decided.
    facts : dict
        Other cohort columns that are known of it.
    """

    path: str
    sequence: str = ""
    told_by: str = ""
    doubt: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mask:
    """A mask of a session, or one label of it.

    Parameters
    ----------
    path : str
        Relative to the data set's folder.
    label : int, str or None
        Label value or segment name; None where the file holds one label, 1.
    lesion : str
        Lesion it shows, "" where it could not be decided.
    region : str
        Part of the lesion it shows, "" for the whole.
    told_by, doubts : dict
        By column, what it was guessed from, and why it could not be decided.
    """

    path: str
    label: int | str | None = None
    lesion: str = ""
    region: str = ""
    told_by: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)


@dataclass
class Row:
    """One row of a draft.

    Parameters
    ----------
    cells : dict
        Cohort columns that are decided.
    undecided : dict
        Columns left empty, with the reason.
    guessed : dict
        Columns that no rule of the layout defines, with what they were guessed from.
    """

    cells: dict[str, Any]
    undecided: dict[str, str] = field(default_factory=dict)
    guessed: dict[str, str] = field(default_factory=dict)

    def leave(self, column: str, reason: str) -> None:
        """Leave a column to the user."""
        self.cells.pop(column, None)
        self.undecided[column] = reason


def session_rows(
    keys: dict[str, Any],
    images: Sequence[Image],
    masks: Sequence[Mask],
    misfit: Callable[[Image, Mask], str],
    guessed: dict[str, str] | None = None,
) -> tuple[list[Row], list[str]]:
    """Return the rows of one session, each image with each mask that fits it, and a note on each mask in no row.

    A lesion without a mask that fits an image keeps its row there, with the reason. A mask that names no lesion has
    rows with the images that it fits; with others only if it fits none, and does not go by another image's name where
    there are other rows. Every image has a row.

    Parameters
    ----------
    keys : dict
        ``patient_id``, ``session_id`` and what else is known of the session.
    images, masks : sequence
        What the session holds.
    misfit : callable
        Says why a mask cannot be used on an image, "" where it can.
    guessed : dict, optional
        What the keys were guessed from.
    """
    rows: list[Row] = []
    used: set[int] = set()
    lost: dict[int, str] = {}
    every = [{id(mask): misfit(image, mask) for mask in masks} for image in images]
    placed = {key for reasons in every for key, why in reasons.items() if not why}
    for image, reasons in zip(images, every, strict=True):
        fitting = [mask for mask in masks if not reasons[id(mask)]]
        rows += [_row(keys, image, mask, guessed) for mask in fitting]
        others = _without_fit([mask for mask in masks if mask.lesion or id(mask) not in placed], fitting, reasons)
        for mask in others:
            row = _row(keys, image, mask, guessed)
            row.cells.pop("mask_label", None)
            row.leave("mask_path", f"{_named(mask)}: {reasons[id(mask)]}")
            rows.append(row)
        if not fitting and not others:
            row = _row(keys, image, None, guessed)
            for column in ("lesion_id", "mask_path"):
                row.leave(column, _ELSEWHERE if masks else "no mask was found for the session")
            rows.append(row)
        used.update(map(id, [*fitting, *others]))
        # What is wrong with a mask on its own image tells more than that it is not of another.
        lost.update({key: why for key, why in reasons.items() if why and (why != ANOTHERS or key not in lost)})
    notes = [
        f"no row has {_named(mask)}{f' of lesion {mask.lesion}' if mask.lesion else ''}: "
        f"{lost.get(id(mask), 'its session has no image')}"
        for mask in masks
        if id(mask) not in used
    ]
    return rows, notes


def _without_fit(masks: Sequence[Mask], fitting: Sequence[Mask], reasons: dict[int, str]) -> list[Mask]:
    """Return the masks of which an image has a row though they do not fit: one for each lesion that no other shows."""
    shown = {_shown(mask) for mask in fitting}
    others = []
    # An image's own masks go before those of other images.
    own = [mask for mask in masks if reasons[id(mask)] not in ("", ANOTHERS)]
    for mask in [*own, *(mask for mask in masks if reasons[id(mask)] == ANOTHERS)]:
        needless = not mask.lesion and reasons[id(mask)] == ANOTHERS and (fitting or own)
        if _shown(mask) not in shown and not needless:
            shown.add(_shown(mask))
            others.append(mask)
    return others


def _shown(mask: Mask) -> tuple[Any, ...]:
    """Return what a mask shows: a part of a lesion, or nothing but itself where it names no lesion."""
    return (mask.lesion, mask.region) if mask.lesion else (mask.path, mask.label)


def _named(mask: Mask) -> str:
    return mask.path if mask.lesion or mask.label is None else f"{mask.path}, label {mask.label}"


def _row(keys: dict[str, Any], image: Image, mask: Mask | None, guessed: dict[str, str] | None) -> Row:
    row = Row({**keys, **image.facts, "image_path": image.path}, guessed=dict(guessed or {}))
    if image.sequence:
        row.cells["sequence"] = image.sequence
    if image.told_by:
        row.guessed["sequence"] = image.told_by
    if not image.sequence:
        row.leave("sequence", image.doubt or "nothing names it")
    if mask is not None:
        held = {"mask_path": mask.path, "mask_label": mask.label, "lesion_id": mask.lesion, "region": mask.region}
        row.cells |= {name: value for name, value in held.items() if value not in (None, "")}
        row.guessed |= mask.told_by
        for column, reason in mask.doubts.items():
            row.leave(column, reason)
        # An empty region or label would be read as the whole lesion and as 1: the row must wait for an answer.
        waits = next((mask.doubts[name] for name in ("region", "mask_label") if name in mask.doubts), "")
        if (waits or not mask.lesion) and "lesion_id" not in row.undecided:
            row.leave("lesion_id", waits or "nothing names the lesion")
    return row


def mark_rivals(rows: Iterable[Row]) -> None:
    """Leave the sequence of rows to the user that would stand for one thing (the row key of the cohort).

    Two images may claim one sequence of a session, and two masks one lesion; which is meant is never guessed.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if all(name in row.cells for name in ("patient_id", "session_id", "lesion_id", "sequence")):
            groups.setdefault(tuple(row.cells.get(name) for name in ROW_KEY), []).append(row)
    for rivals in groups.values():
        images = list(dict.fromkeys(str(row.cells["image_path"]) for row in rivals))
        masks = list(dict.fromkeys(str(row.cells.get("mask_path", "")) for row in rivals))
        if len(images) > 1:
            claimed = rivals[0].cells["sequence"]
            reason = f"{len(images)} images claim {claimed} ({', '.join(images)}): keep one, or give each its phase"
            for row in rivals:
                row.leave("sequence", reason)
        elif len(rivals) > 1:
            reason = f"{len(rivals)} masks claim the lesion ({', '.join(masks)}): keep one, or name them apart"
            for row in rivals:
                row.leave("lesion_id", reason)


def as_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return rows as a draft: declared columns in their order, then ``undecided`` and ``guessed_from``."""
    held = {name for row in rows for name in row.cells} | {*_ALWAYS}
    columns = [name for name in FIELDS if name in held]
    records = [
        {
            **{name: row.cells.get(name) for name in columns},
            "undecided": _told(row.undecided),
            "guessed_from": _told(row.guessed),
        }
        for row in rows
    ]
    return pd.DataFrame(records, columns=[*columns, *NOTES], dtype=object)


def _told(notes: dict[str, str]) -> str | None:
    return "; ".join(f"{column}: {note}" for column, note in notes.items()) or None
