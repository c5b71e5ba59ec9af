"""How near to 0 or 1 a probability may come."""

from __future__ import annotations

#: Probabilities closer than this to 0 or 1 are not believed by any calibrator here.
EPSILON = 1e-6
