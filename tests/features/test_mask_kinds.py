"""Extraction from RTSTRUCT and Slicer masks equals that from the label map of the same voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.errors import ExtractionWarning
from radnec.features import scan
from radnec.features.columns import feature_columns

if TYPE_CHECKING:
    from pathlib import Path

slicerio = pytest.importorskip("slicerio")
CONFIG = radnec.ExtractionConfig(feature_classes={"firstorder": None, "glcm": None, "shape": None})


def row(folder: Path, mask: str, lesion: str, label: Any) -> dict[str, Any]:
    key = {"patient_id": "P1", "session_id": "S1", "lesion_id": lesion, "sequence": "T1wCE"}
    return {**key, "image_path": str(folder / "t1.nrrd"), "mask_path": str(folder / mask), "mask_label": label}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an image, and two lesions as label map and as overlapping segments."""
    rng = np.random.default_rng(5)
    image = sitk.GetImageFromArray(rng.integers(100, 400, size=(14, 16, 18)).astype(np.int16))
    image.SetSpacing((1.1, 0.9, 2.0))
    sitk.WriteImage(image, tmp_path / "t1.nrrd")
    inner, outer = np.zeros((2, 18, 16, 14), dtype=np.uint8)
    outer[3:12, 4:12, 3:10] = 1
    inner[5:9, 5:9, 4:8] = 1
    for name, box in (("inner", inner), ("outer", outer)):
        mask = sitk.GetImageFromArray(box.T)
        mask.CopyInformation(image)
        sitk.WriteImage(mask, tmp_path / f"{name}.nrrd")
    segments = [{"id": f"S{k}", "name": n, "labelValue": 1, "layer": k} for k, n in enumerate(("inner", "outer"))]
    stored = {"voxels": np.stack([inner, outer]), "ijkToLPS": np.diag([1.1, 0.9, 2.0, 1.0]), "segments": segments}
    slicerio.write_segmentation(str(tmp_path / "both.seg.nrrd"), stored)
    return tmp_path


def test_overlapping_segments_give_the_features_of_their_label_maps(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = scan.open_mask
    monkeypatch.setattr(
        scan, "open_mask", lambda path, *given, **more: opened.append(path) or real(path, *given, **more)
    )
    names = ("inner", "outer")
    named = radnec.extract(pd.DataFrame([row(folder, "both.seg.nrrd", name, name) for name in names]), CONFIG)
    assert len(opened) == 1
    plain = radnec.extract(pd.DataFrame([row(folder, f"{name}.nrrd", name, 1) for name in names]), CONFIG)
    columns = feature_columns(plain)
    assert len(columns) > 50
    pd.testing.assert_frame_equal(named[columns], plain[columns], check_exact=True)


def test_a_segment_that_is_not_there_fails_its_own_row_only(folder: Path) -> None:
    rows = [row(folder, "both.seg.nrrd", "L1", "inner"), row(folder, "both.seg.nrrd", "L2", "rim")]
    with pytest.warns(ExtractionWarning, match="no segment 'rim'; it holds 1 'inner', 1 'outer'"):
        table = radnec.extract(pd.DataFrame(rows), CONFIG)
    assert table["status"].tolist() == ["ok", "failed"]


def test_a_real_rtstruct_gives_the_features_of_its_voxels(reference: Path) -> None:
    source = reference / "dicom_rtstruct" / "sts_002_mr"
    shared = {
        "patient_id": "P1",
        "session_id": "S1",
        "lesion_id": "L1",
        "sequence": "T1w",
        "image_path": source / "image",
    }
    drawn = {**shared, "mask_path": source / "mask", "mask_label": "GTV_Mass_MR_T1"}
    voxels = {**shared, "mask_path": source / "expected_mask.nii.gz", "mask_label": 1}
    # The independent tool wrote its grid with single precision, so it fits to 1e-4 mm.
    tables = [radnec.extract(pd.DataFrame([one]).astype(str), CONFIG) for one in (drawn, voxels)]
    columns = feature_columns(tables[0])
    assert tables[0]["status"].tolist() == tables[1]["status"].tolist() == ["ok"]
    pd.testing.assert_frame_equal(tables[0][columns], tables[1][columns], rtol=1e-9)
