"""Names of feature columns: which columns of a table are features, and how foreign tables get these names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pandas.api.types import is_bool_dtype, is_numeric_dtype

from radnec.cohort.fields import SEQUENCES, Modality, modality
from radnec.errors import TableError
from radnec.features.foreign import from_pyradiomics
from radnec.features.naming import ColumnName, column_prefix, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = [
    "ColumnName",
    "acquisitions",
    "batch_of",
    "feature_columns",
    "from_pyradiomics",
    "modality_of",
    "parse",
    "sequences_of",
    "volume_column",
]

_INDEX, _DELTA = "index_", "delta_"
# What stands beside an index in columns of its own.
_BESIDE = ("_status", "_reason", "_flags")
# A change is named by its kind before the feature, see radnec.features.delta.
_CHANGE = re.compile(r"^delta_(?:relative_|per_month_)?")
# What PET alone measures: tumour-to-brain ratio, uptake value and its time to peak, metabolic volume, a tracer by name.
_PET_INDEX = re.compile(r"TBR|SUV|MTV|TLG|TTP|PET|FET|FDG|FDOPA|_MET$")
_SPECT_INDEX = re.compile(r"SPECT|Tl201|MIBI")
# Mesh volume first: it is what the field calls the volume of a lesion (IBSI RNU0).
_VOLUMES = ("original_shape_MeshVolume", "original_shape_VoxelVolume")


def feature_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that are features, in sorted order.

    Features are radiomics columns (``T1wCE_original_glcm_Contrast``), numeric indices (``index_nCBV_mean``,
    not their ``_status``, ``_reason`` and ``_flags``) and changes of both (``delta_…``). Nothing else is: no key, no
    clinical column, no outcome.

    Parameters
    ----------
    table : pandas.DataFrame
        Any table.

    Returns
    -------
    list of str
        Column names; empty if there is none.

    Raises
    ------
    radnec.errors.TableError
        If a radiomics column holds something other than numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"age_years": [60], "index_ADC": [1.1], "T1wCE_original_glcm_Contrast": [3.0]})
    >>> feature_columns(table)
    ['T1wCE_original_glcm_Contrast', 'index_ADC']
    """
    found = []
    for name in table.columns:
        if not isinstance(name, str) or not _is_named_like_a_feature(name):
            continue
        numeric = is_numeric_dtype(table[name]) and not is_bool_dtype(table[name])
        if numeric:
            found.append(name)
        elif parse(name) is not None:
            raise TableError(
                f"column {name} holds {table[name].dtype} values; expected numbers. "
                f"Convert it: table[{name!r}] = pandas.to_numeric(table[{name!r}])"
            )
    return sorted(found)


def _is_named_like_a_feature(name: str) -> bool:
    if name.startswith((_INDEX, _DELTA)):
        return not name.endswith(_BESIDE)
    return parse(name) is not None


def batch_of(column: str) -> Modality | None:
    """Return the modality whose scanner is a column's harmonisation batch.

    Parameters
    ----------
    column : str
        Name of a column.

    Returns
    -------
    {"MR", "PET", "SPECT"} or None
        None for what is not harmonised by scanner: indices, which are ratios to normal tissue or in physical
        units; changes, which may span two scanners; and all that is no feature.

    Examples
    --------
    >>> batch_of("PET-FET_original_firstorder_Maximum"), batch_of("index_TBRmax")
    ('PET', None)
    """
    name = parse(column)
    return None if name is None else modality(name.sequence)


def modality_of(column: str) -> Modality | None:
    """Return the modality a feature was measured with, also of an index or a change.

    Parameters
    ----------
    column : str
        Name of a column.

    Returns
    -------
    {"MR", "PET", "SPECT"} or None
        None for what is no feature, or an index whose name does not tell.

    Examples
    --------
    >>> modality_of("delta_relative_PET-FET_original_firstorder_Mean"), modality_of("index_TBRmax")
    ('PET', 'PET')
    >>> modality_of("index_TTP_min"), modality_of("index_Tl201_retention_index"), modality_of("index_nCBV_mean")
    ('PET', 'SPECT', None)
    """
    name = _CHANGE.sub("", column)
    if name.startswith(_INDEX):
        return "PET" if _PET_INDEX.search(name) else "SPECT" if _SPECT_INDEX.search(name) else None
    return batch_of(name)


def sequences_of(column: str) -> frozenset[str]:
    """Return the sequences that a feature may have been measured on, also of a change.

    Parameters
    ----------
    column : str
        Name of a column.

    Returns
    -------
    frozenset of str
        Of an index all of its modality, MR where its name does not tell; none of what is no feature.

    Examples
    --------
    >>> sorted(sequences_of("delta_FLAIR_original_firstorder_Mean")), sorted(sequences_of("index_Tl201_index_early"))
    (['FLAIR'], ['SPECT-MIBI', 'SPECT-Tl201'])
    """
    name = _CHANGE.sub("", column)
    if name.startswith(_INDEX):
        kind = modality_of(column) or "MR"
        return frozenset(sequence for sequence in SEQUENCES if modality(sequence) == kind)
    parts = parse(name)
    return frozenset() if parts is None else frozenset({parts.sequence})


def acquisitions(columns: Iterable[str]) -> dict[str, list[str]]:
    """Return the radiomics columns of each sequence, phase and region, by what starts their names.

    Parameters
    ----------
    columns : iterable of str
        Names of columns; those that are no radiomics features are passed over.

    Returns
    -------
    dict of str to list of str
        Such as ``{"FLAIR": [...], "T1wCE-rim": [...]}``, in order of name.

    Examples
    --------
    >>> acquisitions(["age_years", "FLAIR_original_firstorder_Mean", "T1wCE-rim_original_glcm_Id"])
    {'FLAIR': ['FLAIR_original_firstorder_Mean'], 'T1wCE-rim': ['T1wCE-rim_original_glcm_Id']}
    """
    found: dict[str, list[str]] = {}
    for name in columns:
        parts = parse(name)
        if parts is not None:
            found.setdefault(column_prefix(parts.sequence, parts.phase, parts.region).rstrip("_"), []).append(name)
    return dict(sorted(found.items()))


def volume_column(table: pd.DataFrame) -> str | None:
    """Return the column that holds the volume of the whole lesion, in mm³.

    T1wCE is taken before other sequences, the mesh volume before the voxel volume. Tables of plain
    pyradiomics (``original_shape_MeshVolume`` without a sequence) are understood as well.

    Parameters
    ----------
    table : pandas.DataFrame
        A feature table.

    Returns
    -------
    str or None
        Column name; None if the table has no volume.

    Examples
    --------
    >>> import pandas as pd
    >>> names = ["FLAIR_original_shape_MeshVolume", "T1wCE_original_shape_VoxelVolume"]
    >>> volume_column(pd.DataFrame(columns=names))
    'T1wCE_original_shape_VoxelVolume'
    """
    names = sorted(name for name in table.columns if isinstance(name, str))
    ranked = []
    for name in names:
        parts = parse(name)
        if name in _VOLUMES:
            ranked.append((False, _VOLUMES.index(name), name))
        elif parts is not None and not parts.region and not parts.phase and name.endswith(_VOLUMES):
            measure = name.removeprefix(f"{parts.sequence}_")
            ranked.append((parts.sequence != "T1wCE", _VOLUMES.index(measure), name))
    return min(ranked)[-1] if ranked else None
