from . import compare as compare
from . import metrics as metrics
from .learning import learning_curve as learning_curve
from .pathway import evaluate_pathway as evaluate_pathway
from .permutation import permutation_test as permutation_test
from .sample_size import minimum_sample_size as minimum_sample_size
