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
# # From a cohort table to a first prediction
#
# This notebook goes the whole way once: a table that lists images and masks, a check, features, an honest evaluation, a
# model on disk, and the call for a lesion the model has never seen. It uses a simulated cohort, so it needs no data; with
# your own, start at `read_cohort`.
#
# **Research use only. Not a medical device.**

# %%
import tempfile
from pathlib import Path

import radnec
from radnec.simulate import DEMO_EXTRACTION

folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## A cohort
#
# `simulate_cohort` writes brain-like MR volumes as NIfTI, masks, and `cohort.csv`, which has one row per lesion, session and
# sequence. Each lesion also carries the probability from which its label was drawn, `p_necrosis_true`; radnec refuses to use
# it as a feature.

# %%
source = radnec.simulate_cohort(folder / "cohort", n_patients=48, effect=1.5, random_state=1)
everyone = radnec.read_cohort(source)
late = everyone["patient_id"] > "P040"  # the last eight patients play the part of next month's
cohort = everyone[~late]
cohort[["patient_id", "session_id", "lesion_id", "sequence", "scanner_id", "label"]].head(6)

# %% [markdown]
# `check` looks at every image and mask before hours are spent on them. Each finding has a code, and says what to do.

# %%
radnec.check(cohort, mute=("RN006",))

# %% [markdown]
# ## Features
#
# One row per lesion and session, columns named as pyradiomics names them behind the sequence. rCBV is a ratio of a few units,
# so it needs narrower grey-level bins than the 25 that suit T1w and FLAIR intensities; the demo settings say so.

# %%
table = radnec.extract(cohort, DEMO_EXTRACTION, n_jobs=2)
table.iloc[:3, -3:]

# %% [markdown]
# The settings and library versions travel with the table.

# %%
{key: table.attrs["radnec"][key] for key in ("engine", "extraction_digest", "counts")}

# %% [markdown]
# ## Is there anything to learn?
#
# `evaluate` repeats the whole recipe inside patient-grouped folds: harmonisation, imputation, selection, tuning and
# calibration all see training rows only. It always fits a ladder as well, so you see what the prevalence alone, or the
# lesion's volume alone, would have achieved.

# %%
settings = radnec.TrainingConfig(candidates=("logistic", "elastic_net"), outer_repeats=2, random_state=0, n_jobs=2)
evaluation = radnec.evaluate(table, settings)
evaluation

# %%
for sentence in evaluation.conclusions:
    print(sentence)

# %%
evaluation.frame().query("metric in ['auc', 'log_loss', 'calibration_slope']").round(3)

# %% [markdown]
# ## A model on disk
#
# The file holds no pickle and no patient rows. Loading checks its hashes and that it still predicts what it predicted.

# %%
model = radnec.train(table, settings)
model.save(folder / "centre_a.radnec", evaluation=evaluation)
model = radnec.load(folder / "centre_a.radnec")
model

# %% [markdown]
# ## Lesions the model has never seen
#
# The last eight patients come from the same scanners, and are measured exactly as the training lesions were.

# %%
new_table = radnec.extract(everyone[late], model.extraction_config_)
judged = model.assess(new_table)
judged[["patient_id", "lesion_id", "p_necrosis", "p_low", "p_high", "call", "reason"]].round(2)

# %% [markdown]
# `call` is `uncertain` when neither outcome can be ruled out at the chosen error, and `abstain` when the model should not be
# asked: a scanner it has never seen, for example. Such a scanner can be learnt from unlabelled lesions.

# %%
elsewhere = new_table.assign(scanner_id="new scanner")
print(model.assess(elsewhere)["reason"].iloc[0])
print(model.adapt(elsewhere).assess(elsewhere)["call"].value_counts().to_dict())
