"""What a simulated scanner does to a volume, each trait by itself."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from radnec.simulate.anatomy import INTENSITIES, Grid, Tissue
from radnec.simulate.scanner import Scanner

PLAIN = Scanner(
    scanner_id="A1",
    manufacturer="GE",
    field_strength_t=3.0,
    grid=Grid((2.0, 2.0, 2.5)),
    gain=1.0,
    bias=0.0,
    blur_mm=1e-3,
    noise=0.0,
    seed=4,
)
WHITE = INTENSITIES["T1wCE"][Tissue.white]


def recorded(scanner: Scanner, ideal: np.ndarray, seed: int = 0) -> np.ndarray:
    return scanner.record(ideal, "T1wCE", np.random.default_rng(seed)).astype(float)


@pytest.fixture
def flat() -> np.ndarray:
    points = PLAIN.grid.points_mm()
    return np.full(tuple(np.broadcast_shapes(*(axis.shape for axis in points))), 1000.0, dtype=np.float32)


def test_without_traits_the_volume_is_stored_as_it_is(flat):
    assert (recorded(PLAIN, flat) == 1000).all()


def test_noise_has_the_deviation_that_was_asked_for(flat):
    noisy = recorded(replace(PLAIN, noise=0.05), flat)
    assert noisy.std() == pytest.approx(0.05 * WHITE, rel=0.03)
    # Rician: where there is no signal, the mean of the magnitude is sqrt(pi / 2) of the deviation.
    dark = recorded(replace(PLAIN, noise=0.05), 0 * flat)
    assert dark.mean() == pytest.approx(math.sqrt(math.pi / 2) * 0.05 * WHITE, rel=0.03)


def test_shading_is_smooth_lasting_and_as_strong_as_asked(flat):
    once, again = (np.log(recorded(replace(PLAIN, bias=0.1), flat, seed) / 1000) for seed in (0, 1))
    assert (once == again).all()
    assert 0.05 < once.std() < 0.5
    assert np.abs(np.diff(once, axis=2)).max() < 0.05
    twice = np.log(recorded(replace(PLAIN, bias=0.2), flat) / 1000)
    np.testing.assert_allclose(twice, 2 * once, atol=0.01)
    assert not np.allclose(once, np.log(recorded(replace(PLAIN, bias=0.1, seed=5), flat) / 1000), atol=0.01)


def test_blur_keeps_the_sum_and_widens_a_point(flat):
    point = np.zeros_like(flat)
    centre = tuple(size // 2 for size in flat.shape)
    point[centre] = 30000
    blurred = recorded(replace(PLAIN, blur_mm=3.0), point)
    assert blurred.sum() == pytest.approx(30000, rel=0.03)
    offsets = (np.arange(flat.shape[2]) - centre[2]) * PLAIN.grid.spacing_mm[0]
    profile = blurred.sum(axis=(0, 1))
    assert math.sqrt((profile * offsets**2).sum() / profile.sum()) == pytest.approx(3.0, rel=0.1)
