"""Translates pyradiomics' parameter files into the fields of ``ExtractionConfig``, and back."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from radnec.config.vocabulary import FEATURES, IMAGE_TYPES, INTERPOLATORS, PER_FILTER, SETTINGS
from radnec.errors import ConfigError, ExtractionWarning

if TYPE_CHECKING:
    from collections.abc import Iterable

_SECTIONS = ("imageType", "featureClass", "setting", "voxelSetting")
_FIELD_TO_SETTING = {field: setting for setting, field in SETTINGS.items()}
_OPTION_OWNER = {option: name for name, options in IMAGE_TYPES.items() for option in options}
# Dropping these cannot change a value: radnec compares grids itself and refuses what does not fit.
_GRID_SETTINGS = {
    "geometryTolerance": "radnec compares the grids of image and mask itself and names any difference",
    "correctMask": "a mask on another grid is refused; see radnec.imaging.geometry.align_mask(mask, image)",
}


def from_parameters(parameters: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Translate pyradiomics' parameters into keyword arguments of ``ExtractionConfig``.

    Parameters
    ----------
    parameters : mapping
        The sections ``imageType``, ``featureClass`` and ``setting``, as a parameter file holds them.
    source : str
        Where they come from, named in errors.

    Returns
    -------
    dict
        Field name to value; what the file leaves out is left out.

    Raises
    ------
    radnec.errors.ConfigError
        If a name is unknown (the nearest known one is suggested), or something has no counterpart: voxel-wise
        maps, a mask label or channel, spacing without interpolator.

    Examples
    --------
    >>> from_parameters({"setting": {"binWidth": 5, "force2D": True}}, "a dictionary")
    {'bin_width': 5, 'force_2d': True, 'feature_classes': {'shape': None, ...}}
    """
    _verify_sections(parameters, source)
    problems = [_unknown(name, _SECTIONS, "section") for name in parameters if name not in _SECTIONS]
    if parameters.get("voxelSetting"):
        problems.append("voxelSetting: voxel-wise feature maps are not lesion features; remove the section")
    setting = dict(parameters.get("setting") or {})
    images = {name: dict(options or {}) for name, options in (parameters.get("imageType") or {}).items()}
    notes = _hand_to_filters(setting, images) + _drop_without_effect(setting)
    problems += _refused(setting)
    problems += [_unknown(name, SETTINGS, "setting") for name in setting if name not in SETTINGS]
    problems += [_unknown(name, IMAGE_TYPES, "image type") for name in images if name not in IMAGE_TYPES]
    problems += [
        _unknown(name, FEATURES, "feature class")
        for name in (parameters.get("featureClass") or {})
        if name not in FEATURES
    ]
    if problems:
        raise ConfigError(f"{source} cannot be used:\n  " + "\n  ".join(problems))
    if notes:
        warnings.warn(f"{source}: " + "; ".join(notes), ExtractionWarning, stacklevel=3)
    return _fields(setting, images, parameters.get("featureClass") or {})


def _verify_sections(parameters: Mapping[str, Any], source: str) -> None:
    """Refuse sections that hold no names with values, such as a text or a list."""
    for name in _SECTIONS:
        section = parameters.get(name) or {}
        nested = section.values() if name == "imageType" and isinstance(section, Mapping) else ()
        broken = [one for one in (section, *nested) if one is not None and not isinstance(one, Mapping)]
        if broken or not all(isinstance(key, str) for key in section):
            raise ConfigError(f"{source}: {name} holds no `name: value` lines; expected {name}: {{name: value}}")


