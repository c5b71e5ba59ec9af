"""Stages: whose columns are whose."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.cohort import SEQUENCES
from radnec.errors import ConfigError, TableError
from radnec.pathway import Stage, default_stages
from radnec.pathway.stage import columns_of
from radnec.quantify.examinations.catalogue import UNITS

INDICES = {
    "conventional": ["lesion_quotient", "T1T2_mismatch", "TRAM_clearing_fraction", "growth_exponent", "oedema_ratio"],
    "functional": [
        *("nCBV_mean", "PSR_percent", "Ktrans_per_min_mean", "ve_mean", "IAUC60_mM_s_mean", "washin_mM_per_s_mean"),
        *("ADC_um2_per_ms_p5", "nADC_mean", "ASL_CBF_ml_per_100g_per_min_mean", "nASL_CBF_max", "Cho_NAA", "LipLac_Cr"),
    ],
    "PET-FET": ["TBRmax", "TBRmean", "MTV_cc", "TTP_min", "slope_SUV_per_h", "FET_pattern"],
    "PET-MET": ["TBRmax_MET", "TBRmean_MET"],
    "PET-FDOPA": ["TBRmax_FDOPA"],
    "PET-FDG": ["TBRmean_FDG", "FDG_dual_phase_change_percent"],
    "SPECT-Tl201": ["Tl201_retention_index", "Tl201_index_early"],
    "SPECT-MIBI": ["MIBI_index_early"],
}


def test_default_stages_share_out_every_sequence_and_index():
    names = [f"{sequence}_original_glcm_Id" for sequence in SEQUENCES]
    names += [f"index_{index}" for indices in INDICES.values() for index in indices]
    table = pd.DataFrame(1.0, index=[0], columns=[*names, "T1wCE-rim_original_glcm_Id", "age_years"])
    found = columns_of(default_stages(), table)
    assert sorted(name for columns in found.values() for name in columns) == sorted(table.columns)
    for stage, indices in INDICES.items():
        assert {f"index_{index}" for index in indices} <= set(found[stage])
    assert {"T1wCE-rim_original_glcm_Id", "FLAIR_original_glcm_Id", "age_years"} <= set(found["conventional"])
    assert {"ADC_original_glcm_Id", "rCBV_original_glcm_Id", "MRS_original_glcm_Id"} <= set(found["functional"])
    assert all(f"{name}_original_glcm_Id" in found[name] for name in SEQUENCES if name.startswith(("PET", "SPECT")))


def test_every_index_that_is_measured_has_one_default_stage():
    table = pd.DataFrame(1.0, index=[0], columns=["T1wCE_original_glcm_Id", *(f"index_{name}" for name in UNITS)])
    found = columns_of(default_stages(), table)
    assert sorted(name for columns in found.values() for name in columns) == sorted(table.columns)


def test_neither_outcomes_nor_keys_belong_to_a_default_stage():
    columns = [
        "index_TBRmax",
        "index_TBRmax_status",
        "label",
        "p_necrosis_true",
        "patient_id",
        "T1wCE_original_glcm_Id",
    ]
    table = pd.DataFrame([[1.0] * len(columns)], columns=columns)
    found = columns_of(default_stages(), table)
    assert found == {"conventional": ["T1wCE_original_glcm_Id"], "PET-FET": ["index_TBRmax"]}


def test_a_stage_without_columns_is_left_out_unless_it_is_the_first():
    assert list(columns_of([Stage("a", ("x",)), Stage("b", "^index_")], pd.DataFrame({"x": [1.0]}))) == ["a"]
    with pytest.raises(TableError, match="first stage, b"):
        columns_of([Stage("b", "^index_"), Stage("a", ("x",))], pd.DataFrame({"x": [1.0]}))


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([Stage("a", ("x",)), Stage("b", ("x",))], "column x belongs to the stages a and b"),
        ([Stage("a", ("x",)), Stage("a", ("y",))], "two stages are called 'a'"),
    ],
)
def test_names_and_columns_belong_to_one_stage(stages, message):
    with pytest.raises(ConfigError, match=message):
        columns_of(stages, pd.DataFrame({"x": [1.0], "y": [1.0]}))


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            {"name": " "},
            {"name": 3},
            {"columns": ()},
            {"columns": "("},
            {"columns": ("x", "x")},
            {"examinations": "PET"},
        ),
        *({"columns": 5}, {"columns": ("x", 5)}, {"columns": None}, {"examinations": None}, {"examinations": (1,)}),
        *({"cost": wrong} for wrong in (-1, float("nan"), float("inf"), None, "1", 10**400)),
        *({"availability": 2}, {"availability": None}, {"needed": 0}, {"needed": "half"}, {"needed": float("nan")}),
    ],
)
def test_a_stage_is_valid_or_not_at_all(wrong):
    with pytest.raises(ConfigError):
        Stage(**({"name": "a", "columns": ("x",)} | wrong))


def test_numbers_of_a_stage_become_floats():
    stage = Stage("a", ("x",), cost=np.int64(1), availability=np.float32(0.5), needed=1)
    assert [(type(one), one) for one in (stage.cost, stage.availability, stage.needed)] == [
        (float, 1.0),
        (float, 0.5),
        (float, 1.0),
    ]


def test_a_named_column_must_be_there():
    with pytest.raises(TableError, match="stage a names 'x'"):
        columns_of([Stage("a", ("x",))], pd.DataFrame({"y": [1.0]}))
