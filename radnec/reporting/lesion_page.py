"""Renders the report of a lesion as a self-contained page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from scipy.special import logit

from radnec.classifier.describe import verdict
from radnec.evaluation.page import environment
from radnec.features.columns import sequences_of
from radnec.labels import Outcome
from radnec.reporting.assessed import RESEARCH_USE
from radnec.reporting.identity import ModelIdentity
from radnec.reporting.lesion_views import CONVENTION
from radnec.reporting.moved import steps_of
from radnec.reporting.training_range import Place, number, place_of

if TYPE_CHECKING:
    from radnec.reporting.lesion import LesionReport

#: Rows of the table of features, and of findings.
_FEATURES, _FINDINGS = 8, 5
_DOUBT = "In training this model was no better than the prevalence: its probabilities hardly tell lesions apart."
_NOT_MEASURED = (
    "The probability is of the feature table that was given. It was not measured here from these images, in which the "
    "check found errors ({})."
)
_TITLES = {
    "necrosis": "Radiation necrosis",
    "progression": "Tumour progression",
    "uncertain": "Uncertain",
    "abstain": "No call",
}


class Influential(NamedTuple):
    """A feature with where the lesion lies in it, and the probability if it had been typical."""

    place: Place
    if_typical: str


def render_page(report: LesionReport) -> str:
    """Return the whole page; it asks for nothing from the network.

    Parameters
    ----------
    report : LesionReport
        What to show.

    Returns
    -------
    str
        HTML. Names from the tables are escaped, and isolated from the direction of the text around them.
    """
    model, found = report.model, report.assessed
    config, call = model._settings(), str(found["call"])
    own = model.positive_ == Outcome.necrosis
    return (
        environment("radnec.reporting")
        .get_template("lesion.html")
        .render(
            key=report.key,
            question="Radiation necrosis or tumour progression" if own else config.outcome,
            call=call,
            title=_TITLES.get(call, call),
            doubts=_doubts(report),
            found=found,
            outcome=config.outcome,
            other=config.other_outcome,
            probability=config.probability,
            prevalence=model.recipe_.prevalence_,
            venn_abers=config.calibration == "venn_abers",
            error=config.error,
            views=report.views,
            convention=CONVENTION,
            moved=steps_of(report.contributions),
            contributions=report.contributions,
            influential=_influential(report),
            used=len(report.if_typical),
            limit=model.recipe_.novelty_.most(),
            weighed=_weighed(report),
            ledger=report.ledger,
            status=_status(report),
            findings=_findings(report.findings),
            more=0 if report.findings is None else max(0, len(report.findings) - _FINDINGS),
            checked=report.findings is not None,
            facts=_facts(report),
            use=RESEARCH_USE,
        )
    )


def _doubts(report: LesionReport) -> list[str]:
    """Say what speaks against trusting the probability."""
    doubts = [] if report.model.better_than_prevalence_ else [_DOUBT]
    if report.from_table and report.findings is not None:
        used = frozenset[str]().union(*(sequences_of(name) for name in report.if_typical))
        wrong = report.findings.loc[report.findings["severity"] == "error", "sequence"]
        names = ", ".join(dict.fromkeys(name for name in wrong if name in used))
        doubts += [_NOT_MEASURED.format(names)] if names else []
    return doubts


def _influential(report: LesionReport) -> list[Influential]:
    """Return the features whose value moved the probability most, each by itself."""
    p = report.contributions.p
    moved = {name: abs(float(logit(p) - logit(typical))) for name, typical in report.if_typical.items()}
    names = sorted(moved, key=lambda name: (-moved[name], name))[:_FEATURES]
    return [
        Influential(place_of(name, report.row.get(name), report.model.reference_), f"{report.if_typical[name]:.2f}")
        for name in names
    ]


def _weighed(report: LesionReport) -> list[dict[str, str]]:
    """Return the steps of the ledger as text."""
    if report.ledger is None:
        return []
    rows = report.ledger.frame().query("step > 0").to_dict("records")
    return [
        {
            "examination": row["examination"],
            "found": f"{row['index']} {number(row['value'])} {row['unit'] if row['unit'] != '1' else ''}".strip(),
            "cutoff": number(row["cutoff"]),
            "favours": row["favours"],
            "ratio": number(row["likelihood_ratio"]),
            "p": f"{row['p_necrosis']:.2f}",
            "source": row["source"],
            "flags": _flags(report.row, row["index"]),
        }
        for row in rows
    ]


def _flags(row: pd.Series[Any], index: str) -> str:
    text = row.get(f"index_{index}_flags", "")
    return "" if pd.isna(text) else str(text)


def _status(report: LesionReport) -> str:
    """Say how the extraction went."""
    status, error = (report.row.get(name) for name in ("status", "error"))
    if status is None or pd.isna(status):
        return "The feature table does not say how the extraction went."
    told = "" if error is None or pd.isna(error) or not str(error) else f": {error}"
    return f"Extraction failed{told}." if status == "failed" else f"Extraction succeeded{told}."


def _findings(findings: pd.DataFrame | None) -> list[dict[Any, Any]]:
    if findings is None:
        return []
    grave = findings["severity"].map({"error": 0, "warning": 1}).fillna(2)
    return findings.loc[grave.sort_values(kind="stable").index].head(_FINDINGS).to_dict("records")


def _facts(report: LesionReport) -> list[tuple[str, str]]:
    model, summary = report.model, report.model.summary_
    identity = ModelIdentity.of(model)
    counted = f"{summary['rows']} lesion sessions"
    sources = ", ".join(f"{name} {count}" for name, count in summary["label_sources"].items())
    return [
        ("Model", f"{identity.name} {identity.identity}, radnec {identity.version}"),
        *[(name.capitalize(), value) for name, _, value in (one.partition(" ") for one in identity.parameters)],
        (
            "Trained on",
            f"{counted} of {summary['patients']} patients, {summary['positive_rows']} with {model._settings().outcome}",
        ),
        ("Labels from", sources or "not stated"),
        ("Classifier", summary["chosen"]),
        ("In training", verdict(model)),
    ]
