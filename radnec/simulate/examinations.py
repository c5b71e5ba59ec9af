"""Writes the examinations beyond conventional MRI of a simulated session: images, series and spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.quantify.perfusion.asl import pcasl_cbf
from radnec.quantify.perfusion.dce import spgr_signal
from radnec.quantify.perfusion.population_aif import parker, plasma
from radnec.quantify.perfusion.tofts import tofts_curve
from radnec.simulate.anatomy import Tissue
from radnec.simulate.canvas import GRID
from radnec.simulate.kinetics import EDGES_MIN, FOCUS_FALL, FOCUS_MM, HEALTHY_PEAK_MIN, frame_uptake

if TYPE_CHECKING:
    from collections.abc import Callable

    from radnec.simulate.canvas import Canvas, Floats
    from radnec.simulate.physiology import Examination

    Indices = list[dict[str, float]]
    Cells = list[dict[str, Any]]

# Of air, scalp, skull, CSF, grey and white matter, as radnec.simulate.anatomy.Tissue numbers them.
_PROTON = (0.0, 700.0, 50.0, 1000.0, 850.0, 750.0)
_T1_MS = (1000.0, 400.0, 600.0, 4000.0, 1300.0, 850.0)
_BLOOD = (0.0, 0.0, 0.0, 0.2, 2.0, 1.0)
_FLOW = (0.0, 0.0, 0.0, 0.0, 55.0, 22.0)
_ADC = (0.0, 0.5, 0.2, 3.0, 0.85, 0.75)
_FET = (0.0, 1.1, 0.6, 0.5, 1.05, 1.0)
_FDG = (0.0, 1.5, 1.0, 0.8, 8.0, 4.5)
_THALLIUM = (0.0, 60.0, 30.0, 12.0, 20.0, 20.0)

_TE_MS, _TRANSIT_S, _DSC_TIMES = 30.0, 4.0, np.arange(0, 75, 1.5)
#: Change of R2* (1/s) of white matter at a plasma curve of height 1, and the strongest leak (1/s), either way.
_R2_STAR, _MOST_LEAK = 10.0, 0.015
_DCE_TIMES, _TR_MS, _FLIP_DEG, _LESION_T1_MS, _VE, _VP = np.arange(0, 240, 5.0), 5.0, 15.0, 1400.0, 0.3, 0.03
_LABELLING_MS, _DELAY_MS, _M0 = 1800.0, 1800.0, 1000.0
_T1_BLOOD_MS = {1.5: 1350.0, 3.0: 1650.0}
_B_VALUES = np.array([0.0, 500.0, 1000.0])
#: Which frame of FET radiomics are taken from: 30 to 35 min. And the rise of healthy brain to the delayed image of FDG.
_STILL, _FDG_RISE = 13, 1.15
_CREATINE_MM, _VOXEL_CC, _LINEWIDTH_PPM = 6.0, 3.4, 0.05


def write_examination(examination: Examination, canvas: Canvas, indices: Indices) -> list[Cells]:
    """Write an examination of all lesions of a session.

    Parameters
    ----------
    examination : {"perfusion", "diffusion", "MRS", "PET", "SPECT", "dynamic PET", "FDG PET"}
        What is examined.
    canvas : Canvas
        The head, and where to write.
    indices : list of dict of str to float
        True indices of each lesion, from :func:`radnec.simulate.physiology.true_indices`.

    Returns
    -------
    list of list of dict
        Per lesion the cells of its rows in the cohort table.
    """
    rows = _WRITERS[examination](canvas, indices)
    # An image shows all lesions; a spectrum is of one. A mask that the cells name goes before the usual one.
    return [
        [cells | canvas.masks(lesion) | cells for cells in rows[lesion if len(rows) > 1 else 0]]
        for lesion in range(len(indices))
    ]


def _perfusion(canvas: Canvas, indices: Indices) -> list[Cells]:
    return [[_dsc(canvas, indices), _dce(canvas, indices), _asl(canvas, indices)]]


def _dsc(canvas: Canvas, indices: Indices) -> dict[str, Any]:
    """Write blood volume times one tissue curve, less what leaks: an integral of the curve, which is K2's model."""
    fine = np.arange(0, 75, 0.1)
    since = np.clip(fine - 15.0, 0, None) / 1.5
    arterial = (since / 3) ** 3 * np.exp(3 - since)
    tissue = np.convolve(arterial, np.exp(-fine / _TRANSIT_S))[: len(fine)] * 0.1 / _TRANSIT_S
    artery, curve, leaked = (np.interp(_DSC_TIMES, fine, one) for one in (arterial, tissue, np.cumsum(tissue) * 0.1))
    volumes = canvas.map(_BLOOD, [one["nCBV_mean"] for one in indices])
    leaks = np.r_[0.0, canvas.rng.uniform(-_MOST_LEAK, _MOST_LEAK, size=len(indices))][canvas.labels]
    change = _R2_STAR * (volumes[..., None] * curve - leaks[..., None] * leaked)
    baseline = np.array(_PROTON)[canvas.tissues][..., None]
    signal = canvas.noisy(baseline * np.exp(-_TE_MS / 1000 * change), 3.0)
    rows = [f"{time:g},{20 * _R2_STAR * height:.6g}" for time, height in zip(_DSC_TIMES, artery, strict=True)]
    return {
        "sequence": "DSC",
        "image_path": canvas.write("DSC", _stored(signal)),
        "te_ms": _TE_MS,
        "frame_times_s": _listed(_DSC_TIMES),
        "aif_path": canvas.text("DSC_aif.csv", ["time_s,delta_r2_star_per_s", *rows]),
    }


