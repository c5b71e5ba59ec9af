"""Measures texture, aggregated over directions and slices in one of the initiative's six ways."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from radnec.config.vocabulary import AGGREGATIONS, FEATURES
from radnec.features.engine import emphasis, gldm, glrlm, glszm
from radnec.features.engine.glcm import measures
from radnec.features.engine.ngtdm import of_differences, with_neighbours
from radnec.features.engine.sweep import Entries, Neighbourhood, neighbourhood, offsets, strides, widened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from radnec.features.engine.levels import Levels
    from radnec.features.engine.texture import TextureSettings

# What the manual defines by a division by 0 where all voxels of a matrix have one grey level.
_NOT_OF_ONE_LEVEL = np.array([FEATURES["glcm"].index(name) for name in ("Correlation", "Imc1")])


def texture(levels: Levels, classes: Mapping[str, Sequence[str]], settings: TextureSettings) -> dict[str, float]:
    """Measure texture.

    Parameters
    ----------
    levels : Levels
        The region, discretised.
    classes : mapping of str to sequence of str
        Feature names by class (``glcm``, ``glrlm``, ``glszm``, ``gldm``, ``ngtdm``); other classes are ignored.
    settings : TextureSettings
        ``aggregation``, the one of ``distances``, ``gldm_a`` and ``force_2d_dimension``.

    Returns
    -------
    dict of str to float
        Values such as ``glcm_Contrast``, in the order asked for. NaN is what the manual defines by a division by
        zero: everything of a co-occurrence matrix without pairs or of a tone difference matrix without neighbours;
        GLCM's Correlation and Imc1 of one grey level. Such matrices are left out of means.

    Notes
    -----
    Reference manual, chapter 3. All directions count, also those along which the region is one voxel long. Matrices
    are merged by adding them up. Co-occurrence is of voxels at the distance along the 13 (in a plane 4) directions;
    tone differences and dependences are of all voxels within it. Zones and runs are of neighbours. Voxels without
    neighbours do not count in the tone difference matrix.

    Examples
    --------
    >>> from radnec.features.engine.ibsi.discretisation import discretise
    >>> from radnec.features.engine.texture import TextureSettings
    >>> image = np.array([[[1.0, 1.0], [2.0, 2.0]]])
    >>> levels = discretise(image, image > 0, bin_width=1.0, bin_count=None)
    >>> texture(levels, {"glszm": ["ZonePercentage"], "glcm": ["Contrast"]}, TextureSettings(aggregation="3D_merged"))
    {'glszm_ZonePercentage': 0.5, 'glcm_Contrast': 0.6666666666666666}
    """
    region = _Region(levels, settings)
    measure = {
        "glcm": region.glcm,
        "glrlm": region.glrlm,
        "glszm": region.glszm,
        "gldm": region.gldm,
        "ngtdm": region.ngtdm,
    }
    found = {family: measure[family]() for family in classes if family in measure}
    return {f"{family}_{name}": found[family][name] for family in found for name in classes[family]}


class _Region:
    """A region, taken apart as the aggregation says."""

    def __init__(self, levels: Levels, settings: TextureSettings) -> None:
        flat, by_slice, merged = AGGREGATIONS[settings.aggregation]
        axis = settings.force_2d_dimension if flat else None
        self.levels = levels
        self.parts = _slices(levels, settings.force_2d_dimension) if by_slice else [levels]
        self.distance, self.cutoff = settings.distances[0], settings.gldm_a
        self.directions = offsets((3, 3, 3), (1,), axis)
        self.weights = np.ones(len(self.directions)) if merged else None
        # All within the distance; at a distance of 1 these are the directions themselves.
        self.within = offsets((2 * self.distance + 1,) * 3, tuple(range(1, self.distance + 1)), axis)

    def glcm(self) -> dict[str, float]:
        at_distance = self._along if self.distance == 1 else self._around(self.directions * self.distance)
        pairs = _together([around.pairs for around in at_distance])
        number = np.diff(pairs.groups)
        measured = measures(self.levels, pairs)
        single = np.flatnonzero(number == 1)
        measured[np.ix_(single, _NOT_OF_ONE_LEVEL)] = np.nan
        return dict(zip(FEATURES["glcm"], _means(measured[number > 0]), strict=False))

    def glrlm(self) -> dict[str, float]:
        runs = [glrlm.runs(part, self.directions, self.weights) for part in self.parts]
        return self._emphasis(runs, glrlm.MEASURES)

    def glszm(self) -> dict[str, float]:
        return self._emphasis([glszm.zones(part, self.directions) for part in self.parts], glszm.MEASURES)

    def gldm(self) -> dict[str, float]:
        return self._emphasis([gldm.dependences(around.dependence) for around in self._along], gldm.MEASURES)

    def ngtdm(self) -> dict[str, float]:
        tones = (_tone(*one, self.within) for one in zip(self.parts, self._along, strict=True))
        found = np.array([list(tone.values()) for tone in tones])
        return dict(zip(FEATURES["ngtdm"], _means(found), strict=True))

    @cached_property
    def _along(self) -> list[Neighbourhood]:
        """Neighbours within the distance, of each part."""
        return self._around(self.within)

    def _around(self, steps: NDArray[np.int64]) -> list[Neighbourhood]:
        weights = None if self.weights is None else np.ones(len(steps))
        return [neighbourhood(part, steps, weights, symmetric=True, cutoff=self.cutoff) for part in self.parts]

    def _emphasis(self, matrices: list[Entries], columns: Mapping[str, int]) -> dict[str, float]:
        means = _means(emphasis.emphasis(self.levels, _together(matrices)))
        return {name: means[column] for name, column in columns.items()}


def _slices(levels: Levels, axis: int) -> list[Levels]:
    """Take a region apart into the slices that hold any of it."""
    place = np.unravel_index(levels.positions, levels.grid.shape)[axis]
    number = len(levels.values)
    level = np.repeat(np.arange(number), levels.counts)
    found = []
    for at in np.unique(place):
        kept = place == at
        counts = np.bincount(level[kept], minlength=number)
        starts = np.concatenate([[0], np.cumsum(counts)])
        found.append(replace(levels, positions=levels.positions[kept], counts=counts, starts=starts))
    return found


def _together(matrices: Sequence[Entries]) -> Entries:
    ends = np.cumsum([0, *(len(one.rows) for one in matrices)])
    groups = [one.groups[1:] + first for one, first in zip(matrices, ends, strict=False)]
    return Entries(
        np.concatenate([one.rows for one in matrices]),
        np.concatenate([one.columns for one in matrices]),
        np.concatenate([one.weights for one in matrices]),
        np.concatenate([np.zeros(1, np.int64), *groups]),
    )


def _tone(part: Levels, around: Neighbourhood, steps: NDArray[np.int64]) -> dict[str, float]:
    grid, positions = widened(part, int(np.abs(steps).max()))
    counts = with_neighbours(grid.reshape(-1), positions, part.starts, strides(grid, steps))
    some = counts > 0
    if not some.any():
        return dict.fromkeys(FEATURES["ngtdm"], np.nan)
    return of_differences(part.values[some], counts[some], around.tone[some])


def _means(measured: NDArray[np.float64]) -> list[float]:
    """Average what is defined over the matrices; NaN where it is defined nowhere."""
    defined = ~np.isnan(measured)
    number = defined.sum(axis=0)
    total = np.where(defined, measured, 0.0).sum(axis=0)
    found: list[float] = np.where(number > 0, total / np.maximum(number, 1), np.nan).tolist()
    return found
