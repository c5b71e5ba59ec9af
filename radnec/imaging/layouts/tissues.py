"""Names the tissues that label values mean in the data sets of the BraTS family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.imaging.layouts.rows import Mask

if TYPE_CHECKING:
    from collections.abc import Iterable

#: BraTS 2023 and later, and MU-Glioma-Post: necrotic or non-enhancing core (NETC), surrounding FLAIR hyperintensity
#: (SNFH), enhancing tissue (ET), resection cavity (RC, in post-treatment releases).
NEW = {1: "necrotic", 2: "oedema", 3: "enhancing", 4: "cavity"}
#: BraTS 2017 to 2021: 3 is not used. (Until 2016 it was the non-enhancing tumour.)
OLD = {1: "necrotic", 2: "oedema", 4: "enhancing"}


def tissue_masks(
    path: str, labels: Iterable[int], meanings: dict[int, str], *, lesion: str, doubts: dict[str, str] | None = None
) -> list[Mask]:
    """Return one mask for each label of a file, as a region of one lesion.

    Parameters
    ----------
    path : str
        The mask, relative to the data set's folder.
    labels : iterable of int
        Labels the file holds.
    meanings : dict of int to str
        Region that each label means; a label without one is left to the user.
    lesion : str
        Lesion the labels are parts of; "" where `doubts` says why that is not known.
    doubts : dict, optional
        By column, what could not be decided.

    Examples
    --------
    >>> [(mask.label, mask.region) for mask in tissue_masks("seg.nii.gz", (1, 3), NEW, lesion="1")]
    [(1, 'necrotic'), (3, 'enhancing')]
    """
    masks = []
    for label in labels:
        region = meanings.get(label, "")
        unknown = {} if region else {"region": f"what label {label} means is not known for this release"}
        told = {"region": f"label {label}"} if region else {}
        masks.append(Mask(path, label, lesion, region, told_by=told, doubts={**(doubts or {}), **unknown}))
    return masks
