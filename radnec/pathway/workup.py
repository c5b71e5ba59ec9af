"""The usual work-up: conventional MRI, functional MRI, then one stage for each tracer of PET and SPECT."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from radnec.cohort.fields import SEQUENCES, clinical_predictors
from radnec.features.columns import feature_columns
from radnec.pathway.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

_CONVENTIONAL = ("T1w", "T1wCE", "T2w", "FLAIR", "SWI")
_NUCLEAR = tuple(name for name in SEQUENCES if name.startswith(("PET", "SPECT")))
_FUNCTIONAL = tuple(name for name in SEQUENCES if name not in (*_CONVENTIONAL, *_NUCLEAR))
_CONVENTIONAL_INDICES = "lesion_quotient|T1T2_mismatch|oedema_|TRAM_|volume_change|doubling_time|growth_"
_FUNCTIONAL_INDICES = "nCBV_|nCBF_|nPH|PSR_|MTT_|K2_|Ktrans|ve_|vp_|IAUC|wash-?in|wash-?out|n?ASL_|n?ADC_|Cho_|LipLac_"
# What radnec.measure writes of FET without naming it; of any other index of uptake the tracer is not known.
_FET = "(?:TBRmax|TBRmean|MTV_cc|TTP_min|slope_SUV_per_h)$"
_CHANGE = "^(?:delta_(?:relative_|per_month_)?)?"
_UPTAKE = rf"{_CHANGE}index_(?:TBR|SUV|MTV|TLG|TTP|slope_)"


def _pattern(sequences: Iterable[str], indices: str) -> str:
    names = "|".join(map(re.escape, sorted(sequences)))
    return rf"{_CHANGE}(?:(?:{names})(?:-[^_]+)?_|index_(?:{indices}))"


def _tracer(sequence: str) -> tuple[str, str]:
    """Return what the examination is called, and the pattern of its columns."""
    modality, name = sequence.split("-")
    named = rf"(?:\w*_)?{name}(?:_|$)"
    return f"{name} {modality}", _pattern([sequence], f"{named}|{_FET}" if name == "FET" else named)


#: Sequences of PET and SPECT, amino acids first, with the examination's name and the pattern of its columns.
TRACERS = {
    sequence: _tracer(sequence)
    for sequence in sorted(_NUCLEAR, key=lambda name: ("SPECT" in name, "FDG" in name, "FET" not in name))
}


def tracers_of(columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of each tracer, by the sequence; those of none are left out.

    A column is of the tracer whose word is a part of its name, also where it is no index.

    Examples
    --------
    >>> tracers_of(["index_TBRmax", "SUV_MET", "PET-MET_original_glcm_Id", "index_TBRmax_FLT"])
    {'PET-FET': ['index_TBRmax'], 'PET-MET': ['SUV_MET', 'PET-MET_original_glcm_Id']}
    """
    found: dict[str, list[str]] = {}
    for sequence in TRACERS:
        word = rf"(?:^|[_-]){sequence.split('-')[1]}(?:[_-]|$)"
        told = rf"{word}|{_CHANGE}(?:index_)?{_FET}" if sequence == "PET-FET" else word
        found[sequence] = [name for name in columns if re.search(told, name)]
    return {sequence: names for sequence, names in found.items() if names}


def uptake_of_unknown(table: pd.DataFrame) -> list[str]:
    """Return the indices of uptake that have values and of which no tracer is known, in order of name.

    Examples
    --------
    >>> import pandas as pd
    >>> uptake_of_unknown(pd.DataFrame(1.0, index=[0], columns=["index_TBRmax_FLT", "index_TBRmax", "index_nPH"]))
    ['index_TBRmax_FLT']
    """
    uptake = [name for name in feature_columns(table) if re.search(_UPTAKE, name) and table[name].notna().any()]
    return [name for name in uptake if not tracers_of([name])]


def default_stages() -> tuple[Stage, ...]:
    """Return the usual work-up: conventional MRI with clinical data, functional MRI, then PET or SPECT by tracer.

    A patient has one tracer or another, seldom two: each is a stage of its own, learnt from the patients who had it,
    and a lesion passes those that it has. What remains in doubt after the last is referred to a board. No examination
    has a cost, so that any expected gain counts; state yours with ``dataclasses.replace(stage, cost=...)``.

    Returns
    -------
    tuple of Stage
        ``conventional``, ``functional``, and the tracers by their sequence: ``PET-FET``, ``PET-MET``, ``PET-FDOPA``,
        ``PET-FDG``, ``SPECT-Tl201`` and ``SPECT-MIBI``. Of FET is also what :func:`radnec.measure` writes without
        naming a tracer: ``TBRmax``, ``TBRmean``, ``MTV_cc``, ``TTP_min`` and ``slope_SUV_per_h``. Any other index of
        uptake that names none of these tracers (``TBRmax_FLT``) is of no stage.

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
