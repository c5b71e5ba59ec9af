"""Draws what happens to a lesion in a replicate, from nothing but the seed, its key and the replicate."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from radnec.features.perturb.chain import Replicate
    from radnec.features.perturb.strength import Strength


@dataclass(frozen=True)
class Draw:
    """What happens to a lesion in one replicate, alike in all sequences.

    Parameters
    ----------
    replicate : Replicate
        Chain and number.
    degrees : float
        Angle of rotation.
    shift : tuple of three float
        Translation along the voxel axes (x, y, z), as a share of a voxel.
    volume : float
        Share by which the volume changes.
    words : tuple
        Seed and key, of which all further draws are made.
    """

    replicate: Replicate
    degrees: float
    shift: tuple[float, float, float]
    volume: float
    words: tuple[int | str, ...]

    @property
    def moves(self) -> bool:
        """Whether the grid is turned or shifted."""
        return self.degrees != 0 or any(self.shift)

    def stream(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of one purpose."""
        return stream(*self.words, self.replicate.name, purpose)


def stream(*words: int | str) -> np.random.Generator:
    """Return random numbers that depend on nothing but `words`.

    Examples
    --------
    >>> bool(stream(0, "P1").random() == stream(0, "P1").random() != stream(1, "P1").random())
    True
    """
    text = json.dumps(words, ensure_ascii=True)
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "little"))


def draw(replicate: Replicate, strength: Strength, words: tuple[int | str, ...]) -> Draw:
    """Draw what happens to a lesion in a replicate.

    Parameters
    ----------
    replicate : Replicate
        Chain and number.
    strength : Strength
        How far it may go.
    words : tuple of int or str
        Seed, patient, session and lesion.

    Examples
    --------
    >>> from radnec.features.perturb.chain import Replicate
    >>> from radnec.features.perturb.strength import Strength
    >>> found = draw(Replicate("rotation", 1), Strength(), (0, "P1", "1", "1"))
    >>> -13 < found.degrees < 13, found.shift, found.volume
    (True, (0.0, 0.0, 0.0), 0.0)
    """

    def uniform(step: str, low: float, high: float, size: int = 1) -> list[float]:
        if step not in replicate.steps:
            return [0.0] * size
        return [float(one) for one in stream(*words, replicate.name, step).uniform(low, high, size)]

    x, y, z = uniform("translation", 0, strength.translation_voxels, 3)
    return Draw(
        replicate,
        degrees=uniform("rotation", -strength.rotation_deg, strength.rotation_deg)[0],
        shift=(x, y, z),
        volume=uniform("volume", -strength.volume_fraction, strength.volume_fraction)[0],
        words=words,
    )
