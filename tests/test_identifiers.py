"""What is passed on (models, reports, cards, figures) names no patient, path, date or device."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import warnings
import zipfile
import zlib

import pandas as pd
import pytest
import SimpleITK as sitk

import radnec
from radnec.errors import RadnecWarning
from radnec.evaluation.pathway import evaluate_pathway
from radnec.features.table import read_table, write_table
from radnec.service.retrain import retrain
from radnec.simulate import simulate_multimodal, simulate_table

#: Stands in everything that could tell who a patient is.
MARK = "ZqXw"
#: The mark, and the planted days in the ways dates are written.
LEAK = re.compile(MARK.encode() + rb"|2031[-/]?07|07[./]2031|Jul\w* 2031", re.IGNORECASE)
QUICK = (
    "candidates: [logistic]\ndraws: 1\nouter_repeats: 1\nouter_folds: 2\ninner_folds: 2\nresamples: 100\n"
    "random_state: 0\n"
)


def patient(number: int) -> str:
    hostile = ("", "<script>alert('", "=cmd|' /C calc'!A0", '"><img src=x onerror=', "{{ 7*7 }}", "../../")[number % 6]
    return f"{hostile}{MARK}-Meier, Hans 1943-11-07 {number}"


def disguised(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which every column that may tell who a patient is does so."""
    known = {one: patient(number) for number, one in enumerate(table["patient_id"].unique())}
    table = table.copy()
    table["patient_id"] = table["patient_id"].map(known)
    table["session_id"] = f"{MARK}-20310713-" + table["session_id"]
    table["session_date"] = "2031-07-13"
    table["label_date"] = "2031-07-29"
    table["accession_number"] = f"{MARK}-4711"
    table["device_serial_number"] = f"{MARK}-SN-0815"
    return table


def opened(content: bytes) -> list[bytes]:
    """Return a file and everything packed within it: zip entries, arrays of text, images and their texts."""
    found = [content, content.replace(b"\0", b"")]
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                found += [name.encode(), *opened(archive.read(name))]
    for packed in re.findall(rb"base64,([A-Za-z0-9+/=\s]+)", content):
        found += opened(base64.b64decode(packed))
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        for kind in (b"zTXt", b"iTXt"):
            for place in (match.end() for match in re.finditer(kind, content)):
                start = content.find(b"\x78", place)
                found.append(zlib.decompressobj().decompress(content[start:]))
    return found


def leaks(content: bytes | str) -> list[str]:
    """Return what is told, each with its surroundings."""
    parts = opened(content.encode() if isinstance(content, str) else content)
    found = [(part, match.start()) for part in parts for match in LEAK.finditer(part)]
    return [repr(part[max(place - 60, 0) : place + 60]) for part, place in found]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "training.yaml"
    path.write_text(QUICK)
    return path


@pytest.fixture
def table(tmp_path):
    """Return a table of features, with an extraction that failed, as a file in a folder that tells a name."""
    made = disguised(simulate_table(n_patients=24, n_features=8, effect=3.0, random_state=0))
    made.loc[3, ["status", "error"]] = "failed", f"lesion {made.loc[3, 'patient_id']}/L1: {MARK}/mask.nii is empty"
    folder = tmp_path / f"{MARK}-Meier"
    folder.mkdir()
    return write_table(made, folder / f"{MARK}.csv")


@pytest.mark.parametrize("content", [MARK, f"data:image/png;base64,{base64.b64encode(MARK.encode()).decode()}"])
def test_what_is_planted_is_found(content):
    assert leaks(content)
    assert leaks("on 2031-07-13")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("part", MARK.encode("utf-32-le"))
    assert leaks(packed.getvalue())


def test_models_of_the_command_line_and_what_is_said_of_them(table, settings, tmp_path, run, caplog):
    caplog.set_level(logging.DEBUG)
    model, adapted, mended = (tmp_path / f"{name}.radnec" for name in ("model", "adapted", "mended"))
    theirs = disguised(simulate_table(n_patients=20, n_features=8, effect=3.0, random_state=1)).assign(scanner_id="Z")
    other = write_table(theirs, table.with_name("theirs.csv"))
    said = [
        run("train", table, "--config", settings, "--out", model, "--json"),
        run("adapt", model, other, "--out", adapted),
        run("recalibrate", adapted, other, "--out", mended),
        run("card", mended),
        run("checklist", "clear", mended, "--json"),
    ]
    assert [code for code, *_ in said] == [0] * 5
    for path in (model, adapted, mended):
        assert leaks(path.read_bytes()) == []
    for _, out, err in said:
        assert leaks(f"{out} {err}") == []
    loaded = radnec.load(model)
    assert leaks(f"{loaded!r} {loaded._repr_html_()} {json.dumps(loaded.summary_, default=str)}") == []
    assert leaks(caplog.text) == []


