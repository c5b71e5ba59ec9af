"""Which column plays which role, on tables small enough to see."""

from __future__ import annotations

import pandas as pd
import pytest

from radnec.config import TrainingConfig
from radnec.errors import ConfigError, LeakageError, TableError
from radnec.model.roles import roles_of

MR, PET = "T1wCE_original_glcm_Contrast", "PET-FET_original_firstorder_Mean"


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient_id": ["A", "B"],
            "label": ["necrosis", "progression"],
            "scanner_id": ["S1", "S2"],
            "scanner_id_PET": ["T1", "T2"],
            "age_years": [60.0, 70.0],
            "component_voxels": [90, 80],
            MR: [1.0, 2.0],
            PET: [3.0, 4.0],
            "index_TBRmax": [2.0, 3.0],
        }
    )


def test_a_table_of_plain_pyradiomics_is_told_how_it_gets_names():
    foreign = pd.DataFrame({"patient_id": ["A", "B"], "label": ["necrosis", "progression"], "original_glcm_Id": [1, 2]})
    with pytest.raises(TableError, match=r"\^\(original.*from_pyradiomics"):
        roles_of(foreign, TrainingConfig())
    with pytest.raises(TableError, match="numeric columns: own") as told:
        roles_of(foreign.rename(columns={"original_glcm_Id": "own"}), TrainingConfig())
    assert "from_pyradiomics" not in str(told.value)


def test_each_modality_is_harmonised_by_its_own_scanner(table):
    roles = roles_of(table, TrainingConfig())
    assert roles.features == [PET, MR, "index_TBRmax"]
    assert roles.batches == {"scanner_id": [MR], "scanner_id_PET": [PET]}
    assert roles.notes == ()


@pytest.mark.parametrize(
    ("change", "config", "note"),
    [
        ({"scanner_id_PET": None}, {}, "PET features were not harmonised"),
        ({"scanner_id": "S1"}, {}, "fewer than two scanners"),
        ({}, {"batch": None}, "switched off"),
    ],
)
def test_what_is_not_harmonised_is_said(table, change, config, note):
    columns = {name: value for name, value in change.items() if value is not None}
    table = table.assign(**columns).drop(columns=[name for name, value in change.items() if value is None])
    assert any(note in sentence for sentence in roles_of(table, TrainingConfig(**config)).notes)


def test_a_pattern_and_a_list_choose_the_same(table):
    by_pattern = roles_of(table, TrainingConfig(features="^(T1wCE|PET)"))
    assert by_pattern.features == roles_of(table, TrainingConfig(features=[MR, PET])).features == [PET, MR]


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"features": ["absent"]}, TableError, "absent"),
        ({"features": "^nothing"}, TableError, "matches none"),
        ({"features": ["label"]}, LeakageError, "the label"),
        ({"features": ["scanner_id"]}, LeakageError, "how the image was made"),
        ({"features": ["component_voxels"]}, LeakageError, "how the row came about"),
        ({"covariates": ("patient_id",)}, LeakageError, "among the covariates"),
        ({"batch": "site"}, TableError, "batch column 'site'"),
    ],
)
def test_what_cannot_be_a_role_is_refused(table, config, error, message):
    with pytest.raises(error, match=message):
        roles_of(table, TrainingConfig(**config))


def test_a_foreign_table_is_told_what_to_write():
    table = pd.DataFrame({"ID": [1], "months": [2.0], "original_glcm_Contrast": [1.0]})
    with pytest.raises(TableError, match=r'features="\^\(original\|log\|wavelet\)"'):
        roles_of(table, TrainingConfig())
    with pytest.raises(TableError, match=r"\['ID', 'months'\]"):
        roles_of(table.drop(columns="original_glcm_Contrast"), TrainingConfig())


def test_the_batch_is_never_the_label_the_patient_or_an_outcome():
    with pytest.raises(ConfigError, match="names the label or the patient"):
        TrainingConfig(batch="label")
    with pytest.raises(ConfigError, match="would leak the outcome"):
        TrainingConfig(covariates=("label",))
    table = pd.DataFrame(
        {
            "patient_id": list("ABCD"),
            "label": ["necrosis", "progression"] * 2,
            "label_source": ["pet", "board_consensus"] * 2,
            "T1wCE_original_glcm_Contrast": [0.1, 0.2, 0.3, 0.4],
        }
    )
    with pytest.raises(LeakageError, match="'label_source' among the batch columns"):
        roles_of(table, TrainingConfig(batch="label_source"))
