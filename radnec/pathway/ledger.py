"""A ledger of findings that updates the probability of necrosis step by step, each with its source."""

from __future__ import annotations

import html
import math
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd
from scipy.special import expit, logit

from radnec.errors import EvidenceError
from radnec.labels import Outcome
from radnec.pathway.evidence_table import EvidenceTable, read_evidence
from radnec.pathway.stated import is_number

if TYPE_CHECKING:
    from pathlib import Path

    from radnec.pathway.evidence import Evidence
    from radnec.pathway.likelihood import LikelihoodRatio

#: Columns of :meth:`Ledger.frame`.
COLUMNS = (
    *("step", "examination", "evidence", "index", "value", "unit", "cutoff", "distance", "relative_distance"),
    *("favours", "likelihood_ratio", "low", "high", "weight", "p_necrosis", "source", "doi", "note"),
)
_WORDS = ("necrosis", "progression", "positive", "negative")


class Step(NamedTuple):
    """One finding: its evidence, its value (NaN if it was read by eye), what it speaks for, how strongly."""

    evidence: Evidence
    value: float
    favours: Outcome
    ratio: LikelihoodRatio

    @property
    def distance(self) -> float:
        """Value less cut-off, in units of the index."""
        return math.nan if self.evidence.cutoff is None else self.value - self.evidence.cutoff


