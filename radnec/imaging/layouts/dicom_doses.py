"""Finds the dose grid of an image series, and says of every other why it is none of any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.imaging.dose.rtdose import TOTAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from radnec.imaging.layouts.dicom_heads import Dose, Series, Tree


def doses_of(series: Series, tree: Tree) -> list[Dose]:
    """Return the total doses in the space of a series."""
    return [dose for dose in tree.doses if not _misfit(dose, [series])]


def unused_doses(tree: Tree, studies: Iterable[Sequence[Series]], folder: Path) -> list[str]:
    """Return a note on each dose grid that goes with no image of the draft, with the reason."""
    kept = [series for members in studies for series in members]
    reasons = {dose.path: _misfit(dose, kept) for dose in tree.doses}
    return [
        f"dose {path.relative_to(folder).as_posix()} goes with no image of the draft: {reason}"
        for path, reason in reasons.items()
        if reason
    ]


def _misfit(dose: Dose, series: Sequence[Series]) -> str:
    """Say why a dose is not the total dose of any of these series; "" where it is of one."""
    own = [one for one in series if one.patient == dose.patient]
    if not own:
        return "no image has its PatientID"
    if dose.summation not in TOTAL:
        return (
            f"its DoseSummationType is {dose.summation or 'empty'}, which may be a share of the treatment (expected "
            f"{' or '.join(TOTAL)}). If it is all that was given, write it into dose_path and name it to add-dose: "
            f"--summation {dose.summation or 'PLAN'}"
        )
    if not dose.frame:
        return "it names no frame of reference"
    if all(one.frame != dose.frame for one in own):
        return (
            "its frame of reference is that of no image, but of another such as the planning CT. Resample it onto an "
            "image that is registered to that one, and write the file into dose_path"
        )
    return ""
