"""Measures examinations of a cohort: each module turns the rows of a lesion's session into indices."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
