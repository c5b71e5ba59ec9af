"""Measures the texture families that are asked for, sharing what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.config.vocabulary import FEATURES
from radnec.features.engine.glcm import glcm
from radnec.features.engine.gldm import gldm
from radnec.features.engine.glrlm import glrlm
from radnec.features.engine.glszm import glszm
from radnec.features.engine.ngtdm import ngtdm
from radnec.features.engine.sweep import Norm, lengths, neighbourhood, offsets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from radnec.features.engine.levels import Levels
    from radnec.features.engine.sweep import Entries

#: Feature classes that this module measures.
FAMILIES = ("glcm", "glrlm", "glszm", "gldm", "ngtdm")
_COMPARING = frozenset({"glcm", "gldm", "ngtdm"})


@dataclass(frozen=True)
class TextureSettings:
    """How texture is measured; pyradiomics' settings and defaults.

    Parameters
    ----------
    distances : tuple of int
        Distances between the voxels that GLCM, GLDM and NGTDM compare, in voxels by the infinity norm.
    symmetrical_glcm : bool
        Whether both voxels of a pair count as the first.
    weighting_norm : {"manhattan", "euclidean", "infinity", "no_weighting"} or None
        How far apart neighbours are, for the weights with which GLCM and GLRLM merge directions; None measures
        each direction and takes the mean.
    gldm_a : int
        Largest difference of grey levels at which a neighbour depends on a voxel.
    force_2d : bool
        Whether neighbours lie in one plane.
    force_2d_dimension : int
        Axis (z, y, x) across the plane.
    spacing : tuple of float
        Size of a voxel (x, y, z) in mm.
    aggregation : str
        In the ``ibsi`` preset, one of :data:`radnec.config.vocabulary.AGGREGATIONS`, in place of `weighting_norm` and
        `force_2d`.
    """

    distances: tuple[int, ...] = (1,)
    symmetrical_glcm: bool = True
    weighting_norm: Norm | None = None
    gldm_a: int = 0
    force_2d: bool = False
    force_2d_dimension: int = 0
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    aggregation: str = "3D_merged"

    @property
    def flat(self) -> int | None:
        """Axis along which there are no neighbours."""
        return self.force_2d_dimension if self.force_2d else None


def texture(levels: Levels, classes: Mapping[str, Sequence[str]], settings: TextureSettings) -> dict[str, float]:
    """Measure texture.

    Parameters
    ----------
    levels : Levels
        The region.
    classes : mapping of str to sequence of str
        Feature names by class (``glcm``, ``glrlm``, ``glszm``, ``gldm``, ``ngtdm``); other classes are ignored.
    settings : TextureSettings
        How.

    Returns
    -------
    dict of str to float
        Values such as ``glcm_Contrast``, in the order asked for. All features of a class are NaN where no
        neighbour fits into the region's box (one voxel; a line across the plane of `force_2d`; all distances
        beyond the box), for which pyradiomics stops.

    Examples
    --------
    >>> from radnec.features.engine.levels import discretise
    >>> image = np.array([[[1.0, 1.0], [2.0, 2.0]]])
    >>> levels = discretise(image, image > 0, bin_width=1.0, bin_count=None)
    >>> texture(levels, {"glszm": ["ZonePercentage"], "glcm": ["Contrast"]}, TextureSettings())
    {'glszm_ZonePercentage': 0.5, 'glcm_Contrast': 0.75}
    """
    found: dict[str, dict[str, float]] = {
        family: dict.fromkeys(FEATURES[family], np.nan) for family in FAMILIES if family in classes
    }
    if _COMPARING & found.keys():
        found |= _compared(levels, settings, found.keys() & _COMPARING)
    steps = offsets(levels.box(), (1,), settings.flat)
    if len(steps) and "glrlm" in found:
        norm = settings.weighting_norm
        found["glrlm"] = glrlm(levels, steps, None if norm is None else lengths(steps, settings.spacing, norm))
    if len(steps) and "glszm" in found:
        found["glszm"] = glszm(levels, steps)
    return {
        f"{family}_{name}": found[family][name]
        for family, names in classes.items()
        if family in found
        for name in names
    }


def _compared(levels: Levels, settings: TextureSettings, wanted: set[str]) -> dict[str, dict[str, float]]:
    """Measure the families that compare a voxel with its neighbours, from one visit to them."""
    steps = offsets(levels.box(), settings.distances, settings.flat)
    if not len(steps):
        return {}
    weights = None
    if settings.weighting_norm is not None:
        away = lengths(steps, settings.spacing, settings.weighting_norm)
        weights = away if settings.weighting_norm == "no_weighting" else np.exp(-(away**2))
    symmetric, cutoff = settings.symmetrical_glcm, settings.gldm_a
    found = {}
    around = neighbourhood(levels, steps, weights, symmetric=symmetric, cutoff=cutoff)
    if "glcm" in wanted:

        def separate() -> Entries:
            return neighbourhood(levels, steps, None, symmetric=symmetric, cutoff=cutoff).pairs

        found["glcm"] = glcm(levels, around.pairs, separate, weights, len(steps))
    if "gldm" in wanted:
        found["gldm"] = gldm(levels, around.dependence)
    if "ngtdm" in wanted:
        found["ngtdm"] = ngtdm(levels, around.tone)
    return found
