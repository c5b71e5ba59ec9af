"""Writes one small valid file of every kind that radnec reads."""

from __future__ import annotations

import datetime as dt
import shutil
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (12, 10, 8)
SPACING, ORIGIN = (1.0, 1.25, 2.0), (-5.0, 7.0, 30.0)
FRAME, STUDY, SERIES = "1.2.3.9", "1.2.3.1", "1.2.3.2"
_JPEG_2000 = pydicom.uid.JPEG2000Lossless
_COMPRESSED = {pydicom.uid.RLELossless: "rle", pydicom.uid.JPEGLSLossless: "jpeg_ls", _JPEG_2000: "jpeg_2000"}


def image() -> sitk.Image:
    """Return the image of all seeds."""
    values = np.random.default_rng(0).integers(0, 900, size=SIZE[::-1]).astype(np.int16)
    made = sitk.GetImageFromArray(values)
    made.SetSpacing(SPACING)
    made.SetOrigin(ORIGIN)
    return made


def mask() -> sitk.Image:
    """Return the mask of all seeds: a box of 3 × 4 × 3 voxels, and another lesion of 8."""
    made = sitk.Image(SIZE, sitk.sitkUInt8)
    made.CopyInformation(image())
    made[3:6, 2:6, 3:6] = 1
    made[8:10, 7:9, 1:3] = 2
    return made


def write_volumes(folder: Path, made: sitk.Image) -> None:
    """Write an image in every format that ITK writes here, compressed and not."""
    for name in ("v.nii", "v.nii.gz", "v.nrrd", "v.mha", "v.mhd", "v.nhdr"):
        sub = folder / name.replace(".", "_")
        sub.mkdir(parents=True)
        sitk.WriteImage(made, sub / name)
    for name in ("z.nrrd", "z.mha"):
        sub = folder / name.replace(".", "_")
        sub.mkdir(parents=True)
        sitk.WriteImage(made, sub / name, useCompression=True)


