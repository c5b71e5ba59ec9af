"""Drafts a cohort from a tree of DICOM files, as archives (TCIA) and hospitals hand them out."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radnec.cohort.parsing import counted
from radnec.imaging.dicom.nuclear import no_volume
from radnec.imaging.layouts.dicom_doses import doses_of, unused_doses
from radnec.imaging.layouts.dicom_heads import Outlines, Series, Tree, read_tree
from radnec.imaging.layouts.dicom_sequences import guess_sequence, is_localiser
from radnec.imaging.layouts.named_masks import named_masks
from radnec.imaging.layouts.rows import LENDING, Image, Mask, Row, session_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.imaging.layouts.pseudonyms import Pseudonyms

_MODALITIES = frozenset({"MR", "PT", "NM"})


def draft(folder: Path, files: list[Path], *, names: Pseudonyms | None = None) -> tuple[list[Row], list[str]]:
    """Return the rows of every study, and what was left out.

    Parameters
    ----------
    folder : Path
        Folder of the files, laid out in any way.
    files : list of Path
        Files below it.
    names : Pseudonyms, optional
        What patients and studies are called; by default they are numbered.

    Notes
    -----
    No PatientID leaves the headers. Numbers follow PatientID and, within a patient, the day of the study.
    """
    tree = read_tree(files)
    places = _places(folder, tree)
    notes, rows = list(tree.notes), []
    studies: dict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in tree.series.values():
        reason = f"modality {series.modality}" if series.modality not in _MODALITIES else ""
        reason = reason or ("a localiser" if is_localiser(series) else "")
        if series.modality == "NM" and not reason:
            reason = no_volume(series.told["ImageType"] or ())
        if reason:
            notes.append(f"left out {places[series.uid][0] or series.files[0].relative_to(folder)}: {reason}")
        else:
            studies[series.patient, series.study].append(series)
    if names is None and studies:
        notes.append(
            "patients and sessions are numbered, and a larger archive numbers them anew; a key keeps their names"
        )
    for (patient, study), session in _sessions(studies, names).items():
        members = sorted(studies[patient, study], key=lambda one: one.files[0])
        drawn = _drawn(tree.outlines, members, patient, study)
        masks, left = _masks(drawn, folder)
        by_path = {}
        images = []
        for series in members:
            image = _image(series, *places[series.uid], tree, folder)
            by_path[image.path] = series.uid
            images.append(image)
            doses = [dose.path.relative_to(folder).as_posix() for dose in doses_of(series, tree)]
            if len(doses) > 1:
                notes.append(f"dose_path of {image.path} is left empty: {', '.join(doses)} would all do")
        misfit = _Drawn(by_path, drawn, folder, tree).misfit
        new, lost = session_rows(session.keys, images, masks, misfit, session.guessed)
        notes += [*left, *lost]
        for row in new:
            _settle(row, places)
            for column, reason in session.doubts.items():
                row.leave(column, reason)
        rows += new
    return rows, [*notes, *_unplaced(tree, studies, folder), *unused_doses(tree, studies.values(), folder)]


@dataclass(frozen=True)
class _Session:
    """What the rows of a study have in common: keys, what these were guessed from, and why one is left open."""

    keys: dict[str, Any]
    guessed: dict[str, str]
    doubts: dict[str, str] = field(default_factory=dict)


class _Drawn:
    """Says whether a structure set or segmentation was drawn on an image's series."""

    def __init__(self, by_path: dict[str, str], drawn: list[Outlines], folder: Path, tree: Tree) -> None:
        self._by_path = by_path
        self._series = {one.path.relative_to(folder).as_posix(): one.series for one in drawn}
        self._tree = tree

    def misfit(self, image: Image, mask: Mask) -> str:
        drawn_on = self._series[mask.path]
        if self._by_path[image.path] in drawn_on:
            return ""
        if not drawn_on:
            return "it does not say which series it was drawn on"
        reason = f"it was drawn on {_named(drawn_on, self._tree)}, not on this one"
        return reason if drawn_on.isdisjoint(self._by_path.values()) else f"{reason}; {LENDING}"


def _named(uids: Iterable[str], tree: Tree) -> str:
    known = [tree.series[uid].told["SeriesDescription"] for uid in sorted(uids) if uid in tree.series]
    called = [repr(name) if name else "a series without SeriesDescription" for name in known]
    return ", ".join(called) or "a series that is not in the folder"


def _unplaced(tree: Tree, studies: dict[tuple[str, str], list[Series]], folder: Path) -> list[str]:
    """Return a note on each structure set or segmentation that goes with no image of the draft."""
    kept = {series.uid for members in studies.values() for series in members}
    notes = []
    for one in tree.outlines:
        path = one.path.relative_to(folder).as_posix()
        if one.series and not one.series & kept:
            notes.append(f"{path} marks no image of the draft: it was drawn on {_named(one.series, tree)}")
        elif not one.series and (one.patient, one.study) not in studies:
            notes.append(f"{path} marks no image of the draft: its study has none, and it names no series")
    return notes


