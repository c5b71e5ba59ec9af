"""Weighs what examinations say: published accuracies, a ledger, published cut-offs, the staged decision."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
