"""Checks image types and features that settings ask for against what there is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from radnec.config.explaining import nearest
from radnec.config.vocabulary import FEATURES, ON_REQUEST, REPLACED
from radnec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_sigma(image_types: dict[str, dict[str, Any]]) -> None:
    """Refuse a LoG without widths in mm."""
    sigma = image_types.get("LoG", {"sigma": [1.0]}).get("sigma")
    widths = sigma if isinstance(sigma, list | tuple) else []
    if not widths or not all(isinstance(width, int | float) and 0 < width < math.inf for width in widths):
        raise ValueError("LoG needs sigma, a list of widths in mm, such as {'LoG': {'sigma': [1.0, 2.0]}}")


def check_wavelet(image_types: dict[str, dict[str, Any]]) -> None:
    """Refuse a wavelet that PyWavelets does not know."""
    wavelet = image_types.get("Wavelet", {}).get("wavelet")
    if wavelet is not None:
        import pywt

        if wavelet not in (known := pywt.wavelist(kind="discrete")):
            raise ValueError(f"unknown wavelet {wavelet!r}; {nearest(str(wavelet), known)}")


def check_features(feature_class: str, features: Iterable[str]) -> None:
    """Refuse features that a class does not have, and those that pyradiomics replaced, naming the other."""
    if isinstance(features, str):  # iterated over, it would be letters
        raise ConfigError(f"give the features of {feature_class} as a list: {{{feature_class!r}: [{features!r}]}}")
    known = FEATURES[feature_class] + ON_REQUEST.get(feature_class, ())
    for feature in features:
        if feature in REPLACED.get(feature_class, {}):
            instead = REPLACED[feature_class][feature]
            raise ValueError(f"pyradiomics no longer computes {feature} of {feature_class}; it equals {instead}")
        if feature not in known:
            raise ValueError(f"{feature_class} has no feature {feature!r}; {nearest(feature, known)}")
