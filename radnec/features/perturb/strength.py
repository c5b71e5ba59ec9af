"""How far perturbations may go."""

from __future__ import annotations

from pydantic import Field

from radnec.config.base import Settings


class Strength(Settings):
    """How far each perturbation may go.

    Parameters
    ----------
    rotation_deg : float, default 13.0
        Largest angle; a replicate is turned by an angle drawn uniformly between minus and plus this.
    translation_voxels : float, default 1.0
        Largest shift, as a share of a voxel's edge; along each axis the shift is drawn uniformly between 0 and this.
    noise_scale : float, default 1.0
        SD of the noise added, in units of the noise that is found in the image.
    volume_fraction : float, default 0.2
        Largest change of volume; a replicate grows or shrinks by a share drawn uniformly between minus and plus this.
    supervoxel_mm3 : float, default 500.0
        Volume of the supervoxels that contours are made of.
    supervoxels_per_lesion : float, default 30.0
        Least number of supervoxels that a lesion's volume holds: in lesions smaller than this many supervoxels these
        shrink, so that there is a contour to draw.

    Examples
    --------
    >>> Strength(volume_fraction=1.5)
    Traceback (most recent call last):
    ...
    radnec.errors.ConfigError: Strength cannot be built:
      volume_fraction: found 1.5; expected a value less than 1
    """

    rotation_deg: float = Field(default=13.0, ge=0, le=45)
    translation_voxels: float = Field(default=1.0, ge=0, le=1)
    noise_scale: float = Field(default=1.0, ge=0, le=10)
    volume_fraction: float = Field(default=0.2, ge=0, lt=1)
    supervoxel_mm3: float = Field(default=500.0, gt=0)
    supervoxels_per_lesion: float = Field(default=30.0, ge=1)
