from .harmonise import ComBat as ComBat
