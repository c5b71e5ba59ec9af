"""Measures diffusion of a series of b-values, or of a map of the apparent diffusion coefficient."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from radnec.errors import MeasurementError
from radnec.imaging.dicom.b_values import read_b_values
from radnec.imaging.dicom.files import is_dicom
from radnec.quantify.diffusion import adc_indices, apparent_diffusion
from radnec.quantify.examinations.acquisition import values
from radnec.quantify.examinations.examination import Examination
from radnec.quantify.examinations.relative import against_reference

if TYPE_CHECKING:
    from radnec.quantify.examinations.acquisition import Acquisition
    from radnec.quantify.examinations.session import Lesion
    from radnec.quantify.inputs import Floats
    from radnec.quantify.measurement import Measurement

_UNITS = {
    "ADC_um2_per_ms_mean": "µm²/ms",
    "ADC_um2_per_ms_p5": "µm²/ms",
    "ADC_um2_per_ms_p10": "µm²/ms",
    "nADC_mean": "1",
}
#: What a unit is called, and how many µm²/ms it is. Those in use are a thousandfold apart, and ADC of a brain is not.
_MAP_UNITS = {"10⁻³ mm²/s": 1.0, "10⁻⁶ mm²/s": 1e-3, "mm²/s": 1e3}
#: Median of a lesion in µm²/ms: ice has less, free water at body temperature 3.
_PLAUSIBLE = (0.1, 5.0)


def _series(lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired("DWI")
    if found is None:
        return []
    b_values = _b_values(found)
    adc = apparent_diffusion(found.series, b_values)
    middle = found.middle(adc)
    if np.isfinite(middle) and not _PLAUSIBLE[0] <= middle <= _PLAUSIBLE[1]:
        told = ", ".join(f"{b:g}" for b in b_values[:6])
        raise MeasurementError(
            f"the median of the lesion is {middle:.4g} µm²/ms with b-values of {told} s/mm², which is no ADC "
            f"({_PLAUSIBLE[0]:g} to {_PLAUSIBLE[1]:g}); expected b-values in s/mm² in the order of the images"
        )
    return _indices(found, adc, ())


def _b_values(found: Acquisition) -> list[float]:
    """Return the b-values that the row names, or else those of its DICOM headers."""
    image = Path(found.text("image_path"))
    if not found.row["bval_path"] and (image.is_dir() or is_dicom(image)):
        return read_b_values(image, series_uid=found.row["series_uid"] or None)
    path = found.text("bval_path")
    try:
        return [float(part) for part in Path(path).read_text(encoding="utf-8").replace(",", " ").split()]
    except (OSError, ValueError) as error:
        raise MeasurementError(f"b-values {Path(path).name}: {error}; expected numbers with blanks between") from error


def _map(lesion: Lesion) -> list[Measurement]:
    found = lesion.acquired("ADC")
    if found is None:
        return []
    stored = values(found.image)
    # Scanners write 0 where they could not fit one; no tissue has it.
    stored = np.where(stored == 0, np.nan, stored)
    middle = found.middle(stored)
    if not np.isfinite(middle):
        raise MeasurementError("no voxel of the lesion has a value in the map; 0 and what is not finite are none")
    for unit, scale in _MAP_UNITS.items():
        if _PLAUSIBLE[0] <= middle * scale <= _PLAUSIBLE[1]:
            return _indices(found, stored * scale, (f"from the map ADC, read as {unit}",))
    raise MeasurementError(
        f"the median of the lesion is {middle:.4g}, which is no ADC in {', '.join(_MAP_UNITS)}; expected one of these"
    )


def _indices(found: Acquisition, adc: Floats, flags: tuple[str, ...]) -> list[Measurement]:
    return against_reference(found, partial(adc_indices, adc, flags=flags))


EXAMINATIONS = (Examination("DWI", _UNITS, _series), Examination("ADC", _UNITS, _map))
