"""Conventional MRI: lesion quotient, T1/T2 mismatch, oedema, delayed contrast, and growth."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