def header(kind: str, uid: str, modality: str) -> FileDataset:
    """Return a DICOM file of the seeds' patient and frame of reference, without content."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, uid
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    found = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    found.SOPClassUID, found.SOPInstanceUID, found.Modality = kind, uid, modality
    found.StudyInstanceUID, found.SeriesInstanceUID, found.FrameOfReferenceUID = STUDY, SERIES, FRAME
    found.PatientID, found.PatientName, found.PatientBirthDate, found.PatientSex = "P1", "One^Patient", "19600102", "F"
    found.StudyDate, found.StudyTime, found.StudyID, found.AccessionNumber = "20240105", "101112", "S1", "A1"
    found.SeriesNumber, found.InstanceNumber, found.Manufacturer = 1, 1, "maker"
    found.ReferringPhysicianName = ""
    return found


def _pixels(found: Dataset, values: np.ndarray) -> None:
    found.Rows, found.Columns = values.shape[-2:]
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated = found.BitsStored = 8 * values.dtype.itemsize
    found.HighBit = found.BitsStored - 1
    found.PixelRepresentation = int(values.dtype.kind == "i")
    found.PixelSpacing = [SPACING[1], SPACING[0]]
    found.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    found.PixelData = values.tobytes()


#: What a header tells of an acquisition.
ACQUIRED = {
    "ManufacturerModelName": "model", "StationName": "MR1", "MagneticFieldStrength": 3, "EchoTime": 3.5,
    "RepetitionTime": 8, "FlipAngle": 9, "PatientAge": "063Y", "SeriesDate": "20240105", "AcquisitionDate": "20240106",
    "SeriesDescription": "T1 post", "ContrastBolusAgent": "Gd",
}  # fmt: skip


def series_files(**attributes: object) -> list[FileDataset]:
    """Return the image as the files of a DICOM series."""
    files = []
    for k, plane in enumerate(sitk.GetArrayFromImage(image())):
        found = header(pydicom.uid.MRImageStorage, f"{SERIES}.{k + 1}", "MR")
        found.InstanceNumber, found.SliceThickness = k + 1, SPACING[2]
        found.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + k * SPACING[2]]
        _pixels(found, plane)
        for name, value in attributes.items():
            setattr(found, name, value)
        files.append(found)
    return files


def write_series(folder: Path, **attributes: object) -> list[Path]:
    """Write the image as a DICOM series."""
    folder.mkdir(parents=True)
    made = {folder / f"{k:02}.dcm": found for k, found in enumerate(series_files(**attributes))}
    for file, found in made.items():
        found.save_as(file, enforce_file_format=True)
    return list(made)


def write_compressed(folder: Path, series: list[Path], syntax: str) -> None:
    """Write the series with compressed pixels; without a codec for it, nothing."""
    if syntax != _JPEG_2000 and not pydicom.pixels.get_encoder(syntax).is_available:
        return
    folder.mkdir(parents=True)
    for file in series:
        found = pydicom.dcmread(file)
        if syntax == _JPEG_2000:
            # GDCM writes a file of its own, of which only the pixels are taken.
            writer, part = sitk.ImageFileWriter(), folder / "part.dcm"
            writer.SetFileName(str(part))
            writer.UseCompressionOn()
            writer.SetCompressor("JPEG2000")
            writer.Execute(sitk.GetImageFromArray(found.pixel_array[None]))
            found.PixelData = pydicom.dcmread(part).PixelData
            found["PixelData"].is_undefined_length = True
            found.file_meta.TransferSyntaxUID = syntax
            part.unlink()
        else:
            found.compress(syntax, generate_instance_uid=False)
        found.save_as(folder / file.name)


def write_enhanced(folder: Path) -> None:
    """Write the image as one enhanced multi-frame MR file."""
    folder.mkdir(parents=True)
    found = header(pydicom.uid.EnhancedMRImageStorage, f"{SERIES}.99", "MR")
    values = sitk.GetArrayFromImage(image())
    _pixels(found, values)
    del found.PixelSpacing, found.ImageOrientationPatient
    found.NumberOfFrames = len(values)
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [SPACING[1], SPACING[0]], SPACING[2]
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    found.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for k in range(len(values)):
        frame, position = Dataset(), Dataset()
        position.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + k * SPACING[2]]
        frame.PlanePositionSequence = [position]
        frames.append(frame)
    found.PerFrameFunctionalGroupsSequence = frames
    found.save_as(folder / "enhanced.dcm", enforce_file_format=True)


def _injection() -> Dataset:
    injection = Dataset()
    injection.RadionuclideTotalDose, injection.RadionuclideHalfLife = 370e6, 6586.2
    injection.RadiopharmaceuticalStartDateTime = "20240105091112"
    return injection


def write_pet(folder: Path) -> None:
    """Write the image as PET in Bq/ml, with what SUV needs."""
    write_series(
        folder,
        SOPClassUID=pydicom.uid.PositronEmissionTomographyImageStorage,
        Modality="PT",
        Units="BQML",
        CorrectedImage=["DECY", "ATTN"],
        DecayCorrection="START",
        PatientWeight=70,
        RescaleSlope=2,
        RescaleIntercept=0,
        SeriesDate="20240105",
        SeriesTime="101112",
        AcquisitionDate="20240105",
        AcquisitionTime="101112",
        RadiopharmaceuticalInformationSequence=[_injection()],
    )


def write_enhanced_pet(folder: Path) -> None:
    """Write the image as one enhanced PET file, whose values are mapped to Bq/ml."""
    write_enhanced(folder)
    found = pydicom.dcmread(folder / "enhanced.dcm")
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = pydicom.uid.EnhancedPETImageStorage
    found.Modality, found.AttenuationCorrected, found.DecayCorrected, found.PatientWeight = "PT", "YES", "YES", 70
    found.DecayCorrectionDateTime, found.RadiopharmaceuticalInformationSequence = "20240105101112", [_injection()]
    unit, mapping = Dataset(), Dataset()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "Bq/ml", "UCUM", "becquerel per millilitre"
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 1.0, 0.0
    mapping.MeasurementUnitsCodeSequence = [unit]
    found.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence = [mapping]
    found.save_as(folder / "enhanced.dcm", enforce_file_format=True)


def write_spect(folder: Path) -> None:
    """Write the image as one reconstructed nuclear medicine volume."""
    folder.mkdir(parents=True)
    found = header(pydicom.uid.NuclearMedicineImageStorage, f"{SERIES}.98", "NM")
    values = sitk.GetArrayFromImage(image())
    _pixels(found, values)
    detector = Dataset()
    detector.ImagePositionPatient, detector.ImageOrientationPatient = list(ORIGIN), [1, 0, 0, 0, 1, 0]
    del found.ImageOrientationPatient
    found.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    found.DetectorInformationSequence, found.SpacingBetweenSlices = [detector], SPACING[2]
    found.NumberOfFrames = found.NumberOfSlices = len(values)
    found.SliceVector = list(range(1, len(values) + 1))
    found.save_as(folder / "spect.dcm", enforce_file_format=True)


def write_frames(folder: Path) -> None:
    """Write two volumes in each way that a file or a series may hold several."""
    both = sitk.JoinSeries([image(), image() + 1])
    for name in ("v.nii", "v.nii.gz", "v.nrrd", "v.mha"):
        sub = folder / name.replace(".", "_")
        sub.mkdir(parents=True)
        sitk.WriteImage(both, sub / name)
    echoes = folder / "echoes"
    for number, time in enumerate((3.5, 90.0)):
        for file in write_series(folder / f"echo{number}", EchoTime=time):
            dataset = pydicom.dcmread(file)
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{dataset.SOPInstanceUID}.{number}"
            echoes.mkdir(exist_ok=True)
            dataset.save_as(echoes / f"{number}{file.name}", enforce_file_format=True)
        shutil.rmtree(folder / f"echo{number}")


def write_layouts(folder: Path) -> None:
    """Write a small data set of each layout, in a folder that is called as its preset."""

    def volume(path: Path, made: sitk.Image) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(made, path)

    for preset, case in (
        ("brats", "BraTS-GLI-00005-000/BraTS-GLI-00005-000-{}.nii.gz"),
        ("mu-glioma-post", "PatientID_0003/Timepoint_1/PatientID_0003_Timepoint_1_brain_{}.nii.gz"),
    ):
        root, outline = folder / preset / preset, "seg" if preset == "brats" else "tumorMask"
        volume(root / case.format("t1c"), image())
        volume(root / case.replace("brain_", "").format(outline), mask())
    root = folder / "nifti-pairs" / "nifti-pairs"
    volume(root / "P1_T1c.nii.gz", image())
    volume(root / "P1_mask.nii.gz", mask())
    root = folder / "bids" / "bids"
    volume(root / "sub-01" / "ses-1" / "anat" / "sub-01_ses-1_ce-gadolinium_T1w.nii.gz", image())
    (root / "T1w.json").write_text('{"EchoTime": 0.0025, "Manufacturer": "maker", "MagneticFieldStrength": 3}')
    (root / "participants.tsv").write_text("participant_id\tsex\tage\nsub-01\tF\t63\n")
    (root / "sub-01" / "sub-01_sessions.tsv").write_text("session_id\tacq_time\nses-1\t2020-02-03T10:00:00\n")
    outlined = root / "derivatives" / "rater" / "sub-01" / "ses-1" / "anat"
    volume(outlined / "sub-01_ses-1_dseg.nii.gz", mask())
    (outlined / "sub-01_ses-1_dseg.tsv").write_text("index\tname\n1\tlesion1\n2\tlesion2\n")
    root = folder / "dicom" / "dicom"
    series = write_series(root / "mr", **ACQUIRED)
    write_rtstruct(root / "rs")
    write_seg(root / "seg", series, "BINARY")
    write_dose(root / "dose")


def write_rtstruct(folder: Path) -> None:
    """Write the first lesion as an RTSTRUCT whose outlines run half a voxel outside the voxel centres."""
    folder.mkdir(parents=True)
    found = header(pydicom.uid.RTStructureSetStorage, "1.2.3.4.1", "RTSTRUCT")
    found.StructureSetLabel = "fuzz"
    frame, roi, contours = Dataset(), Dataset(), Dataset()
    frame.FrameOfReferenceUID = FRAME
    found.ReferencedFrameOfReferenceSequence = [frame]
    roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID, roi.ROIGenerationAlgorithm = 1, "met", FRAME, ""
    contours.ReferencedROINumber, contours.ContourSequence = 1, []
    for k in (3, 4, 5):
        outline = Dataset()
        corners = [(2.5, 1.5), (5.5, 1.5), (5.5, 5.5), (2.5, 5.5)]
        points = [np.array(ORIGIN) + np.array([x, y, k]) * SPACING for x, y in corners]
        outline.ContourGeometricType, outline.NumberOfContourPoints = "CLOSED_PLANAR", 4
        outline.ContourData = [float(number) for point in points for number in point]
        contours.ContourSequence.append(outline)
    found.StructureSetROISequence, found.ROIContourSequence = [roi], [contours]
    found.save_as(folder / "rs.dcm", enforce_file_format=True)


def write_dose(folder: Path) -> None:
    """Write a dose grid of a smooth hill."""
    folder.mkdir(parents=True)
    found = header(pydicom.uid.RTDoseStorage, "1.2.3.6.1", "RTDOSE")
    z, y, x = np.indices(SIZE[::-1])
    hill = np.exp(-((x - 6) ** 2 + (y - 5) ** 2 + (z - 4) ** 2) / 20)
    _pixels(found, (hill * 60000).astype(np.uint16))
    found.NumberOfFrames, found.GridFrameOffsetVector = SIZE[2], [k * SPACING[2] for k in range(SIZE[2])]
    found.FrameIncrementPointer = 0x3004000C
    found.ImagePositionPatient = list(ORIGIN)
    found.DoseUnits, found.DoseType, found.DoseSummationType, found.DoseGridScaling = "GY", "PHYSICAL", "PLAN", 0.001
    found.save_as(folder / "dose.dcm", enforce_file_format=True)


def write_seg(folder: Path, series: list[Path], kind: str) -> None:
    """Write both lesions as a DICOM SEG: BINARY, FRACTIONAL or LABELMAP."""
    import highdicom
    from pydicom.sr.codedict import codes

    folder.mkdir(parents=True)
    labels = sitk.GetArrayFromImage(mask())
    segments = [
        highdicom.seg.SegmentDescription(
            number,
            f"met {number}",
            codes.SCT.MorphologicallyAbnormalStructure,
            codes.SCT.Lesion,
            highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number in (1, 2)
    ]
    found = highdicom.seg.Segmentation(
        [pydicom.dcmread(file) for file in series],
        np.stack([labels == 1, labels == 2], axis=-1).astype(float if kind == "FRACTIONAL" else np.uint8),
        kind,
        segments,
        series_instance_uid="1.2.3.5",
        series_number=9,
        sop_instance_uid="1.2.3.5.1",
        instance_number=1,
        manufacturer="maker",
        manufacturer_model_name="model",
        software_versions="1",
        device_serial_number="1",
    )
    found.save_as(folder / "seg.dcm")


def write_slicer(folder: Path) -> None:
    """Write both lesions as a segmentation of 3D Slicer."""
    folder.mkdir(parents=True)
    labels = mask()
    for number in (1, 2):
        prefix = f"Segment{number - 1}_"
        facts = {"ID": f"S{number}", "Name": f"met {number}", "LabelValue": str(number), "Layer": "0"}
        for key, value in (facts | {"Extent": "0 11 0 9 0 7", "Color": "1 0 0", "Tags": ""}).items():
            labels.SetMetaData(prefix + key, value)
    labels.SetMetaData("Segmentation_MasterRepresentation", "Binary labelmap")
    sitk.WriteImage(labels, folder / "mask.seg.nrrd", useCompression=True)


def write_tables(folder: Path) -> None:
    """Write a cohort and a feature table as CSV and Parquet, and settings as pyradiomics and radnec write them."""
    from radnec.config import ExtractionConfig
    from radnec.features.table import write_table

    volumes = ("v_nii/v.nii", "v_mha/v.mha", "v_nrrd/v.nrrd")
    cohort = pd.DataFrame(
        {
            "patient_id": ["P1", "P1", "P2"],
            "session_id": ["1", "2", "1"],
            "lesion_id": ["L1", "L1", "L1"],
            "sequence": ["T1wCE"] * 3,
            "image_path": [str(folder.parent / "image" / name) for name in volumes],
            "mask_path": [str(folder.parent / "mask" / name) for name in volumes],
            "rt_dose_gy": [20.0, 20.0, 18.0],
            "label": ["necrosis", "necrosis", "progression"],
        }
    )
    features = cohort[["patient_id", "session_id", "lesion_id", "label"]].assign(
        status="ok", error="", T1wCE_original_firstorder_Mean=[1.5, 2.5, np.nan], scanner_id=["A", "A", "B"]
    )
    for name in ("cohort_csv", "cohort_parquet", "features_csv", "features_parquet", "pyradiomics_yaml", "radnec_yaml"):
        (folder / name).mkdir(parents=True)
    cohort.to_csv(folder / "cohort_csv" / "cohort.csv", index=False)
    cohort.to_parquet(folder / "cohort_parquet" / "cohort.parquet")
    write_table(features, folder / "features_csv" / "features.csv")
    write_table(features, folder / "features_parquet" / "features.parquet")
    parameters = (
        "imageType:\n  Original: {}\n  LoG:\n    sigma: [1.0, 2.0]\n"
        "featureClass:\n  firstorder:\n  glcm: [Contrast]\nsetting:\n  binWidth: 25\n  label: 1\n"
    )
    (folder / "pyradiomics_yaml" / "params.yaml").write_text(parameters)
    (folder / "radnec_yaml" / "settings.yaml").write_text(ExtractionConfig().to_yaml())


def write_report(folder: Path, series: list[Path]) -> None:
    """Write a structured report of one lesion."""
    from radnec.reporting.dicom_sr import write_sr

    folder.mkdir(parents=True)
    row = {"patient_id": "P1", "session_id": "1", "lesion_id": "L1", "p_necrosis": 0.8125, "p_low": 0.75, "p_high": 0.9}
    row |= {"prediction_set": "{necrosis}", "call": "necrosis", "reason": "only necrosis is plausible"}
    row |= {"novelty": 0.02, "outlying_feature": "T1wCE_original_glcm_Contrast"}
    noon = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
    model = {"name": "fuzz", "version": "0", "identity": "1f0c9d3e"}
    write_sr(pd.DataFrame([row]), folder / "report.dcm", source=series, model=model, created=noon)


def write_models(folder: Path) -> None:
    """Write a model, another, a forest and a pathway."""
    import radnec
    from radnec.simulate import simulate_multimodal, simulate_table

    warnings.simplefilter("ignore", radnec.errors.RadnecWarning)
    logistic, forest = (
        radnec.TrainingConfig(candidates=(family,), draws=1, inner_folds=2, random_state=0)
        for family in ("logistic", "random_forest")
    )
    for name, config, seed in (("classifier", logistic, 0), ("another", logistic, 1), ("forest", forest, 0)):
        (folder / name).mkdir(parents=True)
        table = simulate_table(n_patients=30, n_features=8, effect=3.0, random_state=seed)
        radnec.train(table, config).save(folder / name / "m.radnec")
    (folder / "pathway").mkdir()
    table = simulate_multimodal(n_patients=36, effect=1.5, random_state=0)
    radnec.Pathway(config=logistic, fewest=4).fit(table, table["label"]).save(folder / "pathway" / "m.radnec")


def write_all(folder: Path, *, models: bool = True) -> None:
    """Write the seeds of every target, each in its own folder."""
    if models:
        write_models(folder / "model")
    write_volumes(folder / "image", image())
    write_volumes(folder / "mask", mask())
    series = write_series(folder / "image" / "series")
    write_enhanced(folder / "image" / "enhanced")
    write_rtstruct(folder / "mask" / "rtstruct")
    for syntax, name in _COMPRESSED.items():
        write_compressed(folder / "image" / name, series, syntax)
    for kind, name in (("BINARY", "seg"), ("FRACTIONAL", "seg_fractional"), ("LABELMAP", "seg_labelmap")):
        write_seg(folder / "mask" / name, series, kind)
    write_slicer(folder / "mask" / "slicer")
    write_dose(folder / "dose" / "rtdose")
    write_tables(folder / "table")
    write_report(folder / "report" / "sr", series)
    write_spect(folder / "image" / "spect")
    write_frames(folder / "frame")
    write_pet(folder / "suv" / "series")
    write_enhanced_pet(folder / "suv" / "enhanced")
    write_series(folder / "headers" / "series", **ACQUIRED)
    write_enhanced(folder / "headers" / "enhanced")
    write_spect(folder / "headers" / "spect")
    write_layouts(folder / "layout")
    # Label maps are read as images, of which the mask's seeds have every format.
    for name in ("rtstruct", "seg", "seg_labelmap", "slicer", "v_nii_gz", "z_nrrd"):
        shutil.copytree(folder / "mask" / name, folder / "labels" / name)
    # What a report is written from: its images, and where its lesions are.
    shutil.copytree(folder / "image" / "series", folder / "source" / "series")
    for name in ("rtstruct", "seg"):
        shutil.copytree(folder / "mask" / name, folder / "region" / name)
