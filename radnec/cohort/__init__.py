"""The cohort contract: what a cohort table holds, and how it is read and checked."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
