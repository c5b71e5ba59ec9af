"""Ends a worker process when the process that it works for has died."""

from __future__ import annotations

import os
import threading
import time
from functools import cache

_EVERY_S = 1.0


@cache
def end_with(asker: int) -> None:
    """Watch the process that asked for work, and end this one when it is gone.

    Does nothing in the process itself, and in workers that another process started, such as a cluster's.

    Parameters
    ----------
    asker : int
        Number of the process that asked.

    Notes
    -----
    A process that is killed cannot tell its workers, which would finish what they were given and then wait for more.
    What they have not finished is lost with them, as if they had been killed too. On Windows a process keeps the number
    of a parent that is gone, so that workers there end by themselves when they have waited for joblib's five minutes.

    Examples
    --------
    >>> end_with(os.getpid())
    """
    if os.getppid() == asker:
        threading.Thread(target=_wait, args=(asker,), daemon=True).start()


def _wait(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_EVERY_S)
    os._exit(1)
