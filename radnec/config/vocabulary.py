"""The names pyradiomics 3.0.1 gives to filters, feature classes, features and settings."""

from __future__ import annotations


def _names(line: str) -> tuple[str, ...]:
    return tuple(line.split())


#: Filters, and the options that each takes under pyradiomics' own names.
IMAGE_TYPES: dict[str, tuple[str, ...]] = {
    "Original": (),
    "LoG": ("sigma",),
    "Wavelet": ("wavelet", "start_level", "level"),
    "Square": (),
    "SquareRoot": (),
    "Logarithm": (),
    "Exponential": (),
    "Gradient": ("gradientUseSpacing",),
    "LBP2D": ("lbp2DRadius", "lbp2DSamples", "lbp2DMethod"),
    "LBP3D": ("lbp3DLevels", "lbp3DIcosphereRadius", "lbp3DIcosphereSubdivision"),
}

#: Feature classes and their features, those enabled by default.
FEATURES: dict[str, tuple[str, ...]] = {
    "shape": _names(
        "Elongation Flatness LeastAxisLength MajorAxisLength Maximum2DDiameterColumn "
        "Maximum2DDiameterRow Maximum2DDiameterSlice Maximum3DDiameter MeshVolume MinorAxisLength "
        "Sphericity SurfaceArea SurfaceVolumeRatio VoxelVolume"
    ),
    "shape2D": _names(
        "Elongation MajorAxisLength MaximumDiameter MeshSurface MinorAxisLength Perimeter "
        "PerimeterSurfaceRatio PixelSurface Sphericity"
    ),
    "firstorder": _names(
        "10Percentile 90Percentile Energy Entropy InterquartileRange Kurtosis Maximum Mean "
        "MeanAbsoluteDeviation Median Minimum Range RobustMeanAbsoluteDeviation RootMeanSquared Skewness "
        "TotalEnergy Uniformity Variance"
    ),
    "glcm": _names(
        "Autocorrelation ClusterProminence ClusterShade ClusterTendency Contrast Correlation "
        "DifferenceAverage DifferenceEntropy DifferenceVariance Id Idm Idmn Idn Imc1 Imc2 "
        "InverseVariance JointAverage JointEnergy JointEntropy MCC MaximumProbability SumAverage "
        "SumEntropy SumSquares"
    ),
    "glrlm": _names(
        "GrayLevelNonUniformity GrayLevelNonUniformityNormalized GrayLevelVariance "
        "HighGrayLevelRunEmphasis LongRunEmphasis LongRunHighGrayLevelEmphasis "
        "LongRunLowGrayLevelEmphasis LowGrayLevelRunEmphasis RunEntropy RunLengthNonUniformity "
        "RunLengthNonUniformityNormalized RunPercentage RunVariance ShortRunEmphasis "
        "ShortRunHighGrayLevelEmphasis ShortRunLowGrayLevelEmphasis"
    ),
    "glszm": _names(
        "GrayLevelNonUniformity GrayLevelNonUniformityNormalized GrayLevelVariance "
        "HighGrayLevelZoneEmphasis LargeAreaEmphasis LargeAreaHighGrayLevelEmphasis "
        "LargeAreaLowGrayLevelEmphasis LowGrayLevelZoneEmphasis SizeZoneNonUniformity "
        "SizeZoneNonUniformityNormalized SmallAreaEmphasis SmallAreaHighGrayLevelEmphasis "
        "SmallAreaLowGrayLevelEmphasis ZoneEntropy ZonePercentage ZoneVariance"
    ),
    "gldm": _names(
        "DependenceEntropy DependenceNonUniformity DependenceNonUniformityNormalized DependenceVariance "
        "GrayLevelNonUniformity GrayLevelVariance HighGrayLevelEmphasis LargeDependenceEmphasis "
        "LargeDependenceHighGrayLevelEmphasis LargeDependenceLowGrayLevelEmphasis LowGrayLevelEmphasis "
        "SmallDependenceEmphasis SmallDependenceHighGrayLevelEmphasis "
        "SmallDependenceLowGrayLevelEmphasis"
    ),
    "ngtdm": _names("Busyness Coarseness Complexity Contrast Strength"),
}

