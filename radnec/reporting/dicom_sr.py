"""Writes what ``assess`` returns as a DICOM structured report (TID 1500) beside the images in the archive."""

from __future__ import annotations

import datetime as dt
import uuid
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radnec._optional import need
from radnec.errors import GeometryError, ReportWarning, TableError
from radnec.features.unfinished import appearing
from radnec.reporting.assessed import NUMBERS, RESEARCH_USE, check_assessed
from radnec.reporting.identity import ModelIdentity
from radnec.reporting.sr_codes import CALL_CODES, CONCEPTS, DIGEST, SCHEME, need_dicom, own, rows_of, table_digest
from radnec.reporting.sr_index import write_each
from radnec.reporting.sr_regions import Region, find_region
from radnec.reporting.sr_source import read_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from pydicom.dataset import Dataset

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "radnec.reporting")


def write_sr(
    assessed: pd.DataFrame,
    path: str | Path,
    *,
    source: str | Path | Sequence[str | Path],
    model: Any,
    regions: Mapping[str, tuple[str | Path, int | str]] | None = None,
    cited: Sequence[str | Path | Sequence[str | Path]] = (),
    series_uid: str | None = None,
    source_patient_id: str | None = None,
    created: dt.datetime | None = None,
) -> Path:
    """Write the lesions of one patient and session as one structured report.

    Parameters
    ----------
    assessed : DataFrame
        Rows that :meth:`radnec.RadnecClassifier.assess` returned, of one patient and session.
    path : path-like
        File to write, such as ``report.dcm``; an existing one is replaced in one step.
    source : path-like or sequence of path-like
        Folder or files of the series that was measured. Its patient and study identifiers are copied, nothing else.
    model : RadnecClassifier or mapping
        The model, or a mapping with its ``identity``, ``name``, ``version``.
    regions : mapping of str to (path-like, int or str), optional
        For each ``lesion_id``, the DICOM SEG or RTSTRUCT that marks it, and the number or name of its segment or
        region. A lesion without one refers to all images of the series.
    cited : sequence, optional
        Further series of the patient that the results rest on, each as `source`; they are listed as evidence.
    series_uid : str, optional
        SeriesInstanceUID to take from a `source` of several series.
    source_patient_id : str, optional
        PatientID of the images, where the table calls the patient otherwise; the table's name is not written.
    created : datetime.datetime, optional
        Moment that the report gives as its own; now by default.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    radnec.errors.TableError
        If the table is not what ``assess`` returns, or holds several patients or sessions.
    radnec.errors.ReadError
        If a DICOM file cannot be read, or `source` holds several series.
    radnec.errors.GeometryError
        If images or a region are of another patient, or a region was drawn in another frame of reference.
    radnec.errors.MaskError
        If a region has no such segment.
    radnec.errors.MissingDependencyError
        If pydicom or highdicom is not installed.

    Warns
    -----
    radnec.errors.ReportWarning
        If the outlines of a lesion cannot be shown on the images; the report then says so, and shows no region for it.

    Notes
    -----
    The report is a Comprehensive SR, complete, preliminary and unverified, with one group of measurements per lesion:
    probability and range, novelty (UCUM ``1``), call (coded), reason, prediction set, and the statement of research
    use. The probability has no code in DICOM or SNOMED CT; radnec's own codes are of the private scheme ``99RADNEC``.
    All UIDs are derived from the content (UUID version 5 under the root 2.25): the same rows, images, regions, model
    and `created` give the same file, byte for byte. The tracking UID of a lesion, unless a SEG gives one, depends on
    patient and lesion alone, so that it is the same in every session.

    References
    ----------
    DICOM PS3.16, TID 1500 "Measurement Report", TID 1411 "Volumetric ROI Measurements and Qualitative Evaluations",
    TID 1501 "Measurement and Qualitative Evaluation Group"; PS3.5, B.2 "UUID Derived UID".

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> import pandas as pd, tempfile
    >>> from radnec.reporting.sr_reading import read_sr
    >>> row = {"patient_id": "4MR1", "session_id": "1", "lesion_id": "L1", "p_necrosis": 0.8, "p_low": 0.7,
    ...        "p_high": 0.9, "prediction_set": "{necrosis}", "call": "necrosis", "reason": "only necrosis plausible",
    ...        "novelty": 0.0, "outlying_feature": ""}
    >>> path = write_sr(
    ...     pd.DataFrame([row]),
    ...     Path(tempfile.mkdtemp()) / "report.dcm",
    ...     source=get_testdata_file("MR_small.dcm"),
    ...     model={"name": "centre A", "identity": "1f0c9d3e"},
    ... )
    >>> read_sr(path)["p_necrosis"].tolist()
    [0.8]
    """
    rows, patient = _one_session(assessed)
    identity = ModelIdentity.of(model)
    images = read_source(source, series_uid=series_uid)
    _same_patient(patient, str(images[0].PatientID).strip(), source_patient_id)
    evidence = [*images, *_evidence(cited, str(images[0].PatientID).strip())]
    marked = _find_regions(rows, regions or {}, images)
    moment = (created or dt.datetime.now().astimezone()).replace(microsecond=0)
    with warnings.catch_warnings():
        # highdicom warns of names of one component ("STS_002"), which are copied as the archive has them.
        warnings.filterwarnings("ignore", "The string .* is unlikely to represent", UserWarning)
        report = _report(rows, images, evidence, identity, marked, moment)
    path = Path(path)
    with appearing(path) as part:
        report.save_as(part, enforce_file_format=True)
    return path


