"""Times perfusion maps against a plain scipy loop and dcmri on the same curves, and prints one table.

Run with ``uv run --group dev python benchmarks/perfusion.py``. All work is done on one thread. The peers treat one
voxel at a time: they are given a sample of the voxels, and their time is scaled to all. Times are processor time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import dcmri
import numpy as np
from scipy.linalg import svd, toeplitz
from scipy.optimize import curve_fit
from threadpoolctl import threadpool_limits

from radnec.quantify.perfusion.dsc import dsc_maps
from radnec.quantify.perfusion.population_aif import parker, plasma
from radnec.quantify.perfusion.tofts import fit_tofts, tofts_curve

if TYPE_CHECKING:
    from collections.abc import Callable

DSC_GRID, DCE_GRID, FRAMES, SAMPLE = (128, 128, 20), (64, 64, 10), 60, 100


def seconds(work: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def dsc_series() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return signal, times and arterial input of a brain in which every fifth voxel leaks."""
    rng = np.random.default_rng(0)
    times = np.arange(FRAMES) * 1.5
    since = np.clip(times - 18, 0, None)
    arterial = 12 * since**3 * np.exp(-since / 1.5)
    n = int(np.prod(DSC_GRID))
    transit = rng.uniform(3, 8, 64)
    shapes = 1.5 * np.stack([np.convolve(arterial, np.exp(-times / mtt) / mtt)[:FRAMES] for mtt in transit])
    leak = np.where(np.arange(n) % 5 == 0, 0.01, 0)[:, None] * np.cumsum(shapes.mean(0) * 1.5)[None]
    change = rng.uniform(0.01, 0.06, n)[:, None] * (shapes[np.arange(n) % 64] - leak)
    signal = 1000 * np.exp(-0.03 * change) + rng.normal(0, 10, (n, FRAMES))
    return signal.reshape(*DSC_GRID, FRAMES), times, arterial


def dsc_by_loop(signal: np.ndarray, times: np.ndarray, arterial: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Correct leakage and deconvolve voxel by voxel: what a plain script does."""
    step = times[1] - times[0]
    summed = np.cumsum((reference + np.r_[0, reference[:-1]]) / 2) * step
    left, values, right = svd(step * toeplitz(arterial, np.zeros_like(arterial)))
    inverse = (right.T * np.where(values > 0.2 * values[0], 1 / values, 0)) @ left.T
    found = []
    for curve in signal:
        change = -np.log(curve / curve[:12].mean()) / 0.03
        (_, k2), _ = curve_fit(lambda _, k1, k2: k1 * reference - k2 * summed, times, change, p0=(1, 0))
        corrected = change + k2 * summed
        found.append((np.trapezoid(corrected, times), (inverse @ change).max()))
    return np.array(found)


def dce_series() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return concentrations, plasma curve, times and the true Ktrans in 1/min."""
    rng = np.random.default_rng(1)
    times = np.arange(FRAMES) * 5.0
    source = plasma(parker(times, arrival_s=25))
    n = int(np.prod(DCE_GRID))
    truth = rng.uniform((0.02, 0.1, 0.0), (0.4, 0.6, 0.1), (n, 3))
    curves = np.stack([tofts_curve(source, times, ktrans_per_min=k, ve=ve, vp=vp) for k, ve, vp in truth])
    return curves + rng.normal(0, 0.005, curves.shape), source, times, truth[:, 0]


def tofts_by_loop(curves: np.ndarray, source: np.ndarray, times: np.ndarray) -> np.ndarray:
    def model(t: np.ndarray, ktrans: float, kep: float, vp: float) -> np.ndarray:
        step = t[1] - t[0]
        return vp * source + ktrans / 60 * step * np.convolve(source, np.exp(-kep / 60 * t))[: len(t)]

    bounds = ([0, 0.01, 0], [5, 30, 1])
    return np.array([curve_fit(model, times, curve, p0=(0.1, 0.5, 0.05), bounds=bounds)[0][0] for curve in curves])


def tofts_by_dcmri(curves: np.ndarray, source: np.ndarray, times: np.ndarray) -> np.ndarray:
    def model(t: np.ndarray, ps: float, vi: float, vb: float) -> np.ndarray:
        return dcmri.conc_tissue(source, t=t, kinetics="HF", H=0, vb=vb, vi=vi, PS=ps)

    bounds = ([0, 0.01, 0], [0.1, 1, 1])
    return np.array(
        [60 * curve_fit(model, times, curve, p0=(0.002, 0.2, 0.05), bounds=bounds)[0][0] for curve in curves]
    )


def report(job: str, tool: str, taken: float, base: float, note: str) -> None:
    print(f"| {job} | {tool} | {taken:.1f} | {taken / base:.0f} | {note} |", flush=True)


def main() -> None:
    print("| job | tool | CPU seconds | to radnec | note |\n|---|---|---|---|---|")
    signal, times, arterial = dsc_series()
    brain = np.ones(DSC_GRID)
    job = "DSC 128×128×20×60, leakage"
    base, _ = seconds(lambda: dsc_maps(signal, times, te_ms=30, brain=brain))
    report(job, "radnec, CBV and K2", base, base, "")
    for method in ("standard", "oscillation"):
        taken, maps = seconds(
            lambda method=method: dsc_maps(
                signal, times, te_ms=30, brain=brain, arterial=arterial, deconvolution=method
            )
        )
        report(job, f"radnec, CBF and MTT as well ({method})", taken, base, "")
    sample = signal.reshape(-1, FRAMES)[:SAMPLE]
    still = signal.reshape(-1, FRAMES)[1::5].mean(0)
    reference = -np.log(still / still[:12].mean()) / 0.03
    taken, _ = seconds(lambda: dsc_by_loop(sample, times, arterial, reference))
    report(job, "scipy loop (standard)", taken * brain.size / SAMPLE, base, f"{SAMPLE} voxels, scaled")

    curves, source, times, truth = dce_series()
    job = "DCE 64×64×10×60, extended Tofts"
    base, maps = seconds(lambda: fit_tofts(curves, source, times))
    report(
        job, "radnec", base, base, f"median error of Ktrans {np.median(np.abs(maps.ktrans_per_min / truth - 1)):.1%}"
    )
    for tool, fit in (("scipy loop", tofts_by_loop), ("dcmri model in a scipy loop", tofts_by_dcmri)):
        taken, found = seconds(lambda fit=fit: fit(curves[:SAMPLE], source, times))
        error = np.median(np.abs(found / truth[:SAMPLE] - 1))
        note = f"{SAMPLE} voxels, scaled; median error {error:.1%}"
        report(job, tool, taken * len(curves) / SAMPLE, base, note)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
