"""Files made to do harm, each of which must be refused."""

from __future__ import annotations

import gzip
import shutil
import struct
import zlib
from typing import TYPE_CHECKING

import models
import numpy as np
import pydicom
import seeds
import SimpleITK as sitk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Maker = Callable[[Path, Path], None]


def of(kind: str) -> dict[str, Maker]:
    """Return the makers of the files of one kind: each writes into a folder, from the corpus."""
    return _MAKERS.get(kind, {})


def _nifti(place: int, form: str, *values: float, source: str = "image") -> Maker:
    """Overwrite numbers of a NIfTI header."""

    def make(folder: Path, corpus: Path) -> None:
        content = bytearray((corpus / source / "v_nii" / "v.nii").read_bytes())
        struct.pack_into(f"<{form}", content, place, *values)
        (folder / "v.nii").write_bytes(content)

    return make


def _unplaced(folder: Path, corpus: Path) -> None:
    """No affine, and a voxel size of 0."""
    content = bytearray((corpus / "image" / "v_nii" / "v.nii").read_bytes())
    struct.pack_into("<2h", content, 252, 0, 0)
    struct.pack_into("<f", content, 80, 0.0)
    (folder / "v.nii").write_bytes(content)


def _bomb(folder: Path, corpus: Path) -> None:
    """1 GiB of zeros behind a small volume, in 1 MB."""
    content = (corpus / "image" / "v_nii" / "v.nii").read_bytes()
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    with (folder / "v.nii.gz").open("wb") as file:
        file.write(pack.compress(content))
        zeros = bytes(1 << 24)
        for _ in range(64):
            file.write(pack.compress(zeros))
        file.write(pack.flush())


def _claimed_gz(folder: Path, corpus: Path) -> None:
    content = bytearray((corpus / "image" / "v_nii" / "v.nii").read_bytes())
    struct.pack_into("<3h", content, 42, 32767, 32767, 32767)
    (folder / "v.nii.gz").write_bytes(gzip.compress(bytes(content)))


def _text(source: str, old: bytes, new: bytes) -> Maker:
    """Replace text of a header."""

    def make(folder: Path, corpus: Path) -> None:
        for file in (corpus / source).iterdir():
            content = file.read_bytes()
            (folder / file.name).write_bytes(content.replace(old, new) if old in content[:2048] else content)
        if not any(new in file.read_bytes()[:4096] for file in folder.iterdir()):
            raise AssertionError(f"{source} holds no {old!r}")

    return make


def _outside(header: str, line: str) -> Maker:
    """Make a header whose voxels are a file outside its folder."""

    def make(folder: Path, corpus: Path) -> None:
        (folder.parent / "secret.raw").write_bytes(bytes(2 * 12 * 10 * 8))
        name = "v.mhd" if header == "v_mhd" else "v.nhdr"
        lines = (corpus / "image" / header / name).read_text().splitlines()
        start = line.split(" ", maxsplit=1)[0]
        lines = [line if one.startswith(start) else one for one in lines if not one.startswith("CompressedDataSize")]
        (folder / name).write_text("\n".join(lines) + "\n")

    return make


def _dicom(source: str, **changes: object) -> Maker:
    """Change attributes of a DICOM file; None removes one."""

    def make(folder: Path, corpus: Path) -> None:
        for number, file in enumerate(sorted((corpus / source).iterdir())):
            if number:
                shutil.copy(file, folder)
                continue
            dataset = pydicom.dcmread(file)
            for name, value in changes.items():
                if value is None:
                    del dataset[name]
                else:
                    setattr(dataset, name, value)
            dataset.save_as(folder / file.name)

    return make


def _deflated(source: str) -> Maker:
    """Make a deflated DICOM file of 500 kB that unpacks to 512 MiB."""

    def make(folder: Path, corpus: Path) -> None:
        file = sorted((corpus / source).iterdir())[0]
        dataset = pydicom.dcmread(file)
        plain = pydicom.filebase.DicomBytesIO()
        plain.is_little_endian, plain.is_implicit_VR = True, False
        pydicom.filewriter.write_dataset(plain, dataset)
        meta = pydicom.filebase.DicomBytesIO()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
        meta.is_little_endian, meta.is_implicit_VR = True, False
        pydicom.filewriter.write_file_meta_info(meta, dataset.file_meta)
        pack = zlib.compressobj(9, zlib.DEFLATED, -15)
        with (folder / "bomb.dcm").open("wb") as out:
            out.write(bytes(128) + b"DICM" + meta.getvalue())
            out.write(pack.compress(plain.getvalue()))
            out.write(pack.compress(struct.pack("<HH2sHI", 0x7FE1, 0x0010, b"OB", 0, 0xFFFFFFF0)))
            zeros = bytes(1 << 24)
            for _ in range(32):
                out.write(pack.compress(zeros))
            out.write(pack.flush())

    return make


