"""Writes a Parquet table row group by row group, complete or not at all."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from radnec.errors import TableError
from radnec.features.cache import delete_stale
from radnec.features.unfinished import unfinished_table

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable, Sequence

# So long does nobody work on a table without writing to it.
_STALE_S = 7 * 86400.0


class GrowingTable:
    """A table that is written as it grows, and appears under its name when it is finished.

    Parameters
    ----------
    path : path-like
        Where it will be; an older one is replaced.
    left : DataFrame
        The columns that stand before the features, with all rows: their types cannot always be told from a few.

    Raises
    ------
    radnec.errors.TableError
        If `path` cannot be written, or a column of `left` cannot be stored.

    Notes
    -----
    As a context, it deletes what is unfinished on leaving. What a killed process left beside `path` is deleted by the
    next run that begins a week later. Two processes that write the same table do not mix: the last one stays.

    Examples
    --------
    >>> import tempfile
    >>> left = pd.DataFrame({"lesion_id": ["a", "b"]})
    >>> path = Path(tempfile.mkdtemp()) / "features.parquet"
    >>> with GrowingTable(path, left) as table:
    ...     for row in (0, 1):
    ...         table.append(left.iloc[[row]].assign(index_ADC=1.0 + row))
    ...     written = table.finish(["index_ADC"], {})
    >>> pd.read_parquet(written)["index_ADC"].to_list()
    [1.0, 2.0]
    """

    def __init__(self, path: str | os.PathLike[str], left: pd.DataFrame) -> None:
        self.path = Path(path)
        self._types = parquet_types(left)
        self._empty = left.iloc[:0].reset_index(drop=True)
        self._parts: list[_Part] = []
        # Made before there is anything to write, so that nobody waits for a table that has no place.
        self._begun: Path | None = unfinished_table(self.path)
        delete_stale(self.path.parent, f"{self.path.name}.*.part", _STALE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._begun is not None:
            self._begun.unlink(missing_ok=True)
        for part in self._parts:
            part.delete()

    def append(self, rows: pd.DataFrame) -> None:
        """Write rows as a row group; features that no earlier row had begin another file, to be merged in the end."""
        features = list(rows.columns[len(self._types) :])
        if not self._parts or self._parts[-1].features != features:
            self._close()
            self._parts.append(self._part(features))
        self._parts[-1].append(rows)

    def finish(self, features: Sequence[str], attrs: dict[Hashable | None, Any]) -> Path:
        """Let the table appear.

        Parameters
        ----------
        features : sequence of str
            Features that it shall have; others are left out.
        attrs : dict
            Its ``attrs``; JSON.

        Returns
        -------
        Path
            Where it is.
        """
        self._close(attrs)
        if [part.features for part in self._parts] != [list(features)]:
            merged = self._part(list(features))
            self._parts.append(merged)
            for part in self._parts[:-1]:
                merged.copy(part)
            merged.close(attrs)
        return self._parts[-1].file.replace(self.path)

    def _part(self, features: list[str]) -> _Part:
        file, self._begun = self._begun or unfinished_table(self.path), None
        return _Part(file, self._schema(features), features)

    def _close(self, attrs: dict[Hashable | None, Any] | None = None) -> None:
        if self._parts:
            self._parts[-1].close(attrs)

    def _schema(self, features: Sequence[str]) -> pa.Schema:
        empty = pd.DataFrame(columns=list(features), index=range(0), dtype="float64")
        whole = pd.concat([self._empty, empty], axis=1)
        numbers = [pa.field(name, pa.float64()) for name in features]
        return pa.schema([*self._types, *numbers], pa.Schema.from_pandas(whole, preserve_index=False).metadata)


class _Part:
    """One Parquet file under a temporary name."""

    def __init__(self, file: Path, schema: pa.Schema, features: list[str]) -> None:
        self.file = file
        self.features = features
        self._schema = schema
        # Measurements hardly ever repeat, so dictionaries and ranges of them cost room in the file and in memory.
        described = schema.names[: len(schema.names) - len(features)]
        self._writer = pq.ParquetWriter(
            self.file, schema, store_schema=False, use_dictionary=described, write_statistics=described
        )

    def append(self, rows: pd.DataFrame) -> None:
        self._writer.write_table(pa.Table.from_pandas(rows, schema=self._schema, preserve_index=False))

    def copy(self, other: _Part) -> None:
        """Append the row groups of another part, with the features of this one."""
        with pq.ParquetFile(other.file) as source:
            for number in range(source.num_row_groups):
                rows = source.read_row_group(number)
                absent = pa.nulls(rows.num_rows, pa.float64())
                columns = [rows[name] if name in rows.column_names else absent for name in self._schema.names]
                self._writer.write_table(pa.table(columns, schema=self._schema))

    def close(self, attrs: dict[Hashable | None, Any] | None = None) -> None:
        if self._writer.is_open:
            # The origin is known only now. pyarrow reads it from the schema in the footer, so that is written now too.
            known = {**self._schema.metadata, b"PANDAS_ATTRS": json.dumps(attrs or {}).encode()}
            schema = base64.b64encode(self._schema.with_metadata(known).serialize().to_pybytes())
            self._writer.add_key_value_metadata({**known, b"ARROW:schema": schema})
            self._writer.close()

    def delete(self) -> None:
        if self._writer.is_open:
            self._writer.close()
        self.file.unlink(missing_ok=True)


def parquet_types(table: pd.DataFrame) -> pa.Schema:
    """Return the types that the columns of a table have in a Parquet file.

    Raises
    ------
    radnec.errors.TableError
        If the cells of a column are of several types.

    Examples
    --------
    >>> parquet_types(pd.DataFrame({"note": [1, "a"]}))
    Traceback (most recent call last):
    ...
    radnec.errors.TableError: column 'note' holds int and str, and a column of a Parquet file holds one type; make it
    text, table["note"] = table["note"].astype("string"), or leave it out
    """
    try:
        return pa.Schema.from_pandas(table, preserve_index=False)
    except pa.ArrowException:
        for name in table.columns:
            try:
                pa.Schema.from_pandas(table[[name]], preserve_index=False)
            except pa.ArrowException as error:
                found = " and ".join(sorted({type(one).__name__ for one in table[name].dropna()}))
                raise TableError(
                    f"column {name!r} holds {found}, and a column of a Parquet file holds one type; make it text, "
                    f'table["{name}"] = table["{name}"].astype("string"), or leave it out'
                ) from error
        raise
