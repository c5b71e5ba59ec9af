"""Keeps a process on one thread while scans are measured, and gives it back as it was."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

from radnec.parallel.threads import one_itk_thread

if TYPE_CHECKING:
    from collections.abc import Iterator


@lru_cache(maxsize=1)
def _controller(_modules: int) -> ThreadpoolController:
    """Look for the libraries that have thread pools; again only when modules were loaded, because it takes a while."""
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run SimpleITK and linear algebra on one thread, so that workers do not compete for processors.

    May be nested, and entered by several threads at once. Linear algebra obeys one thread of a process at a time, so
    the thread that starts others has to be inside as long as they are.

    Examples
    --------
    >>> import SimpleITK as sitk
    >>> before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    >>> with one_thread():
    ...     sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    1
    >>> sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == before
    True
    """
    with _controller(len(sys.modules)).limit(limits=1), one_itk_thread():
        yield