def write_srs(
    assessed: pd.DataFrame,
    folder: str | Path,
    *,
    sources: Mapping[tuple[str, ...], str | Path | Sequence[str | Path]],
    model: Any,
    regions: Mapping[tuple[str, ...], Mapping[str, tuple[str | Path, int | str]]] | None = None,
    created: dt.datetime | None = None,
) -> list[Path]:
    """Write one structured report for each patient and session of a table.

    Parameters
    ----------
    assessed : DataFrame
        What :meth:`radnec.RadnecClassifier.assess` returned.
    folder : path-like
        Where the reports go, named ``<n>.dcm`` in the order of patient and session: names that tell no patient.
        ``index.csv`` beside them says which is whose, in the table's own names.
    sources : mapping
        (patient, session), or (patient,) in a table without sessions, to the `source` of :func:`write_sr`.
    model, created
        As in :func:`write_sr`.
    regions : mapping, optional
        (patient, session) to the `regions` of :func:`write_sr`.

    Returns
    -------
    list of pathlib.Path
        The reports that were written.

    Raises
    ------
    radnec.errors.TableError
        If the table is not what ``assess`` returns, or a session has no source; before any file is written.

    Warns
    -----
    radnec.errors.ReportWarning
        Of each session whose report could not be written, for what :func:`write_sr` raises.
    """
    table = check_assessed(assessed)
    keys = [name for name in ("patient_id", "session_id") if name in table]
    sessions = {tuple(map(str, key)): rows for key, rows in table.groupby(keys, sort=True)}
    lacking = [key for key in sessions if key not in sources]
    if lacking:
        raise TableError(f"sources names no images for {lacking[0]}, and {len(lacking) - 1} more of the table")
    writers = {
        key: partial(
            write_sr,
            rows,
            source=sources[key],
            model=ModelIdentity.of(model),
            regions=(regions or {}).get(key),
            created=created,
        )
        for key, rows in sessions.items()
    }
    return write_each(folder, keys, writers)


def _one_session(assessed: pd.DataFrame) -> tuple[list[dict[str, Any]], str]:
    table = check_assessed(assessed)
    for name in ("patient_id", "session_id"):
        found = table[name].unique().tolist() if name in table else []
        if len(found) > 1:
            raise TableError(
                f"the table holds {len(found)} values of {name} ({found[0]}, {found[1]}, …): a report is of one "
                "patient and session. Write one each with radnec.reporting.dicom_sr.write_srs"
            )
    rows = rows_of(table.sort_values("lesion_id"))
    return rows, str(rows[0]["patient_id"])


def _same_patient(patient: str, of_images: str, expected: str | None) -> None:
    if of_images != (patient if expected is None else expected.strip()):
        raise GeometryError(
            f"the table is of patient {patient!r}, the images have PatientID {of_images!r}. If they are one person, "
            f"say source_patient_id={of_images!r}; else the report would be filed under the wrong patient"
        )


def _find_regions(
    rows: list[dict[str, Any]], regions: Mapping[str, tuple[str | Path, int | str]], images: Sequence[Dataset]
) -> dict[str, Region]:
    lesions = [row["lesion_id"] for row in rows]
    named = {str(lesion): place for lesion, place in regions.items()}
    strange = sorted(set(named) - set(lesions))
    if strange:
        raise TableError(f"regions names lesion {strange[0]!r}; the table holds {', '.join(lesions)}")
    found = {lesion: find_region(file, label, images) for lesion, (file, label) in named.items()}
    for lesion, region in found.items():
        if not region.arguments:
            warnings.warn(f"lesion {lesion}: {region.note}", ReportWarning, stacklevel=3)
    return found


def _evidence(cited: Sequence[str | Path | Sequence[str | Path]], patient: str) -> list[Dataset]:
    found = [image for one in cited for image in read_source(one)]
    strange = sorted({str(image.PatientID).strip() for image in found} - {patient})
    if strange:
        raise GeometryError(f"cited images have PatientID {strange[0]!r}, those of the report {patient!r}")
    return found


