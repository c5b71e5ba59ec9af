"""How features are measured, in pyradiomics' vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from radnec.config.asked import check_features, check_sigma, check_wavelet
from radnec.config.base import Settings, read_text
from radnec.config.canonical import canonical
from radnec.config.explaining import nearest
from radnec.config.presets import preset_problems
from radnec.config.pyradiomics import from_parameters, to_parameters
from radnec.config.region_presets import LESION
from radnec.config.regions import RegionRule, region_rules
from radnec.config.standardise import Landmarks, setting_problem
from radnec.config.vocabulary import (
    AGGREGATIONS,
    FEATURES,
    IBSI_OPTIONS,
    IMAGE_TYPES,
    INTERPOLATORS,
    PER_FILTER,
)
from radnec.config.yaml_text import parse_yaml
from radnec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_Spacing = Annotated[float, Field(ge=0)]
_Distance = Annotated[int, Field(ge=1)]
_Aggregation = Literal[
    "2D_averaged", "2D_slice_merged", "2.5D_direction_merged", "2.5D_merged", "3D_averaged", "3D_merged"
]


class ExtractionConfig(Settings):
    """How features are measured, in pyradiomics' vocabulary with snake_case names.

    The default is pyradiomics' default on the original image. Everything that alters intensities or the grid
    (resampling, normalisation, N4, clipping) is off unless asked for.

    Parameters
    ----------
    preset : {"pyradiomics", "ibsi"}, default "pyradiomics"
        Whose conventions hold: pyradiomics' own, or those of the Image Biomarker Standardisation Initiative, under
        the same feature names (``docs/ibsi.md`` says where they differ). What the preset has no use for is refused.
    image_types : dict, default {"Original": {}}
        Filters and their settings, such as ``{"Original": {}, "LoG": {"sigma": [1.0, 2.0]}, "Wavelet": {}}``.
        A filter may have a discretisation of its own: ``{"Wavelet": {"bin_width": 10.0}}``.
    feature_classes : dict, default all of pyradiomics' 3-D classes
        Feature class to a list of feature names; ``None`` means all that pyradiomics enables.
    bin_width : float or None, default 25.0
        Width of the grey-level bins, in image units. Exactly one of `bin_width` and `bin_count` is used;
        giving `bin_count` alone sets `bin_width` to None.
    bin_count : int or None
        Number of grey-level bins.
    resampled_spacing_mm : tuple of three float or None
        Voxel size (x, y, z) in mm to resample to; 0 keeps the spacing of that axis.
    aggregation : str or None
        In the ``ibsi`` preset, how texture of directions and slices becomes one value: ``2D_averaged``,
        ``2D_slice_merged``, ``2.5D_direction_merged``, ``2.5D_merged``, ``3D_averaged``, or ``3D_merged``, which None
        stands for. In a plane (across ``force_2d_dimension``) filters work in the plane as well.
    round_intensities : bool
        In the ``ibsi`` preset, whether intensities are whole numbers (Hounsfield units), to which they are rounded
        before and after interpolation.
    resegment_sigma : float or None
        In the ``ibsi`` preset, how many standard deviations from the region's mean an intensity may lie (3 is
        usual); with ``resegment_range`` the intersection of both ranges is kept.
    by_sequence : dict of dict
        Settings that differ for one sequence, such as ``{"rCBV": {"bin_width": 0.25}}``.
    zscore : {"brain", "reference"} or None
        Standardise intensities by mean and SD inside the brain mask or reference mask of the cohort row.
    clip_percentiles : tuple of two float or None
        Clip intensities to these percentiles of the brain mask (of the whole image where there is none).
    n4 : bool
        Correct the bias field with SimpleITK's N4 before all else.
    standardise : {"white_stripe", "reference_ratio", "nyul"} or None
        Bring intensities to a common scale after N4 and before clipping: by mean and SD of the white stripe of the
        brain mask, as ratio to the mean of the reference mask, or by `landmarks`. For z-scores see `zscore`.
    landmarks : Landmarks or None
        What :func:`radnec.imaging.standardise.fit_landmarks` found in a set of images named before any split.
    registration : {"rigid"} or None
        Register images whose mask was drawn on another sequence (cohort column ``mask_sequence``) to that sequence's
        image, and measure them on its grid; likewise lesions of other images that a region leaves out. Brain and
        reference masks may lie on either image's grid; where the row names none, those of the mask's sequence serve.
    registration_interpolator : {"linear", "bspline", "nearest"}, default "linear"
        How they are resampled; ``linear`` invents no intensities.
    registration_max_shift_mm : float, default 30.0
        A registration that moves the lesion's centre further has failed. How good each one is says the feature table,
        in columns such as ``FLAIR_registration_shift_mm``, ``…_rotation_deg`` and ``…_mi_after``.
    registration_max_rotation_deg : float, default 20.0
        A registration that turns the head further has failed.
    registration_min_inside : float, optional
        Least mutual information (nats) that pushes must cost inside the brain; by default 0.05 between MR images, and
        0.02 where one of the two is PET or SPECT. Measured values, what else is refused, and what
        cannot be detected, says :meth:`radnec.imaging.registration.Registration.verify`.
    regions : dict, or name of a preset
        Regions to measure beside the whole lesion, by name: ``{"rim": {"kind": "rim", "depth_mm": 2.0}}``. Kinds are
        ``rim``, ``core``, ``shell``, ``labels``, ``mirror`` and ``reference``, see :mod:`radnec.config.regions`; a
        region called as its kind needs no ``kind``. A region called ``lesion``, of kind ``labels``, says which labels
        make the lesion itself. Presets: ``brats-2021``, ``brats-2023``, ``brats-2024``.
    whole_lesion : bool, default True
        Whether the whole lesion is measured beside its regions.
    interpolator, pad_distance, pre_crop
        As in pyradiomics: how images are resampled, margin in voxels round the region, cropping before all filters.
    normalize, normalize_scale, remove_outliers
        As in pyradiomics: intensities by mean and SD of the whole image.
    resegment_range, resegment_mode, resegment_shape
        As in pyradiomics: which intensities stay in the region, and whether shape heeds it.
    minimum_roi_dimensions, minimum_roi_size
        As in pyradiomics: regions that are too small to measure.
    force_2d, force_2d_dimension, distances, symmetrical_glcm, weighting_norm, gldm_a
        As in pyradiomics: how texture is counted.
    voxel_array_shift
        As in pyradiomics: what is added to intensities in energy and root mean square.
    engine : {"auto", "native", "pyradiomics"}, default "auto"
        What measures: radnec's own kernels wherever they can (they can do every image type) and pyradiomics for the
        rest, nothing but the kernels, or nothing but pyradiomics. Not part of the digest: the values agree to 1e-9.

    Notes
    -----
    Fields described as in pyradiomics carry its names in snake_case and mean what its documentation says.

    Examples
    --------
    >>> config = ExtractionConfig(bin_count=32, image_types={"Original": {}, "LoG": {"sigma": [2.0]}})
    >>> config.bin_width is None
    True
    >>> ExtractionConfig(binwidht=5)
    Traceback (most recent call last):
    ...
    radnec.errors.ConfigError: ExtractionConfig cannot be built:
      binwidht: unknown setting; did you mean 'bin_width'?
    """

    undigested: ClassVar[set[str]] = {"engine"}
    undigested_default: ClassVar[set[str]] = {
        "regions", "whole_lesion", "standardise", "landmarks",
        "registration", "registration_interpolator", "registration_max_shift_mm",
        "registration_max_rotation_deg", "registration_min_inside",
    }  # fmt: skip

    # First, because what the image types may hold depends on it.
    preset: Literal["pyradiomics", "ibsi"] = "pyradiomics"
    image_types: dict[str, dict[str, Any]] = Field(default={"Original": {}})
    feature_classes: dict[str, list[str] | None] = dict.fromkeys(
        ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
    )
    bin_width: float | None = Field(default=25.0, gt=0)
    bin_count: int | None = Field(default=None, ge=1)
    resampled_spacing_mm: tuple[_Spacing, _Spacing, _Spacing] | None = None
    interpolator: str = "sitkBSpline"
    pad_distance: int = Field(default=5, ge=0)
    pre_crop: bool = False
    normalize: bool = False
    normalize_scale: float = Field(default=1.0, gt=0)
    remove_outliers: float | None = Field(default=None, gt=0)
    resegment_range: list[float] | None = Field(default=None, min_length=1, max_length=2)
    resegment_mode: Literal["absolute", "relative", "sigma"] = "absolute"
    resegment_shape: bool = False
    minimum_roi_dimensions: int = Field(default=2, ge=1, le=3)
    minimum_roi_size: int | None = Field(default=None, ge=1)
    force_2d: bool = False
    force_2d_dimension: int = Field(default=0, ge=0, le=2)
    distances: list[_Distance] = Field(default=[1], min_length=1)
    symmetrical_glcm: bool = True
    weighting_norm: Literal["manhattan", "euclidean", "infinity", "no_weighting"] | None = None
    gldm_a: int = Field(default=0, ge=0)
    voxel_array_shift: float = 0.0
    aggregation: _Aggregation | None = None
    round_intensities: bool = False
    resegment_sigma: float | None = Field(default=None, gt=0)
    by_sequence: dict[str, dict[str, Any]] = Field(default={})
    zscore: Literal["brain", "reference"] | None = None
    clip_percentiles: tuple[float, float] | None = None
    n4: bool = False
    standardise: Literal["white_stripe", "reference_ratio", "nyul"] | None = None
    landmarks: Landmarks | None = None
    registration: Literal["rigid"] | None = None
    registration_interpolator: Literal["linear", "bspline", "nearest"] = "linear"
    registration_max_shift_mm: float = Field(default=30.0, gt=0)
    registration_max_rotation_deg: float = Field(default=20.0, gt=0, le=180)
    registration_min_inside: float | None = Field(default=None, ge=0)
    regions: dict[str, RegionRule] = Field(default={})
    whole_lesion: bool = True
    engine: Literal["auto", "native", "pyradiomics"] = "auto"

    @model_validator(mode="before")
    @classmethod
    def _count_replaces_width(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("bin_count") is not None and "bin_width" not in values:
            return {**values, "bin_width": None}
        return values

    @model_validator(mode="after")
    def _one_binning(self) -> Self:
        if (self.bin_width is None) == (self.bin_count is None):
            raise ValueError("give exactly one of bin_width and bin_count")
        if self.clip_percentiles is not None and not 0 <= self.clip_percentiles[0] < self.clip_percentiles[1] <= 100:
            raise ValueError("clip_percentiles are two rising numbers within 0 and 100")
        if "shape2D" in self.feature_classes and not self.force_2d and self.preset == "pyradiomics":
            raise ValueError("shape2D is measured in one plane; set force_2d=True, or take shape instead")
        if problems := list(preset_problems(self)):
            raise ValueError("; ".join(problems))
        if problem := setting_problem(self):
            raise ValueError(problem)
        if not self.whole_lesion and not set(self.regions).difference({LESION}):
            raise ValueError("whole_lesion=False leaves nothing to measure; name regions")
        for sequence in self.by_sequence:
            self.for_sequence(sequence)
        return self

    @field_validator("regions", mode="before")
    @classmethod
    def _known_regions(cls, value: Any) -> dict[str, RegionRule]:
        return region_rules(value)

    @field_validator("interpolator")
    @classmethod
    def _known_interpolator(cls, value: str) -> str:
        if value not in INTERPOLATORS:
            raise ValueError(f"unknown interpolator; {nearest(value, INTERPOLATORS)}")
        return value

    @field_validator("distances")
    @classmethod
    def _distances_once(cls, value: list[int]) -> list[int]:
        if len(set(value)) < len(value):
            # pyradiomics takes a repeated distance as a further one in some feature classes, and once in others.
            raise ValueError(f"name each distance once: {sorted(set(value))} instead of {value}")
        return value

    @field_validator("image_types")
    @classmethod
    def _known_filters(cls, value: dict[str, dict[str, Any]], info: ValidationInfo) -> dict[str, dict[str, Any]]:
        ibsi = info.data.get("preset") == "ibsi"
        if not value:
            raise ValueError("give at least one image type, such as {'Original': {}}")
        for name, options in value.items():
            if name not in IMAGE_TYPES:
                raise ValueError(f"unknown image type {name!r}; {nearest(name, IMAGE_TYPES)}")
            known = [*IMAGE_TYPES[name], *(IBSI_OPTIONS.get(name, ()) if ibsi else ()), *PER_FILTER]
            unknown = set(options).difference(known)
            if unknown:
                raise ValueError(f"{name} takes no {', '.join(sorted(unknown))}; its settings: {', '.join(known)}")
            own = {option: options[option] for option in options if option in PER_FILTER}
            if own:
                cls(**own)
        check_sigma(value)
        check_wavelet(value)
        return value

    @field_validator("feature_classes", mode="before")
    @classmethod
    def _known_features(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not value:
            raise ValueError(
                "give feature classes with their features (an empty list for all), such as "
                "{'firstorder': [], 'glcm': ['Contrast']}"
            )
        for name, features in value.items():
            if name not in FEATURES:
                raise ValueError(f"unknown feature class {name!r}; {nearest(str(name), FEATURES)}")
            check_features(name, features or ())
        # pyradiomics' parameter files write "all features" as an empty list as well.
        return {name: features or None for name, features in value.items()}

    def _digested(self) -> dict[str, Any]:
        return canonical(self)

    @property
    def plane(self) -> int | None:
        """Axis (z, y, x) across the plane in which filters and texture work; None if they work in space."""
        flat = self.force_2d or (self.aggregation is not None and AGGREGATIONS[self.aggregation][0])
        return self.force_2d_dimension if flat else None

    def for_sequence(self, sequence: str) -> ExtractionConfig:
        """Return the settings that hold for `sequence`, with its exceptions from ``by_sequence`` applied.

        Parameters
        ----------
        sequence : str
            Such as ``"rCBV"``.
        """
        changes = self.by_sequence.get(sequence, {})
        if "by_sequence" in changes:
            raise ValueError("by_sequence cannot be nested")
        values = self.model_dump(exclude={"by_sequence"})
        if changes.get("bin_count") is not None:
            values["bin_width"] = None
        if changes.get("bin_width") is not None:
            values["bin_count"] = None
        return ExtractionConfig(**{**values, **changes})

    @classmethod
    def from_pyradiomics(cls, parameters: Mapping[str, Any], *, source: str = "the parameters") -> Self:
        """Take pyradiomics' parameters, as its parameter files hold them.

        Parameters
        ----------
        parameters : mapping
            The sections ``imageType``, ``featureClass`` and ``setting``, with pyradiomics' names.
        source : str
            Where they come from, named in errors.

        Returns
        -------
        ExtractionConfig
            Settings that give the values pyradiomics gives with these parameters.

        Raises
        ------
        radnec.errors.ConfigError
            If a name is unknown, or something has no counterpart: voxel-wise maps, a mask label other than 1
            (the cohort table holds the label), a mask channel.

        Warns
        -----
        radnec.errors.ExtractionWarning
            If something has no effect, such as ``sigma`` without LoG; ``geometryTolerance`` and
            ``correctMask`` are among these, because radnec refuses a mask on another grid itself.

        Examples
        --------
        >>> ExtractionConfig.from_pyradiomics({"setting": {"binWidth": 5}}).bin_width
        5.0
        >>> ExtractionConfig.from_pyradiomics({"setting": {"binWidht": 5}})
        Traceback (most recent call last):
        ...
        radnec.errors.ConfigError: the parameters cannot be used:
          binWidht: unknown setting; did you mean 'binWidth'?
        """
        return cls._of(from_parameters(parameters, source), source)

    @classmethod
    def from_text(cls, text: str, *, source: str = "the settings") -> Self:
        """Read settings from YAML text, radnec's or a parameter file of pyradiomics; `source` is named in errors.

        Parameters
        ----------
        text : str
            The YAML.
        source : str
            What errors call it.
        """
        values = parse_yaml(text, source=source)
        if isinstance(values, dict) and {"imageType", "featureClass", "setting"} & set(values):
            return cls.from_pyradiomics(values, source=source)
        return super().from_text(text, source=source)

    @classmethod
    def from_pyradiomics_yaml(cls, path: str | Path) -> Self:
        """Read a parameter file of pyradiomics (YAML or JSON).

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        ExtractionConfig
            See :meth:`from_pyradiomics`, also for warnings.

        Raises
        ------
        radnec.errors.ConfigError
            If the file is no YAML mapping, or as :meth:`from_pyradiomics` says.
        """
        parameters = parse_yaml(read_text(path), source=str(path))
        if not isinstance(parameters, dict):
            raise ConfigError(f"{path} holds no sections; expected imageType, featureClass and setting")
        return cls.from_pyradiomics(parameters, source=str(path))

    def to_pyradiomics(self) -> dict[str, dict[str, Any]]:
        """Return the sections that ``RadiomicsFeatureExtractor`` takes, with pyradiomics' names.

        What radnec does itself before measuring (``zscore``, ``clip_percentiles``, ``n4``, ``by_sequence``)
        is not among them.

        Raises
        ------
        radnec.errors.ConfigError
            If the preset is ``ibsi``, whose conventions pyradiomics does not have.

        Examples
        --------
        >>> ExtractionConfig(bin_width=5).to_pyradiomics()["setting"]["binWidth"]
        5.0
        """
        if self.preset != "pyradiomics":
            raise ConfigError(f'pyradiomics has no parameters for preset="{self.preset}"; only radnec measures by it')
        return to_parameters(self.model_dump())
