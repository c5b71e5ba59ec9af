"""Results go to the archive and come back the same, under the right patient, or not at all."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.errors import AbsentLabelError, ConfigError, GeometryError, MaskError, ReadError, TableError
from radnec.reporting.assessed import NUMBERS, RESEARCH_USE, TEXTS
from radnec.reporting.dicom_sr import write_sr, write_srs
from radnec.reporting.sr_reading import read_sr

pydicom = pytest.importorskip("pydicom")
highdicom = pytest.importorskip("highdicom")

MODEL = {"name": "centre A", "version": "0.1.0", "identity": "1f0c9d3e", "parent": "77aa"}
NOON = dt.datetime(2024, 5, 1, 12, 0, 0, tzinfo=dt.UTC)


@pytest.fixture
def written(assessed, images, tmp_path):
    return write_sr(assessed, tmp_path / "report.dcm", source=images, model=MODEL, created=NOON)


def texts_of(dataset):
    """Return every text content item below a dataset."""
    found = [str(dataset.TextValue)] if "TextValue" in dataset else []
    return found + [text for item in dataset.get("ContentSequence") or [] for text in texts_of(item)]


def test_the_table_comes_back_to_the_last_bit(written, assessed):
    back = read_sr(written)
    pd.testing.assert_frame_equal(back, assessed, check_dtype=False, check_exact=True)
    assert back.attrs["radnec"]["model"] == ["identity 1f0c9d3e", "parent 77aa"]


def test_same_input_gives_the_same_bytes(written, assessed, images, tmp_path):
    again = write_sr(assessed[::-1], tmp_path / "again.dcm", source=images, model=MODEL, created=NOON)
    assert again.read_bytes() == written.read_bytes()


def test_what_another_process_writes_is_left_alone(written, assessed, images, tmp_path):
    path = tmp_path / "again.dcm"
    theirs = tmp_path / "again.dcm.part"
    theirs.write_bytes(b"half a")
    write_sr(assessed, path, source=images, model=MODEL, created=NOON)
    assert (path.read_bytes(), theirs.read_bytes()) == (written.read_bytes(), b"half a")
    assert list(tmp_path.glob("*.part")) == [theirs]


@pytest.mark.parametrize("change", ["model", "row", "created"])
def test_other_content_has_another_uid(written, assessed, images, tmp_path, change):
    model, created = dict(MODEL), NOON
    if change == "model":
        model["identity"] = "2222"
    elif change == "row":
        assessed.loc[0, "p_necrosis"] = np.nextafter(assessed.loc[0, "p_necrosis"], 1)
    else:
        created += dt.timedelta(seconds=1)
    other = write_sr(assessed, tmp_path / "other.dcm", source=images, model=model, created=created)
    assert pydicom.dcmread(other).SOPInstanceUID != pydicom.dcmread(written).SOPInstanceUID


def test_highdicom_finds_lesions_probabilities_and_model(written):
    report = highdicom.sr.srread(written)
    groups = report.content.get_image_measurement_groups()
    assert [group.tracking_identifier for group in groups] == ["L1", "L2"]
    measured = {one.name.value: one.value for one in groups[0].get_measurements()}
    assert measured == {"P_NECROSIS": 0.8123456789012345, "P_LOW": 1 / 3, "P_HIGH": 0.9, "NOVELTY": 0.02}
    assert all(one.unit.value == "1" and one.unit.scheme_designator == "UCUM" for one in groups[0].get_measurements())
    assert [one.value.meaning for one in groups[1].get_qualitative_evaluations()] == ["Call withheld"]
    assert len(groups[0].source_images) == 6
    (observer,) = report.content.get_observer_contexts()
    assert observer.observer_identifying_attributes.serial_number == "1f0c9d3e"


def test_the_research_use_statement_is_in_the_report_each_lesion_and_the_series(written):
    report = pydicom.dcmread(written)
    assert texts_of(report).count(RESEARCH_USE) == 3
    assert RESEARCH_USE in report.SeriesDescription


def test_patient_and_study_are_copied_and_nothing_else(written):
    report = pydicom.dcmread(written)
    assert (report.PatientID, str(report.PatientName), report.StudyInstanceUID) == ("PAT7", "Müller^Jürgen", "1.2.3.1")
    assert report.SpecificCharacterSet == "ISO_IR 192"
    everything = str(report)
    assert "House" not in everything
    assert "Elsewhere" not in everything


def test_every_source_image_is_evidence(written):
    (study,) = pydicom.dcmread(written).CurrentRequestedProcedureEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == "1.2.3.2"
    assert {item.ReferencedSOPInstanceUID for item in series.ReferencedSOPSequence} == {
        f"1.2.3.2.{k}" for k in range(1, 7)
    }


@pytest.mark.parametrize("marked", [False, True])
def test_dciodvfy_finds_no_error(assessed, images, segmentation, tmp_path, marked):
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    regions = {"L1": (segmentation, 1)} if marked else None
    path = write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, regions=regions)
    found = subprocess.run([program, str(path)], capture_output=True, text=True, timeout=60, check=False)
    assert "ComprehensiveSR" in found.stderr
    assert not [line for line in found.stderr.splitlines() if line.startswith("Error")]


def test_pydicom_validates_every_value_on_writing(assessed, images, segmentation, tmp_path, monkeypatch):
    monkeypatch.setattr(pydicom.config.settings, "writing_validation_mode", pydicom.config.RAISE)
    path = write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, regions={"L1": (segmentation, 1)})
    monkeypatch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.RAISE)
    assert len(list(pydicom.dcmread(path).iterall())) > 100


def test_a_segment_is_referenced_with_its_tracking_uid(assessed, images, segmentation, tmp_path):
    regions = {"L1": (segmentation, "met parietal"), "L2": (segmentation, 1)}
    path = write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, regions=regions)
    groups = highdicom.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    found = {
        group.tracking_identifier: (
            group.tracking_uid,
            group.referenced_segment[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID,
            group.referenced_segment[0].ReferencedSOPSequence[0].ReferencedSegmentNumber,
        )
        for group in groups
    }
    assert found == {"L1": ("1.2.3.7.2", "1.2.3.5.1", 2), "L2": ("1.2.3.7.1", "1.2.3.5.1", 1)}
    pd.testing.assert_frame_equal(read_sr(path), assessed, check_dtype=False, check_exact=True)


def test_outlines_of_an_rtstruct_fill_to_the_voxels_an_independent_tool_found(reference, assessed, tmp_path):
    polygon2mask = pytest.importorskip("skimage.draw").polygon2mask
    real = reference / "dicom_rtstruct" / "sts_002_mr"
    path = write_sr(
        assessed,
        tmp_path / "r.dcm",
        source=real / "image",
        model=MODEL,
        source_patient_id="STS_002",
        regions={"L1": (real / "mask" / "RS.dcm", "GTV_Mass_MR_T1")},
    )
    (group,) = highdicom.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    expected = sitk.ReadImage(real / "expected_mask.nii.gz")
    voxels = sitk.GetArrayViewFromImage(expected) > 0
    heights = {}
    for file in (real / "image").iterdir():
        header = pydicom.dcmread(file, specific_tags=["SOPInstanceUID", "ImagePositionPatient"])
        heights[header.SOPInstanceUID] = expected.TransformPhysicalPointToIndex(list(header.ImagePositionPatient))[2]
    ours = np.zeros_like(voxels)
    for region in group.roi:
        image = region.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        # In image coordinates the centre of the first voxel is at (0.5, 0.5).
        ours[heights[image]] ^= polygon2mask(voxels.shape[1:], region.value[:, ::-1] - 0.5)
    assert 2 * np.sum(ours & voxels) / (ours.sum() + voxels.sum()) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("label", [7, "frontal"])
def test_an_absent_segment_is_refused_with_those_there(assessed, images, segmentation, tmp_path, label):
    with pytest.raises(AbsentLabelError, match="met frontal"):
        write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, regions={"L1": (segmentation, label)})


def test_a_region_of_another_frame_or_no_region_file_is_refused(assessed, images, segmentation, write_series, tmp_path):
    other = write_series("other", frame="1.2.3.99", series="1.2.3.22")
    with pytest.raises(GeometryError, match="frame of reference"):
        write_sr(assessed, tmp_path / "r.dcm", source=other, model=MODEL, regions={"L1": (segmentation, 1)})
    with pytest.raises(MaskError, match="neither DICOM SEG nor RTSTRUCT"):
        write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, regions={"L1": (images / "000.dcm", 1)})
    with pytest.raises(TableError, match="L9"):
        write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, regions={"L9": (segmentation, 1)})


def test_the_wrong_patient_is_refused_and_a_pseudonym_is_not_written(assessed, write_series, tmp_path):
    images = write_series(patient="12345")
    with pytest.raises(GeometryError, match="source_patient_id='12345'"):
        write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL)
    path = write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, source_patient_id="12345")
    assert b"PAT7" not in path.read_bytes()
    assert set(read_sr(path)["patient_id"]) == {"12345"}


def test_a_lesion_keeps_its_tracking_uid_over_sessions(assessed, images, write_series, tmp_path):
    later = write_series("later", series="1.2.3.77", StudyInstanceUID="1.2.3.70")
    first = write_sr(assessed, tmp_path / "1.dcm", source=images, model=MODEL)
    second = write_sr(assessed.assign(session_id="3"), tmp_path / "2.dcm", source=later, model=MODEL)
    one, two = (
        [group.tracking_uid for group in highdicom.sr.srread(path).content.get_image_measurement_groups()]
        for path in (first, second)
    )
    assert one == two
    assert len(set(one)) == 2


def test_identifiers_that_break_the_standard_are_left_empty(assessed, write_series, tmp_path):
    with pytest.warns(UserWarning, match="exceeds the maximum length"):
        images = write_series(StudyID="longer than sixteen characters", PatientSex="X")
    path = write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL)
    assert (pydicom.dcmread(path).StudyID, pydicom.dcmread(path).PatientSex) == ("", "")


def test_several_series_need_a_choice(assessed, images, write_series, tmp_path):
    for file in write_series("other", series="1.2.3.22").iterdir():
        shutil.copy(file, images / f"other_{file.name}")
    with pytest.raises(ReadError, match=r"series_uid=\n.*1\.2\.3\.2 "):
        write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL)
    path = write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL, series_uid="1.2.3.22")
    assert b"1.2.3.22.6" in path.read_bytes()


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (lambda content: content[:100], "does not begin as DICOM files do"),
        (lambda content: content[: content.index(b"\x20\x00\x32\x00DS")], "its header ends before BitsAllocated"),
        (lambda content: content.replace(b"\x20\x00\x52\x00UI", b"\x20\x00\x52\x00XX"), "it may be damaged"),
    ],
    ids=["not DICOM any more", "cut short", "unknown type of value"],
)
def test_damaged_images_are_refused(assessed, images, tmp_path, damaged, message):
    file = images / "003.dcm"
    file.write_bytes(damaged(file.read_bytes()))
    with pytest.raises(ReadError, match=message):
        write_sr(assessed, tmp_path / "r.dcm", source=images, model=MODEL)


def test_several_sessions_become_several_reports(assessed, images, write_series, tmp_path):
    other = write_series("other", patient="PAT8", series="1.2.3.33")
    table = pd.concat([assessed, assessed.assign(patient_id="PAT8")], ignore_index=True)
    with pytest.raises(TableError, match="write_srs"):
        write_sr(table, tmp_path / "r.dcm", source=images, model=MODEL)
    sources = {("PAT7", "2"): images, ("PAT8", "2"): other}
    with pytest.raises(TableError, match="PAT8"):
        write_srs(table, tmp_path / "out", sources={("PAT7", "2"): images}, model=MODEL)
    paths = write_srs(table, tmp_path / "out", sources=sources, model=MODEL)
    back = pd.concat([read_sr(path) for path in paths], ignore_index=True)
    pd.testing.assert_frame_equal(back, table, check_dtype=False, check_exact=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"call": "RN"}, "call is 'RN'"),
        ({"p_necrosis": 1.5}, "p_necrosis is 1.5"),
        ({"p_low": 0.85}, "not in order"),
        ({"lesion_id": None}, "lesion_id is empty"),
        ({"lesion_id": "L1"}, "there twice"),
    ],
)
def test_a_table_that_assess_cannot_have_made_is_refused(assessed, images, tmp_path, change, message):
    table = pd.concat([assessed.iloc[[0]], assessed.iloc[[0]].assign(**({"lesion_id": "L2"} | change))])
    with pytest.raises(TableError, match=message):
        write_sr(table, tmp_path / "r.dcm", source=images, model=MODEL)
    with pytest.raises(TableError, match="no row"):
        write_sr(assessed.iloc[:0], tmp_path / "r.dcm", source=images, model=MODEL)
    with pytest.raises(ConfigError, match="identity"):
        write_sr(assessed, tmp_path / "r.dcm", source=images, model={"name": "x"})
    assert not (tmp_path / "r.dcm").exists()


def test_a_changed_number_in_the_file_is_found(written):
    report = pydicom.dcmread(written)
    for element in report.iterall():
        if element.keyword == "FloatingPointValue" and element.value == 0.9:
            element.value = 0.91
    report.save_as(written)
    with pytest.raises(ReadError, match="SHA-256"):
        read_sr(written)


def test_a_de_identified_report_still_reads(written):
    report = pydicom.dcmread(written)
    report.PatientID, report.PatientName, report.SOPInstanceUID = "ANON", "ANON^A", "1.9.9"
    report.save_as(written)
    assert set(read_sr(written)["patient_id"]) == {"ANON"}


def test_other_files_are_refused(images, tmp_path):
    (tmp_path / "text.dcm").write_text("no DICOM")
    for file, message in (
        (tmp_path / "text.dcm", "cannot be read"),
        (images / "000.dcm", "Comprehensive SR"),
        (tmp_path / "absent.dcm", "no file"),
    ):
        with pytest.raises(ReadError, match=message):
            read_sr(file)


@pytest.mark.slow
def test_a_real_assessment_goes_there_and_back(write_series, tmp_path):
    from radnec.classifier import train
    from radnec.classifier.describe import RESEARCH_USE as ON_THE_CARD
    from radnec.classifier.judging import ASSESSED
    from radnec.config import TrainingConfig
    from radnec.simulate import simulate_table

    assert set(ASSESSED) == {*NUMBERS, *TEXTS}
    assert ON_THE_CARD == RESEARCH_USE
    table = simulate_table(n_patients=40, n_features=20, effect=3.0, random_state=0)
    model = train(table, TrainingConfig(candidates=("logistic",), draws=2, outer_repeats=1, random_state=0))
    assessed = model.assess(table)
    one = assessed[assessed["patient_id"] == assessed["patient_id"].iloc[0]]
    one = one[one["session_id"] == one["session_id"].iloc[0]]
    images = write_series(patient=str(one["patient_id"].iloc[0]))
    back = read_sr(write_sr(one, tmp_path / "r.dcm", source=images, model=model))
    expected = one.sort_values("lesion_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(back[list(NUMBERS)], expected[list(NUMBERS)], check_exact=True)
    assert back["call"].tolist() == expected["call"].tolist()
    assert back.attrs["radnec"]["model"][0].startswith("identity")
