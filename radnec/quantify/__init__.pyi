from . import diffusion as diffusion
from . import measurement as measurement
from . import perfusion as perfusion
