"""The label conventions of data sets that divide a lesion into regions, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from radnec.config.base import Settings

#: The name under which label values say what the lesion itself is.
LESION = "lesion"


def _brats(enhancing: int, **more: int) -> dict[str, dict[str, Any]]:
    named = {"enhancing": enhancing, "necrotic": 1, "oedema": 2, **more}
    core = {LESION: {"kind": "labels", "values": [1, enhancing]}}
    return core | {name: {"kind": "labels", "values": [value]} for name, value in named.items()}


#: Label conventions of the Brain Tumor Segmentation challenges, by name. The lesion is the tumour core (necrotic and
#: enhancing). Label 4 is enhancing tumour up to 2022, and the resection cavity in 2024, as in MU-Glioma-Post.
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "brats-2021": _brats(4),
    "brats-2023": _brats(3),
    "brats-2024": _brats(3, cavity=4),
}


def preset_of(rules: Mapping[str, Settings]) -> str:
    """Return the preset whose rules a setting holds, the one of most regions where several fit; "" where none does.

    Examples
    --------
    >>> from radnec.config import ExtractionConfig
    >>> preset_of(ExtractionConfig(regions="brats-2023").regions), preset_of({})
    ('brats-2023', '')
    """
    given = {name: rule.model_dump() for name, rule in rules.items()}
    fitting = [name for name, preset in PRESETS.items() if preset.items() <= given.items()]
    return max(fitting, key=lambda name: len(PRESETS[name]), default="")


def meanings(preset: str) -> dict[int, str]:
    """Return the region that each label of a preset means.

    Examples
    --------
    >>> meanings("brats-2021")
    {1: 'necrotic', 2: 'oedema', 4: 'enhancing'}
    """
    regions = {rule["values"][0]: name for name, rule in PRESETS[preset].items() if name != LESION}
    return dict(sorted(regions.items()))


def fitting_presets(held: Iterable[int]) -> list[str]:
    """Return the presets that know all labels of a mask.

    Examples
    --------
    >>> fitting_presets((1, 4)), fitting_presets((5,))
    (['brats-2021', 'brats-2024'], [])
    """
    return [name for name in PRESETS if set(held) <= meanings(name).keys()]


def foreign_labels(preset: str, held: Iterable[int]) -> str:
    """Say which labels of a mask a preset does not know, and what to do; "" where it knows all.

    Examples
    --------
    >>> print(foreign_labels("brats-2023", (1, 2, 4)))
    it holds label 4, which regions='brats-2023' does not know (1 necrotic, 2 oedema, 3 enhancing). Its labels are
    those of 'brats-2021', 'brats-2024': name the preset of the masks' release
    """
    foreign = sorted(set(held) - meanings(preset).keys())
    if not foreign:
        return ""
    fitting = fitting_presets(held)
    way_out = (
        f"Its labels are those of {', '.join(map(repr, fitting))}: name the preset of the masks' release"
        if fitting
        else "No preset knows them all: say in the settings what labels mean, such as regions={'lesion': {'kind': "
        "'labels', 'values': [1, 3]}}"
    )
    known = ", ".join(f"{label} {region}" for label, region in meanings(preset).items())
    listed = f"label{'s' if len(foreign) > 1 else ''} {', '.join(map(str, foreign))}"
    return f"it holds {listed}, which regions={preset!r} does not know ({known}). {way_out}"
