"""Names the versions of the code that features depend on."""

from __future__ import annotations

import hashlib
import importlib.metadata
from functools import cache
from pathlib import Path

# Values of a read, resampled or filtered image, or of a mask, may change with these.
_NEEDED = ("radnec", "SimpleITK", "PyWavelets", "numpy", "scipy", "numba")
_OPTIONAL = ("pydicom", "highdicom", "scikit-image", "slicerio")
# Packages of radnec in which values may change between two states of one version, as while it is developed.
_MEASURING = ("config", "features", "imaging")


@cache
def library_versions() -> tuple[str, ...]:
    """Return names and versions; of optional libraries those that are installed, and last a digest of radnec's code.

    Examples
    --------
    >>> [one.split()[0] for one in library_versions()][:2]
    ['radnec', 'SimpleITK']
    """
    versions = (f"{name} {version}" for name in (*_NEEDED, *_OPTIONAL) if (version := _version(name)))
    return (*versions, f"code {code_digest(Path(__file__).parents[1])}")


def code_digest(package: Path) -> str:
    """Return the SHA-256 (hex) of the source files that measure, in a folder laid out as radnec is.

    Examples
    --------
    >>> len(code_digest(Path(__file__).parents[1]))
    64
    """
    found = hashlib.sha256()
    for path in sorted(path for name in _MEASURING for path in package.joinpath(name).rglob("*.py")):
        found.update(f"{path.relative_to(package).as_posix()} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if name in _NEEDED:
            raise
        return ""
