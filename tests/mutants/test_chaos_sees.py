"""The chaos run can turn red: with a fault planted in Ordna's processes it must say which promise broke.

Each takes minutes, so they run under `make mutants` and not with the other tests.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.chaos import Chaos

ROOT = Path(__file__).parents[2]
SEEN_BY_CHAOS = {
    "ack_before_commit": "lost",
    "commits_are_not_flushed": "lost",
    "a_new_key_for_every_attempt": "doubled_effects",
}

slow = pytest.mark.skipif("ORDNA_TESTS_SLOW" not in os.environ, reason="takes minutes: make mutants")


@slow
@pytest.mark.parametrize(("fault", "broken"), SEEN_BY_CHAOS.items())
def test_chaos_sees_a_planted_fault(fault: str, broken: str) -> None:
    path = os.pathsep.join((str(ROOT / "tests/mutants/planted"), str(ROOT), str(ROOT / "src")))
    planted = {"PYTHONPATH": path, "ORDNA_TESTS_PLANT": fault}
    told = Chaos(kills=30, gap_s=1.3, rate=30.0, seed=7, planted=planted).figures()
    assert broken in told["broken"], told
