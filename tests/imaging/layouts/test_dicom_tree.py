"""DICOM trees: series, what was drawn on them, sequences guessed from headers, and no identifier in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import SimpleITK as sitk

import radnec
from radnec.imaging.layouts import draft_cohort

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

pydicom = pytest.importorskip("pydicom")

_T2 = {"EchoTime": 90, "RepetitionTime": 5000}
_FLUID = {"EchoTime": 92, "RepetitionTime": 9000, "InversionTime": 2500}


def test_a_tree_of_series_and_structure_set_reads_with_no_edit(
    write_series: Callable[..., str],
    write_rtstruct: Callable[..., None],
    tmp_path: Path,
    read_back: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    for date, study in (("20200615", "1.2.3.5"), ("20200131", "1.2.3.4")):
        uid = write_series(f"x/{study}/MR1", StudyDate=date, StudyInstanceUID=study, ContrastBolusAgent="GADOVIST")
        rois = {"GTV_met1": "GTV", "PTV_met1": "PTV", "BODY": "EXTERNAL"}
        write_rtstruct(f"x/{study}/RS/rs.dcm", uid, rois, StudyInstanceUID=study)
    write_series("x/1.2.3.4/LOC", SeriesDescription="3-plane localizer", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    (tmp_path / "x" / "LICENSE.txt").write_text("…")
    draft = draft_cohort(tmp_path, "dicom")
    assert draft["undecided"].isna().all(), draft["undecided"].tolist()
    cohort = read_back(draft)
    assert cohort[["patient_id", "session_id", "lesion_id", "sequence", "mask_label"]].to_numpy().tolist() == [
        ["P1", "S1", "GTV_met1", "T1wCE", "GTV_met1"],
        ["P1", "S2", "GTV_met1", "T1wCE", "GTV_met1"],
    ]
    assert cohort["session_date"].dt.strftime("%Y%m%d").tolist() == ["20200131", "20200615"]
    assert draft["guessed_from"].str.contains("'AX T1 POST GAD', ContrastBolusAgent 'GADOVIST'").all()
    notes = " ".join(draft.attrs["radnec"]["notes"])
    assert all(word in notes for word in ("PTV_met1", "BODY", "localiser", "no DICOM"))
    assert "SECRET" not in draft.to_csv() + notes
    image = radnec.imaging.readers.read_image(cohort["image_path"][0])
    mask = radnec.imaging.masks.read_mask(cohort["mask_path"][0], image, label="GTV_met1")
    # Voxel centres 2 to 5 of one slice; those on the outline belong by convention.
    assert image.GetSize() == (8, 8, 3)
    assert 4 <= sum(mask[i, j, 1] for i in range(8) for j in range(8)) <= 16


def test_series_in_one_folder_are_told_apart_by_a_file(
    write_series: Callable[..., str],
    write_rtstruct: Callable[..., None],
    tmp_path: Path,
    read_back: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    drawn_on = write_series("all", prefix="a", EchoTime=10, SeriesDescription="T1 post")
    write_series("all", prefix="b", SeriesDescription="AX FLAIR", EchoTime=120, InversionTime=2500)
    write_rtstruct("all/rs", drawn_on, {"GTV": ""})
    draft = draft_cohort(tmp_path, "dicom").set_index("sequence")
    assert draft.loc["T1wCE", "image_path"] == "all/a0.dcm"
    assert draft.loc["T1wCE", "undecided"] is None
    # The other sequence has no mask of its own, and none is lent to it silently.
    assert draft.loc["FLAIR", "mask_path"] is None
    told = draft.loc["FLAIR", "undecided"]
    assert "was drawn on 'T1 post', not on this one" in told
    assert "mask_sequence, and extract with registration: rigid" in told
    cohort = read_back(draft.reset_index().iloc[:1])
    assert radnec.imaging.readers.read_image(cohort["image_path"][0]).GetSize() == (8, 8, 3)


def test_a_mask_is_lent_to_another_series_as_the_draft_and_the_check_say(
    write_series: Callable[..., str],
    write_rtstruct: Callable[..., None],
    tmp_path: Path,
    read_back: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    drawn_on = write_series("t1")
    flair = {"SeriesDescription": "AX FLAIR", "EchoTime": 120, "InversionTime": 2500, "FrameOfReferenceUID": "1.2.3.10"}
    write_series("flair", **flair)
    write_rtstruct("rs.dcm", drawn_on, {"GTV": "GTV"})
    draft = draft_cohort(tmp_path, "dicom")
    waiting = draft["sequence"] == "FLAIR"
    assert "mask_sequence" in draft.loc[waiting, "undecided"].item()
    draft.loc[waiting, ["mask_path", "mask_label"]] = ["rs.dcm", "GTV"]
    [refused] = radnec.check(read_back(draft)).frame().query("code == 'RN001'").to_dict("records")
    assert "mask_sequence" in refused["fix"]
    lent = radnec.check(read_back(draft.assign(mask_sequence="T1wCE"))).frame()["code"]
    assert "RN018" in lent.tolist()
    assert "RN001" not in lent.tolist()


def test_two_series_for_one_sequence_are_both_listed(
    write_series: Callable[..., str], write_rtstruct: Callable[..., None], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        uid = write_series(name, SeriesDescription=f"T1 post {name}")
        write_rtstruct(f"rs_{name}", uid, {"GTV": "GTV"})
    draft = draft_cohort(tmp_path, "dicom")
    listed = draft[draft["mask_path"].notna()]
    assert listed["image_path"].tolist() == ["a", "b"]
    assert draft["sequence"].isna().all()
    assert draft["undecided"].str.contains(r"images claim T1wCE \(a, b\)").all()


def test_a_region_that_names_nothing_waits_for_the_user(
    write_series: Callable[..., str], write_rtstruct: Callable[..., None], tmp_path: Path
) -> None:
    write_rtstruct("rs", write_series("mr"), {"ROI-X": "", "12": "GTV"})
    draft = draft_cohort(tmp_path, "dicom")
    assert draft["lesion_id"].tolist() == [None, "12"]
    assert "may be a lesion or not" in draft["undecided"][0]
    # A name that looks like a number would be read as one: the ROI's number stands for it.
    assert draft["mask_label"].tolist() == ["ROI-X", 2]


def test_a_region_that_names_nothing_has_a_row_only_where_it_was_drawn(
    write_series: Callable[..., str], write_rtstruct: Callable[..., None], tmp_path: Path
) -> None:
    series = write_series("mr")
    write_series("flair", SeriesDescription="AX FLAIR", **_FLUID)
    write_rtstruct("rs", series, {"X": "", "Y": ""})
    draft = draft_cohort(tmp_path, "dicom")
    assert draft[["image_path", "mask_label"]].astype(object).where(draft.notna(), None).to_numpy().tolist() == [
        ["flair", None],
        ["mr", "X"],
        ["mr", "Y"],
    ]
    assert "what may be one was drawn on other images" in draft["undecided"][0]
    write_rtstruct("rs", series, {"X": "", "Y": "", "GTV": ""})
    draft = draft_cohort(tmp_path, "dicom").set_index("image_path")
    assert draft.loc["flair", "lesion_id"] == "GTV"
    assert draft.loc[["mr"], "mask_label"].tolist() == ["X", "Y", "GTV"]


def test_regions_that_name_nothing_all_stay_where_their_file_names_no_series(
    write_series: Callable[..., str], write_rtstruct: Callable[..., None], tmp_path: Path
) -> None:
    series = write_series("mr")
    write_rtstruct("rs1", series, {"X": "", "Y": "", "GTV": ""})
    write_rtstruct("rs2", series, {"Q1": "", "Q2": "", "GTV": ""}, ReferencedFrameOfReferenceSequence=None)
    draft = draft_cohort(tmp_path, "dicom")
    assert draft["mask_label"].tolist() == ["X", "Y", "GTV", None, None]
    for told, name in zip(draft["undecided"][3:], ("Q1", "Q2"), strict=True):
        assert f"rs2, label {name}: it does not say which series it was drawn on" in told
    assert "no row has rs2 of lesion GTV: it does not say which series" in "".join(draft.attrs["radnec"]["notes"])


@pytest.mark.parametrize(
    ("roi", "roi_type", "lesion", "told"),
    [
        # Planning structures that speak of a lesion, and are none.
        ("Brain_minus_GTV", "ORGAN", None, None),
        ("Brain minus lesions", "AVOIDANCE", None, None),
        ("GTV_ring", "CONTROL", None, None),
        *((name, "", None, None) for name in ("BRAIN_SUB_GTV", "Brain_no_lesion", "non-tumor", "12Gy met1", "V12_met")),
        *((name, "", None, None) for name in ("Dose20_GTV", "GTVshell", "Brain-GTV")),
        *((name, "", None, None) for name in ("WB-GTV", "WB - GTV", "Parenchyma-GTV", "no enhancement")),
        # Lesions by name, whatever else the name says.
        *((name, "", name, None) for name in ("lesion_no_1", "ring-enhancing lesion", "brain_met_2", "GTV_v2")),
        *((name, "", name, None) for name in ("whole-tumor", "non-enhancing lesion", "GTV-met 1")),
        ("GTV_24Gy", "GTV", "GTV_24Gy", None),
        # Two answers, or none.
        *((name, "", None, "may be a lesion or not:") for name in ("GTV_24Gy", "Brain-Lesion", "GTV minus cavity")),
        *((name, "", None, "may be a lesion or not:") for name in ("GTV_2mm", "GTV_exp2mm", "GTV_all", "All mets")),
        *((name, "", None, "may be a lesion or not:") for name in ("Avoid_GTV", "GTV avoid", "lesion contralateral")),
        *((name, "", None, "may be a lesion or not:") for name in ("mirror lesion", "Tumor free", "frontal-GTV")),
        ("tumor no enhancement", "", None, "may be a lesion or not:"),
        ("GTV_1", "ORGAN", None, "its name tells a lesion, and its type ORGAN none"),
        ("Chiasm", "GTV", None, "its name tells no lesion, and its type GTV one"),
        ("X1", "DOSE_REGION", None, None),
    ],
)
def test_names_and_types_tell_lesions_from_planning_structures(
    write_series: Callable[..., str],
    write_rtstruct: Callable[..., None],
    tmp_path: Path,
    roi: str,
    roi_type: str,
    lesion: str | None,
    told: str | None,
) -> None:
    write_rtstruct("rs", write_series("mr"), {roi: roi_type, "L1": "GTV"})
    draft = draft_cohort(tmp_path, "dicom")
    rows = draft[draft["mask_label"] == roi].to_dict("records")
    if not lesion and not told:
        assert not rows
        assert any(f"left out ROI {roi!r}" in note for note in draft.attrs["radnec"]["notes"])
    else:
        assert [row["lesion_id"] for row in rows] == [lesion]
        assert told is None or told in rows[0]["undecided"]


@pytest.mark.parametrize(
    ("header", "sequence", "told"),
    [
        ({"SeriesDescription": "t1_mprage_sag"}, "T1w", "no contrast"),
        ({"SeriesDescription": "AX T1 SE", "ContrastBolusAgent": "MAGNEVIST"}, "T1wCE", "MAGNEVIST"),
        ({"SeriesDescription": "AX T1 SE", "ContrastBolusAgent": "NONE"}, "T1w", "no contrast"),
        ({"SeriesDescription": "AX T1 +C"}, "T1wCE", "without a ContrastBolusAgent"),
        ({"SeriesDescription": "Ax T1 fat sat C+"}, "T1wCE", "without a ContrastBolusAgent"),
        # After a treatment is not after contrast.
        *(
            ({"SeriesDescription": f"T1 {after}"}, None, "with contrast, or none?")
            for after in ("POST-OP", "post RT follow-up", "post treatment", "post_surgery")
        ),
        ({"SeriesDescription": "T1 POST-OP GD"}, "T1wCE", "without a ContrastBolusAgent"),
        ({"SeriesDescription": "T1 POST-OP", "ContrastBolusAgent": "MAGNEVIST"}, "T1wCE", "MAGNEVIST"),
        ({"SeriesDescription": "AX T1 PRE", "ContrastBolusAgent": "MAGNEVIST"}, None, "which?"),
        ({"SeriesDescription": "Ax T2 FLAIR", "EchoTime": 120, "InversionTime": 2200}, "FLAIR", "T2 FLAIR"),
        ({"SeriesDescription": "AX T2 FSE", "EchoTime": 100}, "T2w", "AX T2 FSE"),
        ({"SeriesDescription": "AX T2* GRE", "EchoTime": 20}, None, "may be no T2w"),
        ({"SeriesDescription": "AX T1", "EchoTime": 102}, None, "EchoTime is 102 ms"),
        ({"SeriesDescription": "AX FLAIR", "EchoTime": 9, "InversionTime": 800}, None, "but EchoTime is 9 ms"),
        ({"SeriesDescription": "Series 7", "EchoTime": 100, "RepetitionTime": 5000}, "T2w", "no word, but TE 100 ms"),
        (
            {"SeriesDescription": None, "EchoTime": 125, "RepetitionTime": 9000, "InversionTime": 2500},
            "FLAIR",
            "TI 2500",
        ),
        ({"SeriesDescription": "Series 7"}, None, "tell no sequence"),
        ({"SeriesDescription": "dwi", "ImageType": ["DERIVED", "PRIMARY", "ADC"]}, "ADC", "ImageType ADC"),
        # FLAIR by Siemens' words, and by its inversion time.
        ({"SeriesDescription": "t2_tirm_tra_dark-fluid", **_FLUID}, "FLAIR", "dark-fluid"),
        ({"SeriesDescription": "t2_tirm_tra_dark_p2", **_FLUID}, "FLAIR", "inversion recovery of TI 2500 ms"),
        ({"SeriesDescription": "t2_spc_da-fl_sag", "EchoTime": 387, "InversionTime": 1800}, "FLAIR", "da-fl"),
        (
            {"SeriesDescription": "T2 BRAIN VIEW", "AcquisitionContrast": "FLUID_ATTENUATED"},
            "FLAIR",
            "FLUID_ATTENUATED",
        ),
        ({"SeriesDescription": "t1_tirm_tra_dark-fluid", "EchoTime": 9, "InversionTime": 860}, "T1w", "no contrast"),
        ({"SeriesDescription": "AX T2 TSE", **_FLUID}, None, "InversionTime is 2500 ms, as of FLAIR"),
        ({"SeriesDescription": "T2 STIR", "EchoTime": 60, "InversionTime": 150}, None, "may be no T2w"),
        ({"SeriesDescription": "AX T2 FS", "EchoTime": 60, "InversionTime": 150}, None, "150 ms, as of STIR"),
        ({"SeriesDescription": "t2_star_tra", "EchoTime": 60}, None, "may be no T2w"),
        # Diffusion by any of its signs, against times that are those of a T2w.
        ({"SeriesDescription": "ep2d_3scan_p2", **_T2, "DiffusionBValue": 1000.0}, "DWI", "DiffusionBValue 1000"),
        ({"SeriesDescription": "ep2d_3scan_p2", **_T2, "SequenceName": "*ep_b0"}, "DWI", "SequenceName '*ep_b0'"),
        (
            {"SeriesDescription": "RESOLVE", **_T2, "ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW"]},
            "DWI",
            "ImageType DIFFUSION",
        ),
        ({"SeriesDescription": "ep2d_diff_trace", **_T2}, None, "the word 'diff' tells diffusion"),
        ({"SeriesDescription": "EPI", **_T2, "ScanningSequence": ["EP", "SE"]}, None, "tell no sequence"),
        ({"SeriesDescription": "AX T2", **_T2, "DiffusionBValue": 800.0}, None, "tell no sequence, or several"),
        ({"SeriesDescription": "AX T2", **_T2, "DiffusionBValue": 0.0}, "T2w", "AX T2"),
        (
            {"SeriesDescription": "DTI", "DiffusionBValue": 1000.0, "ImageType": ["DERIVED", "PRIMARY", "FA"]},
            None,
            "by ImageType FA it is a map",
        ),
        # Images that were computed of others, and phases.
        ({"SeriesDescription": "t1_vibe", "ImageType": ["DERIVED", "PRIMARY", "SUBTRACTION"]}, None, "a difference"),
        ({"SeriesDescription": "T1 SPGR SUB", "ContrastBolusAgent": "Gd"}, None, "the word 'sub'"),
        (
            {"SeriesDescription": "SWI", "ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]},
            None,
            "ImageType P it is a phase",
        ),
        *(
            ({"SeriesDescription": name, "EchoTime": 2, "RepetitionTime": 150}, None, f"the word '{word}' it is")
            for name, word in {
                "T1 SUBTRACT": "subtract",
                "delta T1": "delta",
                "t1_vibe_dyn 40 phases": "dyn",
                "T1 vfa flip 15": "vfa",
                "Synthetic T1": "synthetic",
                "B0map": "b0map",
                "Calibration": "calibration",
                "Asset cal": "cal",
                "Venogram": "venogram",
            }.items()
        ),
        ({"SeriesDescription": "DCE dyn"}, "DCE", "DCE dyn"),
        ({"SeriesDescription": "SWI MIP"}, None, "the word 'mip' it is a projection"),
        ({"SeriesDescription": "SWI_Images", "ImageType": ["ORIGINAL", "PRIMARY", "M", "SWI"]}, "SWI", "SWI_Images"),
        ({"SeriesDescription": "T1", "ImageType": ["DERIVED", "SECONDARY", "MPR", "CSA MPR"]}, None, "reformatted"),
        ({"SeriesDescription": "T1", "ComplexImageComponent": "PHASE"}, None, "a phase, real or imaginary image"),
        ({"SeriesDescription": "Mag_Images", "EchoTime": 20, "RepetitionTime": 28}, None, "tell no sequence"),
        ({"SeriesDescription": "TOF_3D", "EchoTime": 4, "RepetitionTime": 22}, None, "tell no sequence"),
        ({"SeriesDescription": "rCBV", "ImageType": ["DERIVED", "PRIMARY", "RCBV MAP"]}, "rCBV", "rCBV"),
    ],
)
def test_sequences_are_guessed_from_headers_or_left(
    write_series: Callable[..., str],
    write_rtstruct: Callable[..., None],
    tmp_path: Path,
    header: dict[str, Any],
    sequence: str | None,
    told: str,
) -> None:
    write_rtstruct("rs", write_series("mr", **header), {"GTV": "GTV"})
    [row] = draft_cohort(tmp_path, "dicom").to_dict("records")
    assert row["sequence"] == sequence
    assert told in (row["guessed_from"] if sequence else row["undecided"])


def test_segmentations_have_no_background_and_are_listed_where_their_series_is_left_out(
    write_series: Callable[..., str], write_rtstruct: Callable[..., None], tmp_path: Path
) -> None:
    def item(**values: Any) -> Any:
        made = pydicom.Dataset()
        for keyword, value in values.items():
            setattr(made, keyword, value)
        return made

    segments = [item(SegmentNumber=0, SegmentLabel="Background"), item(SegmentNumber=1, SegmentLabel="Lesion")]
    kind = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.7", "Modality": "SEG", "SegmentSequence": segments}
    kind |= {"StructureSetROISequence": None, "ROIContourSequence": None, "RTROIObservationsSequence": None}
    ct = "1.2.840.10008.5.1.4.1.1.2"
    for name, series in (
        ("mr", write_series("MR")),
        ("ct", write_series("CT", SOPClassUID=ct, Modality="CT", SeriesDescription="planning")),
    ):
        drawn_on = [item(SeriesInstanceUID=series)]
        write_rtstruct(f"{name}.dcm", series, {}, **kind, ReferencedSeriesSequence=drawn_on)
    draft = draft_cohort(tmp_path, "dicom")
    assert draft[["lesion_id", "mask_path", "mask_label"]].to_numpy().tolist() == [["Lesion", "mr.dcm", "Lesion"]]
    notes = draft.attrs["radnec"]["notes"]
    assert "ct.dcm marks no image of the draft: it was drawn on 'planning'" in notes
    assert not any("mr.dcm" in note or "damaged" in note for note in notes)


def test_a_damaged_file_is_noted_and_passed_over(
    write_series: Callable[..., str], write_rtstruct: Callable[..., None], tmp_path: Path
) -> None:
    write_rtstruct("rs", write_series("mr"), {"GTV": "GTV"})
    (tmp_path / "bad.dcm").write_bytes(bytes(128) + b"DICM" + b"\x08\x00\x16\x00UI\xff\xff" + b"\xfe" * 30)
    draft = draft_cohort(tmp_path, "dicom")
    assert len(draft) == 1


def test_the_real_series_and_structure_set(reference: Path) -> None:
    folder = reference / "dicom_rtstruct" / "sts_002_mr"
    draft = draft_cohort(folder, "dicom")
    [row] = draft.to_dict("records")
    assert (row["image_path"], row["mask_path"]) == ("image", "mask/RS.dcm")
    assert (row["lesion_id"], row["mask_label"], row["sequence"]) == ("GTV_Mass_MR_T1", "GTV_Mass_MR_T1", "T1w")
    assert row["undecided"] is None
    image = radnec.imaging.readers.read_image(folder / row["image_path"])
    mask = radnec.imaging.masks.read_mask(folder / row["mask_path"], image, label=row["mask_label"])
    expected = radnec.imaging.readers.read_image(folder / "expected_mask.nii.gz")
    # Both mark the same number of voxels, whatever the order of slices in the file.
    assert (sitk.GetArrayFromImage(mask) != 0).sum() == (sitk.GetArrayFromImage(expected) != 0).sum()


def test_real_segmentations_name_what_they_were_drawn_on(reference: Path) -> None:
    folder = reference / "dicom_seg" / "dcmqi"
    with pytest.raises(radnec.errors.ReadError, match="modality CT"):
        draft_cohort(folder, "dicom")


def test_the_one_total_dose_of_the_frame_of_reference_is_named(
    write_series: Callable[..., str], write_rtstruct: Callable[..., None], tmp_path: Path
) -> None:
    write_rtstruct("rs", write_series("mr"), {"GTV": "GTV"})

    def write_dose(name: str, **changes: str) -> None:
        meta = pydicom.dataset.FileMetaDataset()
        meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        dose = pydicom.Dataset()
        dose.file_meta = meta
        valid = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2", "Modality": "RTDOSE", "PatientID": "SECRET-7"}
        valid |= {"SOPInstanceUID": "1.2.3", "FrameOfReferenceUID": "1.2.3.9", "DoseSummationType": "PLAN"}
        for keyword, value in {**valid, **changes}.items():
            setattr(dose, keyword, value)
        dose.save_as(tmp_path / name, enforce_file_format=True)

    write_dose("beam.dcm", DoseSummationType="BEAM")
    write_dose("elsewhere.dcm", FrameOfReferenceUID="9.9")
    write_dose("dose.dcm")
    write_dose("other.dcm", PatientID="SECRET-8")
    draft = draft_cohort(tmp_path, "dicom")
    assert draft["dose_path"].tolist() == ["dose.dcm"]
    unused = [note for note in draft.attrs["radnec"]["notes"] if note.startswith("dose ")]
    assert [note.split(" goes with no image of the draft: ")[0] for note in unused] == [
        *("dose beam.dcm", "dose elsewhere.dcm", "dose other.dcm")
    ]
    for note, reason in zip(
        unused, ("--summation BEAM", "frame of reference is that of no image", "PatientID"), strict=True
    ):
        assert reason in note
    assert "SECRET" not in " ".join(unused)
    write_dose("dose2.dcm")
    draft = draft_cohort(tmp_path, "dicom")
    assert "dose_path" not in draft
    assert any("dose_path of mr is left empty" in note for note in draft.attrs["radnec"]["notes"])


def test_diffusion_is_told_by_a_private_b_value_in_any_file(write_series: Callable[..., str], tmp_path: Path) -> None:
    write_series("dwi", SeriesDescription="AX B1000", EchoTime=80, RepetitionTime=6000)
    # The first file is the unweighted image.
    for place, b in ((0, 0), (2, 1000)):
        path = tmp_path / "dwi" / f"{place}.dcm"
        file = pydicom.dcmread(path)
        file.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "IS", [str(b), "8", "0", "0"])
        file.save_as(path)
    (row,) = draft_cohort(tmp_path, "dicom").to_dict("records")
    assert row["sequence"] == "DWI"
    assert "DiffusionBValue 1000" in row["guessed_from"]
