"""Both engines give the values that pyradiomics publishes for two real brain scans, through a cohort table."""

from __future__ import annotations

import ast
import math
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.features import opening, scan
from radnec.features.extract import extract
from radnec.features.verify import differences

CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape", "shape2D")
ENGINES = ("native", "pyradiomics")


def row(case: str, image: Path, mask: Path) -> dict[str, str]:
    keys = {"patient_id": case, "session_id": "1", "lesion_id": "1", "sequence": "T1wCE"}
    return {**keys, "image_path": str(image), "mask_path": str(mask)}


def values_of(table: pd.DataFrame) -> dict[str, float]:
    (found,) = table.to_dict("records")
    assert found["status"] == "ok", found["error"]
    return {name.removeprefix("T1wCE_"): value for name, value in found.items() if name.startswith("T1wCE_")}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fall into one grey level")  # some published settings have very wide bins
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("feature_class", CLASSES)
def test_every_published_baseline_value_is_reproduced(reference, feature_class, engine, tmp_path):
    if engine == "pyradiomics":
        pytest.importorskip("radiomics")
    folder = reference / "mr_brain"
    baseline = pd.read_csv(folder / f"baseline/baseline_{feature_class}.csv", index_col=0, dtype=str)
    cases = [name for name in baseline.columns if name.startswith("brain")]
    assert cases
    names = [name for name in baseline.index if not name.startswith("diagnostics")]
    wrong = []
    for case in cases:
        stated = ast.literal_eval(baseline.loc["diagnostics_Configuration_Settings", case])
        stated.pop("correctMask", None)  # has no effect where image and mask are on one grid
        parameters = {
            "setting": stated,
            "imageType": ast.literal_eval(baseline.loc["diagnostics_Configuration_EnabledImageTypes", case]),
            "featureClass": {feature_class: None},
        }
        image, mask = (folder / f"{case.split('_')[0]}_{part}.nrrd" for part in ("image", "label"))
        if feature_class == "shape2D":
            mask = one_slice(mask, baseline.loc["diagnostics_Mask-corrected_BoundingBox", case], tmp_path)
        config = ExtractionConfig.from_pyradiomics(parameters).model_copy(update={"engine": engine})
        found = values_of(extract(pd.DataFrame([row(case, image, mask)]), config))
        wrong += [
            (case, name, found.get(name), baseline.loc[name, case])
            for name in names
            if not math.isclose(found.get(name, math.nan), float(baseline.loc[name, case]), rel_tol=1e-3, abs_tol=1e-9)
        ]
    assert not wrong


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", ["brain1", "brain2"])
def test_the_default_features_are_those_of_plain_pyradiomics_to_the_last_digits(reference, case, engine, caplog):
    featureextractor = pytest.importorskip("radiomics.featureextractor")
    caplog.set_level("ERROR", logger="radiomics")
    image, mask = (reference / "mr_brain" / f"{case}_{part}.nrrd" for part in ("image", "label"))
    plain = featureextractor.RadiomicsFeatureExtractor().execute(str(image), str(mask))
    expected = {name: float(value) for name, value in plain.items() if not name.startswith("diagnostics")}
    assert len(expected) == 107
    found = values_of(extract(pd.DataFrame([row(case, image, mask)]), ExtractionConfig(engine=engine)))
    assert found == pytest.approx(expected, rel=1e-12, abs=0)


def one_slice(mask: Path, bounding_box: str, folder: Path) -> Path:
    """Write the slice that the baseline of shape2D was made with, which its bounding box names."""
    _, _, z, *size = ast.literal_eval(bounding_box)
    assert size[2] == 1
    whole = sitk.ReadImage(mask)
    kept = sitk.Image(whole.GetSize(), sitk.sitkUInt8)
    kept.CopyInformation(whole)
    kept[:, :, z : z + 1] = sitk.Cast(whole[:, :, z : z + 1], sitk.sitkUInt8)
    path = folder / f"slice{z}_{mask.name}"
    sitk.WriteImage(kept, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("case", ["brain1", "brain2"])
def test_both_engines_agree_on_real_scans_with_every_filter(reference, case):
    pytest.importorskip("radiomics")
    names = ("Original", "Wavelet", "Square", "SquareRoot", "Logarithm", "Exponential", "Gradient")
    types = {"LoG": {"sigma": [1.0, 2.0, 3.0]}, **{name: {} for name in names}}
    folder = reference / "mr_brain"
    cohort = pd.DataFrame([row(case, folder / f"{case}_image.nrrd", folder / f"{case}_label.nrrd")])
    ours, theirs = (values_of(extract(cohort, ExtractionConfig(image_types=types, engine=e))) for e in ENGINES)
    assert len(ours) > 1500
    assert ours.keys() == theirs.keys()
    assert differences(ours, theirs) == {}


def test_every_file_is_read_once_for_all_lesions_of_a_scan(two_patients, monkeypatch):
    reads: Counter[str] = Counter()

    def counting(module, name):
        real = getattr(module, name)

        def wrapped(path, *rest, **named):
            reads[Path(path).name] += 1
            return real(path, *rest, **named)

        return wrapped

    for module, name in ((opening, "read_acquisition"), (scan, "open_mask")):
        monkeypatch.setattr(module, name, counting(module, name))
    extract(two_patients.cohort(), ExtractionConfig(feature_classes={"firstorder": ["Mean"]}))
    # Four scans, of which two hold two lesions of one label map.
    assert {name: count for name, count in reads.items() if name != "mask.nii.gz"} == {
        f"{patient}_{sequence}.nii.gz": 1 for patient in ("P1", "P2") for sequence in ("T1wCE", "FLAIR")
    }
    assert reads["mask.nii.gz"] == 4
