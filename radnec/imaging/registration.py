"""Finds the rigid motion between two images of a head, and says how far it can be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from radnec.cohort.fields import modality
from radnec.errors import RegistrationError
from radnec.imaging.rigid_search import (
    MIN_OVERLAP,
    Box,
    best,
    climbed,
    coarser,
    finite,
    information,
    inside,
    mirrored,
    points_of,
    starts,
    unseen,
)
from radnec.parallel.threads import one_itk_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Edges of the voxels (mm) of the levels of resolution, the coarsest first.
LEVELS_MM = (8.0, 4.0, 1.0)
#: A motion is believed if the images tell this much of each other (mutual information in nats); noise gives 0.001.
MIN_INFORMATION = 0.05
#: And if that falls by this share, when the images are pushed apart.
MIN_FALL = 0.1
#: And if at least so much of it (nats) is lost inside the brain. Of real MR pairs, right ones lost 0.16 to 0.20, those
#: of two patients or a flipped image up to 0.035; noisy maps of simulated rCBV 0.09 to 0.15. PET and SPECT hold less:
#: see :meth:`Registration.verify`.
MIN_INSIDE = 0.05
#: The same where one of the images is PET or SPECT, which hold less together.
MIN_INSIDE_NUCLEAR = 0.02
#: A mirror image may fit the brain better than the image by this factor. Flipped images reached 1.6 and more (noisy
#: maps of rCBV 1.08 and 1.22), right ones 1.03 at most.
MAX_MIRRORED = 1.2

_PUSH_MM = 8.0
# What the optimiser may lose to interpolation where the images agreed already.
_SLACK = 0.02


@dataclass(frozen=True)
class Registration:
    """A rigid motion, and what speaks for it.

    Parameters
    ----------
    transform : SimpleITK.Transform
        Takes points (mm) of the fixed image to the points of the moving image that show the same.
    box : Box
        Where the moving image is.
    mi_before, mi_after : float
        Mutual information in nats of the images as their headers place them, and after the motion. 0 where the
        images do not meet.
    fall : float
        Share of the mutual information that is lost, in the mean, when the motion is made wrong by 8 mm
        along each axis; near 0 if nothing distinguishes the place that was found.
    inside : float
        Mutual information (nats) that the same pushes cost inside the brain, 15 mm and more below the head's surface,
        where neither skull nor scalp can hold the images together.
    mirrored : float
        Mutual information inside the brain that the moving image would reach if it were mirrored from left to right,
        as a ratio to its own; above 1 it may be flipped.
    overlap : float
        Share of the fixed image's head that the moving image covers after the motion.
    rotation_deg : float
        Angle of the rotation.
    """

    transform: sitk.Transform
    box: Box
    mi_before: float
    mi_after: float
    fall: float
    inside: float
    mirrored: float
    overlap: float
    rotation_deg: float

    def shift_mm(self, lesion: sitk.Image) -> float:
        """Return how far the centre of a lesion moves in mm.

        Parameters
        ----------
        lesion : SimpleITK.Image
            Mask of the lesion, on the fixed image's grid; other than zero inside.
        """
        centre = _centre(lesion)
        return math.dist(centre, self.transform.TransformPoint(centre))

    def facts(self, lesion: sitk.Image) -> dict[str, float]:
        """Return the quality measures of the registration for a lesion, by the names that tables give them.

        Parameters
        ----------
        lesion : SimpleITK.Image
            Mask of the lesion, on the fixed image's grid.
        """
        return {
            "registration_mi_before": self.mi_before,
            "registration_mi_after": self.mi_after,
            "registration_fall": self.fall,
            "registration_inside": self.inside,
            "registration_mirrored": self.mirrored,
            "registration_overlap": self.overlap,
            "registration_rotation_deg": self.rotation_deg,
            "registration_shift_mm": self.shift_mm(lesion),
        }

    def verify(
        self,
        lesion: sitk.Image,
        *,
        max_shift_mm: float = 30.0,
        max_rotation_deg: float = 20.0,
        min_inside: float = MIN_INSIDE,
    ) -> None:
        """Refuse a registration that has failed for a lesion.

        Parameters
        ----------
        lesion : SimpleITK.Image
            The lesion, non-zero inside, on the grid of the fixed image.
        max_shift_mm : float, default 30.0
            How far the lesion's centre may move.
        max_rotation_deg : float, default 20.0
            How far the head may be turned.
        min_inside : float, default 0.05
            Least mutual information (nats) that a push must cost inside the brain (`inside`).

        Raises
        ------
        radnec.errors.RegistrationError
            With every reason: less mutual information than without any motion, no place that stands out, no agreement
            inside the brain, a mirror image that fits better, poor overlap, a head that is turned or a lesion that
            moves too far, or that the moving image does not show.

        Notes
        -----
        The bounds were set on two real heads and simulated ones, where another patient's image, and images flipped or
        turned by 180 degrees, are refused. What cannot be detected: another patient whose brain is much alike (as those
        of simulated patients are), another session of the same patient, a flipped image of a brain that is as symmetric
        as its noise, and any shift of a few millimetres. Look at the images.

        The bound of `min_inside` is one of MR. Simulated PET (5 mm FWHM, 2 mm voxels) and SPECT (10 to 11 mm, 4 mm),
        rightly laid on T1wCE within 0.5 mm, lost 0.11 to 0.28 (FDG), 0.05 to 0.11 (methionine), 0.05 to 0.08 (FET),
        0.03 to 0.07 (thallium) and 0.05 to 0.18 (MIBI), of three heads each; upside down they lost at most 0.02. So
        this default refuses some right ones, and :data:`MIN_INSIDE_NUCLEAR`, which extraction takes for them, none.
        Flipped from left to right, MET, FET and thallium lost at most 0.024, and the mirror image told them; of FDG,
        which is symmetric, one of two flipped images passed.
        """
        reasons = list(self._doubts(min_inside))
        if (shift := self.shift_mm(lesion)) > max_shift_mm:
            enough = 10 * math.ceil(shift / 10)
            reasons.append(
                f"it moves the lesion by {shift:.1f} mm, more than {max_shift_mm:g} mm (where that is right, allow it "
                f"in the extraction settings: registration_max_shift_mm={enough})"
            )
        if self.rotation_deg > max_rotation_deg:
            enough = 10 * math.ceil(self.rotation_deg / 10)
            reasons.append(
                f"it turns the head by {self.rotation_deg:.0f} degrees, more than {max_rotation_deg:g} (where that is "
                f"right, allow it in the extraction settings: registration_max_rotation_deg={enough})"
            )
        if cut := unseen(lesion, self.box, self.transform):
            reasons.append(f"{cut:.0%} of the lesion lies outside the image")
        if reasons:
            raise RegistrationError(
                f"the registration failed: {'; '.join(reasons)}. Look at both images; correct image_path, or give the "
                "sequence a mask of its own (and no mask_sequence)"
            )

    def _doubts(self, min_inside: float) -> Iterator[str]:
        if self.mi_after < self.mi_before * (1 - _SLACK):
            yield (
                f"the images agree less than without it (mutual information {self.mi_after:.3f} after "
                f"{self.mi_before:.3f})"
            )
        if self.mi_after < MIN_INFORMATION:
            yield (
                f"the images tell next to nothing of each other (mutual information {self.mi_after:.3f}, expected "
                f"{MIN_INFORMATION:g} or more)"
            )
        if self.fall < MIN_FALL:
            yield (
                f"no place stands out: pushed {_PUSH_MM:g} mm away, the images lose {self.fall:.0%} of their mutual "
                f"information, expected {MIN_FALL:.0%} or more"
            )
        if self.inside < min_inside:
            yield (
                f"inside the brain nothing holds the images together: pushed {_PUSH_MM:g} mm away, they lose "
                f"{self.inside:.3f} of their mutual information there, expected {min_inside:g} or more; they may be of "
                "two patients, flipped, or upside down (where one is right, allow it in the extraction settings of its "
                f"sequence: registration_min_inside={math.floor(100 * max(self.inside, 0)) / 100:g})"
            )
        if self.mirrored > MAX_MIRRORED:
            yield (
                f"its mirror image fits the brain better (mutual information {self.mirrored:.2f} times as high, "
                f"expected {MAX_MIRRORED:g} or less): the image is probably flipped"
            )
        if self.overlap < MIN_OVERLAP:
            yield f"the image covers {self.overlap:.0%} of the other's head, expected {MIN_OVERLAP:.0%} or more"


def usual_min_inside(*sequences: str) -> float:
    """Return how much agreement inside the brain is asked of a registration between sequences.

    Examples
    --------
    >>> usual_min_inside("FLAIR", "T1wCE"), usual_min_inside("PET-FET", "T1wCE")
    (0.05, 0.02)
    """
    return MIN_INSIDE if all(modality(name) == "MR" for name in sequences) else MIN_INSIDE_NUCLEAR


def register_rigid(moving: sitk.Image, fixed: sitk.Image) -> Registration:
    """Find the rigid motion that lays one image of a head over another, whatever their contrasts.

    Parameters
    ----------
    moving : SimpleITK.Image
        Three-dimensional image of any contrast; NaN counts as its lowest value.
    fixed : SimpleITK.Image
        Image that stays where it is; a lesion was drawn on it.

    Returns
    -------
    Registration
        The motion, which may have failed: see :meth:`Registration.verify`.

    Raises
    ------
    radnec.errors.ImageError
        If an image is constant, or too small for a registration.

    Notes
    -----
    Mattes' mutual information (32 bins, up to 300,000 voxels of a level) is raised by gradient descent at three
    resolutions, which are 8, 4 and 1 mm along each axis that is finer. The coarsest starts thrice: from where the
    headers place the images, from one centre for both boxes, and from one centre of mass; the best goes on. Seeds are
    fixed and one thread computes it, so that the result never varies.

    How near it comes depends on the images: of sixteen simulated maps of rCBV, noisy and in voxels of 2 mm and more,
    the lesion's centre was laid 0.1 to 0.6 mm beside its place. There the information is highest a little beside the
    true motion, because interpolation smooths noise; more samples or other bins do not mend it, and smoothing makes it
    worse.

    References
    ----------
    Mattes et al., *PET-CT image registration in the chest using free-form deformations*, IEEE Trans Med Imaging
    22:120 (2003).

    Examples
    --------
    >>> head = sitk.GaussianSource(sitk.sitkFloat32, [40, 40, 40], sigma=[9, 6, 7], mean=[20, 21, 19])
    >>> moved = sitk.Resample(head, head, sitk.TranslationTransform(3, (3.0, 0.0, 0.0)))
    >>> found = register_rigid(moved, head)
    >>> found.mi_after > found.mi_before
    True
    >>> round(found.shift_mm(head > 200))
    3
    """
    # More threads add up the information in whatever order they finish.
    with one_itk_thread():
        return _registered(finite(moving, "moving"), finite(fixed, "fixed"))


def _registered(moving: sitk.Image, fixed: sitk.Image) -> Registration:
    coarse, *finer = [(coarser(fixed, step), coarser(moving, step)) for step in LEVELS_MM]
    found = best([climbed(*coarse, start) for start in starts(fixed, moving)], *coarse)
    for level in finer:
        found = climbed(*level, found)
    finest, other = finer[-1]
    here, pushed = _around(finest, other, found)
    # The brain is judged where noise is smoothed away.
    brain, of_other = finer[0]
    there, pushed_there = _around(brain, of_other, found, within=inside(brain))
    return Registration(
        transform=found,
        box=Box.of(moving),
        mi_before=information(finest, other, sitk.Euler3DTransform()),
        mi_after=here,
        fall=1 - pushed / here if here > 0 else 0.0,
        inside=there - pushed_there,
        mirrored=mirrored(*coarse, found),
        overlap=1 - unseen(sitk.OtsuThreshold(finest, 0, 1), Box.of(moving), found),
        rotation_deg=_angle(found),
    )


def _around(
    fixed: sitk.Image, moving: sitk.Image, found: sitk.Euler3DTransform, *, within: sitk.Image | None = None
) -> tuple[float, float]:
    """Return the mutual information at a place, and its mean when the images are pushed from there along each axis."""
    pushes = _PUSH_MM * np.vstack([np.eye(3), -np.eye(3)])
    pushed = [information(fixed, moving, _pushed(found, push), within=within) for push in pushes]
    return information(fixed, moving, found, within=within), float(np.mean(pushed))


def _pushed(motion: sitk.Euler3DTransform, push_mm: NDArray[np.float64]) -> sitk.Euler3DTransform:
    pushed = sitk.Euler3DTransform(motion)
    pushed.SetTranslation((np.array(motion.GetTranslation()) + push_mm).tolist())
    return pushed


def _angle(motion: sitk.Euler3DTransform) -> float:
    turn = np.array(motion.GetMatrix()).reshape(3, 3)
    sine = np.linalg.norm([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2
    return math.degrees(math.atan2(float(sine), (float(np.trace(turn)) - 1) / 2))


def _centre(mask: sitk.Image) -> tuple[float, ...]:
    return tuple(points_of(mask).mean(axis=0).tolist())
