"""Reads a file as radnec reads it, and says whether what came out may be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import SimpleITK as sitk
from seeds import series_files

from radnec.errors import MaskError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: A volume read may have this many times the bytes of its file, at most (gzip packs 1032 : 1).
_MOST = 1100
#: Seeds whose voxels are packed, with a checksum.
_CHECKED = ("v_nii_gz", "z_nrrd", "z_mha")


@dataclass(frozen=True)
class Reading:
    """What a parser returned, in a form that can be compared.

    Parameters
    ----------
    grid : tuple
        Size, spacing, origin and direction; empty for tables.
    content : bytes
        Voxels or cells.
    """

    grid: tuple[Any, ...]
    content: bytes


def _of_image(image: sitk.Image) -> Reading:
    grid = (image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    return Reading(grid, sitk.GetArrayViewFromImage(image).tobytes())


def _only(folder: Path) -> Path:
    """Return the file to open in a folder of seeds: the header of a detached pair, the folder of a series."""
    files = sorted(folder.iterdir())
    named = [file for file in files if file.suffix in (".mhd", ".nhdr", ".csv")]
    if named or len(files) == 1:
        return (named or files)[0]
    return folder


def read_image(folder: Path, _image: sitk.Image) -> Reading:
    """Read an image."""
    from radnec.imaging.readers import read_image as read

    return _of_image(read(_only(folder)))


def read_mask(folder: Path, image: sitk.Image) -> Reading:
    """Read lesion 1 on the grid of the image."""
    from radnec.imaging.masks import read_mask as read

    return _of_image(read(_only(folder), image, label=1))


def read_dose(folder: Path, _image: sitk.Image) -> Reading:
    """Read a dose grid."""
    from radnec.imaging.dose.reading import read_dose as read

    return _of_image(read(_only(folder)))


def read_table(folder: Path, _image: sitk.Image) -> Reading:
    """Read a cohort, a feature table or settings, as the name says."""
    from radnec.cohort import read_cohort
    from radnec.config import ExtractionConfig
    from radnec.features.table import column_names
    from radnec.features.table import read_table as read

    path = _only(folder)
    if path.suffix == ".yaml":
        own = path.stem == "settings"
        config = (ExtractionConfig.from_yaml if own else ExtractionConfig.from_pyradiomics_yaml)(path)
        return Reading((), config.to_yaml().encode())
    if path.stem == "cohort":
        return Reading((), read_cohort(path).to_csv().encode())
    column_names(path)
    return Reading((), read(path).to_csv().encode())


def read_report(folder: Path, _image: sitk.Image) -> Reading:
    """Read a structured report; the patient may change, which de-identification does too."""
    from radnec.reporting.sr_reading import read_sr

    return Reading((), read_sr(_only(folder)).drop(columns="patient_id").to_csv().encode())


def read_suv(folder: Path, _image: sitk.Image) -> Reading:
    """Read PET as SUV."""
    from radnec.imaging.readers import read_acquisition

    return _of_image(read_acquisition(_only(folder), "PET-FDG"))


def read_frame(folder: Path, _image: sitk.Image) -> Reading:
    """Read the second of two volumes, by its number."""
    from radnec.imaging.readers import read_frame as read

    return _of_image(read(_only(folder), 1))


def read_headers(folder: Path, _image: sitk.Image) -> Reading:
    """Fill the empty columns of a row; a series that cannot be read is refused."""
    from radnec.errors import ReadError
    from radnec.imaging.dicom.headers import fill_from_headers

    row = {"patient_id": "P1", "session_id": "1", "sequence": "T1w", "image_path": str(_only(folder))}
    filled, told = fill_from_headers(pd.DataFrame([row | {"session_date": pd.NaT, "age_years": pd.NA, "sex": pd.NA}]))
    if "image_path" in told["column"].tolist():
        raise ReadError(told["header"].iloc[0])
    facts = filled.drop(columns=[*row]).iloc[0].dropna()
    return Reading((), "\n".join(f"{name}={value}" for name, value in facts.items()).encode())


def read_layout(folder: Path, _image: sitk.Image) -> Reading:
    """Draft the cohort table of a data set, whose folder is called as its preset."""
    from radnec.imaging.layouts import draft_cohort

    [data_set] = folder.iterdir()
    return Reading((), draft_cohort(data_set, data_set.name).to_csv().encode())


def read_source(folder: Path, _image: sitk.Image) -> Reading:
    """Read what a report says of its images."""
    from radnec.reporting.sr_source import read_source as read

    return Reading((), "".join(str(element) for header in read(folder) for element in header).encode())


def read_region(folder: Path, _image: sitk.Image) -> Reading:
    """Find lesion 1 for a report on the undamaged images."""
    from radnec.reporting.sr_regions import find_region

    found = find_region(_only(folder), 1, series_files())
    if not found.arguments:
        raise MaskError(found.note)  # refused in words
    told = [str(item) for content in found.arguments.values() for item in content]
    return Reading((), f"{told} {found.tracking_uid}".encode())


def read_labels(folder: Path, _image: sitk.Image) -> Reading:
    """List what a mask file marks."""
    from radnec.imaging.masks import list_labels

    return Reading((), "\n".join(f"{number} {name}" for number, name in list_labels(_only(folder))).encode())


def read_model(folder: Path, _image: sitk.Image) -> Reading:
    """Load a model, and let it judge its own test rows."""
    import radnec

    model = radnec.load(_only(folder))
    recipes = list(model.models_.values()) if isinstance(model, radnec.Pathway) else [model.recipe_]
    return Reading((), b"".join(recipe.predict_proba(model.canary_).tobytes() for recipe in recipes))


READERS: dict[str, Callable[[Path, sitk.Image], Reading]] = {
    "image": read_image,
    "mask": read_mask,
    "dose": read_dose,
    "table": read_table,
    "report": read_report,
    "suv": read_suv,
    "frame": read_frame,
    "headers": read_headers,
    "layout": read_layout,
    "source": read_source,
    "region": read_region,
    "labels": read_labels,
    "model": read_model,
}


def complaint(name: str, way: str, found: Reading, pristine: Reading, file_bytes: int) -> str:
    """Return what is wrong with a reading of a damaged file, or "".

    A changed voxel, spacing or cell is a valid file of other content, which no parser can tell. What it must never be
    is a reading that no file can mean: see each rule.
    """
    kind, seed = name.split("/")
    if kind == "layout":
        return ""  # a damaged file is left out of the draft, which says so
    if kind == "headers":
        facts, known = (set(one.content.decode().split("\n")) for one in (found, pristine))
        return "a header that is cut short told something else" if way == "truncate" and not facts <= known else ""
    if kind == "model":
        return _of_model(way, found, pristine)
    if way == "truncate" and kind != "table" and found != pristine:
        return "a file that is cut short was read as something else"
    if kind == "report" and found != pristine:
        return "a report was read with other results than were written"
    if seed in _CHECKED and found.content != pristine.content:
        return "a file with a checksum was read with other voxels"
    if kind in ("image", "mask", "dose", "suv", "frame"):
        return _of_volume(kind, found, pristine, file_bytes)
    return ""


def _of_volume(kind: str, found: Reading, pristine: Reading, file_bytes: int) -> str:
    _, spacing, origin, direction = found.grid
    axes = np.array(direction).reshape(3, 3)
    rectangular = np.allclose(axes.T @ axes, np.eye(3), atol=1e-2)
    if not (np.isfinite([*spacing, *origin]).all() and min(spacing) > 0 and rectangular):
        return f"an impossible grid: {found.grid}"
    if len(found.content) > _MOST * file_bytes:
        return f"{len(found.content)} bytes of voxels from a file of {file_bytes}"
    if kind == "mask":
        if found.grid != pristine.grid:
            return f"the mask is not on the grid of its image: {found.grid}"
        if set(found.content) != {0, 1}:
            return f"the mask holds {sorted(set(found.content))}"
    return ""


def _of_model(way: str, found: Reading, pristine: Reading) -> str:
    if found != pristine and way not in ("reforge", "swap"):
        return "a damaged model was read as another"
    p = np.frombuffer(found.content)
    return "" if ((p >= 0) & (p <= 1)).all() else "a model gives what is no probability"
