"""Turns a cohort table into scans to measure: one image with all the regions that are drawn on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.cohort.cells import cell_texts
from radnec.cohort.fields import KEYS, ROW_KEY, SEQUENCES, WHOLE
from radnec.cohort.parsing import counted
from radnec.cohort.segments import HALF, mask_label, mask_threshold
from radnec.config.explaining import nearest
from radnec.config.region_presets import LESION
from radnec.config.standardise import standardise_problem
from radnec.errors import CohortError, ConfigError, MaskError
from radnec.features.naming import column_prefix
from radnec.features.outlines import Outlines
from radnec.features.region_rows import RULE, lesion_labels, making, with_regions
from radnec.features.regions import Region, Scan
from radnec.imaging.drawn_images import drawings

if TYPE_CHECKING:
    from radnec.config import ExtractionConfig
    from radnec.imaging.drawing import Drawing

_RAW = "a raw series; give the map made of it (rCBV, Ktrans, CBF, ADC) a row of its own"
#: Sequences that are no single 3-D image, with the reason why no radiomics features are taken from them.
NOT_MEASURED = {
    "MRS": "spectra, which are not images",
    "DSC": _RAW,
    "DCE": _RAW,
    "ASL": _RAW,
    "DWI": _RAW,
}
_NEEDED = (*KEYS, "sequence", "image_path", "mask_path")
_READ = (
    *ROW_KEY,
    "image_path",
    "series_uid",
    "volume",
    "mask_path",
    "mask_label",
    "mask_threshold",
    "mask_sequence",
    "brain_mask_path",
    "reference_mask_path",
    "_prefix",
    RULE,
)


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Parameters
    ----------
    cohort : DataFrame
        The cohort in order of its key, with the column ``_prefix`` that starts the row's feature columns.
    scans : tuple of Scan
        Units of work.
    settings : dict of str to ExtractionConfig
        Settings of each sequence.
    skipped : tuple of dict
        Sequences left out, with the number of rows and the reason.
    """

    cohort: pd.DataFrame
    scans: tuple[Scan, ...]
    settings: dict[str, ExtractionConfig]
    skipped: tuple[dict[str, Any], ...]

    @property
    def registers(self) -> bool:
        """Whether an image is registered to another, for its own lesion or for one that a region leaves out."""
        made = (region.made for scan in self.scans for region in scan.regions)
        moved = (one.image for each in made if each for other in each.others for one in other)
        return any(scan.drawing for scan in self.scans) or any(moved)


def plan(cohort: pd.DataFrame, config: ExtractionConfig) -> Plan:
    """Plan the measurement of a cohort.

    Parameters
    ----------
    cohort : DataFrame
        As :func:`radnec.read_cohort` returns it.
    config : ExtractionConfig
        Settings.

    Returns
    -------
    Plan
        The same for any order of the rows.

    Raises
    ------
    radnec.errors.CohortError
        If a needed column is missing, a sequence is unknown, two rows would fill the same feature columns, or rows of
        one mask file have several thresholds.
    radnec.errors.ConfigError
        If ``by_sequence`` names an unknown sequence.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> row = {"patient_id": "01", "session_id": "1", "lesion_id": "1", "sequence": "T1wCE"}
    >>> cohort = pd.DataFrame([{**row, "image_path": "i.nii", "mask_path": "m.nii"}])
    >>> planned = plan(cohort, ExtractionConfig())
    >>> planned.scans[0].regions[0].name
    'lesion 01/1/1, T1wCE'
    """
    _verify_sequences(config)
    _verify_table(cohort)
    known = sorted(set(cohort["sequence"].dropna()).intersection(SEQUENCES).difference(NOT_MEASURED))
    settings = {name: config.for_sequence(name) for name in known}
    if problems := [text for name, one in settings.items() if (text := standardise_problem(one, name))]:
        raise ConfigError("; ".join(problems))
    ordered = _ordered(with_regions(cohort, settings))
    _verify_rows(ordered)
    skipped = ordered["sequence"].isin(NOT_MEASURED)
    left_out = [str(name) for name in ordered.loc[skipped, "sequence"]]
    return Plan(
        cohort=ordered,
        scans=_scans(ordered[~skipped], settings),
        settings=settings,
        skipped=tuple(
            {"sequence": name, "rows": left_out.count(name), "reason": NOT_MEASURED[name]}
            for name in sorted(set(left_out))
        ),
    )


def _verify_sequences(config: ExtractionConfig) -> None:
    for name in config.by_sequence:
        if name not in SEQUENCES:
            raise ConfigError(f"by_sequence names the unknown sequence {name!r}; {nearest(name, SEQUENCES)}")


def _verify_table(cohort: pd.DataFrame) -> None:
    missing = [name for name in _NEEDED if name not in cohort.columns]
    if missing or cohort.empty:
        found = f"no column {missing[0]}" if missing else "no rows"
        problem = {"row": "all", "column": ", ".join(missing), "found": found, "expected": "a cohort table"}
        raise CohortError(f"the cohort has {found}; pass what radnec.read_cohort returns", pd.DataFrame([problem]))


