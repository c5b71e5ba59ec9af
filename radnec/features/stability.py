"""Measures how well repeated measurements of the same lesions agree: intraclass correlation, feature by feature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtri

from radnec.errors import ConfigError, TableError
from radnec.features.requested import requested_features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ICC_TYPES", "icc"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

#: The single-rater forms of Shrout and Fleiss, in the order of the answer.
ICC_TYPES = ("ICC1", "ICC2", "ICC3")

_CELLS_PER_BLOCK = 500_000
# Mean squares this small, of values scaled to at most 1, are what rounding leaves of equal values.
_ROUNDING = float((8 * np.finfo(float).eps) ** 2)

_TOO_FEW = "fewer than 2 subjects with all ratings"
_CONSTANT = "the feature is constant"
_SAME_SUBJECTS = "subjects do not differ"
_EXACT = "ratings of each subject are equal"
_OFFSET = "raters differ by constant offsets only"


class _MeanSquares(NamedTuple):
    """Two-way analysis of variance of p features, each of shape (p,)."""

    subjects: Floats  # between subjects
    within: Floats  # within subjects
    raters: Floats  # between raters
    residual: Floats
    n: Floats  # subjects with all ratings


def icc(
    table: pd.DataFrame,
    *,
    subject: str | Sequence[str],
    rater: str,
    features: Sequence[str] | str | None = None,
    incomplete: Literal["error", "drop"] = "error",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the intraclass correlation of every feature, with its interval.

    Three forms for a single rating are given: ``ICC1`` (one-way: each subject has its own raters), ``ICC2``
    (two-way random: agreement, raters drawn from many) and ``ICC3`` (two-way mixed: consistency among these very
    raters, whose constant offsets do not count).

    Parameters
    ----------
    table : DataFrame
        One row per subject and rating: a test-retest table, the contours of several readers, or perturbed
        replicates.
    subject : str or sequence of str
        Column, or columns together, that name what is measured repeatedly, such as
        ``["patient_id", "lesion_id"]``.
    rater : str
        Column that names the repeat: reader, session or perturbation. Names mean the same in every subject.
    features : sequence of str or str, optional
        Numeric columns, or a regular expression that is searched for in their names; by default
        :func:`radnec.features.columns.feature_columns` of the table.
    incomplete : {"error", "drop"}, default "error"
        What becomes of a subject without a row for each rater.
    confidence : float, default 0.95
        Coverage of the interval.

    Returns
    -------
    DataFrame of 3 rows per feature
        ``feature``, ``type`` (``ICC1``, ``ICC2``, ``ICC3``), ``icc``, ``f`` (against an ICC of 0), ``low`` and
        ``high`` (the interval), ``subjects`` (with all ratings of this feature; the others are left out of it),
        ``raters``, and ``reason``: why a value is not as usual, else empty.

    Raises
    ------
    radnec.errors.TableError
        If a column is missing, empty or not numeric, a feature is infinite, a subject has two rows of a rater or
        (``incomplete="error"``) none, or there are fewer than two subjects or raters.
    radnec.errors.ConfigError
        If a parameter is not one of its choices.

    Notes
    -----
    Formulas and names are those of [1]_, the intervals those of [2]_ (ICC2 by Satterthwaite's approximation). The
    interval takes subjects as independent: with several lesions per patient it is somewhat too narrow. Differences
    of a few units in the last place of the largest value count as none. At the limits,

    - a constant feature, or one with fewer than two complete subjects, is NaN throughout;
    - a feature whose ratings are equal within each subject has an ICC of 1 with an interval from 1 to 1 and an
      infinite F; so has ICC3 where raters differ by constant offsets only;
    - a feature that differs between raters and not between subjects has the limits of the formulas: ICC1 is
      -1/(raters - 1), ICC2 is 0, ICC3 is NaN.

    References
    ----------
    .. [1] Shrout PE, Fleiss JL. Intraclass correlations: uses in assessing rater reliability. Psychological
       Bulletin 1979;86:420-428.
    .. [2] McGraw KO, Wong SP. Forming inferences about some intraclass correlation coefficients. Psychological
       Methods 1996;1:30-46.

    Examples
    --------
    The example of Shrout and Fleiss, six targets seen by four judges:

    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> table = pd.DataFrame(ratings).rename_axis("target").reset_index().melt("target", var_name="judge")
    >>> found = icc(table, subject="target", rater="judge", features=["value"])
    >>> found[["type", "icc", "f", "low", "high"]].round(2)
       type   icc      f   low  high
    0  ICC1  0.17   1.79 -0.13  0.72
    1  ICC2  0.29  11.03  0.02  0.76
    2  ICC3  0.71  11.03  0.34  0.95
    """
    if not 0 < confidence < 1:
        raise ConfigError(f"icc(confidence={confidence!r}): expected a number between 0 and 1")
    if incomplete not in ("error", "drop"):
        raise ConfigError(f"icc(incomplete={incomplete!r}): expected 'error' or 'drop'")
    subjects = [subject] if isinstance(subject, str) else list(subject)
    names = requested_features(table, features)
    _verify_columns(table, [*subjects, rater])
    rows = _ratings(table, subjects, rater, incomplete)
    parts = [_forms(_mean_squares(cells), len(rows), confidence) for cells in _blocks(table, names, rows)]
    statistics, count, reasons = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    types = len(ICC_TYPES)
    values = {name: statistics[:, place].T.ravel() for place, name in enumerate(("icc", "f", "low", "high"))}
    frame: dict[str, Any] = {"feature": np.repeat(np.array(names, dtype=object), types)}
    frame |= {"type": np.tile(np.array(ICC_TYPES, dtype=object), len(names)), **values}
    frame |= {"subjects": np.repeat(count.astype(int), types), "raters": len(rows)}
    return pd.DataFrame(frame | {"reason": np.repeat(reasons, types)})


