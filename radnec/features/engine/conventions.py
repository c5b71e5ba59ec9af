"""Gathers the functions by which the presets measure differently, so that it is chosen once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from radnec.features.engine import filters, firstorder, levels, shape, texture
from radnec.features.engine.ibsi import discretisation, statistics
from radnec.features.engine.ibsi import filters as ibsi_filters
from radnec.features.engine.ibsi import texture as ibsi_texture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig
    from radnec.features.engine.levels import Levels
    from radnec.features.engine.texture import TextureSettings
    from radnec.features.engine.volume import Box, Volume


class Discretise(Protocol):
    """Sorts the voxels of a region of one image type into grey levels."""

    def __call__(
        self,
        image: NDArray[Any],
        mask: NDArray[np.bool_],
        *,
        bin_width: float | None,
        bin_count: int | None,
        lowest: float | None,
    ) -> Levels:
        """Sort them; `lowest` is the lower bound of the intensities that the settings keep, if there is one."""


class FirstOrder(Protocol):
    """Measures the distribution of intensities."""

    def __call__(
        self, voxels: NDArray[np.float64], levels: Levels, *, voxel_volume: float, shift: float, names: Sequence[str]
    ) -> dict[str, float]:
        """Measure it."""


@dataclass(frozen=True)
class Conventions:
    """How a preset measures a region that is prepared; each takes what its namesake among the modules takes."""

    shape: Callable[[NDArray[np.bool_], tuple[float, float, float], Sequence[str]], dict[str, float]]
    filtered: Callable[
        [Volume, Box, str, Mapping[str, Any], ExtractionConfig, NDArray[np.bool_] | None],
        Iterator[tuple[str, NDArray[Any]]],
    ]
    discretise: Discretise
    firstorder: FirstOrder
    texture: Callable[[Levels, Mapping[str, Sequence[str]], TextureSettings], dict[str, float]]


def _discretise(
    image: NDArray[Any], mask: NDArray[np.bool_], *, bin_width: float | None, bin_count: int | None, **_: float | None
) -> Levels:
    """Start the bins at the region's minimum, as pyradiomics does, whatever range was kept."""
    return levels.discretise(image, mask, bin_width=bin_width, bin_count=bin_count)


_PRESETS = {
    "pyradiomics": Conventions(shape.shape, filters.filtered, _discretise, firstorder.firstorder, texture.texture),
    "ibsi": Conventions(
        statistics.shape,
        ibsi_filters.filtered,
        discretisation.discretise,
        statistics.firstorder,
        ibsi_texture.texture,
    ),
}


def conventions(config: ExtractionConfig) -> Conventions:
    """Return how the preset of a configuration measures.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> conventions(ExtractionConfig()).shape is shape.shape
    True
    """
    return _PRESETS[config.preset]
