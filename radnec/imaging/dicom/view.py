"""Shows the attributes of one frame, wherever a single-frame or multi-frame file keeps them."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

from radnec.errors import ReadError
from radnec.imaging.dicom.files import parsing, plain
from radnec.imaging.dicom.nuclear import frame_groups
from radnec.imaging.dicom.sop_classes import NM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

#: Names that multi-frame files give to attributes of single-frame ones.
_ALSO = {
    "EchoTime": ("EffectiveEchoTime",),
    "AcquisitionDateTime": ("FrameAcquisitionDateTime",),
    "TemporalPositionIdentifier": ("TemporalPositionIndex",),
    "TriggerTime": ("NominalCardiacTriggerDelayTime",),
    "ImageType": ("FrameType",),
    "InversionTime": ("InversionTimes",),
}

#: Where vendors keep the b-value in single-frame files: creator, group, element (their DICOM conformance statements).
_B_VALUES = (
    ("SIEMENS MR HEADER", 0x0019, 0x0C),
    ("GEMS_PARM_01", 0x0043, 0x39),
    ("Philips Imaging DD 001", 0x2001, 0x03),
)
#: Tags of these, and of the creators that must be read with them, in the blocks that scanners use.
PRIVATE_B_VALUES = tuple(
    tag
    for _, group, element in _B_VALUES
    for block in range(0x10, 0x20)
    for tag in (group << 16 | block, group << 16 | block << 8 | element)
)
# GE adds a large round number to mark that the field was set.
_GE_MARK = 1_000_000_000


class View:
    """Attributes of one frame.

    Parameters
    ----------
    path : Path
        The file, for messages.
    top : pydicom.Dataset
        The file's attributes.
    index : int
        Frame, from 0.
    groups : mapping of int to Dataset
        Where the functional groups of the frame keep each tag; empty for single-frame files.
    """

    def __init__(self, path: Path, top: Dataset, index: int, groups: Mapping[int, Dataset]) -> None:
        self.path = path
        self.top = top
        self.index = index
        self._groups = groups

    def get(self, keyword: str) -> Any:
        """Return a value as str, float or a tuple of these; None where it is absent or empty.

        Raises
        ------
        radnec.errors.ReadError
            If the value is not of its type.
        """
        for name in (*_ALSO.get(keyword, ()), keyword):
            tag = _tag(name)
            owner = self._groups.get(tag, self.top)
            with parsing(self.path):
                value = plain(owner[tag].value) if tag in owner else None
            if value is not None:
                return value
        return self._private_b() if keyword == "DiffusionBValue" else None

    def items(self, keyword: str) -> Sequence[Dataset]:
        """Return the items of a sequence, none where it is absent; ask them under ``parsing``."""
        tag = _tag(keyword)
        owner = self._groups.get(tag, self.top)
        return owner[tag].value or () if tag in owner else ()

    def number(self, keyword: str) -> float | None:
        """Return a finite number, the first where there are several; None where absent.

        Raises
        ------
        radnec.errors.ReadError
            If it is no finite number.
        """
        value = self.get(keyword)
        value = value[0] if isinstance(value, tuple) else value
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise ReadError(f"{self.path}: {keyword} is {value!r}; expected a finite number")
        return number

    def numbers(self, keyword: str, count: int) -> tuple[float, ...]:
        """Return exactly `count` finite numbers.

        Raises
        ------
        radnec.errors.ReadError
            If there are others, or none.
        """
        value = self.get(keyword)
        if not isinstance(value, tuple) or len(value) != count or not all(map(_finite, value)):
            found = "absent" if value is None else repr(value)
            raise ReadError(f"{self.path}: {keyword} is {found}; expected {count} finite numbers")
        return value

    def text(self, keyword: str) -> str | None:
        """Return a text, values joined by a backslash as in the file; None where absent."""
        value = self.get(keyword)
        if value is None:
            return None
        parts = value if isinstance(value, tuple) else (value,)
        return "\\".join(f"{part:g}" if isinstance(part, float) else str(part) for part in parts)

    def _private_b(self) -> float | None:
        for creator, group, element in _B_VALUES:
            with parsing(self.path):
                try:
                    value = plain(self.top.get_private_item(group, element, creator).value)
                except KeyError:
                    continue
            first = value[0] if isinstance(value, tuple) else value
            try:
                number = float(str(first).split("\\")[0])
            except ValueError:
                continue
            return number % _GE_MARK if creator.startswith("GEMS") else number
        return None


def views(path: Path, top: Dataset) -> list[View]:
    """Return a view of each frame of a file.

    Raises
    ------
    radnec.errors.ReadError
        If a multi-frame file has no functional groups, or another number of them than of frames; or is a nuclear
        medicine image, but no reconstructed volume.
    """
    with parsing(path):
        count = int(top.get("NumberOfFrames") or 1)
        items = top.get("PerFrameFunctionalGroupsSequence")
        if items is None:
            if count > 1 and top.get("SOPClassUID") == NM:
                return [View(path, top, index, group) for index, group in enumerate(frame_groups(path, top, count))]
            if count > 1:
                kind = top.SOPClassUID.name if "SOPClassUID" in top else "unknown kind"
                raise ReadError(
                    f"{path} holds {count} frames without functional groups ({kind}), so where they lie is not said "
                    "as in enhanced MR or PET; convert it to NIfTI with the software of its maker"
                )
            return [View(path, top, 0, {})]
        if len(items) != count:
            raise ReadError(f"{path} holds {count} frames, but functional groups of {len(items)}; it may be damaged")
        shared: dict[int, Dataset] = {}
        for group in top.get("SharedFunctionalGroupsSequence") or ():
            shared |= _tags(group)
        return [View(path, top, index, shared | _tags(item)) for index, item in enumerate(items)]


def _tags(group: Dataset, depth: int = 3) -> dict[int, Dataset]:
    """Return where each tag of a functional group is: in the first item of a macro, or of a sequence in it."""
    found: dict[int, Dataset] = {}
    for element in group:
        if element.VR == "SQ" and depth and element.value:
            # What stands higher up is meant, so it wins over the same tag further down.
            found = _tags(element.value[0], depth - 1) | found
        found[int(element.tag)] = group
    return found


@cache
def _tag(keyword: str) -> int:
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return int(tag)


def _finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)
