"""Measures the scans of a plan on whatever workers joblib is set to."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from radnec.errors import ExtractionError, RegionError
from radnec.features.scan import Measured, measure_scan
from radnec.parallel.units import measure_units

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from radnec.config import ExtractionConfig
    from radnec.features.plan import Plan
    from radnec.features.regions import Scan
    from radnec.parallel.told import Told


class Task(NamedTuple):
    """One scan to measure, with all that a worker needs for it; some hundred bytes for each of its regions."""

    scan: Scan
    config: ExtractionConfig
    cache: str | None
    measure: Callable[[Scan, ExtractionConfig, str | None], list[Measured]]

    def run(self) -> list[Measured]:
        """Measure the scan."""
        return self.measure(self.scan, self.config, self.cache)

    def parts(self) -> list[Task]:
        """Return a task for each region, if there are several."""
        regions = self.scan.regions
        return [self._replace(scan=replace(self.scan, regions=(one,))) for one in regions] if len(regions) > 1 else []

    def lost(self, reason: str) -> list[Measured]:
        """Return the results of a scan that could not be measured."""
        return [Measured(region.row, {}, ExtractionError(f"{region.name}: {reason}")) for region in self.scan.regions]


def measure_all(
    planned: Plan,
    *,
    n_jobs: int | None = None,
    cache: str | None = None,
    on_error: str = "record",
    told: Told | None = None,
    has_room: Callable[[], bool] = lambda: True,
) -> Generator[list[Measured]]:
    """Measure all scans of a plan.

    Parameters
    ----------
    planned : Plan
        Scans and settings.
    n_jobs, told, has_room
        As in :func:`radnec.parallel.units.measure_units`, which also says what is warned.
    cache : str, optional
        Folder of stored features.
    on_error : {"record", "raise"}
        Whether a failure is a result, or is raised.

    Yields
    ------
    list of Measured
        The regions of one scan. Scans begin in the order of the plan and come as they are finished.

    Raises
    ------
    radnec.errors.RadnecError
        With ``on_error="raise"``, the first failure.
    radnec.errors.MissingDependencyError
        If a library is missing where a scan is measured.
    """
    tasks = (Task(scan, planned.settings[scan.sequence], cache, measure_scan) for scan in planned.scans)
    total = len(planned.scans)
    units = measure_units(tasks, total, noun="scan", verb="extract", n_jobs=n_jobs, told=told, has_room=has_room)
    with closing(units) as found:
        for regions in found:
            failed = [one for one in (region.failure for region in regions) if one and not isinstance(one, RegionError)]
            if failed and on_error == "raise":
                raise failed[0]
            yield regions
