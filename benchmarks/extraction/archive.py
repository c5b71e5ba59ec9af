"""Measures 10,000 lesions in 2,500 small scans, from files to a growing table, and watches the memory."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

from radnec.features.stream import extract_to

_SCANS, _LESIONS = 2500, 4
_RADIUS = 4  # voxels: 257 of them
_LOOK_EVERY_S = 1.0


def archive(folder: Path) -> None:
    """Print how long it takes and what one process holds meanwhile."""
    before_mb, held_mb, done = _resident_mb(), [], threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_EVERY_S):
            held_mb.append(_resident_mb())

    cohort = _cohort(folder)
    watcher = threading.Thread(target=look)
    watcher.start()
    start, cpu = time.perf_counter(), time.process_time()
    extract_to(cohort, folder / "features.parquet")
    spent, cpu = time.perf_counter() - start, time.process_time() - cpu
    done.set()
    watcher.join()
    at = [before_mb, *(held_mb[int(share * (len(held_mb) - 1))] for share in (0.2, 0.5, 1.0)), max(held_mb)]
    print(f"{len(cohort)} lesions: {spent:.0f} s, of them CPU {cpu:.0f} s")
    print("MB before, after a fifth, half and all, and at most:", *(f"{value:.0f}" for value in at))


def _cohort(folder: Path) -> pd.DataFrame:
    size = 5 * _RADIUS
    places = np.indices((size,) * 3)
    labels = np.zeros((size,) * 3, np.uint8)
    for number, (y, x) in enumerate(((1, 1), (1, 3), (3, 1), (3, 3)), start=1):
        centre = np.array([size // 2, y * size // 4, x * size // 4])
        labels[((places - centre[:, None, None, None]) ** 2).sum(axis=0) <= _RADIUS**2] = number
    noise = np.random.default_rng(0).normal(300, 100, labels.shape).astype(np.float32)
    for name, array in (("image", noise), ("mask", labels)):
        sitk.WriteImage(sitk.GetImageFromArray(array), folder / f"small_{name}.nii")
    rows = []
    for scan in range(_SCANS):
        image = folder / f"small_{scan}.nii"
        image.hardlink_to(folder / "small_image.nii")
        keys = {"patient_id": f"P{scan:04d}", "session_id": "1", "sequence": "T1wCE", "image_path": str(image)}
        rows += [keys | {"lesion_id": str(label), "mask_label": label} for label in range(1, _LESIONS + 1)]
    return pd.DataFrame(rows).assign(mask_path=str(folder / "small_mask.nii"))


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
