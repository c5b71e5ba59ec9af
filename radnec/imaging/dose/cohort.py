"""Adds what lesions and brains received to a cohort table, and tells where the table says otherwise."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache, partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import SimpleITK as sitk

from radnec.cohort.fields import FIELDS, KEYS, WHOLE
from radnec.cohort.parsing import counted
from radnec.cohort.segments import mask_label, mask_threshold
from radnec.errors import ConfigError, GeometryError, MaskWarning, RadnecError, ReadError, TableError
from radnec.imaging.cohort_images import row_image
from radnec.imaging.dose.fractionation import bed_gy, eqd2_gy
from radnec.imaging.dose.patient import of_others
from radnec.imaging.dose.reading import read_dose
from radnec.imaging.dose.rtdose import TOTAL
from radnec.imaging.dose.volume import DoseVolume, dose_volume
from radnec.imaging.filling import Filling
from radnec.imaging.masks import read_mask
from radnec.imaging.masks.drawn_on import drawn_elsewhere
from radnec.imaging.masks.frame_of_reference import dose_frame, verify_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Columns of the second frame that :func:`add_dose` returns.
REPORT_COLUMNS = (*KEYS, "column", "table", "computed", "reason")

Row = dict[str, Any]
_IMAGE = ("sequence", "image_path", "series_uid", "volume")
_NEEDED = (*KEYS, "sequence", "image_path", "mask_path")
_DIFFERS_GY = 0.05

#: Columns of a lesion in a session, and how each is measured.
_LESION: dict[str, Callable[[DoseVolume], float]] = {
    "lesion_dose_mean_gy": lambda received: received.mean_gy,
    "lesion_dose_max_gy": lambda received: received.max_gy,
    "lesion_d98_gy": lambda received: received.dose_at_gy(98),
    "lesion_d50_gy": lambda received: received.dose_at_gy(50),
    "lesion_d2_gy": lambda received: received.dose_at_gy(2),
    "lesion_v12_cc": lambda received: received.volume_at_cc(12.0),
}
_BRAIN: dict[str, Callable[[DoseVolume], float]] = {
    "v12_cc": lambda received: received.volume_at_cc(12.0),
    "brain_dose_mean_gy": lambda received: received.mean_gy,
    "brain_dose_max_gy": lambda received: received.max_gy,
}
_PRESCRIBED = ("bed_gy", "eqd2_gy")
#: Regions that together are the lesion (the tumour core of BraTS), where no row marks it as a whole. Oedema around it
#: and the cavity of a resection are no part of it.
CORE = ("enhancing", "necrotic")
#: A plan reaches at least its prescription, and hot spots or other plans hardly ever this many times it; cGy are 100.
_LEAST_SHARE, _MOST_TIMES = 0.5, 20.0


class Measured(NamedTuple):
    """A value for some rows, or the reason why there is none."""

    rows: pd.Index[Any]
    column: str
    value: float
    reason: str


def add_dose(
    cohort: pd.DataFrame,
    *,
    alpha_beta_gy: float | None = None,
    tolerance: float = 0.02,
    summation: Sequence[str] = TOTAL,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fill the empty dose columns of a cohort from dose grids and prescriptions.

    Parameters
    ----------
    cohort : pandas.DataFrame
        From :func:`radnec.read_cohort`. ``dose_path`` (with ``mask_path``) gives the lesion's columns
        ``lesion_dose_mean_gy``, ``lesion_dose_max_gy``, ``lesion_d98_gy``, ``lesion_d50_gy``, ``lesion_d2_gy`` and
        ``lesion_v12_cc``; with ``brain_mask_path`` also ``v12_cc``, ``brain_dose_mean_gy`` and
        ``brain_dose_max_gy``; ``rt_dose_gy`` and ``rt_fractions`` give ``bed_gy`` and ``eqd2_gy``.
    alpha_beta_gy : float, optional
        α/β in Gy. Without it, ``bed_gy`` and ``eqd2_gy`` are left alone: nobody else can say what
        tissue is meant. Of late effects in the brain 2 to 3 Gy are in use.
    tolerance : float, default 0.02
        Share by which a value in the table may differ from the computed one (0.05 Gy or cc always may).
    summation : sequence of str, default ("PLAN", "MULTI_PLAN")
        Values of DoseSummationType to accept in DICOM, as in :func:`radnec.imaging.dose.read_dose`.

    Returns
    -------
    cohort : pandas.DataFrame
        The same rows; no value that was there is changed. ``attrs["radnec"]["dose"]`` records the alpha/beta, how many
        cells of each column were ``filled`` or already ``full``, and the same in a sentence (``told``).
    report : pandas.DataFrame
        One row per value that differs or cannot be measured: ``patient_id``, ``session_id``, ``lesion_id``,
        ``column``, ``table`` (its value), ``computed``, ``reason``.

    Raises
    ------
    radnec.errors.TableError
        If the table lacks a key or path column.
    radnec.errors.ConfigError
        If `alpha_beta_gy` is not positive, or `tolerance` is negative.

    Warns
    -----
    radnec.errors.MaskWarning
        Once, with how many lesions were put together from their regions.
    radnec.errors.CohortTip
        If nothing was filled and there is nothing to report: because all cells are full, or no row has a dose.

    Notes
    -----
    A lesion in a session is measured once: by a row whose mask was drawn on its own image (``mask_sequence``), of those
    by T1wCE where that has a dose, else by the first of the others. Where a dose stands only beside a mask that was
    drawn on another sequence, the mask is opened on that sequence's row. Where all rows of a lesion are of a
    ``region``, it is what the rows ``enhancing`` and ``necrotic`` mark together, as in
    :data:`radnec.config.regions.PRESETS`; with neither of them it is reported. Values belong to the lesion, so that
    rows of its regions hold them too. ``v12_cc`` is of the whole brain, the target and other targets of the same plan
    included, and taken from the lesion's first session with a brain mask. Dose and mask must be in one space, which
    only the user knows; a mask outside the grid is reported, and so is an RT Dose with another PatientID than the
    image. A grid that reaches less than half or more than 20 times ``rt_dose_gy`` is not used, but reported: it may be
    of one fraction, or in cGy.

    Examples
    --------
    >>> row = {"patient_id": "01", "session_id": "1", "lesion_id": "A", "sequence": "T1wCE", "image_path": "i.nii"}
    >>> cohort = pd.DataFrame([{**row, "mask_path": "m.nii", "rt_dose_gy": 24.0, "rt_fractions": 1}])
    >>> filled, report = add_dose(cohort, alpha_beta_gy=2.0)
    >>> filled[["bed_gy", "eqd2_gy"]].to_numpy().tolist(), len(report)
    ([[312.0, 156.0]], 0)
    """
    missing = [name for name in _NEEDED if name not in cohort]
    if missing:
        raise TableError(f"the cohort lacks {', '.join(missing)}; read it with radnec.read_cohort(file)")
    if alpha_beta_gy is not None and not (math.isfinite(alpha_beta_gy) and alpha_beta_gy > 0):
        raise ConfigError(f"alpha_beta_gy is {alpha_beta_gy}: expected a positive number of Gy, such as 2 or 3")
    if not tolerance >= 0:
        raise ConfigError(f"tolerance is {tolerance}: expected a share, such as 0.02")
    table = cohort.reset_index(drop=True)
    # The lesions of a patient share a plan. Kept for this call only: the files may change before the next.
    read = lru_cache(maxsize=2)(partial(read_dose, summation=tuple(summation)))
    rows = _with_dose(table)
    rows = rows.assign(_refused=of_others(rows))
    measured = [*_of_lesions(table, rows, read), *_of_brains(table, rows, read)]
    if alpha_beta_gy is not None:
        measured += _of_prescriptions(table, alpha_beta_gy)
    filling = Filling()
    report = [line for one in measured for line in _fill(table, one, tolerance, filling)]
    table = table[[*(name for name in FIELDS if name in table), *(name for name in table if name not in FIELDS)]]
    table = table.set_axis(cohort.index)
    united = _united(rows)
    sought = _sought(table, alpha_beta_gy)
    facts = {"alpha_beta_gy": alpha_beta_gy, "reported": len(report), "united": united, **filling.facts(sought)}
    if united:
        lesions = counted(united, "lesion of a session has", "lesions of a session have")
        told = f"{lesions} rows of regions only: the dose is that of {' and '.join(CORE)} together"
        warnings.warn(told, MaskWarning, stacklevel=2)
    if not report:
        filling.warn(sought, stacklevel=2)
    table.attrs["radnec"] = {**cohort.attrs.get("radnec", {}), "dose": facts}
    return table, pd.DataFrame(report, columns=list(REPORT_COLUMNS))