def _dce(canvas: Canvas, indices: Indices) -> dict[str, Any]:
    blood = plasma(parker(_DCE_TIMES, arrival_s=32.0))
    signal = np.repeat(np.array(_PROTON)[canvas.tissues][..., None], len(_DCE_TIMES), axis=-1)
    for number, one in enumerate(indices, start=1):
        curve = tofts_curve(blood, _DCE_TIMES, ktrans_per_min=one["Ktrans_per_min_mean"], ve=_VE, vp=_VP)
        uptake = spgr_signal(curve, t1_ms=_LESION_T1_MS, tr_ms=_TR_MS, flip_angle_deg=_FLIP_DEG)
        signal[canvas.labels == number] *= uptake
    t1_ms = np.array(_T1_MS)[canvas.tissues]
    t1_ms[canvas.labels > 0] = _LESION_T1_MS
    return {
        "sequence": "DCE",
        "image_path": canvas.write("DCE", _stored(canvas.noisy(signal, 3.0))),
        "t1_map_path": canvas.write("T1map", _stored(t1_ms)),
        "tr_ms": _TR_MS,
        "flip_angle_deg": _FLIP_DEG,
        "frame_times_s": _listed(_DCE_TIMES),
    }


def _asl(canvas: Canvas, indices: Indices) -> dict[str, Any]:
    white = _FLOW[-1]
    flow = canvas.map(_FLOW, [white * one["nASL_CBF_mean"] for one in indices])
    timing = {"post_labelling_delay_ms": _DELAY_MS, "labelling_duration_ms": _LABELLING_MS}
    per_unit = float(pcasl_cbf(1.0, _M0, t1_blood_ms=_T1_BLOOD_MS[canvas.field_strength_t], **timing))
    difference = canvas.noisy(flow / per_unit, 0.2)
    return {
        "sequence": "ASL",
        "image_path": canvas.write("ASL", difference.astype(np.float32)),
        "m0_path": canvas.write("M0", _stored(np.where(canvas.tissues > 0, _M0, 0.0))),
        "asl_labelling": "pcasl",
        "asl_labelling_duration_ms": _LABELLING_MS,
        "asl_delay_ms": _DELAY_MS,
    }


def _diffusion(canvas: Canvas, indices: Indices) -> list[Cells]:
    adc = canvas.map(_ADC, [one["ADC_um2_per_ms_mean"] for one in indices])
    signal = 2 * np.array(_PROTON)[canvas.tissues][..., None] * np.exp(-_B_VALUES / 1000 * adc[..., None])
    path = canvas.write("DWI", _stored(canvas.noisy(signal, 4.0)))
    return [[{"sequence": "DWI", "image_path": path, "bval_path": canvas.text("DWI.bval", ["0 500 1000"])}]]


def _spectra(canvas: Canvas, indices: Indices) -> list[Cells]:
    """Write a spectrum of each lesion; the image is the map of its voxel's place, which every row needs."""
    place = canvas.write("MRS_voxels", canvas.labels)
    cells = {"sequence": "MRS", "image_path": place, "mrs_voxel_cc": _VOXEL_CC}
    found = []
    for lesion, one in enumerate(indices, start=1):
        choline = one["Cho_Cr"] * _CREATINE_MM
        amounts = {"tCho": choline, "tCr": _CREATINE_MM, "tNAA": choline / one["Cho_NAA"]}
        amounts["LipLac"] = one["LipLac_Cr"] * _CREATINE_MM
        lines = [f"{name},{amount:.6g},6,mM,{_LINEWIDTH_PPM}" for name, amount in amounts.items()]
        header = "metabolite,concentration,crlb_percent,unit,linewidth_ppm"
        found.append([{**cells, "metabolite_table_path": canvas.text(f"MRS_L{lesion}.csv", [header, *lines])}])
    return found


