"""Radiotherapy dose: grids in gray, what a lesion or the brain received, biologically effective doses."""

from radnec.imaging.dose.cohort import add_dose as add_dose
from radnec.imaging.dose.fractionation import bed_gy as bed_gy
from radnec.imaging.dose.fractionation import eqd2_gy as eqd2_gy
from radnec.imaging.dose.reading import read_dose as read_dose
from radnec.imaging.dose.rtdose import TOTAL as TOTAL
from radnec.imaging.dose.volume import DoseVolume as DoseVolume
from radnec.imaging.dose.volume import dose_volume as dose_volume