def _drawn(outlines: Iterable[Outlines], members: list[Series], patient: str, study: str) -> list[Outlines]:
    """Return what was drawn on a study's series, or stands in the study and was drawn on none that it names."""
    own = {series.uid for series in members}
    return [one for one in outlines if one.series & own or (one.patient, one.study) == (patient, study)]


def _masks(drawn: list[Outlines], folder: Path) -> tuple[list[Mask], list[str]]:
    masks, notes = [], []
    for one in drawn:
        what = "ROI" if one.modality == "RTSTRUCT" else "segment"
        found, left = named_masks(one.path.relative_to(folder).as_posix(), what, one.parts)
        masks += found
        notes += left
    return masks, notes


def _sessions(
    studies: dict[tuple[str, str], list[Series]], names: Pseudonyms | None
) -> dict[tuple[str, str], _Session]:
    """Return what is known of each study, in order of patient and time."""
    ordered = sorted(
        studies,
        key=lambda key: (key[0], min((str(one.day or ""), one.time) for one in studies[key]), studies[key][0].files[0]),
    )
    patients = {patient: number for number, patient in enumerate(dict.fromkeys(key[0] for key in ordered), start=1)}
    width = len(str(len(patients)))
    sessions: dict[tuple[str, str], _Session] = {}
    visits: dict[str, int] = defaultdict(int)
    for patient, study in ordered:
        visits[patient] += 1
        if names is None:
            named = f"P{patients[patient]:0{width}d}", f"S{visits[patient]}"
            told = "numbered in order of PatientID", "numbered in order of StudyDate"
        else:
            named = names.patient(patient), names.session(study)
            told = "keyed hash of PatientID", "keyed hash of StudyInstanceUID"
        columns = "patient_id", "session_id"
        session = _Session(dict(zip(columns, named, strict=True)), dict(zip(columns, told, strict=True)))
        if not patient:
            del session.guessed["patient_id"]
            session.doubts["patient_id"] = "the headers hold no PatientID"
        _date(session, studies[patient, study])
        sessions[patient, study] = session
    return sessions


def _date(session: _Session, members: list[Series]) -> None:
    """Give a session its date, or the reason why it has none."""
    days = sorted({one.day for one in members if one.day is not None})
    if len(days) > 1:
        session.doubts["session_date"] = f"its series are of {' and '.join(map(str, days))}"
    elif days:
        session.keys["session_date"] = str(days[0])
        # In days, so that the note tells no date once the column is deleted.
        apart = sorted({(one.acquired - days[0]).days for one in members if one.acquired} - {0})
        if apart:
            told = " and ".join(f"{counted(abs(gap), 'day')} {'after' if gap > 0 else 'before'} it" for gap in apart)
            session.guessed["session_date"] = f"the study's date, though images were acquired {told}"


def _places(folder: Path, tree: Tree) -> dict[str, tuple[str, str]]:
    """Return what to read each series by: its folder where that holds no other, else one of its files; or the doubt."""
    owners: dict[Path, set[str]] = defaultdict(set)
    for uid, series in tree.series.items():
        for path in series.files:
            for parent in path.relative_to(folder).parents:
                owners[parent].add(uid)
    places = {}
    for uid, series in tree.series.items():
        parents = {path.relative_to(folder).parent for path in series.files}
        common = Path(os.path.commonpath(parents)) if len(parents) > 1 else next(iter(parents))
        if owners[common] == {uid}:
            places[uid] = (common.as_posix(), "")
        elif len(parents) == 1:
            places[uid] = (series.files[0].relative_to(folder).as_posix(), "")
        else:
            places[uid] = ("", f"its files lie in {len(parents)} folders beside other series: move them to one")
    return places


def _image(series: Series, place: str, doubt: str, tree: Tree, folder: Path) -> Image:
    sequence, told_by, unclear = guess_sequence(series)
    doses = doses_of(series, tree)
    facts = {"dose_path": doses[0].path.relative_to(folder).as_posix()} if len(doses) == 1 else {}
    # A place that cannot be read is named by its first file until the row is settled.
    path = place if not doubt else series.files[0].relative_to(folder).as_posix()
    return Image(path, sequence, told_by, unclear, facts)


def _settle(row: Row, places: dict[str, tuple[str, str]]) -> None:
    """Leave image paths to the user that would read a part of their series."""
    known = {place for place, doubt in places.values() if not doubt}
    path = str(row.cells["image_path"])
    if path not in known:
        doubt = next(doubt for _, doubt in places.values() if doubt)
        row.leave("image_path", f"{path}: {doubt}")
