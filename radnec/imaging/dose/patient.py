"""Tells a dose of another patient than the image's by the PatientIDs in their headers."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from radnec.errors import RadnecError
from radnec.imaging.cohort_images import given
from radnec.imaging.dicom.files import is_dicom, open_dicom, parsing
from radnec.imaging.dicom.scan import series_files

if TYPE_CHECKING:
    import pandas as pd


def of_others(rows: pd.DataFrame) -> list[str]:
    """Return for each row why its dose is not that of the image's patient, "" where nothing says so.

    Parameters
    ----------
    rows : pandas.DataFrame
        With ``image_path`` and ``dose_path``, perhaps ``series_uid``.

    Returns
    -------
    list of str
        One per row. Files without a PatientID (all but DICOM), and such as cannot be read, say nothing. The text names
        no PatientID, so that a report of it can be handed on.

    Examples
    --------
    >>> import pandas as pd
    >>> of_others(pd.DataFrame({"image_path": ["t1.nii.gz"], "dose_path": ["dose.nii.gz"]}))
    ['']
    """
    patients: dict[tuple[str, str | None], str] = {}

    def patient(path: str, series_uid: str | None = None) -> str:
        if (path, series_uid) not in patients:
            patients[path, series_uid] = _patient_id(Path(path), series_uid)
        return patients[path, series_uid]

    reasons = []
    for row in rows.to_dict("records"):
        dose, image = str(row["dose_path"]), str(row["image_path"])
        theirs = patient(dose)
        ours = patient(image, given(row, "series_uid")) if theirs else ""  # type: ignore[arg-type]  # names are text
        other = theirs and ours and theirs != ours
        reasons.append(
            f"dose {Path(dose).name} is of another patient (PatientID) than the image; correct dose_path or image_path"
            if other
            else ""
        )
    return reasons


def _patient_id(path: Path, series_uid: str | None) -> str:
    # What cannot be read is told when it is measured.
    with suppress(RadnecError):
        if path.is_dir():
            path = series_files(path, series_uid)[0]
        if path.is_file() and is_dicom(path):
            head = open_dicom(path, tags=("PatientID",))
            with parsing(path):
                return str(head.get("PatientID") or "").strip()
    return ""
