"""Divides rows by the scanners that made their images, and weighs patients alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radnec.model.batches import batch_of_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

#: Rows that a feature without scanner column is compared with.
ALL_ROWS = ""


@dataclass(frozen=True)
class Strata:
    """Which rows are compared with which: by the scanner of a feature's modality.

    Parameters
    ----------
    columns : mapping of str to list of str
        Scanner column to its features; an empty name for those compared whatever the scanner.
    rows : mapping of str to mapping of str to bool array of shape (n,)
        Per scanner column, the rows of each stratum.
    """

    columns: Mapping[str, list[str]]
    rows: Mapping[str, Mapping[str, NDArray[np.bool_]]]

    @classmethod
    def of(cls, frame: pd.DataFrame, numbers: Sequence[str], batches: Mapping[str, list[str]]) -> Strata:
        """Divide rows by their scanners.

        Parameters
        ----------
        frame : DataFrame of shape (n, …)
            Holds the features and the scanner columns.
        numbers : sequence of str
            Features that are numbers.
        batches : mapping of str to list of str
            Scanner column to the features it harmonises.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"scanner_id": ["A", "B"], "a": [1.0, 2.0]})
        >>> Strata.of(frame, ["a"], {"scanner_id": ["a"]}).rows["scanner_id"]["scanner_id A"].tolist()
        [True, False]
        """
        known = set(numbers)
        columns = {column: [name for name in members if name in known] for column, members in batches.items()}
        bound = {name for members in columns.values() for name in members}
        columns[ALL_ROWS] = [name for name in numbers if name not in bound]
        rows: dict[str, dict[str, NDArray[np.bool_]]] = {ALL_ROWS: {ALL_ROWS: np.ones(len(frame), dtype=np.bool_)}}
        for column, members in batches.items():
            text, usable = batch_of_rows(frame, column, members)
            found = sorted(set(text[usable]))
            rows[column] = {f"{column} {name}": usable & (text == name).to_numpy() for name in found}
        return cls({column: members for column, members in columns.items() if members}, rows)


def patient_weights(patients: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return weights (n,) by which each patient counts as one, however many rows there are.

    Examples
    --------
    >>> patient_weights(np.array(["P1", "P1", "P2"])).tolist()
    [0.5, 0.5, 1.0]
    """
    _, code, count = np.unique(patients, return_inverse=True, return_counts=True)
    return np.asarray(1 / count[code])
