"""Sees what ITK hides of a NIfTI file: missing data, unusable voxel sizes and non-finite voxels."""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

import numpy as np
import SimpleITK as sitk

from radnec.errors import ReadError
from radnec.imaging.claims import FARTHEST_MM

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: A multiple of every item size, so that no number is split between two chunks.
_CHUNK = 1 << 20
#: Extensions of a header are text of some thousand bytes.
_LONGEST_HEADER = 1 << 24
#: Volume of a voxel as share of its edges' product below which its axes lie in one plane.
_FLAT = 1e-6
_FLOATS = {16: "f4", 64: "f8"}


@dataclass(frozen=True)
class NonFinite:
    """NaN and infinite voxels of a file.

    Parameters
    ----------
    places : numpy.ndarray of int64, shape (n,)
        Positions in the file's order of voxels (x runs fastest, then y, z, frame).
    values : numpy.ndarray of float64, shape (n,)
        NaN or an infinity for each.
    """

    places: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def none(cls) -> NonFinite:
        """Return the voxels of a file that has none."""
        return cls(np.empty(0, np.int64), np.empty(0))


def verify_nifti(path: Path, reader: sitk.ImageFileReader) -> NonFinite:
    """Read a NIfTI file through, and refuse what ITK would mend without a word.

    Parameters
    ----------
    path : pathlib.Path
        A ``.nii`` or ``.nii.gz`` file.
    reader : SimpleITK.ImageFileReader
        Reader that has read the file's header.

    Returns
    -------
    NonFinite
        The voxels that ITK will replace by 0, for :func:`put_back`.

    Raises
    ------
    radnec.errors.ReadError
        If data are missing (ITK fills up) or more than the header claims (it is damaged, and ITK would cut or shift
        the volume), the checksum of a compressed file is wrong, or the voxel sizes are 0 or NaN (ITK takes
        1 mm).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "map.nii.gz"
    >>> sitk.WriteImage(sitk.GetImageFromArray(np.array([[[1.0, np.nan], [np.inf, 2.0]]])), path)
    >>> reader = sitk.ImageFileReader()
    >>> reader.SetFileName(str(path))
    >>> reader.ReadImageInformation()
    >>> verify_nifti(path, reader)
    NonFinite(places=array([1, 2]), values=array([nan, inf]))
    """

    def header(name: str) -> str:
        return str(reader.GetMetaData(name))

    start = int(float(header("vox_offset")))
    expected = math.prod(reader.GetSize()) * int(header("bitpix")) // 8
    try:
        with _stream(path) as stream:
            head = stream.read(start)
            if int(header("sform_code")) <= 0:
                _verify_voxel_sizes(path, head)
            kind = _FLOATS.get(int(header("datatype")))
            found, lost = _scan(stream, None if kind is None else np.dtype(_order(head) + kind), most=expected)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ReadError(f"{path} is damaged or cut short ({error}). Copy or export it again.") from error
    if found < expected:
        raise ReadError(f"{path} is cut short: {found} bytes of voxels, expected {expected}. Export it again.")
    if found > expected:
        raise ReadError(
            f"{path} holds more than the {expected} bytes of voxels that its header claims, so the size, type or "
            "offset in the header is damaged. Export it again."
        )
    return lost


@dataclass(frozen=True)
class _Layout:
    """Where a version of NIfTI keeps what, in bytes, and in what type."""

    first_voxel: int
    start: tuple[int, str]
    codes: tuple[int, str]
    quaternion: tuple[int, str]
    affine: tuple[int, str]


_NIFTI1 = _Layout(352, (108, "f4"), (252, "i2"), (256, "f4"), (280, "f4"))
_NIFTI2 = _Layout(544, (168, "i8"), (344, "i4"), (352, "f8"), (400, "f8"))


