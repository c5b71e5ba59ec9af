"""Drafts a cohort from images and masks that are paired by their file names."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tqdm import tqdm

from radnec.errors import ReadError
from radnec.imaging.layouts.grids import Grids, labels_in
from radnec.imaging.layouts.named_masks import Outlined, chosen_by_name, named_masks
from radnec.imaging.layouts.names import kind_of, tissue_of
from radnec.imaging.layouts.rows import ANOTHERS, Image, Mask, Row, session_rows
from radnec.imaging.layouts.sequences import told_sequence, words
from radnec.imaging.layouts.tree import is_volume, stem
from radnec.imaging.masks.slicer_seg import is_slicer, read_titles

if TYPE_CHECKING:
    from pathlib import Path

_ROLE = r"mask|seg|label|labels|roi|segmentation|lesion|tumou?r|gtv"
#: The last word of a mask's name, with or without a number: P1_T1_mask, P1_lesion2, P1.seg.
_MASK_NAME = re.compile(
    rf"^(?P<core>.*?)[^0-9A-Za-z]*(?<![A-Za-z])(?:{_ROLE})[^0-9A-Za-z]*(?P<number>\d*)$", re.IGNORECASE
)
_MASK_FOLDER = re.compile(r"(masks?|segs?|segmentations?|labels?|rois?|labelsTr|labelsTs)", re.IGNORECASE)
_IMAGE_FOLDER = re.compile(r"(images?|imagesTr|imagesTs)", re.IGNORECASE)
_SESSION = re.compile(r"(?<![A-Za-z])(ses|session|tp|timepoint|visit|fu|followup)[-_ ]?\d+(?![0-9])", re.IGNORECASE)
_CHANNEL = re.compile(r"_\d{4}$")


@dataclass(frozen=True)
class _File:
    """A volume: who it is of, its role, and the part of its name that pairs it."""

    path: Path
    patient: str
    session: str
    told_by: tuple[str, str]
    mask: bool
    core: str
    number: str = ""


def draft(folder: Path, files: list[Path]) -> tuple[list[Row], list[str]]:
    """Return the rows of every image with the masks that go by its name, and what was left out.

    Parameters
    ----------
    folder : Path
        Folder of the images.
    files : list of Path
        Files below it.
    """
    volumes = [_file(folder, path) for path in files if is_volume(path)]
    sessions: dict[tuple[str, str], list[_File]] = defaultdict(list)
    for volume in volumes:
        sessions[volume.patient, volume.session].append(volume)
    grids, rows, notes = Grids(folder), [], []
    for (patient, session), members in tqdm(sorted(sessions.items()), desc="labels", disable=None, leave=False):
        cores = {one.path.relative_to(folder).as_posix(): one.core for one in members}
        masks, left = _masks(folder, [one for one in members if one.mask])
        notes += left
        pairing = _Pairing(cores, grids)
        images = [_image(folder, one) for one in members if not one.mask]
        told = members[0].told_by
        guessed = {"patient_id": told[0], "session_id": told[1]}
        keys = {"patient_id": patient, "session_id": session}
        new, left = session_rows(keys, images, masks, pairing.misfit, guessed)
        rows += new
        notes += left
    others = len(files) - len(volumes)
    return rows, [*notes, *([f"left out {others} file(s) that are no NIfTI, NRRD or MetaImage"] if others else [])]


class _Pairing:
    """Says whether a mask goes with an image: by their names first, then by their grids."""

    def __init__(self, cores: dict[str, str], grids: Grids) -> None:
        self._cores = {name: words(core) for name, core in cores.items()}
        self._grids = grids

    def misfit(self, image: Image, mask: Mask) -> str:
        ours, theirs = self._cores[image.path], self._cores[mask.path]
        if ours[: len(theirs)] != theirs:
            return ANOTHERS
        return self._grids.misfit(image.path, mask.path)


def _file(folder: Path, path: Path) -> _File:
    parents = [part for part in path.relative_to(folder).parent.parts if not _IMAGE_FOLDER.fullmatch(part)]
    in_masks = bool(parents and any(_MASK_FOLDER.fullmatch(part) for part in parents))
    parents = [part for part in parents if not _MASK_FOLDER.fullmatch(part)]
    core, number, named = stem(path), "", False
    # P1_lesion2.seg and P1_lesion_mask have two such words.
    while found := _MASK_NAME.fullmatch(core):
        core, number, named = found["core"], found["number"] or number, True
    if not named and _IMAGE_FOLDER.fullmatch(path.parent.name):
        core = _CHANNEL.sub("", core)
    patient, session, told_by = _owner(parents, core)
    return _File(path, patient, session, told_by, named or in_masks, core, number)


def _owner(parents: list[str], core: str) -> tuple[str, str, tuple[str, str]]:
    """Return patient and session, and what each was told by."""
    within = _SESSION.search(core)
    session, by_session = (within[0], "the file's name") if within else ("1", "nothing names a session: one")
    if len(parents) >= 2:
        return parents[-2], parents[-1], ("the folder above the session's", "the folder")
    if parents:
        return parents[0], session, ("the folder", by_session)
    before = core[: within.start()] if within else core
    return _before_sequence(before) or core, session, ("the file's name", by_session)


def _before_sequence(core: str) -> str:
    """Return the part of a name that comes before what tells the sequence."""
    pieces = re.split(r"([^0-9A-Za-z]+)", core)
    for end in range(len(pieces), 0, -2):
        head = "".join(pieces[:end])
        if not told_sequence(head)[1]:
            return head.strip("-_. ")
    return ""


def _image(folder: Path, one: _File) -> Image:
    name = one.path.relative_to(folder).as_posix()
    sequence, told_by, _ = told_sequence(one.core)
    doubt = "" if sequence else f"the name {one.path.name} tells no sequence, or several"
    return Image(name, sequence, f"{told_by!r} in the name" if told_by else "", doubt)


def _masks(folder: Path, files: list[_File]) -> tuple[list[Mask], list[str]]:
    masks, notes = [], []
    for one in files:
        name = one.path.relative_to(folder).as_posix()
        if is_slicer(one.path):
            found, left = _segments(one, name)
            notes += left
        else:
            found = _labels(one, name)
        masks += found
    return masks, notes


def _lesion(one: _File) -> tuple[str, dict[str, str]]:
    """Return the lesion of a file that marks one thing, and what it was told by."""
    return one.number or "1", {"lesion_id": "the number of the mask" if one.number else "one mask without a number"}


def _labels(one: _File, name: str) -> list[Mask]:
    labels, reason = labels_in(one.path)
    if reason:
        return [Mask(name, doubts={"lesion_id": reason})]
    if len(labels) == 1:
        lesion, told = _lesion(one)
        return [Mask(name, labels[0], lesion, told_by=told)]
    listed = ", ".join(map(str, labels))
    doubt = {"lesion_id": f"labels {listed} may be lesions, or tissues of one (then give each a region)"}
    return [Mask(name, label, doubts=doubt) for label in labels]


def _segments(one: _File, name: str) -> tuple[list[Mask], list[str]]:
    """Return the segments of a Slicer segmentation, which have names, and what was left out."""
    try:
        titles = read_titles(one.path)
    except ReadError as error:
        return [Mask(name, doubts={"lesion_id": str(error)})], []
    parts = chosen_by_name([Outlined(number, title, kind_of(title)) for number, title in titles])
    if len(parts) == 1 and not parts[0].kind and not tissue_of(parts[0].name):
        lesion, told = _lesion(one)
        return [Mask(name, parts[0].label, lesion, told_by=told)], []
    return named_masks(name, "segment", parts)