def _pet(canvas: Canvas, indices: Indices) -> list[Cells]:
    """Write uptake that falls from the lesion's centre, whose hottest voxel has TBRmax times that of white matter."""
    suv = canvas.map(_FET, [])
    for number, one in enumerate(indices, start=1):
        suv[canvas.labels == number] = 1 + _falling(canvas, number, one["TBRmax"] - 1)
    path = canvas.write("PET-FET", canvas.noisy(suv, 0.01).astype(np.float32))
    return [[{"sequence": "PET-FET", "image_path": path, "minutes_after_injection": 20.0}]]


def _falling(canvas: Canvas, number: int, top: float) -> Floats:
    """Return a value for each voxel of a lesion (from 1), which falls from `top` at its centre."""
    fall = 1 - 0.35 * canvas.scene.depths[number - 1][canvas.labels == number] ** 2
    return np.asarray(top * fall / fall.max(initial=0.65))


def _dynamic_pet(canvas: Canvas, indices: Indices) -> list[Cells]:
    """Write a series in which the lesion, and a focus about its centre that may reach beyond it, has one curve."""
    suv = canvas.map(_FET, [])[..., None] * frame_uptake(HEALTHY_PEAK_MIN)
    for number, one in enumerate(indices, start=1):
        own = canvas.labels == number
        if not own.any():
            continue
        centre = np.unravel_index(np.where(own, canvas.scene.depths[number - 1], np.inf).argmin(), own.shape)
        steps = np.indices(own.shape).T - np.array(centre)
        distance_mm = np.linalg.norm(steps * GRID.spacing_mm[::-1], axis=-1).T
        focus = own | ((distance_mm <= FOCUS_MM) & (canvas.labels == 0))
        level = one["TBRmax"] * (1 - FOCUS_FALL * (distance_mm[focus] / FOCUS_MM).clip(max=1) ** 2)
        suv[focus] = level[:, None] * frame_uptake(one["TTP_min"])
    path = canvas.write("PET-FET", canvas.noisy(suv, 0.01).astype(np.float32))
    times = _listed(60 * EDGES_MIN)
    return [[{"sequence": "PET-FET", "image_path": path, "frame_times_s": times, "volume": str(_STILL)}]]


def _fdg(canvas: Canvas, indices: Indices) -> list[Cells]:
    """Write uptake early and delayed, whose hottest voxel is relative to grey matter, the reference."""
    found: list[Cells] = [[] for _ in indices]
    for phase, minutes, rise, changed in (("early", 60.0, 1.0, 0.0), ("delayed", 240.0, _FDG_RISE, 0.01)):
        suv = rise * canvas.map(_FDG, [])
        for number, one in enumerate(indices, start=1):
            ratio = one["TBRmax_FDG"] * (1 + changed * one["FDG_dual_phase_change_percent"])
            suv[canvas.labels == number] = _falling(canvas, number, rise * _FDG[Tissue.grey] * ratio)
        path = canvas.write(f"PET-FDG_{phase}", canvas.noisy(suv, 0.03).astype(np.float32))
        cells = {"sequence": "PET-FDG", "phase": phase, "image_path": path, "minutes_after_injection": minutes}
        for lesion, rows in enumerate(found):
            rows.append({**cells, "reference_mask_path": canvas.grey[canvas.other_side(lesion)]})
    return found


def _spect(canvas: Canvas, indices: Indices) -> list[Cells]:
    found = []
    for phase, minutes, washed in (("early", 15.0, False), ("delayed", 180.0, True)):
        kept = [one["Tl201_retention_index"] if washed else 1.0 for one in indices]
        ratios = [one["Tl201_index_early"] * share for one, share in zip(indices, kept, strict=True)]
        counts = canvas.map(_THALLIUM, [_THALLIUM[-1] * ratio for ratio in ratios])
        path = canvas.write(f"SPECT-Tl201_{phase}", canvas.noisy(counts, 0.4).astype(np.float32))
        cells = {"sequence": "SPECT-Tl201", "phase": phase, "image_path": path}
        found.append(cells | {"minutes_after_injection": minutes})
    return [found]


def _stored(values: Floats) -> Any:
    return values.clip(0, 32_000).round().astype(np.int16)


def _listed(times: Floats) -> str:
    return ";".join(f"{time:g}" for time in times)


_WRITERS: dict[str, Callable[[Canvas, Indices], list[Cells]]] = {
    "perfusion": _perfusion,
    "diffusion": _diffusion,
    "MRS": _spectra,
    "PET": _pet,
    "SPECT": _spect,
    "dynamic PET": _dynamic_pet,
    "FDG PET": _fdg,
}
