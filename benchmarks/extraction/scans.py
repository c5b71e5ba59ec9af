"""Writes the scans that are measured: real brain MR as it is and at 1 mm, and masks of its lesion and of ten others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import SimpleITK as sitk

if TYPE_CHECKING:
    from pathlib import Path

# Positions (z, y, x in fractions of the volume) and radii (mm) of ten lesions of 0.1 to 10 mL.
LESIONS = [(0.30 + 0.04 * k, 0.30 + 0.04 * k, 0.35 + 0.03 * k, 2.9 + 1.15 * k) for k in range(10)]


class Written(NamedTuple):
    """Files of one scan, in NIfTI, which every tool reads."""

    image: str
    lesion: str
    spheres: list[str]


def write_scans(folder: Path, reference: Path) -> dict[str, Written]:
    """Write image, lesion mask and ten further masks, as they are and at 1 mm."""
    brain, lesion = (sitk.ReadImage(reference / f"mr_brain/brain1_{part}.nrrd") for part in ("image", "label"))
    size = [round(n * s) for n, s in zip(brain.GetSize(), brain.GetSpacing(), strict=True)]
    grid = (size, sitk.Transform(), sitk.sitkBSpline, brain.GetOrigin(), (1.0, 1.0, 1.0), brain.GetDirection())
    fine = sitk.Resample(brain, *grid, 0.0, brain.GetPixelID())
    nearest = (*grid[:2], sitk.sitkNearestNeighbor, *grid[3:])
    scans = {"brain1": (brain, lesion), "iso1": (fine, sitk.Resample(lesion, *nearest, 0.0, lesion.GetPixelID()))}
    written = {}
    for name, (image, mask) in scans.items():
        masks = [sitk.Cast(mask > 0, sitk.sitkUInt8), *(sphere(image, *place) for place in LESIONS)]
        paths = [str(folder / f"{name}_{part}.nii") for part in ("image", "lesion", *range(len(LESIONS)))]
        for one, path in zip((image, *masks), paths, strict=True):
            sitk.WriteImage(one, path)
        written[name] = Written(paths[0], paths[1], paths[2:])
    return written


def sphere(image: sitk.Image, z: float, y: float, x: float, radius_mm: float) -> sitk.Image:
    """Return the mask of a sphere about a voxel that is given in fractions of the volume."""
    size, spacing = image.GetSize()[::-1], image.GetSpacing()[::-1]
    axes = [((np.arange(n) - round(f * n)) * s) ** 2 for n, s, f in zip(size, spacing, (z, y, x), strict=True)]
    inside = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :] <= radius_mm**2
    mask = sitk.GetImageFromArray(inside.astype(np.uint8))
    mask.CopyInformation(image)
    return mask
