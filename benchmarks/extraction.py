"""Times the extraction engine beside pyradiomics and any installed peer, on real brain MR, values compared.

``uv run python benchmarks/extraction.py`` needs ``RADNEC_REFERENCE`` or ``../shared/reference``. Three cases on the
scan as it is and on a 1 mm resample of it: (a) one lesion, original image; (b) one lesion with LoG and wavelet; (c) ten
lesions of one scan with these filters. Every tool starts from the files, runs on one thread, and takes its turn in each
round; CPU seconds are the median of the rounds. ``--part scaling`` measures two workers, memory and how cost grows.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
from threadpoolctl import threadpool_limits

from radnec.config import ExtractionConfig
from radnec.features.extract import extract
from radnec.features.plan import Region, Scan
from radnec.features.scan import measure_scan
from radnec.features.verify import differences

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = list[dict[str, float]]
    Tool = Callable[[Path, list[Path], dict[str, Any]], Values]

ORIGINAL: dict[str, Any] = {"Original": {}}
FILTERS: dict[str, Any] = {"Original": {}, "LoG": {"sigma": [1.0, 2.0, 3.0]}, "Wavelet": {}}
# Positions (fractions of the volume) and radii (mm) of ten lesions of 0.1 to 10 mL.
LESIONS = [(0.30 + 0.04 * k, 0.35 + 0.03 * k, 0.30 + 0.04 * k, 2.9 + 1.15 * k) for k in range(10)]


def radnec_tool(image: Path, masks: list[Path], image_types: dict[str, Any]) -> Values:
    """Measure with radnec, all lesions of the scan at once."""
    regions = tuple(Region(row, f"lesion {row}", str(mask), 1) for row, mask in enumerate(masks))
    scan = Scan("T1wCE", str(image), None, None, regions)
    return [one.features for one in measure_scan(scan, ExtractionConfig(image_types=image_types))]


def pyradiomics_tool(image: Path, masks: list[Path], image_types: dict[str, Any]) -> Values:
    """Measure with plain pyradiomics, lesion by lesion."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    extractor = RadiomicsFeatureExtractor()
    extractor.disableAllImageTypes()
    extractor.enableImageTypes(**image_types)
    found = []
    for mask in masks:
        values = extractor.execute(str(image), str(mask))
        found.append({name: float(value) for name, value in values.items() if not name.startswith("diagnostics")})
    return found


def fastrad_tool(image: Path, masks: list[Path], _: dict[str, Any]) -> Values:
    """Measure with fastrad on the CPU; it has no wavelet, so only the original image is asked of it."""
    import torch
    from fastrad import FeatureExtractor, FeatureSettings, Mask, MedicalImage

    torch.set_num_threads(1)
    read = sitk.ReadImage(str(image))
    spacing = read.GetSpacing()[::-1]
    volume = MedicalImage(torch.from_numpy(sitk.GetArrayFromImage(read).astype(np.float32)), spacing)
    extractor = FeatureExtractor(FeatureSettings(device="cpu", spacing=spacing))
    found = []
    for path in masks:
        inside = sitk.GetArrayFromImage(sitk.ReadImage(str(path))) > 0
        mask = Mask(torch.from_numpy(inside.astype(np.float32)), spacing)
        values = extractor.extract(volume, mask)
        found.append({_pyradiomics_name(name): float(value) for name, value in values.items()})
    return found


def _pyradiomics_name(name: str) -> str:
    """Return pyradiomics' name (``original_glcm_JointEnergy``) for fastrad's (``glcm:joint_energy``)."""
    family, _, feature = name.removeprefix("original_").replace(":", "_", 1).partition("_")
    words = [word.removesuffix("th").capitalize() for word in feature.split("_")]
    return f"original_{family}_{''.join(words)}"


TOOLS: dict[str, tuple[str, Tool, tuple[str, ...]]] = {
    "radnec": ("radnec", radnec_tool, ("a", "b", "c")),
    "pyradiomics": ("radiomics", pyradiomics_tool, ("a", "b", "c")),
    "fastrad": ("fastrad", fastrad_tool, ("a",)),
}


