"""Measures the features of a replicate, of which only the surroundings are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import SimpleITK as sitk

from radnec.features.engine import measure_region
from radnec.features.engine.filters.pointwise import POINTWISE

if TYPE_CHECKING:
    from radnec.config import ExtractionConfig
    from radnec.features.perturb.crop import Crop


def replicate_features(image: sitk.Image, mask: sitk.Image, config: ExtractionConfig, crop: Crop) -> dict[str, float]:
    """Measure a replicate as extraction measures a lesion of the whole image.

    Parameters
    ----------
    image, mask : SimpleITK.Image
        The replicate.
    config : ExtractionConfig
        Settings; ``normalize`` was done.
    crop : Crop
        What the replicate was made of.

    Returns
    -------
    dict of str to float
        Features under pyradiomics' names.

    Raises
    ------
    radnec.errors.RadnecError
        As :func:`radnec.features.engine.measure_region` says.
    """
    config = config.model_copy(update={"normalize": False})
    scaled = {name: options for name, options in config.image_types.items() if name in POINTWISE}
    if config.resampled_spacing_mm is not None or config.pre_crop:
        # The settings crop, as was done, and filters see the crop alone.
        return measure_region(image, mask, config.model_copy(update={"resampled_spacing_mm": None, "pre_crop": False}))
    if not scaled:
        return measure_region(image, mask, config)
    # Pointwise filters are scaled by the image's largest voxel, which a corner of the crop stands for.
    others = {name: options for name, options in config.image_types.items() if name not in POINTWISE}
    classes = {name: chosen for name, chosen in config.feature_classes.items() if not name.startswith("shape")}
    found: dict[str, float] = {}
    if others or len(classes) < len(config.feature_classes):
        rest: dict[str, object] = {"image_types": others or {"Original": {}}}
        if not others:
            rest["feature_classes"] = {n: chosen for n, chosen in config.feature_classes.items() if n not in classes}
        found |= measure_region(image, mask, config.model_copy(update=rest))
    if classes:
        anchored = sitk.Image(image)
        _anchor(anchored, mask, crop)
        found |= measure_region(
            anchored, mask, config.model_copy(update={"image_types": scaled, "feature_classes": classes})
        )
    return found


def _anchor(image: sitk.Image, mask: sitk.Image, crop: Crop) -> None:
    """Put the whole image's largest voxel into a corner outside the region."""
    x, y, z = (size - 1 for size in image.GetSize())
    for corner in ((0, 0, 0), (x, y, z), (x, 0, 0), (0, y, 0), (0, 0, z), (x, y, 0), (x, 0, z), (0, y, z)):
        if not mask[corner]:
            image[corner] = crop.extreme.item()
            return
