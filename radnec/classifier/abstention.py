"""Says in words why a lesion gets its call, or none."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from radnec.features.columns import acquisitions
from radnec.model.batches import unseen_advice
from radnec.model.cells import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from radnec.model.recipe import Judgement, Recipe

#: Share of a model's features that may be empty in a row before its call is withheld.
MOST_MISSING = 0.5


def explained(
    X: pd.DataFrame,
    frame: pd.DataFrame,
    recipe: Recipe,
    judgement: Judgement,
    infinite: list[str],
    sets: NDArray[np.bool_],
    calls: list[str],
    *,
    lacked: Mapping[str, int],
    error: float,
) -> tuple[list[str], list[str]]:
    """Return the calls, ``abstain`` where the model should not be asked, and the reason of each.

    Parameters
    ----------
    X, frame : DataFrame
        The table as the user gave it, and its columns that the model reads.
    recipe : Recipe
        The fitted recipe.
    judgement : Judgement
        What the recipe says of these rows.
    infinite : list of str
        Per row, which feature was infinite, or an empty text.
    sets : bool array of shape (n, 2)
        Prediction sets, the negative class first.
    calls : list of str
        Calls that follow from the sets.
    lacked : mapping of str to int
        How many training rows lacked each sequence.
    error : float
        Error level of the sets.
    """
    imputed, lacking = sequences_missed(frame, recipe, lacked)
    abstain = why_abstain(X, frame, recipe, judgement, infinite, lacking)
    rows = zip(abstain, sets, calls, imputed, unseen_categories(frame, recipe), strict=True)
    reasons = [why or why_call(row, call, error, *known) for why, row, call, *known in rows]
    return ["abstain" if why else call for why, call in zip(abstain, calls, strict=True)], reasons


def why_abstain(
    X: pd.DataFrame,
    frame: pd.DataFrame,
    recipe: Recipe,
    judgement: Judgement,
    infinite: list[str],
    lacking: list[list[str]],
) -> list[str]:
    """Return, per row, why the model abstains; empty where it does not.

    Parameters
    ----------
    X : DataFrame
        The table as the user gave it.
    frame : DataFrame
        Its columns that the model reads.
    recipe : Recipe
        The fitted recipe.
    judgement : Judgement
        What the recipe says of these rows.
    infinite : list of str
        Per row, which feature was infinite, or an empty text.
    lacking : list of list of str
        Per row, the sequences it lacks and every training row had.
    """
    unseen = recipe.unseen_rows(frame).to_numpy()
    missing = frame[recipe.features].isna().mean(axis=1).to_numpy()
    known = {"status", "error"} <= set(X.columns)
    errors = X["error"].fillna("").tolist() if known else [""] * len(X)
    failed = X["status"].eq("failed").fillna(False).tolist() if known else [False] * len(X)
    reasons = []
    for row in range(len(X)):
        why = []
        if failed[row]:
            why.append(f"extraction failed: {errors[row]}")
        if infinite[row]:
            why.append(infinite[row])
        if lacking[row]:
            reason = f" ({errors[row]})" if errors[row] and not failed[row] else ""
            why.append(f"{', '.join(lacking[row])} missing, which every training lesion had{reason}")
        elif missing[row] > MOST_MISSING:
            why.append(f"{missing[row]:.0%} of the features are missing")
        if unseen[row]:
            why.append(f"unseen scanner ({unseen[row]}): {unseen_advice(unseen[row], recipe.seen_)}")
        if judgement.doubts[row]:
            why.append(judgement.doubts[row])
        reasons.append("; ".join(why))
    return reasons


def sequences_missed(
    frame: pd.DataFrame, recipe: Recipe, lacked: Mapping[str, int]
) -> tuple[list[list[str]], list[list[str]]]:
    """Return, per row, the sequences it lacks as some training rows did, and those it alone lacks.

    Parameters
    ----------
    frame : DataFrame
        Columns that the model reads.
    recipe : Recipe
        The fitted recipe; sequences of which it uses no feature may be missing.
    lacked : mapping of str to int
        How many training rows lacked each sequence.
    """
    used = {name for names in recipe.member_features() for name in names}
    absent = absent_sequences(frame, [name for name in recipe.features if name in used])
    common = absent.columns.map(lambda name: bool(lacked.get(name))).to_numpy(dtype=bool)
    imputed, lacking = (
        [absent.columns[row].tolist() for row in absent.to_numpy(dtype=bool) & kind] for kind in (common, ~common)
    )
    return imputed, lacking


def unseen_categories(frame: pd.DataFrame, recipe: Recipe) -> list[list[str]]:
    """Return, per row, the categories of the columns the model uses that no training row held.

    Parameters
    ----------
    frame : DataFrame
        Columns that the model reads.
    recipe : Recipe
        The fitted recipe.
    """
    encoders = [member[0][1] for member in recipe.members_]
    used = [name for names in recipe.member_features() for name in names]
    found: list[list[str]] = [[] for _ in range(len(frame))]
    for column in encoders[0].categories_:
        if any(name.startswith(f"{column}=") for name in used):
            known = {"", *(category for encoder in encoders for category in encoder.categories_[column])}
            for row, text in enumerate(text_of(frame[column])):
                if text not in known:
                    found[row].append(f"{column} {text!r}")
    return found


def why_call(
    held: NDArray[np.bool_], call: str, error: float, imputed: Sequence[str] = (), unseen: Sequence[str] = ()
) -> str:
    """Return the reason of a call that follows from a prediction set.

    Parameters
    ----------
    held : bool array of shape (2,)
        Whether the set holds the negative and the positive class.
    call : str
        The call.
    error : float
        Error level of the set.
    imputed : list of str
        Sequences the lesion lacks, as some training lesions did.
    unseen : list of str
        Categories that no training lesion had.

    Examples
    --------
    >>> import numpy as np
    >>> why_call(np.array([False, True]), "necrosis", 0.1, ["FLAIR"])
    'only necrosis is plausible at error 0.1; FLAIR missing, imputed'
    """
    if call != "uncertain":
        reason = f"only {call} is plausible at error {error:g}"
    else:
        reason = f"{'both outcomes are' if held.all() else 'neither outcome is'} plausible at error {error:g}"
    reason += f"; {', '.join(imputed)} missing, imputed" if imputed else ""
    return reason + (f"; {', '.join(unseen)} never seen in training" if unseen else "")


def absent_sequences(frame: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Return which rows lack all features of a sequence, one bool column per sequence, phase and region.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"FLAIR_original_glcm_Id": [0.5, None], "T1wCE_original_glcm_Id": [0.4, 0.3]})
    >>> absent_sequences(frame, list(frame)).to_dict("list")
    {'FLAIR': [False, True], 'T1wCE': [False, False]}
    """
    empty = frame[list(features)].isna().to_numpy()
    places = _places_of(tuple(features))
    return pd.DataFrame({name: empty[:, columns].all(axis=1) for name, columns in places.items()}, frame.index)


@lru_cache(maxsize=16)
def _places_of(features: tuple[str, ...]) -> dict[str, list[int]]:
    """Return where the features of each sequence, phase and region stand; names are long to read one by one."""
    place = {name: number for number, name in enumerate(features)}
    return {name: [place[column] for column in columns] for name, columns in acquisitions(features).items()}
