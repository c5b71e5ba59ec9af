"""Tells the volumes of a series apart, where it holds several: echoes, time points, b-values, energy windows."""

from __future__ import annotations

import math
import re
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from radnec.errors import ReadError
from radnec.imaging.dicom.frames import TELLING
from radnec.imaging.dicom.stack import levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.imaging.dicom.frames import Frame

_SHOWN = 12


class Volumes(NamedTuple):
    """Volumes of a series.

    Parameters
    ----------
    by : tuple of str
        Keywords of the attributes in which they differ; empty where there is one volume.
    values : list of tuple
        Values of these attributes, one for each volume.
    frames : list of list of Frame
        Frames of each volume along the normal.
    """

    by: tuple[str, ...]
    values: list[tuple[Any, ...]]
    frames: list[list[Frame]]

    def __str__(self) -> str:
        """Return what they differ in."""
        if not self.by:
            return "1 volume"
        names = " and ".join(f"{TELLING[name]} ({name})" for name in self.by)
        shown = zip(self.values[:_SHOWN], self.frames, strict=False)
        told = ", ".join(self._called(values) + self._window(frames[0]) for values, frames in shown)
        more = ", …" if len(self.values) > _SHOWN else ""
        return f"{len(self.values)} volumes of {len(self.frames[0])} slices that differ in {names}: {told}{more}"

    @property
    def _numbered(self) -> bool:
        """Whether the file numbers the volumes itself, from 1 on."""
        return any(name.endswith("Vector") for name in self.by)

    def _called(self, values: tuple[Any, ...]) -> str:
        """Return the values of a volume; where the file numbers volumes itself, as they are written to choose it."""
        if not self._numbered:
            return "/".join(map(_shown, values))
        return "; ".join(f"{TELLING[name]}={_shown(value)}" for name, value in zip(self.by, values, strict=True))

    def _window(self, frame: Frame) -> str:
        """Return the name and the limits of a frame's energy window, where volumes differ in it."""
        if not any(name.startswith("EnergyWindow") for name in self.by):
            return ""
        low, high = (_numbers(_value(frame, f"EnergyWindow{end}Limit")) for end in ("Lower", "Upper"))
        limits = " and ".join(f"{one:g} to {other:g}" for one, other in zip(low, high, strict=False))
        facts = [fact for fact in (_value(frame, "EnergyWindowName"), limits and f"{limits} keV") if fact]
        return f" ({', '.join(facts)})" if facts else ""

    def chosen(self, choice: int | str, name: str) -> list[Frame]:
        """Return the frames of one volume.

        Parameters
        ----------
        choice : int or str
            Its number from 0, but for volumes that the file numbers itself (energy windows, detectors, phases); or what
            tells it apart, such as ``"b-value=1000"`` or ``"EchoTime=30; flip angle=5"``, in the words of
            :data:`~radnec.imaging.dicom.frames.TELLING`.
        name : str
            What errors call the series.

        Raises
        ------
        radnec.errors.ReadError
            If there is no such volume, or several; if a number may be that of the file, or count from 0.
        """
        number = volume_number(choice)
        if number is not None:
            if self._numbered:
                raise ReadError(
                    f"{name}: the number {choice} may count from 0, or be that of the file. Write name=value as it is "
                    f"listed here. It holds {self}"
                )
            if not 0 <= number < len(self.frames):
                raise ReadError(f"{name} has no frame {number}: its {len(self.frames)} frame(s) count from 0")
            return self.frames[number]
        wanted = _wanted(str(choice), name)
        fitting = [
            frames
            for frames in self.frames
            if all(_fits(_value(frame, keyword), text) for frame in frames for keyword, text in wanted.items())
        ]
        if len(fitting) != 1:
            raise ReadError(f"{name}: {choice!r} fits {len(fitting)} volumes, and must fit one. It holds {self}")
        return fitting[0]


def volume_number(choice: int | str) -> int | None:
    """Return the number that a choice of a volume is; None where it names values.

    Examples
    --------
    >>> volume_number("3"), volume_number("b-value=1000")
    (3, None)
    """
    text = str(choice).strip()
    return int(text.partition(".")[0]) if re.fullmatch(r"-?\d{1,9}(\.0*)?", text) else None


def _wanted(choice: str, name: str) -> dict[str, str]:
    """Return the values that are asked for, by the keywords of their attributes."""
    known = {word.casefold(): keyword for keyword, called in TELLING.items() for word in (keyword, called)}
    wanted = {}
    for part in choice.split(";"):
        called, equals, text = part.partition("=")
        keyword = known.get(called.strip().casefold())
        if not equals or keyword is None:
            raise ReadError(
                f"{name}: {choice!r} chooses no volume; expected its number from 0, or name=value with one of "
                f"{', '.join(TELLING.values())}"
            )
        wanted[keyword] = text.strip()
    return wanted


def _fits(value: Any, text: str) -> bool:
    if isinstance(value, float):
        try:
            return math.isclose(value, float(text), rel_tol=1e-6, abs_tol=1e-9)
        except ValueError:
            return False
    return _shown(value).casefold() == text.casefold()


def tell_apart(frames: Sequence[Frame]) -> Volumes | None:
    """Tell volumes apart by an attribute whose values share the frames out into stacks of the same planes.

    One attribute of :data:`~radnec.imaging.dicom.frames.TELLING` is tried after the other, then two together, then
    all that vary within a plane.

    Parameters
    ----------
    frames : sequence of Frame
        Frames of one size and orientation.

    Returns
    -------
    Volumes or None
        Volumes in order of their values; None if several frames of one plane are told apart by nothing.
    """
    places = levels(frames).tolist()
    planes = max(places) + 1
    if planes == len(frames):
        return Volumes((), [()], [_sorted(zip(places, frames, strict=True))])
    if len(frames) % planes:
        return None
    varying = [name for name in TELLING if len({_value(frame, name) for frame in frames}) > 1]
    for names in (*((name,) for name in varying), *combinations(varying, 2), _physical(varying)):
        groups: dict[tuple[Any, ...], list[tuple[int, Frame]]] = {}
        for place, frame in zip(places, frames, strict=True):
            groups.setdefault(tuple(_value(frame, name) for name in names), []).append((place, frame))
        if all(len(group) == planes == len({place for place, _ in group}) for group in groups.values()):
            values = sorted(groups, key=lambda key: tuple(map(_order, key)))
            return Volumes(names, values, [_sorted(groups[key]) for key in values])
    return None


def _physical(names: Sequence[str]) -> tuple[str, ...]:
    # A time or a number of its own in each slice would tell all slices apart.
    return tuple(name for name in names if not name.endswith(("Time", "Number")) or name in ("EchoTime", "TriggerTime"))


def _sorted(placed: Any) -> list[Frame]:
    return [frame for _, frame in sorted(placed, key=lambda pair: pair[0])]


def _value(frame: Frame, name: str) -> Any:
    return frame.telling.get(name)


def _order(value: Any) -> tuple[int, Any]:
    """Return a key that sorts nothing before numbers before text, and tuples by their text."""
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, float) else (2, str(value))


def _numbers(value: Any) -> tuple[float, ...]:
    if isinstance(value, tuple):
        return tuple(one for one in value if isinstance(one, float))
    return (value,) if isinstance(value, float) else ()


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "\\".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
