"""Finds how the other lesions of a session are drawn, for regions that leave them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.cohort.fields import WHOLE
from radnec.cohort.segments import mask_threshold
from radnec.features.region_rows import RULE, lesion_labels
from radnec.features.regions import Outline
from radnec.imaging.drawn_images import drawn_images, image_drawn_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from radnec.config import ExtractionConfig
    from radnec.imaging.drawing import Drawing

    Record = Mapping[str, str]

# Of several drawings of a lesion, the one on this sequence is taken first.
_FIRST = "T1wCE"


class Outlines:
    """The lesions of all sessions of a cohort, as its rows draw them.

    Parameters
    ----------
    records : sequence of mapping
        What each row holds, as text, "" where it is empty.
    settings : mapping of str to ExtractionConfig
        Settings of each sequence.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> row = dict.fromkeys(["patient_id", "session_id", "series_uid", "volume", "region", "_rule"], "")
    >>> row["reference_mask_path"] = ""
    >>> row |= dict.fromkeys(["mask_sequence", "mask_label", "mask_threshold", "brain_mask_path"], "")
    >>> one = {**row, "lesion_id": "1", "sequence": "T1wCE", "image_path": "t1.nii", "mask_path": "m1.nii"}
    >>> two = {**row, "lesion_id": "2", "sequence": "FLAIR", "image_path": "flair.nii", "mask_path": "m2.nii"}
    >>> config = ExtractionConfig(registration="rigid", regions={"near": {"kind": "shell", "outer_mm": 5}})
    >>> outlines = Outlines([one, two], {"T1wCE": config, "FLAIR": config})
    >>> [[(each.mask_path, each.image.sequence) for each in other] for other in outlines.beside(one, None)]
    [[('m2.nii', 'FLAIR')]]
    """

    def __init__(self, records: Sequence[Record], settings: Mapping[str, ExtractionConfig]) -> None:
        self._settings = settings
        self._images = drawn_images(records)
        self._sessions: dict[tuple[str, str], dict[str, list[Outline]]] = {}
        if not any(config.regions for config in settings.values()):
            return
        for record in records:
            if record["mask_path"] and (record[RULE] or record["region"] in WHOLE):
                lesions = self._sessions.setdefault((record["patient_id"], record["session_id"]), {})
                outlines = lesions.setdefault(record["lesion_id"], [])
                if (one := self._outline(record)) not in outlines:
                    outlines.append(one)

    def beside(self, record: Record, drawing: Drawing | None) -> tuple[tuple[Outline, ...], ...]:
        """Return every other lesion of a row's session, each as it can be drawn where the row is measured.

        Parameters
        ----------
        record : mapping
            The row.
        drawing : Drawing or None
            Image that its own image is registered to, if it is.

        Returns
        -------
        tuple of tuple of Outline
            Of each lesion the drawing on that very image; else all others, in order of preference.
        """
        own = (record["image_path"], record["series_uid"], record["volume"])
        here = own if drawing is None else drawing.identity
        moves = self._settings[record["sequence"]].registration is not None
        lesions = self._sessions.get((record["patient_id"], record["session_id"]), {})
        return tuple(
            _usable(outlines, here, moves=moves)
            for lesion, outlines in sorted(lesions.items())
            if lesion != record["lesion_id"]
        )

    def _outline(self, record: Record) -> Outline:
        labels = lesion_labels(record, self._settings[record["sequence"]])
        image = image_drawn_on(record, self._images)
        threshold = mask_threshold(record["mask_threshold"])
        return Outline(f"lesion {record['lesion_id']} of the session", record["mask_path"], labels, threshold, image)


def _usable(outlines: Sequence[Outline], here: tuple[str, str, str], *, moves: bool) -> tuple[Outline, ...]:
    def preference(one: Outline) -> tuple[object, ...]:
        image = one.image
        where = () if image is None else (image.sequence != _FIRST, image.sequence, *image.identity)
        return (*where, one.mask_path, [str(label) for label in one.labels])

    ordered = sorted(outlines, key=preference)
    still = [Outline(one.lesion, one.mask_path, one.labels, one.threshold) for one in ordered]
    on_it = [
        as_it_is
        for one, as_it_is in zip(ordered, still, strict=True)
        if one.image is not None and one.image.identity == here
    ]
    return tuple(on_it[:1]) or tuple(ordered if moves else still)