def verify_header(path: Path) -> None:
    """Refuse headers that ITK reads as something else, or never finishes to read.

    Parameters
    ----------
    path : pathlib.Path
        A ``.nii`` or ``.nii.gz`` file.

    Raises
    ------
    radnec.errors.ReadError
        If the file is not NIfTI (ITK takes it for Analyze, which has no affine), its voxels start within the header, or
        its affine or quaternion holds NaN, infinite or huge numbers, or axes that do not span space.

    References
    ----------
    NIfTI-1.1 and NIfTI-2 headers, https://nifti.nimh.nih.gov.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "map.nii"
    >>> sitk.WriteImage(sitk.Image(4, 5, 6, sitk.sitkInt16), path)
    >>> verify_header(path)
    """
    try:
        with _stream(path) as stream:
            head = stream.read(_NIFTI2.first_voxel)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ReadError(f"{path} is damaged or cut short ({error}). Copy or export it again.") from error
    layout = {b"n+1\0": _NIFTI1}.get(head[344:348]) or {b"n+2\0": _NIFTI2}.get(head[4:8])
    if layout is None or len(head) < layout.first_voxel:
        raise ReadError(f"{path} is cut short, or damaged: it does not say that it is one NIfTI file (n+1 or n+2)")

    def numbers(field: tuple[int, str], count: int) -> NDArray[np.float64]:
        return np.frombuffer(head, _order(head) + field[1], count=count, offset=field[0]).astype(np.float64)

    start = float(numbers(layout.start, 1)[0])
    if not layout.first_voxel <= start <= _LONGEST_HEADER or start != int(start):
        raise ReadError(f"{path} is damaged: voxels start at byte {start:g}, expected {layout.first_voxel} or later")
    qform, sform = numbers(layout.codes, 2)
    for used, field, count, name in ((qform, layout.quaternion, 6, "qform"), (sform, layout.affine, 12, "sform")):
        values = numbers(field, count)
        if used > 0 and not (np.abs(values) <= FARTHEST_MM).all():
            raise ReadError(f"{path} has an affine ({name}) that is not all numbers of a size in mm: {values.tolist()}")
    axes = numbers(layout.affine, 12).reshape(3, 4)[:, :3]
    if sform > 0 and abs(np.linalg.det(axes)) <= _FLAT * np.prod(np.linalg.norm(axes, axis=0)):
        raise ReadError(f"{path} has an affine (sform) whose axes do not span space: {axes.tolist()}")


def _stream(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _order(head: bytes) -> str:
    """Return the byte order, told by the header's own size: 348 (NIfTI-1) or 540 (NIfTI-2)."""
    return "<" if int.from_bytes(head[:4], "little") in (348, 540) else ">"


def _verify_voxel_sizes(path: Path, head: bytes) -> None:
    order = _order(head)
    first = int(np.frombuffer(head, f"{order}i4", count=1)[0]) == 348
    kind, start = ("f4", 80) if first else ("f8", 112)
    sizes = tuple(np.frombuffer(head, order + kind, count=3, offset=start).tolist())
    if not all(math.isfinite(size) and size != 0 for size in sizes):
        raise ReadError(f"{path} gives voxel sizes {sizes} mm (pixdim): expected three positive numbers")


def _scan(stream: IO[bytes], kind: np.dtype[np.floating] | None, *, most: int) -> tuple[int, NonFinite]:
    """Count the bytes to the end, which also verifies a gzip checksum, and find the non-finite numbers.

    The count ends soon after `most`: a small compressed file may go on for ever.
    """
    total = 0
    places, values = [np.empty(0, np.int64)], [np.empty(0)]
    while total <= most and (chunk := stream.read(_CHUNK)):
        if kind is not None:
            numbers = np.frombuffer(chunk, kind, count=len(chunk) // kind.itemsize)
            lost = np.flatnonzero(~np.isfinite(numbers))
            places.append(lost + total // kind.itemsize)
            values.append(numbers[lost].astype(np.float64))
        total += len(chunk)
    return total, NonFinite(np.concatenate(places), np.concatenate(values))


def put_back(image: sitk.Image, lost: NonFinite, *, frame: int = 0) -> sitk.Image:
    """Give an image the non-finite voxels that ITK replaced by 0.

    Parameters
    ----------
    image : SimpleITK.Image
        Three-dimensional image as ITK read it.
    lost : NonFinite
        Voxels of the whole file.
    frame : int, default 0
        Which volume of the file `image` is.

    Returns
    -------
    SimpleITK.Image
        `image` itself where nothing was lost, else a copy.

    Examples
    --------
    >>> mended = sitk.Image(2, 2, 1, sitk.sitkFloat32)
    >>> put_back(mended, NonFinite(np.array([3]), np.array([np.inf])))[1, 1, 0]
    inf
    """
    count = image.GetNumberOfPixels()
    ours = (lost.places >= frame * count) & (lost.places < (frame + 1) * count)
    if not ours.any():
        return image
    array = sitk.GetArrayFromImage(image)
    array.reshape(-1)[lost.places[ours] - frame * count] = lost.values[ours]
    restored = sitk.GetImageFromArray(array)
    restored.CopyInformation(image)
    return restored
