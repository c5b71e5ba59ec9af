"""A table as ``assess`` returns it, and a small series of images it is about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

pydicom = pytest.importorskip("pydicom")
pytest.importorskip("highdicom")

SHAPE = (6, 12, 10)


@pytest.fixture
def assessed():
    """Return two lesions of one patient and session: one judged, one withheld."""
    judged = {
        "patient_id": "PAT7",
        "session_id": "2",
        "lesion_id": "L1",
        "p_necrosis": 0.8123456789012345,
        "p_low": 1 / 3,
        "p_high": 0.9,
        "prediction_set": "{necrosis}",
        "call": "necrosis",
        "reason": "only necrosis is plausible at error 0.1; naïve “µ”",
        "novelty": 0.02,
        "outlying_feature": "T1wCE_original_glcm_Contrast",
    }
    withheld = judged | {"lesion_id": "L2", "call": "abstain", "prediction_set": "{}", "reason": "FLAIR missing"}
    withheld |= {"p_necrosis": np.nan, "p_low": np.nan, "p_high": np.nan, "outlying_feature": ""}
    return pd.DataFrame([judged, withheld])


def make_series(folder, *, patient="PAT7", name="Müller^Jürgen", series="1.2.3.2", frame="1.2.3.9", **changes):
    """Write an MR series of SHAPE (slices, rows, columns), 1 × 1 × 2 mm, and return the folder."""
    from pydicom.dataset import FileMetaDataset

    folder.mkdir(exist_ok=True)
    for k in range(SHAPE[0]):
        header = pydicom.Dataset()
        header.SpecificCharacterSet = "ISO_IR 100"
        header.SOPClassUID, header.SOPInstanceUID = pydicom.uid.MRImageStorage, f"{series}.{k + 1}"
        header.StudyInstanceUID, header.SeriesInstanceUID, header.FrameOfReferenceUID = "1.2.3.1", series, frame
        header.PatientID, header.PatientName, header.PatientBirthDate, header.PatientSex = (
            patient,
            name,
            "19600102",
            "F",
        )
        header.StudyDate, header.StudyTime, header.StudyID, header.AccessionNumber = "20240105", "101112", "S1", "A1"
        header.ReferringPhysicianName, header.InstitutionName, header.Modality = "House^Gregory", "St Elsewhere", "MR"
        header.ImagePositionPatient, header.ImageOrientationPatient = [-5.0, 3.0, 2.0 * k], [1, 0, 0, 0, 1, 0]
        header.PixelSpacing, header.Rows, header.Columns = [1.0, 1.0], SHAPE[1], SHAPE[2]
        header.SamplesPerPixel, header.PhotometricInterpretation, header.PixelRepresentation = 1, "MONOCHROME2", 0
        header.BitsAllocated = header.BitsStored = 16
        header.HighBit, header.InstanceNumber, header.SeriesNumber, header.SliceThickness = 15, k + 1, 3, 2.0
        header.PixelData = np.zeros(SHAPE[1:], np.uint16).tobytes()
        for keyword, value in changes.items():
            setattr(header, keyword, value)
        header.file_meta = FileMetaDataset()
        header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        header.save_as(folder / f"{k:03}.dcm", enforce_file_format=True)
    return folder


@pytest.fixture
def write_series(tmp_path):
    """Return a function that writes a series into a folder of the test and returns the folder."""
    return lambda folder="series", **changes: make_series(tmp_path / folder, **changes)


@pytest.fixture
def images(write_series):
    """Return the folder of a series of patient PAT7."""
    return write_series()


@pytest.fixture
def segmentation(images, tmp_path):
    """Return a DICOM SEG of two segments on the series: L1 with a tracking UID, and a second lesion."""
    import highdicom
    from pydicom.sr.codedict import codes

    sources = [pydicom.dcmread(file) for file in sorted(images.iterdir())]
    mask = np.zeros((*SHAPE, 2), np.uint8)
    mask[1:3, 2:5, 2:5, 0] = 1
    mask[3:5, 6:9, 6:9, 1] = 1
    segments = [
        highdicom.seg.SegmentDescription(
            number,
            label,
            codes.SCT.MorphologicallyAbnormalStructure,
            codes.SCT.Lesion,
            highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
            tracking_uid=f"1.2.3.7.{number}",
            tracking_id=label,
        )
        for number, label in ((1, "met frontal"), (2, "met parietal"))
    ]
    seg = highdicom.seg.Segmentation(
        sources,
        mask,
        highdicom.seg.SegmentationTypeValues.BINARY,
        segments,
        series_instance_uid="1.2.3.5",
        series_number=9,
        sop_instance_uid="1.2.3.5.1",
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
    )
    path = tmp_path / "seg.dcm"
    seg.save_as(path)
    return path
