"""Measures the replicates of all lesions of a patient's session, reading each image once."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from radnec.errors import ExtractionError, MaskError, MissingDependencyError, RadnecError, RegionError
from radnec.features.cache import FeatureCache
from radnec.features.contents import Contents
from radnec.features.opening import open_scan
from radnec.features.perturb.derived import Redrawn, reach_mm
from radnec.features.perturb.keys import held_by, key_of
from radnec.features.perturb.measured import replicate_features
from radnec.features.perturb.scene import Scene
from radnec.features.perturb.target import Mould, Target
from radnec.features.scan import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from radnec.config import ExtractionConfig
    from radnec.features.opening import Opened
    from radnec.features.perturb.crop import Crop
    from radnec.features.perturb.derived import Made
    from radnec.features.perturb.draws import Draw
    from radnec.features.perturb.strength import Strength
    from radnec.features.regions import Region, Scan

# What NumPy and SimpleITK raise over values that nobody thought of: a failure of one replicate, not of a cohort.
_UNFORESEEN = (ValueError, RuntimeError, ArithmeticError, LookupError, MemoryError)


@dataclass(frozen=True)
class Slot:
    """One region in one image."""

    scan: Scan
    region: Region
    config: ExtractionConfig
    prefix: str


@dataclass(frozen=True)
class Group:
    """The images on which a mask marks one lesion, so that all are perturbed alike.

    Parameters
    ----------
    slots : tuple of Slot
        The images, and the regions made of the outline; the first image that can be read gives the supervoxels.
    draws : tuple of Draw
        The replicates.
    """

    slots: tuple[Slot, ...]
    draws: tuple[Draw, ...]


class SessionTask(NamedTuple):
    """The lesions of a patient's session, with all that a worker needs to measure their replicates."""

    groups: tuple[Group, ...]
    strength: Strength
    cache: str | None

    def run(self) -> list[tuple[str, Measured]]:
        """Measure the session."""
        return measure_session(*self)

    def parts(self) -> list[SessionTask]:
        """Return a task for each lesion, if there are several."""
        return [self._replace(groups=(one,)) for one in self.groups] if len(self.groups) > 1 else []

    def lost(self, reason: str) -> list[tuple[str, Measured]]:
        """Return the results of a session that could not be measured."""
        return [
            (draw.replicate.name, Measured(slot.region.row, {}, ExtractionError(f"{slot.region.name}: {reason}")))
            for group in self.groups
            for slot, draw in itertools.product(group.slots, group.draws)
        ]


@dataclass
class _Work:
    """A group while it is measured: what is missing, and what was read for it, by image or by the row of a slot."""

    group: Group
    missing: dict[tuple[int, Draw], str]
    target: Target | None = None
    around: dict[int, Crop] = field(default_factory=dict)
    crops: dict[int, Crop | RadnecError] = field(default_factory=dict)
    made: dict[int, Made] = field(default_factory=dict)
    levels: dict[int, float] = field(default_factory=dict)


def measure_session(
    groups: Sequence[Group], strength: Strength, cache: str | None = None
) -> list[tuple[str, Measured]]:
    """Measure all replicates of a session.

    Parameters
    ----------
    groups : sequence of Group
        Lesions with their images.
    strength : Strength
        How far perturbations go.
    cache : str, optional
        Folder of stored features.

    Returns
    -------
    list of (str, Measured)
        Name of the replicate, and what came of a region. What cannot be measured says why.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If a library is missing.
    """
    store = FeatureCache(cache) if cache is not None else None
    results: list[tuple[str, Measured]] = []
    contents = Contents()
    works = [_remembered(group, strength, store, contents, results) for group in groups]
    _read(works, strength)
    keeps = contents.unchanged()
    for work in works:
        for (slot, draw), features in _measured(work):
            key = work.missing[slot.region.row, draw]
            if isinstance(features, RadnecError):
                failure = type(features)(f"{slot.region.name}: {features}")
                results.append((draw.replicate.name, Measured(slot.region.row, {}, failure)))
                continue
            if store is not None and keeps and key:
                store.put(key, features)
            results.append((draw.replicate.name, Measured(slot.region.row, features)))
    return results


def _remembered(
    group: Group,
    strength: Strength,
    store: FeatureCache | None,
    contents: Contents,
    results: list[tuple[str, Measured]],
) -> _Work:
    """Put what is stored among the results, and return what is not."""
    missing = {(slot.region.row, draw): "" for slot in group.slots for draw in group.draws}
    if store is not None:
        held = held_by(group, contents)
        for slot, draw in itertools.product(group.slots, group.draws) if held else ():
            key = key_of(held, slot, draw, strength, contents)
            stored = store.get(key) if key else None
            missing[slot.region.row, draw] = key
            if stored is not None:
                results.append((draw.replicate.name, Measured(slot.region.row, stored, from_cache=True)))
                del missing[slot.region.row, draw]
    return _Work(group, missing)


