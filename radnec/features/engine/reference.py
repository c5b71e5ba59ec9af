"""Measures a region with pyradiomics; the only module that speaks to it."""

from __future__ import annotations

import importlib
import importlib.metadata
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import SimpleITK as sitk

from radnec._optional import need
from radnec.errors import ExtractionError, GeometryError, MaskError
from radnec.features.quarantine import quarantine
from radnec.imaging.geometry import grid_difference, mend

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from types import ModuleType

    from radnec.config import ExtractionConfig

# Everything that pyradiomics, SimpleITK and NumPy were seen to raise over images they cannot measure.
_FOREIGN = (ValueError, RuntimeError, ArithmeticError, LookupError, TypeError, AttributeError, AssertionError)
# What pyradiomics imports only when one of these filters runs, and else skips the filter.
_FILTER_NEEDS = {"LBP2D": "skimage", "LBP3D": "trimesh"}


def engine_version() -> str:
    """Return the name and version of what computes the features, such as ``pyradiomics 3.0.1``.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If pyradiomics is not installed; the message holds the install lines.

    Examples
    --------
    >>> engine_version()
    'pyradiomics 3.0.1'
    """
    _extractor_module()
    return f"pyradiomics {importlib.metadata.version('pyradiomics')}"


def verify_available(config: ExtractionConfig) -> None:
    """Check that everything the settings need is installed, before any image is read.

    Parameters
    ----------
    config : radnec.ExtractionConfig
        Settings.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If pyradiomics, or a library that one of its filters needs, is missing; the message holds the install
        lines.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> verify_available(ExtractionConfig())
    """
    _extractor_module()
    for name in sorted(_FILTER_NEEDS.keys() & config.image_types.keys()):
        need(_FILTER_NEEDS[name], f"The filter {name}", "pyradiomics")


def measure_region(image: sitk.Image, mask: sitk.Image, config: ExtractionConfig) -> dict[str, float]:
    """Measure one region.

    Parameters
    ----------
    image : SimpleITK.Image
        3-D image, prepared: of the settings, ``n4``, ``clip_percentiles``, ``zscore`` and ``by_sequence`` are
        not applied here.
    mask : SimpleITK.Image
        Integers on the grid of `image`, 1 in the region.
    config : radnec.ExtractionConfig
        Settings.

    Returns
    -------
    dict of str to float
        Value of each feature under pyradiomics' name, such as ``original_glcm_Contrast``. NaN is what
        pyradiomics defines as NaN.

    Raises
    ------
    radnec.errors.MaskError
        If the region is empty, too small or too flat for the settings.
    radnec.errors.GeometryError
        If the grids differ.
    radnec.errors.ExtractionError
        If intensities are not finite, or anything that the settings ask for cannot be computed: values are
        returned for all of it or for nothing.

    Notes
    -----
    The values are those of ``radiomics.featureextractor.RadiomicsFeatureExtractor.execute`` (van Griethuysen
    et al., Cancer Res 77:e104, 2017) for the same image and mask. SimpleITK runs on one thread, so that they
    do not depend on the machine's number of processors.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> image = sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
    >>> config = ExtractionConfig(feature_classes={"firstorder": ["Maximum"]})
    >>> measure_region(image, image > 128, config)
    {'original_firstorder_Maximum': 255.0}
    """
    radiomics = _extractor_module()
    difference = grid_difference(image, mask)
    if difference:
        raise GeometryError(f"{difference}. {mend(image, mask)}")
    aligned = sitk.Cast(mask, sitk.sitkUInt32)
    aligned.CopyInformation(image)
    _verify_finite(image, aligned, config)
    with quarantine("radiomics") as records:
        try:
            found = _execute(_extractor(radiomics, config), image, aligned)
        except _FOREIGN as error:
            raise _explained(error) from error
    _verify_complete(found, config, records)
    return {name: _number(name, value) for name, value in found.items()}


def _extractor_module() -> ModuleType:
    with quarantine("pykwalify"):
        need("radiomics", "Feature extraction", "pyradiomics")
        return need("radiomics.featureextractor", "Feature extraction", "pyradiomics")


