"""Turns the named parts of a mask file (ROIs, segments) into masks of lesions, of their tissues, or a question."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from radnec.cohort.sources import MISSING
from radnec.imaging.layouts.names import tissue_of
from radnec.imaging.layouts.rows import Mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.imaging.layouts.names import Kind


@dataclass(frozen=True)
class Outlined:
    """One region of a structure set, or segment of a segmentation.

    Parameters
    ----------
    label : int or str
        What chooses it in its file: its number, or its name where that is enough.
    name : str
        As the file has it.
    kind : {"lesion", "brain", "reference", "other", ""}
        What it shows; "" where that is not known.
    doubt : str
        Why it is not known; "" where nothing tells.
    """

    label: int | str
    name: str
    kind: Kind
    doubt: str = ""


def chosen_by_name(parts: Sequence[Outlined]) -> tuple[Outlined, ...]:
    """Return parts that are numbered so that each is chosen by its name, where that is enough.

    It is not where another part has the name, the name is a number, or a cohort would read it as an empty cell.

    Examples
    --------
    >>> parts = [Outlined(1, "GTV", "lesion"), Outlined(2, "7", ""), Outlined(3, "NA", "")]
    >>> [part.label for part in chosen_by_name(parts)]
    ['GTV', 2, 3]
    """
    names = [part.name for part in parts]
    return tuple(
        part
        if part.name.strip() in MISSING or names.count(part.name) > 1 or _is_number(part.name)
        else replace(part, label=part.name)
        for part in parts
    )


def named_masks(path: str, what: str, parts: Sequence[Outlined]) -> tuple[list[Mask], list[str]]:
    """Return a mask for each part that is a lesion, a tissue of one, or may be one; and a note on each other.

    Parameters
    ----------
    path : str
        The mask file, relative to the data set's folder.
    what : str
        What a part of it is called, such as ``ROI``.
    parts : sequence of Outlined
        What it marks.

    Examples
    --------
    >>> parts = [Outlined("GTV", "GTV", "lesion"), Outlined("Eye", "Eye", "other")]
    >>> masks, notes = named_masks("rs.dcm", "ROI", parts)
    >>> [mask.lesion for mask in masks], notes
    (['GTV'], ["left out ROI 'Eye' of rs.dcm: no lesion"])
    """
    masks, notes = [], []
    for part in parts:
        region = tissue_of(part.name)
        if region:
            doubt = {"lesion_id": f"{what} {part.name!r} is a tissue, and no name tells of which lesion"}
            masks.append(Mask(path, part.label, region=region, doubts=doubt))
        elif part.kind == "lesion":
            masks.append(Mask(path, part.label, part.name, told_by={"lesion_id": f"{what} {part.name!r}"}))
        elif part.kind:
            notes.append(f"left out {what} {part.name!r} of {path}: no lesion")
        else:
            why = f" ({part.doubt})" if part.doubt else ""
            doubt = {"lesion_id": f"{what} {part.name!r} may be a lesion or not{why}: name it, or delete the row"}
            masks.append(Mask(path, part.label, doubts=doubt))
    return masks, notes


def _is_number(name: str) -> bool:
    return name.lstrip("+-").replace(".", "", 1).isdecimal()
