"""Finds a segment of a mask file by its number or its name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from radnec.errors import AbsentLabelError, EmptyMaskError, MaskError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Titles = Sequence[tuple[int, str]]


def find_title(titles: Titles, label: int | str, *, name: str, noun: str = "segment") -> int:
    """Return the position of the segment with a number or an exact name.

    Parameters
    ----------
    titles : sequence of (int, str)
        Number and name of each segment.
    label : int or str
        What is looked for; spaces around a name do not count.
    name, noun : str
        What errors call the file, and a segment.

    Raises
    ------
    radnec.errors.MaskError
        If several fit.
    radnec.errors.AbsentLabelError
        If none does; :class:`~radnec.errors.EmptyMaskError` if there are no segments at all.

    Examples
    --------
    >>> find_title([(1, "met"), (2, "oedema")], "oedema", name="the mask")
    1
    >>> find_title([(2, "oedema")], "Oedem", name="the mask")
    Traceback (most recent call last):
    ...
    radnec.errors.AbsentLabelError: the mask has no segment 'Oedem'; it holds 2 'oedema'; did you mean 'oedema'?
    """
    if not titles:
        raise EmptyMaskError(f"{name} is empty: it holds no {noun}")
    named = isinstance(label, str)
    wanted = label.strip() if isinstance(label, str) else label
    found = [k for k, (number, title) in enumerate(titles) if wanted == (title if named else number)]
    if not named:
        # A table cannot tell the number 2 from the name "2", so a name that is the number of another counts.
        found += [k for k, (_, title) in enumerate(titles) if title == str(wanted) and k not in found]
    if len(found) > 1:
        raise MaskError(
            f"{name}: {wanted!r} fits {len(found)} {noun}s: {listed(titles[k] for k in found)}. Choose one by a "
            f"{'number' if named else 'name'} that no other has, or rename them."
        )
    if not found:
        raise AbsentLabelError(
            f"{name} has no {noun} {wanted!r}; it holds {listed(titles)}{_hint(titles, str(wanted))}"
        )
    return found[0]


def listed(titles: Iterable[tuple[int, str]]) -> str:
    """Return numbers and names in one line.

    Examples
    --------
    >>> listed([(1, "met"), (2, "oedema")])
    "1 'met', 2 'oedema'"
    """
    return ", ".join(f"{number} {title!r}" for number, title in titles)


def _hint(titles: Titles, wanted: str) -> str:
    plain = {_plain(title): title for _, title in titles}
    close = difflib.get_close_matches(_plain(wanted), plain, n=1)
    return f"; did you mean {plain[close[0]]!r}?" if close else ""


def _plain(name: str) -> str:
    return "".join(name.casefold().split())
