"""Brings images of one sequence to a common scale of intensities: white stripe, tissue ratio, Nyúl's landmarks."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
