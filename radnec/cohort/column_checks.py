"""Checks each column of a cohort table by itself, with a pandera schema made from the declared fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import FIELDS
from radnec.cohort.suggestions import expected_instead, nearest

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

    from radnec.cohort.field import Field
    from radnec.cohort.findings import Findings


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
        for case in failed.failure_cases.itertuples():
            if case.check == "column_in_dataframe":
                _missing_column(str(case.failure_case), cells, findings)
            else:
                _wrong_value(int(case.index), str(case.column), cells, findings)


def _column(field: Field) -> pa.Column:
    import pandera.pandas as pa

    checks: list[Any] = []
    if field.categories:
        checks.append(pa.Check.isin(field.categories))
    if field.minimum is not None and field.maximum is not None:
        checks.append(pa.Check.in_range(field.minimum, field.maximum))
    dtype = None if field.kind == "segment" else field.dtype
    return pa.Column(dtype, checks, nullable=not field.required, required=field.required)


def _missing_column(name: str, cells: pd.DataFrame, findings: Findings) -> None:
    near = nearest(name, [other for other in cells.columns if other not in FIELDS])
    found = f"no such column, but {near!r}: rename it" if near else "no such column"
    findings.header_problem(name, found, f"{FIELDS[name].expected()} in every row")


def _wrong_value(position: int, name: str, cells: pd.DataFrame, findings: Findings) -> None:
    text = cells[name].iloc[position]
    if not isinstance(text, str):
        findings.problem(position, name, "nothing", FIELDS[name].expected())
    else:
        findings.problem(position, name, repr(text), expected_instead(text, FIELDS[name]))
