"""The declared columns of the cohort table, from which reading, checking and ``data_schema.md`` follow."""

from __future__ import annotations

from typing import Literal, get_args

from radnec.cohort.field import Field, Group, Level, Role
from radnec.errors import TableError
from radnec.labels import UNDECIDED, Outcome

Modality = Literal["MR", "PET", "SPECT"]

KEYS = ("patient_id", "session_id", "lesion_id")
ROW_KEY = (*KEYS, "sequence", "phase", "region")

#: Names of a region that mean the whole lesion.
WHOLE = ("", "lesion", "whole")
SEQUENCES = (
    "T1w", "T1wCE", "T2w", "FLAIR", "SWI", "ADC", "DWI", "DSC", "rCBV", "DCE", "Ktrans", "ASL", "CBF", "MRS",
    "PET-FDG", "PET-MET", "PET-FET", "PET-FDOPA", "SPECT-Tl201", "SPECT-MIBI",
)  # fmt: skip

_TECHNIQUES = ("SRS", "FSRT", "EBRT", "WBRT", "proton", "carbon_ion", "brachytherapy")
_SOURCES = (
    "histology_resection", "histology_biopsy", "imaging_followup", "clinical_followup", "board_consensus",
    "pet",
)  # fmt: skip
_LOCATIONS = (
    "frontal", "parietal", "temporal", "occipital", "insula", "deep_grey", "corpus_callosum", "brainstem",
    "cerebellum", "other",
)  # fmt: skip

_KEY = (
    Field("patient_id", "text", "key", "key", "patient",
          "Patient, the unit that is never split.", required=True),
    Field("session_id", "text", "key", "key", "row",
          "Time point, unique within a patient.", required=True),
    Field("lesion_id", "text", "key", "key", "row",
          "Lesion, the same in every session; unique within a patient. A new one after reirradiation.",
          required=True),
    Field("sequence", "category", "key", "key", "row",
          "What the image shows.", required=True, categories=SEQUENCES),
    Field("phase", "category", "key", "key", "row",
          "Phase, where a sequence was taken more than once in a session.",
          categories=("early", "delayed", "pre", "post")),
    Field("region", "text", "key", "key", "row",
          "Part of the lesion that the mask shows, such as rim; empty: whole."),
)  # fmt: skip

_TIME = (
    Field("session_date", "date", "acquisition", "time", "session",
          "Day of the session."),
    Field("session_day", "integer", "acquisition", "time", "session",
          "Days after the end of radiotherapy, where dates may not be kept; negative before it.",
          minimum=-3650, maximum=20000, unit="days"),
)  # fmt: skip

