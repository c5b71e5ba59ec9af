"""From a cohort or a feature table to the page of one lesion, and what is refused on the way."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.errors import ConfigError, TableError
from radnec.features.table import write_table
from radnec.reporting.lesion import lesion_report
from radnec.reporting.lesion_rows import measured_lesion, rows_of

pytestmark = pytest.mark.slow

FEW = radnec.ExtractionConfig(feature_classes={"firstorder": ["Mean", "Entropy", "Range"], "shape": ["MeshVolume"]})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with a cohort, its features, and a model of them."""
    folder = tmp_path_factory.mktemp("lesion")
    source = radnec.simulate_cohort(
        folder,
        n_patients=12,
        n_sites=1,
        lesions_per_patient=(1, 1),
        sessions_per_patient=(1, 2),
        sequences=("T1wCE", "FLAIR"),
        effect=3.0,
        random_state=2,
    )
    table = radnec.extract(radnec.read_cohort(source), FEW)
    write_table(table, folder / "features.parquet")
    config = radnec.TrainingConfig(candidates=("logistic",), draws=1, inner_folds=2, random_state=0)
    radnec.train(table, config).save(folder / "model.radnec")
    return folder


@pytest.fixture
def once(place):
    """Return the name of a lesion that was seen once, and of one that was seen twice."""
    table = pd.read_parquet(place / "features.parquet")
    sessions = table.groupby("patient_id")["session_id"].nunique()
    names = table.drop_duplicates("patient_id").set_index("patient_id")["lesion_id"]
    return tuple(f"{patient}/{names[patient]}" for patient in (sessions.idxmin(), sessions.idxmax()))


def test_a_lesion_of_a_cohort_is_measured_and_shown(run, place, once, tmp_path):
    page = tmp_path / "page.html"
    code, out, err = run(
        "report", place / "model.radnec", place / "cohort.csv", "--lesion", once[0], "--html", page, "--json"
    )
    assert (code, err) == (0, "")
    told, model = json.loads(out), radnec.load(place / "model.radnec")
    table = pd.read_parquet(place / "features.parquet")
    patient, _, lesion = told["lesion"].split("/")
    row = table[(table["patient_id"] == patient) & (table["lesion_id"] == lesion)]
    assert told["p_necrosis"] == pytest.approx(model.assess(row)["p_necrosis"].item(), abs=1e-12)
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 2
    assert f"{told['p_necrosis']:.2f}" in text
    assert str(place) not in text


def test_a_feature_table_gives_the_page_without_images(run, place, once, tmp_path):
    page = tmp_path / "page.html"
    code, out, _ = run(
        "report", place / "model.radnec", place / "features.parquet", "--lesion", once[0], "--html", page
    )
    assert code == 0
    assert f"Wrote {page}." in out
    text = page.read_text(encoding="utf-8")
    assert "data:image/png" not in text
    assert "The images were not given" in text


@pytest.mark.parametrize(
    ("lesion", "told"),
    [("P999/L1", "there is no lesion 'P999/L1'"), ("twice", "was seen in several sessions: write ")],
)
def test_a_name_that_fits_none_or_several_is_refused(run, place, once, tmp_path, lesion, told):
    name = once[1] if lesion == "twice" else lesion
    page = tmp_path / "page.html"
    code, out, err = run("report", place / "model.radnec", place / "cohort.csv", "--lesion", name, "--html", page)
    assert (code, out) == (2, "")
    assert told in err
    assert not page.exists()


def test_a_page_does_not_overwrite_its_inputs(run, place, once):
    for out in (place / "model.radnec", place / "cohort.csv"):
        code, _, err = run("report", place / "model.radnec", place / "cohort.csv", "--lesion", once[0], "--html", out)
        assert (code, ".html" in err) == (2, True)


def test_names_with_strokes_are_found_and_never_split():
    keys = [("a/b", "S", "c"), ("a", "b", "c"), ("a", "S", "b/c")]
    table = pd.DataFrame(keys, columns=["patient_id", "session_id", "lesion_id"])
    assert rows_of(table, "a/b/S/c").index.tolist() == [0]
    with pytest.raises(TableError, match="write a/S/b/c or a/b/S/c or a/b/c"):
        rows_of(table, "a/b/c")


