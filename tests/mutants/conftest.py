"""Shops to plant faults in."""

from tests.outside.conftest import db, house, outside, ring

__all__ = ["db", "house", "outside", "ring"]
