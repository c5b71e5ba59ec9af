from .catalogue import EXAMINATIONS as EXAMINATIONS
from .examination import Examination as Examination
from .session import Session as Session
