"""Drafts a cohort from MU-Glioma-Post, post-treatment glioma of the University of Missouri on TCIA."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from tqdm import tqdm

from radnec.imaging.layouts.grids import Grids, labels_in
from radnec.imaging.layouts.rows import Image, Mask, Row, session_rows
from radnec.imaging.layouts.tissues import NEW, tissue_masks

if TYPE_CHECKING:
    from pathlib import Path

_PATIENT = re.compile(r"patient[-_ ]?(id[-_ ]?)?\d+", re.IGNORECASE)
_TIMEPOINT = re.compile(r"timepoint[-_ ]?\d+", re.IGNORECASE)
#: The release writes tumorMask; re-exports write tumormask.
_FILE = re.compile(r".*?(?P<kind>t1n|t1c|t2w|t2f|tumormask)\.nii(\.gz)?", re.IGNORECASE)
_KINDS = {"t1n": "T1w", "t1c": "T1wCE", "t2w": "T2w", "t2f": "FLAIR"}


def draft(folder: Path, files: list[Path]) -> tuple[list[Row], list[str]]:
    """Return the rows of every time point, and what was left out.

    Parameters
    ----------
    folder : Path
        The collection, or any folder above its patients.
    files : list of Path
        Files below it.
    """
    visits: dict[tuple[str, str], list[tuple[str, Path]]] = defaultdict(list)
    passed = 0
    for path in files:
        named = _FILE.fullmatch(path.name)
        visit, patient = path.parent.name, path.parent.parent.name
        if named and _TIMEPOINT.fullmatch(visit) and _PATIENT.fullmatch(patient):
            visits[patient, visit].append((named["kind"].lower(), path))
        else:
            passed += 1
    grids = Grids(folder)
    rows: list[Row] = []
    notes = [f"left out {passed} file(s) that are no Patient…/Timepoint_…/ image or mask"] if passed else []
    for (patient, visit), parts in tqdm(sorted(visits.items()), desc="labels", unit="visit", disable=None, leave=False):
        keys = {"patient_id": patient, "session_id": visit, "entity": "glioma"}
        named_parts = [(kind, path.relative_to(folder).as_posix()) for kind, path in sorted(parts)]
        images = [Image(name, _KINDS[kind]) for kind, name in named_parts if kind in _KINDS]
        masks = [mask for kind, name in named_parts if kind not in _KINDS for mask in _masks(folder, name)]
        new, lost = session_rows(keys, images, masks, lambda image, mask: grids.misfit(image.path, mask.path))
        rows += new
        notes += lost
    return rows, notes


def _masks(folder: Path, name: str) -> list[Mask]:
    labels, reason = labels_in(folder / name)
    return [Mask(name, doubts={"lesion_id": reason})] if reason else tissue_masks(name, labels, NEW, lesion="1")
