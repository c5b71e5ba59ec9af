"""Adds to a cohort the rows of the regions that the settings make of its lesions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from radnec.cohort.fields import KEYS, WHOLE
from radnec.cohort.segments import mask_label
from radnec.config.region_presets import LESION
from radnec.config.regions import Labels, Mirror, Reference, RegionRule, Shell
from radnec.errors import CohortError
from radnec.features.naming import column_prefix
from radnec.features.regions import Making

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from radnec.config import ExtractionConfig
    from radnec.features.regions import Outline
    from radnec.imaging.drawing import Drawing

#: Name of the column that says by which rule of the settings a row is made; "" where the cohort gives it.
RULE = "_rule"


def making(
    rule: RegionRule | None,
    lesion: tuple[int | str, ...],
    record: Mapping[str, str],
    *,
    drawing: Drawing | None = None,
    others: Callable[[], tuple[tuple[Outline, ...], ...]] = tuple,
) -> Making:
    """Return what a rule makes a region of.

    Parameters
    ----------
    rule : RegionRule or None
        The rule; None for the lesion itself.
    lesion : tuple of int or str
        Labels of the lesion.
    record : mapping
        The row as text, "" where it is empty.
    drawing : Drawing or None
        Image that the row's own is registered to; its masks go before those of the row.
    others : callable
        Returns the other lesions of the session, where they are needed.

    Examples
    --------
    >>> from radnec.config.regions import Rim, Shell
    >>> record = {"brain_mask_path": "brain.nii", "reference_mask_path": ""}
    >>> making(Rim(depth_mm=2), (1,), record).brain_path, making(Shell(outer_mm=2), (1,), record).brain_path
    (None, 'brain.nii')
    """
    cut = isinstance(rule, Shell | Mirror | Reference)
    by_mask = isinstance(rule, Reference) and rule.source == "mask"
    alone = not (isinstance(rule, Reference) or (isinstance(rule, Shell | Mirror) and rule.exclude_lesions))
    on_it = {} if drawing is None else drawing.masks()
    needed = [name for name, asked in (("brain_mask_path", cut), ("reference_mask_path", by_mask)) if asked]
    masks = {name: on_it.get(name) or record[name] or None for name in needed}
    return Making(
        rule,
        lesion,
        brain_path=masks.get("brain_mask_path"),
        reference_path=masks.get("reference_mask_path"),
        of_image=tuple(path for name, path in masks.items() if path and drawing is not None and name not in on_it),
        others=() if alone else others(),
    )


def with_regions(cohort: pd.DataFrame, settings: Mapping[str, ExtractionConfig]) -> pd.DataFrame:
    """Return a cohort with a row for every region that is made of a whole lesion.

    Parameters
    ----------
    cohort : DataFrame
        Rows as the user gives them.
    settings : mapping of str to ExtractionConfig
        Settings of each sequence that is measured.

    Returns
    -------
    DataFrame
        With the column ``_rule``, and the index of the row that a region is made of; `cohort` with that column where
        the settings name no regions.

    Raises
    ------
    radnec.errors.CohortError
        If the cohort has a row for a region that the settings make as well, or sub-regions are asked of a mask file
        that marks several lesions, or ``mask_label`` contradicts the labels of the lesion, or a region of the settings
        is made of no row, because none is of a whole lesion.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> cohort = pd.DataFrame([dict.fromkeys([*KEYS, "mask_path"], "1") | {"sequence": "T1wCE"}])
    >>> config = ExtractionConfig(regions={"rim": {"depth_mm": 2.0}})
    >>> with_regions(cohort, {"T1wCE": config})[["sequence", "region", "_rule"]].values.tolist()
    [['T1wCE', '', ''], ['T1wCE', 'rim', 'rim']]
    """
    given = cohort.assign(**{RULE: ""})
    if not any(config.regions for config in settings.values()):
        return given
    region = _texts(cohort, "region")
    given["region"] = region
    whole = region.isin(WHOLE) & cohort["sequence"].isin(list(settings))
    _verify_made(given, whole, settings)
    _verify_labels(given[whole], settings)
    parts, dropped = [], pd.Series(data=False, index=range(len(given)))
    for sequence, config in settings.items():
        lesions = (whole & (cohort["sequence"] == sequence)).to_numpy()
        if not config.whole_lesion:
            dropped |= lesions
        names = [name for name in config.regions if name != LESION]
        parts += [given[lesions].assign(region=name, **{RULE: name}) for name in names]
    made = pd.concat(parts) if parts else given[:0]
    _verify_names(given, made)
    return pd.concat([given[~dropped.to_numpy()], made])


def lesion_labels(record: Mapping[str, str], config: ExtractionConfig) -> tuple[int | str, ...]:
    """Return the labels that mark the lesion of a row.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> lesion_labels({"mask_label": ""}, ExtractionConfig())
    (1,)
    >>> lesion_labels({"mask_label": ""}, ExtractionConfig(regions="brats-2023"))
    (1, 3)
    """
    rule = config.regions.get(LESION)
    if isinstance(rule, Labels):
        return tuple(rule.values)
    return (mask_label(record["mask_label"]),)


def _texts(cohort: pd.DataFrame, name: str) -> pd.Series[str]:
    if name not in cohort:
        return pd.Series("", index=cohort.index, dtype="string")
    return cohort[name].astype("string").fillna("")


def _verify_made(given: pd.DataFrame, whole: pd.Series[bool], settings: Mapping[str, ExtractionConfig]) -> None:
    has_lesions = set(given.loc[whole, "sequence"])
    names = sorted({name for config in settings.values() for name in config.regions})
    asked = {name: [one for one in settings if name in settings[one].regions] for name in names}
    idle = {name: sequences for name, sequences in asked.items() if not has_lesions & set(sequences)}
    if not idle:
        return
    sequences = sorted({one for several in idle.values() for one in several})
    own = sorted(set(given.loc[given["sequence"].isin(sequences), "region"]))
    problem = {
        "row": "all",
        "column": "region",
        "found": f"{', '.join(own)} in every row of {', '.join(sequences)}, so that {', '.join(idle)} of the settings' "
        "regions would be made of no row",
        "expected": 'rows with an empty region, one for each image of a lesion: cohort.drop(columns=["region", '
        '"mask_label"]).drop_duplicates(["patient_id", "session_id", "lesion_id", "sequence"]); or settings without '
        "these regions, where the cohort's own are meant",
    }
    raise CohortError(f"{len(idle)} regions of the settings are made of no row", pd.DataFrame([problem]))


def _verify_labels(rows: pd.DataFrame, settings: Mapping[str, ExtractionConfig]) -> None:
    problems = []
    kinds = {name: [rule.kind for rule in config.regions.values()] for name, config in settings.items()}
    labelled = [name for name in kinds if "labels" in kinds[name]]
    defined = [name for name, one in settings.items() if LESION in one.regions]
    divided = rows[rows["sequence"].isin(labelled)]
    shared = [name for name in ("patient_id", "session_id", "sequence", "image_path", "mask_path") if name in divided]
    lesions = divided.groupby(shared)["lesion_id"].transform("nunique")
    for row, path in divided.loc[(lesions > 1).to_numpy(), "mask_path"].items():
        found = f"{path}, which marks several lesions of the session"
        expected = "a mask file for each lesion, because the settings take sub-regions from it by their labels"
        problems.append({"row": row, "column": "mask_path", "found": found, "expected": expected})
    label = _texts(rows, "mask_label")
    # A cohort that was read has 1 where the table said nothing.
    for row, value in label[(rows["sequence"].isin(defined) & ~label.isin(["", "1"])).to_numpy()].items():
        expected = f"no label, because regions={{{LESION!r}: ...}} of the settings says which labels are the lesion"
        problems.append({"row": row, "column": "mask_label", "found": value, "expected": expected})
    if problems:
        raise CohortError(f"{len(problems)} rows of the cohort do not fit the regions", pd.DataFrame(problems))


def _verify_names(given: pd.DataFrame, made: pd.DataFrame) -> None:
    own = given[~given["region"].isin(WHOLE)]
    taken = dict(zip(_keys(own), own.index, strict=True))
    problems = [
        {
            "row": taken[key],
            "column": "region",
            "found": f"{key[-1].rstrip('_')}, which the settings make as well",
            "expected": "another name here, or in the settings' regions",
        }
        for key in _keys(made)
        if key in taken
    ]
    if problems:
        raise CohortError(f"{len(problems)} regions are both given and made", pd.DataFrame(problems))


def _keys(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = [_texts(rows, name).tolist() for name in (*KEYS, "sequence", "phase", "region")]
    return [(*key[:3], column_prefix(*key[3:])) for key in zip(*columns, strict=True)]
