from . import compare as compare
from . import metrics as metrics
