"""data_schema.md is what the schema says."""

from __future__ import annotations

from pathlib import Path

from radnec.cohort import FIELDS, data_schema


def test_the_page_in_the_repository_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "data_schema.md"
    assert page.read_text(encoding="utf-8") == data_schema(), "run: radnec schema > data_schema.md"


def test_every_field_has_one_line_with_its_cells() -> None:
    lines = [line for line in data_schema().splitlines() if line.startswith(("| `", "| **`"))]
    assert len(lines) == len(FIELDS)
    assert all(line.count(" | ") == 5 for line in lines)
    text = "\n".join(lines)
    assert "| `field_strength_t` | number | acquisition | row | from 0.1 to 12 T |" in text
    assert "| **`patient_id`** | text | key | patient |" in text