def _within(place: str, make: Maker) -> Maker:
    """Make a file in a folder of its own."""

    def made(folder: Path, corpus: Path) -> None:
        (folder / place).mkdir(parents=True)
        make(folder / place, corpus)

    return made


def _claimed_case(folder: Path, corpus: Path) -> None:
    """Make a case whose mask claims 32767 cubed voxels; nothing of it can be used."""
    _claimed_gz(folder, corpus)
    (folder / "v.nii.gz").rename(folder / f"{folder.name}-seg.nii.gz")


def _write(name: str, text: str) -> Maker:
    def make(folder: Path, _corpus: Path) -> None:
        (folder / name).write_text(text)

    return make


def _elsewhere(folder: Path, _corpus: Path) -> None:
    """Write a mask in the same voxels of another place."""
    made = seeds.mask()
    made.SetOrigin((100.0, 7.0, 30.0))
    sitk.WriteImage(made, folder / "v.nii.gz")


def _fractions(folder: Path, _corpus: Path) -> None:
    sitk.WriteImage(sitk.Cast(seeds.mask(), sitk.sitkFloat32) * 0.5, folder / "v.nrrd")


def _many_corners(folder: Path, corpus: Path) -> None:
    """Write outlines of 20 000 corners within one another: all pairs of their edges do not fit in memory."""
    dataset = pydicom.dcmread(corpus / "mask" / "rtstruct" / "rs.dcm")
    outlines = dataset.ROIContourSequence[0].ContourSequence
    angles = np.linspace(0, 2 * np.pi, 20000, endpoint=False)
    round_it = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    corners = np.reshape(outlines[0].ContourData, (4, 3)).astype(float)
    for outline, size in zip(outlines[:2], (0.5, 0.25), strict=True):
        points = corners.mean(axis=0) + size * np.ptp(corners, axis=0) * round_it
        outline.NumberOfContourPoints, outline.ContourData = len(points), [f"{number:.4f}" for number in points.ravel()]
    dataset.save_as(folder / "rs.dcm")


_DOUBLED = "".join(f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]\n" for k in range(1, 60))
_ALIASES = f"a0: &a0 [x, x]\n{_DOUBLED}setting: *a59\n"
_LONG = "patient_id,session_id,lesion_id,sequence,image_path,mask_path\n"
_HUGE = np.iinfo(np.int32).max

