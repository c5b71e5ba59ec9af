"""Drafts cohort tables from folders as data sets, archives and hospitals lay them out."""

from radnec.imaging.layouts.draft import PRESETS as PRESETS
from radnec.imaging.layouts.draft import draft_cohort as draft_cohort
