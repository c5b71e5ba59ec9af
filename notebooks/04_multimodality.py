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
# # Where MRI cannot decide: perfusion, diffusion, spectra, PET and SPECT in stages
#
# Conventional MRI often leaves it open whether a lesion is necrosis or progression. This notebook measures the further
# examinations, sets them beside the radiomics, and lets a pathway ask for the next one only while doubt remains.
#
# **Research use only. Not a medical device, and no treatment advice.**

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import radnec
from radnec.evaluation import evaluate_pathway
from radnec.imaging.masks import read_mask
from radnec.imaging.readers import read_frames
from radnec.quantify.nuclear import fet_kinetics, hottest_sphere, time_activity
from radnec.simulate import simulate_multimodal

folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## Images of every kind
#
# The simulated cohort holds DSC, DCE and ASL perfusion, diffusion, spectra, FET PET (50 minutes of frames, or a still image
# where there are none), FDG PET (early and delayed) and thallium SPECT beside T1wCE. A fifth of the examinations was not made,
# as in life.

# %%
source = radnec.simulate_cohort(
    folder / "cohort",
    n_patients=4,
    lesions_per_patient=(1, 1),
    sessions_per_patient=(1, 1),
    sequences=("T1wCE",),
    modalities=("MR", "perfusion", "diffusion", "MRS", "PET", "SPECT", "dynamic PET", "FDG PET"),
    missing=0.2,
    random_state=6,
)
cohort = radnec.read_cohort(source)
cohort["sequence"].value_counts()

# %% [markdown]
# `measure` turns them into indices. Each has a status, and where there is no value, the reason.

# %%
indices = radnec.measure(cohort)
shown = ["index_nCBV_mean", "index_ADC_um2_per_ms_mean", "index_Cho_NAA", "index_TBRmax", "index_Tl201_index_early"]
indices[["patient_id", *shown, "index_TBRmax_status"]].round(2)

# %% [markdown]
# What was planted stands in `truth.csv` beside the cohort, and is found again:

# %%
keys = ["patient_id", "session_id", "lesion_id"]
truth = pd.read_csv(source.parent / "truth.csv").set_index(keys)
(indices.set_index(keys)[shown] / truth[shown] - 1).abs().max().map("{:.1%}".format)

# %% [markdown]
# ## Uptake over time
#
# Of a series of FET, `measure` takes the mean of a sphere about the hottest voxel in each frame. Necrosis tends to take FET up
# slowly and to keep it, so that the curve rises; the curve of a tumour tends to peak early and to fall. Single lesions lie
# between: here two of four reach a plateau, one of either kind. The slope is fitted where the figure is grey. FDG is compared,
# against grey matter, hours later with what it was at first: in a tumour the ratio tends to rise more.

# %%
figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for _, row in cohort[(cohort["sequence"] == "PET-FET") & cohort["frame_times_s"].notna()].iterrows():
    frames = read_frames(row["image_path"], row["sequence"])
    edges_min = np.array(row["frame_times_s"].split(";"), dtype=float) / 60
    lesion = read_mask(row["mask_path"], frames[0], label=row["mask_label"])
    curve = time_activity(frames, hottest_sphere(frames[int(row["volume"])], lesion))
    _, slope, pattern = fet_kinetics(curve, edges_min[:-1], edges_min[1:])
    label = f"{row['patient_id']}: {pattern.flags[0]}, {slope.value:+.2f} SUV/h"
    axes.plot((edges_min[:-1] + edges_min[1:]) / 2, curve, marker=".", label=label)
axes.axvspan(20, 50, color="0.93", zorder=0)
axes.set(xlabel="minutes after the injection", ylabel="SUV of the hottest sphere", ylim=(0, None))
axes.legend()
figure

# %%
times = ["index_TTP_min", "index_slope_SUV_per_h", "index_FET_pattern", "index_FDG_dual_phase_change_percent"]
indices.set_index(keys)[["label", *times]].join(truth[times].add_suffix(" (true)")).round(2)

# %% [markdown]
# `join` sets the indices beside the radiomics of conventional MRI, ready for `radnec.train` and `radnec.Pathway`.

# %%
settings = radnec.ExtractionConfig(feature_classes={"firstorder": None, "glcm": ["Contrast"], "shape": ["MeshVolume"]})
radiomics = radnec.extract(cohort[cohort["sequence"] == "T1wCE"], settings)
joined = radnec.join(radiomics, indices)
print(f"{len(joined)} lesions, {len(radnec.features.columns.feature_columns(joined))} features")

# %% [markdown]
# ## A pathway
#
# Four patients teach nothing. A table of 240, simulated with the same kinds of columns, shows what a pathway does. `labelled`
# chooses the rows fit to learn from; labels that come from PET would be refused, because a stage reads PET.

# %%
table = simulate_multimodal(n_patients=240, effect=1.5, missing=0.1, random_state=0)
config = radnec.TrainingConfig(
    candidates=("logistic",), draws=1, inner_folds=3, outer_folds=3, outer_repeats=1, resamples=200, random_state=0
)
X, y = radnec.labelled(table)
pathway = radnec.Pathway(config=config, error=0.1).fit(X, y)
new = simulate_multimodal(n_patients=30, effect=1.5, missing=0.4, random_state=1)
assessed = pathway.assess(new)
assessed[["patient_id", "lesion_id", "stage", "p_necrosis", "call", "next_examinations"]].head(8).round(2)

# %% [markdown]
# ## One lesion
#
# A lesion that is still open, what to examine next and why, and beside it what published accuracies alone would say.

# %%
one = int(assessed["next_examinations"].str.len().to_numpy().argmax())
print(assessed["reason"].iloc[one])
ranked = pathway.next_examinations(new.iloc[[one]])
ranked[["stage", "examinations", "gain", "settles", "worth", "lesions"]].round(2)

# %%
examined = int(new["index_TBRmax"].notna().to_numpy().argmax())
(ledger,) = pathway.ledgers(new.iloc[[examined]])
ledger.frame()

# %% [markdown]
# ## Is it worth it?
#
# Everything is learnt anew in each fold, patients kept apart. The drawing says how many lesions reach each stage, what is
# settled there, and in how many sessions the next examinations are asked for. Beside it stand conventional MRI alone, and all
# examinations for all.

# %%
evaluation = evaluate_pathway(pathway, X, y)
evaluation.save_html(folder / "pathway.html")
evaluation

# %%
evaluation.figure()
