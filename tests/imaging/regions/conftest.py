"""Balls on any grid, whose volumes are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@pytest.fixture
def centred() -> Callable[..., sitk.Image]:
    """Return a function that makes a ball of a radius in mm, shifted by a part of a voxel, with a margin around it."""

    def make(
        radius: float, spacing: Sequence[float], shift: Sequence[float] = (0, 0, 0), margin: float = 8
    ) -> sitk.Image:
        size = [math.ceil(2 * (radius + margin) / step) + 1 for step in spacing]
        axes = [
            (np.arange(count) - (count - 1) / 2 - off) * step
            for count, step, off in zip(size, spacing, shift, strict=True)
        ]
        x, y, z = np.meshgrid(*axes, indexing="ij")
        image = sitk.GetImageFromArray((x**2 + y**2 + z**2 <= radius**2).astype(np.uint8).T)
        image.SetSpacing([float(step) for step in spacing])
        return image

    return make
