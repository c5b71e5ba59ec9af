"""Refuses to learn from labels that one of the features was part of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radnec.errors import LabelError
from radnec.features.columns import modality_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


def refuse_incorporation(rows: pd.DataFrame, features: Iterable[str], instead: str) -> None:
    """Refuse PET columns among the features of rows whose labels come from PET.

    Parameters
    ----------
    rows : DataFrame
        Rows to learn from, with their column ``label_source`` if there is one.
    features : iterable of str
        Columns to learn from.
    instead : str
        How to leave the columns out, for the message.

    Raises
    ------
    radnec.errors.LabelError
        If the test would be part of its own reference standard.

    Examples
    --------
    >>> import pandas as pd
    >>> refuse_incorporation(pd.DataFrame({"label_source": ["pet"]}), ["index_nCBV_mean"], "")
    """
    if "label_source" not in rows:
        return
    judged_by_pet = int((rows["label_source"] == "pet").sum())
    pet = [name for name in features if modality_of(name) == "PET"]
    if judged_by_pet and pet:
        raise LabelError(
            f"{judged_by_pet} labels come from PET while {pet[0]!r} and {len(pet) - 1} more PET columns are features: "
            "the test would be part of its own reference standard (incorporation bias). Leave the PET columns out "
            f"with {instead}, or remove rows with label_source 'pet'"
        )
