"""Takes rows of numbers through the preparation of a fitted fold model, only in the columns that it uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from radnec.model.batch_effects import without_batch_effect
from radnec.model.batches import OTHER
from radnec.model.cells import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import pandas as pd
    from sklearn.pipeline import Pipeline

    from radnec.model.harmonise import ComBat

Array = NDArray[np.float64]

# A fitted model is never fitted again, so what was read off it stays true as long as it lives.
_FOUND: WeakKeyDictionary[Pipeline, Express | None] = WeakKeyDictionary()
_NAMES: WeakKeyDictionary[Pipeline, list[str]] = WeakKeyDictionary()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra to one thread; the libraries are looked for once, which takes milliseconds."""
    found: AbstractContextManager[Any] = _controller().limit(limits=1)
    return found


def names_used(member: Pipeline) -> list[str]:
    """Return the features that a fitted fold model uses."""
    if member not in _NAMES:
        _NAMES[member] = [str(name) for name in member[:-1].get_feature_names_out()]
    return _NAMES[member]


class _Shift(NamedTuple):
    """A batch column's part in the used columns: its features among all, and where its used ones stand."""

    column: str
    members: NDArray[np.intp]
    used: NDArray[np.intp]
    own: NDArray[np.intp]
    combat: ComBat
    pooled: frozenset[str]


@dataclass(frozen=True, eq=False)
class Express:
    """What a fold model's preparation does to the columns that the model uses in the end.

    Harmonising, imputing and scaling treat every column by itself, and the filters only drop columns: so those that
    are dropped need not be prepared. The results are those of the pipeline, to the bit.
    """

    features: list[str]
    kept: NDArray[np.intp]
    shifts: tuple[_Shift, ...]
    fill: Array
    mean: Array
    scale: Array

    @classmethod
    def of(cls, member: Pipeline) -> Self | None:
        """Return the short way through a fitted fold model; None with categories or covariates, which need the long.

        Parameters
        ----------
        member : Pipeline
            Of the steps ``prepare``, ``select`` and ``classify``.
        """
        if member not in _FOUND:
            _FOUND[member] = cls._read_off(member)
        found: Any = _FOUND[member]
        return found  # type: ignore[no-any-return]

    @classmethod
    def _read_off(cls, member: Pipeline) -> Self | None:
        harmonise, encode, impute, *filters, scale = (step for _, step in member[0].steps)
        if encode.categories_ or harmonise.covariates:
            return None
        features, place = list(harmonise.features), {name: n for n, name in enumerate(harmonise.features)}
        through = np.arange(len(features))
        for one in filters:
            through = through[one.get_support()]
        last = np.flatnonzero(member[1].get_support())
        kept = through[last]
        shifts = []
        for column, combat in harmonise.combats_.items():
            own_place = {name: n for n, name in enumerate(combat.features_)}
            used = [n for n, position in enumerate(kept) if features[position] in own_place]
            shifts.append(
                _Shift(
                    column,
                    np.array([place[name] for name in harmonise.batches[column]], dtype=np.intp),
                    np.array(used, dtype=np.intp),
                    np.array([own_place[features[kept[n]]] for n in used], dtype=np.intp),
                    combat,
                    frozenset(harmonise.pooled_[column]),
                )
            )
        return cls(features, kept, tuple(shifts), impute.statistics_[kept], scale.mean_[last], scale.scale_[last])

    def transform(self, rows: Rows) -> Array:
        """Return the rows as the fold model sees them, shape (n, features it uses)."""
        places = rows.places(self.features)
        values = rows.numbers[:, places[self.kept]].T.copy()
        for shift in self.shifts:
            if len(shift.used):
                self._harmonise(values, shift, rows, places)
        filled = np.where(np.isnan(values), self.fill[:, None], values)
        return np.asarray(((filled - self.mean[:, None]) / self.scale[:, None]).T)

    @staticmethod
    def _harmonise(values: Array, shift: _Shift, rows: Rows, places: NDArray[np.intp]) -> None:
        combat, own = shift.combat, shift.own
        text = rows.batch(shift.column)
        measured = rows.known[:, places[shift.members]].any(axis=1)
        names = np.array([OTHER if name in shift.pooled else name for name in text], dtype=object)
        for number, batch in enumerate(combat.batches_):
            at = np.flatnonzero((names == batch) & measured & (text != ""))
            if len(at):
                values[np.ix_(shift.used, at)] = without_batch_effect(
                    values[np.ix_(shift.used, at)],
                    location=combat.gamma_star_[number, own],
                    scale=combat.delta_star_[number, own],
                    centre=combat.grand_mean_[own],
                    sd=np.sqrt(combat.pooled_variance_[own]),
                    covariates=np.zeros((len(at), 0)),
                    effects=combat.covariate_effects_[:, own],
                )


class Rows:
    """Rows of a table as arrays, which every fold model of a recipe reads.

    Parameters
    ----------
    table : DataFrame of shape (n, …)
        As :func:`radnec.model.cells.typed` returns it.
    features : sequence of str
        Its columns of numbers, which come first.
    """

    def __init__(self, table: pd.DataFrame, features: Sequence[str]) -> None:
        self.table = table
        self.numbers: Array = table.iloc[:, : len(features)].to_numpy(dtype=float)
        self.known = ~np.isnan(self.numbers)
        self._place = {name: number for number, name in enumerate(features)}
        self._batches: dict[str, NDArray[np.object_]] = {}

    def places(self, features: Sequence[str]) -> NDArray[np.intp]:
        """Return where columns stand among the numbers."""
        return np.array([self._place[name] for name in features], dtype=np.intp)

    def batch(self, column: str) -> NDArray[np.object_]:
        """Return the batch of each row as text."""
        if column not in self._batches:
            self._batches[column] = text_of(self.table[column]).to_numpy(dtype=object)
        return self._batches[column]
