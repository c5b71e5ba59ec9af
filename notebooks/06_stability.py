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
# # Which features can be trusted to repeat?
#
# A feature that changes when the patient lies a little differently, or when another reader draws the contour, will not carry
# a model to the next hospital. Scanning patients twice is rarely possible, so this notebook perturbs the images and masks at
# hand instead (Zwanenburg et al., Sci Rep 2019;9:614), measures every replicate, and keeps the features that agree.
#
# **Research use only. Not a medical device.**

# %%
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import radnec
from radnec.features.perturb import Strength, perturb
from radnec.features.stability import icc
from radnec.simulate import DEMO_EXTRACTION

folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## Replicates
#
# One lesion in each of sixteen simulated patients, on two sequences. Each replicate turns the grid by up to 13°, changes the
# volume by up to 20 % and redraws the contour along supervoxels; all sequences of a lesion are perturbed alike. `none` is the
# lesion as it is.

# %%
source = radnec.simulate_cohort(
    folder / "cohort",
    n_patients=16,
    n_sites=1,
    lesions_per_patient=(1, 1),
    sessions_per_patient=(1, 1),
    sequences=("T1wCE", "rCBV"),
    random_state=3,
)
cohort = radnec.read_cohort(source)
replicates = perturb(cohort, DEMO_EXTRACTION, perturbations=["rotation+volume+contour"], repeats=6)
volume = "T1wCE_original_shape_VoxelVolume"
replicates[["patient_id", "lesion_id", "perturbation", volume]].head(8)

# %% [markdown]
# What happens to a lesion depends on the seed, its key and the name of the replicate, and on nothing else. The table says what
# was done.

# %%
replicates.attrs["radnec"]["perturbation"]

# %% [markdown]
# ## Agreement
#
# The intraclass correlation compares what differs between lesions with what differs between the replicates of one. Near 1 a
# feature tells lesions apart in spite of the perturbation. The paper uses the one-way form, `ICC1`, and calls a feature robust
# from 0.90 on; with sixteen lesions it is fair to ask it of the lower end of the interval.

# %%
subject = ["patient_id", "session_id", "lesion_id"]
agreement = icc(replicates, subject=subject, rater="perturbation").query("type == 'ICC1'")
agreement = agreement.sort_values("icc").reset_index(drop=True)
agreement[["feature", "icc", "low", "high"]].iloc[[0, 1, 2, -3, -2, -1]].round(2)

# %%
figure, axes = plt.subplots(figsize=(6, 3))
axes.fill_between(agreement.index, agreement["low"], agreement["high"], alpha=0.3, label="95 % interval")
axes.plot(agreement.index, agreement["icc"], label="ICC1")
axes.axhline(0.9, color="black", linewidth=0.8)
axes.set(xlabel="features in order of agreement", ylabel="intraclass correlation")
axes.legend()
figure.tight_layout()

# %% [markdown]
# ## What makes a feature unstable?
#
# Chains of one step tell. Noise is what is found in each image, added once more.

# %%
steps = perturb(cohort, DEMO_EXTRACTION, perturbations=["N", "R", "V", "C"], repeats=3)
steps["step"] = steps["perturbation"].str.replace(r"-\d+$", "", regex=True)
for step in ("noise", "rotation", "volume", "contour"):
    found = icc(steps[steps["step"].isin(["none", step])], subject=subject, rater="perturbation")
    found = found.query("type == 'ICC1'")
    print(f"{step:9} robust: {(found['low'] >= 0.9).mean():.0%} of {len(found)} features")

# %% [markdown]
# Stronger or weaker perturbations are a matter of `Strength`.

# %%
gentle = perturb(cohort, DEMO_EXTRACTION, perturbations=["V"], repeats=3, strength=Strength(volume_fraction=0.05))
found = icc(gentle, subject=subject, rater="perturbation").query("type == 'ICC1'")
print(f"volume changed by up to 5 %, robust: {(found['low'] >= 0.9).mean():.0%}")

# %% [markdown]
# ## Only stable features in a model
#
# `train` and `evaluate` take the replicates. Every fold looks only at those of its own training patients, so that held-out
# patients have no say in which features are kept. No replicate goes into the model. Sixteen patients teach little; what
# matters here is what the notes say.

# %%
table = radnec.extract(cohort, DEMO_EXTRACTION)
settings = radnec.TrainingConfig(candidates=("logistic",), min_icc=0.9, icc_type="ICC1", inner_folds=3, random_state=0)
model = radnec.train(table, settings, replicates=replicates)
print(*model.summary_["notes"], sep="\n")
