"""Drafts a cohort from a BIDS data set and its derivatives."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import FIELDS
from radnec.imaging.layouts.bids_masks import lesions_of, role_of
from radnec.imaging.layouts.bids_names import Named, Sidecars, is_image, named, sequence_of, tsv
from radnec.imaging.layouts.grids import Grids
from radnec.imaging.layouts.rows import Image, Mask, Row, session_rows
from radnec.imaging.layouts.tree import is_volume

if TYPE_CHECKING:
    from pathlib import Path

#: Attributes of sidecars, the column each fills, and what turns its unit into ours.
_FACTS = {
    "MagneticFieldStrength": ("field_strength_t", 1.0),
    "EchoTime": ("te_ms", 1000.0),
    "RepetitionTime": ("tr_ms", 1000.0),
    "FlipAngle": ("flip_angle_deg", 1.0),
    "SliceThickness": ("slice_thickness_mm", 1.0),
}
_SUPPORT = {"brain": "brain_mask_path", "reference": "reference_mask_path"}


@dataclass
class _Session:
    """What was found of a session."""

    images: list[Image] = field(default_factory=list)
    masks: list[Mask] = field(default_factory=list)
    support: list[tuple[str, str]] = field(default_factory=list)


def draft(folder: Path, files: list[Path]) -> tuple[list[Row], list[str]]:
    """Return the rows of every session, and what was left out.

    Parameters
    ----------
    folder : Path
        The data set, with the derivatives in it.
    files : list of Path
        Files below it.
    """
    sidecars = Sidecars(folder, files)
    sessions: dict[tuple[str, str], _Session] = defaultdict(_Session)
    passed: Counter[str] = Counter()
    notes: list[str] = []
    for path in files:
        file = named(path) if is_volume(path) else None
        if file is None:
            continue
        session = sessions[file.patient, file.session]
        if file.suffix in {"mask", "dseg"}:
            notes += _add_mask(session, file, folder, sidecars)
        elif is_image(file):
            session.images.append(_image(file, folder, sidecars))
        else:
            passed[file.suffix] += 1
    notes += [f"left out {number} file(s) with the suffix {suffix}" for suffix, number in sorted(passed.items())]
    people = {row.get("participant_id", ""): row for row in tsv(folder / "participants.tsv")}
    dates = _dates(files)
    grids, rows = Grids(folder), []
    visits = Counter(patient for patient, _ in sessions)
    for (patient, name), session in sorted(sessions.items()):
        keys = {"patient_id": patient, "session_id": name}
        keys |= {"session_date": dates[patient, name]} if (patient, name) in dates else {}
        keys |= _about(people.get(patient, {}), only=visits[patient] == 1)
        images, told = _on_the_masks_grid(session, grids)
        notes += told
        new, lost = session_rows(keys, images, session.masks, lambda image, mask: grids.misfit(image.path, mask.path))
        rows += new
        notes += lost
    return rows, notes


def _add_mask(session: _Session, file: Named, folder: Path, sidecars: Sidecars) -> list[str]:
    kind, name = role_of(file)
    path = file.path.relative_to(folder).as_posix()
    if file.suffix == "mask" and kind in _SUPPORT:
        session.support.append((_SUPPORT[kind], path))
        return []
    if kind in {"other", *_SUPPORT}:
        return [f"left out {path}: {name} is no lesion"]
    masks, notes = lesions_of(file, folder, sidecars.table(file))
    session.masks += masks
    return notes


def _image(file: Named, folder: Path, sidecars: Sidecars) -> Image:
    sidecar = sidecars.json(file)
    sequence, told_by, doubt = sequence_of(file, sidecar)
    facts: dict[str, Any] = {}
    for attribute, (column, factor) in _FACTS.items():
        value, declared = sidecar.get(attribute), FIELDS[column]
        if isinstance(value, (int, float)) and (declared.minimum or 0) <= value * factor <= (declared.maximum or 0):
            facts[column] = round(value * factor, 6)
    if isinstance(sidecar.get("Manufacturer"), str):
        facts["manufacturer"] = sidecar["Manufacturer"]
    for ending, column in ((".bval", "bval_path"), (".bvec", "bvec_path")):
        beside = file.path.with_name(file.path.name.split(".")[0] + ending)
        if sequence == "DWI" and beside.is_file():
            facts[column] = beside.relative_to(folder).as_posix()
    return Image(file.path.relative_to(folder).as_posix(), sequence, told_by, doubt, facts)


def _on_the_masks_grid(session: _Session, grids: Grids) -> tuple[list[Image], list[str]]:
    """Return the images with their brain and reference masks, of rivals only the one on the grid of the lesion masks.

    A raw image and what a pipeline made of it both claim a sequence. Where the lesion masks lie on the grid of just
    one of them, that is the one they were drawn on; otherwise all stay, and are marked later.
    """
    kept, notes = [], []
    for image in session.images:
        rivals = [other for other in session.images if image.sequence and other.sequence == image.sequence]
        fitting = [one for one in rivals if any(not grids.misfit(one.path, mask.path) for mask in session.masks)]
        if len(rivals) > 1 and len(fitting) == 1:
            if image is not fitting[0]:
                notes.append(f"left out {image.path}: {fitting[0].path} lies on the grid of the lesion mask")
                continue
            told = "the lesion mask's grid, which other images of the sequence do not have"
            image = replace(image, told_by="; ".join(filter(None, (image.told_by, told))))
        facts = dict(image.facts)
        for column in set(_SUPPORT.values()):
            own = [path for name, path in session.support if name == column and not grids.misfit(image.path, path)]
            if len(own) == 1:
                facts[column] = own[0]
            elif own:
                notes.append(f"{column} of {image.path} is left empty: {', '.join(own)} would all do")
        kept.append(replace(image, facts=facts))
    return kept, notes


def _dates(files: list[Path]) -> dict[tuple[str, str], str]:
    """Return the day of each session, from ``_sessions.tsv``, else the first acquisition in its ``_scans.tsv``."""
    found: dict[tuple[str, str], str] = {}
    for path in files:
        file = named(path) if path.name.endswith("_scans.tsv") else None
        days = sorted(filter(None, (_day(row.get("acq_time", "")) for row in tsv(path)))) if file else []
        if file and days:
            found[file.patient, file.session] = days[0]
    for path in files:
        if path.name.endswith("_sessions.tsv"):
            patient = path.name.removesuffix("_sessions.tsv")
            for row in tsv(path):
                if _day(row.get("acq_time", "")):
                    found[patient, row.get("session_id", "")] = _day(row["acq_time"])
    return found


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return ""


def _about(person: dict[str, str], *, only: bool) -> dict[str, Any]:
    """Return what ``participants.tsv`` says of a patient: sex, and age where there is one session it can be of."""
    about: dict[str, Any] = {}
    if person.get("sex", "").strip().lower() in {"f", "female", "m", "male"}:
        about["sex"] = "female" if person["sex"].strip().lower().startswith("f") else "male"
    try:
        age = float(person.get("age", ""))
    except ValueError:
        return about
    return {**about, "age_years": age} if only and 0 <= age <= 110 else about