def _read(works: Sequence[_Work], strength: Strength) -> None:
    """Read every image once, and keep what its regions need of it."""
    scans: dict[int, tuple[Scan, list[tuple[_Work, Slot]]]] = {}
    for work in works:
        for slot in work.group.slots if work.missing else ():
            scans.setdefault(id(slot.scan), (slot.scan, []))[1].append((work, slot))
    for scan, wanted in scans.values():
        opened = _attempted(scan, wanted[0][1].config)
        if isinstance(opened, RadnecError):
            for work, slot in wanted:
                work.crops[slot.region.row] = opened
            continue
        scene = Scene(opened, wanted[0][1].config, scan.threshold)
        for work, slot in wanted:
            try:
                work.crops[slot.region.row] = _cropped(scene, work, slot, strength)
            except RadnecError as error:
                work.crops[slot.region.row] = error


def _attempted(scan: Scan, config: ExtractionConfig) -> Opened | RadnecError:
    try:
        return open_scan(scan, config)
    except MissingDependencyError:
        raise
    except RadnecError as error:
        return error
    except (OSError, MemoryError) as error:
        return ExtractionError(f"{type(error).__name__}: {error}")


def _cropped(scene: Scene, work: _Work, slot: Slot, strength: Strength) -> Crop:
    row, image, slots = slot.region.row, id(slot.scan), work.group.slots
    if image not in work.around:
        outline = scene.outline(slot.region)
        if work.target is None:
            reach = max(reach_mm(one.region.made.rule) if one.region.made else 0.0 for one in slots)
            work.target = Target(outline, tuple(one.config for one in slots), strength, reach)
        work.around[image] = work.target.crop(scene.image)
    crop = work.around[image]
    if found := scene.made(slot.region, crop):
        work.made[row], crop = found
    if any("noise" in draw.replicate.steps for draw in work.group.draws):
        work.levels[row] = crop.noise_level() * strength.noise_scale
    return crop


def _measured(work: _Work) -> list[tuple[tuple[Slot, Draw], dict[str, float] | RadnecError]]:
    found: list[tuple[tuple[Slot, Draw], dict[str, float] | RadnecError]] = []
    lead = next((work.around[id(slot.scan)] for slot in work.group.slots if id(slot.scan) in work.around), None)
    if work.target is not None and lead is not None:
        work.target.lead_by(lead)
    for draw in work.group.draws:
        moulds = None
        for slot in work.group.slots:
            if (slot.region.row, draw) not in work.missing:
                continue
            crop = work.crops[slot.region.row]
            if isinstance(crop, RadnecError) or work.target is None:
                found.append(((slot, draw), crop if isinstance(crop, RadnecError) else MaskError("there is no mask")))
                continue
            moulds = moulds or _Moulds(work.target, draw, work.made)
            mould = moulds.of(slot)
            outcome = mould if isinstance(mould, RadnecError) else _one(work, work.target, slot, crop, mould)
            found.append(((slot, draw), _of_region(slot, outcome)))
    return found


def _of_region(slot: Slot, outcome: dict[str, float] | RadnecError) -> dict[str, float] | RadnecError:
    """Say of a region that cannot be measured that the lesion has none, as extraction does."""
    made = slot.region.made
    of_lesion = made is not None and made.rule is not None
    return RegionError(str(outcome)) if of_lesion and isinstance(outcome, MaskError) else outcome


class _Moulds:
    """The masks of a replicate: the outline, made once, and the regions of it, each once for all images."""

    def __init__(self, target: Target, draw: Draw, made: dict[int, Made]) -> None:
        self._made = made
        self._known: dict[Hashable, Mould | RadnecError] = {}
        self._outline = _made(lambda: target.mould(draw))
        self._redrawn = Redrawn(target, self._outline) if isinstance(self._outline, Mould) else None

    def of(self, slot: Slot) -> Mould | RadnecError:
        made, redrawn = self._made.get(slot.region.row), self._redrawn
        if made is None or redrawn is None:
            return self._outline
        making = slot.region.made
        # What is carried along a registration, or mirrored, depends on the image.
        own = slot.region.row if made.plane is not None or (making and making.of_image) else None
        key = making, own
        if key not in self._known:
            self._known[key] = _made(lambda: redrawn.region(made))
        return self._known[key]


def _made(make: Callable[[], Mould]) -> Mould | RadnecError:
    try:
        return make()
    except RadnecError as error:
        return error
    except _UNFORESEEN as error:
        return ExtractionError(f"the mask cannot be perturbed ({type(error).__name__}: {error})")


def _one(work: _Work, target: Target, slot: Slot, crop: Crop, mould: Mould) -> dict[str, float] | RadnecError:
    row = slot.region.row
    noise = None
    if work.levels.get(row) and "noise" in mould.draw.replicate.steps:
        noise = work.levels[row], mould.draw.stream(f"noise {slot.prefix}")
    try:
        return replicate_features(
            target.image(mould, crop, slot.config.interpolator, noise), mould.mask, slot.config, crop
        )
    except MissingDependencyError:
        raise
    except RadnecError as error:
        return error
    except _UNFORESEEN as error:
        return ExtractionError(f"the image cannot be perturbed ({type(error).__name__}: {error})")
