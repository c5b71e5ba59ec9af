"""Names the kinds of DICOM objects that radnec reads or writes, by their SOP class (PS3.4, B.5)."""

from __future__ import annotations

_STORAGE = "1.2.840.10008.5.1.4.1.1"

MR = f"{_STORAGE}.4"
PET = f"{_STORAGE}.128"
ENHANCED_PET = f"{_STORAGE}.130"
NM = f"{_STORAGE}.20"
RT_DOSE = f"{_STORAGE}.481.2"
RT_STRUCT = f"{_STORAGE}.481.3"
#: Segmentation, and label map segmentation.
SEG = (f"{_STORAGE}.66.4", f"{_STORAGE}.66.7")
SURFACE_SEG = f"{_STORAGE}.66.5"
PARAMETRIC_MAP = f"{_STORAGE}.30"
SECONDARY_CAPTURE = f"{_STORAGE}.7"
COMPREHENSIVE_SR = f"{_STORAGE}.88.33"
