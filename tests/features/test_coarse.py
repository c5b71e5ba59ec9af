"""Texture that rests on one grey level is not passed over in silence."""

from __future__ import annotations

import warnings

import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.errors import ExtractionWarning
from radnec.features.extract import extract

CLASSES = {"feature_classes": {"firstorder": None, "glcm": ["JointEnergy"]}}


@pytest.fixture
def ratio(two_patients):
    """Return the cohort with a third sequence whose values are a ratio of a few units."""
    mask = two_patients.write(two_patients.spheres(), "mask2.nii.gz")
    for patient in ("P1", "P2"):
        image = sitk.Cast(two_patients.textured(9), sitk.sitkFloat32) / 100 + 10
        path = two_patients.write(image, f"{patient}_rcbv.nii.gz")
        two_patients.add(patient, "1", "rCBV", path, mask, mask_label=1, scanner_id="A", label="necrosis")
    return two_patients.cohort()


def test_the_sequence_the_count_and_a_width_are_named(ratio):
    pytest.importorskip("radiomics")
    with pytest.warns(ExtractionWarning, match=r"rCBV: 2 of 2 lesions fall into one grey level at bin_width 25"):
        table = extract(ratio, ExtractionConfig(**CLASSES))
    (found,) = table.attrs["radnec"]["coarse"]
    assert found["sequence"] == "rCBV"
    # The advice has to work.
    settings = ExtractionConfig(**CLASSES, by_sequence={"rCBV": {"bin_width": found["bin_width"]}})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mended = extract(ratio, settings)
    spread = mended["rCBV_original_firstorder_Range"].dropna() / found["bin_width"]
    assert spread.between(16, 64).all()
    assert mended.attrs["radnec"]["coarse"] == []


def test_bin_counts_cannot_be_too_coarse(ratio):
    pytest.importorskip("radiomics")
    assert extract(ratio, ExtractionConfig(**CLASSES, bin_count=16)).attrs["radnec"]["coarse"] == []
