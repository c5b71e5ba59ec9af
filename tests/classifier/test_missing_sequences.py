"""A lesion that lacks a whole sequence is never judged as if it had it."""

from __future__ import annotations

import numpy as np
import pytest

from radnec.classifier import load, train
from radnec.config import ExtractionConfig
from radnec.errors import TableError


def flair_of(table):
    return [name for name in table.columns if name.startswith("FLAIR_")]


@pytest.fixture
def without_flair(table):
    some = table.iloc[:6].copy()
    some.iloc[:3, [some.columns.get_loc(name) for name in flair_of(table)]] = np.nan
    return some


def test_what_no_training_lesion_lacked_is_a_reason_to_abstain(model, table, without_flair, tmp_path):
    before = model.assess(table.iloc[:6])
    for judged in (model.assess(without_flair), load(model.save(tmp_path / "m.radnec")).assess(without_flair)):
        assert judged["call"].tolist()[:3] == ["abstain"] * 3
        assert judged["reason"].str.contains("FLAIR missing, which every training lesion had").iloc[:3].all()
        assert judged.iloc[3:].equals(before.iloc[3:])


def test_what_training_lesions_lacked_too_is_imputed_and_said(table, quick, without_flair):
    gappy = table.copy()
    gappy.loc[gappy.index[::4], flair_of(table)] = np.nan
    judged = _assess(gappy, quick, without_flair)
    called = judged[judged["call"] != "abstain"]
    assert len(called)
    for position, reason in called["reason"].items():
        assert ("; FLAIR missing, imputed" in reason) == (position in without_flair.index[:3])


def test_a_sequence_the_model_does_not_use_may_be_missing(table, quick, without_flair):
    features = [name for name in table.columns if name.startswith("T1wCE_")]
    judged = _assess(table, quick.model_copy(update={"features": tuple(features)}), without_flair)
    assert not judged["reason"].str.contains("missing").any()


def _assess(table, config, rows):
    return train(table, config, extraction=ExtractionConfig()).assess(rows)


def test_one_lesion_that_could_not_be_measured_gets_its_reason_and_not_an_error(table, model):
    keys = table.iloc[:1][["patient_id", "session_id", "lesion_id", "scanner_id"]]
    failed = keys.assign(status="failed", error="white_stripe needs the brain mask of this image")
    judged = model.assess(failed)
    assert judged["call"].tolist() == ["abstain"]
    assert judged["reason"].iloc[0].startswith("extraction failed: white_stripe needs the brain mask")
    with pytest.raises(TableError, match="lacks"):
        model.assess(failed.assign(status="ok", error=""))


def test_a_region_that_could_not_be_measured_is_named_with_its_reason(table, quick):
    renamed = {name: name.replace("T1wCE_", "T1wCE-mirror_") for name in table.filter(regex="_sim0[0-9][05]").columns}
    train_on = table.rename(columns=renamed)
    alone = train_on.iloc[:1].drop(columns=list(renamed.values()))
    model = train(train_on, quick, extraction=ExtractionConfig())
    judged = model.assess(alone.assign(status="ok", error="only 37% of the mirror image is brain"))
    assert judged["call"].tolist() == ["abstain"]
    assert "mirror missing, which every training lesion had (only 37%" in judged["reason"].iloc[0]
