"""Nyúl's landmarks equal those of another implementation, and know whose images they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.config import Landmarks
from radnec.errors import GeometryError, ImageError, MaskError, TableError
from radnec.imaging.standardise import apply_landmarks, fit_landmarks, reference_ratio

if TYPE_CHECKING:
    from pathlib import Path

# intensity-normalization 3.0.1 (NyulNormalizer, output from 0 to 100) on the same numbers.
SCALE = (
    0.0, 18.202561, 52.769451, 57.262127, 60.91346, 64.836116, 71.518751, 83.306104, 87.868259, 92.052532, 99.999993,
)  # fmt: skip
FIRST = (56.5457, 91.68599, 76.10002, 95.61237, 72.54131, 90.77446)
LOWEST, HIGHEST = -21.9101, 110.36478


def _brain(seed: int, gain: float) -> sitk.Image:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(300, 40, 3000), rng.normal(540, 35, 12000), rng.normal(680, 30, 9000)]
    return sitk.GetImageFromArray(rng.permutation(np.concatenate(parts) * gain).reshape(20, 30, 40))


@pytest.fixture
def cohort(tmp_path: Path) -> pd.DataFrame:
    rows = []
    whole = sitk.Cast(_brain(1, 1.0) > -1e9, sitk.sitkUInt8)
    sitk.WriteImage(whole, tmp_path / "brain.nrrd")
    for number, gain in ((1, 1.0), (2, 1.4), (3, 0.7), (4, 2.2)):
        file = tmp_path / f"{number}.nrrd"
        sitk.WriteImage(_brain(number, gain), file)
        row = {"patient_id": f"P{number}", "sequence": "T1w", "image_path": str(file)}
        # Two lesions of one image.
        rows += [{**row, "lesion_id": lesion, "brain_mask_path": str(tmp_path / "brain.nrrd")} for lesion in "ab"]
    return pd.DataFrame(rows)


def test_landmarks_equal_those_of_another_implementation(cohort: pd.DataFrame) -> None:
    landmarks = fit_landmarks(cohort, patients=["P1", "P2", "P3"])
    np.testing.assert_allclose(landmarks.scales["T1w"], SCALE, atol=2e-5)
    assert landmarks.images == {"T1w": 3}
    new = _brain(4, 2.2)
    standard = sitk.GetArrayFromImage(apply_landmarks(new, landmarks, "T1w", brain=new > -1e9)).ravel()
    np.testing.assert_allclose(standard[:6], FIRST, atol=1e-4)
    assert (standard.min(), standard.max()) == pytest.approx((LOWEST, HIGHEST), abs=1e-4)


def test_order_and_repetition_do_not_matter(cohort: pd.DataFrame) -> None:
    one = fit_landmarks(cohort, patients=["P1", "P2"])
    other = fit_landmarks(cohort.iloc[::-1], patients=["P2", "P1", "P2"])
    assert one == other
    assert one.digest() == other.digest()


def test_gain_of_the_scanner_falls_away(cohort: pd.DataFrame) -> None:
    landmarks = fit_landmarks(cohort, patients=["P1", "P2"])
    one, other = _brain(7, 1.0), _brain(7, 3.0)
    found = [
        sitk.GetArrayFromImage(apply_landmarks(image, landmarks, "T1w", brain=one > -1e9)) for image in (one, other)
    ]
    np.testing.assert_allclose(*found, atol=1e-4)


def test_foreground_may_be_what_is_not_air(tmp_path: Path) -> None:
    values = np.zeros((12, 12, 12))
    values[3:9, 3:9, 3:9] = np.arange(216.0).reshape(6, 6, 6) + 500
    image = sitk.GetImageFromArray(values)
    sitk.WriteImage(image, tmp_path / "i.nrrd")
    rows = pd.DataFrame({"patient_id": ["P1"], "sequence": ["FLAIR"], "image_path": [str(tmp_path / "i.nrrd")]})
    for kind in ("nonzero", "otsu"):
        landmarks = fit_landmarks(rows, patients=["P1"], foreground=kind, percentiles=(0, 50, 100))
        standard = sitk.GetArrayFromImage(apply_landmarks(image, landmarks, "FLAIR"))
        # The voxels are a straight line from 500 to 715, which is laid on 0 to 100.
        np.testing.assert_allclose(standard, (values - 500) / 2.15, atol=1e-4)
    with pytest.raises(MaskError, match=r"FLAIR, .*i\.nrrd: foreground=\"brain\" needs the brain mask"):
        fit_landmarks(rows, patients=["P1"])


def test_no_name_is_kept_and_patients_are_known_again(cohort: pd.DataFrame) -> None:
    landmarks = fit_landmarks(cohort, patients=["P1", "P3"])
    assert landmarks.recognises(["P1", "P2", "P3", "P4"]).tolist() == [True, False, True, False]
    text = landmarks.to_yaml()
    assert "P1" not in text
    assert Landmarks.from_text(text) == landmarks
    # The list is the salt: P1 has another mark on another list.
    other = fit_landmarks(cohort, patients=["P1", "P2"])
    assert not set(landmarks.marks) & set(other.marks)
    assert landmarks.patients != other.patients


def test_bias_field_is_corrected_when_asked(cohort: pd.DataFrame) -> None:
    plain, corrected = (fit_landmarks(cohort, patients=["P1"], n4=n4) for n4 in (False, True))
    assert corrected.n4
    assert plain.scales != corrected.scales


def test_what_cannot_be_learnt_from_is_refused(cohort: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="P9 not among them; expected some of the cohort's 4 patients"):
        fit_landmarks(cohort, patients=["P1", "P9"])
    with pytest.raises(TableError, match="no patient"):
        fit_landmarks(cohort, patients=[])
    with pytest.raises(TableError, match="no image of FLAIR"):
        fit_landmarks(cohort, patients=["P1"], sequences=["T1w", "FLAIR"])
    sitk.WriteImage(sitk.Image(20, 30, 40, sitk.sitkInt16), tmp_path / "1.nrrd")
    with pytest.raises(GeometryError, match=r"T1w, .*1\.nrrd: .*size"):
        fit_landmarks(cohort, patients=["P1"])
    sitk.WriteImage(sitk.Image(40, 30, 20, sitk.sitkInt16), tmp_path / "1.nrrd")
    with pytest.raises(ImageError, match="the percentiles 1 and 10 of the foreground are both 0"):
        fit_landmarks(cohort, patients=["P1"])


def test_ratio_to_reference_tissue() -> None:
    values = np.arange(64.0).reshape(4, 4, 4)
    image = sitk.GetImageFromArray(values)
    ratio = sitk.GetArrayFromImage(reference_ratio(image, sitk.And(image > 9, image < 11)))
    np.testing.assert_allclose(ratio, values / 10, rtol=1e-6)
    with pytest.raises(ImageError, match="mean of the reference tissue is 0; expected a positive number"):
        reference_ratio(image, image < 1)