def _extractor(radiomics: ModuleType, config: ExtractionConfig) -> Any:
    """Build the extractor without its own validation, which is slow and which the settings have passed."""
    parameters = config.to_pyradiomics()
    extractor = radiomics.RadiomicsFeatureExtractor(**parameters["setting"])
    extractor.disableAllImageTypes()
    extractor.enableImageTypes(**parameters["imageType"])
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(**parameters["featureClass"])
    return extractor


def _execute(extractor: Any, image: sitk.Image, mask: sitk.Image) -> dict[str, object]:
    # Flat regions: 0/0 is how pyradiomics arrives at its conventions.
    with np.errstate(all="ignore"), warnings.catch_warnings(), _spherical_harmonics():
        # LBP3D imports map_coordinates from where SciPy used to keep it; the function is the same.
        warnings.filterwarnings("ignore", message=".*map_coordinates", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Applying `local_binary_pattern`", category=UserWarning)
        warnings.filterwarnings("ignore", message="Precision loss occurred", category=RuntimeWarning)
        return dict(extractor.execute(image, mask, label=1))


@contextmanager
def _spherical_harmonics() -> Iterator[None]:
    """Give LBP3D the function that SciPy 1.17 took away, under its old name and order of arguments."""
    special: Any = importlib.import_module("scipy.special")
    if hasattr(special, "sph_harm"):
        yield
        return
    special.sph_harm = lambda order, degree, azimuth, polar: special.sph_harm_y(degree, order, polar, azimuth)
    try:
        yield
    finally:
        del special.sph_harm


def _verify_finite(image: sitk.Image, mask: sitk.Image, config: ExtractionConfig) -> None:
    values = sitk.GetArrayViewFromImage(image)
    if np.issubdtype(values.dtype, np.integer):
        return
    broken = ~np.isfinite(values)
    inside = int(np.count_nonzero(broken[sitk.GetArrayViewFromImage(mask) == 1]))
    if inside:
        raise ExtractionError(f"{inside} voxels of the region are NaN or infinite")
    spreads = config.normalize or config.resampled_spacing_mm is not None or set(config.image_types) - {"Original"}
    if spreads and broken.any():
        raise ExtractionError(
            f"{np.count_nonzero(broken)} voxels outside the region are NaN or infinite; filters, resampling "
            "or normalisation would carry them into it; replace them in the image file, for example by 0"
        )


def _explained(error: Exception) -> MaskError | ExtractionError:
    reason = " ".join(str(part) for part in error.args) or type(error).__name__
    about_mask = any(word in reason for word in ("mask", "Mask", "ROI", "Label", "Resegmentation"))
    if isinstance(error, ValueError) and about_mask:
        return MaskError(reason)
    return ExtractionError(f"pyradiomics stopped with {type(error).__name__}: {reason}")


def _verify_complete(found: dict[str, object], config: ExtractionConfig, records: list[logging.LogRecord]) -> None:
    """Refuse what pyradiomics only logs: a filter or feature class that it skipped, a feature that failed."""
    messages = list(dict.fromkeys(record.getMessage() for record in records))
    failed = [message for message in messages if message.startswith("FAILED")]
    if failed:
        raise ExtractionError(f"pyradiomics could not compute a feature: {failed[0].strip().splitlines()[-1]}")
    for start in _expected(config):
        if not any(name.startswith(start) for name in found):
            reason = "; ".join(message for message in messages if "symmetrical" not in message)
            raise ExtractionError(f"pyradiomics computed no {start}… feature: {reason or 'it gives no reason'}")


def _expected(config: ExtractionConfig) -> list[str]:
    """Return how the names start of which at least one must be there."""
    shapes = [name for name in config.feature_classes if name.startswith("shape")]
    starts = [f"original_{name}_" for name in shapes]
    if len(shapes) == len(config.feature_classes):
        return starts
    for name, options in config.image_types.items():
        if name == "LoG":
            starts += [f"log-sigma-{str(width).replace('.', '-')}-mm-3D_" for width in options["sigma"]]
        else:
            starts.append(name.lower().replace("lbp2d", "lbp-2D").replace("lbp3d", "lbp-3D"))
    return starts


def _number(name: str, value: object) -> float:
    number = complex(np.asarray(value).item())
    if number.imag:
        raise ExtractionError(f"{name} is the complex number {number}; install numpy<2.5 beside pyradiomics 3.0.1")
    return number.real
