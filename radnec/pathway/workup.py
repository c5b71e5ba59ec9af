"""The usual work-up: conventional MRI, functional MRI, then one stage for each tracer of PET and SPECT."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from radnec.cohort.fields import SEQUENCES, clinical_predictors
from radnec.pathway.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CONVENTIONAL = ("T1w", "T1wCE", "T2w", "FLAIR", "SWI")
_NUCLEAR = tuple(name for name in SEQUENCES if name.startswith(("PET", "SPECT")))
_FUNCTIONAL = tuple(name for name in SEQUENCES if name not in (*_CONVENTIONAL, *_NUCLEAR))
_CONVENTIONAL_INDICES = "lesion_quotient|T1T2_mismatch|oedema_|TRAM_|volume_change|doubling_time|growth_"
_FUNCTIONAL_INDICES = "nCBV_|nCBF_|nPH|PSR_|MTT_|K2_|Ktrans|ve_|vp_|IAUC|wash-?in|wash-?out|n?ASL_|n?ADC_|Cho_|LipLac_"
# An index of uptake that names no tracer is of FET, as radnec.measure writes it.
_OTHER = "FDG|MET|FDOPA|Tl201|MIBI"
_UPTAKE = rf"(?!\w*_(?:{_OTHER})(?:_|$))(?:TBR|SUV|MTV|TLG|TTP|slope_)"


def _pattern(sequences: Iterable[str], indices: str) -> str:
    names = "|".join(map(re.escape, sorted(sequences)))
    return rf"^(?:delta_(?:relative_|per_month_)?)?(?:(?:{names})(?:-[^_]+)?_|index_(?:{indices}))"


def _tracer(sequence: str) -> tuple[str, str]:
    """Return what the examination is called, and the pattern of its columns."""
    modality, name = sequence.split("-")
    named = rf"(?:\w*_)?{name}(?:_|$)"
    return f"{name} {modality}", _pattern([sequence], f"{named}|{_UPTAKE}" if name == "FET" else named)


#: Sequences of PET and SPECT, amino acids first, with the examination's name and the pattern of its columns.
TRACERS = {
    sequence: _tracer(sequence)
    for sequence in sorted(_NUCLEAR, key=lambda name: ("SPECT" in name, "FDG" in name, "FET" not in name))
}


def tracers_of(columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of each tracer, by the sequence; those of none are left out.

    Examples
    --------
    >>> tracers_of(["index_TBRmax", "index_TBRmax_MET", "PET-MET_original_glcm_Id", "index_nCBV_mean"])
    {'PET-FET': ['index_TBRmax'], 'PET-MET': ['index_TBRmax_MET', 'PET-MET_original_glcm_Id']}
    """
    found = {sequence: [name for name in columns if re.search(one, name)] for sequence, (_, one) in TRACERS.items()}
    return {sequence: names for sequence, names in found.items() if names}


def default_stages() -> tuple[Stage, ...]:
    """Return the usual work-up: conventional MRI with clinical data, functional MRI, then PET or SPECT by tracer.

    A patient has one tracer or another, seldom two: each is a stage of its own, learnt from the patients who had it,
    and a lesion passes those that it has. What remains in doubt after the last is referred to a board. No examination
    has a cost, so that any expected gain counts; state yours with ``dataclasses.replace(stage, cost=...)``.

    Returns
    -------
    tuple of Stage
        ``conventional``, ``functional``, and the tracers by their sequence: ``PET-FET``, ``PET-MET``, ``PET-FDOPA``,
        ``PET-FDG``, ``SPECT-Tl201`` and ``SPECT-MIBI``. An index of uptake that names no tracer (``TBRmax``) is of FET.

    Examples
    --------
    >>> import pandas as pd
    >>> names = ["T1wCE_original_glcm_Id", "age_years", "index_nCBV_mean", "index_TBRmax", "index_TBRmax_MET"]
    >>> table = pd.DataFrame(1.0, index=[0], columns=names)
    >>> for stage in default_stages()[:4]:
    ...     print(stage.name, stage.columns_in(table))
    conventional ['T1wCE_original_glcm_Id', 'age_years']
    functional ['index_nCBV_mean']
    PET-FET ['index_TBRmax']
    PET-MET ['index_TBRmax_MET']
    """
    clinical = f"^({'|'.join(clinical_predictors())})$"
    return (
        Stage("conventional", f"{_pattern(_CONVENTIONAL, _CONVENTIONAL_INDICES)}|{clinical}", ("conventional MRI",)),
        Stage(
            "functional",
            _pattern(_FUNCTIONAL, _FUNCTIONAL_INDICES),
            ("perfusion MRI", "diffusion MRI", "spectroscopy"),
        ),
        *(Stage(sequence, pattern, (told,)) for sequence, (told, pattern) in TRACERS.items()),
    )
