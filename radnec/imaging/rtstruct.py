"""Keeps the path under which RTSTRUCT reading is known; its home is :mod:`radnec.imaging.masks.rtstruct`."""

from radnec.imaging.masks.rtstruct import RtStructSource

__all__ = ["RtStructSource"]
