"""The native engine gives pyradiomics' values, whatever the image, the region and the settings."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from radnec.config import ExtractionConfig
from radnec.errors import ExtractionError, MaskError
from radnec.features.engine import measure_region
from radnec.features.verify import differences

pytest.importorskip("radiomics")

ALL = dict.fromkeys(("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"))
FILTERS = {
    "Original": {},
    "LoG": {"sigma": [1.0]},
    "Wavelet": {},
    **{name: {} for name in ("Square", "SquareRoot", "Logarithm", "Exponential", "Gradient")},
}
SETTINGS = {
    "default": {},
    "filters": {"image_types": FILTERS},
    "bin count": {"bin_count": 12, "distances": [1, 2]},
    "one way": {"symmetrical_glcm": False, "gldm_a": 1, "weighting_norm": "euclidean"},
    "flat": {"force_2d": True, "weighting_norm": "infinity", "bin_width": 9},
    "flat, across x": {"force_2d": True, "force_2d_dimension": 2, "image_types": {"Original": {}, "Wavelet": {}}},
    "resampled": {"resampled_spacing_mm": (1.1, 0, 0.9), "pad_distance": 3, "normalize": True, "bin_width": 0.1},
    "segmented again": {"resegment_range": [-1, 1], "resegment_mode": "sigma", "resegment_shape": True},
    "shifted": {"voxel_array_shift": 300.0, "pre_crop": True, "image_types": {"Wavelet": {"bin_width": 4}}},
}


@st.composite
def cases(draw):
    """Return an image and a mask: noise, blobs, holes, many components, single slices, flat and huge values."""
    size = draw(st.tuples(*[st.integers(6, 15)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([1.0, 40.0, 1e3]))
    values = rng.normal(size=size) * scale + draw(st.sampled_from([0.0, 300.0, -5e3, 1e6]))
    kind = draw(st.sampled_from([np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32, np.float64]))
    if draw(st.booleans()):
        values = np.round(values / scale * draw(st.integers(0, 3)))
    bounds = np.iinfo(kind) if np.issubdtype(kind, np.integer) else np.finfo(kind)
    if bounds.bits < 32 and draw(st.booleans()):
        values = rng.integers(bounds.min, bounds.max, size, endpoint=True)
    else:
        values = np.clip(values, bounds.min / 4, bounds.max / 4)
    image = sitk.GetImageFromArray(values.astype(kind))
    shape = draw(st.sampled_from(["noise", "ball", "slice", "border", "line"]))
    z, y, x = np.indices(size)
    if shape == "noise":
        mask = rng.random(size) < draw(st.floats(0.05, 0.9))
    elif shape == "ball":
        mask = ((z - 4) ** 2 + (y - 5) ** 2 + (x - 4) ** 2 < draw(st.integers(3, 20))) & (rng.random(size) < 0.95)
    else:
        mask = {"slice": z == 2, "border": (z < 3) & (y < 4), "line": (z == 1) & (y == 2)}[shape]
        mask = mask & (rng.random(size) < 0.9)
    mask.flat[:2] = [True, False]
    label = sitk.GetImageFromArray(mask.astype(np.uint8))
    spacing = draw(st.tuples(*[st.sampled_from([0.5, 1.0, 1.3, 4.0])] * 3))
    for one in (image, label):
        one.SetSpacing(spacing)
    return image, label


def measured(image: sitk.Image, mask: sitk.Image, config: ExtractionConfig) -> dict[str, float] | str:
    try:
        return measure_region(image, mask, config)
    except (MaskError, ExtractionError) as error:
        return type(error).__name__


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(case=cases())
def test_every_value_is_pyradiomics_own(name, case):
    image, mask = case
    config = ExtractionConfig(**{"feature_classes": ALL, **SETTINGS[name]})
    # A flat image cannot be normalised: here that is said before its region is looked at, there after.
    assume(not config.normalize or np.ptp(sitk.GetArrayViewFromImage(image)) > 0)
    ours = measured(image, mask, config)
    theirs = measured(image, mask, config.model_copy(update={"engine": "pyradiomics"}))
    if isinstance(theirs, str):
        assert ours == theirs or not isinstance(ours, str)
        return
    assert isinstance(ours, dict), ours
    assert ours.keys() == theirs.keys()
    assert {name: (ours[name], theirs[name]) for name in differences(ours, theirs)} == {}
