"""Writes the measured tables of docs/ibsi.md: run it with the folder of the reference material as argument."""

from __future__ import annotations

import csv
import math
import sys
from pathlib import Path

import SimpleITK as sitk

from radnec.config import ExtractionConfig
from radnec.config.vocabulary import AGGREGATIONS, FEATURES, ON_REQUEST
from radnec.features.engine import measure_region
from radnec.features.engine.ibsi.names import NOT_COMPUTED, SAME_AS, TAGS, computed, suffix

PAGE = Path(__file__).parents[1] / "docs" / "ibsi.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
#: The settings by which the pyradiomics preset aggregates in the initiative's ways.
SETTINGS = {
    "2.5D_direction_merged": {"force_2d": True},
    "2.5D_merged": {"force_2d": True, "weighting_norm": "no_weighting"},
    "3D_averaged": {},
    "3D_merged": {"weighting_norm": "no_weighting"},
}
WHY = {
    "Kurtosis": "pyradiomics does not subtract 3",
    "MinorAxisLength": "pyradiomics divides the covariance by N, the consensus by N − 1",
    "LeastAxisLength": "pyradiomics divides the covariance by N, the consensus by N − 1",
}
CLASSES = {name: list(FEATURES[name] + ON_REQUEST.get(name, ())) for name in TAGS}


def consensus(folder: Path) -> dict[str, tuple[float, float]]:
    """Return consensus value and half-width by tag: the tolerance, or what rounding to three digits leaves open."""
    found = {}
    with (folder / "ibsi1_digital_phantom/ibsi_1_dig_phantom.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            if row["reference value"]:
                value = float(row["reference value"])
                rounding = 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - 2) if value else 0.0
                found[row["tag"]] = (value, max(float(row["tolerance"]), rounding * (1 + 1e-9)))
    return found


def phantom(folder: Path, **settings: object) -> dict[str, float]:
    """Measure the digital phantom."""
    nifti = folder / "ibsi1_digital_phantom/nifti"
    image, mask = (sitk.ReadImage(nifti / path) for path in ("image/phantom.nii.gz", "mask/mask.nii.gz"))
    config = ExtractionConfig(engine="native", bin_width=1, feature_classes=CLASSES, **settings)
    return measure_region(image, mask, config)


def tables(folder: Path) -> str:
    """Return the part of the page that is measured."""
    wanted = consensus(folder)
    ours = {name: phantom(folder, preset="ibsi", aggregation=name) for name in AGGREGATIONS}
    theirs = {name: phantom(folder, **settings) for name, settings in SETTINGS.items()}
    lines = ["| aggregation | tags | `ibsi` preset | `pyradiomics` preset | its settings |", "|---|---|---|---|---|"]
    departures: dict[str, str] = {}
    for aggregation in AGGREGATIONS:
        tags = _tags(aggregation)
        good = [0, 0]
        for tag, (family, name) in tags.items():
            key, (value, width) = f"original_{family}_{name}", wanted[tag]
            good[0] += abs(ours[aggregation][key] - value) <= width
            if aggregation in theirs:
                other = theirs[aggregation][key]
                good[1] += abs(other - value) <= width
                if not abs(other - value) <= width:
                    numbers = f"{other:.4g} | {ours[aggregation][key]:.4g} | {value:g} | {width:.2g}"
                    departures[tag] = f"| {family} {name} | `{tag}` | {numbers} | {WHY[name]} |"
        settings = ", ".join(f"`{key}={value!r}`" for key, value in SETTINGS.get(aggregation, {}).items())
        their = f"{good[1]} | {settings or 'the default'}" if aggregation in theirs else "– | not to be had"
        lines.append(f"| `{aggregation}` | {len(tags)} | {good[0]} | {their} |")
    lines += [
        "",
        _sentence(len(wanted)),
        "",
        "| feature | tag | `pyradiomics` | `ibsi` | consensus | ± | why |",
        "|---|---|---|---|---|---|---|",
        *departures.values(),
        "",
        "Tags that have no counterpart among pyradiomics' features and are not computed:",
        "",
        "| tag | why |",
        "|---|---|",
        *(f"| `{tag}{'…' if tag.endswith('_') else ''}` | {reason} |" for tag, reason in NOT_COMPUTED.items()),
    ]
    return "\n".join(lines)


def _sentence(number: int) -> str:
    return (
        f"Of the {number} tags that have a consensus value, {len(computed())} are computed. "
        "Where the `pyradiomics` preset departs on the phantom:"
    )


def names() -> str:
    """Return the table of names."""
    equal = {feature: tag for tag, feature in SAME_AS.items()}
    lines = ["| class | feature | tag |", "|---|---|---|"]
    for family, tags in TAGS.items():
        for name, tag in tags.items():
            both = f"`{tag}`, `{equal[family, name]}`" if (family, name) in equal else f"`{tag}`"
            lines.append(f"| {family} | {name} | {both} |")
    return "\n".join(lines)


def measured(folder: Path) -> str:
    """Return everything between the marks of the page."""
    return f"{tables(folder)}\n\n## Names\n\n{names()}"


def _tags(aggregation: str) -> dict[str, tuple[str, str]]:
    named = [(tag, family, name) for family, tags in TAGS.items() for name, tag in tags.items()]
    named += [(tag, *feature) for tag, feature in SAME_AS.items()]
    return {tag + suffix(family, aggregation): (family, name) for tag, family, name in named}


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n{measured(Path(sys.argv[1]))}\n{END}{tail}", encoding="utf-8")
