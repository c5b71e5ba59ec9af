"""Reads what SUV depend on from the headers of PET slices, and refuses what does not allow them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from radnec.errors import ReadError
from radnec.imaging.dicom.files import parsing, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from radnec.imaging.dicom.view import View


def private_text(view: View, group: int, element: int, creator: str) -> str | None:
    """Return the text of a private attribute; None where it is absent or empty."""
    with parsing(view.path):
        try:
            value = plain(view.top.get_private_item(group, element, creator).value)
        except KeyError:
            return None
    return None if value is None else str(value)


def agreed(slices: Sequence[View], keyword: str) -> str | None:
    """Return the text that all slices give an attribute; None where absent.

    Raises
    ------
    radnec.errors.ReadError
        If slices differ.
    """
    found = {view.text(keyword) for view in slices}
    if len(found) > 1:
        told = ", ".join(sorted(map(str, found)))
        refuse(slices[0], f"{keyword} differs between slices: {told}", "expected one value")
    return found.pop()


def needed(slices: Sequence[View], keyword: str) -> float:
    """Return a number above 0 that all slices share; raises as :func:`agreed` and :func:`positive`."""
    agreed(slices, keyword)
    return positive(slices[0], keyword)


def positive(view: View, keyword: str) -> float:
    """Return a number above 0.

    Raises
    ------
    radnec.errors.ReadError
        If it is absent, or not above 0.
    """
    number = view.number(keyword)
    if number is None or number <= 0:
        refuse(view, f"{keyword} is {'absent' if number is None else f'{number:g}'}", "expected a number above 0")
    return number


def refuse(view: View, found: str, expected: str) -> NoReturn:
    """Raise a ReadError: what was found in the file of `view`, and what was expected or is to be done."""
    raise ReadError(f"{view.path} cannot be turned into SUV: {found}; {expected}")
