from .choosing import choose_cutoff as choose_cutoff
from .cutoff import CutoffClassifier as CutoffClassifier
from .evidence import Evidence as Evidence
from .evidence_table import EvidenceTable as EvidenceTable
from .evidence_table import read_evidence as read_evidence
from .ledger import Ledger as Ledger
from .likelihood import LikelihoodRatio as LikelihoodRatio
from .likelihood import likelihood_ratio as likelihood_ratio
