"""Names the versions of the libraries that features depend on."""

from __future__ import annotations

import importlib.metadata
from functools import cache

# Values of a read, resampled or filtered image, or of a mask, may change with these.
_NEEDED = ("radnec", "SimpleITK", "PyWavelets", "numpy", "scipy", "numba")
_OPTIONAL = ("pydicom", "highdicom", "scikit-image", "slicerio")


@cache
def library_versions() -> tuple[str, ...]:
    """Return names and versions; of optional libraries those that are installed.

    Examples
    --------
    >>> [one.split()[0] for one in library_versions()][:2]
    ['radnec', 'SimpleITK']
    """
    return tuple(f"{name} {version}" for name in (*_NEEDED, *_OPTIONAL) if (version := _version(name)))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if name in _NEEDED:
            raise
        return ""
