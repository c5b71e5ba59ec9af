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
# # How to read a report
#
# radnec writes two pages: one about a recipe or model, one about a single lesion. This notebook makes both from a small
# simulated cohort and says what each part can bear. With your own data, start at `read_cohort`.
#
# **Research use only. Not a medical device.**

# %%
import tempfile
from pathlib import Path

import numpy as np

import radnec
from radnec.reporting.lesion import lesion_report

folder = Path(tempfile.mkdtemp())
source = radnec.simulate_cohort(
    folder,
    n_patients=24,
    n_sites=1,
    lesions_per_patient=(1, 1),
    sessions_per_patient=(1, 1),
    sequences=("T1wCE", "FLAIR"),
    effect=2.5,
    random_state=4,
)
cohort = radnec.read_cohort(source)
few = radnec.ExtractionConfig(feature_classes={"shape": ["MeshVolume"], "firstorder": None})
table = radnec.extract(cohort, few)

# %% [markdown]
# ## First the recipe
#
# Whether a single probability deserves attention is decided before any lesion is looked at. The conclusions compare the recipe
# with the prevalence, with the volume alone and with plain logistic regression.

# %%
settings = radnec.TrainingConfig(
    candidates=("logistic",), draws=2, inner_folds=3, outer_repeats=1, resamples=200, random_state=0
)
evaluation = radnec.evaluate(table, settings)
evaluation.save_html(folder / "evaluation.html")
print(*evaluation.conclusions, sep="\n")

# %% [markdown]
# In the page, read the conclusions, then what must be known when reading the numbers, then the ladder. A header of a table sorts
# it, by mouse or with Tab and Enter; each figure can be saved.
#
# ## Then a lesion
#
# The last patient is kept away from training.

# %%
new = cohort["patient_id"].max()
model = radnec.train(table[table["patient_id"] != new], settings)
lesion = f"{new}/{table.loc[table['patient_id'] == new, 'lesion_id'].iloc[0]}"
report = lesion_report(model, cohort, lesion, table=table)
report.save_html(folder / "lesion.html")
report

# %% [markdown]
# From above: the **call** is the outcome that cannot be ruled out, not a probability above one half. The **bar** is the range of
# the fold models and no confidence interval; the dashed line is the prevalence, which the model would say of every lesion if it
# had learnt nothing. Look at the **images**: a wrong mask makes every number below wrong, and no number can tell.
#
# ## What moved it
#
# The steps lead from a typical training lesion to this one, in log-odds, and add up.

# %%
moved = report.contributions
for group, amount in zip(moved.groups, moved.log_odds, strict=True):
    print(f"{group:20} {amount:+.2f}")
odds = np.log([moved.typical / (1 - moved.typical), moved.p / (1 - moved.p)])
print(
    f"sum {moved.log_odds.sum():+.2f}, distance {odds[1] - odds[0]:+.2f}; typical {moved.typical:.2f}, here {moved.p:.2f}"
)

# %% [markdown]
# They describe the model. A group that moved the probability is no cause of anything, and where two groups go together each has
# a share of what either could have said alone.
#
# ## Published evidence
#
# Where indices were measured, published accuracies give a second opinion beside the model. Here a FET uptake ratio is made up.

# %%
with_pet = lesion_report(model, cohort, lesion, table=table.assign(index_TBRmax=1.7))
with_pet.ledger.frame()[["evidence", "value", "cutoff", "favours", "likelihood_ratio", "p_necrosis"]].round(2)

# %% [markdown]
# ## When there is no call
#
# A lesion unlike those of training gets no call. The page says why, and keeps the number for the record only.

# %%
strange = table.copy()
features = [name for name in strange if "_original_" in name]
strange[features] = strange[features] * 50
withheld = lesion_report(model, None, lesion, table=strange)
print(withheld.assessed["call"], "-", withheld.assessed["reason"])
