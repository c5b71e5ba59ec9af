"""Recomputes random lesions with pyradiomics, and stops at any difference beyond the stated bound."""

from __future__ import annotations

import math
import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.errors import ConfigError, ExtractionError
from radnec.features.engine import verify_available
from radnec.features.engine.native import UNDEFINED_WHERE_FLAT
from radnec.features.scan import measure_scan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from radnec.features.plan import Plan
    from radnec.features.scan import Measured

#: Largest relative difference, and largest absolute one where the value is 0.
RELATIVE, ABSOLUTE = 1e-9, 1e-12
#: Relative difference of GLCM's MCC, an eigenvalue to which pyradiomics adds an epsilon.
OF_MCC = 1e-7
#: What a root makes of rounding, for roots of what may be zero: axes without extent, differences of equal entropies.
OF_ROOT = 1e-7
#: Signed cubes cancel in a cluster shade; this much of the cluster tendency to the power 1.5 is left of rounding.
OF_CUBES = 1e-13
#: pyradiomics takes the other voxels where these are not defined in some, as far as their order lets it.
_PARTLY = tuple(f"{name}_" for name in UNDEFINED_WHERE_FLAT)
_AXES = ("LeastAxisLength", "MinorAxisLength", "Elongation", "Flatness")
_RATIOS = ("Sphericity", "SurfaceVolumeRatio", "SphericalDisproportion", "Compactness1", "Compactness2")


class Verification:
    """Recomputes some regions of an extraction as they come.

    Parameters
    ----------
    planned : Plan
        The extraction.
    number : int
        How many of the regions that it measures to recompute; all if there are fewer. They are drawn by a fixed seed:
        all regions are put into a random order, in which one that could not be measured gives its turn to the next.

    Raises
    ------
    radnec.errors.ConfigError
        If `number` is negative or no whole number, or the settings leave nothing to compare: pyradiomics has no values
        for the ``ibsi`` preset, and with ``engine="pyradiomics"`` the values are its own.
    radnec.errors.MissingDependencyError
        If pyradiomics is not installed.
    """

    def __init__(self, planned: Plan, number: int) -> None:
        number = _counted(number)
        if number:
            _verify_comparable(planned, number)
        self._number = number
        self._regions = {region.row: (scan, region) for scan in planned.scans for region in scan.regions if number}
        rows = sorted(self._regions)
        order = np.random.default_rng(len(rows)).permutation(len(rows))
        self._turns = {rows[place]: turn for turn, place in enumerate(order)}
        self._waiting: dict[int, Measured] = {}
        self._drawn = 0
        self._reference = {
            name: config.model_copy(update={"engine": "pyradiomics"})
            for name, config in planned.settings.items()
            if number
        }
        self._agreed: list[str] = []
        self._not_compared: dict[str, str] = {}
        for config in self._reference.values():
            verify_available(config)

    def watched(self, results: Iterable[list[Measured]]) -> Iterator[list[Measured]]:
        """Yield results as they come, after those that were drawn were recomputed.

        Parameters
        ----------
        results : iterable of list of Measured
            The regions measured, one list for each image.

        Yields
        ------
        list of Measured
            The same lists, unchanged.

        Raises
        ------
        radnec.errors.ExtractionError
            If a value differs from pyradiomics' by more than the bound; the message names the worst.
        """
        for regions in results:
            for measured in regions if self._number else ():
                turn = self._turns[measured.row]
                if turn < self._number:
                    self._verify(measured)
                elif measured.failure is None:
                    self._waiting[turn] = measured
                while len(self._waiting) > self._number - self._drawn:
                    del self._waiting[max(self._waiting)]
            yield regions
        for turn in sorted(self._waiting):
            self._verify(self._waiting[turn])

    def _verify(self, measured: Measured) -> None:
        self._drawn += measured.failure is None
        scan, region = self._regions[measured.row]
        alone = replace(scan, regions=(region,))
        (expected,) = measure_scan(alone, self._reference[scan.sequence])
        if expected.failure is not None:
            # pyradiomics stops where a matrix is empty; the native engine gives NaN for that class and goes on.
            if measured.failure is None:
                self._not_compared[region.name] = str(expected.failure)
            return
        if measured.failure is not None:
            raise ExtractionError(f"{measured.failure}; pyradiomics measures this region")
        off = differences(measured.features, expected.features)
        if off:
            name = max(off, key=lambda one: off[one])
            raise ExtractionError(
                f"{region.name}: {len(off)} of {len(expected.features)} values differ from pyradiomics; most of all "
                f"{name}: {measured.features.get(name)!r} instead of {expected.features[name]!r}. Measure with "
                'ExtractionConfig(engine="pyradiomics"), and report this lesion'
            )
        self._agreed.append(region.name)

    def facts(self) -> dict[str, Any] | None:
        """Return what was compared, for the provenance of a table; None if nothing was asked for.

        Returns
        -------
        dict or None
            ``drawn`` (of those that were measured), ``agreed`` and ``not_compared`` count regions; ``names`` has the
            names of those that agreed, and of those that could not be compared, with the reason.
        """
        if not self._reference:
            return None
        return {
            "drawn": self._drawn,
            "agreed": len(self._agreed),
            "not_compared": len(self._not_compared),
            "names": {"agreed": sorted(self._agreed), "not_compared": dict(sorted(self._not_compared.items()))},
        }

    def sentences(self) -> list[str]:
        """Return a sentence on regions that could not be compared, if there are any."""
        return [
            f"{len(self._not_compared)} of {self._drawn} lesions drawn could not be verified; the first: {reason}"
            for _, reason in sorted(self._not_compared.items())[:1]
        ]