def to_parameters(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Translate the fields of an ``ExtractionConfig`` into pyradiomics' three sections.

    Parameters
    ----------
    values : mapping
        Field name to value. Fields that pyradiomics does not know (``by_sequence``, ``zscore``,
        ``clip_percentiles``, ``n4``) are left out: radnec does these itself.

    Returns
    -------
    dict
        What ``radiomics.featureextractor.RadiomicsFeatureExtractor`` takes, with ``additionalInfo`` off.
    """
    setting = {name: _plain(name, values[field]) for name, field in SETTINGS.items() if values[field] is not None}
    images = {}
    for name, options in values["image_types"].items():
        named = {_FIELD_TO_SETTING.get(option, option): value for option, value in options.items()}
        renamed = {option: _plain(option, value) for option, value in named.items()}
        if "binWidth" in renamed and "binCount" in setting:
            renamed.setdefault("binCount", None)  # pyradiomics lets a bin count win over a bin width
        images[name] = renamed
    classes = {name: list(features or []) for name, features in values["feature_classes"].items()}
    return {"setting": {**setting, "additionalInfo": False}, "imageType": images, "featureClass": classes}


def _plain(setting: str, value: Any) -> Any:
    """Return a value in the type that pyradiomics needs: lists for tuples, a bin width and a shift as below."""
    if setting == "binWidth" and value is not None:
        return float(value)  # pyradiomics adds it to intensities in the image's type, where whole numbers overflow
    if setting == "voxelArrayShift" and float(value).is_integer():
        return int(value)  # the parameter schema asks for it
    return list(value) if isinstance(value, tuple | list) else value


def _unknown(name: object, known: Iterable[str], kind: str) -> str:
    # Case is folded first: bindwidth, BinWidth and bin_width are all the same slip.
    folded = {other.lower(): other for other in known}
    close = difflib.get_close_matches(str(name).lower().replace("_", ""), folded, n=1)
    hint = f"did you mean {folded[close[0]]!r}?" if close else f"known: {', '.join(folded.values())}"
    return f"{name}: unknown {kind}; {hint}"


def _hand_to_filters(setting: dict[str, Any], images: dict[str, dict[str, Any]]) -> list[str]:
    """Move options that a file gives for all filters (``sigma`` …) to the filter that reads them."""
    notes = []
    for option in [name for name in setting if name in _OPTION_OWNER]:
        value, owner = setting.pop(option), _OPTION_OWNER[option]
        if owner in images:
            images[owner].setdefault(option, value)
        else:
            notes.append(f"{option} has no effect, because {owner} is not among the image types")
    return notes


def _drop_without_effect(setting: dict[str, Any]) -> list[str]:
    setting.pop("additionalInfo", None)
    notes = []
    for name, reason in _GRID_SETTINGS.items():
        if setting.pop(name, None):
            notes.append(f"{name} is not used: {reason}")
    if setting.get("binCount") is not None and setting.pop("binWidth", None) is not None:
        notes.append("binWidth has no effect beside binCount")
    return notes


def _refused(setting: dict[str, Any]) -> list[str]:
    problems = []
    label, channel = setting.pop("label", 1), setting.pop("label_channel", 0)
    if label != 1:
        problems.append(f"label {label}: the cohort table says which label of a mask is the lesion (column mask_label)")
    if channel not in (None, 0):
        problems.append(f"label_channel {channel}: give each lesion a mask file of its own")
    if "interpolator" in setting and setting["interpolator"] is None:
        del setting["interpolator"]
        if setting.get("resampledPixelSpacing") is not None:
            problems.append(
                "resampledPixelSpacing without an interpolator does nothing; give one, or remove the spacing"
            )
    return problems


def _fields(setting: dict[str, Any], images: dict[str, dict[str, Any]], classes: Mapping[str, Any]) -> dict[str, Any]:
    values = {SETTINGS[name]: value for name, value in setting.items()}
    number = values.get("interpolator")
    if isinstance(number, int) and 1 <= number <= len(INTERPOLATORS):
        values["interpolator"] = INTERPOLATORS[number - 1]
    if images:
        values["image_types"] = {
            name: {_field_of_option(option): value for option, value in options.items()}
            for name, options in images.items()
        }
    # A file without feature classes means all; pyradiomics then skips shape2D wherever force2D is off.
    values["feature_classes"] = dict(classes) or {
        name: None for name in FEATURES if name != "shape2D" or setting.get("force2D")
    }
    return values


def _field_of_option(option: str) -> str:
    field = SETTINGS.get(option, option)
    return field if field in PER_FILTER else option
