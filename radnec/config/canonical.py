"""Gives extraction settings that mean the same one form, however they were written, so that they have one digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radnec.config.vocabulary import FEATURES, FILTER_DEFAULTS, PER_FILTER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from radnec.config.extraction import ExtractionConfig

_FLOATS = ("bin_width", "voxel_array_shift")


def canonical(config: ExtractionConfig) -> dict[str, Any]:
    """Return what extraction settings mean, in the form that their digest is of.

    Parameters
    ----------
    config : ExtractionConfig
        Settings.

    Returns
    -------
    dict
        Fields that alter a value or a column's name, as JSON holds them. Exceptions of a sequence hold what differs,
        options of a filter what is not the default, lists of features are in order. A width ``sigma`` stays the whole
        number or the float it is, because columns are named by it (``log-sigma-2-mm-3D``, ``log-sigma-2-0-mm-3D``).

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> config = ExtractionConfig(by_sequence={"FLAIR": {"bin_width": 25}, "rCBV": {"bin_width": 1}})
    >>> canonical(config)["by_sequence"]
    {'rCBV': {'bin_width': 1.0}}
    """
    common = _of_one(config)
    own = {name: _different(_of_one(config.for_sequence(name)), common) for name in config.by_sequence}
    return {**common, "by_sequence": {name: changes for name, changes in own.items() if changes}}


def _of_one(config: ExtractionConfig) -> dict[str, Any]:
    fields: dict[str, Any] = config.model_dump(mode="json", exclude=config.undigested | {"by_sequence"})
    fields["image_types"] = {name: _options(name, own, fields) for name, own in fields["image_types"].items()}
    fields["feature_classes"] = {name: _features(name, own) for name, own in fields["feature_classes"].items()}
    return fields


def _different(fields: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    return _one_binning({name: value for name, value in fields.items() if value != common[name]})


def _one_binning(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out that there is no bin width where there is a count, and the other way round: one says the other."""
    both = ("bin_width", "bin_count")
    said = any(values.get(name) is not None for name in both)
    return {name: value for name, value in values.items() if not (said and name in both and value is None)}


def _options(name: str, given: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a filter that are neither its defaults nor the common settings."""
    usual = FILTER_DEFAULTS.get(name, {})
    options = {}
    for option, value in given.items():
        if option == "sigma":
            options[option] = sorted(value)
        elif option not in PER_FILTER and value is not None and value != usual.get(option):
            options[option] = _number(value)
    own = {option: given[option] for option in PER_FILTER if option in given}
    if own.get("bin_width") is not None:
        own.setdefault("bin_count", None)
    changed = _one_binning({option: value for option, value in own.items() if value != fields[option]})
    return options | {option: float(value) if option in _FLOATS else value for option, value in changed.items()}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _features(name: str, chosen: list[str] | None) -> list[str] | None:
    """Return chosen features in order, or None where they are all that are usual."""
    return None if chosen is None or set(chosen) == set(FEATURES[name]) else sorted(set(chosen))
