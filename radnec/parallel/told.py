"""Carries radnec's warnings from where a unit of work is measured to the user who asked for it."""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

from radnec.errors import RadnecWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Of several warnings of one kind so many are told; the others are counted.
_SHOWN = 3

R = TypeVar("R")
Warned: TypeAlias = tuple[type[RadnecWarning], str]


class Done(NamedTuple, Generic[R]):
    """What came of a unit, and what radnec warned of meanwhile."""

    results: list[R]
    warned: list[Warned]


@contextmanager
def recorded() -> Iterator[list[Warned]]:
    """Collect the warnings that radnec gives inside, whatever the filters say; those of others go their way.

    Python's filters belong to the whole process, so nothing is collected in a thread of a worker that has several.

    Yields
    ------
    list of (type, str)
        Filled when the block is left: category and text, in order.

    Examples
    --------
    >>> from radnec.errors import MaskWarning
    >>> with recorded() as told:
    ...     warnings.warn("12 voxels were lost", MaskWarning, stacklevel=1)
    >>> told
    [(<class 'radnec.errors.MaskWarning'>, '12 voxels were lost')]
    """
    told: list[Warned] = []
    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RadnecWarning)
            yield told
    finally:
        for one in caught:
            if issubclass(one.category, RadnecWarning):
                told.append((one.category, str(one.message)))
            else:
                warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)


class Told:
    """What was warned of while units of work were measured; each text is told once.

    Examples
    --------
    >>> from radnec.errors import MaskWarning
    >>> told = Told()
    >>> told.add([(MaskWarning, "12 voxels were lost")] * 2)
    >>> [str(one) for _, one in told.sentences()]
    ['12 voxels were lost (2 times)']
    """

    def __init__(self) -> None:
        self._counts: Counter[Warned] = Counter()

    def add(self, warned: Iterable[Warned]) -> None:
        """Count the warnings of a unit."""
        self._counts.update(warned)

    def sentences(self) -> list[Warned]:
        """Return category and text of what there is to tell, sorted by both, so that no order of work shows."""
        kinds: dict[type[RadnecWarning], list[str]] = {}
        for (kind, text), count in sorted(self._counts.items(), key=lambda one: (one[0][0].__name__, one[0][1])):
            kinds.setdefault(kind, []).append(text if count == 1 else f"{text} ({count} times)")
        return [(kind, text) for kind, texts in kinds.items() for text in _shortened(texts)]

    def warn(self, *, stacklevel: int) -> None:
        """Warn of everything; 2 is the caller."""
        for kind, text in self.sentences():
            warnings.warn(text, kind, stacklevel=stacklevel)


def _shortened(texts: list[str]) -> list[str]:
    hidden = len(texts) - _SHOWN
    return [*texts[:_SHOWN], f"… and {hidden} more such warnings"] if hidden > 1 else texts
