"""The houses of the other tests, for those who read what is written down."""

from tests.outside.conftest import db, house, outside
from tests.outside.test_command_line import ring

__all__ = ["db", "house", "outside", "ring"]
