from . import conventional as conventional
from . import marked as marked
from . import measurement as measurement
from . import nuclear as nuclear
from . import spectroscopy as spectroscopy
