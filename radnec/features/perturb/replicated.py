"""Measures perturbed replicates of every lesion of a cohort."""

from __future__ import annotations

import operator
import warnings
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from radnec.cohort.fields import KEYS
from radnec.cohort.lesions import lesion_columns
from radnec.config import ExtractionConfig
from radnec.errors import ConfigError, ExtractionWarning, RegionError
from radnec.features.assemble import OWN, Part, Parts, joined
from radnec.features.engine.filters.pointwise import POINTWISE
from radnec.features.extract import extract
from radnec.features.perturb.chain import NONE, Replicate, replicates
from radnec.features.perturb.groups import sessions
from radnec.features.perturb.session import SessionTask
from radnec.features.perturb.strength import Strength
from radnec.features.plan import plan
from radnec.parallel.told import Told
from radnec.parallel.units import measure_units

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from radnec.features.plan import Plan
    from radnec.features.scan import Measured


def perturb(
    cohort: pd.DataFrame | str | os.PathLike[str],
    config: ExtractionConfig | None = None,
    *,
    perturbations: Sequence[str] = ("rotation+volume+contour",),
    repeats: int = 10,
    strength: Strength | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    cache: str | os.PathLike[str] | None = None,
    on_error: Literal["record", "raise"] = "record",
) -> pd.DataFrame:
    """Measure every lesion of a cohort again and again, each time slightly perturbed.

    Features that change little are stable: pass the table to :func:`radnec.features.stability.icc` or to
    :class:`radnec.model.stable.StableFeatures`.

    Parameters
    ----------
    cohort : DataFrame or path
        As :func:`radnec.extract` takes it.
    config : ExtractionConfig, optional
        Settings; those of the model whose features are judged.
    perturbations : sequence of str, default ("rotation+volume+contour",)
        Chains: ``noise``, ``translation``, ``rotation``, ``volume`` and ``contour``, alone or joined by ``+``, or their
        letters (``RVC``). They are always applied in this order.
    repeats : int, default 10
        Replicates of each chain.
    strength : Strength, optional
        How far perturbations go.
    random_state : int, default 0
        Seed. What happens to a lesion depends on it, on patient, session and lesion, and on the replicate's name, but
        not on the order of rows, other lesions, `repeats` or `n_jobs`.
    n_jobs : int, optional
        Sessions measured at the same time, -1 for all processors; by default, and on clusters, as in
        :func:`radnec.extract`.
    cache : path-like, optional
        Folder of features already measured, as in :func:`radnec.extract`.
    on_error : {"record", "raise"}, default "record"
        Whether a replicate that cannot be measured becomes a row that says why, or stops the work. A region that a
        replicate lacks is neither: it is missing, with the reason in ``error``, as in :func:`radnec.extract`.

    Returns
    -------
    DataFrame
        One row per lesion, session and replicate, with the columns of :func:`radnec.extract` and, behind the keys,
        ``perturbation``: ``none`` for the lesion as it is, which is the row of :func:`radnec.extract`, then names such
        as ``rotation+volume-03``. ``attrs["radnec"]`` says what was done.

    Raises
    ------
    radnec.errors.CohortError, radnec.errors.MissingDependencyError, radnec.errors.RadnecError
        As :func:`radnec.extract` says.
    radnec.errors.ConfigError
        If the settings (such as pointwise filters of a resampled ``ibsi`` preset), a chain, `repeats`, `strength` or
        `random_state` cannot be used.

    Warns
    -----
    radnec.errors.ExtractionWarning
        How many replicates failed of lesions that can be measured as they are; and as :func:`radnec.extract` says.

    Notes
    -----
    The perturbations are those of Zwanenburg et al. [1]_ in their order: noise is added to the image, the grid is
    shifted and turned, the region is interpolated on it (linearly, voxels of at least one half), its volume is changed,
    and its contour is redrawn along supervoxels. Image and region are interpolated once, on the grid of the settings.
    One replicate of a lesion is perturbed alike in all sequences of a session that share its mask. What differs:

    - The paper takes fixed lists of angles, shifts and volumes in all combinations; here each replicate draws its own,
      uniformly within `strength`, whose ranges are radnec's.
    - The grid is turned about the image's centre and the voxel axis nearest the patient's long axis, so that sequences
      turn alike; a region of one slice about that slice's normal. Such a
      region stays in its slice, and with ``force_2d`` volumes change within slices.
    - Noise is estimated within 25 mm of the lesion and not in the whole image, where air and brain differ in MR. It is
      white and Gaussian, and added after N4, clipping and standardisation, that is in their units.
    - Supervoxels are found once for each lesion, in the image as it was acquired (T1wCE where there is one), and
      carried into each replicate's grid. They are smaller than 500 mm³ in lesions smaller than 15 mL, because
      metastases are often smaller than one such supervoxel; see ``Strength``. Sequences with masks of their own have
      contours of their own.
    - Rim, core, shell and mirror image are made of each redrawn lesion as extraction makes them of the lesion: what is
      judged is the region that another outline of the lesion would have given. The plane of symmetry, the brain
      and other lesions stay where they are in the head. Sub-regions by labels and reference tissue by a mask were drawn
      themselves, and are turned, resized and redrawn like a lesion, each by itself, as another reader might draw them.
    - Without resampling in the settings a turned or shifted image keeps its spacing and is not rounded to integers.
    - Pointwise filters (square, logarithm, …) are scaled by the largest voxel of the image as it was acquired, and the
      Laplacian of Gaussian looks at eight sigma around the region, see :mod:`radnec.features.perturb.margin`.
    - Beyond the image's edge a turned or shifted replicate finds the border repeated. Wavelets of extraction go round
      to the far side there, as those of replicates that are not moved do. So the wavelet features of a lesion nearer to
      the edge than the filter is long differ between moved replicates and extraction by that as well.
    - Pointwise filters of the ``ibsi`` preset with resampling are refused: extraction scales them by the largest voxel
      of the whole resampled image, which replicates never make.

    References
    ----------
    .. [1] Zwanenburg A, Leger S, Agolli L, et al. Assessing robustness of radiomic features by image perturbation.
       Sci Rep 2019;9:614.

    Examples
    --------
    >>> import tempfile
    >>> import SimpleITK as sitk
    >>> folder = Path(tempfile.mkdtemp())
    >>> image = sitk.GaussianSource(sitk.sitkFloat32, [16, 16, 16], sigma=[4.0] * 3, mean=[8.0] * 3)
    >>> sitk.WriteImage(image, folder / "image.nii.gz")
    >>> sitk.WriteImage(image > 128, folder / "mask.nii.gz")
    >>> lesion = {"patient_id": "01", "session_id": "1", "lesion_id": "1", "sequence": "T1wCE"}
    >>> paths = {"image_path": f"{folder}/image.nii.gz", "mask_path": f"{folder}/mask.nii.gz"}
    >>> config = ExtractionConfig(feature_classes={"shape": ["VoxelVolume"]})
    >>> table = perturb(pd.DataFrame([lesion | paths]), config, perturbations=["volume"], repeats=2)
    >>> table["perturbation"].tolist()
    ['none', 'volume-01', 'volume-02']
    """
    chosen, seed = replicates(perturbations, repeats), _seed(random_state)
    strength = Strength() if strength is None else strength
    if not isinstance(strength, Strength):
        raise ConfigError(f"strength={strength!r}; expected Strength, such as Strength(rotation_deg=3)")
    folder = None if cache is None else str(Path(cache).absolute())
    if not isinstance(cohort, pd.DataFrame):
        from radnec.cohort import read_cohort

        cohort = read_cohort(cohort)
    settings = ExtractionConfig() if config is None else config
    _verify(settings)
    original = extract(cohort, settings, n_jobs=n_jobs, cache=folder, on_error=on_error)
    planned = plan(cohort, settings)
    found = _Found(planned, chosen)
    tasks = [SessionTask(groups, strength, folder) for groups in sessions(planned, chosen, strength, seed)]
    _measure(tasks, found, n_jobs, on_error)
    table = _stacked(original, found)
    done = {
        "chains": list(dict.fromkeys(one.chain for one in chosen)),
        "repeats": repeats,
        "strength": strength.model_dump(mode="json"),
        "random_state": seed,
    }
    table.attrs["radnec"] = _origin(original, table, done, found, cached=folder is not None)
    _warn_of_failures(table)
    found.told.warn(stacklevel=3)
    return table


