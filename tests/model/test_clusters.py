"""Which member of a cluster of correlated features is kept."""

from __future__ import annotations

import pytest

from radnec.errors import ConfigError
from radnec.model.clusters import visiting_order

NAMES = [
    "FLAIR_wavelet-HHH_shape_Sphericity",
    "T1wCE_log-sigma-1-0-mm-3D_glszm_ZoneEntropy",
    "T1wCE_original_glcm_Contrast",
    "T1wCE-rim_original_firstorder_Mean",
    "T1wCE_square_firstorder_Mean",
    "T1wCE_original_shape_MeshVolume",
    "index_nCBV_mean",
]


def test_the_easiest_to_picture_come_first():
    assert visiting_order(NAMES, "interpretable") == [NAMES[i] for i in (6, 5, 0, 3, 4, 2, 1)]
    assert visiting_order(NAMES[::-1], "interpretable") == visiting_order(NAMES, "interpretable")


def test_the_most_stable_come_first_after_those_nothing_is_known_of():
    iccs = {name: 0.7 + 0.01 * number for number, name in enumerate(NAMES[:-1])}
    assert visiting_order(NAMES, "stable", iccs) == NAMES[::-1]


def test_the_filter_keeps_its_own_order_unless_another_is_asked_for():
    assert visiting_order(NAMES, "least_correlated") is None


def test_nothing_is_stable_without_replicates():
    with pytest.raises(ConfigError, match="give replicates"):
        visiting_order(NAMES, "stable")
