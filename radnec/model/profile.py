"""The profile of a table: what a model keeps of its training rows to recognise change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pandas as pd

from radnec.model.cells import typed
from radnec.model.reference import LEVEL, PATIENTS, STRATUM, deciles, places, spectrum
from radnec.model.strata import Strata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Profile:
    """Deciles of the features per scanner, and how alike the features are; no row of the table.

    Parameters
    ----------
    table : DataFrame
        From :func:`radnec.model.reference.deciles`.
    spectra : mapping of str to list of float
        Per scanner column, from :func:`radnec.model.reference.spectrum`.

    Examples
    --------
    >>> import numpy as np
    >>> frame = pd.DataFrame({"scanner_id": "A", "a": np.arange(20.0)})
    >>> profile = Profile.of(frame, np.arange(20).astype(str), ["a"], {"scanner_id": ["a"]})
    >>> profile.patients, profile.everyone
    ({'scanner_id A': 20}, 20)
    """

    table: pd.DataFrame
    spectra: Mapping[str, list[float]]

    @classmethod
    def of(
        cls, frame: pd.DataFrame, patients: NDArray[np.str_], numbers: Sequence[str], batches: Mapping[str, list[str]]
    ) -> Self:
        """Describe rows; parameters as of :func:`radnec.model.reference.deciles`."""
        frame = typed(frame, numbers, [], list(batches))
        table = deciles(frame, patients, numbers, batches)
        strata = Strata.of(frame, numbers, batches)
        known = set(table.loc[table[LEVEL].notna(), STRATUM])
        found = {
            column: spectrum(places(frame, table, strata, column), patients, len(known & set(strata.rows[column])))
            for column in strata.columns
        }
        return cls(table, found)

    def beside(self, quantiles: pd.DataFrame) -> pd.DataFrame:
        """Return quantiles of all rows with the profile below them, as one table to be stored."""
        return pd.concat([quantiles, self.table], ignore_index=True)

    @property
    def patients(self) -> dict[str, int]:
        """Patients behind the deciles of each stratum."""
        rows = self.table[self.table[LEVEL].notna()]
        return {str(name): int(count) for name, count in rows.groupby(STRATUM, sort=False)[PATIENTS].first().items()}

    @property
    def everyone(self) -> int:
        """Patients of the whole table."""
        return int(self.table[PATIENTS].max())

    @property
    def empty(self) -> pd.Series:
        """Share of empty cells of each feature, each patient counting once."""
        row = self.table[self.table[LEVEL].isna()].iloc[-1]
        return row.drop([STRATUM, PATIENTS, LEVEL]).astype(float)


def apart(stored: pd.DataFrame, spectra: Mapping[str, list[float]]) -> tuple[pd.DataFrame, Profile | None]:
    """Return the quantiles and the profile of a stored table; None for one that was stored without a profile.

    Examples
    --------
    >>> import numpy as np
    >>> frame = pd.DataFrame({"a": np.arange(20.0)})
    >>> profile = Profile.of(frame, np.arange(20).astype(str), ["a"], {})
    >>> quantiles, found = apart(profile.beside(pd.DataFrame({"level": [0.5], "a": [9.5]})), profile.spectra)
    >>> len(quantiles), found.table.equals(profile.table)
    (1, True)
    """
    if STRATUM not in stored:
        return stored, None
    below = stored[STRATUM].notna().to_numpy()
    first = [STRATUM, PATIENTS, LEVEL]
    table = stored.loc[below, [*first, *stored.columns.difference(first, sort=False)]].reset_index(drop=True)
    return stored[~below].drop(columns=[STRATUM, PATIENTS]), Profile(table, spectra)
