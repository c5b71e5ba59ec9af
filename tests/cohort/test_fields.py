"""The declared fields: what other parts of radnec rely on."""

from __future__ import annotations

import pytest

from radnec.cohort import FIELDS, KEYS, ROW_KEY, SEQUENCES, clinical_predictors, modality, names
from radnec.errors import TableError


def test_every_outcome_is_declared_as_one() -> None:
    known_only_afterwards = {"label", "label_source", "label_date", "followup_months", "viable_tumour_pct"}
    assert known_only_afterwards <= set(names(role="outcome"))
    assert set(names(role="outcome")) == set(names(group="label"))


def test_clinical_predictors_are_neither_outcomes_nor_about_the_image() -> None:
    chosen = [FIELDS[name] for name in clinical_predictors()]
    assert {field.role for field in chosen} == {"predictor"}
    assert {field.group for field in chosen} == {"clinical", "radiotherapy"}
    assert {"age_years", "rt_dose_gy", "months_since_rt", "immunotherapy"} <= set(clinical_predictors())
    assert not any(field.kind in {"date", "path"} for field in chosen)


def test_what_drafts_and_splits_leave_is_known_and_never_learnt_from() -> None:
    kept = {"undecided", "guessed_from", "component", "component_voxels", "unsplit_lesion_id"}
    assert set(names(role="bookkeeping")) == kept == set(names(group="bookkeeping"))
    assert kept.isdisjoint(clinical_predictors())


def test_keys_are_those_of_the_contract() -> None:
    assert KEYS == ("patient_id", "session_id", "lesion_id")
    assert names(role="key") == ROW_KEY


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_whole(name: str) -> None:
    field = FIELDS[name]
    assert field.name == name
    assert field.description.endswith((".", "…"))
    assert bool(field.categories) == (field.kind == "category")
    assert (field.minimum is None) == (field.maximum is None)


def test_every_sequence_has_a_modality() -> None:
    assert {modality(sequence) for sequence in SEQUENCES} == {"MR", "PET", "SPECT"}
    assert {sequence for sequence in SEQUENCES if modality(sequence) == "SPECT"} == {
        "SPECT-Tl201",
        "SPECT-MIBI",
    }
    with pytest.raises(TableError, match="unknown sequence 'CT'"):
        modality("CT")