def write_scans(folder: Path, reference: Path) -> dict[str, tuple[Path, Path, list[Path]]]:
    """Write image, lesion mask and ten further masks, as they are and at 1 mm."""
    brain, lesion = (sitk.ReadImage(reference / f"mr_brain/brain1_{part}.nrrd") for part in ("image", "label"))
    size = [round(n * s) for n, s in zip(brain.GetSize(), brain.GetSpacing(), strict=True)]
    grid = (size, sitk.Transform(), sitk.sitkBSpline, brain.GetOrigin(), (1.0, 1.0, 1.0), brain.GetDirection())
    fine = sitk.Resample(brain, *grid, 0.0, brain.GetPixelID())
    nearest = (*grid[:2], sitk.sitkNearestNeighbor, *grid[3:])
    scans = {"brain1": (brain, lesion), "iso1": (fine, sitk.Resample(lesion, *nearest, 0.0, lesion.GetPixelID()))}
    written = {}
    for name, (image, mask) in scans.items():
        paths = [folder / f"{name}_{part}.nrrd" for part in ("image", "mask")]
        sitk.WriteImage(image, paths[0])
        sitk.WriteImage(sitk.Cast(mask > 0, sitk.sitkUInt8), paths[1])
        spheres = []
        for number, sphere in enumerate(LESIONS):
            spheres.append(folder / f"{name}_lesion{number}.nrrd")
            sitk.WriteImage(_sphere(image, sphere), spheres[-1])
        written[name] = (paths[0], paths[1], spheres)
    return written


def _sphere(image: sitk.Image, sphere: tuple[float, float, float, float]) -> sitk.Image:
    size, spacing = image.GetSize()[::-1], image.GetSpacing()[::-1]
    axes = [
        ((np.arange(n) - round(f * n)) * s) ** 2
        for n, s, f in zip(size, spacing, (sphere[2], *sphere[:2]), strict=True)
    ]
    inside = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :] <= sphere[3] ** 2
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    mask.CopyInformation(image)
    return mask


def compare(scans: dict[str, tuple[Path, Path, list[Path]]], rounds: int, cases: str) -> pd.DataFrame:
    """Return CPU seconds of every tool, scan and case, and the worst relative difference to pyradiomics."""
    rows = []
    installed = {name: tool for name, (module, tool, _) in TOOLS.items() if importlib.util.find_spec(module)}
    for scan, (image, lesion, spheres) in scans.items():
        for case, masks, types in (("a", [lesion], ORIGINAL), ("b", [lesion], FILTERS), ("c", spheres, FILTERS)):
            if case not in cases:
                continue
            tools = {name: tool for name, tool in installed.items() if case in TOOLS[name][2]}
            seconds: dict[str, list[float]] = {name: [] for name in tools}
            values = {name: tool(image, masks, types) for name, tool in tools.items()}  # warms up, compiles
            for _ in range(rounds):
                for name, tool in tools.items():
                    start = time.process_time()
                    tool(image, masks, types)
                    seconds[name].append(time.process_time() - start)
            for name in tools:
                worst, beyond = difference(values[name], values["pyradiomics"])
                cpu = np.median(seconds[name])
                rows.append({"scan": scan, "case": case, "tool": name, "cpu": cpu, "off": worst, "beyond": beyond})
    frame = pd.DataFrame(rows)
    base = frame[frame["tool"] == "pyradiomics"].set_index(["scan", "case"])["cpu"]
    frame["ratio"] = [base[row.scan, row.case] / row.cpu for row in frame.itertuples()]
    return frame


def difference(found: Values, expected: Values) -> tuple[float, int]:
    """Return the median over the lesions of the worst relative difference, and how many values exceed the bound."""
    worst, beyond = [], 0
    for mine, theirs in zip(found, expected, strict=True):
        shared = {name: theirs[name] for name in mine.keys() & theirs.keys()}
        worst.append(max(abs(mine[name] - value) / (abs(value) or 1.0) for name, value in shared.items()))
        beyond += len(differences(mine, shared))
    return float(np.median(worst)), beyond


