"""Names the kind of measurement behind a feature column, such as the texture on FLAIR."""

from __future__ import annotations

from radnec.cohort.fields import clinical_predictors
from radnec.features.naming import column_prefix, parse, parse_foreign

_CLASSES = {"shape": "shape", "shape2D": "shape", "firstorder": "intensities"}
_VOLUMES = ("MeshVolume", "VoxelVolume")


def kind_of(column: str) -> str:
    """Return what a feature measures, in a reader's words.

    Parameters
    ----------
    column : str
        Name of a feature column.

    Returns
    -------
    str
        Sequence with phase and region, then ``intensities``, ``shape`` or ``texture``; or ``lesion volume``, ``measured
        indices``, ``change between sessions``, ``clinical``, ``other columns``.

    Examples
    --------
    >>> kind_of("FLAIR_wavelet-LLH_glcm_Contrast"), kind_of("T1wCE-rim_original_firstorder_Mean")
    ('FLAIR texture', 'T1wCE-rim intensities')
    >>> kind_of("T1wCE_original_shape_MeshVolume"), kind_of("index_TBRmax"), kind_of("age_years"), kind_of("x")
    ('lesion volume', 'measured indices', 'clinical', 'other columns')
    """
    if column.startswith("delta_"):
        return "change between sessions"
    if column.startswith("index_"):
        return "measured indices"
    parts, foreign = parse(column), parse_foreign(column)
    if parts is not None:
        prefix = column_prefix(parts.sequence, parts.phase, parts.region).rstrip("_")
        return _measured(prefix, parts.feature_class, parts.feature)
    if foreign is not None:
        _, feature_class, feature = foreign[1].rsplit("_", 2)
        return _measured(foreign[0], feature_class, feature)
    return "clinical" if column in clinical_predictors() else "other columns"


def _measured(prefix: str, feature_class: str, feature: str) -> str:
    if feature in _VOLUMES:
        return "lesion volume"
    return f"{prefix} {_CLASSES.get(feature_class, 'texture')}".strip()
