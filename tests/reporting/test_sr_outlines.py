"""Outlines in a report fill the voxels that the reader of masks gives, or the report says why it shows none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.errors import ReportWarning
from radnec.imaging import read_image, read_mask
from radnec.reporting.dicom_sr import write_sr
from radnec.reporting.sr_reading import read_sr

pydicom = pytest.importorskip("pydicom")
highdicom = pytest.importorskip("highdicom")
polygon2mask = pytest.importorskip("skimage.draw").polygon2mask

MODEL = {"name": "centre A", "version": "0.1.0", "identity": "1f0c9d3e"}
#: Half edges (mm) of a square and of a hole in it, round the voxel (4, 5) of the series of these tests.
OUTER, HOLE = 3.5, 1.5
CLOSED, XOR = "CLOSED_PLANAR", "CLOSEDPLANAR_XOR"


@pytest.fixture
def structures(tmp_path):
    """Return a function that writes squares (half edge, height in mm, type of contour) as an RTSTRUCT of one region."""

    def write(*squares):
        file = pydicom.Dataset()
        file.file_meta = pydicom.dataset.FileMetaDataset()
        file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        file.SOPClassUID, file.SOPInstanceUID = pydicom.uid.RTStructureSetStorage, "1.2.3.8.1"
        file.StudyInstanceUID, file.SeriesInstanceUID = "1.2.3.1", "1.2.3.8"
        file.Modality, file.PatientID = "RTSTRUCT", "PAT7"
        roi, drawn = pydicom.Dataset(), pydicom.Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = 3, "GTV", "1.2.3.9"
        drawn.ReferencedROINumber, drawn.ContourSequence = 3, []
        for half, height, kind in squares:
            contour = pydicom.Dataset()
            corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
            contour.ContourData = [value for x, y in corners for value in (x - 1, y + 8, height)]
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, 4
            drawn.ContourSequence.append(contour)
        file.StructureSetROISequence, file.ROIContourSequence = [roi], [drawn]
        file.save_as(tmp_path / "RS.dcm", enforce_file_format=True)
        return tmp_path / "RS.dcm"

    return write


@pytest.fixture
def enhanced(images, tmp_path):
    """Return the series as one enhanced multi-frame file, frames from the last slice to the first."""
    slices = [pydicom.dcmread(file) for file in sorted(images.iterdir(), reverse=True)]
    file = slices[0]
    file.SOPClassUID, file.SOPInstanceUID, file.SeriesInstanceUID = (
        pydicom.uid.EnhancedMRImageStorage,
        "1.2.8.1",
        "1.2.8",
    )
    file.NumberOfFrames, file.PixelData = len(slices), b"".join(one.PixelData for one in slices)
    measures, turned = pydicom.Dataset(), pydicom.Dataset()
    measures.PixelSpacing, turned.ImageOrientationPatient = file.PixelSpacing, file.ImageOrientationPatient
    file.SharedFunctionalGroupsSequence = [pydicom.Dataset()]
    file.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence = [measures]
    file.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence = [turned]
    file.PerFrameFunctionalGroupsSequence = []
    for k in range(len(slices)):
        place, group = pydicom.Dataset(), pydicom.Dataset()
        place.ImagePositionPatient = [-5.0, 3.0, 2.0 * (len(slices) - 1 - k)]
        group.PlanePositionSequence = [place]
        file.PerFrameFunctionalGroupsSequence.append(group)
    del file.PixelSpacing, file.ImageOrientationPatient, file.ImagePositionPatient
    file.file_meta.MediaStorageSOPClassUID = file.SOPClassUID
    file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID
    file.save_as(tmp_path / "enhanced.dcm", enforce_file_format=True)
    return tmp_path / "enhanced.dcm"


def shown(path):
    """Return the voxels (z, y, x) within an odd number of the outlines of the first lesion of a report."""
    (group,) = highdicom.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    voxels = np.zeros((6, 12, 10), dtype=bool)
    for region in group.roi:
        image = region.ContentSequence[0].ReferencedSOPSequence[0]
        frame = image.get("ReferencedFrameNumber")
        # Single files are numbered along the slices, frames against them.
        place = int(image.ReferencedSOPInstanceUID.split(".")[-1]) - 1 if frame is None else 6 - int(frame)
        voxels[place] ^= polygon2mask(voxels.shape[1:], region.value[:, ::-1] - 0.5)
    return voxels


def comments(path):
    """Return the comments of a report."""
    return " ".join(str(one.value) for one in pydicom.dcmread(path).iterall() if one.keyword == "TextValue")


@pytest.mark.parametrize(
    ("squares", "voxels"),
    [
        ([(OUTER, 4, CLOSED), (OUTER, 6, CLOSED)], 2 * 49),
        ([(OUTER, 4.2, CLOSED), (OUTER, 6.2, CLOSED)], 2 * 49),
        ([(OUTER, 4, XOR), (HOLE, 4, XOR)], 49 - 9),
        ([(OUTER, 4, CLOSED), (HOLE, 4, XOR)], 49 - 9),
    ],
    ids=["on the slices", "0.2 mm beside them", "XOR", "closed with XOR hole"],
)
@pytest.mark.parametrize("series", ["images", "enhanced"])
@pytest.mark.filterwarnings("ignore::radnec.errors.MaskWarning")
def test_outlines_fill_the_voxels_of_the_mask(request, assessed, structures, tmp_path, series, squares, voxels):
    source, file = request.getfixturevalue(series), structures(*squares)
    path = write_sr(assessed, tmp_path / "r.dcm", source=source, model=MODEL, regions={"L1": (file, "GTV")})
    found = shown(path)
    assert found.sum() == voxels
    assert np.array_equal(found, sitk.GetArrayFromImage(read_mask(file, read_image(source), label="GTV")) > 0)
    assert ("are holes" in comments(path)) == (voxels == 40)


@pytest.mark.parametrize(
    ("squares", "reason"),
    [
        ([(OUTER, 5, CLOSED)], "midway between two slices"),
        ([(OUTER, 3.7, CLOSED), (OUTER, 4.3, CLOSED)], "drawn on thinner slices"),
        ([(40, 4, CLOSED)], "outside the image"),
        ([(OUTER, 4, "OPEN_PLANAR")], "encloses nothing"),
        ([(OUTER, 4, CLOSED), (OUTER, 4, CLOSED)], "is there twice"),
    ],
)
def test_what_cannot_be_shown_is_said_and_costs_no_result(assessed, images, structures, tmp_path, squares, reason):
    regions = {"L1": (structures(*squares), 3)}
    with pytest.warns(ReportWarning, match=rf"lesion L1: No region is shown\. RS\.dcm.*{reason}"):
        path = write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, regions=regions)
    pd.testing.assert_frame_equal(read_sr(path), assessed, check_dtype=False, check_exact=True)
    assert highdicom.sr.srread(path).content.get_volumetric_roi_measurement_groups() == []
    assert reason in comments(path)
