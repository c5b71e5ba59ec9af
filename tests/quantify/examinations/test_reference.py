"""Without a mask of healthy tissue the other side is found, and other lesions are kept out of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.quantify.measure import measure

SHAPE = (30, 40, 36)
_PLACE = [axis - (count - 1) / 2 for axis, count in zip(np.indices(SHAPE), SHAPE, strict=True)]
BRAIN = sum((axis / half) ** 2 for axis, half in zip(_PLACE, (13, 17, 15), strict=True)) <= 1
SPACING_MM = 5.0


def ball(x):
    """Return a ball beside the middle, x voxels to the side."""
    return (_PLACE[0] ** 2 + _PLACE[1] ** 2 + (_PLACE[2] - x) ** 2) <= 9


@pytest.fixture
def rows(head):
    """Return the cells of a row whose image is 1 in the brain and 3 in the lesion."""
    image = np.where(ball(8), 3.0, BRAIN.astype(float))
    paths = {"image_path": image, "mask_path": ball(8), "brain_mask_path": BRAIN}
    keys = {"patient_id": "P1", "session_id": "S1", "lesion_id": "L1"}
    return keys | {column: head.write(values, spacing_mm=SPACING_MM) for column, values in paths.items()}


def test_the_mirror_image_serves_and_is_flagged(rows):
    row = measure(pd.DataFrame([rows | {"sequence": "rCBV"}])).iloc[0]
    assert row["index_nCBV_mean"] == pytest.approx(3)
    assert "mirror image" in row["index_nCBV_mean_flags"]


@pytest.mark.parametrize(
    ("sequence", "index", "value"),
    [("SPECT-Tl201", "Tl201_retention_index", 1.0), ("T1wCE", "TRAM_clearing_fraction", 0.0)],
)
def test_the_mirror_image_is_flagged_in_two_phases_too(rows, sequence, index, value):
    both = pd.DataFrame([rows | {"phase": "early"}, rows | {"phase": "delayed"}]).assign(sequence=sequence)
    row = measure(both).iloc[0]
    assert row[f"index_{index}"] == pytest.approx(value)
    assert "mirror image" in row[f"index_{index}_flags"]


def test_pet_takes_a_crescent_on_the_other_side(rows):
    row = measure(pd.DataFrame([rows | {"sequence": "PET-MET"}])).iloc[0]
    assert row["index_TBRmax_MET"] == pytest.approx(3)
    assert "crescent" in row["index_TBRmax_MET_flags"]


def test_a_lesion_on_the_other_side_is_kept_out(rows, head):
    other = {"lesion_id": "L2", "mask_path": head.write(ball(-8), spacing_mm=SPACING_MM)}
    both = pd.DataFrame([rows, rows | other]).assign(sequence="rCBV")
    with pytest.warns(match="no lesion has a value"):
        table = measure(both)
    assert table["index_nCBV_mean_status"].tolist() == ["not_evaluable"] * 2
    assert table["index_nCBV_mean_reason"].str.contains("mirror image").all()


def test_what_needs_no_reference_has_a_value_without_one(rows, head):
    other = {"lesion_id": "L2", "mask_path": head.write(ball(-8), spacing_mm=SPACING_MM)}
    both = pd.DataFrame([rows, rows | other]).assign(sequence="ADC")
    with pytest.warns(match="no lesion has a value of nADC_mean; why"):
        row = measure(both).iloc[0]
    assert row["index_ADC_um2_per_ms_mean"] == pytest.approx(3)
    assert "mirror image" not in row["index_ADC_um2_per_ms_mean_flags"]
    assert "mirror image" in row["index_nADC_mean_reason"]


def test_another_lesion_that_cannot_be_read_is_told(rows, head):
    other = {"lesion_id": "L2", "mask_path": head.write(ball(-8) & False, spacing_mm=SPACING_MM)}
    table = measure(pd.DataFrame([rows, rows | other]).assign(sequence="rCBV"))
    assert table["index_nCBV_mean"][0] == pytest.approx(3)
    assert "lesion L2 is not kept out" in table["index_nCBV_mean_flags"][0]
    assert "empty" in table["index_nCBV_mean_reason"][1]
