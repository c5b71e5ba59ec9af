"""Reads the text parts of a model file, within limits on their size and nesting."""

from __future__ import annotations

from importlib.metadata import version
from typing import TypeVar

import yaml

from radnec.bundle.archive import refusing
from radnec.config import Settings
from radnec.errors import BundleFormatError, BundleSizeError, ConfigError

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_EVENTS = 120_000

S = TypeVar("S", bound=Settings)


def bytes_to_text(content: bytes, *, name: str) -> str:
    """Decode a text part; `name` is told in errors.

    Raises
    ------
    radnec.errors.BundleSizeError
        If it has more than `MAX_BYTES` bytes.
    radnec.errors.BundleFormatError
        If it is not UTF-8.

    Examples
    --------
    >>> bytes_to_text(b"# Model", name="card.md")
    '# Model'
    """
    if len(content) > MAX_BYTES:
        raise BundleSizeError(f"{name} has {len(content):,} bytes; at most {MAX_BYTES:,} are read")
    with refusing(name):
        return content.decode("utf-8")


def bytes_to_settings(kind: type[S], content: bytes, *, name: str, writer: str) -> S:
    """Read settings from a YAML part.

    Parameters
    ----------
    kind : type
        Class of the settings.
    content : bytes
        The part.
    name, writer : str
        The part's name and the radnec version that wrote it, told in errors.

    Returns
    -------
    Settings
        An instance of `kind`.

    Raises
    ------
    radnec.errors.BundleSizeError
        If the part is too long, or holds too many values.
    radnec.errors.BundleFormatError
        If it is not what ``Settings.to_yaml`` writes, or holds a setting unknown to this version.

    Examples
    --------
    >>> from radnec.config import LabelPolicy
    >>> bytes_to_settings(LabelPolicy, b"session: all", name="policy.yaml", writer="0.1.0").session
    'all'
    """
    text = bytes_to_text(content, name=name)
    with refusing(name):
        _check_nesting(text, name)
        try:
            return kind.from_text(text, source=name)
        except ConfigError as error:
            raise BundleFormatError(
                f"{name}, written by radnec {writer}, cannot be read by radnec {version('radnec')}: {error}"
            ) from error


def _check_nesting(text: str, name: str) -> None:
    # Aliases unfold without end, and PyYAML takes minutes over deep brackets: stop where either starts.
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        if count > MAX_EVENTS:
            raise BundleSizeError(f"{name} holds more than {MAX_EVENTS:,} values and brackets")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            raise BundleFormatError(f"{name} uses YAML aliases or deep nesting; radnec never writes them")
