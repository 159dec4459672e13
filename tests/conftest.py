"""What every test may ask for: a real database of its own, and a real browser.

`database` is the connection string of a fresh database, cloned from a migrated template in some 50 ms and
dropped afterwards. One server serves the whole run, also with several pytest workers: the first who
needs it starts it, whoever comes first migrates the template under a lock, and the process that began the
run stops it. DATABASE_URL, where set, names the server to use instead.
"""

import fcntl
import importlib
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ordna.store import embedded
from tools.browser import MISSING, find_browser

RUN_FOLDER = "ORDNA_TEST_RUN_FOLDER"

# Read before any test can set it for the code under test.
GIVEN_SERVER = os.environ.get("DATABASE_URL")


@dataclass(frozen=True)
class Databases:
    """The server of this run, and the template that fresh databases are cloned from."""

    admin_dsn: str
    template: str

    def dsn(self, name: str) -> str:
        return make_conninfo(self.admin_dsn, dbname=name)

    def create(self, template: str | None = None) -> str:
        """Create a database, cloned from the migrated template or from the one named; return its name."""
        name = f"ordna_test_{uuid4().hex}"
        self._run(f"create database {name} template {template or self.template}")
        return name

    def drop(self, name: str) -> None:
        self._run(f"drop database if exists {name} with (force)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.admin_dsn, autocommit=True) as conn:
            conn.execute(statement.encode())


@pytest.fixture(scope="session")
def databases() -> Databases:
    """The server of this run with its migrated template."""
    folder = Path(os.environ[RUN_FOLDER])
    with open(folder / "template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        admin_dsn = GIVEN_SERVER or embedded.start(folder / "postgres").dsn("postgres")
        known = folder / "template.name"
        if not known.exists():
            blank = Databases(admin_dsn, "template1")
            name = blank.create()
            _install_schema(blank.dsn(name))
            known.write_text(name)
        return Databases(admin_dsn, known.read_text())


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The connection string of a fresh, migrated database of this test alone (superuser)."""
    name = databases.create()
    yield databases.dsn(name)
    databases.drop(name)


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    """The connection string of a fresh database without tables, for tests of the schema itself."""
    name = databases.create("template1")
    yield databases.dsn(name)
    databases.drop(name)


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser that the page tests drive. Without one they fail, and say what to do."""
    found = find_browser()
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of the run, in the process that begins it; its workers inherit the variable."""
    if not hasattr(config, "workerinput"):
        _remove_runs_of_the_dead()
        folder = Path(tempfile.mkdtemp(prefix=f"ordna-tests-{os.getpid()}-"))
        folder.chmod(0o755)  # the server account must get through where the tests run as root
        os.environ[RUN_FOLDER] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = os.environ.get(RUN_FOLDER)
    if folder and not hasattr(config, "workerinput"):
        del os.environ[RUN_FOLDER]
        _remove_run(Path(folder))


def _install_schema(dsn: str) -> None:
    if importlib.util.find_spec("ordna.store.schema") is not None:
        importlib.import_module("ordna.store.schema").install(dsn)


def _remove_run(folder: Path) -> None:
    template = folder / "template.name"
    if GIVEN_SERVER and template.exists():
        Databases(GIVEN_SERVER, "").drop(template.read_text())
    embedded.stop(folder / "postgres", "immediate")
    shutil.rmtree(folder, ignore_errors=True)


def _remove_runs_of_the_dead() -> None:
    """A killed run cannot stop its server; the next run does."""
    for folder in Path(tempfile.gettempdir()).glob("ordna-tests-*"):
        owner = re.fullmatch(r"ordna-tests-(\d+)-.*", folder.name)
        if owner and os.access(folder, os.W_OK) and not _alive(int(owner[1])):
            embedded.stop(folder / "postgres", "immediate")
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
