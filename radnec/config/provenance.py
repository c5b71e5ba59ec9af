"""What a table of measurements says about its own origin, in ``table.attrs["radnec"]``."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from radnec.config import ExtractionConfig

_LIBRARIES = ("SimpleITK", "numpy", "PyWavelets", "pandas")


def stamp(table: pd.DataFrame, *, kind: str, extraction: ExtractionConfig | None = None, **facts: Any) -> pd.DataFrame:
    """Write a table's origin into it.

    Parameters
    ----------
    table : DataFrame
        Changed in place.
    kind : str
        What made it: ``features``, ``pyradiomics``, …
    extraction : ExtractionConfig, optional
        Settings of the extraction.
    **facts
        What else is to be known; must be JSON.

    Returns
    -------
    DataFrame
        `table`.

    Examples
    --------
    >>> import pandas as pd
    >>> stamp(pd.DataFrame(), kind="features", engine="by hand").attrs["radnec"]["engine"]
    'by hand'
    """
    table.attrs = {
        "radnec": {
            "kind": kind,
            "radnec": importlib.metadata.version("radnec"),
            "extraction": extraction.model_dump(mode="json") if extraction else None,
            "extraction_digest": extraction.digest() if extraction else None,
            "versions": {name: importlib.metadata.version(name) for name in _LIBRARIES},
            "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            **facts,
        }
    }
    return table


def provenance(table: pd.DataFrame) -> dict[str, Any]:
    """Return what a table says about its origin; empty if it says nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> provenance(pd.DataFrame())
    {}
    """
    found = table.attrs.get("radnec", {})
    return dict(found) if isinstance(found, dict) else {}
