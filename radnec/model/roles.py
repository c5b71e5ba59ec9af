"""Decides which column of a table plays which role in learning."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pandas.api.types import is_bool_dtype, is_numeric_dtype

from radnec.cohort.fields import FIELDS, names
from radnec.errors import LeakageError, TableError
from radnec.features.columns import batch_of, feature_columns
from radnec.features.naming import parse_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from radnec.config import TrainingConfig


@dataclass(frozen=True)
class Roles:
    """The columns a recipe reads.

    Parameters
    ----------
    features : list of str
        Feature columns, sorted by name.
    batches : dict of str to list of str
        Batch column to the features it harmonises.
    covariates : list of str
        Columns whose effect harmonisation preserves.
    notes : tuple of str
        What the user should know of these choices, as sentences.
    """

    features: list[str]
    batches: dict[str, list[str]] = field(default_factory=dict)
    covariates: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def roles_of(table: pd.DataFrame, config: TrainingConfig) -> Roles:
    """Return the roles that `config` gives to the columns of `table`.

    Measured radiomics are harmonised by the scanner of their modality (``scanner_id``, ``scanner_id_PET``, …), and so
    are the numeric features of foreign tables. Left as they are: indices (``index_…``), which are physiological
    quantities to which published cut-offs apply; changes (``delta_…``), which may span two scanners; and the clinical
    columns of the cohort contract.

    Raises
    ------
    radnec.errors.TableError
        If no column is a feature, or a named column is absent.
    radnec.errors.LeakageError
        If a feature or covariate is the label, the patient or an outcome column.

    Examples
    --------
    >>> import pandas as pd
    >>> from radnec.config import TrainingConfig
    >>> table = pd.DataFrame({"patient_id": ["A"], "label": ["necrosis"], "T1wCE_original_glcm_Contrast": [2.0]})
    >>> roles = roles_of(table, TrainingConfig())
    >>> roles.features, roles.notes
    (['T1wCE_original_glcm_Contrast'], ('No column scanner_id in the table: features were not harmonised.',))
    """
    features = _features(table, config)
    _refuse_outcomes(features, "features", config)
    _refuse_outcomes(config.covariates, "covariates", config)
    absent = [name for name in config.covariates if name not in table.columns]
    if absent:
        raise TableError(f"covariate {absent[0]!r} is no column of the table; expected one of {_some(table.columns)}")
    batches, notes = _batches(table, features, config)
    _refuse_outcomes(list(batches), "batch columns", config)
    return Roles(features, batches, list(config.covariates) if batches else [], tuple(notes))


def _features(table: pd.DataFrame, config: TrainingConfig) -> list[str]:
    columns = [str(name) for name in table.columns]
    if config.features is None:
        found = feature_columns(table)
        if not found and {"image_path", "mask_path"} <= set(columns):
            raise TableError(
                "the table is a cohort: it names images and holds no features. Measure it with radnec.extract(cohort)"
            )
        if not found:
            reserved = {config.label, config.patient, *names(role="outcome")}
            numbers = [str(name) for name in table.select_dtypes("number").columns if name not in reserved]
            foreign = [name for name in numbers if parse_foreign(name)]
            named = '"^(original|log|wavelet)"' if foreign else repr(numbers[:3])
            known = ". radnec.features.columns.from_pyradiomics gives plain pyradiomics' columns radnec's names"
            raise TableError(
                "no column of the table is named like a radnec feature. Name the features yourself, leaving out "
                "whatever "
                f"is a name or known only afterwards, for example TrainingConfig(features={named}); "
                f"{len(numbers)} numeric columns: {_some(foreign or numbers)}{known if foreign else ''}"
            )
        return found
    if isinstance(config.features, str):
        pattern = re.compile(config.features)
        found = sorted(name for name in columns if pattern.search(name))
        if not found:
            raise TableError(f"features={config.features!r} matches none of the columns {_some(columns)}")
        return found
    absent = [name for name in config.features if name not in columns]
    if absent:
        raise TableError(f"{len(absent)} named features are no columns of the table: {_some(absent)}")
    return sorted(set(config.features))


def _refuse_outcomes(chosen: Sequence[str], what: str, config: TrainingConfig) -> None:
    forbidden = dict.fromkeys(names(role="outcome"), "known only with the outcome")
    forbidden |= dict.fromkeys(names(role="key"), "a name, not a measurement")
    if what == "features":
        forbidden |= dict.fromkeys(names(role="acquisition"), "how the image was made, not what it shows")
        forbidden |= dict.fromkeys(names(role="bookkeeping"), "how the row came about")
    forbidden |= {config.label: "the label", config.patient: "the patient"}
    for name in chosen:
        if name in forbidden:
            raise LeakageError(
                f"column {name!r} among the {what} is {forbidden[name]}; expected only what is known of a new lesion. "
                "Leave it out"
            )


def _batches(
    table: pd.DataFrame, features: list[str], config: TrainingConfig
) -> tuple[dict[str, list[str]], list[str]]:
    if config.batch is None:
        return {}, ["Harmonisation was switched off (batch=None)."]
    if config.batch not in table.columns and "batch" in config.model_fields_set:
        raise TableError(
            f"batch column {config.batch!r} is no column of the table; expected one of {_some(table.columns)}, "
            "or TrainingConfig(batch=None)"
        )
    groups: dict[str, list[str]] = {}
    for name in features:
        if _is_measured(table, name) and name not in config.covariates:
            own = batch_of(name)
            column = config.batch if own in (None, "MR") else f"{config.batch}_{own}"
            groups.setdefault(column, []).append(name)
    batches, notes = {}, []
    for column, members in groups.items():
        if column not in table.columns:
            notes.append(f"No column {column} in the table: {_which(column, config)} were not harmonised.")
        elif table[column].nunique() < 2:
            notes.append(
                f"Column {column} holds fewer than two scanners: {_which(column, config)} were not harmonised."
            )
        else:
            batches[column] = members
    return batches, notes


def _is_measured(table: pd.DataFrame, name: str) -> bool:
    number = is_numeric_dtype(table[name]) and not is_bool_dtype(table[name])
    return number and name not in FIELDS and not name.startswith(("index_", "delta_"))


def _which(column: str, config: TrainingConfig) -> str:
    return "features" if column == config.batch else f"{column.rsplit('_', 1)[1]} features"


def _some(items: Sequence[object] | pd.Index) -> str:
    shown = [str(item) for item in list(items)[:8]]
    return ", ".join(shown) + (f", … ({len(items)} in all)" if len(items) > len(shown) else "")
