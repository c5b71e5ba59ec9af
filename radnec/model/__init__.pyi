from .harmonise import ComBat as ComBat
from .stable import StableFeatures as StableFeatures
