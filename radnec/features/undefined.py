"""Says which features of measured regions have no value, and why."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from radnec.cohort.parsing import counted
from radnec.features.engine.native import UNDEFINED_WHERE_FLAT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from radnec.config import ExtractionConfig

#: Texture classes that compare voxels at the distances of the settings, and those that compare what touches.
_AT_DISTANCES, _TOUCHING = ("glcm", "gldm", "ngtdm"), ("glrlm", "glszm")
#: What a co-occurrence matrix of one grey level may not define.
_OF_SEVERAL_LEVELS = {"Correlation", "Imc1", "Imc2", "MCC"}
#: Why a filter has no finite values, by what the names of its images start with; the longest start holds.
_NO_FILTER = {
    "log-sigma": "the image has too few voxels along an axis for the width of the filter; take a smaller sigma, or a "
    "larger pad_distance where images are resampled or pre-cropped",
    **dict.fromkeys(
        ("square", "logarithm", "exponential"),
        "the filter is scaled by the image's largest value, which is 0, or its values are infinite",
    ),
    "": "the filter has no finite values in some voxels of the region",
}
#: Number of groups of features that the warning names.
_NAMED = 6


class Undefined:
    """Counts values that are NaN by convention in regions that were measured.

    Parameters
    ----------
    settings : mapping of str to ExtractionConfig
        Settings of each sequence.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> undefined = Undefined({"T1wCE": ExtractionConfig(distances=[9])})
    >>> undefined.add("T1wCE", "T1wCE", {"original_ngtdm_Coarseness": math.nan, "original_firstorder_Mean": 1.0})
    >>> print(undefined.sentences()[0])
    T1wCE: 1 lesion has features without a value (original_ngtdm): no two voxels of the region lie at the
    distances [9]
    """

    def __init__(self, settings: Mapping[str, ExtractionConfig]) -> None:
        self._settings = settings
        self._lesions: Counter[tuple[str, str]] = Counter()
        self._values: Counter[tuple[str, str]] = Counter()
        self._groups: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def add(self, start: str, sequence: str, features: Mapping[str, float]) -> None:
        """Count the features of a region.

        Parameters
        ----------
        start : str
            What its columns begin with: the sequence, with phase and region.
        sequence : str
            Sequence whose settings hold.
        features : mapping of str to float
            Features under pyradiomics' names.
        """
        # A sum is quick, and NaN wherever a value is.
        if not math.isnan(sum(features.values())):
            return
        measured: defaultdict[str, set[str]] = defaultdict(set)
        absent: defaultdict[str, set[str]] = defaultdict(set)
        for full, value in features.items():
            group, _, name = full.rpartition("_")
            (absent if math.isnan(value) else measured)[group].add(name)
        reasons = set()
        config = self._settings[sequence]
        dead = _without_values(set(measured), set(absent), config)
        for group, names in absent.items():
            whole = group not in measured and not names <= _OF_SEVERAL_LEVELS
            key = start, _no_filter(group) if group in dead else self._reason(group, config, whole=whole)
            self._values[key] += len(names)
            self._groups[key].add(group)
            reasons.add(key)
        self._lesions.update(reasons)

    @staticmethod
    def _reason(group: str, config: ExtractionConfig, *, whole: bool) -> str:
        image, _, family = group.rpartition("_")
        if whole and image in UNDEFINED_WHERE_FLAT:
            return "the image is flat around a voxel of the region, where the filter is not defined"
        if whole and family in _AT_DISTANCES:
            return f"no two voxels of the region lie at the distances {_distances(image, config)}"
        if whole and family in _TOUCHING:
            return "no two voxels of the region can touch"
        return "the definition needs more voxels, or more than one grey level"

    def facts(self) -> list[dict[str, Any]]:
        """Return what was counted, for the provenance of a table.

        Returns
        -------
        list of dict
            ``sequence`` (with phase and region), ``lesions``, ``values`` that are NaN in them, ``features`` (names
            without the last part, such as ``original_glcm``) and ``reason``.
        """
        return [
            {
                "sequence": start,
                "lesions": self._lesions[start, reason],
                "values": self._values[start, reason],
                "features": sorted(self._groups[start, reason]),
                "reason": reason,
            }
            for start, reason in sorted(self._lesions)
        ]

    def sentences(self) -> list[str]:
        """Return a sentence for each of the facts."""
        return [
            f"{one['sequence']}: {counted(one['lesions'], 'lesion has', 'lesions have')} features without a value "
            f"({_listed(one['features'])}): {one['reason']}"
            for one in self.facts()
        ]


def _without_values(measured: set[str], absent: set[str], config: ExtractionConfig) -> set[str]:
    """Return the groups of filters that have no values at all.

    A region too small for a class has none of it in any image at the same distances, and always has first order.
    """

    def kind(group: str) -> tuple[str, ...]:
        image, _, family = group.rpartition("_")
        return (family, *(map(str, _distances(image, config)) if family in _AT_DISTANCES else ()))

    alive = {group.rpartition("_")[0] for group in measured} | set(UNDEFINED_WHERE_FLAT)
    silent = {group for group in absent if group.rpartition("_")[0] not in alive}
    possible = {kind(group) for group in measured} | {("firstorder",)}
    dead = {group.rpartition("_")[0] for group in silent if kind(group) in possible}
    return {group for group in silent if group.rpartition("_")[0] in dead}


def _no_filter(group: str) -> str:
    return _NO_FILTER[max((start for start in _NO_FILTER if group.startswith(start)), key=len)]


def _distances(image: str, config: ExtractionConfig) -> list[int]:
    """Return the distances that hold for a filtered image, which may be its filter's own."""
    start = image.lower().replace("lbp-", "lbp")
    # The longest, since Square starts SquareRoot, and LoG Logarithm.
    name = max((one for one in config.image_types if start.startswith(one.lower())), key=len)
    return list(config.image_types[name].get("distances", config.distances))


def _listed(groups: Sequence[str]) -> str:
    more = len(groups) - _NAMED
    return ", ".join(groups[:_NAMED]) + (f" and {more} more" if more > 0 else "")
