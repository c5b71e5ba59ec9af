"""Measures a whole cohort: from images and masks to the feature table."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Literal

from radnec.features.assemble import assemble
from radnec.features.coarse import coarse_sequences
from radnec.features.job import Tally, begin, origin, warn
from radnec.features.verify import Verification
from radnec.features.workers import measure_all

if TYPE_CHECKING:
    import os

    import pandas as pd

    from radnec.config import ExtractionConfig


def extract(
    cohort: pd.DataFrame | str | os.PathLike[str],
    config: ExtractionConfig | None = None,
    *,
    n_jobs: int | None = None,
    cache: str | os.PathLike[str] | None = None,
    on_error: Literal["record", "raise"] = "record",
    verify: int = 0,
) -> pd.DataFrame:
    """Measure the radiomics features of every lesion of a cohort.

    Parameters
    ----------
    cohort : DataFrame or path
        What :func:`radnec.read_cohort` returns, or a path that it reads.
    config : ExtractionConfig, optional
        Settings; default: pyradiomics' default on the original image.
    n_jobs : int, optional
        Scans measured at the same time, -1 for all processors. By default one, or as many as
        ``joblib.parallel_config(n_jobs=...)`` says; under its ``backend="dask"`` or ``"ray"`` all workers of the
        cluster measure, for dask whatever the number. Never changes the result.
    cache : path-like, optional
        Folder of features already measured. What is in it is not measured again, unless an image, a mask, a
        setting or a version changed; an extraction that was stopped goes on where it was.
    on_error : {"record", "raise"}, default "record"
        Whether a lesion that cannot be measured becomes a row that says why, or stops the extraction.
    verify : int, default 0
        Number of regions, drawn at random among those that were measured, to measure again with pyradiomics, which
        must be installed. A value that differs beyond the bound of :func:`radnec.features.verify.differences` stops
        the extraction.

    Returns
    -------
    DataFrame
        One row per lesion and session, sorted by key: keys, lesion-level columns of the cohort, ``status``
        (``ok`` or ``failed``) and ``error``, then features such as ``T1wCE_original_glcm_Contrast``,
        ``T1wCE-rim_wavelet-LLH_firstorder_Mean`` or ``PET-FET-delayed_original_firstorder_Maximum``, in order
        of name. A failed row keeps the features of the sequences that could be measured. ``attrs["radnec"]``
        holds the settings with their digest, versions, counts, what was left out, which features have no value and
        why (``undefined``), and which lesions agreed with pyradiomics or could not be compared (``verified``).

    Raises
    ------
    radnec.errors.CohortError
        If the cohort breaks its contract.
    radnec.errors.ConfigError
        If the settings name an unknown sequence, or `config`, `on_error` or `n_jobs` is something else.
    radnec.errors.MissingDependencyError
        If a library is missing; the message holds the install lines.
    radnec.errors.RadnecError
        With ``on_error="raise"``: why a lesion cannot be measured. With `verify`: which value differs.

    Warns
    -----
    radnec.errors.ExtractionWarning
        That nothing is measured, because all rows are of spectra or raw series; how many rows failed, if any did; which
        sequences fall into one grey level, and the bin width that helps; how many lesions have features without a
        value, and why; how many could not be verified; that no mask holds the enhancing tumour of the preset of
        regions; and, each text once, what readers and regions warn of.

    Notes
    -----
    A phase is part of a column's name only when it is ``delayed`` or ``pre``, and a region when it is not the
    whole lesion, so that the names of a lesion's columns never depend on the other rows. Spectra and raw
    series (MRS, DSC, DCE, ASL, DWI) are not measured; ``attrs["radnec"]["skipped"]`` counts them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> import SimpleITK as sitk
    >>> from radnec.config import ExtractionConfig
    >>> folder = Path(tempfile.mkdtemp())
    >>> image = sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
    >>> sitk.WriteImage(image, folder / "image.nii.gz")
    >>> sitk.WriteImage(image > 128, folder / "mask.nii.gz")
    >>> lesion = {"patient_id": "01", "session_id": "1", "lesion_id": "1", "sequence": "T1wCE"}
    >>> paths = {"image_path": f"{folder}/image.nii.gz", "mask_path": f"{folder}/mask.nii.gz"}
    >>> config = ExtractionConfig(feature_classes={"glcm": ["Contrast"]})
    >>> extract(pd.DataFrame([lesion | paths]), config).columns.to_list()
    ['patient_id', 'session_id', 'lesion_id', 'status', 'error', 'T1wCE_original_glcm_Contrast']
    """
    job = begin(cohort, config, cache=cache, on_error=on_error)
    tally = Tally(job.planned)
    verification = Verification(job.planned, verify)
    measured = measure_all(job.planned, n_jobs=n_jobs, cache=job.cache, on_error=on_error, told=tally.told)
    with closing(measured) as results:
        table = assemble(job.planned, tally.counted(verification.watched(results)))
    failures = table.loc[table["status"] == "failed", "error"]
    coarse = coarse_sequences(table, job.planned.settings)
    table.attrs = origin(job, tally, verification, rows=len(table), failed=len(failures), coarse=coarse)
    notes = [*tally.sentences(), *verification.sentences()]
    first, counts = failures.head(1).to_list(), {"failed": len(failures), "rows": len(table)}
    warn(job, first, notes, tally.told, **counts, coarse=coarse, stacklevel=3)
    return table