def _ordered(cohort: pd.DataFrame) -> pd.DataFrame:
    records = _records(cohort)
    prefixes = [column_prefix(one["sequence"], one["phase"], one["region"]) for one in records]
    order = sorted(range(len(records)), key=lambda n: [records[n][name] for name in (*ROW_KEY, "mask_path")])
    ordered = cohort.reset_index(drop=True).assign(_row=cohort.index, _prefix=prefixes)
    return ordered.loc[order].reset_index(drop=True)


def _records(rows: pd.DataFrame) -> list[dict[str, str]]:
    """Return what a plan reads of each row."""
    return cell_texts(rows, _READ)


def _verify_rows(ordered: pd.DataFrame) -> None:
    problems = []
    taken: set[tuple[str, ...]] = set()
    for row, record in zip(ordered["_row"], _records(ordered), strict=True):
        if record["sequence"] not in SEQUENCES:
            found, expected = record["sequence"], f"one of {', '.join(SEQUENCES)}"
            problems.append({"row": row, "column": "sequence", "found": found, "expected": expected})
        key = (*(record[name] for name in KEYS), record["_prefix"])
        if key in taken:
            found = f"a second row for {_name(record)}"
            expected = "one row for each sequence, phase (delayed, pre or the usual one) and region"
            problems.append({"row": row, "column": "phase, region", "found": found, "expected": expected})
        taken.add(key)
    if problems:
        raise CohortError(f"{counted(len(problems), 'row')} of the cohort cannot be measured", pd.DataFrame(problems))


def _name(record: dict[str, str]) -> str:
    lesion = "/".join(record[name] for name in KEYS)
    return f"lesion {lesion}, {record['_prefix'].rstrip('_')}"


def _scans(rows: pd.DataFrame, settings: dict[str, ExtractionConfig]) -> tuple[Scan, ...]:
    grouped: dict[tuple[str, str, str, str, str, str, Drawing | None], list[Region]] = {}
    records = _records(rows)
    thresholds = _thresholds(rows["_row"], records)
    outlines = Outlines(records, settings)
    registered = {name for name, one in settings.items() if one.registration is not None}
    others = drawings(rows["_row"], records, registered)
    for position, record, other in zip(rows.index, records, others, strict=True):
        config = settings[record["sequence"]]
        on_it = {} if other is None else other.masks()
        brain, reference = (
            (record[name] or on_it.get(name, "")) if used else ""
            for name, used in zip(("brain_mask_path", "reference_mask_path"), _scale_masks(config), strict=True)
        )
        region = _region(int(position), record, config, outlines, other)
        image = record["sequence"], record["image_path"], record["series_uid"], record["volume"]
        grouped.setdefault((*image, brain, reference, other), []).append(region)
    return tuple(
        Scan(
            sequence,
            image,
            brain or None,
            reference or None,
            tuple(sorted(regions, key=_by_mask)),
            uid or None,
            volume or None,
            other,
            tuple((path, thresholds[path]) for path in _lesion_masks(regions) if thresholds.get(path, HALF) != HALF),
        )
        for (sequence, image, uid, volume, brain, reference, other), regions in grouped.items()
    )


def _lesion_masks(regions: list[Region]) -> list[str]:
    """Return the mask files of the lesions that regions are, or are made of."""
    return sorted({region.mask_path for region in regions if region.mask_path})


def _thresholds(rows: pd.Series[Any], records: list[dict[str, str]]) -> dict[str, float]:
    """Return the threshold of each mask file."""
    found: dict[str, float] = {}
    problems = []
    for row, record in zip(rows, records, strict=True):
        path, text, expected = record["mask_path"], record["mask_threshold"], ""
        try:
            threshold = mask_threshold(text)
        except MaskError:
            expected = "a fraction above 0, up to 1"
        else:
            if path and found.setdefault(path, threshold) != threshold:
                expected = f"{found[path]:g}, as in other rows of {path}"
        if expected:
            problems.append({"row": row, "column": "mask_threshold", "found": text or HALF, "expected": expected})
    if problems:
        raise CohortError(f"{len(problems)} rows have no threshold of their mask file", pd.DataFrame(problems))
    return found


def _scale_masks(config: ExtractionConfig) -> tuple[bool, bool]:
    """Return whether the preparation of intensities reads the brain mask, and the reference mask."""
    landmarks = config.landmarks if config.standardise == "nyul" else None
    scaled = config.standardise == "white_stripe" or (landmarks is not None and landmarks.foreground == "brain")
    brain = scaled or config.zscore == "brain" or config.n4 or config.clip_percentiles is not None
    return brain, config.zscore == "reference" or config.standardise == "reference_ratio"


def _region(
    position: int, record: dict[str, str], config: ExtractionConfig, outlines: Outlines, drawing: Drawing | None
) -> Region:
    rule = config.regions.get(record[RULE])
    made = None
    if rule is not None or (LESION in config.regions and record["region"] in WHOLE):
        lesion = lesion_labels(record, config)
        made = making(rule, lesion, record, drawing=drawing, others=lambda: outlines.beside(record, drawing))
    return Region(
        row=position,
        name=_name(record),
        mask_path=record["mask_path"] or None,
        label=mask_label(record["mask_label"]),
        made=made,
    )


def _by_mask(region: Region) -> tuple[str, int]:
    return region.mask_path or "", region.row
