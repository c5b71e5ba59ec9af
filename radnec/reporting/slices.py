"""Draws the slices of an image where a lesion is largest, with its contour, as a radiologist is used to see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk
from matplotlib.figure import Figure

from radnec.errors import ImageError
from radnec.imaging.standardise.foreground import foreground

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: Percentiles of the brain's intensities that become black and white.
WINDOW = (0.5, 99.5)
_CONTOUR, _HALO, _WRITING = "#F0E442", "#000000", "#FFFFFF"
#: Millimetres around the head, around the enlarged lesion, and the least side of the enlarged square.
_MARGIN, _AROUND, _LEAST = 4.0, 12.0, 40.0
_BAR = 10.0
_WIDTH = 9.6


@dataclass(frozen=True)
class Plane:
    """One plane of a volume: its axis in the array (z, y, x), and what is written at left, right, top and bottom."""

    name: str
    axis: int
    letters: str


#: Radiological convention: the patient's right is on the left.
PLANES = (Plane("axial", 0, "RLAP"), Plane("coronal", 1, "RLSI"), Plane("sagittal", 2, "APSI"))


@dataclass(frozen=True)
class Volume:
    """An image and its lesion, with axes to the patient's left, back and head.

    Parameters
    ----------
    values : array of shape (z, y, x)
        Intensities.
    inside : bool array of shape (z, y, x)
        The lesion.
    spacing_mm : array of shape (3,)
        In the order of the array's axes.
    window : tuple of float
        Intensities that become black and white.
    head : tuple of slice
        The part of each axis that holds the head and the lesion.
    tilt_deg : float
        Largest angle between an axis of the image and the patient's.
    """

    values: Array
    inside: NDArray[np.bool_]
    spacing_mm: Array
    window: tuple[float, float]
    head: tuple[slice, slice, slice]
    tilt_deg: float

    @classmethod
    def of(cls, image: sitk.Image, mask: sitk.Image, brain: sitk.Image | None = None) -> Volume:
        """Turn an image and a mask on its grid to the patient's axes.

        Parameters
        ----------
        image, mask : SimpleITK.Image
            Three-dimensional image, and the lesion, not empty.
        brain : SimpleITK.Image, optional
            Brain mask on the same grid, from which the window is taken; without it, what Otsu's threshold parts from
            air.

        Raises
        ------
        radnec.errors.ImageError
            If the image has no finite intensities, or several components.
        """
        if image.GetNumberOfComponentsPerPixel() > 1:
            raise ImageError("the image has several values per voxel; expected one")
        image = sitk.Cast(image, sitk.sitkFloat32)
        values = sitk.GetArrayFromImage(sitk.DICOMOrient(image, "LPS")).astype(np.float64)
        turned = sitk.DICOMOrient(mask, "LPS")
        finite = np.isfinite(values)
        if not finite.any():
            raise ImageError("no voxel is finite: there is nothing to show")
        inside = sitk.GetArrayFromImage(turned) != 0
        values = np.where(finite, values, values[finite].min())
        spacing = np.array(turned.GetSpacing()[::-1])
        axes = np.abs(np.array(turned.GetDirection()).reshape(3, 3).diagonal())
        tilt = float(np.degrees(np.arccos(np.clip(axes, 0, 1))).max())
        return cls(values, inside, spacing, _window(image, brain, values), _head(values, inside, spacing), tilt)

    @property
    def volume_ml(self) -> float:
        """Volume of the lesion's voxels in millilitres."""
        return float(self.inside.sum() * self.spacing_mm.prod() / 1000)

    def largest(self, plane: Plane) -> int:
        """Return the slice on which the lesion has the largest area; of several the middle one."""
        areas = self.inside.sum(axis=tuple(axis for axis in range(3) if axis != plane.axis))
        best = np.flatnonzero(areas == areas.max())
        return int(best[(len(best) - 1) // 2])

    def section(self, plane: Plane) -> tuple[Array, NDArray[np.bool_], Array]:
        """Return the largest slice as it is shown: intensities, lesion, and spacing of rows and columns in mm."""
        others = [axis for axis in range(3) if axis != plane.axis]
        index: list[slice | int] = [self.head[axis] for axis in range(3)]
        index[plane.axis] = self.largest(plane)
        # Rows of an axial slice run to the back already; those of the others run to the head, which belongs on top.
        turn = slice(None, None, 1 if plane.axis == 0 else -1)
        where = tuple(index)
        return self.values[where][turn], self.inside[where][turn], self.spacing_mm[others]


def _window(image: sitk.Image, brain: sitk.Image | None, values: Array) -> tuple[float, float]:
    try:
        inside = foreground(image, "otsu" if brain is None else "brain", brain)
    except ImageError:
        inside = values.ravel()
    low, high = np.percentile(inside, WINDOW)
    return (float(low), float(high)) if high > low else (float(values.min()), float(values.max()) + 1e-6)


def _head(values: Array, inside: NDArray[np.bool_], spacing: Array) -> tuple[slice, slice, slice]:
    """Return the box of the lesion and of all that is brighter than air."""
    kept = inside | (values > values.min() + 0.1 * np.ptp(np.percentile(values, [1, 99])))
    box = []
    for axis in range(3):
        held = np.flatnonzero(kept.any(axis=tuple(other for other in range(3) if other != axis)))
        margin = int(np.ceil(_MARGIN / spacing[axis]))
        box.append(slice(max(0, int(held[0]) - margin), int(held[-1]) + 1 + margin))
    return box[0], box[1], box[2]


def lesion_figure(volume: Volume) -> Figure:
    """Draw the three planes with the contour, and the axial one enlarged without it.

    Parameters
    ----------
    volume : Volume
        Image and lesion.

    Returns
    -------
    matplotlib.figure.Figure
        White on black, to the same scale in the three planes; not known to pyplot.
    """
    sections = [volume.section(plane) for plane in PLANES]
    sizes = [np.array(values.shape) * spacing for values, _, spacing in sections]
    height = max(size[0] for size in sizes)
    widths = [size[1] for size in sizes] + [height]
    figure = Figure(figsize=(_WIDTH, _WIDTH * height / sum(widths)), facecolor=_HALO)
    panels = figure.subplots(1, 4, width_ratios=widths)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, wspace=0.02)
    for axes, plane, section in zip(panels, PLANES, sections, strict=False):
        _show(axes, section[0], section[2], volume.window)
        _outline(axes, section[1], section[2])
        _letters(axes, plane.letters)
    _enlarged(panels[3], volume)
    return figure


def _show(axes: Axes, values: Array, spacing: Array, window: tuple[float, float]) -> None:
    rows, columns = np.array(values.shape) * spacing
    axes.imshow(
        values,
        cmap="gray",
        vmin=window[0],
        vmax=window[1],
        extent=(0, columns, rows, 0),
        aspect="equal",
        interpolation="bilinear",
    )
    axes.set_axis_off()


def _outline(axes: Axes, inside: NDArray[np.bool_], spacing: Array) -> None:
    # A rim of nothing closes the contour of a lesion that reaches the border of the image.
    padded = np.pad(inside.astype(float), 1)
    y, x = (spacing[axis] * (np.arange(padded.shape[axis]) - 0.5) for axis in (0, 1))
    for colour, width in ((_HALO, 2.2), (_CONTOUR, 1.1)):
        axes.contour(x, y, padded, levels=[0.5], colors=colour, linewidths=width)


def _letters(axes: Axes, letters: str) -> None:
    sides = ((0.02, 0.5, "left", "center"), (0.98, 0.5, "right", "center"))
    places = (*sides, (0.5, 0.98, "center", "top"), (0.5, 0.02, "center", "bottom"))
    for letter, (x, y, across, up) in zip(letters, places, strict=True):
        _write(axes, x, y, letter, across, up)


def _write(axes: Axes, x: float, y: float, text: str, across: str, up: str) -> None:
    axes.text(
        x,
        y,
        text,
        transform=axes.transAxes,
        ha=across,
        va=up,
        color=_WRITING,
        fontsize=9,
        fontweight="bold",
        bbox={"facecolor": _HALO, "edgecolor": "none", "pad": 1.5, "alpha": 0.6},
    )


def _enlarged(axes: Axes, volume: Volume) -> None:
    values, inside, spacing = volume.section(PLANES[0])
    _show(axes, values, spacing, volume.window)
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    extent = [(held[0] * step, (held[-1] + 1) * step) for held, step in zip((rows, columns), spacing, strict=True)]
    side = max(_LEAST, *(high - low + 2 * _AROUND for low, high in extent))
    y, x = (sum(ends) / 2 for ends in extent)
    axes.set(xlim=(x - side / 2, x + side / 2), ylim=(y + side / 2, y - side / 2))
    _letters(axes, PLANES[0].letters)
    left, base = x - side / 2 + 0.06 * side, y + side / 2 - 0.07 * side
    axes.plot([left, left + _BAR], [base, base], color=_WRITING, linewidth=2)
    axes.text(left, base - 0.02 * side, f"{_BAR / 10:g} cm", color=_WRITING, fontsize=8, va="bottom")