def _verify_columns(table: pd.DataFrame, needed: list[str]) -> None:
    if len(needed) < 2 or len(set(needed)) < len(needed):
        raise TableError(f"subject and rater name {needed}; expected one subject column or more, and another as rater")
    for name in needed:
        if name not in table.columns:
            columns = ", ".join(map(str, table.columns[:12]))
            raise TableError(f"the table has no column {name!r}; name subject and rater among: {columns}, …")
        empty = np.flatnonzero(table[name].isna().to_numpy())
        if empty.size:
            raise TableError(f"{name} is empty in row {table.index[empty[0]]!r}; fill it in, or drop the row")


def _ratings(table: pd.DataFrame, subject: list[str], rater: str, incomplete: str) -> Rows:
    """Return the position of the row of every rater and subject, shape (k, n)."""
    who = table.groupby(subject, sort=True, observed=True).ngroup().to_numpy()
    which, raters = pd.factorize(table[rater], sort=True)
    twice = np.flatnonzero(pd.Series(who * len(raters) + which).duplicated().to_numpy())
    if twice.size:
        raise TableError(
            f"{_named(table, subject, twice[0])} has two rows of {rater} {table[rater].iloc[twice[0]]!r}; expected "
            "one. Name more columns in subject=, or drop one of the rows"
        )
    rows = np.full((len(raters), int(who.max(initial=-1)) + 1), -1, dtype=np.intp)
    rows[which, who] = np.arange(len(table))
    lacking = (rows < 0).any(axis=0)
    if lacking.any() and incomplete == "error":
        first = int(np.flatnonzero(lacking)[0])
        absent = raters[int(np.flatnonzero(rows[:, first] < 0)[0])]
        raise TableError(
            f"{_named(table, subject, rows[:, first].max())} has no row of {rater} {absent!r}, and so it is with "
            f'{int(lacking.sum())} of {lacking.size} subjects; leave them out with icc(..., incomplete="drop"). Where '
            f"each subject has its own names of {rater}, number them: "
            f"table.groupby({subject}).cumcount() is a {rater} that all share"
        )
    rows = rows[:, ~lacking]
    for found, what in ((rows.shape[1], f"subjects ({', '.join(subject)})"), (rows.shape[0], f"raters ({rater})")):
        if found < 2:
            raise TableError(f"found {found} {what} with all ratings; expected at least 2 to compare")
    return rows


def _named(table: pd.DataFrame, subject: list[str], position: int) -> str:
    return f"subject {'/'.join(str(table[name].iloc[position]) for name in subject)}"


