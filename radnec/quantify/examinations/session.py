"""Opens what the rows of one session name, each file once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from radnec.cohort.fields import WHOLE
from radnec.errors import MeasurementError
from radnec.imaging.readers import read_acquisition, read_frames
from radnec.imaging.regions import midsagittal_plane
from radnec.quantify.examinations.acquisition import Acquisition

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    import SimpleITK as sitk

    from radnec.imaging.regions import Plane

    Row = Mapping[str, str]

#: Phases that are examinations of their own; a sequence is usually taken in another one, or in none.
APART = ("delayed", "pre")


class Session:
    """The rows of one patient's session, and what was read of them.

    Parameters
    ----------
    rows : sequence of mapping
        Cells of the cohort as text, "" where they are empty, in order of their key.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        self._kept: dict[Hashable, Any] = {}
        self._frames: tuple[Hashable, list[sitk.Image]] = ((), [])

    def lesions(self) -> list[Lesion]:
        """Return the lesions, in order of their names."""
        return [Lesion(self, name) for name in dict.fromkeys(row["lesion_id"] for row in self.rows)]

    def once(self, key: Hashable, work: Callable[[], Any]) -> Any:
        """Return what `work` returns, which is kept under a key for all lesions of the session."""
        if key not in self._kept:
            self._kept[key] = work()
        return self._kept[key]

    def image(self, row: Row) -> sitk.Image:
        """Return the 3-D image of a row in its sequence's unit."""
        options = {"series_uid": row["series_uid"] or None, "volume": row["volume"] or None}
        found: sitk.Image = self.once(
            ("image", *source(row)), lambda: read_acquisition(row["image_path"], row["sequence"], **options)
        )
        return found

    def frames(self, row: Row) -> list[sitk.Image]:
        """Return the frames of a row's image; those of one image are kept, since they are large."""
        if self._frames[0] != source(row):
            uid = row["series_uid"] or None
            self._frames = (source(row), read_frames(row["image_path"], row["sequence"], series_uid=uid))
        return self._frames[1]

    def plane(self, row: Row, image: sitk.Image) -> Plane:
        """Return the mid-sagittal plane of a row's image."""
        found: Plane = self.once(("plane", *source(row)), lambda: midsagittal_plane(image))
        return found


def source(row: Row) -> tuple[str, ...]:
    """Return what tells a row's image from others."""
    return tuple(row[name] for name in ("sequence", "image_path", "series_uid", "volume"))


class Lesion:
    """One lesion of a session.

    Parameters
    ----------
    session : Session
        Where it is seen.
    lesion_id : str
        Its name.
    """

    def __init__(self, session: Session, lesion_id: str) -> None:
        self.session = session
        self.lesion_id = lesion_id
        self._rows = [row for row in session.rows if row["lesion_id"] == lesion_id]
        first = self._rows[0]
        self.name = f"lesion {first['patient_id']}/{first['session_id']}/{lesion_id}"

    def acquired(self, sequence: str, *, phase: str = "", region: str = "") -> Acquisition | None:
        """Return the image of a sequence; None if it was not taken.

        Parameters
        ----------
        sequence : str
            In the words of the cohort.
        phase : str
            ``delayed`` or ``pre``; "" stands for all others.
        region : str
            Part of the lesion that the mask shows; "" is the whole.

        Raises
        ------
        radnec.errors.MeasurementError
            If several rows fit.
        """
        fitting = [
            row
            for row in self._rows
            if row["sequence"] == sequence
            and (row["phase"] if row["phase"] in APART else "") == phase
            and ("" if row["region"] in WHOLE else row["region"]) == region
        ]
        if len(fitting) > 1:
            phases = ", ".join(row["phase"] or "none" for row in fitting)
            raise MeasurementError(
                f"{len(fitting)} rows of {sequence} may be meant (phases: {phases}); expected one. Leave the others "
                "out of the cohort"
            )
        if not fitting:
            return None
        key = (self.lesion_id, sequence, phase, region)
        found: Acquisition = self.session.once(key, lambda: Acquisition(self.session, fitting[0]))
        return found

    def needed(self, sequence: str, *, phase: str = "", region: str = "") -> Acquisition:
        """Return the image of a sequence, without which nothing can be measured; arguments as of :meth:`acquired`."""
        found = self.acquired(sequence, phase=phase, region=region)
        if found is None:
            called = " ".join(part for part in (sequence, phase, region) if part)
            raise MeasurementError(f"the session has no {called} of the lesion; give it a row of the cohort")
        return found
