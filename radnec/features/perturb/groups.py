"""Sorts what a plan measures into sessions, and their images into groups that are perturbed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.cohort.fields import KEYS
from radnec.features.perturb.draws import draw
from radnec.features.perturb.session import Group, Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.features.perturb.chain import Replicate
    from radnec.features.perturb.strength import Strength
    from radnec.features.plan import Plan

# Contours are drawn on this sequence where it was taken.
_LEAD = "T1wCE"


def sessions(
    planned: Plan, chosen: Sequence[Replicate], strength: Strength, random_state: int
) -> list[tuple[Group, ...]]:
    """Return the groups of each patient's session, which are measured together.

    Parameters
    ----------
    planned : Plan
        Cohort.
    chosen : sequence of Replicate
        Replicates of each lesion.
    strength : Strength
        How far perturbations go.
    random_state : int
        Seed.

    Returns
    -------
    list of tuple of Group
        A group holds the images of a lesion on which the same mask marks it, and which the settings resample alike.
    """
    keys = [tuple(map(str, key)) for key in planned.cohort[list(KEYS)].itertuples(index=False)]
    prefixes = planned.cohort["_prefix"]
    groups: dict[tuple[str, ...], dict[tuple[object, ...], list[Slot]]] = {}
    for scan in planned.scans:
        config = planned.settings[scan.sequence]
        for region in scan.regions:
            key = keys[region.row]
            grid = config.resampled_spacing_mm, config.pre_crop, config.pad_distance
            alike = (key, region.mask_path or (scan.image_path, scan.series_uid, scan.volume), region.label, *grid)
            slot = Slot(scan, region, config, str(prefixes[region.row]))
            groups.setdefault(key[:2], {}).setdefault(alike, []).append(slot)
    units = []
    for session in groups.values():
        made = []
        for slots in session.values():
            slots.sort(key=lambda slot: (slot.scan.sequence != _LEAD, slot.prefix))
            words: tuple[int | str, ...] = (random_state, *keys[slots[0].region.row])
            draws = tuple(draw(one, strength, words) for one in chosen)
            made.append(Group(tuple(slots), draws))
        units.append(tuple(made))
    return units
