"""Measures scans with one tool, in an interpreter that has it, and says what processor time that took.

Run as ``python adapters.py NAME`` it reads one order (JSON) a line and answers each with a line. It imports no tool but
the one that is asked for, so that it runs in environments that cannot hold radnec.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import logging
import os
import re
import resource
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = list[dict[str, float]]
    Measure = Callable[[str, list[str], dict[str, Any]], Values]

# pyradiomics' classes under the names of the tools that follow the IBSI; those of their own are not asked for.
_TEXTURES = ["glcm", "glrlm", "glszm", "ngtdm", "ngldm"]
_SHAPE = "MeshVolume VoxelVolume SurfaceArea SurfaceVolumeRatio Sphericity Elongation Flatness"
_LENGTHS = "MajorAxisLength MinorAxisLength LeastAxisLength Maximum3DDiameter"
_DIAMETERS = "Maximum2DDiameterSlice Maximum2DDiameterRow Maximum2DDiameterColumn"
_BANDS = [a + b + c for a in "LH" for b in "LH" for c in "LH"]
_BIN_WIDTH = 25.0


def radnec(image: str, masks: list[str], image_types: dict[str, Any]) -> Values:
    """Measure with radnec, all lesions of the scan at once."""
    from radnec.config import ExtractionConfig
    from radnec.features.regions import Region, Scan
    from radnec.features.scan import measure_scan

    regions = tuple(Region(row, f"lesion {row}", mask, 1) for row, mask in enumerate(masks))
    scan = Scan("T1wCE", image, None, None, regions)
    return [one.features for one in measure_scan(scan, ExtractionConfig(image_types=image_types))]


def pyradiomics(image: str, masks: list[str], image_types: dict[str, Any]) -> Values:
    """Measure with plain pyradiomics, lesion by lesion."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    extractor = RadiomicsFeatureExtractor()
    extractor.disableAllImageTypes()
    extractor.enableImageTypes(**image_types)
    return [_numbers(extractor.execute(image, mask)) for mask in masks]


def flash(image: str, masks: list[str], image_types: dict[str, Any]) -> Values:
    """Measure with flash-radiomics on the processor, without the file that it writes of every result."""
    from flash_radiomics import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(backend="cpu", num_threads=1, additionalInfo=False)
    extractor.disableAllImageTypes()
    extractor.enableImageTypes(**image_types)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(shape=f"{_SHAPE} {_LENGTHS} {_DIAMETERS}".split())
    for family in ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"):
        extractor.enableFeatureClassByName(family)
    return [_numbers(extractor.extract_from_preprocessed(extractor.preprocess_case(image, mask))) for mask in masks]


def fastrad(image: str, masks: list[str], image_types: dict[str, Any]) -> Values:
    """Measure with fastrad on the processor; it has no wavelet."""
    import SimpleITK as sitk
    import torch
    from fastrad import FeatureExtractor, FeatureSettings, Mask, MedicalImage, apply_builtin_filters

    torch.set_num_threads(1)
    read = sitk.ReadImage(image)
    spacing = read.GetSpacing()[::-1]
    volume = MedicalImage(torch.from_numpy(sitk.GetArrayFromImage(read).astype("float32")), spacing)
    types = {name: given for name, given in image_types.items() if name != "Wavelet"}
    volumes = apply_builtin_filters(volume, types)
    classes = ["firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"]
    found = []
    for path in masks:
        inside = sitk.GetArrayFromImage(sitk.ReadImage(path)) > 0
        mask = Mask(torch.from_numpy(inside.astype("float32")), spacing)
        values = {}
        for name, one in volumes.items():
            asked = [*classes, "shape"] if name == "original" else classes
            settings = FeatureSettings(feature_classes=asked, device="cpu", spacing=spacing)
            for key, value in FeatureExtractor(settings).extract(one, mask).items():
                values[_pyradiomics_name(name, key)] = value
        found.append(_numbers(values))
    return found


