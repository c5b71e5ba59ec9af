"""Says where the masks of a cohort speak against the preset of label values that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.cohort.parsing import counted
from radnec.config.region_presets import PRESETS, meanings, preset_of
from radnec.features.region_rows import RULE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from radnec.features.plan import Plan

_ENHANCING = "enhancing"


def preset_doubts(planned: Plan, absent: Iterable[int], failed: Iterable[int], foreign: Iterable[int]) -> list[str]:
    """Return a sentence for each preset that is not that of a mask, or whose enhancing tumour no mask holds.

    Label 4 is enhancing tumour in one release and the resection cavity in another, so that a single mask cannot tell
    that the preset is that of another release.

    Parameters
    ----------
    planned : Plan
        The extraction.
    absent, failed : iterable of int
        Rows of regions that their lesion does not have, and that could not be measured for another reason.
    foreign : iterable of int
        Rows whose mask holds a label that the preset does not know, and another preset does.
    """
    cohort = planned.cohort.reset_index(drop=True)
    others_labels = cohort[cohort.index.isin(list(foreign))]
    rows = cohort[cohort[RULE].eq(_ENHANCING)]
    without = rows[rows.index.isin(list(absent))]
    held = rows[~rows.index.isin([*absent, *failed])]
    doubts = []
    for preset in PRESETS:
        sequences = [name for name, config in planned.settings.items() if preset_of(config.regions) == preset]
        strange = others_labels.loc[others_labels["sequence"].isin(sequences), "mask_path"].nunique()
        if strange:
            known = ", ".join(f"{label} {region}" for label, region in meanings(preset).items())
            doubts.append(
                f"{counted(strange, 'mask file')} with labels of another preset than regions={preset!r} ({known}), see "
                "the column error: the masks that were measured may be of that release too, where a label means "
                "something else; name the preset of the masks' release, or measure the releases apart"
            )
        masks = without.loc[without["sequence"].isin(sequences), "mask_path"].nunique()
        if masks and not held["sequence"].isin(sequences).any():
            label = next(label for label, region in meanings(preset).items() if region == _ENHANCING)
            others = [
                f"{other} in {name!r}"
                for name in PRESETS
                for other, region in meanings(name).items()
                if region == _ENHANCING and other != label
            ]
            doubts.append(
                f"no mask ({counted(masks, 'file')}) holds label {label}, the enhancing tumour of regions={preset!r}: "
                f"each lesion would be its necrotic core alone; it is {', '.join(others)}: name the preset of the "
                "masks' release"
            )
    return doubts
