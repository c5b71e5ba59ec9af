"""Drafts cohort tables from folders as data sets, archives and hospitals lay them out."""

from radnec.imaging.layouts.clinical import join_clinical as join_clinical
from radnec.imaging.layouts.draft import PRESETS as PRESETS
from radnec.imaging.layouts.draft import draft_cohort as draft_cohort
from radnec.imaging.layouts.pseudonyms import Pseudonyms as Pseudonyms
from radnec.imaging.layouts.pseudonyms import new_key as new_key
