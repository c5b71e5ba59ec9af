"""Phantoms shared by the imaging tests: spheres whose volume is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@pytest.fixture
def ball() -> Callable[..., sitk.Image]:
    """Return a function that makes a uint8 sphere from size (x, y, z), spacing, centre and radius in mm."""

    def make(
        size: Sequence[int] = (24, 22, 20),
        spacing: Sequence[float] = (1.0, 1.0, 1.0),
        centre: Sequence[float] = (12.0, 11.0, 10.0),
        radius: float = 5.0,
        value: int = 1,
    ) -> sitk.Image:
        axes = np.meshgrid(*(np.arange(n) * step for n, step in zip(size, spacing, strict=True)), indexing="ij")
        distance = np.sqrt(sum((axis - c) ** 2 for axis, c in zip(axes, centre, strict=True)))
        image = sitk.GetImageFromArray((distance <= radius).astype(np.uint8).T * np.uint8(value))
        image.SetSpacing([float(step) for step in spacing])
        return image

    return make


@pytest.fixture
def noise() -> Callable[..., sitk.Image]:
    """Return a function that makes a positive int16 image on the grid of another."""

    def make(grid: sitk.Image, seed: int = 0) -> sitk.Image:
        values = np.random.default_rng(seed).integers(100, 900, size=grid.GetSize()[::-1]).astype(np.int16)
        image = sitk.GetImageFromArray(values)
        image.CopyInformation(grid)
        return image

    return make
