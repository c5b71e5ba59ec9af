"""Measures all regions of one scan, reading its image once."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from radnec.errors import ExtractionError, MaskError, MissingDependencyError, RadnecError
from radnec.features.cache import FeatureCache, content_digest
from radnec.features.engine import engine_version, measure_regions
from radnec.imaging.intensity import prepare
from radnec.imaging.masks import read_labels, read_mask
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import SimpleITK as sitk

    from radnec.config import ExtractionConfig
    from radnec.features.plan import Region, Scan

T = TypeVar("T")
#: Features of a region, or why there are none.
Outcome: TypeAlias = dict[str, float] | RadnecError

# The features depend on these through the values of a resampled or filtered image.
_LIBRARIES = ("radnec", "SimpleITK", "PyWavelets", "numpy", "scipy", "numba")


@dataclass(frozen=True)
class Measured:
    """What came of one region.

    Parameters
    ----------
    row : int
        Position of its row in the plan's cohort.
    features : dict of str to float
        Features under pyradiomics' names; empty if it failed.
    failure : RadnecError or None
        Why it failed, with the lesion and the sequence in its message.
    from_cache : bool
        Whether the features were read from the cache.
    """

    row: int
    features: dict[str, float]
    failure: RadnecError | None = None
    from_cache: bool = False


def measure_scan(scan: Scan, config: ExtractionConfig, cache: str | None = None) -> list[Measured]:
    """Measure all regions of one scan.

    Parameters
    ----------
    scan : Scan
        Image and regions.
    config : ExtractionConfig
        Settings of the scan's sequence.
    cache : str, optional
        Folder of stored features.

    Returns
    -------
    list of Measured
        One for each region. What cannot be measured says why; nothing is raised for it.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If a library is missing: that is no fault of the scan.
    """
    opened = _Opened(scan, config)
    store = FeatureCache(cache) if cache is not None else None
    keys = [_attempt(opened.key, region) if store else "" for region in scan.regions]
    outcomes = [_remembered(store, key) for key in keys]
    missing = [place for place, outcome in enumerate(outcomes) if outcome is None]
    for place, outcome in zip(missing, _measure(opened, [scan.regions[place] for place in missing]), strict=True):
        key = keys[place]
        if store is not None and isinstance(outcome, dict) and isinstance(key, str):
            stored = _attempt(store.put, key, outcome)
            outcomes[place] = stored if isinstance(stored, RadnecError) else outcome
        else:
            outcomes[place] = outcome
    return [
        _measured(region, outcome, from_cache=place not in missing)
        for place, (region, outcome) in enumerate(zip(scan.regions, outcomes, strict=True))
    ]


def _attempt(work: Callable[..., T], *given: Any) -> T | RadnecError:
    """Return what `work` returns, or why it failed; a missing library is no fault of a scan."""
    try:
        return work(*given)
    except MissingDependencyError:
        raise
    except RadnecError as error:
        return error
    except (OSError, MemoryError) as error:
        return ExtractionError(f"{type(error).__name__}: {error}")


def _remembered(store: FeatureCache | None, key: str | RadnecError) -> Outcome | None:
    return key if isinstance(key, RadnecError) else store.get(key) if store is not None else None


def _measure(opened: _Opened, regions: Sequence[Region]) -> list[Outcome]:
    """Measure what is not in the cache: every image and label map is read once."""
    if not regions:
        return []
    image = _attempt(lambda: opened.image)
    if isinstance(image, RadnecError):
        return [image] * len(regions)
    labels = [_attempt(opened.labels, region) for region in regions]
    named = [
        (found, region.label, f"mask {Path(region.mask_path or '').name}")
        for found, region in zip(labels, regions, strict=True)
        if not isinstance(found, RadnecError)
    ]
    measured = _attempt(measure_regions, image, named, opened.config)
    if isinstance(measured, RadnecError):
        return [measured] * len(regions)
    outcomes = iter(measured)
    return [found if isinstance(found, RadnecError) else next(outcomes) for found in labels]


def _measured(region: Region, outcome: Outcome | None, *, from_cache: bool) -> Measured:
    if isinstance(outcome, RadnecError):
        return Measured(region.row, {}, type(outcome)(f"{region.name}: {outcome}"))
    return Measured(region.row, outcome or {}, from_cache=from_cache)


@cache
def _versions() -> tuple[str, ...]:
    return tuple(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)


class _Opened:
    """A scan whose files are read when they are first needed, each once."""

    def __init__(self, scan: Scan, config: ExtractionConfig) -> None:
        self.scan = scan
        self.config = config
        self._labels: dict[str, sitk.Image] = {}
        self._digests: dict[str, str] = {}

    @cached_property
    def image(self) -> sitk.Image:
        image = read_image(self.scan.image_path)
        brain, reference = (
            None if path is None else read_mask(path, image)
            for path in (self.scan.brain_mask_path, self.scan.reference_mask_path)
        )
        return prepare(image, self.config, brain=brain, reference=reference)

    def labels(self, region: Region) -> sitk.Image:
        path = self._mask_path(region)
        if path not in self._labels:
            self._labels[path] = read_labels(path, self.image)
        return self._labels[path]

    def key(self, region: Region) -> str:
        """Return the cache key: the contents of all files, the label, the settings and the versions."""
        scan = self.scan
        files = (scan.image_path, self._mask_path(region), scan.brain_mask_path, scan.reference_mask_path)
        digests = ["" if path is None else self._digest(path) for path in files]
        measured = (repr(region.label), self.config.digest(), engine_version(self.config))
        return FeatureCache.key([*digests, *measured, *_versions()])

    def _digest(self, path: str) -> str:
        if path not in self._digests:
            self._digests[path] = content_digest(path)
        return self._digests[path]

    @staticmethod
    def _mask_path(region: Region) -> str:
        if region.mask_path is None:
            raise MaskError("the cohort gives no mask; fill the column mask_path")
        return region.mask_path