@dataclass(frozen=True, repr=False)
class Ledger:
    """Findings of one lesion, weighed by published evidence; adding one gives a new ledger.

    The odds of necrosis are multiplied by each finding's likelihood ratio raised to the power `weight`.

    Parameters
    ----------
    prior : float
        P(RN) before any finding, between 0 and 1: the prevalence where the lesion comes from.
    weight : float, default 0.7
        Discount on every log likelihood ratio, above 0 up to 1. Examinations of one lesion err together (a small,
        mixed or inflamed lesion misleads all of them), so that multiplying their full ratios is too sure of itself.
    evidence : EvidenceTable, DataFrame or path of a CSV file, optional
        Rows of your own, see :meth:`radnec.pathway.EvidenceTable.extended`: they come beside the published ones, and
        those of a known id take its place.

    Attributes
    ----------
    steps : tuple of Step
        The findings, in the order they were added.

    Raises
    ------
    radnec.errors.EvidenceError
        If `prior` or `weight` is out of range, or `evidence` breaks its contract.

    Notes
    -----
    A weight of 1 is Bayes' rule for findings that are independent given the outcome. The default is a convention and
    was not estimated from data.

    Examples
    --------
    >>> ledger = Ledger(0.5).add("rad_kim_meta", "negative").add("TBRmax", 1.8)
    >>> ledger
    <Ledger: P(RN) 0.88 after 2 findings, from a prior of 0.50; uncertain>
    >>> ledger.frame()[["evidence", "distance", "favours", "p_necrosis"]].round(2)
              evidence  distance   favours  p_necrosis
    0            prior       NaN                  0.50
    1     rad_kim_meta       NaN  necrosis        0.69
    2  fet_romagna_max     -0.35  necrosis        0.88
    """

    prior: float
    weight: float = field(default=0.7, kw_only=True)
    evidence: EvidenceTable | pd.DataFrame | str | Path | None = field(default=None, kw_only=True, compare=False)
    steps: tuple[Step, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        if not is_number(self.prior) or not 0 < self.prior < 1:
            raise EvidenceError(f"prior is {self.prior!r}; expected P(RN) before any finding, between 0 and 1")
        if not is_number(self.weight) or not 0 < self.weight <= 1:
            raise EvidenceError(f"weight is {self.weight!r}; expected a discount above 0 and up to 1")
        published = read_evidence()
        own = published if self.evidence is None else published.extended(self.evidence)
        object.__setattr__(self, "evidence", own)

    @property
    def table(self) -> EvidenceTable:
        """The evidence that findings are weighed by."""
        return read_evidence(self.evidence)

    @property
    def p_necrosis(self) -> float:
        """P(RN) after all findings."""
        return self._p_after(len(self.steps))

    @property
    def call(self) -> Literal["necrosis", "progression", "uncertain"]:
        """The outcome at an error of 0.1, or ``uncertain``, see :meth:`uncertain`."""
        if self.uncertain():
            return "uncertain"
        return "necrosis" if self.p_necrosis > 1 / 2 else "progression"

    def uncertain(self, error: float = 0.1) -> bool:
        """Say whether neither outcome is likely enough: P(RN) lies between `error` and ``1 - error``.

        Parameters
        ----------
        error : float, default 0.1
            Share of calls that may be wrong if the probabilities are right; above 0, below 0.5.

        Raises
        ------
        radnec.errors.EvidenceError
            If `error` is out of range.

        Examples
        --------
        Radiomics that speaks for necrosis, and perfusion that speaks for progression, leave the question open:

        >>> Ledger(0.5).add("rad_kim_meta", "necrosis").add("dsc_hgg_fu", "progression").uncertain()
        True
        """
        if not is_number(error) or not 0 < error < 1 / 2:
            raise EvidenceError(f"error is {error!r}; expected a share above 0 and below 0.5")
        # A probability of 0.9 may come out as 0.8999999999999999.
        return error < round(self.p_necrosis, 12) < round(1 - error, 12)

    def add(self, index: str, found: float | str, *, again: bool = False) -> Ledger:
        """Return a ledger with one more finding.

        Parameters
        ----------
        index : str
            Index or its column (``TBRmax``, ``index_TBRmax``), or the id of a row of evidence.
        found : float or str
            The measured value, in the unit of the evidence; or what the finding speaks for, ``necrosis`` or
            ``progression``; or ``positive`` or ``negative``, which means for or against the positive class that the
            row states.
        again : bool, default False
            True allows a second finding of an examination that is in the ledger already.

        Raises
        ------
        radnec.errors.EvidenceError
            If there is no evidence on the index, or several rows of which none was named; if the evidence states no
            positive class, no accuracy, or for a value no cut-off, or was measured otherwise and is not named by its
            id; if `found` is no finding; or if the examination is in the ledger already.

        Examples
        --------
        >>> Ledger(0.3).add("Tl201_retention_index", 0.9).steps[0].favours
        <Outcome.progression: 'progression'>
        >>> Ledger(0.3).add("TBRmax_MET", "progression")
        Traceback (most recent call last):
        ...
        radnec.errors.EvidenceError: 2 rows of evidence on 'TBRmax_MET': met_yomo (...), met_tn_hotta (...); name one...
        """
        value = _value_of(index, found)
        row = self._row(index, with_value=not math.isnan(value))
        favours = _favoured(row, found) if isinstance(found, str) else row.favours(value)
        earlier = next((n for n, step in enumerate(self.steps, 1) if step.evidence.is_same_examination(row)), 0)
        if earlier and not again:
            raise EvidenceError(
                f"{row.id} ({row.examination}) may be the examination of step {earlier}, "
                f"{self.steps[earlier - 1].evidence.id}: two findings of one examination tell little more than one. "
                "Leave it out, or insist with again=True"
            )
        longer = copy(self)
        step = Step(row, value, favours, row.likelihood_ratio(favours))
        object.__setattr__(longer, "steps", (*self.steps, step))
        return longer

    def frame(self) -> pd.DataFrame:
        """Return the prior and each step as a table.

        Returns
        -------
        pandas.DataFrame
            The columns of :data:`COLUMNS`. ``distance`` is the value less the cut-off in units of the index,
            ``relative_distance`` the same over the size of the cut-off, ``likelihood_ratio`` with ``low`` and ``high``
            that of necrosis before the discount, ``p_necrosis`` P(RN) after the step.
        """
        rows: list[dict[str, object]] = [{"step": 0, "evidence": "prior", "p_necrosis": self.prior}]
        for number, (row, value, favours, ratio) in enumerate(self.steps, start=1):
            distance, size = self.steps[number - 1].distance, abs(row.cutoff or math.nan)
            entry = {
                "step": number,
                "evidence": row.id,
                "value": value,
                "distance": distance,
                "relative_distance": distance / size,
                "favours": str(favours),
                "weight": self.weight,
                "likelihood_ratio": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                "cutoff": row.cutoff,
                "p_necrosis": self._p_after(number),
                "note": row.caution,
                **{name: getattr(row, name) for name in ("examination", "index", "unit", "source", "doi")},
            }
            rows.append(entry)
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        texts = ["examination", "evidence", "index", "unit", "favours", "source", "doi", "note"]
        numbers = [name for name in COLUMNS if name not in (*texts, "step")]
        return frame.fillna(dict.fromkeys(texts, "")).astype(dict.fromkeys(numbers, float))

    def __repr__(self) -> str:
        count = f"{len(self.steps)} finding{'' if len(self.steps) == 1 else 's'}"
        return f"<Ledger: P(RN) {self.p_necrosis:.2f} after {count}, from a prior of {self.prior:.2f}; {self.call}>"

    def _repr_html_(self) -> str:
        table = self.frame().to_html(index=False, na_rep="", float_format="{:.3g}".format)
        return f"<p>{html.escape(repr(self))}</p>{table}"

    def _p_after(self, count: int) -> float:
        logs = (math.log(step.ratio.value) for step in self.steps[:count])
        return float(expit(logit(self.prior) + self.weight * math.fsum(logs)))

    def _row(self, index: str, *, with_value: bool) -> Evidence:
        """Return the one row of evidence that a finding can be weighed by."""
        rows = self.table.of(index)
        by_value = with_value and index != rows[0].id
        reasons = {
            row.id: row.why_unusable(with_value=with_value)
            or (f"measured otherwise ({row.measured_otherwise})" if by_value and row.measured_otherwise else "")
            for row in rows
        }
        usable = [row for row in rows if not reasons[row.id]]
        if len(usable) == 1:
            return usable[0]
        if usable:
            told = ", ".join(f"{row.id} ({row.entity}, {row.source})" for row in usable)
            raise EvidenceError(f"{len(usable)} rows of evidence on {index!r}: {told}; name one by its id")
        told = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise EvidenceError(
            f"the evidence on {index!r} cannot be used with {'a value' if with_value else 'a finding'} ({told}). "
            "Complete it with radnec.pathway.read_evidence().override(id, ...), stating the source, or leave it out"
            + ("; a row that was measured otherwise is weighed by its id" if "measured otherwise" in told else "")
        )


def _value_of(index: str, found: object) -> float:
    """Return a measured value, or NaN for a finding in words."""
    if isinstance(found, str) and found in _WORDS:
        return math.nan
    if not is_number(found):
        raise EvidenceError(
            f"the finding on {index!r} is {found!r}; expected a finite value, or one of {', '.join(_WORDS)}. Leave out "
            "what was not evaluable"
        )
    return float(found)


def _favoured(row: Evidence, found: str) -> Outcome:
    """Return what a finding in words speaks for; positive and negative are of the row's own positive class."""
    if found not in ("positive", "negative"):
        return Outcome(found)
    necrosis = (found == "positive") == (row.positive_class == Outcome.necrosis)
    return Outcome.necrosis if necrosis else Outcome.progression
