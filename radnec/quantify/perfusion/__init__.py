"""Measures perfusion: DSC, DCE and ASL, from signal curves to maps and indices."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
