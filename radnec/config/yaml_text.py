"""Reads YAML text of bounded size, from people and from strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from radnec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Settings are some hundred values, landmarks of intensities some thousand. Aliases (``*name``) count in full.
_MOST = 100_000
#: Digits and signs of a number. YAML counts ``1:30:00`` in sixties, which takes hours where there are many.
_LONGEST_NUMBER = 100


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which stops at what no settings hold."""

    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.nodes += 1
        if self.nodes > _MOST:
            raise yaml.composer.ComposerError(None, None, f"more than {_MOST} values: these are no settings")
        return super().compose_node(parent, index)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        number = node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        if number and len(node.value) > _LONGEST_NUMBER:
            raise yaml.constructor.ConstructorError(None, None, "a number of too many digits", node.start_mark)
        return super().construct_scalar(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        """Refuse a name given twice, of which PyYAML takes the last without a word."""
        seen = set()
        for name, _ in node.value:
            if isinstance(name, yaml.ScalarNode) and name.tag != "tag:yaml.org,2002:merge":
                if (name.tag, name.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{name.value!r} is given twice; keep one of the two", name.start_mark
                    )
                seen.add((name.tag, name.value))
        return super().construct_mapping(node, deep=deep)


def parse_yaml(text: str, *, source: str) -> Any:
    """Parse YAML into plain values.

    Parameters
    ----------
    text : str
        YAML or JSON.
    source : str
        What errors call it.

    Returns
    -------
    object
        dict, list, str, int, float, bool, date or None.

    Raises
    ------
    radnec.errors.ConfigError
        If it is no YAML, gives a name twice, holds what no setting can be, or so much, with its aliases written out,
        that it was made to fill the memory.

    Examples
    --------
    >>> parse_yaml("bin_width: 25", source="settings.yaml")
    {'bin_width': 25}
    """
    try:
        values = _Loader(text).get_single_data()
    except (yaml.YAMLError, TypeError, ValueError, AttributeError, LookupError) as error:
        # Beside its own errors PyYAML lets through those of dates that do not exist and numbers of too many digits.
        raise ConfigError(f"{source} is not YAML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{source} is nested too deep to be settings") from None
    for count, _ in enumerate(_written_out(values)):
        if count > _MOST:
            raise ConfigError(f"{source} holds more than {_MOST} values: these are no settings")
    return values


def _written_out(values: Any) -> Iterator[Any]:
    waiting = [values]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, dict):
            waiting.extend([*value, *value.values()])
        elif isinstance(value, (list, tuple, set)):
            waiting.extend(value)