_IMAGE = (
    Field("image_path", "path", "acquisition", "image", "row",
          "Image file; or folder with a DICOM series, or one file of it.", required=True),
    Field("series_uid", "text", "acquisition", "image", "row",
          "SeriesInstanceUID of the image, where image_path is a folder with several DICOM series."),
    Field("volume", "text", "acquisition", "image", "row",
          "Which volume of a series that holds several: its number from 0, or what tells it apart in DICOM, such as "
          "b-value=1000, echo time=30 or energy window=2, which has no number from 0."),
    Field("mask_path", "path", "acquisition", "image", "row",
          "Lesion mask; required for every sequence but MRS."),
    Field("mask_label", "segment", "acquisition", "image", "row",
          "Label value in the mask, or segment name; 1 where it is empty."),
    Field("mask_threshold", "number", "acquisition", "image", "row",
          "Least fraction that counts as inside, in a fractional DICOM SEG; 0.5 where it is empty.",
          minimum=0.001, maximum=1),
    Field("mask_sequence", "category", "acquisition", "image", "row",
          "Sequence of the session's image that the mask was drawn on; empty: the row's own. One mask serves several "
          "sequences so: name in each row the sequence it was drawn on, and extract with `registration: rigid`.",
          categories=SEQUENCES),
    Field("brain_mask_path", "path", "acquisition", "image", "row",
          "Mask of the brain, on the image's grid; of a registered image also on mask_sequence's."),
    Field("reference_mask_path", "path", "acquisition", "image", "row",
          "Mask of reference tissue, such as contralateral white matter; its grid as for brain_mask_path."),
    Field("t1_map_path", "path", "acquisition", "image", "row",
          "T1 map in ms, for DCE."),
    Field("m0_path", "path", "acquisition", "image", "row",
          "M0 (proton density) image, for ASL."),
    Field("m0_tr_ms", "number", "acquisition", "image", "row",
          "Repetition time of the M0 image; where it is empty, the image is taken to be fully relaxed.",
          minimum=100, maximum=60000, unit="ms"),
    Field("aif_path", "path", "acquisition", "image", "row",
          "Arterial input function, for DSC and DCE: a CSV with time_s, and delta_r2_star_per_s (DSC), or plasma_mM or "
          "blood_mM (DCE)."),
    Field("bval_path", "path", "acquisition", "image", "row",
          "b-values, for DWI; those of a DICOM series are read from its headers where this is empty."),
    Field("bvec_path", "path", "acquisition", "image", "row",
          "Diffusion directions, for DWI."),
    Field("metabolite_table_path", "path", "acquisition", "image", "row",
          "Fitted metabolites, for MRS."),
    Field("metabolite_record", "integer", "acquisition", "image", "row",
          "Which spectrum of a metabolite table that holds several, from 1.", minimum=1, maximum=100000),
    Field("mrs_voxel_cc", "number", "acquisition", "image", "row",
          "Volume of the spectrum's voxel.", minimum=0.001, maximum=1000, unit="cc"),
    Field("frame_times_s", "numbers", "acquisition", "image", "row",
          "Time of each frame of a dynamic series; for PET the begin of each frame after the injection, and last the "
          "end of the last one.", unit="s"),
    Field("first_frame", "integer", "acquisition", "image", "row",
          "First frame of a DSC or DCE series that is used, counted from 0: earlier ones are not yet in the steady "
          "state. 0 where it is empty.", minimum=0, maximum=1000),
    Field("minutes_after_injection", "number", "acquisition", "image", "row",
          "From the injection of contrast agent or tracer to the image (T1wCE, PET, SPECT).",
          minimum=0, maximum=10000, unit="min"),
    Field("flip_angle_deg", "number", "acquisition", "image", "row",
          "Flip angle.", minimum=0.1, maximum=180, unit="degrees"),
    Field("te_ms", "number", "acquisition", "image", "row",
          "Echo time.", minimum=0.01, maximum=2000, unit="ms"),
    Field("tr_ms", "number", "acquisition", "image", "row",
          "Repetition time.", minimum=0.5, maximum=60000, unit="ms"),
    Field("asl_labelling", "category", "acquisition", "image", "row",
          "How the blood of an ASL image was labelled.", categories=("pcasl", "pasl")),
    Field("asl_labelling_duration_ms", "number", "acquisition", "image", "row",
          "Duration of the labelling; for PASL the time from inversion to the end of the bolus (TI1).",
          minimum=10, maximum=10000, unit="ms"),
    Field("asl_delay_ms", "number", "acquisition", "image", "row",
          "Delay after the labelling; for PASL the inversion time (TI).", minimum=10, maximum=10000, unit="ms"),
    Field("asl_labelling_efficiency", "number", "acquisition", "image", "row",
          "Share of the blood that is labelled, suppression of the background included; where empty 0.85 (pCASL) or "
          "0.98 (PASL).", minimum=0.05, maximum=0.999),
    Field("pixel_spacing_mm", "number", "acquisition", "image", "row",
          "Distance of voxel centres within a slice; the larger where rows and columns differ.",
          minimum=0.05, maximum=20, unit="mm"),
    Field("slice_spacing_mm", "number", "acquisition", "image", "row",
          "Distance of slices from centre to centre along their normal.", minimum=0.05, maximum=50, unit="mm"),
    Field("slice_thickness_mm", "number", "acquisition", "image", "row",
          "Slice thickness, which may be more or less than their distance.",
          minimum=0.1, maximum=30, unit="mm"),
    Field("mask_source", "text", "acquisition", "image", "row",
          "Who or what drew the mask."),
    Field("site_id", "text", "acquisition", "image", "session",
          "Centre, the unit of external validation."),
    Field("scanner_id", "text", "acquisition", "image", "row",
          "Scanner, the batch of harmonisation; one for the MR rows of a session, others for PET, SPECT."),
    Field("manufacturer", "text", "acquisition", "image", "row",
          "Manufacturer of the scanner."),
    Field("field_strength_t", "number", "acquisition", "image", "row",
          "Field strength.", minimum=0.1, maximum=12, unit="T"),
)  # fmt: skip