@pytest.mark.slow
def test_evaluations_as_page_and_json(table, settings, tmp_path, run, caplog):
    caplog.set_level(logging.DEBUG)
    model, page, external = (tmp_path / name for name in ("m.radnec", "page.html", "external.html"))
    code, out, err = run("evaluate", table, "--config", settings, "--out", page, "--json")
    assert code == 0
    assert run("train", table, "--config", settings, "--out", model)[0] == 0
    theirs = disguised(simulate_table(n_patients=20, n_features=8, effect=3.0, random_state=1))
    other = write_table(theirs, table.with_name("theirs.csv"))
    outside, told, warned = run("evaluate", other, "--model", model, "--out", external, "--json")
    assert outside == 0
    for content in (page.read_bytes(), external.read_bytes(), out, err, told, warned, caplog.text):
        assert leaks(content) == []


def named_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose lesions and index tell a name too."""
    lesions = MARK + table["lesion_id"].astype(str)
    table = table.assign(lesion_id=lesions, image_path=f"/{MARK}/t1.nii", PatientName=f"{MARK}^Hans")
    return table.set_index(pd.Index([f"{MARK}-{row}" for row in range(len(table))]))


def test_a_pathway_and_its_evaluation(tmp_path, settings):
    made = named_rows(disguised(simulate_multimodal(n_patients=36, effect=1.5, random_state=0)))
    config = radnec.TrainingConfig.from_yaml(settings)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pathway = radnec.Pathway(config=config, fewest=4).fit(made, made["label"])
        found = evaluate_pathway(pathway, made, made["label"])
    assert leaks(pathway.save(tmp_path / "pathway.radnec").read_bytes()) == []
    assert leaks(found.save_html(tmp_path / "pathway.html").read_bytes()) == []
    assert leaks(f"{pathway!r} {found!r} {found._repr_html_()} {found.frame().to_csv()} {found.flow().to_csv()}") == []
    assert "36 patients" in repr(found)
    assert leaks(" ".join(str(one.message) for one in told if issubclass(one.category, RadnecWarning))) == []


@pytest.mark.parametrize("labelled", [True, False])
def test_drift_reports(tmp_path, settings, labelled):
    first = named_rows(disguised(simulate_table(n_patients=24, n_features=8, effect=3.0, random_state=0)))
    month = named_rows(disguised(simulate_table(n_patients=20, n_features=8, effect=3.0, random_state=1)))
    # Months are told on purpose.
    month = month.drop(columns="session_date" if labelled else ["session_date", "label", "label_source"])
    model = radnec.train(first, radnec.TrainingConfig.from_yaml(settings))
    for baseline in (None, first):
        report = radnec.monitor(model, month, baseline=baseline)
        page = report.save_html(tmp_path / "drift.html").read_bytes()
        assert leaks(page) == leaks(f"{json.dumps(report.to_dict())} {report!r} {report._repr_html_()}") == []


def test_retrainings_with_all_that_they_leave_in_their_folder(tmp_path, settings, caplog):
    caplog.set_level(logging.DEBUG)
    first, later = (
        named_rows(disguised(simulate_table(n_patients=24, n_features=8, effect=3.0, random_state=seed)))
        for seed in (0, 1)
    )
    config = radnec.TrainingConfig.from_yaml(settings)
    both = pd.concat([first, later.assign(patient_id=later["patient_id"] + " later")])
    both.attrs = first.attrs
    found = retrain(both, radnec.train(first, config), config, work=tmp_path / "work")
    assert leaks(f"{json.dumps(found.to_dict())} {found!r} {found._repr_html_()} {caplog.text}") == []
    kept = [path for path in (tmp_path / "work").rglob("*") if path.is_file()]
    assert len(kept) > 1
    assert [leaks(f"{path.name} ") + leaks(path.read_bytes()) for path in kept] == [[]] * len(kept)


@pytest.mark.slow
def test_images_leave_their_names_in_the_table_and_nowhere_else(tmp_path, run, settings):
    folder = tmp_path / f"{MARK}-Meier"
    made = radnec.simulate_cohort(folder, n_patients=10, effect=3.0, sequences=("T1wCE",), random_state=0)
    rows = disguised(pd.read_csv(made)).drop(columns=["session_day", "session_date", "label_date"])
    empty = folder / f"{MARK}-empty.nii.gz"
    sitk.WriteImage(sitk.ReadImage(folder / rows.loc[0, "mask_path"]) * 0, empty)
    rows.loc[0, "mask_path"] = empty.name
    rows.to_csv(made, index=False)
    extraction = tmp_path / "extraction.yaml"
    extraction.write_text("featureClass:\n  firstorder:\n  shape: [MeshVolume]\n")
    features, model = tmp_path / "features.parquet", tmp_path / "model.radnec"
    # Who holds the table is told which lesion it is.
    code, said, told = run("check", made)
    assert code == 1, told
    assert empty.name in said or rows.loc[0, "patient_id"] in said
    code, said, told = run("extract", made, "--out", features, "--extraction", extraction)
    assert code == 1, told
    assert rows.loc[0, "patient_id"] in told
    assert read_table(features)["patient_id"].str.contains(MARK).all()
    # Who is given the model is not.
    code, said, told = run("train", features, "--config", settings, "--out", model)
    assert code == 0, told
    assert leaks(model.read_bytes()) == []
    assert leaks(said.replace(str(tmp_path), "") + told) == []
    assessed = tmp_path / "assessed.csv"
    run("predict", model, features, "--out", assessed)
    assert MARK in assessed.read_text()
