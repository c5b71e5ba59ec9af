"""Splits the lesions of a cohort whose masks mark several under one label, one row for each component."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd
import SimpleITK as sitk

from radnec.cohort.fields import KEYS
from radnec.cohort.segments import mask_label, mask_threshold
from radnec.errors import ImageError, MaskError, MaskWarning, TableError
from radnec.imaging.cohort_images import row_image
from radnec.imaging.masks import read_mask
from radnec.imaging.masks.components import Connectivity, split_lesions
from radnec.imaging.masks.drawn_on import drawn_there_first
from radnec.imaging.masks.region_labels import read_regions

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable

    from radnec.imaging.masks.components import Components
    from radnec.imaging.masks.region_labels import RegionLabels

_NEEDED = (*KEYS, "sequence", "image_path", "mask_path")


def split_cohort(
    cohort: pd.DataFrame, folder: str | os.PathLike[str], *, min_voxels: int = 1, connectivity: Connectivity = 26
) -> pd.DataFrame:
    """Give every connected component of a lesion's mask a lesion and rows of its own.

    Parameters
    ----------
    cohort : pandas.DataFrame
        Table from :func:`radnec.read_cohort`. All rows of a lesion in a session must have one mask, or be its regions,
        each by a label of its own in one file.
    folder : path-like
        Where the label maps of lesions with several components are written, one for each session, or one for each
        component of a lesion with regions; made if absent.
    min_voxels, connectivity
        As in :func:`radnec.imaging.masks.split_lesions`.

    Returns
    -------
    pandas.DataFrame
        The rows of each lesion once for each component, with the columns ``component`` (1 is the largest),
        ``component_voxels`` and ``unsplit_lesion_id``. Where there are several components, ``mask_path`` and
        ``mask_label`` point to the file written, and ``lesion_id`` is the old one with the session and the component,
        such as ``L1/S2/3``: sizes alone do not tell which component is which in another session, so none is called the
        same. A lesion with one component that fills its mask keeps its row as it is. The regions of a lesion are joined
        before its components are taken; a component gets the rows of the regions that it holds, with their label, in
        a file of its own.

    Raises
    ------
    radnec.errors.TableError
        If a column is absent, or the table was split before.
    radnec.errors.MaskError
        If a file that would be written exists, or a lesion has several masks in a session, whose components need not
        be the same, or its regions overlap.
    radnec.errors.ImageError
        If an image or a mask cannot be read, with the lesion's name.

    Warns
    -----
    radnec.errors.MaskWarning
        Once, with how many lesions were split and how many components were left out: labels and outcomes of the lesion
        now stand in the rows of all its components, and should be looked at.

    Notes
    -----
    A mask is opened on the image that it was drawn on (``mask_sequence``). Regions that touch, oedema included, are one
    component: to tell apart metastases that share their oedema, leave the rows of the oedema out.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> mask = sitk.Image(9, 9, 9, sitk.sitkUInt8)
    >>> mask[1:3, 1, 1] = 1
    >>> mask[5:8, 5, 5] = 1
    >>> sitk.WriteImage(mask, folder / "m.nrrd")
    >>> sitk.WriteImage(sitk.Image(9, 9, 9, sitk.sitkInt16), folder / "t1.nrrd")
    >>> row = {"patient_id": "P1", "session_id": "S1", "lesion_id": "L1", "sequence": "T1wCE"}
    >>> row |= {"image_path": str(folder / "t1.nrrd"), "mask_path": str(folder / "m.nrrd"), "mask_label": 1}
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", MaskWarning)
    ...     split = split_cohort(pd.DataFrame([row]), folder / "split")
    >>> split[["lesion_id", "mask_label", "component_voxels"]]
      lesion_id  mask_label  component_voxels
    0   L1/S1/1           1                 3
    1   L1/S1/2           2                 2
    """
    _verify(cohort)
    taken = [
        file
        for key in cohort.groupby(list(KEYS), dropna=False).groups
        for file in (_file(key, Path(folder)), _file(key, Path(folder), 1))
        if file.exists()
    ]
    if taken:
        raise MaskError(
            f"{taken[0]} exists, and may have been drawn by hand; expected a folder without masks of these lesions. "
            "Name another folder, or remove the files of an earlier split"
        )
    pieces: list[pd.DataFrame] = []
    split = left_out = 0
    for key, rows in cohort.groupby(list(KEYS), sort=False, dropna=False):
        found, regions = _components(rows, min_voxels, connectivity)
        several = found is not None and (len(found.voxels) > 1 or bool(found.left_out))
        if found is None or not several:
            count = pd.NA if found is None else found.voxels[0]
            pieces.append(_marked(rows, 1 if found is not None else pd.NA, count))
            continue
        split += 1
        left_out += len(found.left_out)
        if regions is None:
            pieces.extend(_split(rows, key, found, Path(folder)))
        else:
            pieces.extend(_split_regions(rows, key, found, regions, Path(folder)))
    if split:
        warnings.warn(
            f"{split} lesions of a session were split into components, {left_out} components of fewer than "
            f"{min_voxels} voxels were left out. Each component has the label and outcome of its lesion, and a "
            "lesion_id of its own in each session: look at both before learning from them",
            MaskWarning,
            stacklevel=2,
        )
    return pd.concat(pieces, ignore_index=True).astype({"component": "Int64", "component_voxels": "Int64"})


def _verify(cohort: pd.DataFrame) -> None:
    missing = [name for name in _NEEDED if name not in cohort.columns]
    if missing or cohort.empty:
        raise TableError(
            f"the cohort has no {', '.join(missing) or 'rows'}; pass what radnec.read_cohort returns, with one row per "
            "lesion, session and sequence"
        )
    if "component" in cohort.columns:
        raise TableError("the cohort has a column component: it was split before; split the table as it was at first")


def _components(
    rows: pd.DataFrame, min_voxels: int, connectivity: Connectivity
) -> tuple[Components | None, RegionLabels | None]:
    """Return the components of a lesion in a session, None where no row has a mask (spectra), and its regions."""
    with_mask = drawn_there_first(rows[rows["mask_path"].notna()])
    if with_mask.empty:
        return None, None
    row = {str(name): value for name, value in with_mask.iloc[0].items()}
    name = f"lesion {'/'.join(str(row[key]) for key in KEYS)}"
    labels = _labels(with_mask)
    divided = len(set(labels)) > 1 and _is_divided(with_mask, labels)
    thresholds = [mask_threshold(cell) for cell in with_mask.get("mask_threshold", [None] * len(with_mask))]
    masks = set(zip(with_mask["mask_path"].astype(str), labels, thresholds, strict=True))
    if len(masks) > 1 and not divided:
        listed = ", ".join(Path(path).name for path in dict.fromkeys(with_mask["mask_path"]))
        raise MaskError(
            f"{name} has {len(masks)} masks in one session ({listed}), whose components need not be the same. Draw all "
            "its sequences on one mask, or split each sequence as a cohort of its own."
        )
    try:
        image, path, threshold = row_image(row), row["mask_path"], mask_threshold(row.get("mask_threshold"))
        regions = read_regions(path, image, labels, threshold=threshold) if divided else None
        mask = read_mask(path, image, label=labels[0], threshold=threshold) if regions is None else regions.image
        return split_lesions(mask, min_voxels=min_voxels, connectivity=connectivity), regions
    except ImageError as error:
        raise type(error)(f"{name}: {error}") from error


def _labels(rows: pd.DataFrame) -> list[int | str]:
    if "mask_label" not in rows:
        return [1] * len(rows)
    return [mask_label(label) for label in rows["mask_label"]]


def _is_divided(rows: pd.DataFrame, labels: list[int | str]) -> bool:
    """Return whether several labels are the regions of a lesion: all in one file, one for each region."""
    if "region" not in rows or len(set(rows["mask_path"])) > 1:
        return False
    regions = rows["region"].astype("string").fillna("").tolist()
    return len(set(zip(regions, labels, strict=True))) == len(set(regions))


def _split(rows: pd.DataFrame, key: Hashable, found: Components, folder: Path) -> list[pd.DataFrame]:
    """Write the components of a lesion, and return its rows for each of them."""
    file = _file(key, folder)
    _write(found.labels, file)
    numbers = range(1, len(found.voxels) + 1)
    return [_component(rows, key, found, number, file, [number] * len(rows)) for number in numbers]


def _split_regions(
    rows: pd.DataFrame, key: Hashable, found: Components, regions: RegionLabels, folder: Path
) -> list[pd.DataFrame]:
    """Write the regions of each component of a lesion, and return the rows of those that it holds."""
    labels = _labels(rows)
    pieces = []
    for number in range(1, len(found.voxels) + 1):
        held = regions.within(found.labels == number)
        file = _file(key, folder, number)
        _write(held.image, file)
        # A row without a mask (spectra) is of every component.
        kept = rows["mask_path"].isna().to_numpy() | [label in held.numbers for label in labels]
        values = [regions.numbers.get(label, 1) for label, keep in zip(labels, kept, strict=True) if keep]
        pieces.append(_component(rows[kept], key, found, number, file, values))
    return pieces


def _component(
    rows: pd.DataFrame, key: Hashable, found: Components, number: int, file: Path, labels: list[int]
) -> pd.DataFrame:
    changed = _marked(rows, number, found.voxels[number - 1])
    changed["mask_path"] = changed["mask_path"].where(changed["mask_path"].isna(), str(file))
    if "mask_threshold" in changed:
        # The file written holds no fractions.
        changed["mask_threshold"] = changed["mask_threshold"].where(changed["mask_path"].isna())
    numeric = "mask_label" not in rows or pd.api.types.is_numeric_dtype(rows["mask_label"])
    changed["mask_label"] = labels if numeric else [str(label) for label in labels]
    _, session, lesion = _words(key)
    changed["lesion_id"] = f"{lesion}/{session}/{number}"
    return changed


def _write(labels: sitk.Image, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(labels, file)


def _words(key: Hashable) -> tuple[str, ...]:
    return tuple(str(part) for part in (key if isinstance(key, tuple) else (key,)))


def _file(key: Hashable, folder: Path, number: int | None = None) -> Path:
    # Ids may hold what file names may not, and must not run into one another.
    words = [quote(part, safe="").replace("_", "%5F").replace(".", "%2E") for part in _words(key)]
    words += [] if number is None else [str(number)]
    return (folder / ("_".join(words) + ".nii.gz")).absolute()


def _marked(rows: pd.DataFrame, number: Any, voxels: Any) -> pd.DataFrame:
    return rows.assign(component=number, component_voxels=voxels, unsplit_lesion_id=rows["lesion_id"])
