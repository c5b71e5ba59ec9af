"""Drafts a cohort table from a folder, by the preset of its layout."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from radnec.errors import ConfigError, ReadError
from radnec.imaging.layouts.pseudonyms import Pseudonyms
from radnec.imaging.layouts.rows import as_frame, mark_rivals
from radnec.imaging.layouts.tree import files_below

if TYPE_CHECKING:
    import os

    import pandas as pd

Preset = Literal["bids", "brats", "nifti-pairs", "dicom", "mu-glioma-post"]
PRESETS: tuple[Preset, ...] = get_args(Preset)


def draft_cohort(
    folder: str | os.PathLike[str], preset: Preset, *, key: str | os.PathLike[str] | None = None
) -> pd.DataFrame:
    """Draft a cohort table from the files of a folder.

    Nothing is guessed silently. What the layout does not decide is an empty cell, named with the reason in the column
    ``undecided``; what was guessed from words of a name or values of a header says so in ``guessed_from``. Written as
    CSV into the folder, the table is read by :func:`radnec.read_cohort` once the empty cells are filled, or their
    rows deleted: until then that refuses them.

    Parameters
    ----------
    folder : path-like
        Folder of the data set.
    preset : {"bids", "brats", "nifti-pairs", "dicom", "mu-glioma-post"}
        How it is laid out; ``docs/layouts.md`` shows the tree that each reads.
    key : path-like, optional
        Key file from :func:`radnec.imaging.layouts.new_key`, for the preset dicom: patients and sessions are then named
        by keyed hashes of PatientID and StudyInstanceUID (:class:`radnec.imaging.layouts.Pseudonyms`), and keep their
        names in a later draft of a larger archive. Without it they are numbered, and such a draft numbers them anew.

    Returns
    -------
    pandas.DataFrame
        One row per lesion, session and sequence, with paths relative to `folder`, ``undecided`` and
        ``guessed_from``. ``attrs["radnec"]["notes"]`` lists what was left out.

    Raises
    ------
    radnec.errors.ConfigError
        If there is no such preset; if `key` is given for another preset than dicom, holds no key, or lies in `folder`,
        from where it would be handed on with the images.
    radnec.errors.ReadError
        If `folder` is no folder, or holds nothing of the preset's layout.

    Examples
    --------
    >>> import tempfile
    >>> import SimpleITK as sitk
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("P1_T1_post.nii.gz", "P1_mask.nii.gz"):
    ...     sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkUInt8) + 1, folder / name)
    >>> draft_cohort(folder, "nifti-pairs")[["patient_id", "lesion_id", "sequence", "mask_path"]]
      patient_id lesion_id sequence       mask_path
    0         P1         1    T1wCE  P1_mask.nii.gz
    """
    if preset not in PRESETS:
        raise ConfigError(f"preset is {preset!r}: expected one of {', '.join(PRESETS)}")
    folder = Path(folder).expanduser()
    module = importlib.import_module(f"radnec.imaging.layouts.{preset.replace('-', '_')}")
    named = {} if key is None else {"names": _pseudonyms(key, folder, preset)}
    rows, notes = module.draft(folder, files_below(folder), **named)
    if not rows:
        told = "; ".join(notes) or "it holds no files"
        raise ReadError(
            f"{folder} holds nothing that the preset {preset!r} reads ({told}). The other presets are "
            f"{', '.join(name for name in PRESETS if name != preset)}; docs/layouts.md shows the tree of each."
        )
    mark_rivals(rows)
    table = as_frame(rows)
    table.attrs["radnec"] = {"kind": "draft", "preset": preset, "notes": notes}
    return table


def _pseudonyms(key: str | os.PathLike[str], folder: Path, preset: Preset) -> Pseudonyms:
    if preset != "dicom":
        raise ConfigError(f"a key is for the preset dicom; {preset} takes the names that the files have")
    if Path(key).expanduser().resolve().is_relative_to(folder.resolve()):
        raise ConfigError(f"the key {key} lies in {folder}, and would be handed on with the images; move it elsewhere")
    return Pseudonyms(key)
