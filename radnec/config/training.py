"""How labels are chosen for learning, how a model is trained and how it is evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from radnec.config.base import Settings
from radnec.config.evidence import EvidenceRow
from radnec.labels import Outcome

Family = Literal["logistic", "elastic_net", "linear_svm", "rbf_svm", "random_forest", "gradient_boosting"]
Ranking = Literal["anova", "mrmr", "lasso", "elastic_net", "stability"]


class LabelPolicy(Settings):
    """Which rows are fit to learn from (the reference standard).

    Parameters
    ----------
    min_followup_months : float, default 6.0
        Labels from imaging or clinical follow-up are immature before this; such rows are left out.
    session : {"last_before_label", "all"}, default "last_before_label"
        One session per lesion is learnt from, the last on or before the label date (the last of all where no
        label date is known), or all of them.

    Examples
    --------
    >>> LabelPolicy(min_followup_months=3).session
    'last_before_label'
    """

    min_followup_months: float = Field(default=6.0, ge=0)
    session: Literal["last_before_label", "all"] = "last_before_label"


class TrainingConfig(Settings):
    """How a model is trained and evaluated, on any table with any column names.

    Parameters
    ----------
    label : str, default "label"
        Column that holds the outcome.
    positive : str, int or bool, default "necrosis"
        The value of `label` whose probability is called ``p_necrosis``.
    patient : str, default "patient_id"
        Column that groups rows; a patient is never on both sides of a split.
    batch : str or None, default "scanner_id"
        Column of the harmonisation batch. A table without the default column is not harmonised; None switches
        harmonisation off.
    covariates : tuple of str
        Columns whose effect harmonisation preserves. The label is refused.
    features : None, list of str or regular expression
        Feature columns; None means :func:`radnec.features.columns.feature_columns`.
    candidates : tuple of str
        Estimator families that compete, see :data:`radnec.model.candidates.FAMILIES`.
    draws : int, default 6
        Settings tried per family.
    selection : tuple of str, default ("anova",)
        Rankings of the features that compete, see :data:`radnec.model.rankings.RANKINGS`: ``anova``, ``mrmr``,
        ``lasso``, ``elastic_net``, ``stability`` (stability selection). Each draw is tried with each.
    representative : {"least_correlated", "interpretable", "stable"}
        Which feature speaks for a cluster of correlated ones, see :func:`radnec.model.clusters.visiting_order`;
        ``stable`` needs replicates.
    rule : {"best", "one_se"}
        Keep the candidate of the smallest out-of-fold log loss, or the simplest within one standard error of it.
    racing : bool, default True
        Whether settings that do badly on the first inner folds are not tried on the others, see
        :mod:`radnec.model.racing`; ``rule="one_se"`` has no race. False tries all on all.
    min_icc : float, default 0.75
        Where there are replicates: least intraclass correlation of a feature that is kept, judged in each fold by
        the replicates of its training patients, see :class:`radnec.model.StableFeatures`.
    icc_type : {"ICC1", "ICC2", "ICC3"}, default "ICC2"
        Its form.
    icc_bound : {"low", "value"}, default "low"
        Whether its lower 95 % limit must reach `min_icc`, or the estimate.
    rater : str or None
        Column of the replicates that names the repeat; ``perturbation`` or ``rater`` by default.
    outer : {"patients", "sites"}
        Evaluation on patient-grouped stratified folds, or on each site in turn, held out once.
    site : str, default "site_id"
        Column that names the site.
    outer_folds, outer_repeats, inner_folds : int
        Patient-grouped stratified folds of evaluation, how often they are redrawn, and of the search inside. The
        first two have no meaning with ``outer="sites"``.
    calibration : {"platt", "beta", "venn_abers", "temperature", "isotonic"}
        Map from out-of-fold scores to probabilities.
    calibration_per_fold : bool, default False
        True calibrates every fold model on the scores held out from it and averages the probabilities; False fits one
        map on all out-of-fold scores.
    isotonic_min_patients : int, default 500
        Isotonic calibration is refused with fewer training patients.
    error : float, default 0.1
        Error level of the conformal sets, per class.
    min_batch : int, default 5
        Batches with fewer training rows are pooled into ``other``.
    unseen : {"reference", "adapt"}, default "reference"
        What evaluation does with rows of a batch that training never saw.
    cutoff : str, mapping, Evidence or None
        The row of evidence whose cut-off is the rung ``cutoff`` of every evaluation: id of a published one, or one of
        your own, a :class:`radnec.pathway.Evidence` or its fields by name. None chooses a published one by the rule of
        :func:`radnec.pathway.choose_cutoff`. For an outcome not called ``necrosis``, a row given here says that
        `positive` is necrosis.
    threshold : float, default 0.5
        P(RN) from which sensitivity and specificity count a row as necrosis.
    level : float, default 0.95
        Level of the intervals.
    resamples : int, default 1000
        Patient resamples behind each interval.
    policy : LabelPolicy
        Which rows are learnt from.
    random_state : int or None
        Seed of every draw. None draws a seed once and stores it in the model.
    n_jobs : int, default 1
        Parallel jobs; never changes the result.

    Examples
    --------
    >>> config = TrainingConfig(label="Target", positive=1, patient="ID", batch=None)
    >>> config.positive, config.probability
    (1, 'P(Target = 1)')
    """

    undigested: ClassVar[set[str]] = {"n_jobs"}
    undigested_default: ClassVar[set[str]] = {
        *("selection", "representative", "rule", "min_icc", "icc_type", "icc_bound", "rater", "outer", "site"),
        *("calibration_per_fold", "isotonic_min_patients", "cutoff", "racing"),
    }

    label: str = "label"
    positive: str | int | bool = "necrosis"
    patient: str = "patient_id"
    batch: str | None = "scanner_id"
    covariates: tuple[str, ...] = ()
    features: tuple[str, ...] | str | None = None
    candidates: tuple[Family, ...] = Field(default=("logistic", "elastic_net", "random_forest"), min_length=1)
    draws: int = Field(default=6, ge=1)
    selection: tuple[Ranking, ...] = Field(default=("anova",), min_length=1)
    representative: Literal["least_correlated", "interpretable", "stable"] = "least_correlated"
    rule: Literal["best", "one_se"] = "best"
    racing: bool = True
    min_icc: float = Field(default=0.75, ge=0, lt=1)
    icc_type: Literal["ICC1", "ICC2", "ICC3"] = "ICC2"
    icc_bound: Literal["low", "value"] = "low"
    rater: str | None = None
    outer: Literal["patients", "sites"] = "patients"
    site: str = "site_id"
    outer_folds: int = Field(default=5, ge=2)
    outer_repeats: int = Field(default=3, ge=1)
    inner_folds: int = Field(default=5, ge=2)
    calibration: Literal["platt", "beta", "venn_abers", "temperature", "isotonic"] = "platt"
    calibration_per_fold: bool = False
    isotonic_min_patients: int = Field(default=500, ge=1)
    error: float = Field(default=0.1, gt=0, lt=0.5)
    min_batch: int = Field(default=5, ge=1)
    unseen: Literal["reference", "adapt"] = "reference"
    cutoff: str | dict[str, Any] | None = None
    threshold: float = Field(default=0.5, gt=0, lt=1)
    level: float = Field(default=0.95, gt=0.5, lt=1)
    resamples: int = Field(default=1000, ge=100)
    policy: LabelPolicy = LabelPolicy()
    random_state: int | None = Field(default=None, ge=0)
    n_jobs: int = 1

    @property
    def outcome(self) -> str:
        """What sentences call the positive class: ``necrosis``, or for other outcomes ``Target = 1``."""
        return str(self.positive) if self.positive == Outcome.necrosis else f"{self.label} = {self.positive}"

    @property
    def other_outcome(self) -> str:
        """What sentences call the other class: ``progression``, or for other outcomes ``not Target = 1``."""
        return str(Outcome.progression) if self.positive == Outcome.necrosis else f"not {self.outcome}"

    @property
    def probability(self) -> str:
        """What sentences call the probability: ``P(RN)``, or for other outcomes ``P(Target = 1)``."""
        return "P(RN)" if self.positive == Outcome.necrosis else f"P({self.outcome})"

    @field_validator("features", mode="before")
    @classmethod
    def _list_or_pattern(cls, value: Any) -> Any:
        if isinstance(value, str):
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
            return value
        if value is not None and not isinstance(value, list | tuple | set):
            raise ValueError("expected a list of columns, a regular expression, or None for radnec's feature columns")
        if value is not None and not len(value):
            raise ValueError("an empty list; expected at least one column, or None for radnec's feature columns")
        return value if value is None else tuple(value)

    @field_validator("cutoff", mode="before")
    @classmethod
    def _fields_of_evidence(cls, value: Any) -> Any:
        # Settings hold plain values: a mapping as it was given, so that the digest stays what it was.
        if isinstance(value, Mapping):
            EvidenceRow.model_validate(dict(value))
        elif isinstance(value, EvidenceRow):
            return value.model_dump(mode="json", exclude_unset=True)
        elif isinstance(value, Settings):
            raise ValueError("expected the id of a row of evidence, an Evidence, or its fields")  # noqa: TRY004  # what pydantic reports
        return value

    @field_validator("n_jobs")
    @classmethod
    def _some_jobs(cls, value: int) -> int:
        if value == 0:
            raise ValueError("no jobs would do nothing; expected 1, more, or -1 for all processors")
        return value

    @model_validator(mode="after")
    def _roles_agree(self) -> Self:
        if self.batch in (self.label, self.patient):
            raise ValueError(f"batch is {self.batch!r}, which names the label or the patient; expected the scanner")
        if self.cutoff is not None and self.positive == Outcome.progression:
            raise ValueError(
                f"cutoff is {self.cutoff!r} and positive 'progression'; expected necrosis as the positive class, "
                "of which published cut-offs give the probability"
            )
        if self.label in self.covariates:
            raise ValueError(
                f"{self.label!r} is the label: as a covariate of harmonisation it would leak the outcome "
                "into the features"
            )
        return self