def _sought(table: pd.DataFrame, alpha_beta_gy: float | None) -> str:
    """Say in how many rows there was something to look for."""
    rows = int(table["dose_path"].notna().sum()) if "dose_path" in table else 0
    more = "; bed_gy and eqd2_gy need add_dose(cohort, alpha_beta_gy=...)" if alpha_beta_gy is None else ""
    return f"rows with dose_path: {rows} of {len(table)}{more}"


def _fill(table: pd.DataFrame, measured: Measured, tolerance: float, filling: Filling) -> Iterator[dict[str, Any]]:
    """Fill the empty cells of `table` in place, and yield what is to be told."""
    name = measured.column
    keys = {key: table.loc[measured.rows[0], key] for key in KEYS}
    if measured.reason or math.isnan(measured.value):
        reason = measured.reason or "part of the brain lies outside the dose grid"
        yield {**keys, "column": name, "table": None, "computed": None, "reason": reason}
        return
    if name not in table:
        table[name] = pd.Series(pd.NA, index=table.index, dtype=FIELDS[name].dtype)
    value = round(measured.value, 4)
    present = table.loc[measured.rows, name]
    filling.add(name, filled=int(present.isna().sum()), full=int(present.notna().sum()))
    table.loc[measured.rows[present.isna()], name] = value
    for given in present.dropna().unique():
        if abs(float(given) - value) > max(tolerance * abs(value), _DIFFERS_GY):
            told = "the table differs, and was kept"
            yield {**keys, "column": name, "table": float(given), "computed": value, "reason": told}


