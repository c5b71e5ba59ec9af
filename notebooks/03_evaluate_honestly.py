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
# # How good is a model, honestly?
#
# A typical study has a hundred patients with several lesions each, a thousand features, and a quarter of necrosis. Much can
# make such a model look better than it is. This notebook shows the usual ways on tables of which the truth is known, and what
# radnec says instead.
#
# **Research use only. Not a medical device.**

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

import radnec
from radnec.evaluation import learning_curve, metrics, minimum_sample_size, permutation_test
from radnec.evaluation.figures import roc_figure
from radnec.simulate import simulate_table

# %% [markdown]
# ## A table in which there is nothing to learn
#
# Eighty patients with one to five lesions, a hundred features, and outcomes drawn by lot. Lesions of a patient are alike, in
# their features and in their outcome, as they are in clinics. A forest that is tested on lesions of patients it was trained on
# recognises the patients.

# %%
rng = np.random.default_rng(5)
who = np.repeat(np.arange(80), rng.integers(1, 6, 80))
alike = rng.normal(size=(80, 100))[who] + 0.7 * rng.normal(size=(len(who), 100))
nothing = pd.DataFrame(alike, columns=[f"feature_{number}" for number in range(100)])
nothing = nothing.assign(ID=who.astype(str), necrosis=(rng.random(80) < 0.35)[who].astype(int))

features, labels = nothing.filter(like="feature_"), nothing["necrosis"]
forest = RandomForestClassifier(200, random_state=0)
by_row = cross_val_score(
    forest, features, labels, cv=StratifiedKFold(5, shuffle=True, random_state=0), scoring="roc_auc"
)
by_patient = cross_val_score(
    forest, features, labels, groups=who, cv=radnec.model.PatientFolds(5, random_state=0), scoring="roc_auc"
)
print(f"AUC with lesions dealt to folds: {by_row.mean():.2f}; with patients dealt to folds: {by_patient.mean():.2f}")

# %% [markdown]
# `evaluate` deals patients, at every level of nesting, and does all that is learnt inside the folds. Its first sentence is
# about whether the model is better than knowing the prevalence. Any table will do, whatever its columns are called.

# %%
foreign = radnec.TrainingConfig(
    label="necrosis",
    positive=1,
    patient="ID",
    batch=None,
    features="^feature_",
    candidates=("logistic",),
    outer_repeats=2,
    random_state=0,
)
print(*radnec.evaluate(nothing, foreign).conclusions, sep="\n")

# %% [markdown]
# ## A table in which there is something
#
# The ladder says how much of it the prevalence, the lesion's volume, and clinical facts already know. Intervals resample
# patients, because the lesions of one are no independent evidence.

# %%
something = simulate_table(n_patients=120, n_features=200, effect=2.5, random_state=5)
settings = radnec.TrainingConfig(candidates=("logistic",), outer_repeats=2, random_state=0)
evaluation = radnec.evaluate(something, settings)
evaluation

# %%
evaluation.frame().query("metric in ['auc', 'log_loss', 'calibration_slope']").pivot(
    index="model", columns="metric", values="value"
).round(3)

# %% [markdown]
# Which features were chosen is as uncertain as the rest: how often each was selected, and how alike the sets of the folds are
# (1 means always the same, 0 no better than drawn by lot).

# %%
print(evaluation.stability)
evaluation.selection_frame().head()

# %% [markdown]
# ## Is it chance?
#
# The permutation test gives the labels to other patients, whole patterns at a time, and repeats everything: folds, selection,
# search, calibration. Twenty permutations can say no more than 1 in 21; a paper wants hundreds.

# %%
quick = radnec.TrainingConfig(candidates=("logistic",), draws=2, outer_repeats=1, random_state=0)
permutation_test(something, quick, n_permutations=20, statistic="log_loss")

# %% [markdown]
# ## Would more patients help?

# %%
curve = learning_curve(something, quick)
figure = curve.figure()
curve.frame().query("metric == 'log_loss'").round(3)

# %% [markdown]
# How many a model of so many candidate features needs at least (Riley et al., BMJ 2020) is known before any is scanned.

# %%
minimum_sample_size(20, prevalence=0.3, auc=0.8)

# %% [markdown]
# ## From images to a ROC figure
#
# The usual study in a few lines: features of all lesions, mRMR inside the folds, patient-grouped cross-validation repeated, and
# the ROC curve with its interval. The images are simulated here; `radnec.read_cohort("cohort.csv")` reads your own.

# %%
source = radnec.simulate_cohort(
    Path(tempfile.mkdtemp()),
    n_patients=30,
    sequences=("T1wCE",),
    sessions_per_patient=(1, 1),
    effect=2.0,
    random_state=1,
)
table = radnec.extract(radnec.read_cohort(source))
study = radnec.TrainingConfig(candidates=("logistic",), selection=("mrmr",), outer_repeats=3, random_state=0)
result = radnec.evaluate(table, study)
figure = roc_figure(result.scored, result.frame())
result.save_html(source.parent / "report.html")
result

# %% [markdown]
# ## The numbers by themselves
#
# Any probabilities of any model can be judged alike. With `groups` the intervals let lesions of a patient be alike.

# %%
held_out = evaluation.predictions.query("model == 'radnec' and repeat == 0")
print(metrics.auc(held_out["y"], held_out["p"], groups=held_out["patient"]))
found = metrics.calibration(held_out["y"], held_out["p"], groups=held_out["patient"])
print(f"slope {found.slope:.2f} ({found.slope_low:.2f} to {found.slope_high:.2f}), ICI {found.ici:.3f}")
