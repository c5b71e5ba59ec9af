"""Measures what extraction costs beyond the seconds of one scan: compilation, memory, a second worker, growth."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
from adapters import radnec
from scans import sphere
from threadpoolctl import threadpool_limits
from workers import Worker

from radnec.config import ExtractionConfig
from radnec.features.extract import extract
from radnec.features.regions import Region, Scan
from radnec.features.scan import measure_scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scans import Written

ORIGINAL: dict[str, Any] = {"Original": {}}


def scaling(folder: Path, scan: Written, image_types: dict[str, Any]) -> None:
    """Print compilation, memory, two workers, and the exponents of cost."""
    threadpool_limits(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    image, lesion, _ = scan
    for tool in ("radnec", "pyradiomics"):
        answers = []
        for _ in range(2):
            with Worker(tool, environment={"NUMBA_CACHE_DIR": str(folder / "numba")}) as worker:
                answers.append(worker.measure(image, [lesion], image_types))
        first, warm = answers
        spent = f"first ever {first.since_start:.1f} s | first of a process {warm.since_start:.1f} s"
        print(f"| {tool} | {spent} | {warm.peak_mb:.0f} MB |")
    two_workers(folder, scan, image_types)
    print("exponents of CPU seconds:")
    for name, sizes, run in growth(folder, image_types):
        seconds = [_median(run, size) for size in sizes]
        slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
        print(f"| {name} | {sizes[0]:g} to {sizes[-1]:g} | {slope:.2f} | {seconds[-1]:.3f} s |")


def two_workers(folder: Path, scan: Written, image_types: dict[str, Any]) -> None:
    """Print how much faster two workers are than one."""
    patients = [f"P{n:03d}" for n in range(48)]
    for name in patients:  # one scan each: lesions of one image file are measured together
        (folder / f"{name}.nii").hardlink_to(scan.image)
    cohort = pd.DataFrame(
        {
            "patient_id": patients,
            "session_id": "1",
            "lesion_id": "1",
            "sequence": "T1wCE",
            "image_path": [str(folder / f"{name}.nii") for name in patients],
            "mask_path": scan.lesion,
        }
    )
    config = ExtractionConfig(image_types=image_types)
    ratios = []
    for _ in range(3):
        walls = []
        for jobs in (1, 2):
            extract(cohort.head(12), config, n_jobs=jobs)  # starts the workers
            start = time.perf_counter()
            extract(cohort, config, n_jobs=jobs)
            walls.append(time.perf_counter() - start)
        ratios.append(walls[0] / walls[1])
    print(f"two workers: {np.median(ratios):.2f} times one (wall clock, 48 scans; rounds {np.round(ratios, 2)})")


def growth(folder: Path, image_types: dict[str, Any]) -> list[tuple[str, list[float], Callable[[float], Any]]]:
    """Return what is varied, over which sizes, and a function that measures one size."""
    rng = np.random.default_rng(0)
    noise = sitk.GetImageFromArray(rng.normal(300, 100, (160, 160, 160)).astype(np.float32))
    image = str(folder / "noise.nii")
    sitk.WriteImage(noise, image)
    balls, voxels = {}, {}
    for radius_mm in (6.0, 10.0, 16.0, 25.0):
        mask = sphere(noise, 0.5, 0.5, 0.5, radius_mm)
        balls[radius_mm] = str(folder / f"ball{radius_mm:g}.nii")
        voxels[float(sitk.GetArrayViewFromImage(mask).sum())] = balls[radius_mm]
        sitk.WriteImage(mask, balls[radius_mm])

    def by_voxels(size: float) -> Any:
        return radnec(image, [voxels[size]], ORIGINAL)

    def by_levels(levels: float) -> Any:
        scan = Scan("T1wCE", image, None, None, (Region(0, "ball", balls[16.0], 1),))
        return measure_scan(scan, ExtractionConfig(bin_count=int(levels)))

    def by_lesions(count: float) -> Any:
        return radnec(image, [balls[10.0]] * int(count), image_types)

    def by_scans(count: float) -> Any:
        return [radnec(image, [balls[10.0]], image_types) for _ in range(int(count))]

    return [
        ("voxels of a lesion", sorted(voxels), by_voxels),
        ("grey levels", [16.0, 64.0, 256.0, 1024.0], by_levels),
        ("lesions of a scan", [1.0, 2.0, 4.0, 8.0, 16.0], by_lesions),
        ("scans", [1.0, 2.0, 4.0], by_scans),
    ]


def _median(run: Callable[[float], Any], size: float) -> float:
    run(size)
    seconds = []
    for _ in range(5):
        start = time.process_time()
        run(size)
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))
