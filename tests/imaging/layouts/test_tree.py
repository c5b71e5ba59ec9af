"""Folders as they are: hidden files, loops, pipes, very many files, and nothing of use."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from radnec.errors import ConfigError, ReadError
from radnec.imaging.layouts import PRESETS, draft_cohort
from radnec.imaging.layouts.tree import files_below

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_hidden_files_loops_and_broken_links_are_harmless(put: Callable[..., Path], tmp_path: Path) -> None:
    put("P1_T1c.nii.gz")
    mask = put("P1_mask.nii.gz", labels=(1,))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "P2_T1c.nii.gz").touch()
    (tmp_path / "._P1_T1c.nii.gz").touch()
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "up").symlink_to("/", target_is_directory=True)
    (tmp_path / "P3_T1c.nii.gz").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "P4_T1c.nii.gz")
    # A file behind a link is a file: datalad keeps images so.
    (tmp_path / "store").mkdir()
    mask.rename(tmp_path / "store" / "content")
    mask.symlink_to(tmp_path / "store" / "content")
    draft = draft_cohort(tmp_path, "nifti-pairs")
    assert draft["image_path"].tolist() == ["P1_T1c.nii.gz"]
    for preset in PRESETS:
        if preset != "nifti-pairs":
            with pytest.raises(ReadError, match="holds nothing that the preset"):
                draft_cohort(tmp_path, preset)


def test_names_are_in_an_order_that_does_not_depend_on_the_disk(tmp_path: Path) -> None:
    for name in ("b/2", "a/9", "a/10", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)] == ["c", "a/10", "a/9", "b/2"]


@pytest.mark.slow
def test_a_hundred_thousand_files_take_seconds(tmp_path: Path) -> None:
    for folder in range(100):
        (tmp_path / f"f{folder:03d}").mkdir()
        for number in range(1000):
            os.close(os.open(tmp_path / f"f{folder:03d}" / f"{number}.txt", os.O_CREAT))
    for preset in PRESETS:
        start = time.process_time()  # of this process alone, whatever else the machine does
        with pytest.raises(ReadError, match="holds nothing"):
            draft_cohort(tmp_path, preset)
        assert time.process_time() - start < 60


def test_what_is_no_folder_or_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="is no folder"):
        draft_cohort(tmp_path / "x", "bids")
    with pytest.raises(ConfigError, match=r"preset is 'bidz': expected one of bids, brats"):
        draft_cohort(tmp_path, "bidz")  # type: ignore[arg-type]
    with pytest.raises(ReadError, match=r"holds nothing .*it holds no files"):
        draft_cohort(tmp_path, "brats")
