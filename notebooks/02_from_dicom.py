# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From DICOM folders to results in the archive
#
# A hospital exports folders of DICOM series, with the lesions outlined as DICOM SEG or RTSTRUCT. This notebook drafts a cohort
# table from such a tree, fills it from the headers, measures regions of each lesion, and writes the model's judgement back as
# DICOM structured reports and as a BIDS derivative. It needs the extra `dicom`; the archive is simulated, so no data is needed.
#
# **Research use only. Not a medical device.**

# %%
import tempfile
import warnings
from pathlib import Path

import pandas as pd

import radnec
from radnec.imaging.dicom.headers import fill_from_headers
from radnec.imaging.layouts import Pseudonyms, draft_cohort, join_clinical, new_key
from radnec.reporting.bids import write_bids
from radnec.reporting.from_cohort import write_reports
from radnec.reporting.sr_reading import read_sr
from radnec.simulate.archive import write_archive

folder = Path(tempfile.mkdtemp())
simulated = radnec.simulate_cohort(
    folder / "nifti", n_patients=24, sequences=("T1wCE",), sessions_per_patient=(1, 1), effect=3.0, random_state=0
)
archive = write_archive(simulated, folder / "archive")
sorted(str(path.relative_to(archive)) for path in (archive / "P001" / "S1").rglob("*.dcm"))[:3]

# %% [markdown]
# ## A draft of the cohort table
#
# `radnec cohort from-folder archive --preset dicom --new-key hospital.key` does the same on the command line. Nothing is guessed
# silently: what a cell was guessed from stands in `guessed_from`, what could not be decided in `undecided`. Patients and sessions
# are named by keyed hashes of their identifiers: nobody without the key can tell who they are, and they keep their names when
# the archive grows. The key stays in the hospital.

# %%
key = new_key(folder / "hospital.key")
draft = draft_cohort(archive, "dicom", key=key)
draft[["patient_id", "session_id", "lesion_id", "sequence", "mask_label", "undecided", "guessed_from"]].head(3)

# %% [markdown]
# The labels are not in the archive: they come from the clinic, here from the simulation, under the PatientID. `join_clinical`
# (`radnec cohort join-clinical`) finds the rows with the key, and leaves the PatientID out. Written beside the images, the
# table is read like any other cohort.

# %%
clinic = pd.read_csv(simulated, dtype=str)[["patient_id", "lesion_id", "label", "label_source", "followup_months"]]
join_clinical(draft, clinic, key).to_csv(archive / "cohort.csv", index=False)
cohort = radnec.read_cohort(archive / "cohort.csv")

# %% [markdown]
# `fill_from_headers` fills empty columns (scanner, field strength, echo time, spacing) and reports where header and table
# disagree; it never overwrites, and writes dates, ages and sex only into a table that has columns for them.
#
# A table written by hand must call scanners as the headers do: a model that learnt `scanner A` takes the same scanner, filled in
# from headers, for a new one. Write the names that `fill_from_headers` gives, or carry the model over with `adapt`.

# %%
cohort, disagreements = fill_from_headers(cohort)
cohort[["patient_id", "sequence", "manufacturer", "scanner_id", "te_ms", "tr_ms"]].head(3), len(disagreements)

# %%
radnec.check(cohort, mute=("RN006",))

# %% [markdown]
# ## Regions
#
# The rim and the shell around it are derived from each mask, in millimetres, and measured beside the lesion.

# %%
config = radnec.ExtractionConfig(
    feature_classes={"shape": None, "firstorder": None, "glcm": None},
    regions={"rim": {"depth_mm": 2}, "near": {"kind": "shell", "outer_mm": 4}},
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", radnec.errors.ExtractionWarning)  # a small lesion may have no core
    table = radnec.extract(cohort, config, n_jobs=2)
[name for name in table.columns if name.endswith("firstorder_Mean")]

# %% [markdown]
# ## A model, and its results where the images are
#
# Eighteen patients are learnt from; six play the part of next month's.

# %%
names = Pseudonyms(key)
new = table["patient_id"].isin([names.patient(one) for one in sorted(clinic["patient_id"].unique())[-6:]])
settings = radnec.TrainingConfig(candidates=("logistic",), draws=4, random_state=0)
model = radnec.train(table[~new], settings)
judged = model.assess(table[new])
judged[["patient_id", "lesion_id", "p_necrosis", "p_low", "p_high", "call"]].head()

# %% [markdown]
# One structured report (TID 1500) for each session, with the probability, the call, the model's identity and the statement of
# research use, referring to the series and the outline; and the same as a BIDS derivative. On the command line:
# `radnec predict model.radnec cohort.csv --sr reports --bids derivatives/radnec`.

# %%
reports = write_reports(judged, cohort, folder / "reports", model=model)
read_sr(reports[0])[["lesion_id", "p_necrosis", "call", "reason"]]

# %%
tables = write_bids(judged, folder / "derivatives" / "radnec", model=model)
pd.read_csv(tables[0], sep="\t")[["lesion_id", "p_necrosis", "call"]]
