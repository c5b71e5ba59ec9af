"""The conventions of the Image Biomarker Standardisation Initiative (reference manual, arXiv:1612.07003)."""
