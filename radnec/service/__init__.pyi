from .retrain import retrain as retrain
from .retraining import Retraining as Retraining
from .rule import DecisionRule as DecisionRule
from . import signing as signing
from .writing import retrain_to as retrain_to
