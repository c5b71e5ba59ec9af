"""Sub-regions by label values and by names."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.errors import RegionError
from radnec.imaging.masks import open_mask
from radnec.imaging.regions.subregions import subregion


@pytest.fixture
def source(tmp_path):
    values = np.random.default_rng(0).choice([0, 1, 2, 4], (6, 7, 8)).astype(np.uint8)
    image = sitk.GetImageFromArray(values)
    sitk.WriteImage(image, tmp_path / "seg.nii.gz")
    return open_mask(tmp_path / "seg.nii.gz", image), values


@pytest.mark.parametrize("values", [[1], [2, 4], [1, 3, 4]])
def test_it_is_everything_with_one_of_the_values(source, values):
    opened, array = source
    assert (sitk.GetArrayFromImage(subregion(opened, values)) == np.isin(array, values)).all()


def test_what_is_absent_is_named(source):
    with pytest.raises(
        RegionError, match=r"none of 3, 5 is there: mask seg.nii.gz has no label 5; it holds labels 1, 2"
    ):
        subregion(source[0], [3, 5])
