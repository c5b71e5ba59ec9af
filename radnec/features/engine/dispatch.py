"""Sends regions to the engine that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from radnec.errors import ConfigError, ExtractionError, RadnecError
from radnec.features.engine import native, reference
from radnec.features.engine.labelmap import LabelMap
from radnec.features.engine.prepare import Prepared, Source
from radnec.imaging.masks import select_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import SimpleITK as sitk

    from radnec.config import ExtractionConfig

#: Label map, label, and what errors call the mask.
Region: TypeAlias = "tuple[sitk.Image, int | str, str]"
#: Features of a region, or why there are none.
Outcome: TypeAlias = dict[str, float] | RadnecError

# What NumPy and SimpleITK raise over values that nobody thought of: a failure of one region, not of a cohort.
_UNFORESEEN = (ValueError, RuntimeError, ArithmeticError, LookupError, MemoryError)


def served_by(config: ExtractionConfig) -> dict[str, list[str]]:
    """Return which image types are measured by which engine.

    Parameters
    ----------
    config : ExtractionConfig
        Settings; ``engine="pyradiomics"`` leaves all to pyradiomics, the others all to the native engine, which
        covers every image type, feature class and setting.

    Returns
    -------
    dict of str to list of str
        Image types, by ``native`` or ``pyradiomics``.

    Raises
    ------
    radnec.errors.ConfigError
        If pyradiomics is asked for the ``ibsi`` preset.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> served_by(ExtractionConfig(image_types={"Original": {}, "LBP2D": {}}))
    {'native': ['Original', 'LBP2D']}
    >>> served_by(ExtractionConfig(image_types={"LBP2D": {}}, engine="pyradiomics"))
    {'pyradiomics': ['LBP2D']}
    """
    foreign = config.engine == "pyradiomics"
    if foreign and config.preset == "ibsi":
        raise ConfigError('preset="ibsi" is measured by the native engine only: take engine="auto"')
    return {"pyradiomics" if foreign else "native": list(config.image_types)}


def engine_version(config: ExtractionConfig | None = None) -> str:
    """Return what computes the features, with its version, such as ``native 2``.

    Parameters
    ----------
    config : ExtractionConfig, optional
        Settings; the default ones by default.

    Returns
    -------
    str
        Engine and version; it changes whenever a value may.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If pyradiomics is needed and not installed; the message holds the install lines.

    Examples
    --------
    >>> engine_version()
    'native 2'
    """
    if config is not None and "pyradiomics" in served_by(config):
        return reference.engine_version()
    return f"native {native.VERSION}"


def verify_available(config: ExtractionConfig) -> None:
    """Check that everything the settings need is installed, before any image is read.

    Parameters
    ----------
    config : ExtractionConfig
        Settings.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If pyradiomics, or a library that one of its filters needs, is missing; the message holds the install lines.
    radnec.errors.ConfigError
        As :func:`served_by` says.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> verify_available(ExtractionConfig())
    """
    if "pyradiomics" in served_by(config):
        reference.verify_available(config)


def measure_region(image: sitk.Image, mask: sitk.Image, config: ExtractionConfig) -> dict[str, float]:
    """Measure one region.

    Parameters
    ----------
    image : SimpleITK.Image
        3-D image, prepared: of the settings, ``n4``, ``clip_percentiles``, ``zscore`` and ``by_sequence`` are not
        applied here.
    mask : SimpleITK.Image
        Integers on the grid of `image`, 1 in the region.
    config : ExtractionConfig
        Settings; ``engine`` says what measures.

    Returns
    -------
    dict of str to float
        Value of each feature under pyradiomics' name, such as ``original_glcm_Contrast``. NaN is what is not defined.

    Raises
    ------
    radnec.errors.MaskError
        If the region is empty or too small for the settings.
    radnec.errors.GeometryError
        If the grids differ.
    radnec.errors.ExtractionError
        If intensities are not finite, or the settings are not defined for this image. A filter that cannot be computed
        gives NaN, but with ``engine="pyradiomics"`` values are returned for all that was asked for or for nothing.

    Notes
    -----
    The native engine gives the values of pyradiomics 3.0.1 (van Griethuysen et al., Cancer Res 77:e104, 2017) to a
    relative difference of 1e-9 (GLCM's MCC: 1e-7).

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> from radnec.config import ExtractionConfig
    >>> image = sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
    >>> config = ExtractionConfig(feature_classes={"firstorder": ["Maximum"]})
    >>> measure_region(image, image > 128, config)
    {'original_firstorder_Maximum': 255.0}
    """
    (found,) = measure_regions(image, [(mask, 1, "the mask")], config)
    if isinstance(found, RadnecError):
        raise found
    return found


def measure_regions(image: sitk.Image, regions: Sequence[Region], config: ExtractionConfig) -> list[Outcome]:
    """Measure regions of one image, sharing what they have in common.

    Parameters
    ----------
    image : SimpleITK.Image
        3-D image, as in :func:`measure_region`.
    regions : sequence of (label map, label, name)
        Regions, with what errors call their masks. Regions of one label map should name the same object.
    config : ExtractionConfig
        Settings.

    Returns
    -------
    list of dict or RadnecError
        Features of each region, or why there are none.
    """
    if "pyradiomics" in served_by(config):
        return [_by_reference(image, region, config) for region in regions]
    source, maps = Source(image, config), {id(labels): LabelMap(labels) for labels, _, _ in regions}
    # All are prepared before the first is measured: filters then share their work.
    prepared = [_prepared(source, maps[id(labels)], label, name) for labels, label, name in regions]
    return [one if isinstance(one, RadnecError) else _measured(one, config) for one in prepared]


def _by_reference(image: sitk.Image, region: Region, config: ExtractionConfig) -> Outcome:
    labels, label, name = region
    try:
        return reference.measure_region(image, select_label(labels, label, name=name), config)
    except RadnecError as error:
        return error
    except _UNFORESEEN as error:
        return ExtractionError(f"pyradiomics stopped with {_kind(error)}")


def _prepared(source: Source, labels: LabelMap, label: int | str, name: str) -> Prepared | RadnecError:
    try:
        if label not in labels.extents:
            select_label(labels.image, label, name=name)
        return source.prepare(labels, int(label))
    except RadnecError as error:
        return error
    except _UNFORESEEN as error:
        return ExtractionError(f"the region cannot be prepared ({_kind(error)})")


def _measured(prepared: Prepared, config: ExtractionConfig) -> Outcome:
    try:
        return native.measure(prepared, config)
    except RadnecError as error:
        return error
    except _UNFORESEEN as error:
        return ExtractionError(f"the native engine stopped with {_kind(error)}")


def _kind(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
