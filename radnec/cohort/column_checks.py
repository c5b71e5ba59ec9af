"""Checks each column of a cohort table by itself, with a pandera schema made from the declared fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import FIELDS
from radnec.cohort.suggestions import expected_instead, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd
    import pandera.pandas as pa

    from radnec.cohort.field import Field
    from radnec.cohort.findings import Findings

#: A table of features has hundreds of columns.
_SHOWN = 12


def schema() -> pa.DataFrameSchema:
    """Return the columns of a cohort table as a pandera schema: presence, types, ranges and categories."""
    import pandera.pandas as pa

    return pa.DataFrameSchema({name: _column(field) for name, field in FIELDS.items()})


def check_columns(table: pd.DataFrame, cells: pd.DataFrame, findings: Findings) -> None:
    """Note every missing column, missing value and value out of range or outside its categories.

    Parameters
    ----------
    table : pandas.DataFrame
        Typed columns, rows numbered from 0.
    cells : pandas.DataFrame
        The text they were made from, for the messages.
    findings : Findings
        Takes the problems.
    """
    import pandera.pandas as pa

    try:
        schema().validate(table, lazy=True)
    except pa.errors.SchemaErrors as failed:
        missing = []
        for case in failed.failure_cases.itertuples():
            if case.check == "column_in_dataframe":
                missing.append(str(case.failure_case))
            else:
                _wrong_value(int(case.index), str(case.column), cells, findings)
        _tell_missing(missing, cells, findings)


def _column(field: Field) -> pa.Column:
    import pandera.pandas as pa

    checks: list[Any] = []
    if field.categories:
        checks.append(pa.Check.isin(field.categories))
    if field.minimum is not None and field.maximum is not None:
        checks.append(pa.Check.in_range(field.minimum, field.maximum))
    dtype = None if field.kind == "segment" else field.dtype
    return pa.Column(dtype, checks, nullable=not field.required, required=field.required)


def _tell_missing(missing: list[str], cells: pd.DataFrame, findings: Findings) -> None:
    """Note the required columns that are missing, and the unknown ones among which they may be."""
    unknown = [name for name in cells.columns if name not in FIELDS]
    nears = {name: nearest(name, unknown) for name in missing}
    for name, near in nears.items():
        found = f"no such column, but {near!r}: rename it" if near else "no such column"
        findings.header_problem(name, found, f"{FIELDS[name].expected()} in every row")
    left = [name for name in unknown if name not in nears.values()]
    if left and None in nears.values():
        more = f", … {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        found = f"unknown columns {', '.join(_told(left[:_SHOWN], cells))}{more}"
        findings.header_problem("(columns)", found, "the names in data_schema.md, which `radnec schema` prints")


def _told(names: Iterable[str], cells: pd.DataFrame) -> Iterator[str]:
    """Yield each column that the contract does not know, with what it may have been meant to be."""
    free = [field for field in FIELDS if field not in cells.columns]
    for name in names:
        near = nearest(name, free)
        yield f"{name!r} (did you mean {near}?)" if near else repr(name)


def _wrong_value(position: int, name: str, cells: pd.DataFrame, findings: Findings) -> None:
    text = cells[name].iloc[position]
    if not isinstance(text, str):
        findings.problem(position, name, "nothing", FIELDS[name].expected())
    else:
        findings.problem(position, name, repr(text), expected_instead(text, FIELDS[name]))