def test_a_lesion_that_lacks_a_sequence_gets_no_call_and_a_page(place, once):
    model, cohort = radnec.load(place / "model.radnec"), radnec.read_cohort(place / "cohort.csv")
    rows = rows_of(cohort, once[0])
    rows = rows[rows["sequence"] == "T1wCE"]
    assert measured_lesion(model, rows).filter(like="FLAIR_").isna().all(axis=None)
    report = lesion_report(model, rows, once[0])
    assert report.assessed["call"] == "abstain"
    assert "FLAIR missing" in report.html
    assert "No call" in report.html


def test_a_lesion_that_could_not_be_measured_says_why(place, once):
    model, cohort = radnec.load(place / "model.radnec"), radnec.read_cohort(place / "cohort.csv")
    rows = rows_of(cohort, once[0]).copy()
    rows["mask_label"] = 9
    with pytest.warns(radnec.errors.ExtractionWarning, match="failed"):
        report = lesion_report(model, rows, once[0])
    assert not report.sound
    assert "has no label 9" in report.html
    assert [isinstance(view, str) for _, view in report.views] == [True, True]


def test_a_probability_of_a_table_is_told_apart_from_images_that_are_missing(place, once):
    model, cohort = radnec.load(place / "model.radnec"), radnec.read_cohort(place / "cohort.csv")
    table, rows = pd.read_parquet(place / "features.parquet"), rows_of(cohort, once[0]).copy()
    told = "It was not measured here from these images, in which the check found errors (FLAIR)."
    assert told not in lesion_report(model, rows, once[0], table=table).html
    rows.loc[rows["sequence"] == "FLAIR", "image_path"] += ".lost"
    report = lesion_report(model, rows, once[0], table=table)
    assert told in report.html
    assert not report.sound
    rows.loc[rows["sequence"] == "FLAIR", "sequence"] = "SWI"
    report = lesion_report(model, rows, once[0], table=table)
    assert not report.sound
    assert "not measured here" not in report.html


def test_a_pathway_and_an_unfitted_model_are_refused_by_name(place, once):
    table = pd.read_parquet(place / "features.parquet")
    for model in (radnec.Pathway(), radnec.RadnecClassifier()):
        with pytest.raises(ConfigError, match=f"is a {type(model).__name__}: expected a fitted"):
            lesion_report(model, None, once[0], table=table)


def test_a_lesion_of_one_voxel_in_the_corner_is_shown_and_gets_no_call(place, once, tmp_path):
    model, cohort = radnec.load(place / "model.radnec"), radnec.read_cohort(place / "cohort.csv")
    rows = rows_of(cohort, once[0]).copy()
    mask = sitk.ReadImage(rows["mask_path"].iloc[0]) * 0
    mask[0, 0, 0] = 1
    sitk.WriteImage(mask, tmp_path / "one.nii.gz")
    with pytest.warns(radnec.errors.ExtractionWarning, match="failed"):
        report = lesion_report(model, rows.assign(mask_path=str(tmp_path / "one.nii.gz"), mask_label=1), once[0])
    assert report.assessed["call"] == "abstain"
    assert "1 segmented voxel" in report.html
    assert report.html.count("data:image/png;base64,") == 2


def test_without_cohort_and_table_there_is_nothing_to_report(place):
    with pytest.raises(ConfigError, match="neither a cohort nor a feature table"):
        lesion_report(radnec.load(place / "model.radnec"), None, "P1/L1")


def test_the_prior_starts_the_ledger(place, once):
    model = radnec.load(place / "model.radnec")
    row = rows_of(pd.read_parquet(place / "features.parquet"), once[0]).assign(index_TBRmax=1.8)
    row.attrs = {}
    assert lesion_report(model, None, once[0], table=row, prior=0.42).ledger.prior == 0.42
    assert lesion_report(model, None, once[0], table=row.assign(index_TBRmax=np.nan)).ledger is None