#: Features that pyradiomics calls deprecated and computes only when they are named.
ON_REQUEST: dict[str, tuple[str, ...]] = {
    "shape": ("Compactness1", "Compactness2", "SphericalDisproportion"),
    "shape2D": ("SphericalDisproportion",),
    "firstorder": ("StandardDeviation",),
}

#: Features that pyradiomics names and no longer computes, with what equals them.
REPLACED: dict[str, dict[str, str]] = {
    "glcm": {
        "Dissimilarity": "DifferenceAverage",
        "Homogeneity1": "Id",
        "Homogeneity2": "Idm",
        "SumVariance": "ClusterTendency",
    },
    "gldm": {
        "GrayLevelNonUniformityNormalized": "Uniformity of firstorder",
        "DependencePercentage": "the constant 1",
    },
}

#: Interpolators in the order of the numbers (from 1) that parameter files may hold instead of names.
INTERPOLATORS = (
    "sitkNearestNeighbor",
    "sitkLinear",
    "sitkBSpline",
    "sitkGaussian",
    "sitkLabelGaussian",
    "sitkHammingWindowedSinc",
    "sitkCosineWindowedSinc",
    "sitkWelchWindowedSinc",
    "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
)

#: Settings of a parameter file, and the field of ``ExtractionConfig`` that each becomes.
SETTINGS: dict[str, str] = {
    "minimumROIDimensions": "minimum_roi_dimensions",
    "minimumROISize": "minimum_roi_size",
    "binWidth": "bin_width",
    "binCount": "bin_count",
    "normalize": "normalize",
    "normalizeScale": "normalize_scale",
    "removeOutliers": "remove_outliers",
    "resampledPixelSpacing": "resampled_spacing_mm",
    "interpolator": "interpolator",
    "padDistance": "pad_distance",
    "preCrop": "pre_crop",
    "distances": "distances",
    "force2D": "force_2d",
    "force2Ddimension": "force_2d_dimension",
    "resegmentRange": "resegment_range",
    "resegmentMode": "resegment_mode",
    "resegmentShape": "resegment_shape",
    "symmetricalGLCM": "symmetrical_glcm",
    "weightingNorm": "weighting_norm",
    "gldm_a": "gldm_a",
    "voxelArrayShift": "voxel_array_shift",
}

#: Fields that one filter may set for itself, such as ``{"Wavelet": {"bin_width": 10}}``.
PER_FILTER = (
    "bin_width",
    "bin_count",
    "distances",
    "symmetrical_glcm",
    "weighting_norm",
    "gldm_a",
    "voxel_array_shift",
)

#: What a filter takes for an option that is not given.
FILTER_DEFAULTS: dict[str, dict[str, str | int]] = {
    "LoG": {"boundary": "mirror"},
    "Wavelet": {"wavelet": "coif1", "start_level": 0, "level": 1, "boundary": "mirror"},
    "Gradient": {"gradientUseSpacing": True},
    "LBP2D": {"lbp2DRadius": 1, "lbp2DSamples": 8, "lbp2DMethod": "uniform"},
    "LBP3D": {"lbp3DLevels": 2, "lbp3DIcosphereRadius": 1, "lbp3DIcosphereSubdivision": 1},
}

#: Texture aggregations of the Image Biomarker Standardisation Initiative, with its identifiers: whether neighbours lie
#: in one plane, whether each slice is measured by itself, and whether the directions are merged.
AGGREGATIONS: dict[str, tuple[bool, bool, bool]] = {
    "2D_averaged": (True, True, False),  # BTW3
    "2D_slice_merged": (True, True, True),  # SUJT
    "2.5D_direction_merged": (True, False, False),  # JJUI
    "2.5D_merged": (True, False, True),  # ZW7Z
    "3D_averaged": (False, False, False),  # ITBB
    "3D_merged": (False, False, True),  # IAZD
}

#: How an image goes on beyond its edge, for the filters of the ``ibsi`` preset.
BOUNDARIES = ("mirror", "nearest", "periodic", "zero")

#: Options that a filter takes beside pyradiomics' own in the ``ibsi`` preset.
IBSI_OPTIONS: dict[str, tuple[str, ...]] = {"LoG": ("boundary",), "Wavelet": ("boundary",)}
