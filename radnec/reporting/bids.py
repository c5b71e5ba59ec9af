"""Writes what ``assess`` returns as a BIDS derivative, one table per patient and session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from radnec.errors import ConfigError
from radnec.features.unfinished import appearing
from radnec.reporting.assessed import CALLS, COLUMNS, NUMBERS, RESEARCH_USE, check_assessed
from radnec.reporting.bids_labels import SESSIONS, SUBJECTS, Kind, label_ids, listed_labels
from radnec.reporting.identity import ModelIdentity

if TYPE_CHECKING:
    from collections.abc import Mapping

_BIDS_VERSION = "1.10.0"
_DESCRIPTION = "dataset_description.json"


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
        BIDS label for a ``patient_id`` or ``session_id``. A label has letters and digits alone; the prefix ``sub-`` or
        ``ses-`` may be there already. Where none is given, all other characters are left out.
    source_datasets : tuple of str, optional
        URLs, DOIs or relative paths of the datasets that the images are from.

    Returns
    -------
    list of pathlib.Path
        The tables, ``sub-<label>/[ses-<label>/]anat/sub-<label>[_ses-<label>]_desc-radnec_assess.tsv``, each with a
        ``.json`` beside it that describes its columns. ``participants.tsv`` and ``sub-<label>_sessions.tsv`` say which
        identifier each label is of, ``n/a`` where the label was given.

    Raises
    ------
    radnec.errors.TableError
        If the table is not what ``assess`` returns, no label is left of an identifier, or two get the same, here or in
        an earlier run.
    radnec.errors.ConfigError
        If `folder` holds another dataset.
    radnec.errors.ReadError
        If its list of labels cannot be read.

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
    _refuse_another(folder)
    labels = _labels(table, folder, subjects or {}, sessions or {})
    _describe_dataset(folder, identity, source_datasets)
    for path, text in labels.lists.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    sidecar = _json(_columns() | {"Model": _facts(identity), "Use": RESEARCH_USE})
    written = []
    for name, rows in _named_files(table, labels).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path.with_suffix(".json"), sidecar)
        written.append(_replace(path, _tsv(rows)))
    return written


def verify_bids(cohort: pd.DataFrame, folder: str | Path) -> None:
    """Refuse, before lesions are measured, a cohort whose results could not be written as a BIDS derivative.

    Parameters
    ----------
    cohort : DataFrame
        Table with ``patient_id`` and perhaps ``session_id``.
    folder : path-like
        Folder of the derivative.

    Raises
    ------
    radnec.errors.TableError
        If no label is left of an identifier, or two get the same.
    radnec.errors.ConfigError
        If `folder` holds another dataset.
    radnec.errors.ReadError
        If its list of labels cannot be read.
    """
    _refuse_another(Path(folder))
    _labels(cohort, Path(folder), {}, {})


class _Labels(NamedTuple):
    """Labels of patients, of the sessions of each, and the text of the tables that list them."""

    subjects: dict[str, str]
    sessions: dict[str, dict[str, str]]
    lists: dict[Path, str]


def _labels(table: pd.DataFrame, folder: Path, subjects: Mapping[str, str], sessions: Mapping[str, str]) -> _Labels:
    found = _Labels(label_ids(table["patient_id"].unique(), SUBJECTS, subjects), {}, {})
    path = folder / "participants.tsv"
    found.lists[path] = listed_labels(path, found.subjects, subjects, SUBJECTS)
    found.lists[path.with_suffix(".json")] = _describe_labels(SUBJECTS)
    if "session_id" in table:
        for patient, rows in table.groupby("patient_id", sort=True):
            own = label_ids(rows["session_id"].unique(), SESSIONS, sessions)
            label = found.subjects[str(patient)]
            path = folder / label / f"{label}_sessions.tsv"
            found.sessions[str(patient)] = own
            found.lists[path] = listed_labels(path, own, sessions, SESSIONS)
        found.lists[folder / "sessions.json"] = _describe_labels(SESSIONS)
    return found


def _describe_labels(kind: Kind) -> str:
    source = f"{kind.column} of the results that the label is of; n/a where the label was given"
    return _json({kind.key: {"Description": "BIDS label"}, kind.source: {"Description": source}})


def _named_files(table: pd.DataFrame, labels: _Labels) -> dict[Path, pd.DataFrame]:
    """Return the rows of each patient and session under the name of their file."""
    keys = [name for name in ("patient_id", "session_id") if name in table]
    files = {}
    for (patient, *session), rows in table.groupby(keys, sort=True):
        entities = [labels.subjects[str(patient)], *(labels.sessions[str(patient)][str(one)] for one in session)]
        name = "_".join([*entities, "desc-radnec", "assess.tsv"])
        files[Path(*entities, "anat", name)] = rows.drop(columns=keys)
    return files


def _refuse_another(folder: Path) -> None:
    path = folder / _DESCRIPTION
    if path.exists() and not _is_ours(path):
        raise ConfigError(
            f"{folder} is another dataset, which its {_DESCRIPTION} describes: expected one of radnec's own, such as "
            f"{folder / 'derivatives' / 'radnec'}"
        )


def _describe_dataset(folder: Path, identity: ModelIdentity, sources: tuple[str, ...]) -> None:
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
    _replace(folder / _DESCRIPTION, _json(facts))


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
