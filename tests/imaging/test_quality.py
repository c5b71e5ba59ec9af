"""One phantom per finding of `radnec.check`, each of which must raise that code and no other."""

from __future__ import annotations

import shutil
import zlib
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, ExtractionWarning, TableError
from radnec.features.extract import extract
from radnec.imaging.findings import FINDINGS
from radnec.imaging.inspection import inspect_lesion
from radnec.imaging.masks import read_mask
from radnec.imaging.masks.placing import affine
from radnec.imaging.quality import check
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Make = Callable[..., sitk.Image]
    Case = Callable[..., dict[str, Any]]


@pytest.fixture
def case(tmp_path: Path, ball: Make, noise: Make) -> Case:
    """Return a function that writes an image and a mask, sound unless given, and returns their cohort row."""

    def write(image: sitk.Image | None = None, mask: sitk.Image | None = None, **row: Any) -> dict[str, Any]:
        name = "-".join(str(row.get(key, "")) for key in ("patient_id", "lesion_id", "sequence"))
        mask = ball() if mask is None else mask
        image = noise(mask, seed=zlib.crc32(name.encode())) if image is None else image
        paths = {"image_path": tmp_path / f"{name}.nii.gz", "mask_path": tmp_path / f"{name}-mask.nii.gz"}
        sitk.WriteImage(image, paths["image_path"])
        sitk.WriteImage(mask, paths["mask_path"])
        keys = {"patient_id": "P1", "session_id": "S1", "lesion_id": "L1", "sequence": "T1wCE"}
        return {**keys, **paths, **row}

    return write


def _codes(*rows: dict[str, Any]) -> list[str]:
    return check(pd.DataFrame(list(rows))).frame()["code"].tolist()


def test_a_sound_lesion_has_no_findings(case: Case) -> None:
    report = check(pd.DataFrame([case()]))
    assert report.ok
    assert len(report) == 0
    assert str(report) == "1 image checked: no findings"


def test_rn001_grid_mismatch(case: Case, ball: Make, noise: Make) -> None:
    mask = ball()
    image = noise(mask)
    mask.SetSpacing((0.9, 0.9, 1.0))
    report = check(pd.DataFrame([case(image, mask)]))
    found = report.frame().iloc[0]
    assert (found["code"], found["severity"]) == ("RN001", "error")
    assert "spacing (0.9, 0.9, 1.0) mm differs" in found["found"]
    assert "align_mask" in found["fix"]
    assert not report.ok


def test_rn002_empty_mask(case: Case, ball: Make) -> None:
    assert _codes(case(mask=ball() * 0)) == ["RN002"]


def test_rn003_label_absent(case: Case, ball: Make) -> None:
    assert _codes(case(mask=ball(value=2))) == ["RN003"]
    assert _codes(case(mask=ball(value=2), mask_label=2)) == []


def test_rn004_several_components(case: Case, ball: Make) -> None:
    mask = ball()
    mask[1:3, 1:3, 1:3] = 1
    report = check(pd.DataFrame([case(mask=mask)]))
    assert report.frame()["code"].tolist() == ["RN004"]
    ball_voxels = int(sitk.GetArrayFromImage(mask).sum()) - 8
    assert report.frame()["found"][0] == f"2 components of {ball_voxels}, 8 voxels"
    assert report.ok
    assert check(pd.DataFrame([case(mask=mask)]), mute=("RN004",)).frame().empty


def test_rn005_touching_the_border(case: Case, ball: Make) -> None:
    report = check(pd.DataFrame([case(mask=ball(centre=(12.0, 11.0, 17.0)))]))
    assert report.frame()["code"].tolist() == ["RN005"]
    assert "last z" in report.frame()["found"][0]


def test_rn006_few_voxels(case: Case, ball: Make) -> None:
    assert _codes(case(mask=ball(radius=2))) == ["RN006"]
    mask = ball() * 0
    mask[5:9, 5:9, 5:9] = 1
    assert _codes(case(mask=mask)) == []


