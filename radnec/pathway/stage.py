"""A stage of the work-up: what is examined, which columns hold the findings, what it costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from radnec.cohort.fields import SEQUENCES, clinical_predictors
from radnec.errors import ConfigError, TableError
from radnec.features.columns import feature_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_CONVENTIONAL = ("T1w", "T1wCE", "T2w", "FLAIR", "SWI")
_NUCLEAR = tuple(name for name in SEQUENCES if name.startswith(("PET", "SPECT")))
_FUNCTIONAL = tuple(name for name in SEQUENCES if name not in (*_CONVENTIONAL, *_NUCLEAR))
_CONVENTIONAL_INDICES = "lesion_quotient|T1T2_mismatch|oedema_|TRAM_|volume_change|doubling_time|growth_"
_FUNCTIONAL_INDICES = "nCBV_|nCBF_|nPH|PSR_|MTT_|K2_|Ktrans|ve_|vp_|IAUC|wash-?in|wash-?out|n?ASL_|n?ADC_|Cho_|LipLac_"
_NUCLEAR_INDICES = "TBR|SUV|MTV|TLG|TTP|slope_|FET_|FDG_|FDOPA_|MET_|Tl201_|MIBI_"


@dataclass(frozen=True)
class Stage:
    """One stage of a pathway.

    Parameters
    ----------
    name : str
        What the stage is called in tables.
    columns : str or tuple of str
        Columns that hold its findings: their names, or a regular expression that is searched for in the names of the
        feature columns and of the clinical predictors of a table.
    examinations : tuple of str, optional
        What has to be done for it; `name` by default.
    cost : float, default 0.0
        Cost of the examination, in the unit in which ``Pathway(costs=...)`` states the cost of a wrong call.
    availability : float, default 1.0
        How likely it can be had, 0 to 1; what cannot be had is never proposed.
    needed : float, default 0.5
        Share of its columns that a lesion must have a value in to count as examined. The others are imputed within the
        stage, from lesions that were examined.

    Raises
    ------
    radnec.errors.ConfigError
        If a value is out of range.

    Examples
    --------
    >>> Stage("PET", ("index_TBRmax", "index_TBRmean"), cost=0.02).examinations
    ('PET',)
    """

    name: str
    columns: str | tuple[str, ...]
    examinations: tuple[str, ...] = ()
    cost: float = 0.0
    availability: float = 1.0
    needed: float = 0.5

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.columns:
            raise ConfigError(f"stage {self.name!r} has the columns {self.columns!r}; expected a name and columns")
        if not isinstance(self.columns, str):
            object.__setattr__(self, "columns", tuple(self.columns))
        else:
            try:
                re.compile(self.columns)
            except re.error as error:
                raise ConfigError(f"stage {self.name}: columns is no regular expression ({error})") from None
        object.__setattr__(self, "examinations", tuple(self.examinations) or (self.name,))
        if self.cost < 0:
            raise ConfigError(f"stage {self.name}: cost is {self.cost}; expected 0 or more")
        if not 0 <= self.availability <= 1:
            raise ConfigError(f"stage {self.name}: availability is {self.availability}; expected 0 to 1")
        if not 0 < self.needed <= 1:
            raise ConfigError(f"stage {self.name}: needed is {self.needed}; expected a share above 0 and up to 1")

    def columns_in(self, table: pd.DataFrame) -> list[str]:
        """Return the stage's columns in a table, in order of name.

        Parameters
        ----------
        table : DataFrame
            A feature table.

        Raises
        ------
        radnec.errors.TableError
            If a column that is named is absent.
        """
        if isinstance(self.columns, str):
            known = dict.fromkeys([*feature_columns(table), *(n for n in clinical_predictors() if n in table)])
            # An empty column is an examination that no lesion had.
            return sorted(n for n in known if re.search(self.columns, n) and table[n].notna().any())
        absent = [name for name in self.columns if name not in table]
        if absent:
            raise TableError(
                f"stage {self.name} names {absent[0]!r}, which is no column of the table; expected the columns of "
                "Stage(columns=...), or a regular expression for whatever there is"
            )
        return sorted(self.columns)


def default_stages() -> tuple[Stage, ...]:
    """Return the usual work-up: conventional MRI with clinical data, functional MRI, then PET or SPECT.

    What remains in doubt after the last is referred to a board. No examination has a cost, so that any expected gain
    counts; state yours with ``dataclasses.replace(stage, cost=...)``.

    Returns
    -------
    tuple of Stage
        ``conventional``, ``functional`` and ``nuclear``.

    Examples
    --------
    >>> import pandas as pd
    >>> names = ["T1wCE_original_glcm_Id", "age_years", "index_nCBV_mean", "index_TBRmax", "delta_index_TBRmax"]
    >>> table = pd.DataFrame(1.0, index=[0], columns=names)
    >>> for stage in default_stages():
    ...     print(stage.name, stage.columns_in(table))
    conventional ['T1wCE_original_glcm_Id', 'age_years']
    functional ['index_nCBV_mean']
    nuclear ['delta_index_TBRmax', 'index_TBRmax']
    """
    clinical = f"^({'|'.join(clinical_predictors())})$"
    return (
        Stage("conventional", f"{_pattern(_CONVENTIONAL, _CONVENTIONAL_INDICES)}|{clinical}", ("conventional MRI",)),
        Stage(
            "functional",
            _pattern(_FUNCTIONAL, _FUNCTIONAL_INDICES),
            ("perfusion MRI", "diffusion MRI", "spectroscopy"),
        ),
        Stage("nuclear", _pattern(_NUCLEAR, _NUCLEAR_INDICES), ("PET", "SPECT")),
    )


def _pattern(sequences: Sequence[str], indices: str) -> str:
    names = "|".join(map(re.escape, sorted(sequences)))
    return rf"^(?:delta_(?:relative_|per_month_)?)?(?:(?:{names})(?:-[^_]+)?_|index_(?:{indices}))"


def columns_of(stages: Sequence[Stage], table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns of each stage that a table has some of, by the stage's name.

    Raises
    ------
    radnec.errors.ConfigError
        If two stages have one name or one column.
    radnec.errors.TableError
        If the first stage, with which every lesion begins, has no column.
    """
    found: dict[str, list[str]] = {}
    owner: dict[str, str] = {}
    for stage in stages:
        if stage.name in found:
            raise ConfigError(f"two stages are called {stage.name!r}; expected each name once")
        found[stage.name] = stage.columns_in(table)
        for name in found[stage.name]:
            if name in owner:
                raise ConfigError(
                    f"column {name} belongs to the stages {owner[name]} and {stage.name}; expected one. "
                    "Name the columns of one of them"
                )
            owner[name] = stage.name
    if not found[stages[0].name]:
        raise TableError(
            f"no column of the table belongs to the first stage, {stages[0].name} ({stages[0].columns!r}); expected "
            "columns that every lesion has, such as those of radnec.extract. Or state them with Stage(name, columns)"
        )
    return {name: columns for name, columns in found.items() if columns}
