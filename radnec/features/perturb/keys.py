"""Names all that the stored features of a replicate depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.errors import RadnecError
from radnec.features.cache import FeatureCache
from radnec.features.engine import engine_version
from radnec.features.libraries import library_versions

if TYPE_CHECKING:
    from radnec.features.contents import Contents
    from radnec.features.perturb.draws import Draw
    from radnec.features.perturb.session import Group, Slot
    from radnec.features.perturb.strength import Strength

# The number changes with what a perturbation does.
_VERSION = "perturb 2"


def held_by(group: Group, contents: Contents) -> list[str]:
    """Return what the files of a group hold, or nothing if one cannot be read."""
    found = []
    try:
        for slot in {id(slot.scan): slot for slot in group.slots}.values():
            scan = slot.scan
            masks = (slot.region.mask_path, scan.brain_mask_path, scan.reference_mask_path)
            # Of regions only its own is part of a key, so that a new one leaves the others in the cache.
            found.append(slot.config.model_copy(update={"regions": {}, "whole_lesion": True}).digest())
            found.append(contents.of_image(scan))
            found.extend("" if path is None else contents.digest(path) for path in masks)
            on_it = list(scan.drawing.masks().values()) if scan.drawing else []
            found.extend(str(path in on_it) for path in masks[1:])
    except (OSError, RadnecError):
        return []
    return found


def key_of(held: list[str], slot: Slot, draw: Draw, strength: Strength, contents: Contents) -> str:
    """Return the key of a region's features in a replicate, or "" if a file that the region is made of cannot be read.

    Parameters
    ----------
    held : list of str
        What :func:`held_by` returned of its group.
    slot : Slot
        The region.
    draw : Draw
        The replicate.
    strength : Strength
        How far perturbations go.
    contents : Contents
        Digests of files.
    """
    made = slot.region.made
    try:
        files = [contents.digest(*file) if file[0] else "" for file in made.files] if made is not None else []
    except (OSError, RadnecError):
        return ""
    region = repr(slot.region.label) if made is None else made.identity
    own = [repr(draw.words), draw.replicate.name, slot.prefix, region]
    own += [repr(threshold) for path, threshold in slot.scan.thresholds if path == slot.region.mask_path]
    settings = [strength.digest(), engine_version(slot.config)]
    return FeatureCache.key([*held, *files, *own, *settings, *library_versions(), _VERSION])
