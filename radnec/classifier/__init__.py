"""The fitted product and the one-line ways to train, evaluate and load it."""

from radnec.classifier.entry import evaluate as evaluate
from radnec.classifier.entry import load as load
from radnec.classifier.entry import train as train
from radnec.classifier.estimator import RadnecClassifier as RadnecClassifier
