"""The published cut-off of a table is chosen by a fixed rule that looks at no label."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radnec.errors import EvidenceError
from radnec.pathway import choose_cutoff, read_evidence


def table(**columns) -> pd.DataFrame:
    return pd.DataFrame({"patient_id": list("ABCD")} | columns)


FULL = {f"index_{name}": [1.0, 2.0, 3.0, 0.5] for name in ("TBRmax", "TBRmax_FDOPA", "Tl201_retention_index")}


def test_the_most_lesions_studied_win():
    assert choose_cutoff(table(**FULL)).evidence.id == "tl_matsunaga"  # 107, against 50


def test_evidence_on_the_entity_of_the_table_goes_first():
    assert choose_cutoff(table(**FULL, entity="brain_metastasis")).evidence.id == "fet_romagna_max"
    assert choose_cutoff(table(**FULL, entity="glioma")).evidence.id == "tl_matsunaga"  # on mixed entities
    both = ["glioma", "glioma", "brain_metastasis", None]
    assert choose_cutoff(table(**FULL, entity=both)).evidence.id == "tl_matsunaga"


def test_an_index_must_be_evaluable_in_half_of_the_rows():
    sparse = FULL | {"index_Tl201_retention_index": [0.9, None, np.inf, None]}
    assert choose_cutoff(table(**sparse)).evidence.id == "fet_romagna_max"
    assert choose_cutoff(table(**sparse), named="tl_matsunaga").evidence.id == "tl_matsunaga"
    alone = choose_cutoff(table(index_TBRmax=[1.0, None, None, None]))
    assert alone.evidence is None
    assert alone.text == "index_TBRmax is evaluable in 1 of 4 rows; at least 50% of them are needed"


def test_a_table_without_indices_gets_the_reason():
    found = choose_cutoff(table())
    assert (found.evidence, found.column) == (None, "")
    assert found.text.startswith("the table has no index with a published cut-off (index_PSR_percent, ")
    assert "no column index_TBRmax" in choose_cutoff(table(), named="fet_romagna_max").text


def test_labels_play_no_part():
    rng = np.random.default_rng(0)
    for _ in range(5):
        labels = rng.choice(["necrosis", "progression"], size=4)
        assert choose_cutoff(table(**FULL, label=labels)) == choose_cutoff(table(**FULL))


def test_a_pet_index_is_not_judged_by_labels_from_pet():
    sources = ["pet", "histology_biopsy", None, "pet"]
    assert choose_cutoff(table(**FULL, entity="brain_metastasis", label_source=sources)).evidence.id == "tl_matsunaga"
    found = choose_cutoff(table(**FULL, label_source=sources), named="fet_romagna_max")
    assert found.evidence is None
    assert "incorporation bias" in found.text


def test_the_text_says_what_was_chosen_and_why():
    text = choose_cutoff(table(index_TBRmean=[1.0, 2.0, None, 3.0])).text
    for part in (
        *("fet_romagna_mean (Romagna 2016 Radiat Oncol)", "progression if >= 1.95", "sensitivity 0.86"),
        *("for progression in 50 lesions", "most lesions studied", "Evaluable in 3 of 4 rows", "Of the source: "),
    ):
        assert part in text


def test_what_was_measured_otherwise_is_taken_only_if_named():
    fdopa = table(index_TBRmax_FDOPA=[1.0, 2.0, None, 3.0])
    assert choose_cutoff(fdopa).evidence is None
    named = choose_cutoff(fdopa, named="fdopa_cicone")
    assert named.evidence.id == "fdopa_cicone"
    assert "Of the source: background by its maximum" in named.text


def test_a_named_row_must_be_a_cut_off_and_own_rows_compete():
    with pytest.raises(EvidenceError, match="close to it"):
        choose_cutoff(table(**FULL), named="fet_romagna")
    with pytest.raises(EvidenceError, match="cannot be a published cut-off"):
        choose_cutoff(table(**FULL), named="dsc_hgg_fu")
    own = read_evidence().override("fet_romagna_max", n_lesions=500, source="our own")
    assert choose_cutoff(table(**FULL), evidence=own).evidence.source == "our own"


def test_likelihood_ratios_stand_for_sensitivity_and_specificity():
    changes = {"sensitivity": None, "specificity": None, "lr_positive": 4.0, "lr_negative": 0.2, "n_lesions": 500}
    found = choose_cutoff(table(**FULL), evidence=read_evidence().override("fet_romagna_max", **changes))
    assert "likelihood ratio positive 4, likelihood ratio negative 0.2 for progression in 500 lesions" in found.text
