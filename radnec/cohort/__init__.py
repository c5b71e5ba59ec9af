"""The cohort contract: what a cohort table holds, and how it is read and checked."""

from radnec.cohort.field import Field as Field
from radnec.cohort.fields import FIELDS as FIELDS
from radnec.cohort.fields import KEYS as KEYS
from radnec.cohort.fields import ROW_KEY as ROW_KEY
from radnec.cohort.fields import SEQUENCES as SEQUENCES
from radnec.cohort.fields import clinical_predictors as clinical_predictors
from radnec.cohort.fields import modality as modality
from radnec.cohort.fields import names as names
from radnec.cohort.reading import read_cohort as read_cohort
from radnec.cohort.schema_page import data_schema as data_schema
