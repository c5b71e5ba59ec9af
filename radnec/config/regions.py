"""Names the regions of a lesion that extraction measures, and says how each is made.

Regions are made on the grid on which the lesion is measured. Brain and reference masks are those of the image that
the lesion was drawn on; where that has none, those of the row. The latter may lie on the grid of the row's own image,
and are then moved with it by the registration, or on that of the image it is registered to; their grid decides, and
where both images have it, they are taken to be of the row's.

Other lesions are all those that rows of the session draw, on whatever image. One that was drawn on another image is
read as it is where the grids are the same; with ``registration`` its image is registered first. If neither brings it
to the grid, the region is refused with the reason.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from radnec.config.base import Settings
from radnec.config.explaining import nearest
from radnec.config.region_presets import LESION, PRESETS
from radnec.errors import ConfigError

_Distance = Annotated[float, Field(gt=0, le=200, allow_inf_nan=False)]
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]*(-[A-Za-z0-9.]+)*")
# Parts of a column's name that mean something else; "whole" is the lesion without a name.
_TAKEN = ("delayed", "pre", "whole")


class Rim(Settings):
    """The outer part of a lesion, up to a depth below its surface.

    Parameters
    ----------
    depth_mm : float
        Thickness of the rim.

    Examples
    --------
    >>> Rim(depth_mm=2).depth_mm
    2.0
    """

    kind: Literal["rim"] = "rim"
    depth_mm: _Distance


class Core(Settings):
    """What a rim of the same depth leaves of a lesion.

    Parameters
    ----------
    depth_mm : float
        Depth below the lesion's surface at which it begins.
    """

    kind: Literal["core"] = "core"
    depth_mm: _Distance


class Shell(Settings):
    """The surroundings of a lesion, cut by the brain mask where the cohort row has one.

    Parameters
    ----------
    outer_mm, inner_mm : float
        Distances to the lesion's surface between which it lies.
    exclude_lesions : bool, default False
        Whether voxels of the session's other lesions are left out. The features of a lesion then depend on which other
        lesions are in the cohort.
    """

    kind: Literal["shell"] = "shell"
    outer_mm: _Distance
    inner_mm: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    exclude_lesions: bool = False

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.inner_mm >= self.outer_mm:
            raise ValueError(f"inner_mm={self.inner_mm:g} is not below outer_mm={self.outer_mm:g}")
        return self


class Labels(Settings):
    """What the mask file of the row marks by certain labels, for files that divide one lesion into sub-regions.

    Parameters
    ----------
    values : list of int or str
        Label values, or segment names, in any order; the region is everything that has any of them.
    """

    kind: Literal["labels"] = "labels"
    values: list[int | str] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _marks(cls, values: list[int | str]) -> list[int | str]:
        if any(value in (0, "") for value in values):
            raise ValueError("0 is the background; give the values or names that mark the region")
        return sorted(set(values), key=lambda value: (isinstance(value, str), value))


class Mirror(Settings):
    """The lesion's mirror image on the other side of the head, cut by the brain mask where the row has one.

    Parameters
    ----------
    exclude_lesions : bool, default False
        As in :class:`Shell`.
    least_score : float, default 0.7
        Correlation of the image with its mirror image below which the region is refused.

    See Also
    --------
    radnec.imaging.regions.midsagittal_plane : How the plane is found and checked.
    """

    kind: Literal["mirror"] = "mirror"
    exclude_lesions: bool = False
    least_score: float = Field(default=0.7, ge=0, le=1)


class Reference(Settings):
    """Normal-appearing tissue without lesions, inside the brain mask where the row has one.

    Parameters
    ----------
    source : {"mask", "mirror"}
        The row's ``reference_mask_path``; or the mirror image of the lesion, as in :class:`Mirror`. Other lesions of
        the session are left out.
    least_score : float, default 0.7
        As in :class:`Mirror`.
    """

    kind: Literal["reference"] = "reference"
    source: Literal["mask", "mirror"]
    least_score: float = Field(default=0.7, ge=0, le=1)


RegionRule: TypeAlias = Rim | Core | Shell | Labels | Mirror | Reference
_KINDS: dict[str, type[RegionRule]] = {
    "rim": Rim,
    "core": Core,
    "shell": Shell,
    "labels": Labels,
    "mirror": Mirror,
    "reference": Reference,
}


def region_rules(value: Any) -> dict[str, RegionRule]:
    """Read the ``regions`` setting.

    Parameters
    ----------
    value : dict or str
        Name of each region to its ``kind`` and what the kind takes; or the name of one of
        :data:`radnec.config.region_presets.PRESETS`.

    Returns
    -------
    dict of str to RegionRule
        By name, in order of name.

    Raises
    ------
    ValueError
        If a name cannot stand in a column's name, a kind is unknown, or its settings are wrong; all are listed.

    Examples
    --------
    >>> region_rules({"rim": {"kind": "rim", "depth_mm": 2}})
    {'rim': Rim(kind='rim', depth_mm=2.0)}
    >>> region_rules({"edge": {"kind": "rimm"}})
    Traceback (most recent call last):
    ...
    ValueError: edge: unknown kind 'rimm'; did you mean 'rim'?
    """
    if isinstance(value, str):
        if value not in PRESETS:
            raise ValueError(f"unknown preset {value!r}; {nearest(value, PRESETS)}")
        value = PRESETS[value]
    if not isinstance(value, dict):
        raise ValueError("expected names with their kinds, such as {'rim': {'kind': 'rim', 'depth_mm': 2}}")  # noqa: TRY004  # pydantic takes a ValueError for a problem of the setting
    problems, rules = [], {}
    for name in sorted(value, key=str):
        try:
            rules[str(name)] = _rule(name, value[name])
        except ValueError as error:
            text = " ".join(str(error).split())
            problems.append(f"{name}: {text.split(' cannot be built: ')[-1]}")
    if problems:
        raise ValueError("; ".join(problems))
    return rules


def _rule(name: Any, given: Any) -> RegionRule:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.split("-")[0] in _TAKEN:
        raise ConfigError(
            "a region's name is part of column names: expected letters, digits, dots and hyphens, beginning with a "
            f"letter, and not {', '.join(_TAKEN)}"
        )
    rule = given if isinstance(given, RegionRule) else _built(name, given)
    if name == LESION and not isinstance(rule, Labels):
        raise ConfigError(
            f"{LESION!r} is the whole lesion, which only label values may define: {{'kind': 'labels', 'values': "
            "[1, 3]}; give this region another name"
        )
    return rule


def _built(name: str, given: Any) -> RegionRule:
    if not isinstance(given, dict):
        raise ConfigError(f"found {given!r}; expected settings, such as {{'kind': 'rim', 'depth_mm': 2}}")
    # A region that is called as its kind needs no kind.
    kind = given.get("kind", name)
    if kind not in _KINDS:
        said = f"unknown kind {kind!r}" if "kind" in given else "no kind given"
        raise ConfigError(f"{said}; {nearest(str(kind), _KINDS)}")
    built: RegionRule = _KINDS[kind](**{**given, "kind": kind})
    return built