def _blocks(table: pd.DataFrame, names: list[str], rows: Rows) -> Iterator[Floats]:
    """Yield the ratings (k, p, n) of as many features at a time as fit the processor's cache."""
    step = max(1, _CELLS_PER_BLOCK // rows.size)
    positions = table.columns.get_indexer(pd.Index(names))
    for start in range(0, len(names), step):
        block = table.iloc[:, positions[start : start + step]]
        values = block.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isinf(values).any():
            row, column = np.argwhere(np.isinf(values))[0]
            raise TableError(
                f"feature {block.columns[column]!r} is infinite in row {table.index[row]!r}; expected a finite number. "
                "Set it to NaN where it could not be measured"
            )
        # Subjects last: each sum then runs over memory of one feature, whatever stands beside it.
        yield np.ascontiguousarray(values[rows].transpose(0, 2, 1))


def _mean_squares(cells: Floats) -> _MeanSquares:
    """Return the mean squares of ratings (k, p, n), NaN where a rating is missing, in units of the largest value."""
    k = len(cells)
    complete: NDArray[np.bool_] = np.asarray(~np.isnan(cells).any(axis=0))
    count = complete.sum(axis=-1).astype(float)
    cells = _centred(cells, complete)
    own = cells[0].copy()
    cells -= own
    shift = cells.mean(axis=0)
    subjects = own + shift
    cells -= shift
    n = np.maximum(count, 1.0)
    subjects -= (subjects.sum(axis=-1) / n)[:, None]
    between = k * np.square(subjects * complete).sum(axis=-1)
    within = _sum_of_squares(cells)
    rater = cells.sum(axis=-1) / n
    cells -= rater[..., None]
    cells *= complete
    free = np.maximum(count - 1, 1.0)
    return _MeanSquares(
        subjects=_unrounded(between / free),
        within=_unrounded(within / (n * (k - 1))),
        raters=_unrounded(n * _sum_of_squares(rater[..., None]) / (k - 1)),
        residual=_unrounded(_sum_of_squares(cells) / (free * (k - 1))),
        n=count,
    )


def _sum_of_squares(cells: Floats) -> Floats:
    """Return the sum over raters and subjects of squares (k, p, n), in an order that p plays no part in."""
    each = np.ascontiguousarray(np.square(cells).sum(axis=-1).T)
    return np.asarray(each.sum(axis=-1))


def _unrounded(square: Floats) -> Floats:
    return np.where(square <= _ROUNDING, 0.0, square)


def _centred(cells: Floats, complete: NDArray[np.bool_]) -> Floats:
    """Return ratings less one of their own, scaled to at most 1 by a power of two; 0 for incomplete subjects.

    Equal values thus become exact zeros, and no square overflows.
    """
    cells = np.where(complete, cells, 0.0)
    peak = np.abs(cells).max(axis=(0, 2))
    scaled = np.ldexp(cells, -np.frexp(peak)[1][:, None])
    anchor = scaled[0, np.arange(len(peak)), complete.argmax(axis=-1)]
    return np.asarray((scaled - anchor[:, None]) * complete)


def _forms(squares: _MeanSquares, k: int, confidence: float) -> tuple[Floats, Floats, NDArray[np.object_]]:
    """Return icc, f, low and high of the three forms, shape (3, 4, p), complete subjects, and reasons."""
    n = squares.n
    few = n < 2
    constant = ~few & (squares.subjects == 0) & (squares.within == 0)
    # Two subjects stand in where there are fewer, so that no quantile is asked of zero degrees of freedom.
    squares = squares._replace(n=np.maximum(n, 2.0))
    p = (1 + confidence) / 2
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        residual_freedom = (squares.n - 1) * (k - 1)
        one_way = _one_error(squares.subjects, squares.within, squares.n, squares.n * (k - 1), k, p)
        agreement = _two_errors(squares, k, p)
        consistency = _one_error(squares.subjects, squares.residual, squares.n, residual_freedom, k, p)
    statistics = np.stack([one_way, agreement, consistency])
    statistics[..., few | constant] = np.nan
    conditions = [few, constant, squares.subjects == 0, squares.within == 0, squares.residual == 0]
    texts = [_TOO_FEW, _CONSTANT, _SAME_SUBJECTS, _EXACT, _OFFSET]
    reasons = np.select(conditions, texts, "").astype(object)
    return statistics, n, reasons


def _one_error(subjects: Floats, error: Floats, n: Floats, freedom: Floats, k: int, p: float) -> Floats:
    """Return icc, f, low, high where one mean square is the error: ICC1 and ICC3."""
    below, above = _quantile(n - 1, freedom, p), _quantile(freedom, n - 1, p)
    return np.stack(
        [
            (subjects - error) / (subjects + (k - 1) * error),
            subjects / error,
            (subjects - below * error) / (subjects + (k - 1) * below * error),
            (above * subjects - error) / (above * subjects + (k - 1) * error),
        ]
    )


def _two_errors(squares: _MeanSquares, k: int, p: float) -> Floats:
    """Return icc, f, low, high where raters and residual are both in error: ICC2."""
    subjects, raters, error, n = squares.subjects, squares.raters, squares.residual, squares.n
    value = (subjects - error) / (subjects + (k - 1) * error + k * (raters - error) / n)
    # Satterthwaite's degrees of freedom of the sum of both errors.
    one, two = k * value * raters, (n + value * (k * n - k - n)) * error
    freedom = (k - 1) * (n - 1) * (one + two) ** 2 / ((n - 1) * one**2 + two**2)
    freedom = np.where((one == 0) & (two == 0), (k - 1) * (n - 1), freedom)
    below, above = fdtri(n - 1, freedom, p), fdtri(freedom, n - 1, p)
    spread = k * raters + (k * n - k - n) * error
    low = n * (subjects / below - error) / (spread + n * subjects / below)
    high = n * (subjects - error / above) / (spread / above + n * subjects)
    # Of a few subjects with a negative ICC the approximate limits can lie on one side of it.
    return np.stack([value, subjects / error, np.minimum(low, value), np.maximum(high, value)])


def _quantile(numerator: Floats, denominator: Floats, p: float) -> Floats:
    """Return the quantile p of F, asked once for each of the few different degrees of freedom."""
    pairs, place = np.unique(np.stack([numerator, denominator]), axis=1, return_inverse=True)
    return np.asarray(fdtri(pairs[0], pairs[1], p))[place.ravel()]