def _seed(random_state: object) -> int:
    try:
        return operator.index(random_state)  # type: ignore[arg-type]
    except TypeError:
        raise ConfigError(
            f"random_state={random_state!r}; expected a whole number: what happens to a lesion is drawn from the seed "
            "and its key alone, and neither a generator nor None would give the same again"
        ) from None


def _verify(settings: ExtractionConfig) -> None:
    """Refuse what replicates cannot measure as extraction does; what is no settings extract refuses."""
    sequences = getattr(settings, "by_sequence", {})
    for one in (settings, *(settings.for_sequence(name) for name in sequences)):
        scaled = POINTWISE.keys() & getattr(one, "image_types", {})
        if scaled and one.preset == "ibsi" and one.resampled_spacing_mm is not None:
            raise ConfigError(
                f'replicates of preset="ibsi" with resampling have no {", ".join(sorted(scaled))}: these are scaled by '
                "the largest voxel of the whole resampled image, and replicates hold a part. Expected image_types "
                "without them; or resample images and masks to files first, expected resampled_spacing_mm=None"
            )


class _Found:
    """What came of all replicates, in little memory: a table's worth of numbers."""

    def __init__(self, planned: Plan, chosen: Sequence[Replicate]) -> None:
        self._parts = Parts(planned)
        self._lesions = lesion_columns(planned.cohort, apart=OWN)
        self._by_name: dict[str, list[Part]] = {one.name: [] for one in chosen}
        self.hits = self.number = 0
        self.told = Told()

    def add(self, name: str, measured: Measured) -> None:
        """Keep what came of a region in a replicate."""
        self._by_name[name].append(self._parts.part(measured))
        self.hits += measured.from_cache
        self.number += 1

    def tables(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield name and table of each replicate."""
        for name, parts in self._by_name.items():
            yield name, joined(self._lesions, self._parts, parts)


def _measure(tasks: Sequence[SessionTask], found: _Found, n_jobs: int | None, on_error: str) -> None:
    units = measure_units(iter(tasks), len(tasks), noun="session", verb="perturb", n_jobs=n_jobs, told=found.told)
    with closing(units) as results:
        for some in results:
            for name, one in some:
                found.add(name, one)
                if one.failure and not isinstance(one.failure, RegionError) and on_error == "raise":
                    raise one.failure


def _stacked(original: pd.DataFrame, found: _Found) -> pd.DataFrame:
    """Return the rows of all replicates, lesion by lesion."""
    tables = {NONE: original} | dict(found.tables())
    features = sorted({name for table in tables.values() for name in table.columns[_state(table) :]})
    about = list(original.columns[len(KEYS) : _state(original)])
    parts = []
    for name, table in tables.items():
        replicate = pd.Series(name, index=table.index, dtype="string", name="perturbation")
        values = table.reindex(columns=features).astype("float64")
        parts.append(pd.concat([table[list(KEYS)], replicate, table[about], values], axis=1))
        parts[-1].attrs = {}
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _state(table: pd.DataFrame) -> int:
    """Return how many columns there are before the features."""
    return list(table.columns).index("error") + 1


def _origin(
    original: pd.DataFrame, table: pd.DataFrame, done: dict[str, Any], found: _Found, *, cached: bool
) -> dict[str, Any]:
    origin = dict(original.attrs["radnec"])
    failed = int((table["status"] == "failed").sum())
    counts = {**origin.get("counts", {}), "rows": len(table), "failed": failed}
    if cached:
        done = {**done, "cache": {"hits": found.hits, "misses": found.number - found.hits}}
    return {**origin, "kind": "replicates", "counts": counts, "perturbation": done}


def _warn_of_failures(table: pd.DataFrame) -> None:
    failed = table["status"] == "failed"
    # Lesions that fail as they are were told of by extract.
    whole = (failed & (table["perturbation"] == NONE)).groupby([table[name] for name in KEYS]).transform("any")
    errors = table.loc[failed & ~whole, "error"]
    if len(errors):
        warnings.warn(
            f"{len(errors)} of {len(table)} replicates failed; see the column error. The first: {errors.iloc[0]}",
            ExtractionWarning,
            stacklevel=3,
        )
