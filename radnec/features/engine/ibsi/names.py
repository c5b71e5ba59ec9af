"""The initiative's tags of the features that it and pyradiomics both define."""

from __future__ import annotations

from radnec.config.vocabulary import AGGREGATIONS

#: Feature class and name of pyradiomics, and the tag of the initiative's reference values; of texture, the tag goes on
#: with :func:`suffix`.
TAGS: dict[str, dict[str, str]] = {
    "shape": {
        "MeshVolume": "morph_volume",
        "VoxelVolume": "morph_vol_approx",
        "SurfaceArea": "morph_area_mesh",
        "SurfaceVolumeRatio": "morph_av",
        "Compactness1": "morph_comp_1",
        "Compactness2": "morph_comp_2",
        "SphericalDisproportion": "morph_sph_dispr",
        "Sphericity": "morph_sphericity",
        "Maximum3DDiameter": "morph_diam",
        "MajorAxisLength": "morph_pca_maj_axis",
        "MinorAxisLength": "morph_pca_min_axis",
        "LeastAxisLength": "morph_pca_least_axis",
        "Elongation": "morph_pca_elongation",
        "Flatness": "morph_pca_flatness",
    },
    "firstorder": {
        "10Percentile": "stat_p10",
        "90Percentile": "stat_p90",
        "Energy": "stat_energy",
        "Entropy": "ih_entropy",
        "InterquartileRange": "stat_iqr",
        "Kurtosis": "stat_kurt",
        "Maximum": "stat_max",
        "Mean": "stat_mean",
        "MeanAbsoluteDeviation": "stat_mad",
        "Median": "stat_median",
        "Minimum": "stat_min",
        "Range": "stat_range",
        "RobustMeanAbsoluteDeviation": "stat_rmad",
        "RootMeanSquared": "stat_rms",
        "Skewness": "stat_skew",
        "Uniformity": "ih_uniformity",
        "Variance": "stat_var",
    },
    "glcm": {
        "Autocorrelation": "cm_auto_corr",
        "ClusterProminence": "cm_clust_prom",
        "ClusterShade": "cm_clust_shade",
        "ClusterTendency": "cm_clust_tend",
        "Contrast": "cm_contrast",
        "Correlation": "cm_corr",
        "DifferenceAverage": "cm_diff_avg",
        "DifferenceEntropy": "cm_diff_entr",
        "DifferenceVariance": "cm_diff_var",
        "Id": "cm_inv_diff",
        "Idm": "cm_inv_diff_mom",
        "Idmn": "cm_inv_diff_mom_norm",
        "Idn": "cm_inv_diff_norm",
        "Imc1": "cm_info_corr1",
        "Imc2": "cm_info_corr2",
        "InverseVariance": "cm_inv_var",
        "JointAverage": "cm_joint_avg",
        "JointEnergy": "cm_energy",
        "JointEntropy": "cm_joint_entr",
        "MaximumProbability": "cm_joint_max",
        "SumAverage": "cm_sum_avg",
        "SumEntropy": "cm_sum_entr",
        "SumSquares": "cm_joint_var",
    },
    "glrlm": {
        "GrayLevelNonUniformity": "rlm_glnu",
        "GrayLevelNonUniformityNormalized": "rlm_glnu_norm",
        "GrayLevelVariance": "rlm_gl_var",
        "HighGrayLevelRunEmphasis": "rlm_hgre",
        "LongRunEmphasis": "rlm_lre",
        "LongRunHighGrayLevelEmphasis": "rlm_lrhge",
        "LongRunLowGrayLevelEmphasis": "rlm_lrlge",
        "LowGrayLevelRunEmphasis": "rlm_lgre",
        "RunEntropy": "rlm_rl_entr",
        "RunLengthNonUniformity": "rlm_rlnu",
        "RunLengthNonUniformityNormalized": "rlm_rlnu_norm",
        "RunPercentage": "rlm_r_perc",
        "RunVariance": "rlm_rl_var",
        "ShortRunEmphasis": "rlm_sre",
        "ShortRunHighGrayLevelEmphasis": "rlm_srhge",
        "ShortRunLowGrayLevelEmphasis": "rlm_srlge",
    },
    "glszm": {
        "GrayLevelNonUniformity": "szm_glnu",
        "GrayLevelNonUniformityNormalized": "szm_glnu_norm",
        "GrayLevelVariance": "szm_gl_var",
        "HighGrayLevelZoneEmphasis": "szm_hgze",
        "LargeAreaEmphasis": "szm_lze",
        "LargeAreaHighGrayLevelEmphasis": "szm_lzhge",
        "LargeAreaLowGrayLevelEmphasis": "szm_lzlge",
        "LowGrayLevelZoneEmphasis": "szm_lgze",
        "SizeZoneNonUniformity": "szm_zsnu",
        "SizeZoneNonUniformityNormalized": "szm_zsnu_norm",
        "SmallAreaEmphasis": "szm_sze",
        "SmallAreaHighGrayLevelEmphasis": "szm_szhge",
        "SmallAreaLowGrayLevelEmphasis": "szm_szlge",
        "ZoneEntropy": "szm_zs_entr",
        "ZonePercentage": "szm_z_perc",
        "ZoneVariance": "szm_zs_var",
    },
    "gldm": {
        "DependenceEntropy": "ngl_dc_entr",
        "DependenceNonUniformity": "ngl_dcnu",
        "DependenceNonUniformityNormalized": "ngl_dcnu_norm",
        "DependenceVariance": "ngl_dc_var",
        "GrayLevelNonUniformity": "ngl_glnu",
        "GrayLevelVariance": "ngl_gl_var",
        "HighGrayLevelEmphasis": "ngl_hgce",
        "LargeDependenceEmphasis": "ngl_hde",
        "LargeDependenceHighGrayLevelEmphasis": "ngl_hdhge",
        "LargeDependenceLowGrayLevelEmphasis": "ngl_hdlge",
        "LowGrayLevelEmphasis": "ngl_lgce",
        "SmallDependenceEmphasis": "ngl_lde",
        "SmallDependenceHighGrayLevelEmphasis": "ngl_ldhge",
        "SmallDependenceLowGrayLevelEmphasis": "ngl_ldlge",
    },
    "ngtdm": {
        "Busyness": "ngt_busyness",
        "Coarseness": "ngt_coarseness",
        "Complexity": "ngt_complexity",
        "Contrast": "ngt_contrast",
        "Strength": "ngt_strength",
    },
}

