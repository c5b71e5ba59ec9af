"""Holds what a worker is told of one scan: its image, the masks beside it, and the regions to measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from radnec.cohort.segments import HALF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from radnec.config.regions import RegionRule
    from radnec.imaging.drawing import Drawing

# No module that a worker does not need stands here: unpickling a scan must not load a table library.


@dataclass(frozen=True)
class Outline:
    """A lesion as one mask marks it.

    Parameters
    ----------
    lesion : str
        What errors call it.
    mask_path : str
        The mask file.
    labels : tuple of int or str
        What marks the lesion in it.
    threshold : float
        Least fraction that counts as inside.
    image : Drawing or None
        Image that it was drawn on, from which it has to be moved; None where it should lie on the grid as it is.
    """

    lesion: str
    mask_path: str
    labels: tuple[int | str, ...]
    threshold: float = 0.5
    image: Drawing | None = None

    @property
    def identity(self) -> str:
        """Everything but the contents of files that its place depends on, as text."""
        return f"{self.labels!r} {self.threshold:g} {'' if self.image is None else self.image.sequence}"


@dataclass(frozen=True)
class Making:
    """What a region is made of.

    Parameters
    ----------
    rule : RegionRule or None
        How it is made; None for the lesion itself, where the settings say which labels that is.
    lesion : tuple of int or str
        Labels that mark the lesion in its mask file.
    brain_path, reference_path : str or None
        Masks of brain and reference tissue, where the rule needs them.
    of_image : tuple of str
        Those of them that the row itself names although its image is registered to another: they may be drawn on
        either image, which their grid decides.
    others : tuple of tuple of Outline
        Other lesions of the session, where the rule leaves them out, each in its drawings in order of preference.
    """

    rule: RegionRule | None
    lesion: tuple[int | str, ...]
    brain_path: str | None = None
    reference_path: str | None = None
    of_image: tuple[str, ...] = ()
    others: tuple[tuple[Outline, ...], ...] = ()

    @property
    def files(self) -> Iterator[tuple[str, str | None]]:
        """Files that it depends on beside image and mask, with the series where a folder holds several."""
        for path in (self.brain_path, self.reference_path):
            yield path or "", None
        for outline in (one for other in self.others for one in other):
            yield outline.mask_path, None
            if outline.image is not None:
                yield outline.image.image_path, outline.image.series_uid

    @property
    def identity(self) -> str:
        """Everything else that it depends on, as text."""
        rule = "" if self.rule is None else self.rule.model_dump_json()
        own = [path in self.of_image for path in (self.brain_path, self.reference_path)]
        return f"{rule} {self.lesion!r} {own} {[[one.identity for one in other] for other in self.others]}"


@dataclass(frozen=True)
class Region:
    """One region to measure.

    Parameters
    ----------
    row : int
        Position of its row in the plan's cohort.
    name : str
        What errors call it.
    mask_path : str or None
        Mask; None where the cohort gives none.
    label : int or str
        What marks it in the mask.
    made : Making or None
        What it is made of, where the mask does not mark it itself.
    """

    row: int
    name: str
    mask_path: str | None
    label: int | str
    made: Making | None = None


@dataclass(frozen=True)
class Scan:
    """One image, the masks its preparation needs, its regions in order of mask, and the image they were drawn on.

    Where the image is registered to that one and its row names no mask for its preparation, that of the other's row
    serves. `thresholds` holds the mask files with another threshold of fractions than 0.5.
    """

    sequence: str
    image_path: str
    brain_mask_path: str | None
    reference_mask_path: str | None
    regions: tuple[Region, ...]
    series_uid: str | None = None
    volume: str | None = None
    drawing: Drawing | None = None
    thresholds: tuple[tuple[str, float], ...] = ()

    def threshold(self, path: str) -> float:
        """Return the least fraction that counts as inside in a mask file."""
        return dict(self.thresholds).get(path, HALF)
