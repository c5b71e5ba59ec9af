"""Measures the replicates of all lesions of a patient's session, reading each image once."""

from __future__ import annotations

import importlib.metadata
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from radnec.errors import ExtractionError, MaskError, MissingDependencyError, RadnecError
from radnec.features.cache import FeatureCache, content_digest, image_digest
from radnec.features.engine import engine_version
from radnec.features.engine.normalise import normalised
from radnec.features.opening import open_scan
from radnec.features.perturb.crop import Crop
from radnec.features.perturb.measured import replicate_features
from radnec.features.perturb.target import Mould, Target
from radnec.features.pinning import one_thread
from radnec.features.scan import Measured
from radnec.imaging.frame_of_reference import keep_origin
from radnec.imaging.masks import open_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.config import ExtractionConfig
    from radnec.features.opening import Opened
    from radnec.features.perturb.draws import Draw
    from radnec.features.perturb.strength import Strength
    from radnec.features.plan import Region, Scan
    from radnec.imaging.mask_source import MaskSource

# Cached replicates depend on these; the number changes with what a perturbation does.
_VERSION = "perturb 1"
# What NumPy and SimpleITK raise over values that nobody thought of: a failure of one replicate, not of a cohort.
_UNFORESEEN = (ValueError, RuntimeError, ArithmeticError, LookupError, MemoryError)
_LIBRARIES = ("radnec", "SimpleITK", "PyWavelets", "numpy", "scipy")


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
        The images; the first that can be read gives the supervoxels.
    draws : tuple of Draw
        The replicates.
    """

    slots: tuple[Slot, ...]
    draws: tuple[Draw, ...]


@dataclass
class _Work:
    """A group while it is measured: what is missing, and what was read for it, by the row of each slot."""

    group: Group
    missing: dict[tuple[int, Draw], str]
    target: Target | None = None
    crops: dict[int, Crop | RadnecError] = field(default_factory=dict)
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
    with one_thread():
        return _all_measured(groups, strength, FeatureCache(cache) if cache is not None else None)


def _all_measured(
    groups: Sequence[Group], strength: Strength, store: FeatureCache | None
) -> list[tuple[str, Measured]]:
    results: list[tuple[str, Measured]] = []
    works = [_remembered(group, strength, store, results) for group in groups]
    _read(works, strength)
    for work in works:
        for (slot, draw), features in _measured(work):
            key = work.missing[slot.region.row, draw]
            if isinstance(features, RadnecError):
                failure = type(features)(f"{slot.region.name}: {features}")
                results.append((draw.replicate.name, Measured(slot.region.row, {}, failure)))
                continue
            if store is not None and key:
                store.put(key, features)
            results.append((draw.replicate.name, Measured(slot.region.row, features)))
    return results


def _remembered(
    group: Group, strength: Strength, store: FeatureCache | None, results: list[tuple[str, Measured]]
) -> _Work:
    """Put what is stored among the results, and return what is not."""
    missing = {(slot.region.row, draw): "" for slot in group.slots for draw in group.draws}
    if store is not None:
        contents = _contents(group)
        for slot, draw in itertools.product(group.slots, group.draws) if contents else ():
            key = _key(contents, slot, draw, strength)
            stored = store.get(key)
            missing[slot.region.row, draw] = key
            if stored is not None:
                results.append((draw.replicate.name, Measured(slot.region.row, stored, from_cache=True)))
                del missing[slot.region.row, draw]
    return _Work(group, missing)


def _contents(group: Group) -> list[str]:
    """Return what the files of a group hold, or nothing if one cannot be read."""
    found = [slot.config.digest() for slot in group.slots]
    for slot in group.slots:
        scan = slot.scan
        masks = (slot.region.mask_path, scan.brain_mask_path, scan.reference_mask_path)
        try:
            found.append(image_digest(scan))
            found.extend("" if path is None else content_digest(path) for path in masks)
        except (OSError, RadnecError):
            return []
    return found


def _key(contents: list[str], slot: Slot, draw: Draw, strength: Strength) -> str:
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
    own = [repr(draw.words), draw.replicate.name, slot.prefix, repr(slot.region.label)]
    own += [repr(threshold) for path, threshold in slot.scan.thresholds if path == slot.region.mask_path]
    settings = [strength.digest(), engine_version(slot.config)]
    return FeatureCache.key([*contents, *own, *settings, *versions, _VERSION])


def _read(works: Sequence[_Work], strength: Strength) -> None:
    """Read every image once, and keep what its regions need of it."""
    scans: dict[int, tuple[Scan, list[tuple[_Work, Slot]]]] = {}
    for work in works:
        for slot in work.group.slots if work.missing else ():
            scans.setdefault(id(slot.scan), (slot.scan, []))[1].append((work, slot))
    for scan, wanted in scans.values():
        opened = _attempted(scan, wanted[0][1].config)
        masks: dict[str, MaskSource] = {}
        for work, slot in wanted:
            if isinstance(opened, RadnecError):
                work.crops[slot.region.row] = opened
                continue
            try:
                work.crops[slot.region.row] = _cropped(opened, masks, work, slot, strength)
            except RadnecError as error:
                work.crops[slot.region.row] = error


def _attempted(scan: Scan, config: ExtractionConfig) -> Opened | RadnecError:
    try:
        opened = open_scan(scan, config)
        if not config.normalize:
            return opened
        return replace(opened, image=keep_origin(normalised(opened.image, config), opened.image))
    except MissingDependencyError:
        raise
    except RadnecError as error:
        return error
    except (OSError, MemoryError) as error:
        return ExtractionError(f"{type(error).__name__}: {error}")


def _cropped(opened: Opened, masks: dict[str, MaskSource], work: _Work, slot: Slot, strength: Strength) -> Crop:
    path = slot.region.mask_path
    if path is None:
        raise MaskError("the cohort gives no mask; fill the column mask_path")
    if path not in masks:
        masks[path] = open_mask(path, opened.image, threshold=slot.scan.threshold(path))
    if opened.registration is not None or work.target is None:
        mask = masks[path].select(slot.region.label)
        opened.checked(mask, slot.config)
    if work.target is None:
        work.target = Target(mask, tuple(one.config for one in work.group.slots), strength)
    crop = work.target.crop(opened.image)
    if any("noise" in draw.replicate.steps for draw in work.group.draws):
        work.levels[slot.region.row] = work.target.level(crop) * strength.noise_scale
    return crop


def _measured(work: _Work) -> list[tuple[tuple[Slot, Draw], dict[str, float] | RadnecError]]:
    found: list[tuple[tuple[Slot, Draw], dict[str, float] | RadnecError]] = []
    lead = next((crop for slot in work.group.slots if isinstance(crop := work.crops.get(slot.region.row), Crop)), None)
    if work.target is not None and lead is not None:
        work.target.lead_by(lead)
    for draw in work.group.draws:
        mould: Mould | RadnecError | None = None
        for slot in work.group.slots:
            if (slot.region.row, draw) not in work.missing:
                continue
            crop = work.crops[slot.region.row]
            if isinstance(crop, RadnecError) or work.target is None:
                found.append(((slot, draw), crop if isinstance(crop, RadnecError) else MaskError("there is no mask")))
                continue
            if mould is None:
                mould = _made(work.target, draw)
            outcome = mould if isinstance(mould, RadnecError) else _one(work, work.target, slot, crop, mould)
            found.append(((slot, draw), outcome))
    return found


def _made(target: Target, draw: Draw) -> Mould | RadnecError:
    try:
        return target.mould(draw)
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