def _counted(number: object) -> int:
    try:
        count = -1 if isinstance(number, bool) else operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        count = -1
    if count < 0:
        raise ConfigError(f"verify={number!r}; expected the number of lesions to recompute, 0 for none")
    return count


def _verify_comparable(planned: Plan, number: int) -> None:
    for config in planned.settings.values():
        if config.preset == "ibsi":
            raise ConfigError(
                f'verify={number} compares with pyradiomics, which has no values for preset="ibsi"; leave verify out'
            )
        if config.engine == "pyradiomics":
            raise ConfigError(
                f'verify={number} compares with pyradiomics, which engine="pyradiomics" measures with: there is '
                "nothing to compare; leave verify out"
            )


def differences(found: Mapping[str, float], expected: Mapping[str, float]) -> dict[str, float]:
    """Return the features that differ from pyradiomics by more than the bound, with the relative difference.

    Parameters
    ----------
    found, expected : mapping of str to float
        Features of the native engine and of pyradiomics.

    Returns
    -------
    dict of str to float
        Infinite where one is NaN or missing and the other is not.

    Notes
    -----
    The bound is 1e-9 of the value, and 1e-12 where it is 0; of MCC 1e-7. Where the definition makes much of rounding it
    is wider: axes without extent and Imc2 (roots of zero), cluster shade (cancelling cubes), ratios to a mesh without
    volume, and the correlation of pairs with one level on one side (1 or 0, by rounding).
    Not compared are the features of a local binary pattern that has no value in some voxels of the region: NaN here, of
    the other voxels there.

    Examples
    --------
    >>> differences({"original_glcm_Contrast": 1.0, "original_glcm_MCC": 0.5}, {"original_glcm_Contrast": 1.1,
    ...     "original_glcm_MCC": 0.5 + 1e-9})
    {'original_glcm_Contrast': 0.09...}
    """
    off = {}
    for name, value in expected.items():
        mine = found.get(name, math.inf)
        if math.isnan(mine) and (math.isnan(value) or name.startswith(_PARTLY)):
            continue
        apart, bound = abs(mine - value), _bound(name, value, mine, expected)
        if not (apart <= bound or (math.isnan(mine) and bound == math.inf)):
            off[name] = apart / (abs(value) or 1.0) if math.isfinite(apart) else math.inf
    return off


def _bound(name: str, value: float, mine: float, expected: Mapping[str, float]) -> float:
    start, _, feature = name.rpartition("_")
    bound = max((OF_MCC if feature == "MCC" else RELATIVE) * abs(value), ABSOLUTE)
    if feature in _AXES and "_shape" in start:
        length = 1.0 if feature in ("Elongation", "Flatness") else expected.get(f"{start}_MajorAxisLength", 1.0)
        return max(bound, OF_ROOT * length)
    if start == "original_shape" and feature in _RATIOS and abs(expected.get(f"{start}_MeshVolume", 1.0)) < ABSOLUTE:
        return math.inf
    if feature == "Imc2" and value < OF_ROOT:
        return OF_ROOT
    if feature == "ClusterShade":
        return float(max(bound, OF_CUBES * expected.get(f"{start}_ClusterTendency", 0.0) ** 1.5))
    if feature == "Correlation" and all(min(abs(one), abs(one - 1)) < RELATIVE for one in (value, mine)):
        return 1.0 + 2 * RELATIVE
    return bound