def in_fresh_process(code: str, **environment: str) -> Any:
    """Run code in a new interpreter and return the JSON it prints last."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
        cwd=Path(__file__).parent,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


_ONE_SCAN = """
import json, resource, sys, time
start = time.process_time()
import extraction as bench
from pathlib import Path
imported = time.process_time() - start
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
bench.TOOLS[{tool!r}][1](Path({image!r}), [Path({mask!r})], bench.FILTERS)
first = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps(dict(imported=imported, first=first, before_mb=before / 1024, peak_mb=peak / 1024)))
"""


def scaling(folder: Path, scans: dict[str, tuple[Path, Path, list[Path]]]) -> None:
    """Print compilation, memory, two workers, and the exponents of cost."""
    image, lesion, _ = scans["iso1"]
    for tool in ("radnec", "pyradiomics"):
        code = _ONE_SCAN.format(tool=tool, image=str(image), mask=str(lesion))
        cold = in_fresh_process(code, NUMBA_CACHE_DIR=str(folder / f"numba-{tool}"))
        warm = in_fresh_process(code, NUMBA_CACHE_DIR=str(folder / f"numba-{tool}"))
        start = warm["imported"] + warm["first"]
        print(f"| {tool} | first ever {cold['first']:.1f} s | warm start {start:.1f} s | {warm['peak_mb']:.0f} MB |")
    patients = [f"P{n:03d}" for n in range(48)]
    for name in patients:  # one scan each: lesions of one image file are measured together
        (folder / f"{name}.nrrd").hardlink_to(image)
    cohort = pd.DataFrame(
        {
            "patient_id": patients,
            "session_id": "1",
            "lesion_id": "1",
            "sequence": "T1wCE",
            "image_path": [str(folder / f"{name}.nrrd") for name in patients],
            "mask_path": str(lesion),
        }
    )
    config = ExtractionConfig(image_types=FILTERS)
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
    print("exponents of CPU seconds:")
    for name, sizes, run in growth(folder):
        seconds = [_median(run, size) for size in sizes]
        slope = np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
        print(f"| {name} | {sizes[0]:g} to {sizes[-1]:g} | {slope:.2f} | {seconds[-1]:.3f} s |")


def growth(folder: Path) -> list[tuple[str, list[float], Callable[[float], Any]]]:
    """Return what is varied, over which sizes, and a function that measures one size."""
    rng = np.random.default_rng(0)
    noise = sitk.GetImageFromArray(rng.normal(300, 100, (160, 160, 160)).astype(np.float32))
    sitk.WriteImage(noise, folder / "noise.nrrd")
    ball = {radius: _sphere(noise, (0.5, 0.5, 0.5, radius)) for radius in (6.0, 10.0, 16.0, 25.0)}
    for radius, mask in ball.items():
        sitk.WriteImage(mask, folder / f"ball{radius:g}.nrrd")
    voxels = {float(sitk.GetArrayViewFromImage(mask).sum()): radius for radius, mask in ball.items()}

    def by_voxels(size: float) -> Any:
        return radnec_tool(folder / "noise.nrrd", [folder / f"ball{voxels[size]:g}.nrrd"], ORIGINAL)

    def by_levels(levels: float) -> Any:
        mask = folder / "ball16.nrrd"
        scan = Scan("T1wCE", str(folder / "noise.nrrd"), None, None, (Region(0, "ball", str(mask), 1),))
        return measure_scan(scan, ExtractionConfig(bin_count=int(levels)))

    def by_lesions(count: float) -> Any:
        return radnec_tool(folder / "noise.nrrd", [folder / "ball10.nrrd"] * int(count), FILTERS)

    def by_scans(count: float) -> Any:
        return [radnec_tool(folder / "noise.nrrd", [folder / "ball10.nrrd"], FILTERS) for _ in range(int(count))]

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


def main() -> None:
    """Print the tables of ``benchmarks/README.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", default="abc")
    parser.add_argument("--part", choices=["peers", "scaling", "both"], default="both")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    threadpool_limits(1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    default = Path(__file__).parents[2] / "shared" / "reference"
    reference = Path(os.environ.get("RADNEC_REFERENCE", default))
    with tempfile.TemporaryDirectory() as name, contextlib.suppress(KeyboardInterrupt):
        scans = write_scans(Path(name), reference)
        if options.part != "scaling":
            print("| scan | case | tool | CPU seconds | times as fast as pyradiomics | off | beyond the bound |")
            print("|---|---|---|---|---|---|---|")
            for row in compare(scans, options.rounds, options.cases).itertuples():
                numbers = f"{row.cpu:.4f} | {row.ratio:.1f} | {row.off:.1e} | {row.beyond}"
                print(f"| {row.scan} | {row.case} | {row.tool} | {numbers} |")
        if options.part != "peers":
            scaling(Path(name), scans)
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
