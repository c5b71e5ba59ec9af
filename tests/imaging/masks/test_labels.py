"""What a mask file holds is listed without an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import MaskError, ReadError
from radnec.imaging.masks import list_labels, open_mask
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("series", "file"),
    [
        ("dicom_seg/dcmqi/ct-3slice", "dicom_seg/dcmqi/partial_overlaps.dcm"),
        ("dicom_seg/dcmqi/24x38x3/image", "dicom_seg/dcmqi/sparse-labelmap-noppv.dcm"),
    ],
)
def test_dicom_files_list_what_can_be_selected(reference: Path, series: str, file: str) -> None:
    pytest.importorskip("highdicom")
    segments = open_mask(reference / file, read_image(reference / series)).segments()
    assert list_labels(reference / file) == [(one.number, one.name) for one in segments]


def test_regions_of_a_structure_set_and_images_that_are_none(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    made = pydicom.Dataset()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.3"
    made.StructureSetROISequence = []
    for number, name in ((7, "GTV 2"), (0, "Brain ")):
        roi = pydicom.Dataset()
        roi.ROINumber, roi.ROIName = number, name
        made.StructureSetROISequence.append(roi)
    made.ROIContourSequence = [pydicom.Dataset()]
    made.save_as(tmp_path / "rs.dcm", enforce_file_format=True)
    assert list_labels(tmp_path / "rs.dcm") == [(7, "GTV 2"), (0, "Brain")]
    whole = (tmp_path / "rs.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: whole.index(b"Brain")])
    with pytest.raises(ReadError, match="has no ROIContourSequence, so it is cut short"):
        list_labels(tmp_path / "cut.dcm")
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.5"
    made.save_as(tmp_path / "plan.dcm", enforce_file_format=True)
    with pytest.raises(MaskError, match="neither DICOM RTSTRUCT nor SEG"):
        list_labels(tmp_path / "plan.dcm")


def test_segments_of_slicer_have_names(tmp_path: Path) -> None:
    slicerio = pytest.importorskip("slicerio")
    stored = slicerio.create_segmentation((2, 3, 2), np.eye(4))
    for name in ("necrosis", "oedema"):
        slicerio.add_segment(stored, np.ones((2, 3, 2), dtype=bool), {"name": name})
    file = tmp_path / "lesion.seg.nrrd"
    slicerio.write_segmentation(str(file), stored)
    segments = open_mask(file, sitk.Image(9, 9, 9, sitk.sitkInt16)).segments()
    assert list_labels(file) == [(one.number, one.name) for one in segments]
    assert [name for _, name in list_labels(file)] == ["necrosis", "oedema"]


def test_a_map_of_fractions_has_no_labels(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkFloat32) + 0.4, tmp_path / "p.nii.gz")
    with pytest.raises(MaskError, match="probability map"):
        list_labels(tmp_path / "p.nii.gz")
