"""Measures all regions of one scan, reading its image once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from radnec.errors import ExtractionError, MaskError, MissingDependencyError, RadnecError, RegionError
from radnec.features.cache import FeatureCache
from radnec.features.contents import Contents
from radnec.features.engine import engine_version, measure_regions
from radnec.features.libraries import library_versions
from radnec.features.opening import Opened, open_scan
from radnec.features.region_masks import RegionMasks, packed
from radnec.imaging.masks import open_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import SimpleITK as sitk

    from radnec.config import ExtractionConfig
    from radnec.features.regions import Region, Scan
    from radnec.imaging.masks.source import MaskSource

T = TypeVar("T")
#: Features of a region, or why there are none.
Outcome: TypeAlias = dict[str, float] | RadnecError
#: A label map and the value of a region in it, or why there is none.
Layer: TypeAlias = "tuple[sitk.Image, int] | RadnecError"


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
    measured = _measure(opened, [scan.regions[place] for place in missing])
    keeps = store is not None and opened.contents.unchanged()
    for place, outcome in zip(missing, measured, strict=True):
        key = keys[place]
        if store is not None and keeps and isinstance(outcome, dict) and isinstance(key, str):
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
    labels = opened.layers(regions)
    laid = [opened.laid(layer) for layer in labels]
    labels = [one if isinstance(one, RadnecError) else layer for layer, one in zip(labels, laid, strict=True)]
    named = [
        (*found, f"mask {Path(region.mask_path or '').name}" if region.made is None else "the region")
        for found, region in zip(labels, regions, strict=True)
        if not isinstance(found, RadnecError)
    ]
    measured = _attempt(measure_regions, image, named, opened.config)
    if isinstance(measured, RadnecError):
        return [measured] * len(regions)
    outcomes = iter(measured)
    return [
        one if isinstance(one, RadnecError) else _of_region(region, next(outcomes), one)
        for one, region in zip(laid, regions, strict=True)
    ]


def _of_region(region: Region, outcome: Outcome, laid: dict[str, float]) -> Outcome:
    """Say of a region that cannot be measured that the lesion has none; a lesion that cannot be has failed."""
    of_lesion = region.made is not None and region.made.rule is not None
    if isinstance(outcome, dict):
        return {**outcome, **laid}
    return RegionError(str(outcome)) if of_lesion and isinstance(outcome, MaskError) else outcome


def _measured(region: Region, outcome: Outcome | None, *, from_cache: bool) -> Measured:
    if isinstance(outcome, RadnecError):
        return Measured(region.row, {}, type(outcome)(f"{region.name}: {outcome}"))
    return Measured(region.row, outcome or {}, from_cache=from_cache)


class _Opened:
    """A scan whose files are read when they are first needed, each once."""

    def __init__(self, scan: Scan, config: ExtractionConfig) -> None:
        self.scan = scan
        self.config = config
        self._masks: dict[str, MaskSource] = {}
        self.contents = Contents()

    @cached_property
    def ready(self) -> Opened:
        return open_scan(self.scan, self.config)

    @property
    def image(self) -> sitk.Image:
        return self.ready.image

    def laid(self, layer: Layer) -> dict[str, float] | RadnecError:
        """Return how well the image was laid on the region, or why it was not."""
        if isinstance(layer, RadnecError):
            return layer
        labels, value = layer
        return _attempt(self.ready.checked, labels == value, self.config) if self.ready.registration else {}

    def mask(self, region: Region) -> MaskSource:
        return self._source(self._mask_path(region))

    def _source(self, path: str) -> MaskSource:
        if path not in self._masks:
            self._masks[path] = open_mask(path, self.image, threshold=self.scan.threshold(path))
        return self._masks[path]

    def layers(self, regions: Sequence[Region]) -> list[Layer]:
        """Return the label map and the value of each region; they share maps where they can."""
        given = iter(self._given([region for region in regions if region.made is None]))
        made = iter(self._made([region for region in regions if region.made is not None]))
        return [next(given) if region.made is None else next(made) for region in regions]

    @cached_property
    def _masks_made(self) -> RegionMasks:
        return RegionMasks(self.ready, self.config, self._source)

    def _made(self, regions: Sequence[Region]) -> list[Layer]:
        masks = [_attempt(self._masks_made.mask, region) for region in regions]
        places = iter(packed([mask for mask in masks if not isinstance(mask, RadnecError)]))
        return [mask if isinstance(mask, RadnecError) else next(places) for mask in masks]

    def _given(self, regions: Sequence[Region]) -> list[Layer]:
        masks = [_attempt(self.mask, region) for region in regions]
        found: dict[int, Layer] = {}
        for mask in {id(mask): mask for mask in masks}.values():
            places = [place for place, one in enumerate(masks) if one is mask]
            layers = (
                [mask] * len(places)
                if isinstance(mask, RadnecError)
                else mask.layers([regions[place].label for place in places])
            )
            found |= zip(places, layers, strict=True)
        return [found[place] for place in range(len(regions))]

    def key(self, region: Region) -> str:
        """Return the cache key: the contents of all files, the label, the settings and the versions."""
        scan = self.scan
        made = region.made
        masks = (self._mask_path(region), scan.brain_mask_path, scan.reference_mask_path)
        files = [*((path or "", None) for path in masks), *(made.files if made else ())]
        digests = [self._image_digest, *(self.contents.digest(*file) if file[0] else "" for file in files)]
        # Of the regions' settings only its own, so that a new region leaves the others' features in the cache.
        config = self.config.model_copy(update={"regions": {}, "whole_lesion": True})
        identity = repr(region.label) if made is None else made.identity
        # Scales of intensity are chosen by the sequence.
        sequences = (scan.sequence, scan.drawing.sequence if scan.drawing else "")
        # Where masks of a scale are looked for first.
        on_it = list(scan.drawing.masks().values()) if scan.drawing else []
        places = [str(path in on_it) for path in masks[1:]]
        thresholds = [repr(scan.threshold(path)) for path in masks if path in dict(scan.thresholds)]
        measured = (*sequences, *places, identity, *thresholds, config.digest(), engine_version(config))
        return FeatureCache.key([*digests, *measured, *library_versions()])

    @cached_property
    def _image_digest(self) -> str:
        return self.contents.of_image(self.scan)

    @staticmethod
    def _mask_path(region: Region) -> str:
        if region.mask_path is None:
            raise MaskError("the cohort gives no mask; fill the column mask_path")
        return region.mask_path