def test_rn007_single_slice(case: Case, ball: Make) -> None:
    mask = ball() * 0
    mask[5:15, 5:15, 10] = 1
    assert _codes(case(mask=mask)) == ["RN007"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_rn008_non_finite_in_the_lesion(case: Case, ball: Make, noise: Make, value: float) -> None:
    image = sitk.Cast(noise(ball()), sitk.sitkFloat32)
    image[12, 11, 10] = value
    assert _codes(case(image)) == ["RN016", "RN008"]


def test_rn009_constant_intensities(case: Case, ball: Make) -> None:
    row = case(sitk.Cast(ball(), sitk.sitkInt16) * 0 + 300)
    report = check(pd.DataFrame([row]))
    assert report.frame()[["code", "severity"]].to_numpy().tolist() == [["RN009", "warning"]]
    assert report.ok
    # What the explanation says extraction does.
    measured = extract(pd.DataFrame([row])).iloc[0]
    assert measured["status"] == "ok"
    assert measured["T1wCE_original_firstorder_Variance"] == 0
    assert measured["T1wCE_original_glcm_Correlation"] == 1
    with pytest.warns(ExtractionWarning, match="features without a value"):
        ibsi = extract(pd.DataFrame([row]), ExtractionConfig(preset="ibsi")).iloc[0]
    assert ibsi["status"] == "ok"
    assert pd.isna(ibsi["T1wCE_original_glcm_Correlation"])


def test_rn010_anisotropic_voxels(case: Case, ball: Make) -> None:
    mask = ball(size=(48, 48, 12), spacing=(0.5, 0.5, 3.0), centre=(12.0, 12.0, 18.0))
    report = check(pd.DataFrame([case(mask=mask)]))
    assert report.frame()[["code", "severity"]].to_numpy().tolist() == [["RN010", "info"]]
    assert report.frame()["found"][0] == "voxels of 0.5 × 0.5 × 3 mm, 6.0 to 1"


@pytest.mark.parametrize(("sequence", "codes"), [("FLAIR", ["RN011"]), ("ADC", ["RN011"]), ("CBF", []), ("rCBV", [])])
def test_rn011_negative_intensities(case: Case, ball: Make, noise: Make, sequence: str, codes: list[str]) -> None:
    image = noise(ball())
    image[0, 0, 0] = -4
    assert _codes(case(image, sequence=sequence)) == codes


def test_rn012_duplicate_image(case: Case) -> None:
    first = case()
    same_file = {**first, "sequence": "FLAIR"}
    copied = case(sitk.ReadImage(first["image_path"]), patient_id="P2", sequence="T2w")
    report = check(pd.DataFrame([copied, same_file, first]))
    found = report.frame()
    assert found["code"].tolist() == ["RN012", "RN012"]
    assert found["sequence"].tolist() == ["T1wCE", "T2w"]
    assert found["found"].str.contains("the same voxels as P1/S1, FLAIR").all()


def test_rn013_unreadable_image(case: Case, tmp_path: Path) -> None:
    row = case()
    report = check(pd.DataFrame([{**row, "image_path": tmp_path / "absent.nii.gz"}, case(patient_id="P2")]))
    assert report.frame()[["code", "patient_id"]].to_numpy().tolist() == [["RN013", "P1"]]
    assert _codes({**row, "image_path": None}) == ["RN013"]


def test_rn014_unreadable_mask(case: Case, ball: Make, tmp_path: Path) -> None:
    row = case()
    assert _codes({**row, "mask_path": tmp_path / "absent.nii.gz"}) == ["RN014"]
    assert _codes({**row, "mask_path": None}) == ["RN014"]
    assert _codes({**row, "mask_label": "necrosis"}) == ["RN014"]
    assert _codes(case(mask=sitk.Cast(ball(), sitk.sitkFloat32) * 0.5)) == ["RN014"]


def test_rn015_overlapping_lesions(case: Case, ball: Make) -> None:
    first = case(mask=ball(centre=(9.0, 11.0, 10.0), radius=4))
    second = case(mask=ball(centre=(15.0, 11.0, 10.0), radius=4), lesion_id="L2")
    second["image_path"] = first["image_path"]
    report = check(pd.DataFrame([first, second]))
    assert report.frame()["code"].tolist() == ["RN015"]
    shared = sitk.GetArrayFromImage(sitk.And(*(sitk.ReadImage(row["mask_path"]) for row in (first, second)))).sum()
    assert f"shares {shared} voxels with lesion" in report.frame()["found"][0]
    assert _codes(first, {**second, "lesion_id": "L1"}) == []


def test_rn016_non_finite_outside_the_lesion(case: Case, ball: Make, noise: Make) -> None:
    image = sitk.Cast(noise(ball()), sitk.sitkFloat32)
    image[0, 0, 0] = float("nan")
    assert _codes(case(image)) == ["RN016"]


def test_rn018_mask_drawn_on_another_sequence(case: Case, ball: Make, noise: Make) -> None:
    drawn = case()
    coarse = noise(ball(size=(12, 11, 10), spacing=(2.0, 2.0, 2.0)))
    other = case(coarse, ball(), sequence="FLAIR", mask_sequence="T1wCE")
    report = check(pd.DataFrame([drawn, other]))
    assert report.frame()[["sequence", "code"]].to_numpy().tolist() == [["FLAIR", "RN018"]]
    assert report.ok
    assert _codes(drawn, {**other, "mask_sequence": None}) == ["RN001"]


def test_rn026_masks_of_another_sequence_that_are_measured_where_they_lie(case: Case, ball: Make, noise: Make) -> None:
    lent = [
        case(noise(ball(), seed=k), sequence=name, mask_sequence="T1wCE") for k, name in enumerate(("FLAIR", "ADC"))
    ]
    report = check(pd.DataFrame([case(noise(ball(), seed=5)), *lent]))
    assert report.frame()[["patient_id", "sequence", "code", "found"]].to_numpy().tolist() == [
        ["", sequence, "RN026", "1 of 1 masks drawn on T1wCE"] for sequence in ("ADC", "FLAIR")
    ]
    assert _codes(*[{**row, "mask_sequence": None} for row in lent]) == []


def test_rn017_mask_not_placed_exactly(case: Case, ball: Make, tmp_path: Path) -> None:
    write = pytest.importorskip("slicerio").write_segmentation
    pydicom = pytest.importorskip("pydicom")
    roi, drawn, study = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    roi.ROINumber, roi.ROIName, drawn.ReferencedROINumber, drawn.ContourSequence = 1, "GTV", 1, []
    for z in (7, 8, 9, 11):
        contour = pydicom.Dataset()
        contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", 4
        contour.ContourData = [6.5, 6.5, z, 14.5, 6.5, z, 14.5, 14.5, z, 6.5, 14.5, z]
        drawn.ContourSequence.append(contour)
    study.SOPClassUID, study.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.3"
    study.StructureSetROISequence, study.ROIContourSequence = [roi], [drawn]
    study.file_meta = pydicom.dataset.FileMetaDataset()
    study.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    study.save_as(tmp_path / "rs.dcm", enforce_file_format=True)
    report = check(pd.DataFrame([{**case(), "mask_path": tmp_path / "rs.dcm", "mask_label": "GTV"}]))
    found = report.frame().set_index("code")["found"]
    assert list(found.index) == ["RN004", "RN017"]
    assert "without a contour between its first and last: 1 (10)" in found["RN017"]
    for contour in drawn.ContourSequence:
        contour.ContourData = [6.9, 6.9, (z := contour.ContourData[2]), 10.1, 6.9, z, 10.1, 10.1, z, 6.9, 10.1, z]
    study.save_as(tmp_path / "small.dcm", enforce_file_format=True)
    told = check(pd.DataFrame([{**case(), "mask_path": tmp_path / "small.dcm", "mask_label": "GTV"}])).frame()
    assert told["found"].str.contains("the 64 voxels with their centre inside fill 0.064 ml (+56%)", regex=False).any()
    stored = {"voxels": sitk.GetArrayFromImage(ball()).T, "ijkToLPS": affine(ball())}
    segment = {"id": "S1", "name": "GTV", "labelValue": 1, "layer": 0}
    write(str(tmp_path / "m.seg.nrrd"), {**stored, "segments": [segment]})
    assert _codes({**case(), "mask_path": tmp_path / "m.seg.nrrd", "mask_label": "GTV"}) == []


@pytest.fixture
def cohort(case: Case) -> Case:
    """Return a function that makes rows of three patients whose files are named after them, with some changed."""

    def rows(**first: Any) -> list[dict[str, Any]]:
        sound = [case(patient_id=name) for name in ("P1", "P2", "P3")]
        return [{**sound[0], **first}, *sound[1:]]

    return rows


@pytest.mark.parametrize(("column", "lesion"), [("image_path", ""), ("mask_path", "L1")])
def test_rn020_path_of_another_patient(cohort: Case, tmp_path: Path, column: str, lesion: str) -> None:
    other = tmp_path / "p2_S1.nii.gz"
    rows = cohort()
    shutil.copy(rows[0][column], other)
    assert _codes(*rows) == []
    found = check(pd.DataFrame(cohort(**{column: other}))).frame()
    assert found[["code", "severity", "patient_id", "lesion_id"]].to_numpy().tolist() == [
        ["RN020", "warning", "P1", lesion]
    ]
    assert found["found"][0] == f"{column} names patient P2, not P1: {other}"


def test_another_patient_is_not_seen_in_part_of_a_name_nor_where_paths_go_by_something_else(
    cohort: Case, tmp_path: Path
) -> None:
    rows = cohort()
    for name in ("P22.nii.gz", "P1-P2.nii.gz", "nobody.nii.gz"):
        shutil.copy(rows[0]["image_path"], tmp_path / name)
        assert _codes(*cohort(image_path=tmp_path / name)) == []
    renamed = [{**row, "patient_id": name} for row, name in zip(rows, ("P3", "P1", "P2"), strict=True)]
    assert _codes(*renamed) == []


def test_rn001_says_first_that_the_mask_is_of_another_patient(cohort: Case, ball: Make, tmp_path: Path) -> None:
    mask = ball()
    mask.SetSpacing((0.9, 0.9, 1.0))
    sitk.WriteImage(mask, tmp_path / "P2-L1.nii.gz")
    found = check(pd.DataFrame(cohort(mask_path=tmp_path / "P2-L1.nii.gz"))).frame().set_index("code")["found"]
    assert found["RN001"].startswith("mask_path names patient P2, not P1, so correct it first; mask P2-L1.nii.gz: mask")
    assert "RN020" in found


@pytest.mark.parametrize(("centre", "outside"), [(12.0, False), (14.0, True), (18.0, True)])
def test_rn021_lesion_outside_the_brain(case: Case, ball: Make, tmp_path: Path, centre: float, outside: bool) -> None:
    brain = ball() * 0
    brain[:14, :, :] = 1
    sitk.WriteImage(brain, tmp_path / "brain.nii.gz")
    mask = ball(centre=(centre, 11.0, 10.0), radius=4)
    report = check(pd.DataFrame([case(mask=mask, brain_mask_path=tmp_path / "brain.nii.gz")]))
    inside = sitk.GetArrayFromImage(mask)
    assert len(report) == outside
    if outside:
        count = inside[:, :, 14:].sum()
        expected = f"{count} of {inside.sum()} voxels ({count / inside.sum():.0%}) lie outside the brain mask"
        assert report.frame()[["code", "found"]].to_numpy().tolist() == [["RN021", expected]]
        assert report.ok


def test_a_brain_mask_on_another_grid_or_that_cannot_be_read_is_passed_over(
    case: Case, ball: Make, tmp_path: Path
) -> None:
    sitk.WriteImage(ball(size=(9, 9, 9), radius=0.5), tmp_path / "brain.nii.gz")
    for name in ("brain.nii.gz", "absent.nii.gz"):
        assert _codes(case(brain_mask_path=tmp_path / name)) == []


def test_rn022_sequence_lacking_in_some_lesions(case: Case) -> None:
    rows = [case(patient_id=f"P{k}", sequence=name) for k in range(4) for name in ("FLAIR", "T1wCE")][:-1]
    rows.append(case(patient_id="P3", sequence="PET-FET"))
    report = check(pd.DataFrame(rows))
    assert report.ok
    found = report.frame()
    assert found[["code", "severity", "patient_id", "sequence", "found"]].to_numpy().tolist() == [
        ["RN022", "info", "", "T1wCE", "lacking in 1 of 4 lesion sessions: P3/S1/L1"]
    ]
    assert "    T1wCE: lacking in 1 of 4" in str(report)
    assert _codes(*rows[:2], *rows[6:]) == []  # of two lesions, each has a sequence of its own


def test_rn023_scanner_spelt_in_several_ways(case: Case) -> None:
    rows = [case(patient_id=f"P{k}", scanner_id=name) for k, name in enumerate(["Prisma 1", "prisma-1", "Prisma 11"])]
    report = check(pd.DataFrame(rows))
    assert report.frame()[["code", "severity", "found"]].to_numpy().tolist() == [
        ["RN023", "warning", "'Prisma 1' (1 row) and 'prisma-1' (1 row)"]
    ]
    assert "    the cohort: 'Prisma 1'" in str(report)
    assert _codes(*rows[1:], {**case(patient_id="P4"), "scanner_id": None}) == []


@pytest.mark.parametrize("kind", [sitk.sitkInt16, sitk.sitkFloat32])
def test_rn024_image_and_mask_exchanged(case: Case, ball: Make, noise: Make, kind: int) -> None:
    report = check(pd.DataFrame([case(ball(), sitk.Cast(noise(ball()), kind) / 3)]))
    assert report.frame()[["code", "severity"]].to_numpy().tolist() == [["RN024", "error"]]
    assert report.frame()["found"][0].endswith("-mask.nii.gz over 100 values")


def test_rn025_spacing_other_than_the_table_says(case: Case, ball: Make, noise: Make) -> None:
    mask = ball()
    mask.SetSpacing((1.0, 1.0, 2.0))
    sound = case(noise(mask), mask, pixel_spacing_mm=1.004, slice_spacing_mm=2.0)
    assert _codes(sound) == []
    report = check(pd.DataFrame([{**sound, "slice_spacing_mm": 3.0}]))
    assert report.frame()[["code", "severity"]].to_numpy().tolist() == [["RN025", "warning"]]
    assert (
        report.frame()["found"][0]
        == "pixels 1.004 mm apart, slices 3 mm apart in the table, voxels of 1 × 1 × 2 mm in the image"
    )
    # A converted image may have its slices along any axis, and one row may state nothing.
    turned = sitk.PermuteAxes(sitk.Cast(mask, sitk.sitkUInt8), [2, 0, 1])
    assert _codes(case(noise(turned), turned, pixel_spacing_mm=1.0, slice_spacing_mm=2.0)) == []
    other = {**sound, "lesion_id": "L2", "pixel_spacing_mm": None, "slice_spacing_mm": 5.0}
    assert "RN025" in _codes({**sound, "pixel_spacing_mm": None, "slice_spacing_mm": None}, other)


def test_every_code_has_a_test_and_says_what_to_do() -> None:
    tested = {name.split("_")[1].upper() for name in globals() if name.startswith("test_rn")}
    assert tested == set(FINDINGS)
    assert all(code == finding.code and finding.explanation and finding.fix for code, finding in FINDINGS.items())


def test_each_image_is_read_once_for_all_its_lesions(case: Case, ball: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = sitk.Maximum(ball(radius=4, centre=(7.0, 7.0, 10.0)), ball(radius=4, centre=(17.0, 15.0, 10.0), value=2))
    row = case(mask=labels)
    read = []

    def reading(path: Path, _sequence: str, *, series_uid: str | None, volume: str | None) -> sitk.Image:
        assert volume is None
        read.append(path)
        return read_image(path, series_uid=series_uid)

    monkeypatch.setattr("radnec.imaging.cohort_images.read_acquisition", reading)
    rows = [{**row, "mask_label": 1}, {**row, "mask_label": 2, "lesion_id": "L2"}]
    assert _codes(*rows) == []
    assert read == [str(row["image_path"])]


def test_the_first_volume_of_a_dynamic_series_is_checked_and_spectra_are_skipped(
    case: Case, ball: Make, noise: Make
) -> None:
    frames = [noise(ball(), seed) for seed in range(3)]
    series = sitk.JoinSeries(frames)
    assert _codes(case(series, sequence="DSC")) == []
    assert _codes(case(series, sequence="T2w")) == ["RN013"]
    assert _codes({**case(), "sequence": "MRS", "image_path": "spectrum.rda", "mask_path": None}) == []


def test_the_order_of_rows_does_not_matter(case: Case, ball: Make) -> None:
    rows = [
        case(),
        case(mask=ball() * 0, lesion_id="L2"),
        case(mask=ball(radius=2), patient_id="P2"),
        {**case(), "sequence": "FLAIR"},
    ]
    forward, backward = (check(pd.DataFrame(table)).frame() for table in (rows, rows[::-1]))
    assert len(forward) == 3
    pd.testing.assert_frame_equal(forward, backward)


def test_hostile_names_are_escaped_and_the_text_names_lesion_and_fix(case: Case, ball: Make) -> None:
    row = {**case(mask=ball() * 0), "lesion_id": "<script>alert(1)</script>"}
    report = check(pd.DataFrame([row]))
    page = report._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert str(report).splitlines()[0] == "1 image checked: 1 error"
    assert "RN002 error, 1×: " in str(report)
    assert "    P1/S1/<script>alert(1)</script>, T1wCE: mask" in str(report)
    assert FINDINGS["RN002"].fix in str(report)


def test_an_unknown_code_and_a_missing_column_are_refused(case: Case) -> None:
    table = pd.DataFrame([case()])
    with pytest.raises(ConfigError, match=r"'RN999'; the codes are\n  RN001 grid mismatch"):
        check(table, mute=("RN999",))
    with pytest.raises(TableError, match="lacks mask_path"):
        check(table.drop(columns="mask_path"))
    assert check(table, mute="RN004").muted == ("RN004",)


def test_a_cohort_file_is_read(case: Case, tmp_path: Path, ball: Make) -> None:
    pd.DataFrame([case(mask=ball() * 0)]).to_csv(tmp_path / "cohort.csv", index=False)
    assert check(tmp_path / "cohort.csv").frame()["code"].tolist() == ["RN002"]


def test_a_real_lesion_has_two_components_and_anisotropic_voxels(reference: Path) -> None:
    folder = reference / "mr_brain"
    keys = {"patient_id": "brain1", "session_id": "S1", "lesion_id": "L1", "sequence": "T1wCE"}
    paths = {"image_path": folder / "brain1_image.nrrd", "mask_path": folder / "brain1_label.nrrd"}
    found = check(pd.DataFrame([{**keys, **paths}])).frame()
    # pyradiomics' baseline: diagnostics_Mask-original_VolumeNum is 2.
    assert found["code"].tolist() == ["RN010", "RN004"]
    assert found["found"][1].startswith("2 components of ")
    image = read_image(paths["image_path"])
    assert [code for code, _ in inspect_lesion(image, read_mask(paths["mask_path"], image))] == ["RN004"]


def test_rn001_a_mask_of_another_place_is_not_to_be_resampled(case: Case, ball: Make, noise: Make) -> None:
    mask = ball()
    image = noise(mask)
    mask.SetOrigin((500.0, 0.0, 0.0))
    found = check(pd.DataFrame([case(image, mask)])).frame().iloc[0]
    assert found["code"] == "RN001"
    assert "lies wholly outside the image" in found["found"]
    assert "Correct mask_path or image_path" in found["found"]
    assert "align_mask" not in found["found"]
