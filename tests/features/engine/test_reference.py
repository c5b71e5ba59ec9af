"""The adapter to pyradiomics gives what plain pyradiomics gives, and leaves no trace."""

from __future__ import annotations

import logging
import math
import warnings

import numpy as np
import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.errors import ExtractionError, GeometryError, MaskError, MissingDependencyError
from radnec.features.engine.reference import engine_version, measure_region, verify_available

pytest.importorskip("radiomics")

FILTERS = {
    "original": {},
    "filters": {"image_types": {"LoG": {"sigma": [2.0, 3]}, "Wavelet": {"bin_width": 40}}},
    "local filters": {
        "image_types": {name: {} for name in ("Square", "SquareRoot", "Logarithm", "Exponential", "Gradient")}
    },
    "resampled": {"resampled_spacing_mm": (2, 2, 0), "normalize": True, "normalize_scale": 100, "bin_width": 5},
    "2-D": {"force_2d": True, "bin_count": 32, "weighting_norm": "euclidean", "distances": [1, 2]},
    "resegmented": {"resegment_range": [-2, 2], "resegment_mode": "sigma", "resegment_shape": True, "gldm_a": 1},
    "named": {"feature_classes": {"shape": ["MeshVolume", "Compactness2"], "glcm": ["MCC"]}, "pre_crop": True},
}


def brain(reference, case):
    folder = reference / "mr_brain"
    return [sitk.ReadImage(folder / f"{case}_{part}.nrrd") for part in ("image", "label")]


def sphere(radius=5.0):
    source = sitk.PhysicalPointSource(sitk.sitkVectorFloat64, [24, 24, 24])
    distance = sum((sitk.VectorIndexSelectionCast(source, axis) - 12) ** 2 for axis in range(3))
    return distance, sitk.Cast(distance <= radius**2, sitk.sitkUInt8)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["brain1", "brain2"])
@pytest.mark.parametrize("settings", FILTERS.values(), ids=FILTERS)
def test_values_are_those_of_plain_pyradiomics(reference, caplog, case, settings):
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    config = ExtractionConfig(**settings)
    found = measure_region(*brain(reference, case), config)
    caplog.set_level(logging.CRITICAL, logger="radiomics")
    parameters = config.to_pyradiomics()
    extractor = RadiomicsFeatureExtractor(**parameters["setting"])
    extractor.disableAllImageTypes()
    extractor.enableImageTypes(**parameters["imageType"])
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(**parameters["featureClass"])
    folder = reference / "mr_brain"
    expected = extractor.execute(str(folder / f"{case}_image.nrrd"), str(folder / f"{case}_label.nrrd"))
    assert set(found) == set(expected)
    assert all(type(value) is float for value in found.values())
    for name, value in expected.items():
        assert math.isclose(found[name], float(value), rel_tol=1e-12) or found[name] == float(value), name


def test_a_voxel_sphere_has_its_voxels_volume():
    distance, mask = sphere()
    found = measure_region(distance, mask, ExtractionConfig())
    voxels = int(sitk.GetArrayViewFromImage(mask).sum())
    inside = sitk.GetArrayViewFromImage(distance)[sitk.GetArrayViewFromImage(mask) == 1]
    assert found["original_shape_VoxelVolume"] == voxels
    assert found["original_firstorder_Mean"] == pytest.approx(inside.mean(), rel=1e-12)
    assert found["original_firstorder_Energy"] == pytest.approx((inside**2).sum(), rel=1e-12)
    assert len(found) == 107


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16])
@pytest.mark.parametrize("width", [25, 7.5])
def test_values_do_not_depend_on_the_type_that_holds_the_intensities(kind, width):
    bounds = np.iinfo(kind)
    array = np.random.default_rng(0).integers(bounds.min, bounds.max, (8, 9, 10), endpoint=True)
    mask = sitk.GetImageFromArray((np.indices(array.shape).sum(0) % 7 < 5).astype(np.uint8))
    width *= bounds.max // 100
    config = ExtractionConfig(bin_width=width, image_types={"Original": {"bin_width": width}, "LBP2D": {}})
    pytest.importorskip("skimage")
    small, wide = (measure_region(sitk.GetImageFromArray(array.astype(one)), mask, config) for one in (kind, np.int32))
    assert small == pytest.approx(wide, rel=1e-12, abs=1e-12)


