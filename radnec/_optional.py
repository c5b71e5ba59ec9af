"""Imports an optional library, or says the exact lines that install it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from radnec.errors import MissingDependencyError

if TYPE_CHECKING:
    from types import ModuleType

_INSTALL = {
    "radiomics": (
        'uv pip install "numpy<2.5" setuptools wheel versioneer\n'
        "  uv pip install --no-build-isolation pyradiomics==3.0.1   # Python 3.11"
    ),
    "skimage": "pip install scikit-image",
    "trimesh": "pip install trimesh",
}


def need(module: str, purpose: str, extra: str) -> ModuleType:
    """Import `module`, or raise an error with the lines that install it.

    Parameters
    ----------
    module : str
        Name to import.
    purpose : str
        What it is needed for, as the subject of a sentence.
    extra : str
        The extra of radnec that brings it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If it is not installed; the message holds the install lines.

    Examples
    --------
    >>> need("json", "reading a table", "none").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        lines = _INSTALL.get(module, f'pip install "radnec[{extra}]"')
        raise MissingDependencyError(
            f"{purpose} needs {module.split('.', maxsplit=1)[0]}, which cannot be imported ({error}). "
            f"Install it with:\n  {lines}"
        ) from error
