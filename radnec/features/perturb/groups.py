"""Sorts what a plan measures into sessions, and their images into groups that are perturbed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.cohort.fields import KEYS
from radnec.config.regions import Labels
from radnec.features.naming import column_prefix
from radnec.features.perturb.derived import follows
from radnec.features.perturb.draws import draw
from radnec.features.perturb.session import Group, Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.features.perturb.chain import Replicate
    from radnec.features.perturb.strength import Strength
    from radnec.features.plan import Plan
    from radnec.features.regions import Region, Scan

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
        A group holds the images of a lesion on which the same mask marks it, and which the settings resample alike,
        with the regions that are made of its outline. A sub-region or reference tissue that was drawn is a group.
    """
    keys = [tuple(map(str, key)) for key in planned.cohort[list(KEYS)].itertuples(index=False)]
    cohort = planned.cohort
    prefixes = cohort["_prefix"]
    phases = cohort["phase"].fillna("") if "phase" in cohort else [""] * len(cohort)
    acquisitions = [column_prefix(*map(str, one)) for one in zip(cohort["sequence"], phases, strict=True)]
    groups: dict[tuple[str, ...], dict[tuple[object, ...], list[Slot]]] = {}
    for scan in planned.scans:
        config = planned.settings[scan.sequence]
        for region in scan.regions:
            key = keys[region.row]
            grid = config.preset, config.resampled_spacing_mm, config.pre_crop, config.pad_distance
            alike = (key, *_drawn(scan, region), *grid)
            slot = Slot(scan, region, config, str(prefixes[region.row]))
            groups.setdefault(key[:2], {}).setdefault(alike, []).append(slot)
    units = []
    for session in groups.values():
        made = []
        for slots in session.values():
            # By image before region, so that a region more does not alter which image leads.
            slots.sort(key=lambda slot: (slot.scan.sequence != _LEAD, acquisitions[slot.region.row], slot.prefix))
            words: tuple[int | str, ...] = (random_state, *keys[slots[0].region.row])
            draws = tuple(draw(one, strength, words) for one in chosen)
            made.append(Group(tuple(slots), draws))
        units.append(tuple(made))
    return units


def _drawn(scan: Scan, region: Region) -> tuple[object, ...]:
    """Return what says which outline a region has, or is made of."""
    made, image = region.made, (scan.image_path, scan.series_uid, scan.volume)
    if made is None:
        return region.mask_path or image, (region.label,)
    if isinstance(made.rule, Labels):
        return region.mask_path or image, "labels", tuple(made.rule.values)
    if not follows(made.rule):
        return "tissue", made.reference_path or image, made.brain_path, made.others, image if made.of_image else None
    return region.mask_path or image, made.lesion