def _of_lesions(table: pd.DataFrame, rows: pd.DataFrame, read: Callable[[str], sitk.Image]) -> Iterator[Measured]:
    for owner, group in rows.groupby(list(KEYS), sort=True):
        index = _rows_of(table, dict(zip(KEYS, _tuple(owner), strict=True)))
        parts = _parts(group)
        if not parts:
            regions = ", ".join(sorted(set(group["region"])))
            reason = (
                f"all its rows are of regions ({regions}), none of which is the lesion; add a row of the whole lesion"
            )
            yield Measured(index, "lesion_dose_mean_gy", math.nan, reason)
            continue
        try:
            image = row_image(_drawn_on(table.loc[index], parts[0]), as_stored=True)
            masks = [
                read_mask(
                    part["mask_path"],
                    image,
                    label=mask_label(part.get("mask_label")),
                    threshold=mask_threshold(part.get("mask_threshold")),
                )
                for part in parts
            ]
            received = dose_volume(_dose_of(parts[0], image, read), reduce(sitk.Or, masks))
        except RadnecError as error:
            yield Measured(index, "lesion_dose_mean_gy", math.nan, str(error))
            continue
        yield from _columns(index, received, _LESION)


def _parts(group: pd.DataFrame) -> list[Row]:
    """Return the rows whose masks together are the lesion, of the image that comes first; none if there are none."""
    for regions in (WHOLE, CORE):
        chosen: list[Row] = group[group["region"].isin(regions)].to_dict("records")  # type: ignore[assignment]
        if chosen:
            of_image = [row for row in chosen if all(_cell(row, name) == _cell(chosen[0], name) for name in _IMAGE)]
            return of_image if regions is CORE else chosen[:1]
    return []


def _united(rows: pd.DataFrame) -> int:
    """Return how many lesions of a session are put together from regions."""
    kinds = rows["region"].map(lambda region: 2 if region in WHOLE else int(region in CORE))
    return int(kinds.groupby([rows[key] for key in KEYS]).max().eq(1).sum())


def _of_brains(table: pd.DataFrame, rows: pd.DataFrame, read: Callable[[str], sitk.Image]) -> Iterator[Measured]:
    if "brain_mask_path" not in table:
        return
    rows = rows[rows["brain_mask_path"].notna()]
    known: dict[tuple[str, str], DoseVolume] = {}
    for owner, group in rows.groupby(["patient_id", "lesion_id"], sort=True):
        row: Row = {str(name): cell for name, cell in group.iloc[0].items()}
        index = _rows_of(table, dict(zip(("patient_id", "lesion_id"), _tuple(owner), strict=True)))
        try:
            key = (str(row["dose_path"]), str(row["brain_mask_path"]))
            _verify_dose(read(key[0]), row)
            if key not in known:
                image = row_image(row, as_stored=True)
                known[key] = dose_volume(_dose_of(row, image, read), read_mask(key[1], image), partial=True)
        except RadnecError as error:
            yield Measured(index, "v12_cc", math.nan, str(error))
            continue
        yield from _columns(index, known[key], _BRAIN)


