"""Adds what lesions and brains received to a cohort table, and tells where the table says otherwise."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from radnec.cohort.fields import FIELDS, KEYS
from radnec.errors import ConfigError, RadnecError, TableError
from radnec.imaging.dose.fractionation import bed_gy, eqd2_gy
from radnec.imaging.dose.reading import read_dose
from radnec.imaging.dose.volume import DoseVolume, dose_volume
from radnec.imaging.masks import read_mask
from radnec.imaging.masks.drawn_on import drawn_elsewhere
from radnec.imaging.masks.frame_of_reference import dose_frame, verify_frame
from radnec.imaging.readers import read_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import SimpleITK as sitk

#: Columns of the second frame that :func:`add_dose` returns.
REPORT_COLUMNS = (*KEYS, "column", "table", "computed", "reason")

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


class Measured(NamedTuple):
    """A value for some rows, or the reason why there is none."""

    rows: pd.Index[Any]
    column: str
    value: float
    reason: str


def add_dose(
    cohort: pd.DataFrame, *, alpha_beta_gy: float | None = None, tolerance: float = 0.02
) -> tuple[pd.DataFrame, pd.DataFrame]:
    r"""Fill the empty dose columns of a cohort from dose grids and prescriptions.

    Parameters
    ----------
    cohort : pandas.DataFrame
        From :func:`radnec.read_cohort`. ``dose_path`` (with ``mask_path``) gives the lesion's columns
        ``lesion_dose_mean_gy``, ``lesion_dose_max_gy``, ``lesion_d98_gy``, ``lesion_d50_gy``, ``lesion_d2_gy`` and
        ``lesion_v12_cc``; with ``brain_mask_path`` also ``v12_cc``, ``brain_dose_mean_gy`` and
        ``brain_dose_max_gy``; ``rt_dose_gy`` and ``rt_fractions`` give ``bed_gy`` and ``eqd2_gy``.
    alpha_beta_gy : float, optional
        :math:`\alpha/\beta` in Gy. Without it, ``bed_gy`` and ``eqd2_gy`` are left alone: nobody else can say what
        tissue is meant. Of late effects in the brain 2 to 3 Gy are in use.
    tolerance : float, default 0.02
        Share by which a value in the table may differ from the computed one (0.05 Gy or cc always may).

    Returns
    -------
    cohort : pandas.DataFrame
        The same rows; no value that was there is changed. ``attrs["radnec"]["dose"]`` records the alpha/beta.
    report : pandas.DataFrame
        One row per value that differs or cannot be measured: ``patient_id``, ``session_id``, ``lesion_id``,
        ``column``, ``table`` (its value), ``computed``, ``reason``.

    Raises
    ------
    radnec.errors.TableError
        If the table lacks a key or path column.
    radnec.errors.ConfigError
        If `alpha_beta_gy` is not positive, or `tolerance` is negative.

    Notes
    -----
    A lesion in a session is measured once: by a row whose mask was drawn on its own image (``mask_sequence``), of those
    by T1wCE where that has a dose, else by the first of the others; rows of a ``region`` are not used. Where a dose
    stands only beside a mask that was drawn on another sequence, the mask is opened on that sequence's row. ``v12_cc``
    is of the whole brain, the target and other targets of the same plan included, and taken from the lesion's first
    session with a brain mask. Dose and mask must be in one space, which only the user knows; a mask outside the grid is
    reported.

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
    read = lru_cache(maxsize=2)(read_dose)
    measured = [*_of_lesions(table, read), *_of_brains(table, read)]
    if alpha_beta_gy is not None:
        measured += _of_prescriptions(table, alpha_beta_gy)
    report = [line for one in measured for line in _fill(table, one, tolerance)]
    table = table[[*(name for name in FIELDS if name in table), *(name for name in table if name not in FIELDS)]]
    table = table.set_axis(cohort.index)
    facts = {"alpha_beta_gy": alpha_beta_gy, "reported": len(report)}
    table.attrs["radnec"] = {**cohort.attrs.get("radnec", {}), "dose": facts}
    return table, pd.DataFrame(report, columns=list(REPORT_COLUMNS))


