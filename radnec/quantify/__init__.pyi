from . import measurement as measurement
