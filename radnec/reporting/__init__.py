"""Results in the formats of the places that images come from: the hospital's archive and the research folder."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
