"""Learns Nyúl's landmarks from the images of a list of patients.

The package ``intensity-normalization`` 3.0 learns the same landmarks (tests hold this module to it); it reads no
cohort, keeps no account of the patients, and divides by zero where percentiles coincide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from tqdm import tqdm

from radnec.cohort import read_cohort
from radnec.config.standardise import DECILES, Landmarks
from radnec.errors import ConfigError, TableError
from radnec.imaging.standardise.examples import examples
from radnec.imaging.standardise.nyul import percentiles_of

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from radnec.config.standardise import Foreground

#: Ends of the standard scale.
LOW, HIGH = 0.0, 100.0

_SHOWN = 5


def fit_landmarks(
    cohort: pd.DataFrame | str | os.PathLike[str],
    *,
    patients: Iterable[Any],
    sequences: Sequence[str] | None = None,
    foreground: Foreground = "brain",
    percentiles: Sequence[float] = DECILES,
    n4: bool = False,
    registration: Literal["rigid"] | None = None,
    registration_min_inside: float | None = None,
) -> Landmarks:
    """Learn the standard landmarks of each sequence from the images of named patients.

    Parameters
    ----------
    cohort : DataFrame or path
        What :func:`radnec.read_cohort` returns, or a path that it reads. Its labels are not looked at.
    patients : iterable of str
        Whose images are used. Name them before any split: patients of a later test fold are no longer wholly new to
        the model, and :func:`radnec.evaluate` says how many there were.
    sequences : sequence of str, optional
        Sequences to learn; by default all of the cohort without a unit of their own (T1w, T1wCE, T2w, FLAIR, SWI).
    foreground : {"brain", "otsu", "nonzero"}, default "brain"
        Where percentiles are taken: the brain mask, Otsu's foreground, or all voxels but 0 (skull-stripped images).
    percentiles : sequence of float, default 1, 10, 20, …, 90, 99
        The landmarks.
    n4 : bool, default False
        Whether to correct the bias field first; extraction then has to do it as well.
    registration : {"rigid"}, optional
        Whether an image is registered to the sequence that its row's lesion was drawn on (``mask_sequence``), so that
        a brain mask of that image's grid serves for both, as in extraction. A mask on the image's own grid is taken as
        it is.
    registration_min_inside : float, optional
        Least agreement inside the brain, as in :class:`radnec.ExtractionConfig`.

    Returns
    -------
    Landmarks
        For ``ExtractionConfig(standardise="nyul", landmarks=...)``: plain numbers, and marks in place of names.

    Raises
    ------
    radnec.errors.ConfigError
        If `registration` is neither.
    radnec.errors.CohortError
        If images are registered, and ``mask_sequence`` names no image of the session, or several.
    radnec.errors.TableError
        If a patient is not in the cohort, or a sequence has no image.
    radnec.errors.RadnecError
        If an image cannot be used; the message names it.

    Notes
    -----
    The ends of each image's percentiles are laid on 0 and 100, and the landmarks between are averaged over images, each
    counted once. `n4` apart, images are taken as they are read.

    References
    ----------
    Nyúl and Udupa, *On standardizing the MR image intensity scale*, Magn Reson Med 42:1072 (1999).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import SimpleITK as sitk
    >>> file = Path(tempfile.mkdtemp()) / "t1.nii.gz"
    >>> sitk.WriteImage(sitk.GetImageFromArray(np.arange(1.0, 28.0).reshape(3, 3, 3)), file)
    >>> rows = pd.DataFrame({"patient_id": ["P01"], "sequence": ["T1w"], "image_path": [str(file)]})
    >>> fit_landmarks(rows, patients=["P01"], foreground="nonzero", percentiles=(0, 50, 100)).scales
    {'T1w': (0.0, 50.0, 100.0)}
    """
    if registration not in (None, "rigid"):
        raise ConfigError(f"registration={registration!r}: expected 'rigid' or None")
    table = cohort if isinstance(cohort, pd.DataFrame) else read_cohort(cohort)
    names = _known(table, patients)
    images = examples(
        table[table["patient_id"].astype(str).isin(names)],
        sequences,
        registered=registration is not None and (foreground == "brain" or n4),
        min_inside=registration_min_inside,
    )
    found: dict[str, list[NDArray[np.float64]]] = {}
    for image in tqdm(images, desc="landmarks", unit="image", disable=None, leave=False):
        own = percentiles_of(image.intensities(foreground, n4=n4), percentiles)
        scaled = LOW + (own - own[0]) * (HIGH - LOW) / (own[-1] - own[0])
        found.setdefault(image.sequence, []).append(scaled)
    return Landmarks(
        scales={sequence: tuple(np.mean(scales, axis=0).tolist()) for sequence, scales in found.items()},
        percentiles=tuple(percentiles),
        foreground=foreground,
        n4=n4,
        images={sequence: len(scales) for sequence, scales in found.items()},
        **Landmarks.marks_of(names),
    )


def _known(table: pd.DataFrame, patients: Iterable[Any]) -> set[str]:
    if isinstance(patients, str):  # iterated over, it would be letters
        patients = [patients]
    names = {str(patient) for patient in patients}
    absent = sorted(names.difference(table["patient_id"].astype(str)))
    if absent or not names:
        found = f"{', '.join(absent[:_SHOWN])} not among them" if names else "no patient"
        raise TableError(f"patients: {found}; expected some of the cohort's {table['patient_id'].nunique()} patients")
    return names
