"""The arterial input of a simulated brain, in which it is known which voxels are arteries."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.errors import MeasurementError
from radnec.quantify.perfusion.aif import arterial_input

TIME = np.arange(60) * 1.5


@pytest.fixture(scope="module")
def brain(bolus):
    """Change of R2* of arteries, veins, tissue and noise, and what each voxel is."""
    rng = np.random.default_rng(0)
    kinds = np.repeat(["artery", "vein", "tissue", "noise"], [40, 160, 3000, 800])
    rng.shuffle(kinds)
    height = {"artery": 60, "vein": 50, "tissue": 4, "noise": 0}
    arrival, width = {"artery": 15, "vein": 20, "tissue": 17}, {"artery": 1.5, "vein": 2.5, "tissue": 3.0}
    curves = rng.normal(0, 0.6, (len(kinds), len(TIME)))
    for place, kind in enumerate(kinds):
        if kind != "noise":
            shift, scale = rng.normal(0, 0.3), rng.uniform(0.8, 1.2)
            curves[place] += scale * height[kind] * bolus(TIME, arrival[kind] + shift, width[kind])
    return curves.reshape(40, 100, len(TIME)), kinds.reshape(40, 100)


def test_arteries_are_found_and_veins_are_not(brain, bolus):
    curves, kinds = brain
    found = arterial_input(curves, TIME, np.ones(kinds.shape))
    assert (kinds[found.mask] == "artery").all()
    assert found.mask.sum() >= 10
    np.testing.assert_allclose(found.curve, 60 * bolus(TIME, 15), atol=6)
    assert found.flags == ()


def test_nothing_is_found_outside_of_the_mask_and_the_scale_does_not_matter(brain):
    curves, kinds = brain
    half = np.arange(100) < 50
    mask = np.broadcast_to(half, kinds.shape)
    found, scaled = arterial_input(curves, TIME, mask), arterial_input(1000 * curves, TIME, mask)
    assert not found.mask[:, ~half].any()
    np.testing.assert_array_equal(found.mask, scaled.mask)


def test_a_brain_without_arteries_is_doubted(brain):
    curves, kinds = brain
    found = arterial_input(curves, TIME, kinds == "tissue")
    assert any("three times" in flag for flag in found.flags)


def test_curves_of_an_enlarged_image_that_repeat_give_the_same_input(brain):
    """Nearest neighbours write each curve many times, so that there are fewer curves than clusters."""
    curves, kinds = brain
    few = np.concatenate([curves[kinds == kind][:3] for kind in ("artery", "tissue", "vein")])
    cut = {"area_quantile": 0.01, "rough_quantile": 0.99}
    plain = arterial_input(few, TIME, np.ones(9), n_clusters=3, voxels=(1, 100), **cut)
    found = arterial_input(np.repeat(few, 40, axis=0), TIME, np.ones(360), **cut)
    assert plain.mask[:3].any()
    np.testing.assert_array_equal(found.mask, np.repeat(plain.mask, 40))
    np.testing.assert_allclose(found.curve, plain.curve)


def test_too_few_voxels_are_refused():
    with pytest.raises(MeasurementError, match="expected at least 10"):
        arterial_input(np.ones((20, 60)), TIME, np.zeros(20))
