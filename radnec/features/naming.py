"""How a feature column is named: sequence, phase, region, filter, class and feature in one word."""

from __future__ import annotations

import re
from typing import NamedTuple

from radnec.cohort.fields import SEQUENCES, WHOLE
from radnec.config.vocabulary import FEATURES

#: Phases that stand in a column's name; the others are how a sequence is usually taken.
NAMED_PHASES = ("delayed", "pre")

_FILTER = (
    r"original|wavelet\d*-[LH]{2,3}|log-sigma-[0-9e-]+-mm-3D|square|squareroot|logarithm|exponential|gradient"
    r"|lbp-2D|lbp-3D-(?:m\d+|k)"
)
_MEASURE = rf"(?P<filter>{_FILTER})_(?P<feature_class>{'|'.join(FEATURES)})_(?P<feature>[A-Za-z0-9]+)"
_SEQUENCE = "|".join(sorted(map(re.escape, SEQUENCES), key=len, reverse=True))
_COLUMN = re.compile(rf"(?P<sequence>{_SEQUENCE})(?:-(?P<part>.+?))?_{_MEASURE}")
_FOREIGN = re.compile(rf"(?:(?P<prefix>.+?)_)?{_MEASURE}")


class ColumnName(NamedTuple):
    """The parts of a radiomics column's name; `phase` and `region` are "" where the name has none."""

    sequence: str
    phase: str
    region: str
    filter: str
    feature_class: str
    feature: str

    def __str__(self) -> str:
        """Return the column's name."""
        prefix = column_prefix(self.sequence, self.phase, self.region)
        return f"{prefix}{self.filter}_{self.feature_class}_{self.feature}"


def column_prefix(sequence: str, phase: str = "", region: str = "") -> str:
    """Return what stands before pyradiomics' name in a column.

    Parameters
    ----------
    sequence : str
        Sequence of the image.
    phase : str
        Phase; only ``delayed`` and ``pre`` are named, so that the name depends on nothing but the image
        itself.
    region : str
        Region; the whole lesion is not named.

    Examples
    --------
    >>> column_prefix("T1wCE"), column_prefix("T1wCE", "early"), column_prefix("T1wCE", "delayed", "rim")
    ('T1wCE_', 'T1wCE_', 'T1wCE-delayed-rim_')
    """
    parts = [sequence, phase if phase in NAMED_PHASES else "", "" if region in WHOLE else region]
    return "-".join(part for part in parts if part) + "_"


def parse(column: str) -> ColumnName | None:
    """Take the name of a radiomics column apart.

    Parameters
    ----------
    column : str
        Name of a column.

    Returns
    -------
    ColumnName or None
        Its parts; None if it is not the name of a radiomics feature.

    Examples
    --------
    >>> parse("T1wCE-rim_wavelet-LLH_firstorder_Mean")
    ColumnName(sequence='T1wCE', phase='', region='rim', filter='wavelet-LLH', feature_class='firstorder',
    feature='Mean')
    >>> parse("age_years") is None
    True
    """
    match = _COLUMN.fullmatch(column)
    if match is None:
        return None
    phase, region = "", match["part"] or ""
    for name in NAMED_PHASES:
        if region == name or region.startswith(f"{name}-"):
            phase, region = name, region[len(name) + 1 :]
    return ColumnName(match["sequence"], phase, region, match["filter"], match["feature_class"], match["feature"])


def parse_foreign(column: str) -> tuple[str, str] | None:
    """Split a column of plain pyradiomics into the prefix its author gave it and pyradiomics' own name.

    Parameters
    ----------
    column : str
        Name of a column, possibly with the dots that R puts in place of hyphens.

    Returns
    -------
    tuple of str or None
        Prefix ("" where there is none) and pyradiomics' name; None if it is no such column.

    Examples
    --------
    >>> parse_foreign("Margin_wavelet.LLH_glcm_Idn")
    ('Margin', 'wavelet-LLH_glcm_Idn')
    >>> parse_foreign("original_shape_MeshVolume")
    ('', 'original_shape_MeshVolume')
    """
    head, *rest = re.split(r"(?=wavelet\d*\.|log\.sigma\.|lbp\.)", column, maxsplit=1)
    match = _FOREIGN.fullmatch(head + "".join(rest).replace(".", "-"))
    if match is None:
        return None
    return match["prefix"] or "", f"{match['filter']}_{match['feature_class']}_{match['feature']}"
