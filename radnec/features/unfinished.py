"""Makes the files that are written under another name until they are complete."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Give a file to write, which stands in place of `path` when it is complete, and is deleted if it never is.

    Parameters
    ----------
    path : Path
        Where the complete file is to be. Several processes may write it: each has a file of its own until then.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "report.txt"
    >>> with appearing(file) as part:
    ...     _ = part.write_text("complete")
    >>> file.read_text(), [one.name for one in file.parent.iterdir()]
    ('complete', ['report.txt'])
    """
    part = unfinished_file(path.parent, f"{path.name}.")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


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
