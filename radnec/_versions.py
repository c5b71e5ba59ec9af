"""Prints the versions of Python and of the libraries radnec uses."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version


def show_versions() -> None:
    """Print the versions that a bug report needs, one a line.

    Examples
    --------
    >>> show_versions()
    Python ...
    radnec ...
    jinja2 3...
    """
    needed = [line for line in requires("radnec") or [] if "extra ==" not in line]
    names = sorted({re.split(r"[^\w.-]", line)[0] for line in needed}, key=str.lower)
    print(f"Python {platform.python_version()} on {platform.platform()}")  # noqa: T201  # printing is its purpose
    for name in ["radnec", *names, "pyradiomics"]:
        try:
            print(f"{name} {version(name)}")  # noqa: T201
        except PackageNotFoundError:
            print(f"{name} not installed")  # noqa: T201
