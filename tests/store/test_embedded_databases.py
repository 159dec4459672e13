"""The databases that tests get: each its own, migrated, on the embedded server or on the one DATABASE_URL names."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import Databases

ROOT = Path(__file__).resolve().parents[2]


def test_two_databases_know_nothing_of_each_other(databases: Databases) -> None:
    one, two = databases.create(), databases.create()
    with psycopg.connect(databases.dsn(one)) as conn:
        conn.execute("create table only_here (n int)")
    with psycopg.connect(databases.dsn(two)) as conn:
        assert conn.execute("select to_regclass('only_here')").fetchone() == (None,)
    databases.drop(one)
    databases.drop(two)


def test_a_database_is_migrated(database: str, empty_database: str) -> None:
    def tables(dsn: str) -> int:
        with psycopg.connect(dsn) as conn:
            row = conn.execute("select count(*) from pg_tables where schemaname !~ '^(pg_|information)'").fetchone()
        return int(row[0]) if row else -1

    assert tables(database) > 10
    assert tables(empty_database) == 0


def test_a_run_on_a_given_server_leaves_nothing_behind(databases: Databases, tmp_path: Path) -> None:
    test = tmp_path / "test_given.py"
    test.write_text(
        "import os, pathlib, psycopg\n"
        "def test_given(database):\n"
        "    template = pathlib.Path(os.environ['ORDNA_TEST_RUN_FOLDER'], 'template.name').read_text()\n"
        "    with psycopg.connect(database) as conn:\n"
        "        print('MADE', conn.info.host, conn.info.dbname, template)\n"
    )
    command = [sys.executable, "-m", "pytest", "-s", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-c", str(ROOT / "pyproject.toml"), str(test)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": databases.admin_dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    made = next(line for line in done.stdout.splitlines() if "MADE" in line).split("MADE ")[1].split()
    assert made[0] == conninfo_to_dict(databases.admin_dsn)["host"]
    with psycopg.connect(databases.admin_dsn) as conn:
        left = conn.execute("select datname from pg_database where datname = any(%s)", [made[1:]]).fetchall()
    assert left == []
