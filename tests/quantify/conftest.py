"""Phantoms shared by the tests of measurements: balls whose volume is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@pytest.fixture(scope="session")
def ball() -> Callable[..., sitk.Image]:
    """Return a function that makes a uint8 ball from its centre and radius in mm, on a grid centred on 0."""

    def make(
        radius: float,
        centre: Sequence[float] = (0.0, 0.0, 0.0),
        *,
        size: Sequence[int] = (80, 80, 60),
        spacing: Sequence[float] = (1.0, 1.0, 1.0),
    ) -> sitk.Image:
        origin = [-(count - 1) * step / 2 for count, step in zip(size, spacing, strict=True)]
        axes = np.meshgrid(
            *(low + np.arange(count) * step for low, count, step in zip(origin, size, spacing, strict=True)),
            indexing="ij",
        )
        distance = np.sqrt(sum((axis - middle) ** 2 for axis, middle in zip(axes, centre, strict=True)))
        image = sitk.GetImageFromArray((distance <= radius).astype(np.uint8).T)
        image.SetSpacing([float(step) for step in spacing])
        image.SetOrigin(origin)
        return image

    return make


@pytest.fixture(scope="session")
def painted() -> Callable[..., sitk.Image]:
    """Return a function that makes a float image: a level outside, then each mask's own level in turn."""

    def make(outside: float, *layers: tuple[sitk.Image, float]) -> sitk.Image:
        values = np.full(layers[0][0].GetSize()[::-1], outside)
        for mask, level in layers:
            values[sitk.GetArrayViewFromImage(mask) != 0] = level
        image = sitk.GetImageFromArray(values)
        image.CopyInformation(layers[0][0])
        return image

    return make
