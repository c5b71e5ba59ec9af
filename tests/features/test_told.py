"""What workers warn of reaches the user once, from any number of them, and fails no row."""

from __future__ import annotations

import subprocess
import sys
import warnings

import pytest

from radnec.config import ExtractionConfig
from radnec.config.regions import Rim
from radnec.errors import ExtractionWarning, MaskWarning, RadnecWarning
from radnec.features.extract import extract
from radnec.features.perturb import perturb
from radnec.features.stream import extract_to
from radnec.parallel.told import Told, recorded

THIN = ExtractionConfig(feature_classes={"firstorder": ["Mean"]}, regions={"rim": Rim(depth_mm=1)})


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_thin_rim_is_measured_and_told_of_once(two_patients, n_jobs):
    with pytest.warns(ExtractionWarning, match=r"rim of 1 mm: 0\.79 voxels deep.*\(\d times\)") as told:
        table = extract(two_patients.cohort(), THIN, n_jobs=n_jobs)
    assert len(told) == 1
    assert set(table["status"]) == {"ok"}
    assert table["T1wCE-rim_original_firstorder_Mean"].notna().all()


def test_a_table_is_whole_where_warnings_are_errors(two_patients, tmp_path):
    with pytest.raises(ExtractionWarning, match=r"rim of 1 mm: 0\.79 voxels deep"):
        extract_to(two_patients.cohort(), tmp_path / "features.parquet", THIN)
    assert [path.name for path in tmp_path.glob("*.parquet*")] == ["features.parquet"]


def test_replicates_tell_as_well(two_patients):
    with pytest.warns(ExtractionWarning, match=r"rim of 1 mm: 0\.79 voxels deep") as told:
        table = perturb(two_patients.cohort(), THIN, perturbations=["translation"], repeats=1)
    assert len(told) == 2  # extraction's own, and the replicates'
    assert set(table["status"]) == {"ok"}


def test_others_warnings_go_their_way():
    with pytest.warns(DeprecationWarning, match="old"), recorded() as told:  # noqa: PT031
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        warnings.warn("lost", MaskWarning, stacklevel=1)
    assert told == [(MaskWarning, "lost")]


def test_what_was_told_before_an_exception_is_kept():
    with pytest.raises(ValueError, match="stop"), recorded() as told:  # noqa: PT012
        warnings.warn("lost", MaskWarning, stacklevel=1)
        raise ValueError("stop")
    assert told == [(MaskWarning, "lost")]


def test_many_alike_are_counted_and_the_order_of_work_does_not_show():
    one, other = Told(), Told()
    texts = [(MaskWarning, f"mask {n}") for n in range(9)]
    one.add(texts)
    other.add(texts[::-1])
    assert one.sentences() == other.sentences()
    assert [text for _, text in one.sentences()] == ["mask 0", "mask 1", "mask 2", "… and 6 more such warnings"]


def test_a_filter_of_the_user_still_holds(two_patients):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", RadnecWarning)
        extract(two_patients.cohort(), THIN)


def test_a_worker_loads_no_table_library_and_no_optimiser():
    code = """
import sys
import radnec.features.regions, radnec.features.workers
print([name for name in ("pandas", "pyarrow", "sklearn", "scipy.ndimage", "scipy.optimize") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
