"""Imported by every Python process whose path begins here: plants the fault that ORDNA_TESTS_PLANT names."""

import os

from tests.mutants import faults

getattr(faults, os.environ["ORDNA_TESTS_PLANT"])(setattr)
