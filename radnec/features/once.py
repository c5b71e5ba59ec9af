"""Keeps what took long to make, or why it could not be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from radnec.errors import RadnecError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Once(Generic[T]):
    """Makes each thing once, and raises again what was raised over it.

    Examples
    --------
    >>> made = Once()
    >>> made.get("a", lambda: 1), made.get("a", lambda: 2)
    (1, 1)
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, T | RadnecError] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, or make it.

        Raises
        ------
        radnec.errors.RadnecError
            That `make` raised, now or before.
        """
        if key not in self._known:
            try:
                self._known[key] = make()
            except RadnecError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, RadnecError):
            raise found
        return found
