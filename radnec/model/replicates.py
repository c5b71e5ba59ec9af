"""Repeated measurements, ready to be asked which features repeat in some patients."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from radnec.errors import TableError, TrainingWarning
from radnec.model.door import check_table
from radnec.model.stable import StableFeatures, is_measured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from radnec.config import TrainingConfig


@dataclass(frozen=True)
class Repeated:
    """Which features repeat, by the replicates of some patients.

    Parameters
    ----------
    kept : list of str
        Features that reach the threshold, and those that nothing is known of.
    judged : int
        Features that the replicates hold.
    reached : int
        Of those, how many reach the threshold; where none does the best is kept all the same.
    iccs : dict of str to float
        What was compared with the threshold, of each feature judged; absent where it cannot be computed.
    """

    kept: list[str]
    judged: int
    reached: int
    iccs: dict[str, float]

    def counts(self) -> dict[str, int]:
        """Return the numbers of features judged and stable, which hold nothing of any patient."""
        return {"judged": self.judged, "reached": self.reached}


@dataclass(frozen=True)
class Replicates:
    """Repeated measurements of the lesions that are learnt from, and how they are judged.

    Parameters
    ----------
    table : DataFrame
        One row per lesion and repeat, in an order that does not depend on how they came; patients as text.
    config : TrainingConfig
        ``min_icc``, ``icc_type``, ``icc_bound``, ``rater`` and the patient column.
    """

    table: pd.DataFrame
    config: TrainingConfig

    @classmethod
    def of(cls, table: Any, features: Sequence[str], patients: NDArray[np.str_], config: TrainingConfig) -> Self:
        """Check a table of replicates against the rows that are learnt from.

        Parameters
        ----------
        table : DataFrame
            As :class:`radnec.model.StableFeatures` takes it.
        features : list of str
            Features of the recipe; other columns of numbers are left out.
        patients : array of str
            Patients that are learnt from.
        config : TrainingConfig
            How they are judged.

        Raises
        ------
        radnec.errors.TableError
            If `table` is no table with the patient column, has no patient or no feature in common with the rows, or
            lacks the column that tells repeats apart.
        """
        check_table(table)
        if config.patient not in table.columns:
            raise TableError(f"replicates lack the column {config.patient!r}; expected the patient of each row there")
        table = table.assign(**{config.patient: table[config.patient].astype(str)})
        if not table[config.patient].isin(patients).any():
            raise TableError(
                f"no patient of the replicates, such as {table[config.patient].iloc[:1].tolist()}, is among those "
                f"learnt from, such as {patients[:1].tolist()}; expected replicates of the same patients"
            )
        selector = StableFeatures(replicates=table, patient=config.patient, rater=config.rater)
        keys = selector.keys()
        shared = [name for name in features if name in table.columns and name not in keys and is_measured(table[name])]
        if not shared:
            raise TableError(
                "no feature is a column of numbers in the replicates; measure both with the same settings, and give "
                "features the same names"
            )
        rows = table[[*keys, *shared]]
        rows.attrs = {}
        place = np.lexsort([rows[name].astype(str).to_numpy() for name in keys])
        return cls(rows.iloc[place].reset_index(drop=True), config)

    def of_patients(self, patients: NDArray[np.str_]) -> Replicates:
        """Return the replicates of these patients alone."""
        return Replicates(self.table[self.table[self.config.patient].isin(patients)], self.config)

    def unjudged(self, features: Sequence[str]) -> list[str]:
        """Return the features that the replicates do not hold as numbers, which always pass."""
        return [name for name in features if name not in self.table.columns]

    def judge(self, features: Sequence[str], patients: NDArray[np.str_]) -> Repeated:
        """Say which features repeat in these patients; the rows of all others play no part.

        Parameters
        ----------
        features : list of str
            Features of the recipe.
        patients : array of str
            Training patients.

        Raises
        ------
        radnec.errors.TableError
            If fewer than two lesions of these patients have replicates.
        """
        config = self.config
        selector = StableFeatures(
            replicates=self.table,
            threshold=config.min_icc,
            icc_type=config.icc_type,
            bound=config.icc_bound,
            patient=config.patient,
            rater=config.rater,
            unknown="keep",
        )
        names = pd.DataFrame(np.empty((len(patients), len(features))), columns=list(features))
        with warnings.catch_warnings():
            # Counted instead, and told once for all folds.
            warnings.filterwarnings("ignore", message="none of .* features has ICC", category=TrainingWarning)
            try:
                selector.fit(names, groups=patients)
            except TableError as error:
                raise TableError(
                    f"the replicates do not serve the training patients of every fold: {error}. Give replicates of "
                    "more patients, or ask for fewer folds"
                ) from error
        column = "low" if config.icc_bound == "low" else "icc"
        found = selector.iccs_.set_index("feature")[column].dropna().astype(float)
        return Repeated(
            kept=[str(name) for name in selector.get_feature_names_out()],
            judged=len(selector.iccs_),
            reached=int((found >= config.min_icc).sum()),
            iccs={str(name): value for name, value in found.items()},
        )
