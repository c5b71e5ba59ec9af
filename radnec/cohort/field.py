"""One declared column of the cohort table: its type, its role and what it may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "category", "integer", "number", "numbers", "flag", "date", "path", "segment"]
Role = Literal["key", "predictor", "outcome", "acquisition", "bookkeeping"]
Group = Literal["key", "time", "image", "radiotherapy", "clinical", "label", "bookkeeping"]
Level = Literal["row", "session", "lesion", "lesion_session", "patient"]

#: Columns that identify what a value of each level belongs to; rows that share them must agree.
LEVEL_KEYS: dict[Level, tuple[str, ...]] = {
    "row": (),
    "session": ("patient_id", "session_id"),
    "lesion": ("patient_id", "lesion_id"),
    "lesion_session": ("patient_id", "session_id", "lesion_id"),
    "patient": ("patient_id",),
}

_DTYPES: dict[Kind, str] = {
    "integer": "Int64",
    "number": "Float64",
    "flag": "boolean",
    "date": "datetime64[us]",
}

_EXPECTED: dict[Kind, str] = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "numbers": "rising numbers separated by semicolons, such as 0;1.5;3",
    "flag": "yes or no",
    "date": "a date as YYYY-MM-DD",
    "path": "the path of an existing file or folder",
    "segment": "a label value of 1 or more, or a segment name",
}


@dataclass(frozen=True)
class Field:
    """A column of the cohort table.

    Parameters
    ----------
    name : str
        Column name; units are part of it.
    kind : {"text", "category", "integer", "number", "numbers", "flag", "date", "path", "segment"}
        Type of the values. ``numbers`` are rising numbers separated by semicolons; ``segment`` is a label
        value or the name of a segment.
    role : {"key", "predictor", "outcome", "acquisition", "bookkeeping"}
        ``key`` identifies a row. ``predictor`` is known when the lesion is judged and may be learnt from.
        ``outcome`` is known only afterwards and is refused as a feature. ``acquisition`` says where, when and
        how the image was made (paths, scanner, dates): neither a predictor nor an outcome. ``bookkeeping`` says how
        the row came about.
    group : {"key", "time", "image", "radiotherapy", "clinical", "label", "bookkeeping"}
        Heading it stands under.
    level : {"row", "session", "lesion", "lesion_session", "patient"}
        What the value belongs to; it must agree over all rows of that thing.
    description : str
        Meaning, in one sentence.
    required : bool
        Whether every row needs a value.
    categories : tuple of str
        Allowed values of a ``category``.
    minimum, maximum : float or None
        Allowed range, both ends included, in `unit`.
    unit : str
        Unit of the value, "" where there is none.

    Examples
    --------
    >>> dose = Field("dose", "number", "predictor", "radiotherapy", "lesion", "Dose.", minimum=1, maximum=80)
    >>> dose.expected()
    'a number from 1 to 80'
    """

    name: str
    kind: Kind
    role: Role
    group: Group
    level: Level
    description: str
    required: bool = False
    categories: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""

    @property
    def dtype(self) -> str:
        """Type of the column in what ``read_cohort`` returns; missing is ``NA`` (``NaT`` in dates)."""
        return _DTYPES.get(self.kind, "string")

    def expected(self) -> str:
        """Say in a few words what a value must be."""
        if self.kind == "category":
            return "one of " + ", ".join(self.categories)
        return " ".join(part for part in (_EXPECTED[self.kind], self.limits()) if part)

    def limits(self) -> str:
        """Say the allowed range with its unit, "" where there is none."""
        if self.minimum is None or self.maximum is None:
            return self.unit and f"in {self.unit}"
        return f"from {self.minimum:g} to {self.maximum:g} {self.unit}".rstrip()
