"""Tells what the masks of a BIDS session show: lesions, the brain, reference tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.imaging.layouts.grids import labels_in
from radnec.imaging.layouts.names import kind_of, tissue_of
from radnec.imaging.layouts.rows import Mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from radnec.imaging.layouts.bids_names import Named

#: Entities that say what a mask shows.
_TELLING = ("label", "desc", "seg")


def role_of(file: Named) -> tuple[str, str]:
    """Return what a mask is (``lesion``, ``brain``, ``reference``, ``other``, or "" if not told) and its name."""
    values = [file.entities[key] for key in _TELLING if key in file.entities]
    for value in values:
        kind = kind_of(value) or ("lesion" if tissue_of(value) else "")
        if kind:
            return kind, value
    return "", values[0] if values else ""


def lesions_of(file: Named, folder: Path, table: Sequence[Mapping[str, str]]) -> tuple[list[Mask], list[str]]:
    """Return the lesions that a mask or label map shows, and what was left out.

    Parameters
    ----------
    file : Named
        File with the suffix ``mask`` or ``dseg``.
    folder : Path
        The data set.
    table : sequence of mapping
        Rows of its ``_dseg.tsv`` (``index``, ``name``), none where there is none.
    """
    path = file.path.relative_to(folder).as_posix()
    kind, name = role_of(file)
    if file.suffix == "dseg":
        return _of_labels(file, path, name if kind == "lesion" else "", table)
    if kind == "lesion":
        # A tissue, such as label-enhancing, is a part of a lesion that the name does not tell.
        region = tissue_of(name)
        doubt = {"lesion_id": f"the name tells a tissue ({name}), and no lesion"} if region else {}
        return [Mask(path, None, "" if region else name, region, doubts=doubt)], []
    told = f"nothing says that {name!r} is a lesion" if name else "no label- or desc- says whether it is a lesion"
    return [Mask(path, doubts={"lesion_id": f"{told}: name the lesion, or delete the row"})], []


def _of_labels(file: Named, path: str, lesion: str, table: Sequence[Mapping[str, str]]) -> tuple[list[Mask], list[str]]:
    labels, reason = labels_in(file.path)
    if reason:
        return [Mask(path, doubts={"lesion_id": reason})], []
    names = {row["index"].strip(): row["name"].strip() for row in table if row.get("index") and row.get("name")}
    if not names and lesion and len(labels) == 1:
        return [Mask(path, labels[0], lesion)], []
    masks, passed = [], []
    for label in labels:
        name = names.get(str(label), "")
        if name and tissue_of(name):
            doubt = {} if lesion else {"lesion_id": f"label {label} is a tissue ({name}), and no name tells the lesion"}
            masks.append(Mask(path, label, lesion, tissue_of(name), doubts=doubt))
        elif kind_of(name) == "lesion":
            masks.append(Mask(path, label, name))
        elif kind_of(name):
            passed.append(f"left out label {label} of {path}: {name} is no lesion")
        else:
            told = f"its name {name!r} tells no lesion" if name else "no dseg.tsv names it"
            masks.append(Mask(path, label, doubts={"lesion_id": f"label {label} may be a lesion or a tissue: {told}"}))
    return masks, passed
