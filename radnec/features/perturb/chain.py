"""Names chains of perturbations, and the replicates that are drawn of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from radnec.config.explaining import nearest
from radnec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The steps in the order in which they are applied, with the letters that stand for them.
STEPS = {"noise": "N", "translation": "T", "rotation": "R", "volume": "V", "contour": "C"}
#: Name of the replicate that is not perturbed.
NONE = "none"


@dataclass(frozen=True)
class Replicate:
    """One perturbed copy of a lesion.

    Parameters
    ----------
    chain : str
        Steps joined by ``+``, in the order in which they are applied.
    number : int
        Its number among the replicates of the chain, from 1.
    """

    chain: str
    number: int

    @property
    def name(self) -> str:
        """Name in the column ``perturbation``, such as ``rotation+volume-03``."""
        return f"{self.chain}-{self.number:02d}"

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps of its chain."""
        return tuple(self.chain.split("+"))


def chain_name(chain: str) -> str:
    """Return a chain under its full name.

    Parameters
    ----------
    chain : str
        Steps joined by ``+`` in any order, or their letters together: N (noise), T (translation), R (rotation),
        V (volume), C (contour).

    Raises
    ------
    radnec.errors.ConfigError
        If a step is unknown or named twice.

    Examples
    --------
    >>> chain_name("volume+rotation"), chain_name("RVC")
    ('rotation+volume', 'rotation+volume+contour')
    """
    letters = {letter: step for step, letter in STEPS.items()}
    if not isinstance(chain, str) or not chain:
        raise ConfigError(f"perturbation {chain!r}: expected steps such as 'rotation+volume', or letters such as 'RV'")
    steps = [letters[one] for one in chain] if set(chain) <= set(letters) else chain.split("+")
    for step in steps:
        if step not in STEPS:
            raise ConfigError(f"perturbation {chain!r} has the unknown step {step!r}; {nearest(step, STEPS)}")
    if len(set(steps)) < len(steps):
        raise ConfigError(f"perturbation {chain!r} names a step twice; expected each at most once")
    return "+".join(step for step in STEPS if step in steps)


def replicates(perturbations: Sequence[str], repeats: int) -> list[Replicate]:
    """Return the replicates of chains.

    Parameters
    ----------
    perturbations : sequence of str
        Chains, see :func:`chain_name`.
    repeats : int
        Replicates of each.

    Raises
    ------
    radnec.errors.ConfigError
        If a chain is unknown or named twice, or there is nothing to do.

    Examples
    --------
    >>> [one.name for one in replicates(["R", "TV"], 2)]
    ['rotation-01', 'rotation-02', 'translation+volume-01', 'translation+volume-02']
    """
    if isinstance(perturbations, str):
        raise ConfigError(f"perturbations={perturbations!r}: expected a list, such as [{perturbations!r}]")
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        raise ConfigError(f"repeats={repeats!r}: expected a whole number of at least 1")
    chains = [chain_name(chain) for chain in perturbations]
    if not chains:
        raise ConfigError("perturbations is empty; expected chains such as 'rotation+volume+contour'")
    twice = next((chain for chain in chains if chains.count(chain) > 1), None)
    if twice is not None:
        raise ConfigError(f"perturbations names {twice!r} twice; more replicates of it are drawn with repeats=")
    return [Replicate(chain, number) for chain in chains for number in range(1, repeats + 1)]