def _fill(table: pd.DataFrame, measured: Measured, tolerance: float) -> Iterator[dict[str, Any]]:
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
    table.loc[measured.rows[present.isna()], name] = value
    for given in present.dropna().unique():
        if abs(float(given) - value) > max(tolerance * abs(value), _DIFFERS_GY):
            told = "the table differs, and was kept"
            yield {**keys, "column": name, "table": float(given), "computed": value, "reason": told}


def _of_lesions(table: pd.DataFrame, read: Callable[[str], sitk.Image]) -> Iterator[Measured]:
    rows = _with_dose(table)
    for owner, group in rows.groupby(list(KEYS), sort=True):
        row: Any = next(group.itertuples())
        index = _rows_of(table, dict(zip(KEYS, _tuple(owner), strict=True)))
        drawn = _drawn_on(table.loc[index], row)
        try:
            image = read_image(drawn.image_path, series_uid=_given(drawn, "series_uid"))
            label = _given(row, "mask_label") or 1
            label = int(label) if str(label).isdecimal() else label
            mask, dose = read_mask(row.mask_path, image, label=label), read(str(row.dose_path))
            verify_frame(image, dose_frame(dose), (), f"dose {Path(row.dose_path).name}")
            received = dose_volume(dose, mask)
        except RadnecError as error:
            yield Measured(index, "lesion_dose_mean_gy", math.nan, str(error))
            continue
        yield from _columns(index, received, _LESION)


def _of_brains(table: pd.DataFrame, read: Callable[[str], sitk.Image]) -> Iterator[Measured]:
    if "brain_mask_path" not in table:
        return
    rows = _with_dose(table)
    rows = rows[rows["brain_mask_path"].notna()]
    known: dict[tuple[str, str], DoseVolume] = {}
    for owner, group in rows.groupby(["patient_id", "lesion_id"], sort=True):
        row: Any = next(group.itertuples())
        index = _rows_of(table, dict(zip(("patient_id", "lesion_id"), _tuple(owner), strict=True)))
        try:
            key = (str(row.dose_path), str(row.brain_mask_path))
            if key not in known:
                image, dose = read_image(row.image_path, series_uid=_given(row, "series_uid")), read(key[0])
                verify_frame(image, dose_frame(dose), (), f"dose {Path(key[0]).name}")
                known[key] = dose_volume(dose, read_mask(key[1], image), partial=True)
        except RadnecError as error:
            yield Measured(index, "v12_cc", math.nan, str(error))
            continue
        yield from _columns(index, known[key], _BRAIN)


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
        return table.iloc[:0]
    rows = table[table["dose_path"].notna() & table["mask_path"].notna()]
    if "region" in rows:
        rows = rows[rows["region"].isna()]
    rows = rows.assign(drawn_elsewhere=drawn_elsewhere(rows), _other=rows["sequence"].ne("T1wCE"))
    return rows.sort_values([*KEYS, "drawn_elsewhere", "_other", "sequence", "image_path"], kind="stable")


def _drawn_on(lesion: pd.DataFrame, row: Any) -> Any:
    """Return the row of a lesion on whose image the mask of a row was drawn, or that row where there is none."""
    if not row.drawn_elsewhere:
        return row
    rows = lesion[lesion["sequence"].eq(row.mask_sequence) & lesion["mask_path"].eq(row.mask_path)]
    return next(rows.itertuples(), row)


def _rows_of(table: pd.DataFrame, owner: dict[str, str]) -> pd.Index[Any]:
    chosen = pd.Series(data=True, index=table.index)
    for key, value in owner.items():
        chosen &= table[key].eq(value)
    return table.index[chosen]


def _tuple(owner: Any) -> tuple[Any, ...]:
    return owner if isinstance(owner, tuple) else (owner,)


def _given(row: Any, name: str) -> Any:
    value = getattr(row, name, None)
    return None if value is None or pd.isna(value) else value
