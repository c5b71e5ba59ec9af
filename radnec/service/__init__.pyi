from . import signing as signing
from .retrain import retrain as retrain
from .retraining import Retraining as Retraining
from .rule import DecisionRule as DecisionRule
from .writing import retrain_to as retrain_to
