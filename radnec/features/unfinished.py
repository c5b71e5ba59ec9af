"""Makes the files that are written under another name until they are complete."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def unfinished_file(folder: Path, name: str = "") -> Path:
    """Make an empty file that no other process writes to.

    Parameters
    ----------
    folder : Path
        Where to make it; on the file system of the file it will become.
    name : str
        What its name begins with.

    Returns
    -------
    Path
        The file; it ends in ``.part``. All who may read the caller's other new files may read it, which those of
        :mod:`tempfile` do not allow.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> unfinished_file(Path(tempfile.mkdtemp()), "features.csv.").stat().st_size
    0
    """
    path = folder / f"{name}{uuid.uuid4().hex}.part"
    path.touch(exist_ok=False)
    return path
