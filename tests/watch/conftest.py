"""The houses and shops of the other tests, for those who look at Ordna from outside."""

from tests.engine.conftest import shop
from tests.outside.conftest import house, outside
from tests.outside.test_command_line import ring

__all__ = ["house", "outside", "ring", "shop"]
