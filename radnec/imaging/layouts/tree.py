"""Lists the files below a folder, whatever lies there."""

from __future__ import annotations

import os
from pathlib import Path

from radnec.errors import ReadError
from radnec.imaging.readers import FORMATS

#: Folders that archives and desktops leave behind.
_NOISE = frozenset({"__MACOSX", "$RECYCLE.BIN", "lost+found"})


def files_below(folder: Path) -> list[Path]:
    """Return the regular files below a folder, in order of name.

    Hidden files and folders are left out. Links to folders are not followed, so that no loop and nothing outside
    the folder is walked; links to files count as files (datalad and git-annex keep images so), broken ones do not.

    Parameters
    ----------
    folder : Path
        Where to start.

    Returns
    -------
    list of Path
        Paths that begin with `folder`.

    Raises
    ------
    radnec.errors.ReadError
        If `folder` is no folder.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("b.nii", "a.nii", ".hidden"):
    ...     (folder / name).touch()
    >>> [path.name for path in files_below(folder)]
    ['a.nii', 'b.nii']
    """
    if not folder.is_dir():
        raise ReadError(f"{folder} is no folder: expected the folder that holds the data set")
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOISE)
        paths = (Path(parent, name) for name in sorted(names) if not name.startswith("."))
        found += [path for path in paths if path.is_file()]
    return found


def is_volume(path: Path) -> bool:
    """Return whether a file's name says that it is an image or mask (NIfTI, NRRD, MetaImage)."""
    return path.name.lower().endswith(FORMATS)


def stem(path: Path) -> str:
    """Return the name of an image file without its format.

    Examples
    --------
    >>> stem(Path("P1_T1.nii.gz")), stem(Path("P1.seg.nrrd"))
    ('P1_T1', 'P1.seg')
    """
    name = path.name
    ending = max((form for form in FORMATS if name.lower().endswith(form)), key=len, default=path.suffix)
    return name[: len(name) - len(ending)]
