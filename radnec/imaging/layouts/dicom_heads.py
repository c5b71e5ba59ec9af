"""Collects what the headers of a DICOM tree say: image series, structure sets, segmentations and doses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from radnec.errors import ReadError
from radnec.imaging.dicom.files import is_dicom, open_dicom, parsing, plain
from radnec.imaging.dicom.session_day import DATES, acquisition_day, session_day
from radnec.imaging.dicom.view import PRIVATE_B_VALUES, View
from radnec.imaging.layouts.named_masks import Outlined, chosen_by_name
from radnec.imaging.layouts.names import Kind, kind_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydicom.dataset import Dataset

#: Attributes of a series that its sequence is told by.
_TELLING = (
    *("SeriesDescription", "ProtocolName", "ImageType", "ContrastBolusAgent", "EchoTime", "RepetitionTime"),
    *("InversionTime", "SOPClassUID", "DiffusionBValue", "SequenceName", "PulseSequenceName", "ScanningSequence"),
    *("AcquisitionContrast", "ComplexImageComponent"),
)
_READ: tuple[str | int, ...] = (
    *_TELLING,
    *("PatientID", "StudyInstanceUID", "StudyTime", *DATES, "SeriesInstanceUID", "Modality", "Rows"),
    *("FrameOfReferenceUID", "DoseSummationType", "RadiopharmaceuticalInformationSequence"),
    *("StructureSetROISequence", "ReferencedFrameOfReferenceSequence", "RTROIObservationsSequence"),
    *("SegmentSequence", "ReferencedSeriesSequence"),
    *PRIVATE_B_VALUES,
)
#: What RTROIInterpretedType tells (DICOM PS3.3, C.8.8.8.1); CAVITY, and types of a planning system's own, tell nothing.
_KINDS_BY_TYPE: dict[str, Kind] = {
    "GTV": "lesion",
    **dict.fromkeys(("PTV", "CTV", "TREATED_VOLUME", "IRRAD_VOLUME", "DOSE_REGION", "CONTROL"), "other"),
    **dict.fromkeys(("ORGAN", "OAR", "EXTERNAL", "AVOIDANCE", "SUPPORT", "FIXATION", "BOLUS"), "other"),
    **dict.fromkeys(("MARKER", "REGISTRATION", "ISOCENTER", "CONTRAST_AGENT", "DOSE_MEASUREMENT"), "other"),
    **dict.fromkeys(("BRACHY_CHANNEL", "BRACHY_ACCESSORY", "BRACHY_SRC_APP", "BRACHY_CHNL_SHLD"), "other"),
}


@dataclass
class Series:
    """One image series: where its files lie, whose it is, and what its header tells."""

    uid: str
    modality: str
    patient: str
    study: str
    day: dt.date | None
    acquired: dt.date | None
    time: str
    frame: str
    told: dict[str, Any]
    tracer: str
    files: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Outlines:
    """A structure set or segmentation, with the series that it was drawn on."""

    path: Path
    modality: str
    patient: str
    study: str
    series: frozenset[str]
    parts: tuple[Outlined, ...]


@dataclass(frozen=True)
class Dose:
    """A dose grid."""

    path: Path
    patient: str
    frame: str
    summation: str


@dataclass
class Tree:
    """What a folder holds."""

    series: dict[str, Series] = field(default_factory=dict)
    outlines: list[Outlines] = field(default_factory=list)
    doses: list[Dose] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_tree(files: Iterable[Path]) -> Tree:
    """Read the headers of the DICOM files among `files`; damaged ones are noted and passed over.

    Raises
    ------
    radnec.errors.MissingDependencyError
        If there are DICOM files and pydicom is not installed.
    """
    tree = Tree()
    others = 0
    for path in tqdm(files, desc="headers", unit="file", disable=None, leave=False):
        if not is_dicom(path):
            others += 1
            continue
        try:
            head = open_dicom(path, tags=_READ)
            with parsing(path):
                _add(tree, path, head)
        except ReadError as error:
            tree.notes.append(f"left out {error}")
    if others:
        tree.notes.append(f"left out {others} file(s) that are no DICOM")
    return tree


def _add(tree: Tree, path: Path, head: Dataset) -> None:
    modality, patient = _text(head, "Modality"), _text(head, "PatientID")
    study = _text(head, "StudyInstanceUID")
    if modality == "RTSTRUCT":
        tree.outlines.append(Outlines(path, modality, patient, study, _drawn_on(head), _regions(head)))
    elif modality == "SEG":
        drawn_on = frozenset(_text(item, "SeriesInstanceUID") for item in head.get("ReferencedSeriesSequence") or ())
        tree.outlines.append(Outlines(path, modality, patient, study, drawn_on, _segments(head)))
    elif modality == "RTDOSE":
        tree.doses.append(Dose(path, patient, _text(head, "FrameOfReferenceUID"), _text(head, "DoseSummationType")))
    elif head.get("Rows") and _text(head, "SeriesInstanceUID"):
        uid = _text(head, "SeriesInstanceUID")
        view = View(path, head, 0, {})
        if uid not in tree.series:
            tree.series[uid] = Series(
                uid=uid,
                modality=modality,
                patient=patient,
                study=study,
                day=_day(session_day, view, tree),
                acquired=_day(acquisition_day, view, tree),
                time=_text(head, "StudyTime"),
                frame=_text(head, "FrameOfReferenceUID"),
                told={name: plain(head.get(name)) for name in _TELLING},
                tracer=_tracer(head),
            )
        series = tree.series[uid]
        series.files.append(path)
        series.told["DiffusionBValue"] = _highest(series.told["DiffusionBValue"], view.get("DiffusionBValue"))


def _day(read: Callable[[View], dt.date | None], view: View, tree: Tree) -> dt.date | None:
    """Return a date of a header; what is none is noted, and the series keeps its place."""
    try:
        return read(view)
    except ReadError as error:
        tree.notes.append(f"no date was taken from {error}")
        return None


def _highest(*b_values: Any) -> float | None:
    """Return the highest b-value: the file that is read first may be the unweighted image of a series."""
    return max((one for one in b_values if isinstance(one, float)), default=None)


def _text(head: Dataset, keyword: str) -> str:
    value = head.get(keyword)
    return "" if value is None else str(value).strip()


def _tracer(head: Dataset) -> str:
    words = []
    for item in head.get("RadiopharmaceuticalInformationSequence") or ():
        words.append(_text(item, "Radiopharmaceutical"))
        words += [_text(code, "CodeMeaning") for code in item.get("RadiopharmaceuticalCodeSequence") or ()]
    return " ".join(filter(None, words))


def _drawn_on(head: Dataset) -> frozenset[str]:
    return frozenset(
        _text(series, "SeriesInstanceUID")
        for frame in head.get("ReferencedFrameOfReferenceSequence") or ()
        for study in frame.get("RTReferencedStudySequence") or ()
        for series in study.get("RTReferencedSeriesSequence") or ()
    )


def _regions(head: Dataset) -> tuple[Outlined, ...]:
    types = {
        _text(item, "ReferencedROINumber"): _text(item, "RTROIInterpretedType").upper()
        for item in head.get("RTROIObservationsSequence") or ()
    }
    found = []
    for item in head.get("StructureSetROISequence") or ():
        number, name = _text(item, "ROINumber"), _text(item, "ROIName")
        by_name, roi_type = kind_of(name), types.get(number, "")
        by_type = _KINDS_BY_TYPE.get(roi_type, "")
        if by_name and by_type and (by_name == "lesion") != (by_type == "lesion"):
            told = (
                "tells a lesion, and its type {} none"
                if by_name == "lesion"
                else "tells no lesion, and its type {} one"
            )
            doubt = f"its name {told.format(roi_type)}"
            found.append(Outlined(int(number), name, "", doubt))
        else:
            found.append(Outlined(int(number), name, by_name or by_type))
    return chosen_by_name(found)


def _segments(head: Dataset) -> tuple[Outlined, ...]:
    found = []
    for item in head.get("SegmentSequence") or ():
        number, name = int(_text(item, "SegmentNumber")), _text(item, "SegmentLabel")
        if number == 0:  # the background of a label map
            continue
        meant = [_text(code, "CodeMeaning") for code in item.get("SegmentedPropertyTypeCodeSequence") or ()]
        kind = kind_of(name) or next((kind_of(meaning) for meaning in meant if kind_of(meaning)), "")
        if not kind and any(word in " ".join(meant).lower() for word in ("neoplasm", "mass")):
            kind = "lesion"
        found.append(Outlined(number, name, kind))
    return chosen_by_name(found)
