"""Says which feature columns the settings will give, before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.config.vocabulary import FEATURES
from radnec.features.plan import NOT_MEASURED

if TYPE_CHECKING:
    from radnec.config import ExtractionConfig
    from radnec.features.plan import Plan


def expected_columns(planned: Plan) -> list[str]:
    """Return the feature columns of a plan, in order of name.

    Parameters
    ----------
    planned : Plan
        Rows and settings.

    Returns
    -------
    list of str
        Columns of all sequences, phases and regions. None of them is there if no lesion of a sequence can be measured.
    """
    rows = planned.cohort[["sequence", "_prefix"]].drop_duplicates().itertuples(index=False, name=None)
    names = {sequence: expected_features(config) for sequence, config in planned.settings.items()}
    return sorted(
        {prefix + name for sequence, prefix in rows if sequence not in NOT_MEASURED for name in names[sequence]}
    )


def expected_features(config: ExtractionConfig) -> list[str]:
    """Return the features that the settings give for a region, under pyradiomics' names.

    Parameters
    ----------
    config : ExtractionConfig
        Settings of one sequence.

    Returns
    -------
    list of str
        Each once; shapes are measured once, whatever the filters are.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> config = ExtractionConfig(image_types={"LoG": {"sigma": [2.0]}}, feature_classes={"glcm": ["Contrast", "Id"]})
    >>> expected_features(config)
    ['log-sigma-2-0-mm-3D_glcm_Contrast', 'log-sigma-2-0-mm-3D_glcm_Id']
    """
    filters = [name for image_type in config.image_types for name in _filters(image_type, config)]
    found: dict[str, None] = {}
    for kind, features in config.feature_classes.items():
        for image in ["original"] if kind.startswith("shape") else filters:
            found |= dict.fromkeys(f"{image}_{kind}_{feature}" for feature in features or FEATURES[kind])
    return list(found)


def _filters(image_type: str, config: ExtractionConfig) -> list[str]:
    options = config.image_types[image_type]
    if image_type == "LoG":
        return [f"log-sigma-{str(width).replace('.', '-')}-mm-3D" for width in options["sigma"]]
    if image_type == "Wavelet":
        return _wavelets(options.get("level", 1), 3 if config.plane is None else 2)
    if image_type == "LBP2D":
        return ["lbp-2D"]
    if image_type == "LBP3D":
        return [*(f"lbp-3D-m{level}" for level in range(1, options.get("lbp3DLevels", 2) + 1)), "lbp-3D-k"]
    return [image_type.lower()]


def _wavelets(levels: int, axes: int) -> list[str]:
    """Return the names of all details of each level, and of the last level's approximation."""
    details = ["".join("LH"[number >> bit & 1] for bit in reversed(range(axes))) for number in range(1, 2**axes)]
    starts = ["wavelet", *(f"wavelet{level}" for level in range(2, levels + 1))]
    return [*(f"{start}-{detail}" for start in starts for detail in details), f"{starts[-1]}-{'L' * axes}"]
