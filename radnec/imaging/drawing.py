"""Holds what is known of an image that masks of other images were drawn on."""

from __future__ import annotations

from dataclasses import dataclass

# No module that a worker does not need stands here: unpickling a scan must not load a table library.


@dataclass(frozen=True)
class Drawing:
    """An image that masks of other sequences were drawn on.

    Parameters
    ----------
    sequence : str
        What it shows.
    image_path : str
        Its file or folder.
    series_uid : str or None
        SeriesInstanceUID, where the folder holds several series.
    volume : str or None
        Which volume, where the series holds several.
    brain_mask_path, reference_mask_path : str or None
        Masks on its grid.
    """

    sequence: str
    image_path: str
    series_uid: str | None
    volume: str | None
    brain_mask_path: str | None
    reference_mask_path: str | None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells it from any other image: file, series and volume."""
        return self.image_path, self.series_uid or "", self.volume or ""

    def masks(self) -> dict[str, str]:
        """Return the masks on its grid, by the names of their columns; none that it does not have."""
        masks = {"brain_mask_path": self.brain_mask_path, "reference_mask_path": self.reference_mask_path}
        return {name: path for name, path in masks.items() if path is not None}
