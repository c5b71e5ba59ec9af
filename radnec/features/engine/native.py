"""Measures a prepared region with radnec's own kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.config.vocabulary import FEATURES, PER_FILTER
from radnec.features.engine.conventions import conventions
from radnec.features.engine.shape2d import shape2d
from radnec.features.engine.texture import FAMILIES, TextureSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from radnec.config import ExtractionConfig
    from radnec.features.engine.prepare import Prepared

#: Rises whenever a value of the engine changes, so that nothing measured before is taken for what it would give now.
VERSION = 2
#: Filters that have no value where the image is flat.
UNDEFINED_WHERE_FLAT = ("lbp-2D", "lbp-3D-k")


def measure(prepared: Prepared, config: ExtractionConfig) -> dict[str, float]:
    """Measure one region.

    Parameters
    ----------
    prepared : Prepared
        The region; all regions of a scan should be prepared before the first is measured, because filters then share
        their work.
    config : ExtractionConfig
        Settings.

    Returns
    -------
    dict of str to float
        Value of each feature under pyradiomics' name, such as ``original_glcm_Contrast``. Those of a filter are NaN
        if it has no value, or an infinite one, in some voxel of the region.

    Raises
    ------
    radnec.errors.MaskError, radnec.errors.ExtractionError
        If a filter or a feature class is not defined with these settings.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> from radnec.config import ExtractionConfig
    >>> from radnec.features.engine.prepare import prepare
    >>> image = sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
    >>> config = ExtractionConfig(feature_classes={"shape": ["VoxelVolume"], "firstorder": ["Maximum"]})
    >>> measure(prepare(image, image > 240, config), config)
    {'original_shape_VoxelVolume': 7.0, 'original_firstorder_Maximum': 255.0}
    """
    classes = {name: tuple(features or FEATURES[name]) for name, features in config.feature_classes.items()}
    found = _shapes(prepared, config, classes)
    how = conventions(config)
    rest = {name: features for name, features in classes.items() if not name.startswith("shape")}
    if rest:
        for image_type, options in config.image_types.items():
            own = _own_settings(config, options)
            own["lowest"] = _lowest(config) if image_type == "Original" else None
            wanted = prepared.volume, prepared.box, image_type, options, config, prepared.mask
            for prefix, image in how.filtered(*wanted):
                if _is_finite(image, prepared.mask):
                    values = _intensities(image, prepared, config, own, rest)
                else:
                    values = {f"{family}_{name}": np.nan for family, names in rest.items() for name in names}
                found |= {f"{prefix}_{name}": value for name, value in values.items()}
    return found


def _is_finite(image: NDArray[Any], mask: NDArray[np.bool_]) -> bool:
    return not np.issubdtype(image.dtype, np.floating) or bool(np.isfinite(image[mask]).all())


def _shapes(prepared: Prepared, config: ExtractionConfig, classes: Mapping[str, Sequence[str]]) -> dict[str, float]:
    mask, spacing = prepared.shape_mask, prepared.spacing
    found: dict[str, float] = {}
    if "shape" in classes:
        values = conventions(config).shape(mask, spacing, classes["shape"])
        found |= {f"original_shape_{name}": value for name, value in values.items()}
    if "shape2D" in classes:
        values = shape2d(mask, spacing, classes["shape2D"], dimension=config.force_2d_dimension)
        found |= {f"original_shape2D_{name}": value for name, value in values.items()}
    return found


def _own_settings(config: ExtractionConfig, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that one filter may have for itself; its bin width wins over a common bin count."""
    own = {name: options.get(name, getattr(config, name)) for name in PER_FILTER}
    if "bin_width" in options and "bin_count" not in options:
        own["bin_count"] = None
    return own


def _lowest(config: ExtractionConfig) -> float | None:
    """Return the lower bound of the intensities that are kept, in units of the original image."""
    return None if config.resegment_range is None else min(config.resegment_range)


def _intensities(
    image: NDArray[Any],
    prepared: Prepared,
    config: ExtractionConfig,
    own: Mapping[str, Any],
    classes: Mapping[str, Sequence[str]],
) -> dict[str, float]:
    mask, spacing, how = prepared.mask, prepared.spacing, conventions(config)
    levels = how.discretise(image, mask, bin_width=own["bin_width"], bin_count=own["bin_count"], lowest=own["lowest"])
    found: dict[str, float] = {}
    if "firstorder" in classes:
        values = how.firstorder(
            image[mask].astype(np.float64),
            levels,
            voxel_volume=spacing[0] * spacing[1] * spacing[2],
            shift=own["voxel_array_shift"],
            names=classes["firstorder"],
        )
        found |= {f"firstorder_{name}": value for name, value in values.items()}
    if any(name in FAMILIES for name in classes):
        settings = TextureSettings(
            distances=tuple(own["distances"]),
            symmetrical_glcm=own["symmetrical_glcm"],
            weighting_norm=own["weighting_norm"],
            gldm_a=own["gldm_a"],
            force_2d=config.force_2d,
            force_2d_dimension=config.force_2d_dimension,
            spacing=spacing,
            aggregation=config.aggregation or "3D_merged",
        )
        found |= how.texture(levels, classes, settings)
    return found
