"""Compiles the engine's kernels, and keeps them on disk where there is a folder for it."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from numba import njit

from radnec.errors import ExtractionWarning

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")


def kernel(function: Function) -> Function:
    """Compile a function when it is first called, without Python's lock.

    Numba keeps what it compiled in ``NUMBA_CACHE_DIR``, beside the package, or in the user's own cache folder. Where
    none of them can be written, the function is compiled anew in every process: a folder that all users share, such as
    the one for temporary files, is not taken instead, because what is read from there is run.

    Numba numbers what it keeps of a function in the order in which types come. Where two processes begin with different
    types at the same moment, both take the first number, and one may run ever after what was compiled for the other.
    So a function of several types has to meet them in the same order in every process.

    Parameters
    ----------
    function : callable
        What Numba can compile.

    Returns
    -------
    callable
        The same function, compiled.

    Warns
    -----
    radnec.errors.ExtractionWarning
        Once, if nothing can be kept.
    """
    try:
        compiled: Any = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # Numba found no folder
        _tell()
        compiled = njit(nogil=True)(function)
    return cast("Function", compiled)


@cache
def _tell() -> None:
    text = (
        "compiled kernels cannot be kept, because neither the package's folder nor your cache folder can be written; "
        "every process compiles them anew, which takes up to a minute. Set NUMBA_CACHE_DIR to a folder of your own"
    )
    warnings.warn(text, ExtractionWarning, stacklevel=3)
