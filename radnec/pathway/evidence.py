"""One published accuracy: what was measured, in whom, from which value on, and which class its numbers speak of."""

from __future__ import annotations

import operator

from radnec.config.evidence import EvidenceRow
from radnec.errors import EvidenceError
from radnec.labels import Outcome
from radnec.pathway.likelihood import LikelihoodRatio, likelihood_ratio

_BEYOND = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


class Evidence(EvidenceRow):
    """One row of published evidence; the names are the columns of ``evidence.csv``.

    Parameters
    ----------
    id : str
        Name of the row.
    modality, technique : str
        Examination, such as ``PET`` with ``FET``; several techniques are separated by ``/``.
    index : str
        Name of the index that radnec measures in this way (its column is ``index_`` and this name); empty where there
        is none.
    measure : str
        What was measured, as the source says.
    measured_otherwise : str
        How that differs from the index as radnec measures it, such as another reference region; empty where it does not
        as far as is known. Values are not weighed by such a row unless it is named by its id.
    entity : {"brain_metastasis", "glioma", "mixed"}
        What was irradiated.
    population : str
        More about the patients.
    n_lesions, n_patients, n_studies, n_progression, n_necrosis : int or None
        How many were studied; the last two are lesions of each class.
    cutoff : float or None
        Value of the index that parts the classes, in `unit`.
    unit : str
        ``"1"`` for a ratio.
    progression_if : {">=", ">", "<=", "<"} or None
        On which side of the cut-off a value speaks for progression.
    positive_class : {"necrosis", "progression"} or None
        The class that sensitivity, positive predictive value and likelihood ratios speak of; None where the source
        does not state it, and then the numbers cannot be used.
    sensitivity, specificity, auc, accuracy, ppv, npv : float or None
        From 0 to 1.
    lr_positive, lr_negative : float or None
        Likelihood ratios of `positive_class`, where published as such; they are taken before those that follow from
        sensitivity and specificity.
    source, doi, note : str
        Where the numbers come from, and what to know of them.

    Raises
    ------
    radnec.errors.ConfigError
        If a name is unknown or a value is out of range.

    Examples
    --------
    >>> row = Evidence(id="mine", modality="PET", technique="FET", index="TBRmax", measure="TBRmax", entity="glioma",
    ...                cutoff=2.0, progression_if=">=", positive_class="progression", sensitivity=0.9, specificity=0.8,
    ...                source="our own 80 lesions")
    >>> row.favours(1.7), round(row.likelihood_ratio("necrosis").value, 2)
    (<Outcome.necrosis: 'necrosis'>, 8.0)
    """

    @property
    def examination(self) -> str:
        """Modality and technique, as a reader calls them."""
        return f"{self.modality} {self.technique}"

    @property
    def caution(self) -> str:
        """What to know of the numbers: how the source measured otherwise than radnec, and the note."""
        return "; ".join(text for text in (self.measured_otherwise, self.note) if text)

    @property
    def n_studied(self) -> int:
        """Lesions studied, or where they are not stated patients, of whom each has a lesion; 0 where neither is."""
        return self.n_lesions or self.n_patients or 0

    @property
    def _of_classes(self) -> tuple[int, int] | None:
        """Lesions of necrosis and of progression; None unless both are stated."""
        if self.n_necrosis is None or self.n_progression is None:
            return None
        return self.n_necrosis, self.n_progression

    @property
    def rule(self) -> str:
        """The cut-off in words; empty where there is none."""
        if self.cutoff is None or self.progression_if is None:
            return ""
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        return f"progression if {self.progression_if} {self.cutoff:g}{unit}"

    def is_same_examination(self, other: Evidence) -> bool:
        """Return whether both rows may speak of one examination, having a technique in common.

        Radiomics of a PET is the same examination as its ratio of uptake; a row that pools several techniques has each
        of them in common.

        Parameters
        ----------
        other : Evidence
            Another row.
        """
        return bool(set(self.technique.split("/")) & set(other.technique.split("/")))

    def why_unusable(self, *, with_value: bool) -> str:
        """Say why no likelihood ratio can be had from the row; an empty text where one can.

        Parameters
        ----------
        with_value : bool
            Whether the finding is a measured value, which needs a cut-off, or was read as one of the classes.
        """
        if self.positive_class is None:
            return "its source does not state which class is the positive one"
        absent = [name for name in ("sensitivity", "specificity") if getattr(self, name) is None]
        if absent and None in (self.lr_positive, self.lr_negative):
            return f"it has no {' and no '.join(absent)}"
        if not absent and (self.sensitivity or 0) + (self.specificity or 0) <= 1:
            return (
                "sensitivity and specificity add up to no more than 1: the finding tells nothing, or the positive "
                "class is the other one"
            )
        if (
            not absent
            and None in (self.lr_positive, self.lr_negative)
            and {self.sensitivity, self.specificity} & {0, 1}
            and not self.n_studied
            and self._of_classes is None
        ):
            return (
                "its sensitivity or specificity is exactly 0 or 1, which would settle every case, and the lesions "
                "behind it are not stated"
            )
        if with_value and self.cutoff is None:
            return "it has no cut-off for a value: the finding was read by eye, or many cut-offs were pooled"
        if with_value and self.progression_if is None:
            return "its source does not say on which side of the cut-off progression lies"
        return ""

    def favours(self, value: float) -> Outcome:
        """Return the class that a value speaks for, by the cut-off.

        Parameters
        ----------
        value : float
            The index, in the unit of the row.

        Raises
        ------
        radnec.errors.EvidenceError
            If the row has no cut-off with a direction.
        """
        if self.cutoff is None or self.progression_if is None:
            raise EvidenceError(f"evidence {self.id} has no cut-off with a direction; expected both for a value")
        beyond = _BEYOND[self.progression_if](value, self.cutoff)
        return Outcome.progression if beyond else Outcome.necrosis

    def likelihood_ratio(self, favours: str, *, level: float = 0.95) -> LikelihoodRatio:
        """Return how much likelier a finding that speaks for a class is in necrosis than in progression.

        Parameters
        ----------
        favours : {"necrosis", "progression"}
            What the finding speaks for.
        level : float
            Level of the interval, which is NaN where the lesions of each class are not stated.

        Raises
        ------
        radnec.errors.EvidenceError
            If the row cannot give one, with the reason.

        Notes
        -----
        Where a sensitivity or specificity is exactly 1 and the lesions of each class are not stated, half of all
        lesions stand in for them, see :func:`radnec.pathway.likelihood_ratio`.
        """
        reason = self.why_unusable(with_value=False)
        if reason or self.positive_class is None:
            raise EvidenceError(f"evidence {self.id} cannot be used: {reason}")
        published = self.lr_positive if favours == self.positive_class else self.lr_negative
        if published is not None:
            own = published if self.positive_class == Outcome.necrosis else 1 / published
            return LikelihoodRatio(own, float("nan"), float("nan"))
        stated = self._of_classes is not None
        half = self.n_studied / 2 or None
        n_necrosis, n_progression = self._of_classes or (half, half)
        found = likelihood_ratio(
            self.sensitivity or 0.0,
            self.specificity or 0.0,
            positive_class=self.positive_class,
            favours=favours,
            n_necrosis=n_necrosis,
            n_progression=n_progression,
            level=level,
        )
        return found if stated else LikelihoodRatio(found.value, float("nan"), float("nan"))
