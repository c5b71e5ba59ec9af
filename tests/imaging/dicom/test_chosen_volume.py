"""The column ``volume``: by number or by what tells a volume apart, through check, split, dose and extraction."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.errors import CohortTip, MaskWarning, ReadError
from radnec.imaging.masks.split_cohort import split_cohort
from radnec.imaging.readers import read_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom.dataset import Dataset

ECHOES = np.random.default_rng(0).integers(0, 900, (2, 8, 12, 12)).astype(np.int16)


@pytest.fixture
def echoes(tmp_path: Path, write_series: Callable[..., str]) -> Path:
    """Return the folder of a series of two echoes (30 and 90 ms) of 8 slices."""

    def echo(file: Dataset, place: int) -> None:
        file.EchoTime = ("30", "90")[place // 8]
        file.ImagePositionPatient = [0, 0, place % 8]

    write_series(tmp_path / "mr", ECHOES.reshape(16, 12, 12), spacing=(1, 1, 1), origin=(0, 0, 0), vary=echo)
    mask = sitk.Image(12, 12, 8, sitk.sitkUInt8)
    mask[2:8, 2:8, 2:6] = 1
    mask[10, 10, 2] = 1
    sitk.WriteImage(mask, tmp_path / "mask.nii.gz")
    return tmp_path


@pytest.mark.parametrize("choice", [1, "1", "1.0", "echo time=90", "EchoTime = 90.0", "Echo Time=90; EchoTime=90"])
def test_a_volume_is_chosen_by_number_or_value(echoes: Path, choice: int | str) -> None:
    assert np.array_equal(sitk.GetArrayFromImage(read_frame(echoes / "mr", choice)), ECHOES[1])


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("echo time=60", "fits 0 volumes, and must fit one. It holds 2 volumes .* echo time .*: 30, 90"),
        ("2", "has no frame 2: its 2 frame"),
        ("-1", "has no frame -1"),
        ("90", "has no frame 90"),
        ("second", "expected its number from 0, or name=value with one of b-value, echo time"),
        ("colour=red", "expected its number from 0"),
        ("echo time=late", "fits 0 volumes"),
    ],
)
def test_what_chooses_none_or_several_is_refused(echoes: Path, choice: str, told: str) -> None:
    with pytest.raises(ReadError, match=told):
        read_frame(echoes / "mr", choice)


def test_volumes_of_other_formats_have_numbers(tmp_path: Path) -> None:
    four = sitk.JoinSeries([sitk.Image(4, 4, 4, sitk.sitkInt16) + k for k in range(3)])
    sitk.WriteImage(four, tmp_path / "dsc.nii.gz")
    assert read_frame(tmp_path / "dsc.nii.gz", "2")[0, 0, 0] == 2
    with pytest.raises(ReadError, match="nothing of its volumes but their number: expected 0 to 2"):
        read_frame(tmp_path / "dsc.nii.gz", "b-value=1000")


def cohort(folder: Path, **columns: Any) -> pd.DataFrame:
    row = {"patient_id": "1", "session_id": "1", "lesion_id": "A", "sequence": "T2w", "image_path": "mr"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CohortTip)
        return radnec.read_cohort(pd.DataFrame([row | {"mask_path": "mask.nii.gz"} | columns]), root=folder)


def test_check_and_extraction_read_the_volume_of_the_row(echoes: Path) -> None:
    [found] = radnec.check(cohort(echoes), mute=("RN004",)).frame().to_dict("records")
    assert (found["code"], "in a cohort by the column volume" in found["found"]) == ("RN013", True)
    chosen = cohort(echoes, volume="echo time=90")
    assert radnec.check(chosen, mute=("RN004",)).ok
    config = radnec.ExtractionConfig(feature_classes={"firstorder": ["Mean"]})
    mask = sitk.GetArrayFromImage(sitk.ReadImage(echoes / "mask.nii.gz")) == 1
    means = {
        volume: radnec.extract(cohort(echoes, volume=volume), config, cache=echoes / "cache")[
            "T2w_original_firstorder_Mean"
        ][0]
        for volume in ("0", "echo time=90")
    }
    np.testing.assert_allclose(list(means.values()), [echo[mask].mean() for echo in ECHOES], rtol=1e-9)


def test_both_echoes_of_a_session_are_measured_apart(echoes: Path) -> None:
    rows = pd.concat([cohort(echoes, volume="0", phase="early"), cohort(echoes, volume="1", phase="delayed")])
    table = radnec.extract(rows, radnec.ExtractionConfig(feature_classes={"firstorder": ["Mean"]}))
    mask = sitk.GetArrayFromImage(sitk.ReadImage(echoes / "mask.nii.gz")) == 1
    found = table[["T2w_original_firstorder_Mean", "T2w-delayed_original_firstorder_Mean"]].to_numpy()[0]
    np.testing.assert_allclose(found, [echo[mask].mean() for echo in ECHOES], rtol=1e-9)


def test_a_lesion_of_a_chosen_volume_is_split(echoes: Path) -> None:
    with pytest.warns(MaskWarning, match="1 lesions of a session"):
        parts = split_cohort(cohort(echoes, volume="1"), echoes / "parts")
    assert parts["component_voxels"].tolist() == [144, 1]
    assert parts["volume"].tolist() == ["1", "1"]
    with warnings.catch_warnings():
        # Nothing of a split is unknown to the cohort.
        warnings.simplefilter("error", CohortTip)
        again = radnec.read_cohort(parts)
    assert again["component"].tolist() == [1, 2]
