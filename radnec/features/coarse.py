"""Finds sequences whose lesions fall into one grey level, so that their texture says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radnec.features.columns import acquisitions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from radnec.config import ExtractionConfig

#: Share of a sequence's lesions in one grey level from which its texture is in doubt.
TOO_MANY = 0.1
# Either is 1 where all voxels share a grey level, and only there.
_ONE_LEVEL = ("original_glcm_JointEnergy", "original_firstorder_Uniformity")
_RANGE = "original_firstorder_Range"
#: How the columns end that are looked at.
NEEDED = (*(f"_{name}" for name in _ONE_LEVEL), f"_{_RANGE}")
_BINS = 32


def coarse_sequences(table: pd.DataFrame, settings: Mapping[str, ExtractionConfig]) -> list[dict[str, Any]]:
    """Return the sequences of which a tenth of the lesions, or more, have one grey level.

    Parameters
    ----------
    table : DataFrame
        A feature table.
    settings : mapping of str to ExtractionConfig
        Settings of each sequence.

    Returns
    -------
    list of dict
        ``sequence`` (with phase and region), ``lesions``, ``in_one_level``, and ``bin_width`` that would give about 32
        levels over the median range of intensities; None where the range was not measured.

    Notes
    -----
    Constant lesions do not count: no bin width helps them, and ``radnec.check`` reports them (RN009).

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.config import ExtractionConfig
    >>> table = pd.DataFrame({"rCBV_original_firstorder_Uniformity": [1.0, 1.0], "rCBV_original_firstorder_Range": 3.0})
    >>> coarse_sequences(table, {"rCBV": ExtractionConfig()})
    [{'sequence': 'rCBV', 'lesions': 2, 'in_one_level': 2, 'bin_width': 0.09}]
    """
    found = []
    for start in acquisitions(map(str, table.columns)):
        columns = [f"{start}_{name}" for name in _ONE_LEVEL if f"{start}_{name}" in table]
        sequence = next((name for name in settings if start == name or start.startswith(f"{name}-")), None)
        if not columns or sequence is None or settings[sequence].bin_width is None:
            continue
        level = table[columns[0]].to_numpy(dtype=float, na_value=np.nan)
        measured = np.isfinite(level)
        spread = None
        if f"{start}_{_RANGE}" in table:
            spread = table[f"{start}_{_RANGE}"].to_numpy(dtype=float, na_value=np.nan)
            measured &= spread > 0
        one = int((level[measured] > 1 - 1e-12).sum())
        if measured.any() and one >= TOO_MANY * measured.sum():
            width = None if spread is None else float(f"{np.median(spread[measured]) / _BINS:.1g}")
            found.append(
                {"sequence": start, "lesions": int(measured.sum()), "in_one_level": one, "bin_width": width},
            )
    return found


def advice(found: dict[str, Any], settings: Mapping[str, ExtractionConfig]) -> str:
    """Return a sentence for one of :func:`coarse_sequences`.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> entry = {"sequence": "rCBV", "lesions": 60, "in_one_level": 58, "bin_width": 0.1}
    >>> print(advice(entry, {"rCBV": ExtractionConfig()}))
    rCBV: 58 of 60 lesions fall into one grey level at bin_width 25, so their texture says nothing. Set a width that
    fits the sequence: by_sequence={'rCBV': {'bin_width': 0.1}}
    """
    start = found["sequence"]
    sequence = next(name for name in settings if start == name or start.startswith(f"{name}-"))
    width = "..." if found["bin_width"] is None else f"{found['bin_width']:g}"
    return (
        f"{start}: {found['in_one_level']} of {found['lesions']} lesions fall into one grey level at bin_width "
        f"{settings[sequence].bin_width:g}, so their texture says nothing. Set a width that fits the sequence: "
        f"by_sequence={{{sequence!r}: {{'bin_width': {width}}}}}"
    )
