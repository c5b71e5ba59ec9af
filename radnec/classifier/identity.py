"""Names a model by what made it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray


def identity_of(*parts: str | pd.DataFrame | NDArray[Any]) -> str:
    """Return 16 hexadecimal digits that differ when any part does.

    Parameters
    ----------
    parts : str, DataFrame or ndarray
        Digests, seeds, and the rows that were learnt from.

    Examples
    --------
    >>> identity_of("a", pd.DataFrame({"x": [1]})) == identity_of("a", pd.DataFrame({"x": [2]}))
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, pd.DataFrame):
            part = pd.util.hash_pandas_object(part, index=False).to_numpy()
        digest.update(part.encode() if isinstance(part, str) else part.tobytes())
        digest.update(b"\0")
    return digest.hexdigest()[:16]
