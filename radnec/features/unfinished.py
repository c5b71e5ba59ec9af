"""Makes the files that are written under another name until they are complete."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

from radnec.errors import TableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def appearing(path: Path, part: Path | None = None) -> Iterator[Path]:
    """Give a file to write, which stands in place of `path` when it is complete, and is deleted if it never is.

    Parameters
    ----------
    path : Path
        Where the complete file is to be. Several processes may write it: each has a file of its own until then.
    part : Path, optional
        The file to write; by default :func:`unfinished_file` makes it.

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
    part = part or unfinished_file(path.parent, f"{path.name}.")
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


def unfinished_table(path: Path) -> Path:
    """Make an empty file beside a table that is to be written, which becomes the table when it is complete.

    Parameters
    ----------
    path : Path
        Where the table will be.

    Raises
    ------
    radnec.errors.TableError
        If there is no such folder, it cannot be written to, or `path` is a folder itself.

    Examples
    --------
    >>> from pathlib import Path
    >>> unfinished_table(Path("/no/such/features.parquet"))
    Traceback (most recent call last):
    ...
    radnec.errors.TableError: there is no folder /no/such for features.parquet; make it, or name another
    """
    if path.is_dir():
        raise TableError(f"{path} is a folder; expected the name of a file, such as {path / 'features'}{path.suffix}")
    try:
        return unfinished_file(path.parent, f"{path.name}.")
    except FileNotFoundError:
        raise TableError(f"there is no folder {path.parent} for {path.name}; make it, or name another") from None
    except OSError as error:
        raise TableError(f"{path} cannot be written ({error}); name another place") from error
