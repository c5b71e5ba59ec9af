"""The catalogue of what :func:`radnec.check` can find: codes RN001… with severity, explanation and fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]

#: Lesions with fewer voxels get RN006: a cube of 4 × 4 × 4, below which texture counts few pairs of voxels.
MIN_VOXELS = 64

#: Voxels whose longest edge exceeds the shortest by more than this factor get RN010.
MAX_ANISOTROPY = 3.0

#: Lesions of which more than this share lies outside the brain mask get RN021.
MAX_OUTSIDE_BRAIN = 0.5

#: Masks whose volume placing them on the image changed by more than this share get RN017.
MAX_VOLUME_CHANGE = 0.1

#: Sequences that store magnitudes, or a quantity with no negative values.
NON_NEGATIVE = frozenset({"T1w", "T1wCE", "T2w", "FLAIR", "SWI", "DWI", "ADC", "DSC", "DCE"})

#: Sequences whose file may hold a volume per time point or b-value; the first is checked.
DYNAMIC = frozenset({"DSC", "DCE", "ASL", "DWI"})


@dataclass(frozen=True)
class Finding:
    """One kind of thing that :func:`radnec.check` looks for.

    Parameters
    ----------
    code : str
        Stable identifier, the one to mute by.
    name : str
        A few words.
    severity : {"error", "warning", "info"}
        ``error``: extraction will refuse the lesion, or its features would mean nothing.
    explanation : str
        Why it matters.
    fix : str
        What to do.

    Examples
    --------
    >>> FINDINGS["RN002"].name, FINDINGS["RN002"].severity
    ('empty mask', 'error')
    """

    code: str
    name: str
    severity: Severity
    explanation: str
    fix: str


_ALL = (
    Finding(
        "RN001",
        "grid mismatch",
        "error",
        "Mask and image lie on different grids, so voxels of one do not answer to voxels of the other.",
        "Make sure that mask_path is of this image and this patient; only then resample it: "
        "radnec.imaging.geometry.align_mask(mask, image). Where it was drawn on another image of the session, name "
        "that image's sequence in mask_sequence, and extract with ExtractionConfig(registration='rigid').",
    ),
    Finding(
        "RN002",
        "empty mask",
        "error",
        "The mask marks no voxel; there is nothing to measure.",
        "Draw the lesion, or remove the row.",
    ),
    Finding(
        "RN003",
        "label absent",
        "error",
        "The mask marks voxels, but none with the label of this row.",
        "Set mask_label to a label that the mask holds.",
    ),
    Finding(
        "RN004",
        "several components",
        "warning",
        "The lesion falls into parts that do not touch: stray voxels, or several lesions under one label.",
        "Remove stray voxels, or give each lesion its own label and row; mute it where parts are meant.",
    ),
    Finding(
        "RN005",
        "lesion touches the border",
        "warning",
        "The lesion reaches the edge of the image and may be cut, which changes shape and volume.",
        "Use an image that covers the lesion, or leave the session out.",
    ),
    Finding(
        "RN006",
        "few voxels",
        "warning",
        f"The lesion has fewer than {MIN_VOXELS} voxels; texture then rests on few pairs and is unstable.",
        "Extract from a finer image, or leave such lesions out by a rule fixed beforehand.",
    ),
    Finding(
        "RN007",
        "single slice",
        "warning",
        "The lesion is one voxel thick along an axis; three-dimensional shape and texture are not defined.",
        "Use a 3-D acquisition or mask, or extract in 2-D (ExtractionConfig(force_2d=True)).",
    ),
    Finding(
        "RN008",
        "non-finite intensities in lesion",
        "error",
        "NaN or infinite intensities inside the lesion make its features NaN, or fail.",
        "Repair the image, or take those voxels out of the mask.",
    ),
    Finding(
        "RN009",
        "constant intensities in lesion",
        "warning",
        "All voxels of the lesion have the same intensity. Extraction does not refuse it: shape is measured, but what "
        "is measured of the original intensities takes the value by convention of a flat region (variance 0, "
        "correlation 1; some are empty with the preset ibsi), which says nothing about the tissue.",
        "Look whether image and mask belong together, and whether the image was clipped or masked; remove the row "
        "where they do not.",
    ),
    Finding(
        "RN010",
        "very anisotropic voxels",
        "info",
        f"The longest edge of a voxel is more than {MAX_ANISOTROPY:g} times the shortest; "
        "3-D texture then mixes distances, and volumes of rims, cores and shells are less certain.",
        "Resample (ExtractionConfig(resampled_spacing_mm=(1, 1, 1))), or extract in 2-D (force_2d=True); measure "
        "regions by distance on a 3-D acquisition.",
    ),
    Finding(
        "RN011",
        "negative intensities",
        "warning",
        "This sequence has no negative values: the image was standardised, interpolated or stored wrongly.",
        "Start from the original image and let ExtractionConfig standardise it; mute it where it is meant.",
    ),
    Finding(
        "RN012",
        "duplicate image",
        "error",
        "Two acquisitions have the same voxels: a path is wrong, or a file was copied over another.",
        "Correct image_path of one of them.",
    ),
    Finding(
        "RN013",
        "unreadable image",
        "error",
        "The image cannot be read as one three-dimensional volume; nothing else about it was checked.",
        "Correct image_path, or export the image again.",
    ),
    Finding(
        "RN014",
        "unreadable mask",
        "error",
        "The mask is missing, cannot be read, or holds no labels.",
        "Correct mask_path, or export the mask again as a label map.",
    ),
    Finding(
        "RN015",
        "overlapping lesions",
        "warning",
        "Two lesions share voxels, which are measured twice; the same mask may be used for both.",
        "Correct mask_path or mask_label, or give each voxel to one lesion.",
    ),
    Finding(
        "RN016",
        "non-finite voxels in image",
        "warning",
        "NaN or infinite voxels spread through resampling, LoG and wavelet filters into lesions nearby.",
        "Replace them, for a map usually by 0 outside the brain.",
    ),
    Finding(
        "RN017",
        "mask not placed exactly",
        "warning",
        "The segment or its contours do not fit the voxels of the image as they are: contours lie between slices or "
        "leave slices out, fractions were cut, or the volume of the voxels differs from that in the file by more than "
        f"{MAX_VOLUME_CHANGE:.0%}.",
        "Look at the mask on the image; if it is not what was drawn, export it from the series it was drawn on.",
    ),
    Finding(
        "RN018",
        "mask drawn on another sequence",
        "warning",
        "The mask lies on the grid of the image that mask_sequence names, where it was checked; extraction refuses it "
        "on this image, unless it registers the images.",
        "Extract with ExtractionConfig(registration='rigid'), or give the sequence a mask of its own.",
    ),
    Finding(
        "RN020",
        "path of another patient",
        "warning",
        "The path names another patient of the cohort and not its own, as most paths of the table do: an image or mask "
        "of another patient may be measured.",
        "Correct image_path or mask_path; mute it where paths name something else.",
    ),
    Finding(
        "RN021",
        "lesion outside the brain",
        "warning",
        f"More than {MAX_OUTSIDE_BRAIN:.0%} of the lesion lies outside brain_mask_path: one of the two masks may be of "
        "another patient or session, or flipped.",
        "Look at both masks on the image, and correct mask_path or brain_mask_path.",
    ),
    Finding(
        "RN022",
        "sequence lacking in some lesions",
        "info",
        "Most lesion sessions have this sequence and some have not: their features of it will be empty, and a model "
        "that was trained on complete lesions abstains on them.",
        "Add the rows where the images exist; otherwise leave it, or leave the sequence out for all.",
    ),
    Finding(
        "RN023",
        "scanner spelt in several ways",
        "warning",
        "Two scanner_id differ only in letter case, spaces, hyphens or underscores: each would be harmonised as a "
        "batch of its own.",
        "Write one scanner_id for one scanner; mute it where they are two.",
    ),
    Finding(
        "RN024",
        "image and mask exchanged",
        "error",
        "The image holds a few whole numbers, as masks do, and the mask holds as many values as an image.",
        "Exchange image_path and mask_path.",
    ),
    Finding(
        "RN025",
        "spacing other than the table says",
        "warning",
        "pixel_spacing_mm or slice_spacing_mm of the table is not that of the image, which may be resampled, or "
        "another than the table was written for.",
        "Look whether image_path names the image that is meant, then correct the column or leave it empty.",
    ),
    Finding(
        "RN026",
        "masks of another sequence",
        "info",
        "mask_sequence names another sequence: without registration such a mask is laid on the image as the headers "
        "say, and measures beside the lesion where the head moved between the two.",
        "Extract with ExtractionConfig(registration='rigid'); leave it where the images were registered before.",
    ),
)

#: Every finding by its code.
FINDINGS: dict[str, Finding] = {finding.code: finding for finding in _ALL}
