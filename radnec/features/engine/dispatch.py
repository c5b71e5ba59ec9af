"""Sends every image type to the engine that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.errors import ConfigError, ExtractionError, RadnecError
from radnec.features.engine import native, reference
from radnec.features.engine.filters import NATIVE
from radnec.features.engine.labelmap import LabelMap
from radnec.features.engine.prepare import Prepared, Source
from radnec.imaging.masks import select_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import SimpleITK as sitk

    from radnec.config import ExtractionConfig

# What NumPy and SimpleITK raise over values that nobody thought of: a failure of one region, not of a cohort.
_UNFORESEEN = (ValueError, RuntimeError, ArithmeticError, LookupError)


def served_by(config: ExtractionConfig) -> dict[str, list[str]]:
    """Return which image types each engine measures, without those that measure none.

    Parameters
    ----------
    config : ExtractionConfig
        Settings; its ``engine`` decides.

    Returns
    -------
    dict of str to list of str
        Image types by ``native`` and ``pyradiomics``.

    Raises
    ------
    radnec.errors.ConfigError
        If ``engine="native"`` is asked for what only pyradiomics measures.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> served_by(ExtractionConfig(image_types={"Original": {}, "LBP2D": {}}))
    {'native': ['Original'], 'pyradiomics': ['LBP2D']}
    """
    names = list(config.image_types)
    if config.engine == "pyradiomics":
        return {"pyradiomics": names}
    foreign = [name for name in names if name not in NATIVE]
    if foreign and config.engine == "native":
        raise ConfigError(
            f'engine="native" has no {", ".join(foreign)}; take engine="auto", which leaves it to pyradiomics'
        )
    shared = {"native": [name for name in names if name in NATIVE], "pyradiomics": foreign}
    return {engine: served for engine, served in shared.items() if served}


def engine_version(config: ExtractionConfig | None = None) -> str:
    """Return what computes the features, with its version, such as ``native 1``.

    Parameters
    ----------
    config : ExtractionConfig, optional
        Settings; the default ones by default.

    Returns
    -------
    str
        All engines that serve the settings, joined by ``+``.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If pyradiomics is needed and not installed; the message holds the install lines.

    Examples
    --------
    >>> engine_version()
    'native 1'
    """
    served = {"native": []} if config is None else served_by(config)
    versions = {"native": lambda: f"native {native.VERSION}", "pyradiomics": reference.engine_version}
    return "+".join(versions[engine]() for engine in served)


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
        If intensities are not finite, or anything that the settings ask for cannot be computed: values are returned
        for all of it or for nothing.

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


def measure_regions(
    image: sitk.Image, regions: Sequence[tuple[sitk.Image, int | str, str]], config: ExtractionConfig
) -> list[dict[str, float] | RadnecError]:
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
    served = served_by(config)
    source, maps = Source(image, config), {id(labels): LabelMap(labels) for labels, _, _ in regions}
    results: list[dict[str, float] | RadnecError] = []
    prepared = [
        _prepared(source, maps[id(labels)], label, name) if "native" in served else None
        for labels, label, name in regions
    ]
    for (labels, label, name), ready in zip(regions, prepared, strict=True):
        try:
            results.append(_measured(image, labels, label, name, config, served, ready))
        except RadnecError as error:
            results.append(error)
    return results


def _prepared(source: Source, labels: LabelMap, label: int | str, name: str) -> Prepared | RadnecError:
    try:
        if label not in labels.extents:
            select_label(labels.image, label, name=name)
        return source.prepare(labels, int(label))
    except RadnecError as error:
        return error
    except _UNFORESEEN as error:
        return ExtractionError(f"the region cannot be prepared ({type(error).__name__}: {error})")


def _measured(
    image: sitk.Image,
    labels: sitk.Image,
    label: int | str,
    name: str,
    config: ExtractionConfig,
    served: dict[str, list[str]],
    ready: Prepared | RadnecError | None,
) -> dict[str, float]:
    found: dict[str, float] = {}
    if isinstance(ready, RadnecError):
        raise ready
    if ready is not None:
        try:
            found |= native.measure(ready, config, served["native"])
        except _UNFORESEEN as error:
            if isinstance(error, RadnecError):
                raise
            raise ExtractionError(f"the native engine stopped with {type(error).__name__}: {error}") from error
    if "pyradiomics" in served:
        foreign = config
        if ready is not None:
            rest = {name: options for name, options in config.image_types.items() if name in served["pyradiomics"]}
            classes = {n: f for n, f in config.feature_classes.items() if not n.startswith("shape")}
            if not classes:
                return found
            foreign = config.model_copy(update={"image_types": rest, "feature_classes": classes})
        found |= reference.measure_region(image, select_label(labels, label, name=name), foreign)
    return found
