from .bertalanffy import GrowthFit as GrowthFit
from .bertalanffy import fit_von_bertalanffy as fit_von_bertalanffy
from .delayed import tram_fractions as tram_fractions
from .delayed import tram_map as tram_map
from .growth import growth_indices as growth_indices
from .mismatch import t1t2_mismatch as t1t2_mismatch
from .oedema import oedema_ratio as oedema_ratio
from .quotient import lesion_quotient as lesion_quotient