def mirp(image: str, masks: list[str], image_types: dict[str, Any]) -> Values:
    """Measure with mirp; Moran's I and Geary's C cannot be left out of its morphology."""
    from mirp import extract_features

    families = ["statistics", *_TEXTURES]
    binning = {"method": "fixed_bin_size_pyradiomics", "bin_width": _BIN_WIDTH}
    settings: dict[str, Any] = {f"base_discretisation_{name}": value for name, value in binning.items()}
    if len(image_types) > 1:
        settings |= {f"response_map_discretisation_{name}": value for name, value in binning.items()} | {
            "response_map_feature_families": families,
            "filter_kernels": ["laplacian_of_gaussian", "separable_wavelet"],
            "laplacian_of_gaussian_sigma": image_types["LoG"]["sigma"],
            "separable_wavelet_families": "coif1",
            "separable_wavelet_set": "all",
            "separable_wavelet_rotation_invariance": False,
        }
    found = []
    for mask in masks:
        [table] = extract_features(
            image=image,
            mask=mask,
            image_modality="mr",
            ibsi_compliant=False,
            base_feature_families=["morphology", *families],
            glcm_spatial_method="3d_average",
            glrlm_spatial_method="3d_average",
            **settings,
        )
        found.append(_numbers(table.select_dtypes("number").iloc[0].to_dict()))
    return found


def nyxus(image: str, masks: list[str], _: dict[str, Any]) -> Values:
    """Measure with nyxus; it has no filters in 3-D, and takes a number of bins for a width."""
    from nyxus import Nyxus3D

    families = ["*3D_ALL_INTENSITY*", "*3D_ALL_MORPHOLOGY*"]
    families += [f"*3D_{name.upper()}*" for name in ("glcm", "glrlm", "glszm", "gldm", "ngtdm")]
    extractor = Nyxus3D(families, n_feature_calc_threads=1)
    table = extractor.featurize_files([image] * len(masks), masks, False)
    return [_numbers(row) for row in table.select_dtypes("number").to_dict("records")]


def zrad(image: str, masks: list[str], image_types: dict[str, Any]) -> Values:
    """Measure with Z-Rad, without Moran's I and Geary's C; it refuses images that are flat in a direction."""
    from zrad.exceptions import DataStructureError
    from zrad.filtering import LoG, Wavelets3D
    from zrad.image import Image
    from zrad.preprocessing import IntensityMaskBuilder, RoiData, TextureDiscretizer
    from zrad.radiomics import Radiomics
    from zrad.radiomics.morphology import MORPHOLOGY_CORRELATION_FEATURE_NAMES, MORPHOLOGY_FEATURE_NAMES

    read = Image.from_nifti(image)
    filtered: list[Any] = [None]
    if len(image_types) > 1:
        filtered += [LoG("reflect", sigma, 4.0, "3D").apply(read) for sigma in image_types["LoG"]["sigma"]]
        filtered += [Wavelets3D("coif1", "wrap", band, 1).apply(read) for band in _BANDS]
    morphology = [name for name in MORPHOLOGY_FEATURE_NAMES if name not in MORPHOLOGY_CORRELATION_FEATURE_NAMES]
    radiomics, found = Radiomics(), []
    for path in masks:
        mask = Image.from_nifti_mask(path, reference=read)
        values = {}
        for number, one in enumerate(filtered):
            roi = IntensityMaskBuilder().apply(RoiData(image=read, filtered_image=one, morphological_mask=mask))
            lowest = float((read if one is None else one).array[mask.array > 0].min())
            roi = replace(roi, intensity_range=(lowest, float("inf")))
            roi = TextureDiscretizer(bin_size=_BIN_WIDTH).apply(roi)
            with contextlib.suppress(DataStructureError):
                values |= _prefixed(number, radiomics.extract_features(roi, ["intensity_statistics", *_TEXTURES]))
            if one is None:
                values |= _prefixed(number, radiomics.extract_features(roi, features=morphology))
        found.append(_numbers(values))
    return found


