"""A real table, made by others: its one typing error is found, and nothing else is complained of."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from radnec.cohort import read_cohort
from radnec.errors import CohortError

if TYPE_CHECKING:
    from pathlib import Path

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _sheet(path: Path) -> pd.DataFrame:
    with zipfile.ZipFile(path) as book:
        strings = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 (a file we know)
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    words = ["".join(text.text or "" for text in item.iter(f"{_MAIN}t")) for item in strings]
    lines: list[dict[str, Any]] = []
    for line in sheet.iter(f"{_MAIN}row"):
        cells = {re.sub(r"\d", "", str(cell.get("r"))): cell for cell in line}
        values = {column: cell.findtext(f"{_MAIN}v") for column, cell in cells.items()}
        texts = {column for column, cell in cells.items() if cell.get("t") == "s"}
        lines.append(
            {column: words[int(value)] if column in texts else value for column, value in values.items() if value}
        )
    return pd.DataFrame(lines[1:]).rename(columns=lines[0])


def test_the_typing_error_in_openbtai_is_the_only_problem(reference: Path, tmp_path: Path) -> None:
    (book,) = (reference / "tables" / "openbtai_brain_mets").glob("*.xlsx")
    table = _sheet(book)
    cohort = pd.DataFrame(
        {
            "patient_id": table["PATIENT"],
            "session_id": table["TIME POINT"],
            "session_date": table["TIME POINT"],
            "lesion_id": table["LESION"],
            "sequence": "T1wCE",
            "image_path": table["PATIENT"] + "_" + table["TIME POINT"],
            "mask_path": "masks of " + table["PATIENT"],
            "mask_label": table["LESION"],
            "manufacturer": table["STATION NAME"],
            "field_strength_t": table["MAGNETIC FIELD"],
            "te_ms": table["ECHOTIME"],
            "tr_ms": table["REPTIME"],
            "primary_histology": table["Primary Tumor"],
        }
    )
    for path in {*cohort["image_path"], *cohort["mask_path"]}:
        (tmp_path / path).touch()
    with pytest.raises(CohortError) as caught:
        read_cohort(cohort, root=tmp_path)
    (problem,) = caught.value.frame.itertuples()
    assert (problem.column, problem.found) == ("field_strength_t", "'15000'")
    cohort.loc[problem.row, "field_strength_t"] = "1.5"
    assert len(read_cohort(cohort, root=tmp_path)) == 499
