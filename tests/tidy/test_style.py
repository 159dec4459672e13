"""The style guide with teeth: every rule is applied to every file, and every rule is proven to bite.

A rule that lets its own bad snippet through, or bites a good one, fails here before it can mislead anybody.
"""

from pathlib import Path, PurePosixPath

import pytest

from tests.tidy import rules
from tests.tidy.rules import EVERYWHERE, SOURCE_ONLY, Rule, Source

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "tests", "tools", "bench")

CORE = "src/ordna/core/x.py"
WEB = "src/ordna/web/x.py"

# rule, path, good, bad
SNIPPETS: list[tuple[Rule, str, str, str]] = [
    (rules.short_file, WEB, "a = 1\n" * 400, "a = 1\n" * 401),
    (rules.short_functions, WEB, "def f():\n" + "    a = 1\n" * 69, "def f():\n" + "    a = 1\n" * 70),
    (rules.short_functions, WEB, "async def f(): ...", "async def f():\n" + "    a = 1\n" * 70),
    (rules.pure_calls, CORE, "def f(now): return now", "at = datetime.now(UTC)"),
    (rules.pure_calls, CORE, "hours.open(at)", "open('file')"),
    (rules.pure_calls, CORE, "Decimal('1.5')", "float('1.5')"),
    (rules.pure_calls, CORE, "today = at.date()", "at = datetime.date.today()"),
    (rules.pure_calls, "src/ordna/insight/x.py", "log.append(1)", "print(1)"),
    (rules.pure_calls, CORE, "at = now", "at = datetime.datetime.utcnow()"),
    (rules.one_clock, WEB, "at = clock.now()", "at = datetime.now(UTC)"),
    (rules.one_clock, WEB, "at = clock.now()", "at = datetime.datetime.now(tz=UTC)"),
    (rules.one_clock, "src/ordna/engine/step.py", "at = clock.now()", "day = date.today()"),
    (
        rules.no_save_magic,
        WEB,
        "class A:\n    def save(self): ...",
        "class A(Model):\n    def save(self): ...",
    ),
    (rules.one_door, WEB, "engine.settle(database)", "with database.engine([7]) as conn: ..."),
    (rules.one_door, "src/ordna/cli/up.py", "database.reader(7)", "database.engine((7,))"),
    (rules.no_save_magic, WEB, "class A(Model): ...", "class A(models.Model):\n    def delete(self): ..."),
    (rules.no_signals, WEB, "import signal", "from django.db.models.signals import post_save"),
    (rules.no_signals, WEB, "from signal import SIGTERM", "from django.dispatch import receiver"),
    (rules.no_signals, WEB, "signals.SIGTERM", "signals.post_save.connect(f)"),
    (
        rules.no_bare_except,
        WEB,
        "try: ...\nexcept ValueError: ...",
        "try: ...\nexcept: ...",
    ),
    (rules.no_built_sql, WEB, "c.execute('select %s', [x])", "c.execute(f'select {x}')"),
    (rules.no_built_sql, WEB, "c.execute('select ' 'one')", "c.execute('select ' + x)"),
    (rules.no_built_sql, WEB, "c.execute(f'create database {NAME}')", "c.execute('select %s' % x)"),
    (rules.no_built_sql, WEB, "c.execute(sql.SQL('{}').format(x))", "c.execute('{}'.format(x))"),
    (rules.no_built_sql, WEB, "execute(a + b)", "c.execute(f'select {x}'.encode())"),
    (rules.nothing_left_over, WEB, "a = 'TO" + "DO'  # a text", "a = 1  # TO" + "DO later"),
    (rules.nothing_left_over, WEB, "# to be done by a person", "# FIX" + "ME"),
]

FILES = sorted(path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(("rule", "path", "good", "bad"), SNIPPETS)
def test_each_rule_bites_the_bad_and_spares_the_good(rule: Rule, path: str, good: str, bad: str) -> None:
    assert list(rule(Source(PurePosixPath(path), good))) == []
    assert list(rule(Source(PurePosixPath(path), bad))) != []


def test_each_rule_has_snippets_and_is_applied() -> None:
    assert {rule for rule, *_ in SNIPPETS} == set(EVERYWHERE + SOURCE_ONLY)


def test_the_clock_and_what_does_not_decide_may_read_the_time() -> None:
    for path in ("engine/clock.py", "site/settings.py", "practice/life.py", "cli.py", "cli/up.py"):
        assert not list(rules.one_clock(Source(PurePosixPath(f"src/ordna/{path}"), "datetime.now(UTC)")))


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_file_keeps_the_style(path: Path) -> None:
    source = Source(PurePosixPath(path), (ROOT / path).read_text())
    applied = EVERYWHERE + (SOURCE_ONLY if path.parts[0] == "src" else ())
    complaints = [f"{path}:{complaint}" for rule in applied for complaint in rule(source)]
    assert not complaints, "\n".join(complaints)
