"""What repeated evaluations of one recipe on one table start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from radnec.config import TrainingConfig
from radnec.errors import ConfigError, LabelError
from radnec.evaluation.ladder import with_volume
from radnec.evaluation.outer import outer_folds
from radnec.evaluation.protocol import select_rows
from radnec.model.configured import full_recipe
from radnec.model.door import check_table, check_values, refuse_replicates
from radnec.model.measured import extraction_of, same_extraction
from radnec.model.replicates import Replicates
from radnec.model.roles import roles_of
from radnec.model.splits import fresh_seed, patients_per_class

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from radnec.model.recipe import Recipe
    from radnec.model.roles import Roles
    from radnec.model.splits import Split

#: One to hold out, two to tune on.
_FEWEST_PATIENTS = 3


@dataclass(frozen=True)
class Study:
    """Rows fit to learn from, their labels, and the recipe that learns from them.

    Attributes
    ----------
    table : DataFrame of shape (n, …)
        The rows, in their canonical order.
    y : ndarray of bool, shape (n,)
        True for the positive class.
    patients : ndarray of str, shape (n,)
        Patient of each row.
    recipe : Recipe
        The full recipe, unfitted.
    config : TrainingConfig
        All settings.
    seed : int
        Seed of everything random.
    replicates : Replicates or None
        Repeated measurements, of which a fold uses those of its training patients.
    """

    table: pd.DataFrame
    y: NDArray[np.bool_]
    patients: NDArray[np.str_]
    recipe: Recipe
    config: TrainingConfig
    seed: int
    replicates: Replicates | None = None

    @classmethod
    def of(
        cls, table: pd.DataFrame, config: TrainingConfig | None = None, *, replicates: pd.DataFrame | None = None
    ) -> Self:
        """Choose the rows of a table and the columns of the recipe, as :func:`radnec.evaluate` does.

        Parameters
        ----------
        table : DataFrame
            A feature table, or any table whose columns `config` names.
        config : TrainingConfig, optional
            All settings.
        replicates : DataFrame, optional
            Repeated measurements of the lesions.

        Raises
        ------
        radnec.errors.ConfigError
            If `config` is no TrainingConfig.
        radnec.errors.TableError, radnec.errors.LabelError
            As :func:`radnec.evaluate`.

        Examples
        --------
        >>> from radnec.simulate import simulate_table
        >>> study = Study.of(simulate_table(n_patients=20, n_features=10), TrainingConfig(random_state=0))
        >>> len(set(study.patients)), len(study.recipe.features)
        (20, 11)
        """
        if config is not None and not isinstance(config, TrainingConfig):
            raise ConfigError(f"config is a {type(config).__name__}; expected a radnec.TrainingConfig or None")
        config = config or TrainingConfig()
        check_table(table)
        refuse_replicates(table)
        roles = roles_of(table, config)
        selection = select_rows(table, config, features=roles.features)
        patients = selection.table[config.patient].astype(str)
        refuse_too_few_patients(selection.y, patients)
        check_values(selection.table, roles.features, roles.batches, roles.covariates)
        seed = fresh_seed() if config.random_state is None else config.random_state
        return cls(
            with_volume(selection.table),
            (selection.y == config.positive).to_numpy(dtype=bool),
            patients.to_numpy(dtype=str),
            full_recipe(roles, config, seed),
            config,
            seed,
            replicates_of(replicates, table, selection.table, roles, config),
        )

    def folds(self, y: NDArray[np.bool_]) -> list[list[Split]]:
        """Return the outer folds of each repeat for labels `y` (n,), those of :func:`radnec.evaluate` for its own.

        Raises
        ------
        radnec.errors.LabelError, radnec.errors.TableError
            As :func:`radnec.evaluation.outer.outer_folds`.
        """
        return outer_folds(self.table, y, self.patients, self.config, self.seed)[0]


def replicates_of(
    replicates: pd.DataFrame | None, table: pd.DataFrame, rows: pd.DataFrame, roles: Roles, config: TrainingConfig
) -> Replicates | None:
    """Return the replicates of the `rows` of a `table` that are learnt from, once they suit it; None for none.

    Raises
    ------
    radnec.errors.SettingsMismatchError
        If they were measured otherwise than the table.
    radnec.errors.TableError
        As :meth:`radnec.model.replicates.Replicates.of`.
    """
    if replicates is None:
        return None
    same_extraction(replicates, extraction_of(table))
    return Replicates.of(replicates, roles.features, rows[config.patient].astype(str).to_numpy(dtype=str), config)


def refuse_too_few_patients(y: ArrayLike, patients: pd.Series[Any]) -> None:
    """Refuse labels that nested cross-validation could not hold out and still tune on.

    Raises
    ------
    radnec.errors.LabelError
        If a class has fewer than three patients.

    Examples
    --------
    >>> import pandas as pd
    >>> refuse_too_few_patients(["a", "b"] * 3, pd.Series(["1", "1", "2", "2", "3", "3"]))
    """
    counts = patients_per_class(y, patients)
    if min(counts.values()) < _FEWEST_PATIENTS:
        text = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise LabelError(
            f"patients per class are {text}; nested cross-validation needs at least {_FEWEST_PATIENTS} of each, to "
            "hold one out and still tune on two. Add patients of the rarer class"
        )