def _dose_of(row: Row, image: sitk.Image, read: Callable[[str], sitk.Image]) -> sitk.Image:
    """Return the dose grid of a row, which must be in the space of its image and in Gy as far as anything tells."""
    dose = read(str(row["dose_path"]))
    verify_frame(image, dose_frame(dose), (), f"dose {Path(row['dose_path']).name}")
    _verify_dose(dose, row)
    return dose


def _verify_dose(dose: sitk.Image, row: Row) -> None:
    """Refuse a dose of another patient, or one that the prescription contradicts.

    Files of other formats than DICOM state no unit, and DICOM may state a wrong one.
    """
    if row["_refused"]:
        raise GeometryError(row["_refused"])
    prescribed = row.get("rt_dose_gy")
    if prescribed is None or pd.isna(prescribed):
        return
    name, high = Path(row["dose_path"]).name, float(sitk.GetArrayViewFromImage(dose).max())
    times = high / float(prescribed)
    if _LEAST_SHARE <= times <= _MOST_TIMES:
        return
    meant = "it looks like cGy" if times > 1 else "it may be the dose of one fraction, or of another plan"
    raise ReadError(
        f"dose {name} reaches {high:g}, {times:.3g} times the {prescribed:g} Gy prescribed (rt_dose_gy): {meant}. "
        "Write the whole dose in Gy, or correct rt_dose_gy"
    )


def _columns(
    index: pd.Index[Any], received: DoseVolume, measures: dict[str, Callable[[DoseVolume], float]]
) -> Iterator[Measured]:
    for name, measure in measures.items():
        try:
            yield Measured(index, name, measure(received), "")
        except RadnecError as error:
            yield Measured(index, name, math.nan, str(error))


def _of_prescriptions(table: pd.DataFrame, alpha_beta_gy: float) -> Iterator[Measured]:
    if not {"rt_dose_gy", "rt_fractions"} <= set(table.columns):
        return
    known = table[table["rt_dose_gy"].notna() & table["rt_fractions"].notna()]
    keys = ["patient_id", "lesion_id", "rt_dose_gy", "rt_fractions"]
    for owner, group in known.groupby(keys, sort=True):
        total, fractions = float(_tuple(owner)[2]), float(_tuple(owner)[3])
        for name, formula in zip(_PRESCRIBED, (bed_gy, eqd2_gy), strict=True):
            try:
                yield Measured(group.index, name, formula(total, fractions, alpha_beta_gy), "")
            except ConfigError as error:
                yield Measured(group.index, name, math.nan, str(error))


def _with_dose(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that can be measured, those on whose image the mask was drawn first, of those T1wCE."""
    if "dose_path" not in table:
        return table.iloc[:0].assign(region="")
    rows = table[table["dose_path"].notna() & table["mask_path"].notna()]
    region = rows["region"].astype("string").fillna("") if "region" in rows else ""
    rows = rows.assign(region=region, drawn_elsewhere=drawn_elsewhere(rows), _other=rows["sequence"].ne("T1wCE"))
    return rows.sort_values([*KEYS, "drawn_elsewhere", "_other", "sequence", "image_path"], kind="stable")


def _drawn_on(lesion: pd.DataFrame, row: Row) -> Row:
    """Return the row of a lesion on whose image the mask of a row was drawn, or that row where there is none."""
    if not row["drawn_elsewhere"]:
        return row
    rows = lesion[lesion["sequence"].eq(row["mask_sequence"]) & lesion["mask_path"].eq(row["mask_path"])]
    found: list[Row] = rows.to_dict("records")  # type: ignore[assignment]
    return found[0] if found else row


def _rows_of(table: pd.DataFrame, owner: dict[str, str]) -> pd.Index[Any]:
    chosen = pd.Series(data=True, index=table.index)
    for key, value in owner.items():
        chosen &= table[key].eq(value)
    return table.index[chosen]


def _tuple(owner: Any) -> tuple[Any, ...]:
    return owner if isinstance(owner, tuple) else (owner,)


def _cell(row: Row, name: str) -> str:
    return str(row.get(name))
