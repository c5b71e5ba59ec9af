"""Why features have no value is told by what was asked for."""

from __future__ import annotations

from math import nan

import pytest

from radnec.config import ExtractionConfig
from radnec.features.undefined import Undefined

FILTERS = {
    "Original": {},
    "LoG": {"sigma": [1.0]},
    "Logarithm": {"distances": [7]},
    "Wavelet": {},
    "LBP3D": {"distances": [8]},
}


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        ({"original_glcm_Id": nan, "original_glcm_MCC": nan}, "no two voxels of the region lie at the distances [5]"),
        ({"log-sigma-1-0-mm-3D_gldm_DependenceEntropy": nan}, "no two voxels of the region lie at the distances [5]"),
        ({"logarithm_ngtdm_Strength": nan}, "no two voxels of the region lie at the distances [7]"),
        ({"lbp-3D-m1_glcm_Id": nan}, "no two voxels of the region lie at the distances [8]"),
        ({"lbp-3D-k_glcm_Id": nan}, "the image is flat around a voxel of the region, where the filter is not defined"),
        ({"original_glszm_ZoneEntropy": nan}, "no two voxels of the region can touch"),
        ({"original_glcm_Id": 1.0, "original_glcm_MCC": nan}, "the definition needs more voxels, or more than one"),
        ({"log-sigma-1-0-mm-3D_firstorder_Mean": nan, "log-sigma-1-0-mm-3D_glcm_Id": nan}, "the image has too few"),
        ({"original_glcm_Id": 1.0, "log-sigma-1-0-mm-3D_glcm_Id": nan}, "the image has too few"),
        ({"original_glcm_Id": 1.0, "logarithm_glcm_Id": nan}, "no two voxels of the region lie at the distances [7]"),
        ({"logarithm_firstorder_Mean": nan}, "the filter is scaled by the image's largest value"),
        ({"wavelet-LLH_firstorder_Mean": nan}, "the filter has no finite values"),
        ({"original_glcm_Correlation": nan}, "the definition needs more voxels, or more than one grey level"),
    ],
)
def test_the_reason_fits_the_filter_and_the_class(features, reason):
    undefined = Undefined({"ADC": ExtractionConfig(image_types=FILTERS, distances=[5])})
    undefined.add("ADC-rim", "ADC", features)
    undefined.add("ADC-rim", "ADC", {"original_firstorder_Mean": 1.0})
    (fact,) = undefined.facts()
    assert fact["reason"].startswith(reason)
    assert (fact["sequence"], fact["lesions"]) == ("ADC-rim", 1)
    assert fact["values"] == sum(value != value for value in features.values())
    assert undefined.sentences()[0].startswith("ADC-rim: 1 lesion has features without a value (")
