"""Says which model a result comes from, without the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from radnec.classifier import RadnecClassifier
from radnec.errors import ConfigError


@dataclass(frozen=True)
class ModelIdentity:
    """What a result says of its model.

    Parameters
    ----------
    name : str
        Name of the model.
    version : str
        Version of the software that judged the lesions.
    identity : str
        Digest of what the model learnt from and how.
    parameters : tuple of str
        Further facts, such as ``extraction 3f2a…``.
    """

    name: str
    version: str
    identity: str
    parameters: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: Any) -> ModelIdentity:
        """Return the identity of a fitted model, or what a mapping says of one.

        Parameters
        ----------
        model : RadnecClassifier or mapping
            A fitted model, or a mapping with ``identity`` and perhaps ``name``, ``version`` and other facts.

        Raises
        ------
        radnec.errors.ConfigError
            If the model is not fitted, or the mapping lacks ``identity`` or holds empty texts.

        Examples
        --------
        >>> ModelIdentity.of({"name": "centre A", "identity": "1f0c", "version": "0.1.0", "parent": "77aa"})
        ModelIdentity(name='centre A', version='0.1.0', identity='1f0c', parameters=('parent 77aa',))
        """
        if isinstance(model, ModelIdentity):
            return model
        facts = _given(model) if isinstance(model, Mapping) else _fitted(model)
        named = {name: facts.pop(name) for name in ("name", "version", "identity")}
        return cls(**named, parameters=tuple(f"{name} {value}" for name, value in facts.items()))


def _given(model: Mapping[str, Any]) -> dict[str, str]:
    facts = {str(name): str(value).strip() for name, value in model.items()}
    if "identity" not in facts:
        raise ConfigError(f"the model's mapping holds {', '.join(facts) or 'nothing'}: expected at least 'identity'")
    facts = {"name": "radnec", "version": version("radnec")} | facts
    empty = [name for name, value in facts.items() if not value]
    if empty:
        raise ConfigError(f"the model's {empty[0]} is empty: a result must say which model it comes from")
    return facts


def _fitted(model: Any) -> dict[str, str]:
    identity = getattr(model, "identity_", None)
    if not isinstance(identity, str):
        raise ConfigError(
            f"model is a {type(model).__name__} without identity: expected a fitted radnec.RadnecClassifier, or a "
            "mapping such as {'name': 'centre A', 'identity': '1f0c9d3e'}"
        )
    facts = {"name": type(model).__name__, "version": version("radnec"), "identity": identity}
    if getattr(model, "parent_", None):
        facts["parent"] = str(model.parent_)
    if getattr(model, "extraction_config_", None) is not None:
        facts["extraction"] = str(model.extraction_config_.digest())
    return facts


def fitted(model: Any) -> RadnecClassifier:
    """Return a model that is a fitted classifier, and refuse anything else.

    Raises
    ------
    radnec.errors.ConfigError
        If it is a pathway, not fitted, or no model at all.
    """
    if not isinstance(model, RadnecClassifier) or not hasattr(model, "recipe_"):
        raise ConfigError(f"model is a {type(model).__name__}: expected a fitted radnec.RadnecClassifier")
    return model