_RADIOTHERAPY = (
    Field("rt_technique", "category", "predictor", "radiotherapy", "lesion",
          "Single-fraction (SRS) or fractionated (FSRT) stereotactic, other (EBRT), whole-brain (WBRT), …",
          categories=_TECHNIQUES),
    Field("rt_dose_gy", "number", "predictor", "radiotherapy", "lesion",
          "Total prescribed dose.", minimum=1, maximum=120, unit="Gy"),
    Field("rt_fractions", "integer", "predictor", "radiotherapy", "lesion",
          "Number of fractions.", minimum=1, maximum=70),
    Field("rt_isodose_pct", "number", "predictor", "radiotherapy", "lesion",
          "Isodose the dose is prescribed to.", minimum=30, maximum=110, unit="%"),
    Field("rt_target_volume_cc", "number", "predictor", "radiotherapy", "lesion",
          "Volume of the planning target.", minimum=0, maximum=2000, unit="cc"),
    Field("v12_cc", "number", "predictor", "radiotherapy", "lesion",
          "Volume of brain that received 12 Gy or more.", minimum=0, maximum=2000, unit="cc"),
    Field("bed_gy", "number", "predictor", "radiotherapy", "lesion",
          "Biologically effective dose of the prescription, for one alpha/beta throughout the table.",
          minimum=0, maximum=2000, unit="Gy"),
    Field("eqd2_gy", "number", "predictor", "radiotherapy", "lesion",
          "Equivalent of the prescription in fractions of 2 Gy, for one alpha/beta throughout the table.",
          minimum=0, maximum=1000, unit="Gy"),
    Field("dose_path", "path", "acquisition", "radiotherapy", "row",
          "Dose grid (DICOM RT Dose, or an image in Gy) in the space of the row's mask."),
    Field("lesion_dose_mean_gy", "number", "predictor", "radiotherapy", "lesion_session",
          "Mean dose of the lesion as drawn in the session.", minimum=0, maximum=1000, unit="Gy"),
    Field("lesion_dose_max_gy", "number", "predictor", "radiotherapy", "lesion_session",
          "Highest dose in the lesion.", minimum=0, maximum=1000, unit="Gy"),
    Field("lesion_d98_gy", "number", "predictor", "radiotherapy", "lesion_session",
          "Dose that at least 98 % of the lesion received (near minimum).", minimum=0, maximum=1000, unit="Gy"),
    Field("lesion_d50_gy", "number", "predictor", "radiotherapy", "lesion_session",
          "Median dose of the lesion.", minimum=0, maximum=1000, unit="Gy"),
    Field("lesion_d2_gy", "number", "predictor", "radiotherapy", "lesion_session",
          "Dose that at least 2 % of the lesion received (near maximum).", minimum=0, maximum=1000, unit="Gy"),
    Field("lesion_v12_cc", "number", "predictor", "radiotherapy", "lesion_session",
          "Volume of the lesion that received 12 Gy or more.", minimum=0, maximum=2000, unit="cc"),
    Field("brain_dose_mean_gy", "number", "predictor", "radiotherapy", "lesion",
          "Mean dose of the brain.", minimum=0, maximum=200, unit="Gy"),
    Field("brain_dose_max_gy", "number", "predictor", "radiotherapy", "lesion",
          "Highest dose in the brain.", minimum=0, maximum=1000, unit="Gy"),
    Field("rt_end_date", "date", "acquisition", "radiotherapy", "lesion",
          "Last day of radiotherapy of the lesion."),
    Field("months_since_rt", "number", "predictor", "radiotherapy", "lesion_session",
          "From the end of radiotherapy to the session; where empty, from the two dates or session_day.",
          minimum=0, maximum=600, unit="months"),
    Field("prior_wbrt", "flag", "predictor", "radiotherapy", "lesion",
          "Whole-brain radiotherapy before."),
    Field("reirradiation", "flag", "predictor", "radiotherapy", "lesion",
          "The lesion had been irradiated before."),
)  # fmt: skip

_CLINICAL = (
    Field("entity", "category", "predictor", "clinical", "patient",
          "What was irradiated.", categories=("brain_metastasis", "glioma")),
    Field("primary_histology", "text", "predictor", "clinical", "patient",
          "Histology of the primary, such as melanoma or glioblastoma."),
    Field("age_years", "number", "predictor", "clinical", "session",
          "Age at the session.", minimum=0, maximum=110, unit="years"),
    Field("sex", "category", "predictor", "clinical", "patient",
          "Sex; DICOM's F and M are read as these.", categories=("female", "male")),
    Field("kps", "integer", "predictor", "clinical", "session",
          "Karnofsky performance status.", minimum=0, maximum=100, unit="%"),
    Field("n_metastases", "integer", "predictor", "clinical", "session",
          "Number of brain metastases.", minimum=0, maximum=200),
    Field("location", "category", "predictor", "clinical", "lesion",
          "Where the lesion lies.", categories=_LOCATIONS),
    Field("prior_resection", "flag", "predictor", "clinical", "lesion",
          "The lesion was resected before the radiotherapy."),
    Field("immunotherapy", "flag", "predictor", "clinical", "session",
          "Checkpoint inhibitor up to the session."),
    Field("targeted_therapy", "flag", "predictor", "clinical", "session",
          "Targeted drug up to the session."),
    Field("chemotherapy", "flag", "predictor", "clinical", "session",
          "Chemotherapy up to the session."),
    Field("bevacizumab", "flag", "predictor", "clinical", "session",
          "Bevacizumab up to the session."),
    Field("steroid_mg_dex_per_day", "number", "predictor", "clinical", "session",
          "Steroids at the session, as dexamethasone.", minimum=0, maximum=100, unit="mg per day"),
    Field("who_grade", "integer", "predictor", "clinical", "patient",
          "WHO grade of a glioma.", minimum=1, maximum=4),
    Field("idh_status", "category", "predictor", "clinical", "patient",
          "IDH of a glioma.", categories=("mutant", "wildtype")),
    Field("mgmt_status", "category", "predictor", "clinical", "patient",
          "MGMT promoter of a glioma.", categories=("methylated", "unmethylated")),
)  # fmt: skip

