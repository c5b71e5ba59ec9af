"""Which feature speaks for a cluster of correlated ones: the order in which they are visited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from radnec.errors import ConfigError
from radnec.features.naming import parse_foreign

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Representative = Literal["least_correlated", "interpretable", "stable"]

#: Feature classes from what a reader can picture to what none can; classes not named here are texture.
_CLASSES = ("shape", "shape2D", "firstorder")


def visiting_order(
    names: Sequence[str], representative: Representative, iccs: Mapping[str, float] | None = None
) -> list[str] | None:
    """Return the columns in the order that :class:`radnec.model.CorrelationFilter` visits them.

    Parameters
    ----------
    names : list of str
        Columns.
    representative : {"least_correlated", "interpretable", "stable"}
        Who speaks for a cluster: the feature least correlated with all others (None is returned, the filter's own
        order), the one easiest to picture (:func:`~radnec.model.clusters.difficulty`), or the one of the greatest
        intraclass correlation; features without one come first, for nothing speaks against them.
    iccs : mapping of str to float, optional
        Intraclass correlations, for ``"stable"``.

    Raises
    ------
    radnec.errors.ConfigError
        If the most stable is asked for and no intraclass correlation is known.

    Examples
    --------
    >>> names = ["original_glcm_Contrast", "wavelet-LLH_firstorder_Mean", "original_firstorder_Mean", "age_years"]
    >>> visiting_order(names, "interpretable")
    ['age_years', 'original_firstorder_Mean', 'wavelet-LLH_firstorder_Mean', 'original_glcm_Contrast']
    >>> visiting_order(["a", "b"], "stable", {"a": 0.8, "b": 0.9})
    ['b', 'a']
    """
    if representative == "least_correlated":
        return None
    if representative == "interpretable":
        return sorted(names, key=lambda name: (*difficulty(name), name))
    if iccs is None:
        raise ConfigError(
            "representative='stable' keeps the feature of the greatest intraclass correlation, and none is known; "
            "give replicates, or choose representative='interpretable'"
        )
    return sorted(names, key=lambda name: (-iccs.get(name, 2.0), name))


def difficulty(name: str) -> tuple[int, int]:
    """Return how hard a feature is to picture; sorts the easiest first.

    The order is: columns that are no radiomics feature (clinical columns, indices), shape, first order, texture; within
    each the original image before any filter of it.

    Examples
    --------
    >>> difficulty("T1wCE_original_shape_Sphericity") < difficulty("T1wCE_original_glcm_Contrast")
    True
    >>> difficulty("T1wCE_original_glcm_Contrast") < difficulty("T1wCE_wavelet-LLH_glcm_Contrast")
    True
    """
    known = parse_foreign(name)
    if known is None:
        return (0, 0)
    image, feature_class, _ = known[1].split("_", 2)
    place = _CLASSES.index(feature_class) + 1 if feature_class in _CLASSES else len(_CLASSES) + 1
    return (place, int(image != "original"))
