from . import columns as columns
from . import delta as delta
from . import perturb as perturb
from . import stability as stability
from . import table as table
