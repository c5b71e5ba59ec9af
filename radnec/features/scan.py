"""Measures all regions of one scan, reading its image once."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from radnec.errors import ExtractionError, MaskError, MissingDependencyError, RadnecError
from radnec.features.cache import FeatureCache, content_digest
from radnec.features.engine import engine_version, measure_region
from radnec.imaging.intensity import prepare
from radnec.imaging.masks import read_labels, read_mask, select_label
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    import SimpleITK as sitk

    from radnec.config import ExtractionConfig
    from radnec.features.plan import Region, Scan

# The features depend on these through the values of a resampled or filtered image.
_LIBRARIES = ("radnec", "SimpleITK", "PyWavelets", "numpy")


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
    return [_measure(region, opened, store) for region in scan.regions]


def _measure(region: Region, scan: _Opened, store: FeatureCache | None) -> Measured:
    try:
        key = scan.key(region) if store is not None else ""
        stored = store.get(key) if store is not None else None
        if stored is not None:
            return Measured(region.row, stored, from_cache=True)
        features = measure_region(scan.image, scan.mask(region), scan.config)
        if store is not None:
            store.put(key, features)
    except MissingDependencyError:
        raise
    except RadnecError as error:
        return Measured(region.row, {}, type(error)(f"{region.name}: {error}"))
    except (OSError, MemoryError) as error:
        reason = f"{region.name}: {type(error).__name__}: {error}"
        return Measured(region.row, {}, ExtractionError(reason))
    return Measured(region.row, features)


class _Opened:
    """A scan whose files are read when they are first needed, the image once, the masks one at a time."""

    def __init__(self, scan: Scan, config: ExtractionConfig) -> None:
        self.scan = scan
        self.config = config
        self._labels: tuple[str, sitk.Image] | None = None
        self._digests: dict[str, str] = {}

    @cached_property
    def image(self) -> sitk.Image:
        image = read_image(self.scan.image_path)
        brain, reference = (
            None if path is None else read_mask(path, image)
            for path in (self.scan.brain_mask_path, self.scan.reference_mask_path)
        )
        return prepare(image, self.config, brain=brain, reference=reference)

    def mask(self, region: Region) -> sitk.Image:
        path = self._mask_path(region)
        if self._labels is None or self._labels[0] != path:
            self._labels = path, read_labels(path, self.image)
        return select_label(self._labels[1], region.label, name=f"mask {Path(path).name}")

    def key(self, region: Region) -> str:
        """Return the cache key: the contents of all files, the label, the settings and the versions."""
        scan = self.scan
        files = (scan.image_path, self._mask_path(region), scan.brain_mask_path, scan.reference_mask_path)
        versions = [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
        digests = ["" if path is None else self._digest(path) for path in files]
        return FeatureCache.key([*digests, repr(region.label), self.config.digest(), engine_version(), *versions])

    def _digest(self, path: str) -> str:
        if path not in self._digests:
            self._digests[path] = content_digest(path)
        return self._digests[path]

    @staticmethod
    def _mask_path(region: Region) -> str:
        if region.mask_path is None:
            raise MaskError("the cohort gives no mask; fill the column mask_path")
        return region.mask_path
