from . import conventional as conventional
from . import diffusion as diffusion
from . import examinations as examinations
from . import measure as measure
from . import measurement as measurement
from . import nuclear as nuclear
from . import perfusion as perfusion
from . import spectroscopy as spectroscopy