def test_no_global_state_is_changed():
    distance, mask = sphere()
    process, logger = sitk.ProcessObject, logging.getLogger("radiomics")
    measure_region(distance, mask, ExtractionConfig())  # the first import of pyradiomics sets its logger up
    before = {"handlers": logger.handlers[:], "level": logger.level, "propagate": logger.propagate}
    process.SetGlobalDefaultCoordinateTolerance(1e-4)
    threads = process.GetGlobalDefaultNumberOfThreads()
    try:
        measure_region(distance, mask, ExtractionConfig(bin_count=8))
        with pytest.raises(MaskError):
            measure_region(distance, mask * 0, ExtractionConfig())
        assert process.GetGlobalDefaultCoordinateTolerance() == 1e-4
    finally:
        process.SetGlobalDefaultCoordinateTolerance(1e-6)
    assert process.GetGlobalDefaultNumberOfThreads() == threads
    assert before == {"handlers": logger.handlers, "level": logger.level, "propagate": logger.propagate}


def test_nothing_is_printed_or_warned(capfd):
    distance, mask = sphere()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measure_region(distance, mask, ExtractionConfig(bin_count=8))
        measure_region(distance * 0 + 7, mask, ExtractionConfig())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("marked", "settings", "message"),
    [
        ([], {}, "No labels found"),
        ([(3, 3, 3)], {}, "only contains 1 segmented voxel"),
        ([(3, 3, 3), (4, 3, 3)], {}, "too few dimensions"),
        ([(3, 3, 3), (4, 3, 3), (4, 4, 3)], {"minimum_roi_size": 10}, "too small"),
        ([(3, 3, 3), (4, 3, 3), (4, 4, 3)], {"resegment_range": [1e9]}, "excluded too many voxels"),
    ],
)
def test_regions_that_cannot_be_measured_say_why(marked, settings, message):
    distance, mask = sphere()
    mask *= 0
    for voxel in marked:
        mask[voxel] = 1
    with pytest.raises(MaskError, match=message):
        measure_region(distance, mask, ExtractionConfig(**settings))


def test_a_mask_on_another_grid_is_refused():
    distance, mask = sphere()
    mask.SetSpacing((1, 1, 2))
    with pytest.raises(GeometryError, match="align_mask"):
        measure_region(distance, mask, ExtractionConfig())


def test_nan_in_the_region_is_refused():
    distance, mask = sphere()
    distance[12, 12, 12] = math.nan
    with pytest.raises(ExtractionError, match="1 voxels of the region are NaN or infinite"):
        measure_region(distance, mask, ExtractionConfig())


def test_nan_outside_the_region_matters_only_to_what_looks_there():
    distance, mask = sphere()
    clean = measure_region(distance, mask, ExtractionConfig())
    distance[0, 0, 0] = math.nan
    assert measure_region(distance, mask, ExtractionConfig()) == clean
    for settings in ({"image_types": {"Wavelet": {}}}, {"resampled_spacing_mm": (2, 2, 2)}, {"normalize": True}):
        with pytest.raises(ExtractionError, match="1 voxels outside the region"):
            measure_region(distance, mask, ExtractionConfig(**settings))


def test_a_filter_that_pyradiomics_would_skip_is_an_error():
    distance, mask = sphere()
    config = ExtractionConfig(image_types={"Original": {}, "LoG": {"sigma": [1.0, 50.0]}})
    with pytest.raises(ExtractionError, match=r"no log-sigma-50-0-mm-3D_… feature: applyLoG: sigma\(50\)"):
        measure_region(distance, mask, config)


def test_a_flat_region_gives_pyradiomics_conventions():
    distance, mask = sphere()
    found = measure_region(distance * 0 + 7, mask, ExtractionConfig())
    assert found["original_firstorder_Variance"] == 0
    assert found["original_glcm_Correlation"] == 1
    assert found["original_ngtdm_Coarseness"] == 1e6
    assert all(np.isfinite(list(found.values())))


def test_what_is_missing_is_named_before_any_image_is_read(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "trimesh", None)
    with pytest.raises(MissingDependencyError, match="The filter LBP3D needs trimesh"):
        verify_available(ExtractionConfig(image_types={"LBP3D": {}}))


def test_the_engine_names_its_version():
    assert engine_version() == "pyradiomics 3.0.1"
