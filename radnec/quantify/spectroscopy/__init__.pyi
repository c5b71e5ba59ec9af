from .limits import SpectrumLimits as SpectrumLimits
from .ratios import metabolite_ratios as metabolite_ratios
from .reading import read_metabolites as read_metabolites
from .table import MetaboliteTable as MetaboliteTable
