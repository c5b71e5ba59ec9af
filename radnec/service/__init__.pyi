from . import signing as signing
