"""Measures a whole cohort: from images and masks to the feature table."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from radnec.config import ExtractionConfig
from radnec.config.base import check_jobs
from radnec.errors import ConfigError, ExtractionWarning
from radnec.features.assemble import assemble
from radnec.features.coarse import advice, coarse_sequences
from radnec.features.engine import engine_version, verify_available
from radnec.features.plan import Plan, plan
from radnec.features.provenance import stamp
from radnec.features.scan import Measured, measure_scan

if TYPE_CHECKING:
    import os
    from collections.abc import Generator


def extract(
    cohort: pd.DataFrame | str | os.PathLike[str],
    config: ExtractionConfig | None = None,
    *,
    n_jobs: int = 1,
    cache: str | os.PathLike[str] | None = None,
    on_error: Literal["record", "raise"] = "record",
) -> pd.DataFrame:
    """Measure the radiomics features of every lesion of a cohort.

    Parameters
    ----------
    cohort : DataFrame or path
        What :func:`radnec.read_cohort` returns, or a path that it reads.
    config : ExtractionConfig, optional
        Settings; default: pyradiomics' default on the original image.
    n_jobs : int, default 1
        Scans measured at the same time, -1 for all processors. Never changes the result.
    cache : path-like, optional
        Folder of features already measured. What is in it is not measured again, unless an image, a mask, a
        setting or a version changed; an extraction that was stopped goes on where it was.
    on_error : {"record", "raise"}, default "record"
        Whether a lesion that cannot be measured becomes a row that says why, or stops the extraction.

    Returns
    -------
    DataFrame
        One row per lesion and session, sorted by key: keys, lesion-level columns of the cohort, ``status``
        (``ok`` or ``failed``) and ``error``, then features such as ``T1wCE_original_glcm_Contrast``,
        ``T1wCE-rim_wavelet-LLH_firstorder_Mean`` or ``PET-FET-delayed_original_firstorder_Maximum``, in order
        of name. A failed row keeps the features of the sequences that could be measured. ``attrs["radnec"]``
        holds the settings with their digest, versions, counts and what was left out.

    Raises
    ------
    radnec.errors.CohortError
        If the cohort breaks its contract.
    radnec.errors.ConfigError
        If the settings name an unknown sequence, or `config`, `on_error` or `n_jobs` is something else.
    radnec.errors.MissingDependencyError
        If a library is missing; the message holds the install lines.
    radnec.errors.RadnecError
        With ``on_error="raise"``: why a lesion cannot be measured.

    Warns
    -----
    radnec.errors.ExtractionWarning
        How many rows failed, if any did; which sequences fall into one grey level, and the bin width that helps.

    Notes
    -----
    A phase is part of a column's name only when it is ``delayed`` or ``pre``, and a region when it is not the
    whole lesion, so that the names of a lesion's columns never depend on the other rows. Spectra and raw
    series (MRS, DSC, DCE, ASL, DWI) are not measured; ``attrs["radnec"]["skipped"]`` counts them.

    Examples
    --------
    >>> import tempfile
    >>> import SimpleITK as sitk
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
    settings = ExtractionConfig() if config is None else config
    if not isinstance(settings, ExtractionConfig):
        kind = type(config).__name__
        raise ConfigError(f"config is a {kind}; expected radnec.ExtractionConfig, see its from_yaml")
    if on_error not in ("record", "raise"):
        raise ConfigError(f'on_error={on_error!r}; expected "record" or "raise"')
    check_jobs(n_jobs)
    planned = plan(_read(cohort), settings)
    for one in planned.settings.values():
        verify_available(one)
    measured = _measure(planned, n_jobs, None if cache is None else str(Path(cache).absolute()), on_error)
    table = assemble(planned, measured)
    coarse = coarse_sequences(table, planned.settings)
    stamp(
        table,
        kind="features",
        extraction=settings,
        engine=engine_version(),
        counts=_counts(planned, table),
        cache=_cache_counts(measured) if cache is not None else None,
        skipped=list(planned.skipped),
        coarse=coarse,
    )
    _warn_of_failures(table)
    for found in coarse:
        warnings.warn(advice(found, planned.settings), ExtractionWarning, stacklevel=2)
    return table


def _read(cohort: pd.DataFrame | str | os.PathLike[str]) -> pd.DataFrame:
    if isinstance(cohort, pd.DataFrame):
        return cohort
    from radnec.cohort import read_cohort

    return read_cohort(cohort)


def _measure(planned: Plan, n_jobs: int, cache: str | None, on_error: str) -> list[Measured]:
    tasks = [delayed(measure_scan)(scan, planned.settings[scan.sequence], cache) for scan in planned.scans]
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(tasks)
    measured: list[Measured] = []
    with tqdm(total=len(tasks), desc="extract", unit="scan", disable=None) as bar:
        for regions in results:
            measured += regions
            bar.update()
            failed = [region.failure for region in regions if region.failure is not None]
            if failed and on_error == "raise":
                _cancel(results)
                raise failed[0]
    return measured


def _cancel(results: Generator[list[Measured]]) -> None:
    with warnings.catch_warnings():
        # joblib warns that tasks were cancelled, which is what is wanted here.
        warnings.filterwarnings("ignore", message=".*tasks", category=UserWarning)
        results.close()


def _counts(planned: Plan, table: pd.DataFrame) -> dict[str, int]:
    return {
        "patients": int(table["patient_id"].nunique()),
        "rows": len(table),
        "scans": len(planned.scans),
        "regions": sum(len(scan.regions) for scan in planned.scans),
        "failed": int((table["status"] == "failed").sum()),
    }


def _cache_counts(measured: list[Measured]) -> dict[str, Any]:
    hits = sum(result.from_cache for result in measured)
    return {"hits": hits, "misses": len(measured) - hits}


def _warn_of_failures(table: pd.DataFrame) -> None:
    failed = table.loc[table["status"] == "failed", "error"]
    if len(failed):
        warnings.warn(
            f"{len(failed)} of {len(table)} rows failed; see the column error. The first: {failed.iloc[0]}",
            ExtractionWarning,
            stacklevel=3,
        )
