"""Whom a path names, and where in a name."""

from __future__ import annotations

import pytest

from radnec.imaging.table_inspection import foreign_paths

PATIENTS = ("P1", "P1-A", "P2", "P3")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/data/P1-A/t1.nii", ["image_path names patient P1-A, not P1"]),
        ("/data/P2_P3/t1.nii", ["image_path names patient P2, P3, not P1"]),
        ("/data/p2.nii", ["image_path names patient P2, not P1"]),
        ("/data/P1/P2.nii", []),
        ("/data/xP2/t1.nii", []),
        ("/data/P22/t1.nii", []),
        ("P2/t1.nii", ["image_path names patient P2, not P1"]),
    ],
)
def test_a_path_names_a_patient_where_the_whole_id_stands_in_it(path: str, named: list[str]) -> None:
    rows = [{"patient_id": name, "image_path": f"/data/{name}/t1.nii", "mask_path": None} for name in PATIENTS]
    assert [found for _, _, found in foreign_paths([*rows, rows[0] | {"image_path": path}])] == named


def test_the_folder_that_all_files_share_names_nobody() -> None:
    rows = [{"patient_id": name, "image_path": f"/P2/{name}/t1.nii", "mask_path": None} for name in PATIENTS]
    rows.append(rows[0] | {"image_path": "/P2/somewhere/t1.nii"})
    assert list(foreign_paths(rows)) == []
