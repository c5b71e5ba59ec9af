"""Regions that are made of a lesion: rim, core, shell, sub-regions, mirror image and reference tissue."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
