"""Measures a whole cohort into a file that grows, in memory that does not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from radnec.cohort.lesions import lesion_columns
from radnec.errors import TableError
from radnec.features.assemble import OWN, Part, Parts, filled
from radnec.features.coarse import NEEDED, coarse_sequences
from radnec.features.expected import expected_columns
from radnec.features.growing import GrowingTable
from radnec.features.job import Tally, begin, origin, warn
from radnec.features.verify import Verification
from radnec.features.workers import measure_all

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from radnec.config import ExtractionConfig
    from radnec.features.plan import Plan
    from radnec.features.scan import Measured

#: Size of a row group in memory.
GROUP_BYTES = 32_000_000
#: Columns times row groups of a file, at most: the footer keeps about 600 bytes for each of them in memory.
MOST_CHUNKS = 400_000
#: Size of the rows that may wait for the row before them, whose scan takes longer.
WAITING_BYTES = 256_000_000


def extract_to(
    cohort: pd.DataFrame | str | os.PathLike[str],
    path: str | os.PathLike[str],
    config: ExtractionConfig | None = None,
    *,
    n_jobs: int | None = None,
    cache: str | os.PathLike[str] | None = None,
    on_error: Literal["record", "raise"] = "record",
    verify: int = 0,
) -> Path:
    """Measure the radiomics features of every lesion of a cohort into a Parquet file.

    The file holds what :func:`radnec.extract` returns. Rows are written in groups as they are finished and are not
    kept, so that memory does not grow with the cohort, but for its table and plan (about 2 kB for each row).

    Parameters
    ----------
    cohort, config, n_jobs, cache, on_error, verify
        As :func:`radnec.extract` takes them.
    path : path-like
        Ends in ``.parquet``. The file appears at once when it is complete, in place of an older one.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    radnec.errors.TableError
        If the name ends otherwise, the file cannot be written, or cannot hold a column of the cohort. Nothing was
        measured then.
    radnec.errors.RadnecError
        As :func:`radnec.extract` does. No file is written then.

    Warns
    -----
    radnec.errors.ExtractionWarning
        As :func:`radnec.extract` does.

    Notes
    -----
    Rows are in order of key, so a row waits in memory for those before it. If 256 MB of rows wait for one scan, no
    further scan begins until it is done.

    Examples
    --------
    >>> import tempfile
    >>> import SimpleITK as sitk
    >>> from radnec.config import ExtractionConfig
    >>> from radnec.features.table import read_table
    >>> folder = Path(tempfile.mkdtemp())
    >>> image = sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
    >>> sitk.WriteImage(image, folder / "image.nii.gz")
    >>> sitk.WriteImage(image > 128, folder / "mask.nii.gz")
    >>> lesion = {"patient_id": "01", "session_id": "1", "lesion_id": "1", "sequence": "T1wCE"}
    >>> paths = {"image_path": f"{folder}/image.nii.gz", "mask_path": f"{folder}/mask.nii.gz"}
    >>> config = ExtractionConfig(feature_classes={"firstorder": ["Maximum"]})
    >>> path = extract_to(pd.DataFrame([lesion | paths]), folder / "features.parquet", config)
    >>> read_table(path)["T1wCE_original_firstorder_Maximum"].to_list()
    [255.0]
    """
    if Path(path).suffix.lower() != ".parquet":
        raise TableError(f"{Path(path).name}: a table that grows is a .parquet file")
    job = begin(cohort, config, cache=cache, on_error=on_error)
    tally, waiting, verification = Tally(job.planned), _Waiting(job.planned), Verification(job.planned, verify)
    lesions = lesion_columns(job.planned.cohort, apart=OWN)
    described = pd.concat([lesions, filled([[]] * len(lesions), [])], axis=1)
    with GrowingTable(path, described) as table:
        rows = _Rows(table, lesions, expected_columns(job.planned))
        results = measure_all(
            job.planned,
            n_jobs=n_jobs,
            cache=job.cache,
            on_error=on_error,
            told=tally.told,
            has_room=waiting.has_room,
        )
        with closing(results):
            for measured in tally.counted(verification.watched(results)):
                waiting.add(measured)
                rows.extend(waiting.ready())
        # Lesions of which nothing is measured wait for no result.
        rows.extend(waiting.ready())
        rows.write()
        coarse = coarse_sequences(rows.kept(), job.planned.settings)
        attrs = origin(job, tally, verification, rows=rows.number, failed=rows.failed, coarse=coarse)
        table.finish(sorted(rows.found), attrs)
    notes = [*tally.sentences(), *verification.sentences()]
    counts = {"failed": rows.failed, "rows": rows.number}
    warn(job, rows.first_failure, notes, tally.told, **counts, coarse=coarse, stacklevel=3)
    return Path(path)


def states(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Return ``status`` and ``error`` of the rows of a Parquet feature table, with its origin, without its features."""
    return pd.read_parquet(path, columns=["status", "error"])


class _Waiting:
    """What has come of regions, until the lesion they belong to is complete and its turn has come."""

    def __init__(self, planned: Plan) -> None:
        self._parts = Parts(planned)
        lesions = self._parts.lesions
        regions = [region.row for scan in planned.scans for region in scan.regions]
        self._missing = np.bincount(lesions[regions], minlength=int(lesions.max()) + 1)
        self._rows: dict[int, list[Part]] = {}
        self._next = 0
        self._most = max(64, WAITING_BYTES // (8 * max(1, len(expected_columns(planned)))))

    def add(self, measured: Measured) -> None:
        lesion = int(self._parts.lesions[measured.row])
        self._rows.setdefault(lesion, []).append(self._parts.part(measured))
        self._missing[lesion] -= 1

    def ready(self) -> Iterator[list[Part]]:
        """Yield the rows whose turn it is, each once."""
        while self._next < len(self._missing) and self._missing[self._next] == 0:
            self._next += 1
            yield self._rows.pop(self._next - 1, [])

    def has_room(self) -> bool:
        return len(self._rows) <= self._most


class _Rows:
    """Rows in order of key, written to a table group by group."""

    def __init__(self, table: GrowingTable, lesions: pd.DataFrame, columns: Iterable[str]) -> None:
        self._table = table
        self._lesions = lesions
        self._columns = set(columns)
        width = max(1, len(self._columns))
        self._size = max(1, GROUP_BYTES // (8 * width), len(lesions) * width // MOST_CHUNKS)
        self._group: list[list[Part]] = []
        self._kept: list[pd.DataFrame] = []
        self.number = 0
        self.failed = 0
        self.first_failure: list[str] = []
        self.found: set[str] = set()

    def extend(self, rows: Iterable[list[Part]]) -> None:
        for row in rows:
            self._group.append(row)
            if len(self._group) == self._size:
                self.write()

    def write(self) -> None:
        """Write the rows that are not written yet."""
        if not self._group:
            return
        self.found.update(*{part.columns for row in self._group for part in row})
        self._columns |= self.found
        measured = filled(self._group, sorted(self._columns))
        described = self._lesions.iloc[self.number : self.number + len(self._group)].reset_index(drop=True)
        self._table.append(pd.concat([described, measured], axis=1))
        failures = measured.loc[measured["status"] == "failed", "error"]
        self.first_failure = self.first_failure or failures.head(1).to_list()
        self.failed += len(failures)
        self.number += len(self._group)
        self._kept.append(measured[[name for name in measured.columns if name.endswith(NEEDED)]])
        self._group = []

    def kept(self) -> pd.DataFrame:
        """Return the few columns that are looked at again when all rows are known."""
        kept = pd.concat(self._kept, ignore_index=True)
        return kept[[name for name in kept.columns if name in self.found]]
