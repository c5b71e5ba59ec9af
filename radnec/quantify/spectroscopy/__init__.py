"""MR spectroscopy: metabolite tables of fitting programs, and ratios of metabolites."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
