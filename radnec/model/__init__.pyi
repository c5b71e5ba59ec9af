from .harmonise import ComBat as ComBat
from .select import CorrelationFilter as CorrelationFilter
from .select import TopFeatures as TopFeatures
from .select import VarianceFilter as VarianceFilter
from .splits import PatientFolds as PatientFolds
from .stable import StableFeatures as StableFeatures
