"""What an extraction is asked to do, and what it says about itself when it is done."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.fields import modality
from radnec.config import ExtractionConfig
from radnec.config.provenance import stamp
from radnec.errors import ConfigError, ExtractionWarning, ForeignLabelError, RegionError
from radnec.features.cache import FeatureCache
from radnec.features.coarse import advice
from radnec.features.engine import engine_version, served_by, verify_available
from radnec.features.plan import Plan, plan
from radnec.features.preset_doubts import preset_doubts
from radnec.features.undefined import Undefined
from radnec.imaging.readers import unit_read
from radnec.parallel.told import Told

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from radnec.features.scan import Measured
    from radnec.features.verify import Verification


@dataclass(frozen=True)
class Job:
    """An extraction whose order was checked.

    Parameters
    ----------
    settings : ExtractionConfig
        Settings as given, or the default.
    planned : Plan
        Scans to measure.
    cache : str or None
        Folder of stored features, absolute, so that workers find it wherever they run.
    """

    settings: ExtractionConfig
    planned: Plan
    cache: str | None


class Tally:
    """Counts the regions of an extraction as they come.

    Parameters
    ----------
    planned : Plan
        The extraction.

    Attributes
    ----------
    hits, misses : int
        Regions that were found in the cache, and that were not.
    absent : list of int
        Rows of regions that their lesion does not have.
    failed : list of int
        Rows that could not be measured for another reason.
    foreign : list of int
        Those of them whose mask has the labels of another preset.
    undefined : Undefined
        Features without a value.
    told : Told
        Warnings of the workers.
    """

    def __init__(self, planned: Plan) -> None:
        self.hits = self.misses = 0
        self.absent: list[int] = []
        self.failed: list[int] = []
        self.foreign: list[int] = []
        self.undefined = Undefined(planned.settings)
        self.told = Told()
        self._planned = planned
        self._starts = planned.cohort["_prefix"].str.rstrip("_").to_list()
        self._sequences = planned.cohort["sequence"].to_list()

    def counted(self, results: Iterable[list[Measured]]) -> Iterator[Measured]:
        """Yield the regions of all scans one by one, and count them."""
        for regions in results:
            for region in regions:
                self.hits += region.from_cache
                self.misses += not region.from_cache
                if isinstance(region.failure, RegionError):
                    self.absent.append(region.row)
                elif region.failure is not None:
                    self.failed.append(region.row)
                if isinstance(region.failure, ForeignLabelError):
                    self.foreign.append(region.row)
                self.undefined.add(self._starts[region.row], self._sequences[region.row], region.features)
                yield region

    def sentences(self) -> list[str]:
        """Return what there is to say of regions and values that are not there."""
        doubts = preset_doubts(self._planned, self.absent, self.failed, self.foreign)
        return [*self.undefined.sentences(), *doubts]


def begin(
    cohort: pd.DataFrame | str | os.PathLike[str],
    config: ExtractionConfig | None,
    *,
    cache: str | os.PathLike[str] | None,
    on_error: str,
) -> Job:
    """Check the order of an extraction before any image is read; parameters as in :func:`radnec.extract`.

    Raises
    ------
    radnec.errors.CohortError
        If the cohort breaks its contract.
    radnec.errors.ConfigError
        If the settings name an unknown sequence, `config` or `on_error` is something else, or `cache` cannot be
        written.
    radnec.errors.MissingDependencyError
        If a library is missing.
    """
    settings = ExtractionConfig() if config is None else config
    if not isinstance(settings, ExtractionConfig):
        kind = type(config).__name__
        raise ConfigError(f"config is a {kind}; expected radnec.ExtractionConfig, see its from_yaml")
    if on_error not in ("record", "raise"):
        raise ConfigError(f'on_error={on_error!r}; expected "record" or "raise"')
    planned = plan(_read(cohort), settings)
    if any(one.registration for one in planned.settings.values()) and not planned.registers:
        text = "registration has no effect: no row's mask_sequence names another sequence"
        warnings.warn(text, ExtractionWarning, stacklevel=3)
    if not planned.scans:
        left_out = "; ".join(f"{one['sequence']}: {one['reason']}" for one in planned.skipped)
        text = f"nothing is measured: all rows of the cohort are left out ({left_out})"
        warnings.warn(text, ExtractionWarning, stacklevel=3)
    for one in planned.settings.values():
        verify_available(one)
    if cache is None:
        return Job(settings, planned, None)
    FeatureCache(cache).prepare()
    return Job(settings, planned, str(Path(cache).absolute()))


def origin(
    job: Job, tally: Tally, verification: Verification, *, rows: int, failed: int, coarse: list[dict[str, Any]]
) -> dict[Hashable | None, Any]:
    """Return the ``attrs`` of the table that an extraction made."""
    counts = {
        "patients": int(job.planned.cohort["patient_id"].nunique()),
        "rows": rows,
        "scans": len(job.planned.scans),
        "regions": sum(len(scan.regions) for scan in job.planned.scans),
        "failed": failed,
    }
    settings = job.planned.settings
    engines = {one for config in settings.values() for one in engine_version(config).split("+")}
    stamped = stamp(
        pd.DataFrame(),
        kind="features",
        extraction=job.settings,
        engine="+".join(sorted(engines)),
        served={sequence: served_by(config) for sequence, config in settings.items()},
        counts=counts,
        cache=None if job.cache is None else {"hits": tally.hits, "misses": tally.misses},
        pet=_pet_units(job.planned),
        thresholds=_thresholds(job.planned),
        absent=_absent(job.planned, tally),
        skipped=list(job.planned.skipped),
        coarse=coarse,
        undefined=tally.undefined.facts(),
        verified=verification.facts(),
    )
    return dict(stamped.attrs)


def warn(
    job: Job,
    first: Sequence[str],
    notes: Sequence[str],
    told: Told,
    *,
    failed: int,
    rows: int,
    coarse: list[dict[str, Any]],
    stacklevel: int,
) -> None:
    """Warn of failed rows, of sequences in one grey level, and of what else there is to say.

    Parameters
    ----------
    job : Job
        What was asked for.
    first : sequence of str
        Reason of the first failure, if there is one.
    notes : sequence of str
        Further sentences, told in one warning.
    told : Told
        What the workers warned of.
    failed, rows : int
        Rows that failed, and all rows.
    coarse : list of dict
        As :func:`radnec.features.coarse.coarse_sequences` returns it.
    stacklevel : int
        Whose warning it is; 2 is the caller.
    """
    for reason in first[:1]:
        text = f"{failed} of {rows} rows failed; see the column error. The first: {reason}"
        warnings.warn(text, ExtractionWarning, stacklevel=stacklevel)
    for found in coarse:
        warnings.warn(advice(found, job.planned.settings), ExtractionWarning, stacklevel=stacklevel)
    if notes:
        warnings.warn("; ".join(notes), ExtractionWarning, stacklevel=stacklevel)
    told.warn(stacklevel=stacklevel + 1)


def _absent(planned: Plan, tally: Tally) -> dict[str, int]:
    """Return for each kind of region the number of lesions that do not have it."""
    prefixes = planned.cohort["_prefix"].iloc[sorted(tally.absent)]
    return dict(sorted(Counter(str(prefix).rstrip("_") for prefix in prefixes).items()))


def _thresholds(planned: Plan) -> dict[str, int]:
    """Return how many regions were read from masks with each threshold of fractions other than 0.5."""
    found = Counter(
        f"{scan.threshold(region.mask_path):g}"
        for scan in planned.scans
        for region in scan.regions
        if region.mask_path in dict(scan.thresholds)
    )
    return dict(sorted(found.items()))


def _pet_units(planned: Plan) -> dict[str, dict[str, int]]:
    """Return for each PET sequence how many images were turned into SUV, and how many taken as they were."""
    units: dict[str, dict[str, int]] = {}
    for scan in planned.scans:
        if modality(scan.sequence) == "PET":
            unit = unit_read(scan.image_path, scan.sequence) or "as in the file"
            counts = units.setdefault(scan.sequence, {})
            counts[unit] = counts.get(unit, 0) + 1
    return units


def _read(cohort: pd.DataFrame | str | os.PathLike[str]) -> pd.DataFrame:
    if isinstance(cohort, pd.DataFrame):
        return cohort
    from radnec.cohort import read_cohort

    return read_cohort(cohort)