#: Tags, without suffix, that equal a feature above under another tag.
SAME_AS: dict[str, tuple[str, str]] = {
    "cm_dissimilarity": ("glcm", "DifferenceAverage"),
    "cm_sum_var": ("glcm", "ClusterTendency"),
}

_BY_DIRECTION = ("glcm", "glrlm")


def suffix(feature_class: str, aggregation: str) -> str:
    """Return how the tags of a feature class end under an aggregation.

    Parameters
    ----------
    feature_class : str
        pyradiomics' name of the class.
    aggregation : str
        One of :data:`radnec.config.vocabulary.AGGREGATIONS`.

    Returns
    -------
    str
        Ending, empty for classes that are not aggregated.

    Examples
    --------
    >>> suffix("glcm", "2.5D_direction_merged"), suffix("glszm", "2.5D_merged"), suffix("shape", "3D_merged")
    ('_2_5D_avg', '_2_5D', '')
    """
    if feature_class in ("shape", "firstorder"):
        return ""
    space = aggregation.partition("_")[0].replace(".", "_")
    if feature_class not in _BY_DIRECTION:
        return f"_{space}"
    return f"_{space}_{'comb' if AGGREGATIONS[aggregation][2] else 'avg'}"


#: Beginnings of the tags that have no counterpart in pyradiomics' vocabulary, with the reason.
NOT_COMPUTED: dict[str, str] = {
    "morph_asphericity": "not in pyradiomics; it is SphericalDisproportion less 1",
    "morph_com": "not in pyradiomics; shift between the centres of mass of shape and intensity",
    "morph_vol_dens_": "not in pyradiomics; densities in bounding boxes, ellipsoids and hulls",
    "morph_area_dens_": "not in pyradiomics; densities in bounding boxes, ellipsoids and hulls",
    "morph_integ_int": "not in pyradiomics; it is MeshVolume times the mean intensity",
    "morph_moran_i": "not in pyradiomics; spatial autocorrelation of all pairs of voxels",
    "morph_geary_c": "not in pyradiomics; spatial autocorrelation of all pairs of voxels",
    "loc_": "not in pyradiomics; local intensity peaks",
    "stat_medad": "not in pyradiomics; deviation from the median",
    "stat_cov": "not in pyradiomics; it is the square root of Variance divided by Mean",
    "stat_qcod": "not in pyradiomics; quartile coefficient of dispersion",
    "ih_": "not in pyradiomics but for Entropy and Uniformity; statistics of grey levels",
    "ivh_": "not in pyradiomics; intensity-volume histogram",
    "dzm_": "not in pyradiomics; distance zone matrix",
    "ngl_glnu_norm": "not in pyradiomics; of a single matrix it is Uniformity of firstorder",
    "ngl_dc_perc": "not in pyradiomics; by definition 1",
    "ngl_dc_energy": "not in pyradiomics; dependence count energy",
}


def computed() -> dict[str, tuple[str, str, str]]:
    """Return the tags that the ``ibsi`` preset computes: aggregation, feature class and feature of pyradiomics.

    Returns
    -------
    dict of str to tuple of str
        By full tag; where the aggregation does not matter, the last one that gives it.

    Examples
    --------
    >>> computed()["szm_sze_2_5D"][1:], computed()["cm_sum_var_3D_comb"]
    (('glszm', 'SmallAreaEmphasis'), ('3D_merged', 'glcm', 'ClusterTendency'))
    """
    named = [(tag, family, name) for family, tags in TAGS.items() for name, tag in tags.items()]
    named += [(tag, *feature) for tag, feature in SAME_AS.items()]
    return {
        tag + suffix(family, aggregation): (aggregation, family, name)
        for aggregation in AGGREGATIONS
        for tag, family, name in named
    }