_MAKERS: dict[str, dict[str, Maker]] = {
    "image": {
        "nifti claims 32767 cubed": _nifti(42, "3h", 32767, 32767, 32767),
        "nifti gz claims 32767 cubed": _claimed_gz,
        "nifti gz bomb": _bomb,
        "nifti affine of nan": _nifti(280, "f", float("nan")),
        "nifti negative size": _nifti(42, "h", -5),
        "nifti zero spacing": _unplaced,
        "nifti singular affine": _nifti(280, "4f", 0, 0, 0, 0),
        "nifti offset beyond the end": _nifti(108, "f", 1e9),
        "nifti offset shifted by three voxels": _nifti(108, "f", 358),
        "nifti offset within the header": _nifti(108, "f", 320),
        "nrrd claims 60000 cubed": _text("image/v_nrrd", b"sizes: 12 10 8", b"sizes: 60000 60000 60000"),
        "nrrd gz claims 60000 cubed": _text("image/z_nrrd", b"sizes: 12 10 8", b"sizes: 60000 60000 60000"),
        "nrrd zero spacing": _text("image/v_nrrd", b"(1,0,0)", b"(0,0,0)"),
        "nrrd nan direction": _text("image/v_nrrd", b"(1,0,0)", b"(nan,0,0)"),
        "nhdr outside its folder": _outside("v_nhdr", "data file: ../secret.raw"),
        "nhdr absolute": _outside("v_nhdr", "data file: /dev/zero"),
        "mha claims 60000 cubed": _text("image/v_mha", b"DimSize = 12 10 8", b"DimSize = 60000 60000 60000"),
        "mha gz claims 60000 cubed": _text("image/z_mha", b"DimSize = 12 10 8", b"DimSize = 60000 60000 60000"),
        "mha zero spacing": _text("image/v_mha", b"ElementSpacing = 1 ", b"ElementSpacing = 0 "),
        "mha nan spacing": _text("image/v_mha", b"ElementSpacing = 1 ", b"ElementSpacing = nan "),
        "mhd outside its folder": _outside("v_mhd", "ElementDataFile = ../secret.raw"),
        "mhd absolute": _outside("v_mhd", "ElementDataFile = /dev/zero"),
        "mhd list outside its folder": _outside("v_mhd", "ElementDataFile = LIST\n../secret.raw"),
        "dicom claims 65535 squared": _dicom("image/series", Rows=65535, Columns=65535),
        "dicom spacing of 0": _dicom("image/series", PixelSpacing=[0, 0]),
        "dicom slice missing": _dicom("image/series", ImagePositionPatient=[0, 0, 500]),
        "dicom without pixels": _dicom("image/series", PixelData=None),
        "dicom enhanced claims 2 billion frames": _dicom("image/enhanced", NumberOfFrames=_HUGE),
        "dicom deflate bomb": _deflated("image/enhanced"),
        "spect claims 2 billion frames": _dicom("image/spect", NumberOfFrames=_HUGE),
        "spect spacing of 0": _dicom("image/spect", SpacingBetweenSlices=0),
        "spect gated": _dicom("image/spect", ImageType=["ORIGINAL", "PRIMARY", "RECON GATED TOMO", "EMISSION"]),
    },
    "mask": {
        "label map elsewhere": _elsewhere,
        "fractions": _fractions,
        "nifti claims 32767 cubed": _nifti(42, "3h", 32767, 32767, 32767, source="mask"),
        "nifti offset shifted by three voxels": _nifti(108, "f", 355, source="mask"),
        "slicer claims 60000 cubed": _text("mask/slicer", b"sizes: 12 10 8", b"sizes: 60000 60000 60000"),
        "seg claims 65535 squared": _dicom("mask/seg", Rows=65535, Columns=65535),
        "seg claims 2 billion frames": _dicom("mask/seg", NumberOfFrames=_HUGE),
        "seg deflate bomb": _deflated("mask/seg"),
        "rtstruct without contours": _dicom("mask/rtstruct", ROIContourSequence=[]),
        "rtstruct of 20000 corners": _many_corners,
        "rtstruct deflate bomb": _deflated("mask/rtstruct"),
    },
    "dose": {
        "claims 65535 squared": _dicom("dose/rtdose", Rows=65535, Columns=65535),
        "claims 2 billion frames": _dicom("dose/rtdose", NumberOfFrames=_HUGE),
        "scaling of 0": _dicom("dose/rtdose", DoseGridScaling=0),
        "offsets of another number": _dicom("dose/rtdose", GridFrameOffsetVector=[0, 2]),
        "spacing of 0": _dicom("dose/rtdose", PixelSpacing=[0, 0]),
        "deflate bomb": _deflated("dose/rtdose"),
    },
    "table": {
        "yaml of a billion aliases": _write("params.yaml", _ALIASES),
        "yaml nested 100000 deep": _write("params.yaml", "[" * 100000),
        "settings nested 100000 deep": _write("settings.yaml", "[" * 100000),
        "settings of a billion aliases": _write("settings.yaml", _ALIASES.replace("setting", "bin_width")),
        "yaml python object": _write("params.yaml", "setting: !!python/object/apply:os.getcwd []\n"),
        "yaml huge number": _write("params.yaml", "setting:\n  binWidth: " + "9" * 6000 + "\n"),
        "cohort with a cell of 1 MB": _write("cohort.csv", _LONG + "P1,1,L1,T1w," + "A" * 1000000 + ",m.nii\n"),
        "cohort of nul bytes": _write("cohort.csv", _LONG + "\0" * 5000),
        "cohort of open quotes": _write("cohort.csv", _LONG + '"' * 5001),
        "features of open quotes": _write("features.csv", 'patient_id,x\n"' + "1," * 50000),
    },
    "suv": {
        "claims 65535 squared": _dicom("suv/series", Rows=65535, Columns=65535),
        "no weight": _dicom("suv/series", PatientWeight=None),
        "injection after the scan": _dicom("suv/series", SeriesTime="010101", AcquisitionTime="010101"),
        "half of the units": _dicom("suv/series", Units="CNTS"),
        "enhanced claims 2 billion frames": _dicom("suv/enhanced", NumberOfFrames=_HUGE),
        "enhanced deflate bomb": _deflated("suv/enhanced"),
    },
    "frame": {
        "nifti claims 32767 to the fourth": _nifti(42, "4h", *[32767] * 4, source="frame"),
        "nrrd claims 60000 volumes": _text("frame/v_nrrd", b"sizes: 12 10 8 2", b"sizes: 12 10 8 60000"),
        "mha claims 60000 volumes": _text("frame/v_mha", b"DimSize = 12 10 8 2", b"DimSize = 12 10 8 60000"),
        "an echo that lacks a slice": _dicom("frame/echoes", ImagePositionPatient=[0, 0, 500]),
    },
    "headers": {
        "spect claims 2 billion frames": _dicom("headers/spect", NumberOfFrames=_HUGE),
        "enhanced claims 2 billion frames": _dicom("headers/enhanced", NumberOfFrames=_HUGE),
        "deflate bomb": _deflated("headers/enhanced"),
    },
    "layout": {
        "dicom deflate bomb": _within("dicom", _deflated("layout/dicom/dicom/mr")),
        "brats mask claims 32767 cubed": _within("brats/BraTS-GLI-00005-000", _claimed_case),
    },
    "report": {
        "deflate bomb": _deflated("report/sr"),
        "image": _dicom("image/enhanced"),
    },
    "model": models.makers(),
}
