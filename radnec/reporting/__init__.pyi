from . import assessed as assessed
from . import bids as bids
from . import dicom_sr as dicom_sr
from . import identity as identity
from . import sr_codes as sr_codes
from . import sr_reading as sr_reading
from . import sr_regions as sr_regions
from . import sr_source as sr_source
