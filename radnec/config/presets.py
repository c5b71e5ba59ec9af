"""Refuses settings that the chosen preset has no use for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radnec.config.vocabulary import BOUNDARIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from radnec.config.extraction import ExtractionConfig

#: What only the ``ibsi`` preset reads, and what to write in the other one.
_ONLY_IBSI = {
    "aggregation": "force_2d and weighting_norm say how texture is aggregated",
    "round_intensities": "intensities keep the image's own type",
    "resegment_sigma": 'take resegment_range=[-3, 3] with resegment_mode="sigma"',
}
#: Settings of pyradiomics that the initiative defines otherwise: the value that may stand, and what to write instead.
_NOT_IBSI: dict[str, tuple[Any, str]] = {
    "force_2d": (False, 'take an aggregation in the plane, such as aggregation="2.5D_merged"'),
    "weighting_norm": (None, 'take aggregation="3D_merged", which weighs all directions equally'),
    "symmetrical_glcm": (True, "co-occurrence matrices are symmetrical by definition"),
    "resegment_mode": ("absolute", "take resegment_sigma=3 for outliers; it may stand beside resegment_range"),
    "resegment_shape": (False, "the morphological mask is never re-segmented"),
    "pre_crop": (False, "filters see the whole image"),
    "voxel_array_shift": (0.0, "energy is of the intensities themselves"),
}
_INTERPOLATORS = ("sitkNearestNeighbor", "sitkLinear", "sitkBSpline")


def preset_problems(config: ExtractionConfig) -> Iterator[str]:
    """Name every setting that the preset of a configuration has no use for.

    Parameters
    ----------
    config : ExtractionConfig
        Settings.

    Yields
    ------
    str
        What is wrong, and what to write.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> list(preset_problems(ExtractionConfig(preset="ibsi")))
    []
    """
    if config.preset == "pyradiomics":
        for name, instead in _ONLY_IBSI.items():
            if getattr(config, name):
                yield f'{name} belongs to preset="ibsi"; in the preset "pyradiomics" {instead}'
        return
    yield from _foreign(config.model_dump(include=set(_NOT_IBSI)), "")
    for name, options in config.image_types.items():
        yield from _foreign({key: value for key, value in options.items() if key in _NOT_IBSI}, f"{name}: ")
        if len(options.get("distances", [1])) > 1:
            yield f"{name}: {_ONE_DISTANCE}"
        if options.get("boundary", BOUNDARIES[0]) not in BOUNDARIES:
            yield f"{name}: unknown boundary {options['boundary']!r}; known: {', '.join(BOUNDARIES)}"
    if len(config.distances) > 1:
        yield _ONE_DISTANCE
    if config.interpolator not in _INTERPOLATORS:
        yield f'preset="ibsi" interpolates by {", ".join(_INTERPOLATORS)}'
    if "shape2D" in config.feature_classes:
        yield 'preset="ibsi" measures shape in space; take shape instead of shape2D'


_ONE_DISTANCE = 'preset="ibsi" knows one distance, within which all voxels are neighbours; give one number'


def _foreign(values: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, value in values.items():
        allowed, instead = _NOT_IBSI[name]
        if value != allowed:
            yield f'{place}preset="ibsi" takes no {name}: {instead}'
