"""Names the columns of a cohort table: letter case, misspelt names, pyradiomics batch files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from radnec.cohort.fields import FIELDS
from radnec.cohort.parsing import counted
from radnec.cohort.suggestions import folded, nearest

if TYPE_CHECKING:
    import pandas as pd

    from radnec.cohort.findings import Findings

#: Columns of pyradiomics' own example batch files, folded, in the order they are tried.
_PATIENT_COLUMNS = ("patient", "id", "subject", "subjectid", "case")
_ENDING = re.compile(r"(?<=.)(\.seg)?\.(nii|nrrd|nhdr|mha|mhd|dcm|hdr|img)(\.gz)?$", re.IGNORECASE)


def named(cells: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Return the cells under the declared names, whatever the letter case and spaces in theirs.

    A pyradiomics batch file (``Image``, ``Mask``, perhaps ``Label``) gets the keys it lacks. Undeclared
    columns are kept and told; a name that stands twice is a problem.
    """
    cells = cells.set_axis([str(name).strip() for name in cells.columns], axis=1)
    nameless = cells.columns == ""
    if nameless.any():
        columns = counted(int(nameless.sum()), "column without a name was", "columns without a name were")
        findings.tip(f"{columns} left out")
        cells = cells.loc[:, ~nameless]
    cells = _each_once(cells, findings)
    lower = {name.casefold() for name in cells.columns}
    batch = {"image", "mask"} <= lower and "image_path" not in lower
    declared = {folded(name): name for name in FIELDS}
    read_as = {name: declared.get(folded(name), name) for name in cells.columns}
    if batch:
        read_as |= _batch_names(cells)
    changed = [f"{old!r} as {new}" for old, new in read_as.items() if old != new]
    if changed:
        findings.tip(f"columns: read {', '.join(changed)}")
    cells = _each_once(cells.rename(columns=read_as), findings)
    if batch:
        cells = _with_keys(cells, findings)
    _tell_undeclared(cells, findings)
    return cells


def _each_once(cells: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    again = cells.columns.duplicated()
    for name in cells.columns[again].unique():
        findings.header_problem(name, "the column more than once", "each column once")
    return cells.loc[:, ~again]


def _tell_undeclared(cells: pd.DataFrame, findings: Findings) -> None:
    told = []
    for name in sorted(set(cells.columns) - FIELDS.keys()):
        near = nearest(name, [field for field in FIELDS if field not in cells.columns])
        told.append(f"{name} (did you mean {near}?)" if near else name)
    if told:
        findings.tip(f"kept columns that the contract does not know: {', '.join(told)}")


def _batch_names(cells: pd.DataFrame) -> dict[str, str]:
    by_key = {folded(name): name for name in cells.columns}
    renamed = {by_key["image"]: "image_path", by_key["mask"]: "mask_path"}
    # In a batch file Label is the value in the mask; an outcome that is called so holds words.
    if "label" in by_key and cells[by_key["label"]].dropna().map(_is_whole).all():
        renamed[by_key["label"]] = "mask_label"
    if "reader" in by_key:
        renamed[by_key["reader"]] = "mask_source"
    if "patientid" not in by_key:
        patient = [by_key[key] for key in _PATIENT_COLUMNS if key in by_key][:1]
        renamed |= dict.fromkeys(patient, "patient_id")
    return renamed


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"\d+(\.0*)?", text.strip()) is not None


def _with_keys(cells: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    cells = cells.copy()
    assumed = []
    if "patient_id" not in cells:
        cells["patient_id"] = _file_names(cells["image_path"])
        assumed.append("each image is a patient of its own, called by its file")
    if "session_id" not in cells:
        cells["session_id"] = "1"
        assumed.append("all images of a patient are of one session")
    if "lesion_id" not in cells:
        mask = _file_names(cells["mask_path"])
        if "mask_label" in cells:
            label = cells["mask_label"].fillna("1").astype(str).str.strip().str.replace(r"\.0*$", "", regex=True)
            several = label.groupby(mask).transform("nunique") > 1
            mask = mask.where(~several, mask + "/" + label)
        cells["lesion_id"] = mask
        assumed.append("each mask (and label) is a lesion of its own, called by its file")
    if "sequence" not in cells:
        cells["sequence"] = "T1wCE"
        assumed.append("EVERY IMAGE IS T1wCE: add a column `sequence` where that is not so")
    if assumed:
        findings.assumed = f"read as a pyradiomics batch file, with what it does not say assumed: {'; '.join(assumed)}"
        findings.tip(findings.assumed)
    return cells


def _file_names(paths: pd.Series[str]) -> pd.Series[str]:
    """Return the names of files without their endings, behind as many folders as it takes to tell all files apart."""
    whole = paths.fillna("none").map(_parts)
    files = set(whole)
    endless = {parts: (*parts[:-1], _ENDING.sub("", parts[-1]) if parts else "none") for parts in files}
    for depth in range(1, max(map(len, endless.values()), default=1) + 1):
        names = {parts: "/".join(endless[parts][-depth:]) for parts in files}
        if len(set(names.values())) == len(files):
            break
    else:
        names = {parts: "/".join(parts) for parts in files}
    return whole.map(names).astype(object)


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\\/]", path.strip()) if part not in ("", "."))
