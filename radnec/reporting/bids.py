"""Writes what ``assess`` returns as a BIDS derivative, one table per patient and session."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.errors import ConfigError, TableError
from radnec.features.unfinished import appearing
from radnec.reporting.assessed import CALLS, COLUMNS, NUMBERS, RESEARCH_USE, check_assessed
from radnec.reporting.identity import ModelIdentity

if TYPE_CHECKING:
    from collections.abc import Mapping

_BIDS_VERSION = "1.10.0"
_DESCRIPTION = "dataset_description.json"
_LABEL = re.compile(r"[0-9A-Za-z]+")


def write_bids(
    assessed: pd.DataFrame,
    folder: str | Path,
    *,
    model: Any,
    subjects: Mapping[str, str] | None = None,
    sessions: Mapping[str, str] | None = None,
    source_datasets: tuple[str, ...] = (),
) -> list[Path]:
    """Write results as the BIDS derivative ``derivatives/radnec`` of a dataset.

    Parameters
    ----------
    assessed : DataFrame
        What :meth:`radnec.RadnecClassifier.assess` returned.
    folder : path-like
        Folder of the derivative, such as ``my_dataset/derivatives/radnec``; files of an earlier run are replaced,
        those of patients and sessions that `assessed` lacks are left.
    model : RadnecClassifier or mapping
        The model, or a mapping with its ``identity``, ``name``, ``version``.
    subjects, sessions : mapping of str to str, optional
        BIDS label for a ``patient_id`` or ``session_id`` that is none itself. A label has letters and digits alone; the
        prefix ``sub-`` or ``ses-`` may be there already.
    source_datasets : tuple of str, optional
        URLs, DOIs or relative paths of the datasets that the images are from.

    Returns
    -------
    list of pathlib.Path
        The tables, ``sub-<label>/[ses-<label>/]anat/sub-<label>[_ses-<label>]_desc-radnec_assess.tsv``, each with a
        ``.json`` beside it that describes its columns.

    Raises
    ------
    radnec.errors.TableError
        If the table is not what ``assess`` returns, an identifier is no BIDS label, or two become the same.
    radnec.errors.ConfigError
        If `folder` holds another dataset.

    Notes
    -----
    Missing values are ``n/a`` and blanks in a text are single spaces, as BIDS asks for. Numbers are written so that
    they read back to the last bit.

    References
    ----------
    BIDS specification 1.10.0, "BIDS Derivatives" and "Tabular files".

    Examples
    --------
    >>> import tempfile
    >>> row = {"patient_id": "P1", "session_id": "ses-2", "lesion_id": "L1", "p_necrosis": 0.8, "p_low": 0.7,
    ...        "p_high": 0.9, "prediction_set": "{necrosis}", "call": "necrosis", "reason": "only necrosis plausible",
    ...        "novelty": 0.0, "outlying_feature": ""}
    >>> [path] = write_bids(pd.DataFrame([row]), tempfile.mkdtemp(), model={"identity": "1f0c9d3e"})
    >>> path.name
    'sub-P1_ses-2_desc-radnec_assess.tsv'
    """
    table = check_assessed(assessed)
    folder, identity = Path(folder), ModelIdentity.of(model)
    named = _named_files(table, subjects or {}, sessions or {})
    _describe_dataset(folder, identity, source_datasets)
    sidecar = _json(_columns() | {"Model": _facts(identity), "Use": RESEARCH_USE})
    written = []
    for name, rows in named.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path.with_suffix(".json"), sidecar)
        written.append(_replace(path, _tsv(rows)))
    return written


def _named_files(
    table: pd.DataFrame, subjects: Mapping[str, str], sessions: Mapping[str, str]
) -> dict[Path, pd.DataFrame]:
    """Return the rows of each patient and session under the name of their file."""
    keys = [name for name in ("patient_id", "session_id") if name in table]
    labels = [_labels(table["patient_id"], "sub", subjects, "subjects")]
    if "session_id" in table:
        labels.append(_labels(table["session_id"], "ses", sessions, "sessions"))
    files = {}
    for key, rows in table.groupby(keys, sort=True):
        entities = [found[str(value)] for found, value in zip(labels, key, strict=True)]
        name = "_".join([*entities, "desc-radnec", "assess.tsv"])
        files[Path(*entities, "anat", name)] = rows.drop(columns=keys)
    return files


def _labels(values: pd.Series, prefix: str, given: Mapping[str, str], argument: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    # File systems that ignore case would make one file of sub-a and sub-A.
    taken: dict[str, str] = {}
    for value in map(str, values):
        label = str(given.get(value, value)).removeprefix(f"{prefix}-")
        if not _LABEL.fullmatch(label):
            raise TableError(
                f"{values.name} {value!r} is no BIDS label: expected letters and digits alone. Name it anew: "
                f"{argument}={{{value!r}: {re.sub('[^0-9A-Za-z]', '', label) or 'P1'!r}}}"
            )
        if taken.setdefault(label.lower(), value) != value:
            raise TableError(
                f"{values.name} {taken[label.lower()]!r} and {value!r} have the same BIDS label {prefix}-{label}: "
                f"tell them apart with {argument}="
            )
        labels[value] = f"{prefix}-{label}"
    return labels


def _describe_dataset(folder: Path, identity: ModelIdentity, sources: tuple[str, ...]) -> None:
    path = folder / _DESCRIPTION
    if path.exists() and not _is_ours(path):
        raise ConfigError(
            f"{folder} is another dataset, which its {_DESCRIPTION} describes: expected one of radnec's own, such as "
            f"{folder / 'derivatives' / 'radnec'}"
        )
    facts: dict[str, Any] = {
        "Name": "radnec: radiation necrosis or tumour progression",
        "BIDSVersion": _BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {
                "Name": "radnec",
                "Version": identity.version,
                "Description": f"Model {identity.name}, identity {identity.identity}. {RESEARCH_USE}",
            }
        ],
    }
    if sources:
        facts["SourceDatasets"] = [{"URL": url} for url in sources]
    folder.mkdir(parents=True, exist_ok=True)
    _replace(path, _json(facts))


def _is_ours(path: Path) -> bool:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return any(one["Name"] == "radnec" for one in found["GeneratedBy"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return False


def _columns() -> dict[str, Any]:
    columns: dict[str, Any] = {
        name: {"Description": text} for name, text in COLUMNS.items() if name not in ("patient_id", "session_id")
    }
    columns["call"]["Levels"] = CALLS
    for name in NUMBERS:
        columns[name] |= {"Units": "1", "Minimum": 0, "Maximum": 1}
    return columns


def _facts(identity: ModelIdentity) -> dict[str, Any]:
    return {
        "Name": identity.name,
        "Version": identity.version,
        "Identity": identity.identity,
        "Parameters": list(identity.parameters),
    }


def _tsv(rows: pd.DataFrame) -> str:
    cells = [[str(name) for name in rows]] + [[_cell(value) for value in row] for row in rows.itertuples(index=False)]
    return "".join("\t".join(line) + "\n" for line in cells)


def _cell(value: Any) -> str:
    text = "" if pd.isna(value) else " ".join(str(value).split())
    return text or "n/a"


def _json(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"


def _replace(path: Path, text: str) -> Path:
    with appearing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return path
