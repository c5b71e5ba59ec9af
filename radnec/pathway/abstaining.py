"""Says of which lesions a pathway should not speak: what misleads every examination, or was not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from radnec.cohort.chronology import DAYS_PER_MONTH
from radnec.cohort.parsing import flag
from radnec.cohort.sessions import numbers_of, order_sessions, session_day
from radnec.errors import TableError
from radnec.features.columns import acquisitions, volume_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Months after chemoradiation in which progression on MRI is not told from pseudoprogression (RANO: Wen et al.,
#: Journal of Clinical Oncology 2010;28:1963).
PSEUDOPROGRESSION_MONTHS = 3.0


def why_not(
    X: pd.DataFrame, first: Sequence[str], examined: NDArray[np.bool_], *, patient: str, least_volume_cc: float
) -> list[list[str]]:
    """Return, per lesion, why it should not be judged; empty where it can be.

    Only what the table knows is asked: without a column ``bevacizumab`` nobody received it.

    Parameters
    ----------
    X : DataFrame of shape (n, …)
        The lesions.
    first : sequence of str
        Columns of the first stage.
    examined : bool array of shape (n,)
        Whether a lesion has the first stage.
    patient : str
        Column of the patient.
    least_volume_cc : float
        Volume below which a lesion is too small.

    Raises
    ------
    radnec.errors.TableError
        If ``bevacizumab`` or ``chemotherapy`` holds something else than yes or no, or a time, dose or volume is no
        number: a reason that cannot be read must not pass for none.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"T1wCE_original_glcm_Id": [0.4, 0.4, None], "bevacizumab": [False, True, False]})
    >>> why_not(X, ["T1wCE_original_glcm_Id"], np.array([True, True, False]), patient="patient_id", least_volume_cc=0.1)
    [[], ['bevacizumab'], ['no T1wCE']]
    """
    reasons: list[list[str]] = [[] for _ in range(len(X))]

    def tell(rows: NDArray[np.bool_], text: str) -> None:
        for row in np.flatnonzero(rows):
            reasons[row].append(text)

    if "status" in X:
        tell(X["status"].eq("failed").fillna(False).to_numpy(dtype=bool), "extraction failed")
    contrast = [name for prefix, names in acquisitions(first).items() if prefix == "T1wCE" for name in names]
    blind = X[contrast].isna().all(axis=1).to_numpy() if contrast else np.zeros(len(X), dtype=bool)
    tell(blind, "no T1wCE")
    tell(~examined & ~blind, "too little of the first stage was measured")
    tell(_early(X), f"less than {PSEUDOPROGRESSION_MONTHS:g} months after chemoradiation")
    tell(_true(X, "bevacizumab"), "bevacizumab")
    tell(_steroids_changed(X, patient), "steroid dose changed since the session before")
    volume = volume_column(X)
    if volume is not None:
        cc = numbers_of(X, volume).to_numpy() / 1000
        tell(cc < least_volume_cc, f"too small (under {least_volume_cc:g} cc)")
    return reasons


def _said(X: pd.DataFrame, column: str) -> pd.Series[Any]:
    """Return a column of yes and no as True, False or None."""
    cells = X[column] if column in X else pd.Series(None, index=X.index, dtype=object)
    texts = [None if pd.isna(cell) or not str(cell).strip() else str(cell).strip() for cell in cells]
    try:
        return pd.Series([None if text is None else flag(text) for text in texts], index=X.index, dtype=object)
    except ValueError as error:
        raise TableError(f"column {column} holds {error}; expected yes or no, or empty cells") from None


def _true(X: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    return np.array([said is True for said in _said(X, column)], dtype=bool)


def _early(X: pd.DataFrame) -> NDArray[np.bool_]:
    """Return who is early after radiotherapy with chemotherapy; in glioma, where nothing is said, it is presumed."""
    unsaid = np.array([said is None for said in _said(X, "chemotherapy")], dtype=bool)
    glioma = X["entity"].eq("glioma").fillna(False).to_numpy(dtype=bool) if "entity" in X else np.zeros(len(X), bool)
    months = numbers_of(X, "months_since_rt").fillna(session_day(X) / DAYS_PER_MONTH)
    early = months.lt(PSEUDOPROGRESSION_MONTHS).to_numpy()
    return np.asarray(early & (_true(X, "chemotherapy") | (unsaid & glioma)))


def _steroids_changed(X: pd.DataFrame, patient: str) -> NDArray[np.bool_]:
    """Return whose dose differs from that of the patient's session before, where the table holds it."""
    if not {patient, "session_id", "steroid_mg_dex_per_day"} <= set(X):
        return np.zeros(len(X), dtype=bool)
    told = X.assign(dose=numbers_of(X, "steroid_mg_dex_per_day")).reset_index(drop=True)
    sessions = told[told["dose"].notna()].drop_duplicates([patient, "session_id"])
    order = order_sessions(sessions, sessions[patient])
    sessions = sessions.assign(place=order.place)[order.timed].sort_values([patient, "place"])
    changed = sessions.groupby(patient)["dose"].diff().fillna(0).ne(0)
    known = set(sessions.loc[changed, [patient, "session_id"]].itertuples(index=False, name=None))
    return np.array([key in known for key in X[[patient, "session_id"]].itertuples(index=False, name=None)], dtype=bool)
