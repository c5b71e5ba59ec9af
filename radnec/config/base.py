"""Frozen settings that refuse unknown names, with YAML text and a digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from radnec.config.explaining import explain, explain_assignment, explain_positional, explain_unknown
from radnec.config.yaml_text import parse_yaml
from radnec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings(BaseModel):
    """Base of all settings: frozen, refusing unknown names, with YAML and a digest.

    Raises
    ------
    radnec.errors.ConfigError
        If a name is unknown or a value is out of range; every problem is listed, unknown names with the
        nearest known one. Also if a setting is given without its name, or assigned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def __init__(self, /, *nameless: Any, **values: Any) -> None:
        own = type(self)
        name = own.model_config.get("title") or own.__name__
        if nameless:
            raise ConfigError(explain_positional(name, own.model_fields, nameless))
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(explain(name, own.model_fields, error)) from None

    @model_validator(mode="wrap")
    @classmethod
    def _names_as_text(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        # Settings within settings are built by their names, which Python wants to be text, before any is judged.
        return handler({str(name): one for name, one in value.items()} if isinstance(value, dict) else value)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to change a setting.

        Raises
        ------
        radnec.errors.ConfigError
            With the line that makes new settings.
        """
        try:
            super().__setattr__(name, value)
        except ValidationError:
            own = type(self)
            if name not in own.model_fields:
                raise ConfigError(explain_unknown(name, own.model_fields)) from None
            raise ConfigError(explain_assignment(own.__name__, name, value)) from None

    def __hash__(self) -> int:
        """Return the same number for equal settings, mappings and lists among them included."""
        return hash((type(self), _frozen(dict(self))))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return settings with some changed.

        Parameters
        ----------
        update : mapping of str to value
            Settings to change.
        deep : bool
            Has no meaning for settings, which never change.

        Raises
        ------
        radnec.errors.ConfigError
            If a name is unknown or a value is out of range.
        """
        return type(self)(**{name: getattr(self, name) for name in self.model_fields_set} | dict(update or {}))

    @classmethod
    def _of(cls, values: dict[str, Any], source: str) -> Self:
        """Build the settings; errors name `source`."""
        try:
            return cls(**values)
        except ConfigError as error:
            raise ConfigError(f"{source}: {error}") from None

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """Read settings from a YAML file.

        Parameters
        ----------
        path : path-like
            File written by :meth:`to_yaml`, or by hand with the same names.

        Raises
        ------
        radnec.errors.ConfigError
            If the file is no YAML mapping, or holds an unknown name or a wrong value.
        """
        return cls.from_text(read_text(path), source=str(path))

    @classmethod
    def from_text(cls, text: str, *, source: str = "the settings") -> Self:
        """Read settings from YAML text; `source` is named in errors.

        Parameters
        ----------
        text : str
            The YAML.
        source : str
            What errors call it.
        """
        values = parse_yaml(text, source=source) or {}
        if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
            found = type(values).__name__ if not isinstance(values, dict) else "name that is no text"
            raise ConfigError(f"{source} holds a {found}; expected `name: value` lines")
        return cls._of(values, source)

    def to_yaml(self) -> str:
        """Return the settings as YAML text that :meth:`from_text` reads back to equal settings."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the settings, equal for settings that mean the same, on any machine.

        Examples
        --------
        >>> from radnec.config import ExtractionConfig
        >>> ExtractionConfig().digest() == ExtractionConfig(bin_width=25).digest()
        True
        """
        fields = type(self).model_fields
        usual = {name for name in self.undigested_default if getattr(self, name) == fields[name].default}
        kept = {name: value for name, value in self._digested().items() if name not in self.undigested | usual}
        text = json.dumps(kept, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _digested(self) -> dict[str, Any]:
        """Return what the digest is of, as JSON holds it."""
        return self.model_dump(mode="json")

    #: Names that change how the work is done, not its result.
    undigested: ClassVar[set[str]] = set()
    #: Names that came later: at their default the digest is that of settings without them.
    undigested_default: ClassVar[set[str]] = set()


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return frozenset((name, _frozen(one)) for name, one in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def read_text(path: str | Path) -> str:
    """Return the text of a file of settings.

    Raises
    ------
    radnec.errors.ConfigError
        If it is not UTF-8.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: {error}") from None


def check_jobs(n_jobs: int) -> None:
    """Refuse a number of parallel jobs that joblib cannot start.

    Raises
    ------
    radnec.errors.ConfigError
        If it is 0, or no whole number.

    Examples
    --------
    >>> check_jobs(0)
    Traceback (most recent call last):
    ...
    radnec.errors.ConfigError: n_jobs=0; expected 1 or more parallel jobs, or -1 for all processors
    """
    if not isinstance(n_jobs, int) or isinstance(n_jobs, bool) or n_jobs == 0:
        raise ConfigError(f"n_jobs={n_jobs!r}; expected 1 or more parallel jobs, or -1 for all processors")
