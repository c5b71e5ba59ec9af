"""The columns of a row of published evidence and what each may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator

from radnec.config.base import Settings
from radnec.labels import Outcome  # noqa: TC001  # pydantic reads it

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Direction = Literal[">=", ">", "<=", "<"]


class EvidenceRow(Settings):
    """What a row of evidence states; :class:`radnec.pathway.Evidence` explains the columns and draws conclusions.

    Raises
    ------
    radnec.errors.ConfigError
        If a name is unknown or a value is out of range.

    Examples
    --------
    >>> EvidenceRow(id="mine", modality="PET", technique="FET", entity="glioma", source="our 80 lesions").technique
    'FET'
    """

    model_config = ConfigDict(title="Evidence")  # what its users call it

    id: Annotated[str, Field(pattern=r"^\S+$")]
    modality: Annotated[str, Field(min_length=1)]
    technique: Annotated[str, Field(min_length=1)]
    index: str = ""
    measure: str = ""
    measured_otherwise: str = ""
    entity: Literal["brain_metastasis", "glioma", "mixed"]
    population: str = ""
    n_lesions: Count | None = None
    n_patients: Count | None = None
    n_studies: Count | None = None
    n_progression: Count | None = None
    n_necrosis: Count | None = None
    cutoff: Annotated[float, Field(allow_inf_nan=False)] | None = None
    unit: str = ""
    progression_if: Direction | None = None
    positive_class: Outcome | None = None
    sensitivity: Share | None = None
    specificity: Share | None = None
    auc: Share | None = None
    accuracy: Share | None = None
    ppv: Share | None = None
    npv: Share | None = None
    lr_positive: Annotated[float, Field(gt=1, allow_inf_nan=False)] | None = None
    lr_negative: Annotated[float, Field(gt=0, lt=1)] | None = None
    source: Annotated[str, Field(min_length=1)]
    doi: str = ""
    note: str = ""

    @field_validator("index")
    @classmethod
    def _without_prefix(cls, value: str) -> str:
        return value.removeprefix("index_")