def _uid(*parts: object) -> str:
    """Return the UID that follows from the parts: a name-based UUID in decimal digits, under 2.25."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(0).join(map(str, parts))).int}"


def _report(
    rows: list[dict[str, Any]],
    images: list[Dataset],
    evidence: list[Dataset],
    identity: ModelIdentity,
    marked: dict[str, Region],
    moment: dt.datetime,
) -> Any:
    pydicom, highdicom = need_dicom()
    schemes = need("highdicom.coding_schemes", "a DICOM structured report", "dicom")
    codes = pydicom.sr.codedict.codes
    digest = table_digest(rows)
    content = highdicom.sr.MeasurementReport(
        observation_context=_observer(identity),
        procedure_reported=codes.SCT.ImagingProcedure,
        imaging_measurements=[_group(row, images, identity, marked.get(row["lesion_id"]), digest) for row in rows],
        title=codes.DCM.ImagingMeasurementReport,
    )
    content[0].ContentSequence.append(_statement(codes))
    cited = {str(one.SOPInstanceUID): one for one in [*evidence, *(region.evidence for region in marked.values())]}
    study, series = images[0].StudyInstanceUID, images[0].SeriesInstanceUID
    places = [(lesion, region.evidence.SOPInstanceUID, region.arguments) for lesion, region in marked.items()]
    report = highdicom.sr.ComprehensiveSR(
        evidence=list(cited.values()),
        content=content[0],
        series_instance_uid=_uid("series", study, identity, moment.isoformat()),
        series_number=1,
        sop_instance_uid=_uid("report", digest, images[0].PatientID, *cited, series, identity, moment, places),
        instance_number=1,
        manufacturer="radnec",
        is_complete=True,
        specific_character_set="ISO_IR 192",
        series_description=f"radnec. {RESEARCH_USE}",
        coding_schemes=[
            schemes.CodingSchemeIdentificationItem(SCHEME, name="radnec", responsible_organization="radnec")
        ],
        content_date=moment.date(),
        content_time=moment.time(),
    )
    report.ReferringPhysicianName = ""
    report.InstanceCreationDate, report.InstanceCreationTime = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    for equipment in report.get("ContributingEquipmentSequence", []):
        equipment.ContributionDateTime = moment.strftime("%Y%m%d%H%M%S")
    return report


def _observer(identity: ModelIdentity) -> Any:
    pydicom, highdicom = need_dicom()
    device = highdicom.sr.DeviceObserverIdentifyingAttributes(
        uid=_uid("model", identity.identity, identity.version),
        name="radnec",
        manufacturer_name="The radnec developers",
        model_name=identity.name,
        serial_number=identity.identity,
    )
    context = highdicom.sr.ObserverContext(pydicom.sr.codedict.codes.DCM.Device, device)
    return highdicom.sr.ObservationContext(observer_device_context=context)


def _group(
    row: dict[str, Any], images: Sequence[Dataset], identity: ModelIdentity, region: Region | None, digest: str
) -> Any:
    """Return the measurements of one lesion."""
    pydicom, highdicom = need_dicom()
    codes = pydicom.sr.codedict.codes
    uid = region.tracking_uid if region else None
    arguments = {
        "tracking_identifier": highdicom.sr.TrackingIdentifier(
            uid or _uid("lesion", str(images[0].PatientID).strip(), row["lesion_id"]), row["lesion_id"]
        ),
        "finding_type": codes.SCT.Lesion,
        "session": row.get("session_id"),
        "algorithm_id": highdicom.sr.AlgorithmIdentification(
            identity.name,
            identity.version,
            [f"identity {identity.identity}", *identity.parameters, DIGEST + digest],
        ),
        "measurements": [
            highdicom.sr.Measurement(own(CONCEPTS[name]), row[name], codes.UCUM.NoUnits)
            for name in NUMBERS
            if row[name] == row[name]  # NaN is not itself
        ],
        "qualitative_evaluations": [
            highdicom.sr.QualitativeEvaluation(own(CONCEPTS["call"]), own(CALL_CODES[row["call"]]))
        ],
    }
    if region and region.arguments:
        group = highdicom.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(**arguments, **region.arguments)
    else:
        shown = [highdicom.sr.SourceImageForMeasurementGroup(one.SOPClassUID, one.SOPInstanceUID) for one in images]
        group = highdicom.sr.MeasurementsAndQualitativeEvaluations(**arguments, source_images=shown)
    for name in ("prediction_set", "reason", "outlying_feature"):
        if row[name]:
            group[0].ContentSequence.append(_text(own(CONCEPTS[name]), row[name]))
    if region and region.note:
        group[0].ContentSequence.append(_text(codes.DCM.Comment, region.note))
    group[0].ContentSequence.append(_statement(codes))
    return group


def _text(name: Any, value: str) -> Any:
    _, highdicom = need_dicom()
    return highdicom.sr.TextContentItem(name, value, highdicom.sr.RelationshipTypeValues.CONTAINS)


def _statement(codes: Any) -> Any:
    return _text(codes.DCM.Comment, RESEARCH_USE)