def pycerr(image: str, masks: list[str], image_types: dict[str, Any]) -> Values:
    """Measure with pyCERR, which crops before it filters; 12 voxels of margin hold what the filters need."""
    from cerr import plan_container
    from cerr.radiomics import ibsi1

    filters: dict[str, Any] = {}
    if len(image_types) > 1:
        sigmas = image_types["LoG"]["sigma"]
        filters["LoG"] = [{"Sigma_mm": [sigma] * 3, "CutOff_mm": [4 * sigma] * 3} for sigma in sigmas]
        filters["Wavelets"] = [{"Wavelets": "coif", "Index": 1, "Direction": band} for band in _BANDS]
    filters["Original"] = {}  # last, because it blanks what is outside of the region for those after it
    texture = {"binwidth": _BIN_WIDTH, "directionality": "3D", "avgType": "feature", "voxelOffset": 1}
    families = ("shape", "firstOrder", "glcm", "glrlm", "glszm", "gldm", "gtdm")
    settings = {
        "structures": ["lesion"],
        "imageType": filters,
        "settings": {
            "cropToMask": {"method": "expand", "size": [12, 12, 12]},
            "shape": {"rcs": []},
            "firstOrder": {"offsetForEnergy": 0, "binWidthEntropy": _BIN_WIDTH},
            "texture": {**texture, "patchRadiusVox": [1, 1, 1], "imgDiffThresh": 0},
        },
        "featureClass": {name: {"featureList": ["all"]} for name in families},
    }
    plan = plan_container.loadNiiScan(image, "MR SCAN")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(settings, file)
        file.flush()
        found = []
        for number, mask in enumerate(masks):
            plan = plan_container.loadNiiStructure(mask, 0, plan, {"lesion": 1})
            found.append(_numbers(ibsi1.computeScalarFeatures(0, number, file.name, plan)[0]))
    return found


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    """Keep what is one number, and no diagnostic."""
    found = {}
    for name, value in values.items():
        if not name.startswith("diagnostics"):
            with contextlib.suppress(TypeError, ValueError):
                found[name] = float(value)
    return found


def _pyradiomics_name(image: str, name: str) -> str:
    """Return pyradiomics' name (``original_glcm_JointEnergy``) for fastrad's (``glcm:joint_energy``)."""
    family, _, feature = name.partition(":")
    words = [word.capitalize() for word in re.sub(r"(\d)th", r"\1", feature).split("_")]
    return f"{image}_{family}_" + re.sub(r"\d[dD]|Mcc", lambda found: found[0].upper(), "".join(words))


def _prefixed(number: int, values: dict[str, Any]) -> dict[str, Any]:
    return {f"{number}_{name}": value for name, value in values.items()}


class Tool(NamedTuple):
    """A tool: what it is called where it is published, how it measures, and which cases it can do."""

    package: str
    measure: Measure
    cases: str = "abc"


TOOLS = {
    "radnec": Tool("radnec", radnec),
    "pyradiomics": Tool("pyradiomics", pyradiomics),
    "fastrad": Tool("fastrad", fastrad),
    "flash-radiomics": Tool("flash-radiomics", flash),
    "mirp": Tool("mirp", mirp),
    "nyxus": Tool("nyxus", nyxus, "a"),
    "pyCERR": Tool("pycerr", pycerr),
    "Z-Rad": Tool("z-rad", zrad),
}


def main() -> None:
    """Answer orders until there are no more; what a tool prints goes to the error output."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    tool = TOOLS[sys.argv[1]]
    for line in sys.stdin:
        order = json.loads(line)
        start = time.process_time()
        values = tool.measure(order["image"], order["masks"], order["image_types"])
        end = time.process_time()
        answer = {
            "values": values,
            "seconds": end - start,
            "since_start": end,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "version": importlib.metadata.version(tool.package),
        }
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
