"""Drafts a cohort from the folders of a BraTS challenge."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tqdm import tqdm

from radnec.imaging.layouts.grids import Grids, labels_in
from radnec.imaging.layouts.rows import Image, Mask, Row, session_rows
from radnec.imaging.layouts.tissues import NEW, OLD, tissue_masks

if TYPE_CHECKING:
    from pathlib import Path

_NEW_NAME = re.compile(
    r"(?P<patient>BraTS-(?P<task>[A-Z]+)-\d+)-(?P<session>\d+)-(?P<kind>t1n|t1c|t2w|t2f|seg)\.nii(\.gz)?"
)
_OLD_NAME = re.compile(r"(?P<patient>Bra[tT][sS]\w+?)_(?P<kind>t1|t1ce|t2|flair|seg)\.nii(\.gz)?")
_KINDS = {
    "t1n": "T1w", "t1c": "T1wCE", "t2w": "T2w", "t2f": "FLAIR",
    "t1": "T1w", "t1ce": "T1wCE", "t2": "T2w", "flair": "FLAIR",
}  # fmt: skip
#: By the task in a case's name; other tasks (meningioma, …) are no entity of the cohort.
_ENTITIES = {"GLI": "glioma", "SSA": "glioma", "PED": "glioma", "MET": "brain_metastasis"}
_MANY = "labels are tissues, and one label may mark several lesions: split the mask into lesions first"
_ONE_SESSION = "names of releases before 2023 tell no session: one for each patient"


def draft(folder: Path, files: list[Path]) -> tuple[list[Row], list[str]]:
    """Return the rows of every case, and what was left out.

    Parameters
    ----------
    folder : Path
        The release, or any folder above its cases.
    files : list of Path
        Files below it.
    """
    cases: dict[tuple[str, str, str], dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    passed: Counter[str] = Counter()
    for path in files:
        new, old = _NEW_NAME.fullmatch(path.name), _OLD_NAME.fullmatch(path.name)
        if new:
            cases[new["patient"], new["session"], new["task"]][new["kind"]].append(path)
        elif old:
            cases[old["patient"], "1", ""][old["kind"]].append(path)
        else:
            passed["".join(path.suffixes) or path.name] += 1
    labels = {
        path: labels_in(path)
        for parts in tqdm(cases.values(), desc="labels", unit="case", disable=None, leave=False)
        for path in parts.get("seg", ())
    }
    meanings = _meanings(cases, labels)
    grids = Grids(folder)
    rows: list[Row] = []
    notes = [f"left out {number} file(s) {kind}, named unlike BraTS" for kind, number in sorted(passed.items())]
    for (patient, session, task), parts in sorted(cases.items()):
        keys = {"patient_id": patient, "session_id": session}
        entity = _ENTITIES.get(task, "" if task else "glioma")
        keys |= {"entity": entity} if entity else {}
        images = [
            Image(path.relative_to(folder).as_posix(), _KINDS[kind])
            for kind in sorted(parts.keys() - {"seg"})
            for path in parts[kind]
        ]
        masks = [
            mask
            for path in parts.get("seg", ())
            for mask in _masks(path.relative_to(folder).as_posix(), labels[path], meanings[bool(task)], entity)
        ]
        guessed = {} if task else {"session_id": _ONE_SESSION}
        own, lost = session_rows(keys, images, masks, lambda image, mask: grids.misfit(image.path, mask.path), guessed)
        rows += own
        notes += lost
    return rows, notes


def _masks(path: str, found: tuple[tuple[int, ...], str], meanings: dict[int, str], entity: str) -> list[Mask]:
    labels, reason = found
    if reason:
        return [Mask(path, doubts={"lesion_id": reason})]
    # One glioma is one lesion; its parts are regions.
    lesion = "1" if entity == "glioma" else ""
    return tissue_masks(path, labels, meanings, lesion=lesion, doubts={} if lesion else {"lesion_id": _MANY})


def _meanings(
    cases: dict[tuple[str, str, str], dict[str, list[Path]]], labels: dict[Path, tuple[tuple[int, ...], str]]
) -> dict[bool, dict[int, str]]:
    """Return what labels mean by whether names are new, from the labels that occur anywhere in the release."""
    occurring: dict[bool, set[int]] = {True: set(), False: set()}
    for (_, _, task), parts in cases.items():
        for path in parts.get("seg", ()):
            occurring[bool(task)].update(labels[path][0])
    # 4 was the enhancing tumour until 3 became it, and the cavity since: without any 3, a 4 may be either.
    new = NEW if 3 in occurring[True] else {label: NEW[label] for label in (1, 2)}
    return {True: new, False: OLD}
