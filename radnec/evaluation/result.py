"""What an evaluation found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from radnec.evaluation import report
from radnec.evaluation.conclusions import (
    FULL,
    better_than,
    conclude,
    conclude_sets,
    conclude_sites,
    find,
    miscalibrated,
)
from radnec.evaluation.guard import SUSPICIOUS
from radnec.evaluation.mending import Mending, mend
from radnec.evaluation.predictions import Scored
from radnec.evaluation.resampling import summarise
from radnec.evaluation.selection import SelectionStability, selection_frame, selection_stability
from radnec.evaluation.sites import by_site
from radnec.evaluation.subgroups import by_subgroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from radnec.config import TrainingConfig
    from radnec.evaluation.learning import LearningCurve
    from radnec.evaluation.permutation import Permutation

Kind = Literal["nested cross-validation", "external test"]


def _no_flags() -> pd.DataFrame:
    return pd.DataFrame(columns=["column", "code", "finding"])


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evaluation:
    """Numbers with intervals, conclusions and a page, from predictions on lesions the models had not seen.

    Parameters
    ----------
    predictions : pandas.DataFrame
        One row per model, repeat and lesion, see :meth:`radnec.evaluation.predictions.Scored.arrange`.
    config : TrainingConfig
        Settings of the recipe; ``threshold``, ``level`` and ``resamples`` are used here.
    kind : {"nested cross-validation", "external test"}
        How the predictions came about.
    flow : pandas.DataFrame, optional
        Rows of the table on their way to evaluation, one step per line: included, left out and why.
    notes : tuple of str
        What a reader must know, such as how many lesions were scored with an absent batch.
    flags : pandas.DataFrame, optional
        Findings of the leak guard: ``column``, ``code``, ``finding``, see :func:`radnec.evaluation.guard.leak_flags`.
    features : Series of float
        Share of the full recipe's fitted models that use each feature, by its name.
    selected : DataFrame of bool, optional
        Which features each outer fold of the full recipe selects: one row per fold, one column per feature.
    traits : pandas.DataFrame, optional
        From :func:`radnec.evaluation.subgroups.traits_of`: by what the lesions are parted, and their sites.
    reasons : mapping of str to str
        Why a rung could not be computed.
    provenance : mapping of str
        Versions and whatever else makes the numbers traceable.
    random_state : int or None
        Seed of the resamples; that of `config` by default.
    permutation : Permutation, optional
        From :func:`radnec.evaluation.permutation_test` of the same table and settings.
    learning : LearningCurve, optional
        From :func:`radnec.evaluation.learning_curve` of the same table and settings.

    Raises
    ------
    radnec.errors.TableError, radnec.errors.LabelError
        If the predictions are not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from radnec.config import TrainingConfig
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(size=80)
    >>> table = pd.DataFrame({"model": "radnec", "repeat": 0, "fold": 0, "row": np.arange(80),
    ...                       "patient": np.arange(80) // 2, "y": rng.uniform(size=80) < p, "p": p})
    >>> config = TrainingConfig(random_state=0)
    >>> Evaluation(predictions=table, config=config, kind="external test")
    <Evaluation, external test: 80 lesions of 40 patients, 36 necrosis; AUC 0.86 (0.78 to 0.92)>
    """

    predictions: pd.DataFrame
    config: TrainingConfig
    kind: Kind
    flow: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()
    flags: pd.DataFrame = field(default_factory=_no_flags)
    features: pd.Series[float] = field(default_factory=lambda: pd.Series(dtype=float))
    selected: pd.DataFrame = field(default_factory=pd.DataFrame)
    traits: pd.DataFrame = field(default_factory=pd.DataFrame)
    reasons: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    random_state: int | None = None
    permutation: Permutation | None = None
    learning: LearningCurve | None = None

    def __post_init__(self) -> None:
        _ = self.scored

    @cached_property
    def scored(self) -> Scored:
        """The predictions, checked, as arrays."""
        return Scored.arrange(self.predictions, self.reasons)

    @property
    def seed(self) -> int | None:
        """Seed of the resamples."""
        return self.config.random_state if self.random_state is None else self.random_state

    @cached_property
    def _summary(self) -> pd.DataFrame:
        return summarise(
            self.predictions,
            threshold=self.config.threshold,
            level=self.config.level,
            resamples=self.config.resamples,
            random_state=self.seed,
            reasons=self.reasons,
        )

    def frame(self) -> pd.DataFrame:
        """Return every number, tidy.

        Returns
        -------
        pandas.DataFrame
            ``model, metric, value, low, high, reason``; the full recipe is called ``radnec``. See
            :func:`radnec.evaluation.resampling.summarise` for the metrics and how the intervals are made.
        """
        return self._summary.copy()

    @cached_property
    def stability(self) -> SelectionStability:
        """How alike the sets of features are that the outer folds select, after Nogueira, Sechidis and Brown.

        See :func:`radnec.evaluation.selection.selection_stability`, also for what it means with correlated features.
        """
        return selection_stability(self.selected.to_numpy(dtype=bool), level=self.config.level)

    def selection_frame(self) -> pd.DataFrame:
        """Return how often each feature is selected, the most often first.

        Returns
        -------
        pandas.DataFrame
            ``feature``, ``selected_by`` (share of the outer folds with a model that uses it) and ``used_by`` (share
            of all fitted models that use it); features never selected are left out. Empty for an external test.

        Examples
        --------
        >>> from radnec.config import TrainingConfig
        >>> table = pd.DataFrame({"model": "radnec", "repeat": 0, "fold": 0, "row": [0, 1, 2, 3],
        ...                       "patient": list("ABCD"), "y": [1, 0, 1, 0], "p": [0.8, 0.1, 0.3, 0.4]})
        >>> selected = pd.DataFrame({"a": [True, True], "b": [False, True], "c": False})
        >>> used = pd.Series({"a": 0.9, "b": 0.2})
        >>> Evaluation(predictions=table, config=TrainingConfig(), kind="nested cross-validation", features=used,
        ...            selected=selected).selection_frame()
          feature  selected_by  used_by
        0       a          1.0      0.9
        1       b          0.5      0.2
        """
        return selection_frame(self.selected, self.features)

    @property
    def suspicions(self) -> pd.DataFrame:
        """Findings of the leak guard that speak against the numbers; the others are for tidying up."""
        return self.flags[self.flags["code"].isin(SUSPICIOUS)]

    def subgroups(self) -> pd.DataFrame:
        """Return the chief numbers of the full recipe per site, entity and lesion size.

        Returns
        -------
        pandas.DataFrame
            As of :func:`radnec.evaluation.subgroups.by_subgroup`; empty where nothing parts the lesions.
        """
        return self._subgroups.copy()

    @cached_property
    def _subgroups(self) -> pd.DataFrame:
        config = self.config
        return by_subgroup(
            self.predictions, self.traits, level=config.level, resamples=config.resamples, random_state=self.seed
        )

    def sites(self) -> pd.DataFrame:
        """Return AUC, calibration intercept and slope of a tested model per site, and pooled by random effects.

        Returns
        -------
        pandas.DataFrame
            As of :func:`radnec.evaluation.sites.by_site`; empty for a cross-validation, whose models are many, and
            where the lesions are of one site.
        """
        return self._sites.copy()

    @cached_property
    def _sites(self) -> pd.DataFrame:
        scored = self.scored
        if self.kind != "external test" or FULL not in scored.p or "site_id" not in self.traits:
            return pd.DataFrame()
        sites = self.traits["site_id"].loc[sorted(self.predictions["row"].unique())]
        if sites.nunique() < 2:
            return pd.DataFrame()
        return by_site(scored.y, scored.p[FULL][0], sites, groups=scored.patients, level=self.config.level)

    @cached_property
    def mending(self) -> Mending | None:
        """For a tested model that is miscalibrated here: a recalibration on half of the patients, shown on the rest."""
        scored = self.scored
        if self.kind != "external test" or FULL not in scored.p or not miscalibrated(self._summary):
            return None
        seed = 0 if self.seed is None else self.seed
        return mend(scored.y, scored.p[FULL][0], groups=scored.patients, level=self.config.level, random_state=seed)

    @property
    def conclusions(self) -> tuple[str, ...]:
        """What the numbers say, in sentences; a suspicion of leakage comes before all numbers."""
        suspects = [
            f"Do not believe these numbers before column {column} is explained ({'; '.join(part['finding'])})."
            for column, part in self.suspicions.groupby("column", sort=False)
        ]
        place = "here" if self.kind == "external test" else ""
        found = conclude(self._summary, level=self.config.level, probability=self.config.probability, place=place)
        outcomes = (self.config.outcome, self.config.other_outcome)
        found += conclude_sets(self._summary, error=self.config.error, outcomes=outcomes)
        more = [one.sentence for one in (self.permutation, self.learning, self.mending) if one is not None]
        return (*suspects, *found, *more, *conclude_sites(self._sites))

    @property
    def better_than_prevalence(self) -> bool:
        """Whether the full recipe is shown to be better than predicting the prevalence for every lesion."""
        return bool(better_than(self._summary, "prevalence"))

    @property
    def subject(self) -> str:
        """What was evaluated, in a few words."""
        scored = self.scored
        n_patients = int(scored.patients.max()) + 1
        return f"{len(scored.y)} lesions of {n_patients} patients, {int(scored.y.sum())} {self.config.outcome}"

    def to_dict(self) -> dict[str, Any]:
        """Return kind, subject, conclusions, notes and all numbers as JSON can hold them (None for NaN and infinity).

        Examples
        --------
        >>> import json
        >>> from radnec.config import TrainingConfig
        >>> table = pd.DataFrame({"model": "radnec", "repeat": 0, "fold": 0, "row": [0, 1, 2, 3],
        ...                       "patient": list("ABCD"), "y": [1, 0, 1, 0], "p": [0.8, 0.1, 0.3, 0.4]})
        >>> config = TrainingConfig(random_state=0)
        >>> evaluation = Evaluation(predictions=table, config=config, kind="external test")
        >>> json.loads(json.dumps(evaluation.to_dict()))["numbers"][0]["value"]
        0.75
        """
        return {
            "kind": self.kind,
            "subject": self.subject,
            "better_than_prevalence": self.better_than_prevalence,
            "conclusions": list(self.conclusions),
            "notes": list(self.notes),
            "numbers": _plain(self._summary),
            "subgroups": _plain(self._subgroups),
            "sites": _plain(self._sites),
            "permutation": None if self.permutation is None else self.permutation.to_dict(),
            "learning_curve": [] if self.learning is None else _plain(self.learning.frame()),
            "selection_stability": {
                name: None if isinstance(value, float) and math.isnan(value) else value
                for name, value in self.stability._asdict().items()
            },
            "settings_digest": self.config.digest(),
            "outer": self.config.outer,
            "level": self.config.level,
            "resamples": self.config.resamples,
            "model": self.provenance.get("model"),
        }

    def save_html(self, path: str | Path) -> Path:
        """Write one self-contained page: conclusions, ladder, figures, leak-guard findings, settings.

        Parameters
        ----------
        path : path-like
            File to write.

        Returns
        -------
        pathlib.Path
            The file.
        """
        target = Path(path)
        target.write_text(report.render_page(self), encoding="utf-8")
        return target

    def __str__(self) -> str:
        """Return what was evaluated, and the conclusions."""
        return "\n".join([f"{self.kind.capitalize()}: {self.subject}", *self.conclusions])

    def __repr__(self) -> str:
        area = find(self._summary, "auc")
        if math.isnan(area.value):
            return f"<Evaluation, {self.kind}: {self.subject}; {self.conclusions[0]}>"
        doubt = "; no better than prevalence" if better_than(self._summary, "prevalence") is False else ""
        if len(self.suspicions):
            doubt += f"; do not believe it before column {self.suspicions['column'].iloc[0]} is explained"
        numbers = f"AUC {area.value:.2f} ({area.low:.2f} to {area.high:.2f})"
        return f"<Evaluation, {self.kind}: {self.subject}; {numbers}{doubt}>"

    def _repr_html_(self) -> str:
        return report.render_summary(self)


def _plain(numbers: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            str(key): None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in numbers.to_dict("records")
    ]
