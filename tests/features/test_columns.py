"""Which columns are features, and what their names say."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radnec.cohort.fields import FIELDS, SEQUENCES
from radnec.config.vocabulary import FEATURES
from radnec.errors import TableError
from radnec.features.columns import ColumnName, batch_of, feature_columns, parse, volume_column

FILTERS = ("original", "wavelet-LLH", "wavelet2-HH", "log-sigma-1-5-mm-3D", "squareroot", "lbp-3D-m1", "lbp-2D")
names = st.builds(
    lambda sequence, phase, region, image, measure: ColumnName(sequence, phase, region, image, *measure),
    st.sampled_from(SEQUENCES),
    st.sampled_from(("", "delayed", "pre")),
    st.sampled_from(("", "rim", "enhancing_core", "2-mm-shell")),
    st.sampled_from(FILTERS),
    st.sampled_from([(name, feature) for name, features in FEATURES.items() for feature in features]),
)


@given(names)
def test_a_name_taken_apart_and_put_together_is_the_same(name):
    assert parse(str(name)) == name


def test_features_are_found_in_sorted_order_and_nothing_else_is():
    features = [
        "PET-FET-delayed_original_firstorder_Maximum",
        "T1wCE-rim_wavelet-LLH_firstorder_Mean",
        "T1wCE_original_firstorder_sim000",
        "delta_T1wCE_original_firstorder_Mean",
        "delta_index_nCBV_mean",
        "index_nCBV_mean",
    ]
    others = ["index_nCBV_mean_status", "delta_index_nCBV_mean_status", "original_firstorder_Mean", "T1wCE", *FIELDS]
    table = pd.DataFrame(0.0, index=[0, 1], columns=[*others, *features[::-1]])
    assert feature_columns(table) == features


def test_text_indices_are_no_features_and_text_radiomics_are_an_error():
    assert feature_columns(pd.DataFrame({"index_reason": ["none"]})) == []
    with pytest.raises(TableError, match=r"T1wCE_original_glcm_MCC holds .* values; expected numbers"):
        feature_columns(pd.DataFrame({"T1wCE_original_glcm_MCC": ["(1+0j)"]}))


def test_no_outcome_column_is_ever_a_feature():
    outcomes = [field.name for field in FIELDS.values() if field.role == "outcome"]
    assert outcomes
    assert feature_columns(pd.DataFrame(1.0, index=[0], columns=outcomes)) == []


@pytest.mark.parametrize(
    ("column", "batch"),
    [
        ("T1wCE_original_glcm_MCC", "MR"),
        ("PET-FDG-delayed_original_glcm_MCC", "PET"),
        ("SPECT-Tl201_original_glcm_MCC", "SPECT"),
        ("index_TBRmax", None),
        ("delta_T1wCE_original_glcm_MCC", None),
        ("age_years", None),
    ],
)
def test_the_batch_of_a_column_is_the_scanner_of_its_modality(column, batch):
    assert batch_of(column) == batch


@pytest.mark.parametrize(
    ("columns", "volume"),
    [
        (["FLAIR_original_shape_MeshVolume", "T1wCE_original_shape_MeshVolume"], "T1wCE_original_shape_MeshVolume"),
        (["T1wCE-rim_original_shape_MeshVolume", "rCBV_original_shape_VoxelVolume"], "rCBV_original_shape_VoxelVolume"),
        (["original_shape_VoxelVolume", "original_shape_MeshVolume"], "original_shape_MeshVolume"),
        (["T1wCE-rim_original_shape_MeshVolume", "age_years"], None),
    ],
)
def test_the_volume_of_the_whole_lesion(columns, volume):
    assert volume_column(pd.DataFrame(columns=columns)) == volume
