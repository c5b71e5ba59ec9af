"""The paths under which masks are read stay where they are known."""

from __future__ import annotations

import radnec
from radnec.imaging import rtstruct
from radnec.imaging.masks import opening
from radnec.imaging.masks.rtstruct import RtStructSource


def test_known_paths_lead_to_the_same_things() -> None:
    assert radnec.imaging.masks.read_mask is opening.read_mask
    assert radnec.imaging.masks.open_mask is opening.open_mask
    assert rtstruct.RtStructSource is RtStructSource
    assert {"read_labels", "select_label", "LabelMapSource", "split_lesions"} <= set(dir(radnec.imaging.masks))
