"""Stacks frames into volumes on a rectangular grid, or says why they are none."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from radnec.imaging.dicom.frames import Frame

#: Frames nearer to each other along the normal lie in one plane.
SAME_PLACE_MM = 1e-3
#: Share of the median distance of slices by which a distance may differ: positions are rounded in DICOM.
_UNEVEN = 0.01
#: Share of the in-plane spacing by which a slice may lie beside the line through the others.
_ASIDE = 0.05
#: Largest difference of two direction cosines of one stack.
_TURNED = 1e-3


@dataclass(frozen=True)
class Grid:
    """Spacing (mm), origin (mm, LPS) and direction (columns x, y, z) of a volume."""

    spacing: tuple[float, float, float]
    origin: NDArray[np.float64]
    direction: NDArray[np.float64]


def verify_alike(frames: Sequence[Frame], name: str) -> None:
    """Refuse frames of several sizes, in-plane spacings or orientations.

    Raises
    ------
    radnec.errors.ReadError
        The message says how many there are of each.
    """
    sizes = Counter(f"{frame.size[0]}×{frame.size[1]}" for frame in frames)
    if len(sizes) > 1:
        raise ReadError(f"{name} holds slices of several sizes: {_counted(sizes)}. {_APART}")
    spacings = Counter(f"{frame.spacing[0]:.4f}×{frame.spacing[1]:.4f} mm" for frame in frames)
    if len(spacings) > 1:
        raise ReadError(f"{name} holds slices of several pixel spacings: {_counted(spacings)}. {_APART}")
    turned: list[Frame] = []
    number: Counter[int] = Counter()
    for frame in frames:
        place = next((k for k, other in enumerate(turned) if _parallel(frame, other)), len(turned))
        turned += [frame] if place == len(turned) else []
        number[place] += 1
    if len(turned) > 1:
        told = ", ".join(
            f"{number[place]} with normal ({', '.join(f'{part:.2f}' for part in frame.axes[:, 2])})"
            for place, frame in enumerate(turned[:5])
        )
        more = ", …" if len(turned) > 5 else ""
        raise ReadError(
            f"{name} holds slices of {len(turned)} orientations, as a localiser does: {told}{more}. "
            "Choose another series, or export the orientation you mean as one of its own."
        )


_APART = "Export the slices of one size as a series of their own."


def levels(frames: Sequence[Frame]) -> NDArray[np.intp]:
    """Return for each frame the number of its plane, counted along the normal from 0."""
    heights = np.array([frame.position for frame in frames]) @ frames[0].axes[:, 2]
    order = np.argsort(heights, kind="stable")
    numbers = np.empty(len(frames), dtype=np.intp)
    numbers[order] = np.cumsum(np.diff(heights[order], prepend=heights[order][0]) > SAME_PLACE_MM)
    return numbers


def grid(frames: Sequence[Frame], name: str) -> Grid:
    """Return the grid of slices that are sorted along their normal, one in each plane.

    The distance of slices is taken from their positions alone; SliceThickness says how thick each is.

    Raises
    ------
    radnec.errors.ReadError
        If there is one slice only, slices are missing or unevenly spaced, or the stack is sheared.
    """
    if len(frames) < 2:
        raise ReadError(
            f"{name} holds one slice only, so the distance of slices is not known; expected a volume. "
            "Look whether the other files of the series are there."
        )
    positions = np.array([frame.position for frame in frames])
    normal = frames[0].axes[:, 2]
    offsets = positions - positions[0]
    heights = offsets @ normal
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    if np.abs(gaps - usual).max() > _UNEVEN * usual:
        raise ReadError(
            f"{name}: the distance between its {len(frames)} slices varies from {gaps.min():.3f} to "
            f"{gaps.max():.3f} mm; {_explained(frames, gaps, usual)}. Export the series again."
        )
    aside = np.linalg.norm(offsets - heights[:, None] * normal, axis=1)
    if aside.max() > _ASIDE * min(frames[0].spacing):
        angle = np.degrees(np.arctan2(aside[-1], heights[-1]))
        raise ReadError(
            f"{name}: its slices are stacked at {angle:.1f}° to their normal, up to {aside.max():.2f} mm aside (gantry "
            "tilt, or slices of another stack): no rectangular grid. Resample it in the software of the scanner."
        )
    spacing = (*frames[0].spacing, float(heights[-1]) / (len(frames) - 1))
    return Grid(spacing, positions[0], frames[0].axes)


def slice_distance(frames: Sequence[Frame]) -> float | None:
    """Return the distance (mm) of the planes of frames, of which several may lie in one; None where they are no stack.

    Oblique slices are measured along their normal, and slices of several volumes are counted once.
    """
    name = frames[0].path.name
    try:
        verify_alike(frames, name)
        planes = dict(zip(levels(frames).tolist(), frames, strict=True))
        return grid([planes[level] for level in sorted(planes)], name).spacing[2]
    except ReadError:
        return None


def without_copies(frames: Sequence[Frame], name: str, same: Callable[[Frame, Frame], bool]) -> tuple[list[Frame], int]:
    """Return the frames, of copies the first only, and how many copies there were.

    Parameters
    ----------
    frames : sequence of Frame
        Frames of which several may lie in one plane.
    name : str
        What errors call the series.
    same : callable
        Says whether two frames of one plane have the same voxels.

    Raises
    ------
    radnec.errors.ReadError
        If frames of one plane have different voxels.
    """
    kept: dict[int, Frame] = {}
    for frame, level in zip(frames, levels(frames), strict=True):
        first = kept.setdefault(int(level), frame)
        if first is not frame and not same(first, frame):
            place = ", ".join(f"{part:.2f}" for part in frame.position)
            raise ReadError(
                f"{name}: two slices at ({place}) mm have different voxels, {_file(first)} and {_file(frame)}, and no "
                "attribute tells complete volumes apart. Remove the slices you do not mean, or export the series again."
            )
    return list(kept.values()), len(frames) - len(kept)


def _file(frame: Frame) -> str:
    return f"{frame.path.name} frame {frame.index}" if frame.index else frame.path.name


def _explained(frames: Sequence[Frame], gaps: NDArray[np.float64], usual: float) -> str:
    steps = np.round(gaps / usual)
    if usual > 0 and steps.max() > 1 and np.abs(gaps - steps * usual).max() <= _UNEVEN * usual * steps.max():
        missing = int((steps - 1).sum())
        before = frames[int(np.argmax(steps > 1))].path.name
        return f"{missing} slice{'s are' if missing > 1 else ' is'} missing, the first behind {before}"
    return "slices are missing, doubled or unevenly spaced"


def _parallel(one: Frame, other: Frame) -> bool:
    return float(np.abs(one.axes - other.axes).max()) <= _TURNED


def _counted(counts: Counter[str]) -> str:
    told = ", ".join(f"{number} of {what}" for what, number in counts.most_common(5))
    return told + (", …" if len(counts) > 5 else "")
