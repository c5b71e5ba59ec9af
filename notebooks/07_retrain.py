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
# # May the new model take the old one's place?
#
# A department has a model in use, the champion. Its cohort has grown. This notebook trains a candidate on the grown cohort,
# judges both on the same lesions, and lets a written rule decide.
#
# **Research use only. Not a medical device.**

# %%
import tempfile
from pathlib import Path

import pandas as pd

import radnec
from radnec.service import DecisionRule, retrain, retrain_to
from radnec.simulate import simulate_table

folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The model in use
#
# It learnt from the first thirty patients. A few candidates and folds keep the notebook short; leave these settings out for
# real work.

# %%
grown = simulate_table(n_patients=110, n_features=12, n_informative=6, effect=3.0, random_state=0)
patients = grown["patient_id"].unique()
early = grown[grown["patient_id"].isin(patients[:30])]
settings = radnec.TrainingConfig(
    candidates=("logistic",), draws=2, outer_folds=4, outer_repeats=1, inner_folds=4, random_state=0
)
champion = radnec.train(early, settings)
champion

# %% [markdown]
# ## A candidate beside it
#
# Settings and seed are the champion's own. The candidate is judged by models that never saw the lesion's patient, the champion
# as it stands. The champion has seen thirty of the patients, and would look better on them than it is: the result says which
# lesions were compared.

# %%
found = retrain(grown, champion)
found

# %%
found.basis.sentence

# %%
numbers = found.frame().query("metric in ('log_loss', 'brier', 'auc') or metric.str.endswith('difference_champion')")
numbers.drop(columns="reason").round(3)

# %% [markdown]
# The last lines are differences, candidate less champion, on the same lesions and the same resamples of patients. Below 0 is
# better for log loss and Brier score, above 0 for the AUC. The rule reads them:

# %%
print(found.rule.sentence)
for reason in found.reasons:
    print("-", reason)

# %% [markdown]
# ## Nothing new to learn from
#
# A candidate of the same patients, on the other hand, is compared on what the champion has seen. That favours the champion, and
# is said. Another rule may be chosen, such as the AUC as primary score, and travels with the numbers.

# %%
same = retrain(early, champion, rule=DecisionRule(primary="auc"))
print(same.headline)
print(same.basis.sentence)

# %% [markdown]
# ## Into files, for a script at night
#
# `radnec train grown.parquet --champion current.radnec --out candidate.radnec` does what the next cell does. Its exit code is 0
# when the candidate is accepted and 3 when the champion is kept. Nothing is replaced, and a run that was killed goes on where
# it was: fold models that were finished are taken up from the folder `candidate.radnec.work`.

# %%
written = retrain_to(grown, champion, folder / "candidate.radnec")
again = retrain_to(grown, champion, folder / "candidate.radnec")
pd.Series({"accepted": written.report["accepted"], "done again": not again.again, "run": written.report["run"]})

# %%
sorted(file.name for file in folder.iterdir())

# %% [markdown]
# ## Or mend the champion
#
# Where there are too few new patients to learn from, an intercept for another prevalence may be all that is needed. With few
# events it moves little, and the new model records its parent.

# %%
new = grown[~grown["patient_id"].isin(patients[:30])]
mended = champion.recalibrate(new, new["label"], slope=False)
print(mended.summary_["notes"][-1])
print(mended.identity_, "made from", mended.parent_)
