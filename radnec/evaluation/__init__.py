"""How good a model is, in numbers with intervals, figures and a page."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
