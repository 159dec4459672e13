"""Things that went wrong in production elsewhere, each as a scenario that must not go wrong here.

The incident's address is the test's name; its docstring says what happened there and what must hold here.
"""

from tests.outside.conftest import db, house, outside, ring

__all__ = ["db", "house", "outside", "ring"]
