"""The report of one lesion: what a model says of it, on what grounds, and how far that can be trusted."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from radnec.classifier.inputs import with_unmeasured, without_infinite
from radnec.cohort.fields import KEYS
from radnec.errors import ConfigError, TableError
from radnec.features.kinds import kind_of
from radnec.imaging.quality import check
from radnec.labels import Outcome
from radnec.model.contributions import Dissected
from radnec.pathway.findings import ledgers
from radnec.reporting.identity import fitted
from radnec.reporting.lesion_rows import measured_lesion, rows_of
from radnec.reporting.lesion_views import views_of

if TYPE_CHECKING:
    from radnec.classifier.estimator import RadnecClassifier
    from radnec.evaluation.page import Picture
    from radnec.model.contributions import Contributions
    from radnec.pathway.ledger import Ledger


@dataclass(frozen=True, repr=False)
class LesionReport:
    """What is known of one lesion; a notebook shows its page.

    Parameters
    ----------
    key : tuple of str
        Patient, session and lesion.
    model : RadnecClassifier
        Which judged it.
    row : Series
        Its features.
    assessed : Series
        What :meth:`radnec.RadnecClassifier.assess` says of it.
    contributions : Contributions
        How far each group of features moved the log-odds.
    if_typical : dict of str to float
        Per feature that the model uses, the probability if it alone had its training mean.
    views : list of (str, Picture or str)
        Each sequence with its picture, or why there is none; empty without a cohort.
    ledger : Ledger or None
        Its indices weighed by published evidence; None where no index has evidence.
    findings : DataFrame or None
        What :func:`radnec.check` found; None without a cohort.
    from_table : bool, default False
        Whether the features are of a table that was given, and were not measured from the images.
    """

    key: tuple[str, str, str]
    model: RadnecClassifier
    row: pd.Series[Any]
    assessed: pd.Series[Any]
    contributions: Contributions
    if_typical: dict[str, float]
    views: list[tuple[str, Picture | str]]
    ledger: Ledger | None
    findings: pd.DataFrame | None
    from_table: bool = False

    @property
    def name(self) -> str:
        """Patient, session and lesion with strokes between."""
        return "/".join(self.key)

    @property
    def sound(self) -> bool:
        """Whether the extraction succeeded, and the check found no error."""
        failed = str(self.row.get("status")) == "failed"
        return not failed and (self.findings is None or not (self.findings["severity"] == "error").any())

    @property
    def html(self) -> str:
        """The page: it asks for nothing from the network, and names from the table are escaped."""
        from radnec.reporting.lesion_page import render_page

        return render_page(self)

    def save_html(self, path: str | Path) -> Path:
        """Write the page, and return its path.

        Parameters
        ----------
        path : path-like
            File to write.
        """
        target = Path(path)
        target.write_text(self.html, encoding="utf-8")
        return target

    def __repr__(self) -> str:
        found = self.assessed
        return f"<LesionReport: {self.name}, {found['call']}, p_necrosis {found['p_necrosis']:.2f}>"

    def _repr_html_(self) -> str:
        page = html.escape(self.html)
        return (
            f'<iframe title="Lesion report" sandbox="allow-scripts allow-downloads" srcdoc="{page}" '
            'style="width:100%;height:48rem;border:0"></iframe>'
        )


def lesion_report(
    model: RadnecClassifier,
    cohort: pd.DataFrame | None,
    lesion: str,
    *,
    table: pd.DataFrame | None = None,
    prior: float | None = None,
) -> LesionReport:
    """Report one lesion.

    Parameters
    ----------
    model : RadnecClassifier
        Fitted.
    cohort : DataFrame or None
        What :func:`radnec.read_cohort` returns; it names the images to show. None where there are none.
    lesion : str
        ``patient/lesion``, or ``patient/session/lesion`` where the lesion was seen in several sessions.
    table : DataFrame, optional
        A feature table that holds the lesion, perhaps with index columns. Without it the lesion is measured from the
        cohort as the model was trained, and :func:`radnec.measure` gives the indices.
    prior : float, optional
        P(RN) before any finding, where the ledger starts; by default the prevalence behind the model's probabilities.

    Returns
    -------
    LesionReport
        Its ``save_html`` writes the page.

    Raises
    ------
    radnec.errors.TableError
        If there is no such lesion, its name fits several sessions, or a column that the model reads is absent.
    radnec.errors.ConfigError
        If the model is a pathway or not fitted, or neither a cohort nor a table is given.
    radnec.errors.EvidenceError
        If `prior` is not between 0 and 1.
    radnec.errors.SettingsMismatchError
        If the table was made with other extraction settings than the training table.

    Examples
    --------
    >>> import radnec
    >>> from radnec.simulate import simulate_table
    >>> seen = simulate_table(n_patients=30, n_features=8, effect=3.0, random_state=0)
    >>> model = radnec.train(seen, radnec.TrainingConfig(candidates=("logistic",), draws=1, random_state=0))
    >>> new = simulate_table(n_patients=1, n_features=8, random_state=1).head(1)
    >>> report = lesion_report(model, None, f"{new['patient_id'].item()}/{new['lesion_id'].item()}", table=new)
    >>> report.contributions.groups
    ('T1wCE intensities', 'lesion volume')
    """
    model = fitted(model)
    if cohort is None and table is None:
        raise ConfigError("there is neither a cohort nor a feature table; expected one of them, or both")
    rows = None if cohort is None else rows_of(cohort, lesion)
    found = _one_row(model, rows, table, lesion)
    assessed = model.assess(found).iloc[0]
    dissected = _dissected(model, found)
    patient, session, number = (str(found[name].iloc[0]) for name in KEYS)
    own = model.positive_ == Outcome.necrosis
    weighed = ledgers(found, model.recipe_.prevalence_ if prior is None else prior)[0] if own else None
    return LesionReport(
        key=(patient, session, number),
        model=model,
        row=found.iloc[0],
        assessed=assessed,
        contributions=dissected.contributions(kind_of),
        if_typical=dissected.typical_one_by_one(),
        views=[] if rows is None else views_of(rows),
        ledger=weighed if weighed is not None and weighed.steps else None,
        findings=None if rows is None else check(rows).frame(),
        from_table=table is not None,
    )


def _one_row(
    model: RadnecClassifier, rows: pd.DataFrame | None, table: pd.DataFrame | None, lesion: str
) -> pd.DataFrame:
    if table is None:
        return measured_lesion(model, rows) if rows is not None else pd.DataFrame()
    found = rows_of(table, lesion)
    if len(found) > 1:
        raise TableError(f"the feature table holds {lesion!r} {len(found)} times; expected one row per session")
    if rows is not None:
        seen, shown = (str(part["session_id"].iloc[0]) for part in (found, rows))
        if seen != shown:
            raise TableError(
                f"{lesion!r} is of session {seen} in the feature table and of session {shown} in the cohort; write the "
                "session too: patient/session/lesion"
            )
    return found


def _dissected(model: RadnecClassifier, found: pd.DataFrame) -> Dissected:
    recipe = model.recipe_
    read = with_unmeasured(found, recipe.features)[recipe.columns()]
    return Dissected(recipe, without_infinite(read, recipe.features)[0])