_LABEL = (
    Field("label", "category", "outcome", "label", "lesion_session",
          "What the lesion turned out to be; empty: not known.",
          categories=(*map(str, Outcome), *UNDECIDED)),
    Field("label_source", "category", "outcome", "label", "lesion_session",
          "How the label was found.", categories=_SOURCES),
    Field("label_date", "date", "outcome", "label", "lesion_session",
          "Day the label was settled."),
    Field("followup_months", "number", "outcome", "label", "lesion_session",
          "Follow-up after the session.", minimum=0, maximum=600, unit="months"),
    Field("viable_tumour_pct", "number", "outcome", "label", "lesion_session",
          "Share of viable tumour in the specimen.", minimum=0, maximum=100, unit="%"),
    Field("survival_months", "number", "outcome", "label", "session",
          "Time from the session to death or last contact.", minimum=0, maximum=1200, unit="months"),
    Field("deceased", "flag", "outcome", "label", "patient",
          "Known to have died."),
    Field("p_necrosis_true", "number", "outcome", "label", "lesion_session",
          "P(RN) a simulated label was drawn from.", minimum=0, maximum=1),
)  # fmt: skip

_BOOKKEEPING = (
    Field("undecided", "text", "bookkeeping", "bookkeeping", "row",
          "What a draft left to its reader, with the reason."),
    Field("guessed_from", "text", "bookkeeping", "bookkeeping", "row",
          "What a draft was guessed from."),
    Field("unsplit_lesion_id", "text", "bookkeeping", "bookkeeping", "lesion_session",
          "Lesion that this one was split from."),
    Field("component", "integer", "bookkeeping", "bookkeeping", "lesion_session",
          "Connected component of the lesion it was split from; 1 is the largest.", minimum=1, maximum=100000),
    Field("component_voxels", "integer", "bookkeeping", "bookkeeping", "lesion_session",
          "Voxels of the component.", minimum=1, maximum=1000000000),
)  # fmt: skip

#: Every declared column by its name, in the order of the table.
FIELDS: dict[str, Field] = {
    field.name: field for field in (*_KEY, *_TIME, *_IMAGE, *_RADIOTHERAPY, *_CLINICAL, *_LABEL, *_BOOKKEEPING)
}


def names(*, role: Role | None = None, group: Group | None = None, level: Level | None = None) -> tuple[str, ...]:
    """Return the names of the declared columns of a role, a group and a level, in the order of the table.

    Parameters
    ----------
    role : {"key", "predictor", "outcome", "acquisition", "bookkeeping"}, optional
        Only columns of this role.
    group : {"key", "time", "image", "radiotherapy", "clinical", "label", "bookkeeping"}, optional
        Only columns of this group.
    level : {"row", "session", "lesion", "lesion_session", "patient"}, optional
        Only columns of this level.

    Examples
    --------
    >>> names(role="outcome")[:3]
    ('label', 'label_source', 'label_date')
    """
    return tuple(
        field.name
        for field in FIELDS.values()
        if role in (None, field.role) and group in (None, field.group) and level in (None, field.level)
    )


def clinical_predictors() -> tuple[str, ...]:
    """Return what the clinical rung of the ladder uses: predictors about the radiotherapy and the patient.

    Examples
    --------
    >>> "v12_cc" in clinical_predictors(), "followup_months" in clinical_predictors()
    (True, False)
    """
    return names(role="predictor", group="radiotherapy") + names(role="predictor", group="clinical")


def modality(sequence: str) -> Modality:
    """Return the modality that a sequence belongs to.

    Parameters
    ----------
    sequence : str
        One of `SEQUENCES`.

    Returns
    -------
    {"MR", "PET", "SPECT"}
        The modality, each with its own ``scanner_id`` in a session.

    Raises
    ------
    radnec.errors.TableError
        If there is no such sequence.

    Examples
    --------
    >>> modality("PET-FET"), modality("rCBV")
    ('PET', 'MR')
    """
    if sequence not in SEQUENCES:
        raise TableError(f"unknown sequence {sequence!r}; known: {', '.join(SEQUENCES)}")
    prefix = sequence.partition("-")[0]
    return next((known for known in get_args(Modality) if known == prefix), "MR")
