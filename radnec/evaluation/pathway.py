"""Nested cross-validation of a staged pathway, beside conventional MRI alone and every examination for everyone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import clone

from radnec.cohort.parsing import counted
from radnec.evaluation import pathway_report
from radnec.evaluation.outer import outer_folds, refuse_shared_patients
from radnec.evaluation.pathway_figures import flow_of, pathway_figure
from radnec.evaluation.pathway_metrics import summarise_pathway
from radnec.model.splits import fresh_seed, patients_per_class
from radnec.pathway.examined import examined_in
from radnec.pathway.learning_rows import classes_of, patients_in
from radnec.pathway.reaching import Cohort, recipe_for
from radnec.pathway.resolving import OPEN
from radnec.pathway.value import Costs

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from radnec.model.recipe import Recipe
    from radnec.pathway.reaching import Path
    from radnec.pathway.stages import Pathway


@dataclass(frozen=True, repr=False)
class PathwayEvaluation:
    """What a pathway did for patients it had not seen.

    Parameters
    ----------
    lesions : DataFrame
        One row per lesion and repeat: ``repeat``, ``fold``, ``row`` (position in the table), ``patient``, ``session``,
        ``y`` (positive class or not), ``stage`` (the last consulted), ``called`` (1 positive, -1 negative, 0 not
        settled), ``abstained`` (the pathway should not be asked; never counted as settled), ``p_conventional``,
        ``p_pathway``, ``p_everything``, and for each further stage ``had_…`` (it was made, and enough of the fold's
        training patients had it, beside the others that count, to learn from) and ``consulted_…``.
    pathway : Pathway
        The unfitted pathway.
    notes : tuple of str
        What a reader must know, as sentences.
    random_state : int
        The seed used.
    """

    lesions: pd.DataFrame
    pathway: Pathway
    notes: tuple[str, ...]
    random_state: int

    def frame(self) -> pd.DataFrame:
        """Return every number with its interval.

        Returns
        -------
        DataFrame
            ``strategy`` (``pathway``, ``conventional``: the first stage for all; ``everything``: all examinations a
            lesion had, for all), ``metric``, ``value``, ``low``, ``high``; see
            :func:`radnec.evaluation.pathway_metrics.summarise_pathway`.
        """
        return self._summary.copy()

    @cached_property
    def _summary(self) -> pd.DataFrame:
        config = self.pathway._config()
        stages = self.pathway._stages()
        return summarise_pathway(
            self.lesions,
            Costs.stated(self.pathway.costs),
            {stage.name: stage.cost for stage in stages},
            level=config.level,
            resamples=config.resamples,
            random_state=self.random_state,
        )

    def flow(self) -> pd.DataFrame:
        """Return where the lesions went, one row per stage; see :func:`radnec.evaluation.pathway_figures.flow_of`."""
        return flow_of(self.lesions, {stage.name: stage.examinations for stage in self.pathway._stages()})

    def figure(self) -> Figure:
        """Draw the pathway: stages, the lesions that reach them and are settled there, the examinations asked for.

        Returns
        -------
        matplotlib.figure.Figure
            Not known to pyplot.
        """
        return pathway_figure(self.flow(), self.pathway._config())

    def save_html(self, path: str | FilePath) -> FilePath:
        """Write one self-contained page: conclusions, the pathway drawn, and every number with its interval.

        Parameters
        ----------
        path : path-like
            File to write.

        Returns
        -------
        pathlib.Path
            The file.
        """
        target = FilePath(path)
        target.write_text(pathway_report.render_page(self), encoding="utf-8")
        return target

    def __repr__(self) -> str:
        seen = f"{self.lesions['row'].nunique()} lesion sessions of {self.lesions['patient'].nunique()} patients"
        return f"<PathwayEvaluation: {seen}, by {', '.join(stage.name for stage in self.pathway._stages())}>"

    def _repr_html_(self) -> str:
        return pathway_report.render_summary(self)


def evaluate_pathway(
    pathway: Pathway, X: pd.DataFrame, y: ArrayLike, groups: ArrayLike | None = None
) -> PathwayEvaluation:
    """Evaluate a pathway by nested cross-validation: everything it learns, it learns anew in each fold.

    Parameters
    ----------
    pathway : Pathway
        Unfitted, or fitted, which plays no part. Outer folds, repeats, seed, level and resamples are those of its
        ``config``.
    X : DataFrame of shape (n, …)
        A feature table. What a lesion was examined for is what the pathway may ask for.
    y : array of shape (n,)
        Labels of two classes.
    groups : array of shape (n,), optional
        Patient of each row; by default the patient column of X.

    Returns
    -------
    PathwayEvaluation
        ``.frame()``, ``.flow()``, ``.figure()``, ``.save_html(path)``.

    Raises
    ------
    radnec.errors.LabelError, radnec.errors.TableError, radnec.errors.LeakageError
        As :meth:`radnec.Pathway.fit` does.

    Examples
    --------
    >>> from radnec.config import TrainingConfig
    >>> from radnec.pathway import Pathway
    >>> from radnec.simulate import simulate_multimodal
    >>> table = simulate_multimodal(n_patients=60, effect=2.0, random_state=0)
    >>> config = TrainingConfig(
    ...     candidates=("logistic",), draws=1, inner_folds=2, outer_folds=2, outer_repeats=1, random_state=0
    ... )
    >>> found = evaluate_pathway(Pathway(config=config, error=0.2, fewest=4), table, table["label"]).frame()
    >>> found.query("metric == 'examinations_per_patient'")["strategy"].tolist()
    ['pathway', 'conventional', 'everything']
    """
    config = pathway._checked()
    pathway._columns(X)
    patients = patients_in(X, groups, config.patient)
    _, truth = classes_of(y, config.positive)
    labels = np.asarray(y, dtype=object)
    seed = fresh_seed() if config.random_state is None else config.random_state
    seeded = clone(pathway).set_params(config=config.model_copy(update={"random_state": seed}))
    repeats, notes = outer_folds(X, truth, patients, config, seed)
    parts = []
    for repeat, folds in enumerate(repeats):
        refuse_shared_patients(folds, patients)
        for fold, (train, test) in enumerate(folds):
            fitted = clone(seeded).fit(X.iloc[train], labels[train], patients[train])
            cohort = Cohort(
                X.iloc[train],
                truth[train],
                patients[train],
                examined_in(X.iloc[train], fitted.stages_, fitted.columns_, fitted.tracers_),
            )
            part = _tested(fitted, X.iloc[test], _Everything(fitted, cohort, seed))
            parts.append(part.assign(repeat=repeat, fold=fold, row=test, patient=patients[test], y=truth[test]))
    lesions = pd.concat(parts, ignore_index=True)
    flags = [name for name in map(str, lesions.columns) if name.startswith(("had_", "consulted_", "made_"))]
    lesions[flags] = lesions[flags].eq(True)
    made = [name for name in flags if name.startswith("made_")]
    notes += _not_learnt(lesions, [name.removeprefix("made_") for name in made])
    lesions = lesions.drop(columns=made)
    lost = lesions.loc[lesions["p_conventional"].isna(), "row"].unique()
    if len(lost):
        notes.append(f"{counted(len(lost), 'lesion')} without the first stage left out.")
    return PathwayEvaluation(lesions[~lesions["row"].isin(lost)], seeded, tuple(notes), seed)


class _Everything:
    """The best that can be had: one model of all stages that a lesion has, trained on all who have them."""

    def __init__(self, fitted: Pathway, cohort: Cohort, seed: int) -> None:
        self.fitted, self.cohort, self.seed = fitted, cohort, seed
        self.models: dict[Path, Recipe] = {}

    def judge(self, X: pd.DataFrame, paths: list[Path]) -> NDArray[np.float64]:
        """Return P(positive class) of each row by the model of its path, NaN without one."""
        p = np.full(len(X), np.nan)
        for path in sorted(set(paths) - {()}):
            rows = np.array([one == path for one in paths])
            p[rows] = self._model(path).predict_proba(X[rows])
        return p

    def paths(self, examined: NDArray[np.bool_]) -> list[Path]:
        """Return the stages of each row, or the most of them that enough training patients had together."""
        rows = [tuple(np.flatnonzero(row).tolist()) if row[0] else () for row in examined]
        learnt = {stages: self._learnt(stages) for stages in set(rows)}
        return [learnt[stages] for stages in rows]

    def _learnt(self, stages: Path) -> Path:
        """Return the most stages that enough training patients had together; among as many, the first in order."""
        first, later = stages[:1], stages[1:]
        subsets = (first + some for size in range(len(later), 0, -1) for some in combinations(later, size))
        return next((path for path in subsets if self._enough(path)), first)

    def _enough(self, path: Path) -> bool:
        rows = self.cohort.having(path)
        counts = patients_per_class(self.cohort.y[rows], self.cohort.patients[rows])
        return len(counts) == 2 and min(counts.values()) >= self.fitted.fewest

    def _model(self, path: Path) -> Recipe:
        if path not in self.models:
            rows = self.cohort.having(path)
            names = list(self.fitted.columns_)
            wanted = [name for stage in path for name in self.fitted.columns_[names[stage]]]
            recipe = recipe_for(self.cohort.X[rows], wanted, self.fitted._config(), self.seed)
            self.models[path] = recipe.fit(self.cohort.X[rows], self.cohort.y[rows], self.cohort.patients[rows])
        return self.models[path]


def _tested(fitted: Pathway, X: pd.DataFrame, everything: _Everything) -> pd.DataFrame:
    completed, way, examined = fitted._walked(X)
    names = list(fitted.columns_)
    abstained = np.array([bool(doubts) for doubts in fitted._doubts(completed, way, examined)])
    paths = everything.paths(examined)
    sessions = X["session_id"].astype(str) if "session_id" in X else pd.Series("", index=X.index)
    columns = {
        "session": sessions.to_numpy(),
        "stage": [names[path[-1]] if path else "" for path in way.paths],
        "called": np.where(abstained, OPEN, way.called),
        "abstained": abstained,
        "p_conventional": way.p[:, 0],
        "p_pathway": way.last(way.p),
        "p_everything": everything.judge(completed, paths),
    }
    for number, name in enumerate(names[1:], start=1):
        columns[f"made_{name}"] = examined[:, number] & examined[:, 0]
        consulted = ~np.isnan(way.p[:, number])
        columns[f"had_{name}"] = consulted | np.array([number in path for path in paths], dtype=bool)
        columns[f"consulted_{name}"] = consulted
    return pd.DataFrame(columns)


def _not_learnt(lesions: pd.DataFrame, stages: list[str]) -> list[str]:
    """Return which stages no lesion had, and how many lesions had one that too few training patients had.

    An examination is a stage of a session, whose lesions share it; it does not count where it is lost to one of them.
    """
    told = []
    keys = ["patient", "session"]
    for stage in stages:
        if not lesions[f"made_{stage}"].any():
            told.append(f"{stage}: no lesion had it.")
        made = lesions[lesions[f"made_{stage}"]]
        lost = made[~made[f"had_{stage}"]]
        if len(lost):
            told.append(
                f"{stage}: {counted(lost['row'].nunique(), 'lesion')} had it in folds whose training patients had it "
                "too seldom, alone or beside the other stages, to learn from; there it counts for no strategy. This "
                f"concerns {len(lost[keys].drop_duplicates())} of its "
                f"{counted(len(made[keys].drop_duplicates()), 'examination')}."
            )
    return told
