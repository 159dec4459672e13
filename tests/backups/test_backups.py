"""A backup is whole or refused, sealed with a key that is not in it, and comes back as it was."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ordna.engine import backups, restored
from ordna.engine.replay import check_fold
from ordna.store import embedded, schema
from ordna.store.backups import programs
from ordna.store.backups.errors import (
    BackupError,
    Damaged,
    NoBackup,
    NoProgram,
    NoRoom,
    NotEmpty,
    StillRunning,
    WrongKey,
)
from ordna.store.backups.manifest import DATA, MANIFEST
from ordna.store.backups.programs import Program
from ordna.store.backups.sealed import FRAME, open_file, seal_file
from ordna.store.database import Database
from ordna.store.sealing import Keyring, keyring
from tests.conftest import Databases
from tests.engine.conftest import Shop, order_body
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House

KEY = b"k" * 32
OWNER = """
    do $$ begin
        if not exists (select from pg_roles where rolname = 'backup_owner') then
            create role backup_owner login createrole password 'o';
        end if;
        grant ordna_engine, ordna_reader to backup_owner with admin option;
    end $$
"""
EVERYTHING = (
    "merchant",
    "connection",
    "policy",
    "orders",
    "journal",
    "journal_object",
    "decision",
    "step",
    "task",
    "effect",
)


def silent(done: int, of: int) -> None:
    """Nobody watches."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a key, where the account of an embedded server gets through."""
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    made = tmp_path / "home"
    made.mkdir()
    keyring(made)
    return made


@pytest.fixture
def ring(home: Path) -> Keyring:
    """The keys of that home."""
    return keyring(home)


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    opened = Database(database)
    yield opened
    opened.close()


@pytest.fixture
def shop(db: Database, database: str, ring: Keyring) -> Shop:
    """A shop with three orders, one of them still waiting in the inbox."""
    made = Shop(db, database, ring)
    made.open()
    for number in (5001, 5002):
        made.send("orders/create", order_body(number))
    made.step()
    made.send("orders/create", order_body(5003))
    return made


def contents(dsn: str) -> dict[str, list[str]]:
    """Every row of every table that must come back, as text."""
    with psycopg.connect(dsn) as conn:
        return {
            table: sorted(row for (row,) in conn.execute(f"select to_jsonb(t)::text from {table} t".encode()))
            for table in (*EVERYTHING, "inbox", "person", "seen", "timer")
        }


def ordna(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command."""
    ours = ("DATABASE_URL", "ORDNA_SUPERVISOR", "ORDNA_KEY")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    asked = [sys.executable, "-m", "ordna.cli", *arguments]
    return subprocess.run(
        asked,
        env={**kept, "ORDNA_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# --- a sealed file ---


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 5 * FRAME])
def test_what_was_sealed_comes_back(tmp_path: Path, size: int) -> None:
    plain = os.urandom(size)
    written = seal_file(tmp_path / "x", KEY, io.BytesIO(plain))
    assert (written.plain, written.sealed) == (size, (tmp_path / "x").stat().st_size)
    assert open_file(tmp_path / "x", KEY).read() == plain
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


def test_a_sealed_file_that_was_touched_does_not_open(tmp_path: Path) -> None:
    path = tmp_path / "x"
    seal_file(path, KEY, io.BytesIO(os.urandom(4 * FRAME)))
    whole = path.read_bytes()
    size = len(whole) // 4
    touched = {
        "flipped": whole[:-9] + bytes((whole[-9] ^ 1,)) + whole[-8:],
        "cut in a frame": whole[:-9],
        "cut between frames": whole[: 15 + 3 * ((len(whole) - 15) // 4)],
        "longer": whole + whole[15 : 15 + size],
        "empty": b"",
        "frames swapped": swapped(whole),
    }
    for what, data in touched.items():
        path.write_bytes(data)
        with pytest.raises(Damaged):
            open_file(path, KEY).read()
            pytest.fail(what)
    path.write_bytes(whole)
    with pytest.raises(Damaged):
        open_file(path, b"x" * 32).read()


def swapped(whole: bytes) -> bytes:
    """The first two frames in the other order."""
    first = 15 + 4 + int.from_bytes(whole[15:19], "big")
    second = first + 4 + int.from_bytes(whole[first : first + 4], "big")
    return whole[:15] + whole[first:second] + whole[15:first] + whole[second:]


# --- a dump ---


def test_a_dump_comes_back_row_by_row_in_another_database(
    shop: Shop, home: Path, ring: Keyring, databases: Databases, tmp_path: Path
) -> None:
    before = contents(shop.dsn)
    manifest = backups.take(shop.dsn, tmp_path / "backup", "dump", ring, silent)
    assert (manifest.counts["orders"], manifest.counts["inbox"]) == (2, 3)
    shop.send("orders/create", order_body(5004))  # later: not inside
    name = databases.create("template1")
    try:
        backups.put_back(tmp_path / "backup", home, lambda: ring, databases.dsn(name), None, silent)
        assert contents(databases.dsn(name)) == before
        assert schema.install(databases.dsn(name)) == [], "it came back at the schema it had"
        moved = Database(databases.dsn(name))
        check_fold(moved)
        moved.close()
        with pytest.raises(NotEmpty, match="--over"):
            backups.put_back(tmp_path / "backup", home, lambda: ring, databases.dsn(name), None, silent)
        backups.put_back(tmp_path / "backup", home, lambda: ring, databases.dsn(name), tmp_path, silent)
        assert contents(databases.dsn(name)) == before
    finally:
        databases.drop(name)
    assert list(home.glob("ordna-restore-*")) == [], "the plain dump was left lying about"


def test_an_owner_whom_row_level_security_binds_backs_up_and_restores_all_merchants(
    empty_database: str, ring: Keyring, home: Path, databases: Databases, tmp_path: Path
) -> None:
    other = databases.create("template1")
    try:
        for dsn in (empty_database, databases.dsn(other)):
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute(OWNER)
                name = sql.Identifier(conn.info.dbname)
                conn.execute(sql.SQL("alter database {} owner to backup_owner").format(name))
        theirs, elsewhere = (
            make_conninfo(dsn, user="backup_owner", password="o") for dsn in (empty_database, databases.dsn(other))
        )
        schema.install(theirs)
        opened = Database(theirs)
        for merchant in (1, 2):
            made = Shop(opened, empty_database, ring, merchant, token=f"hook-token-of-the-shop-{merchant}")
            made.open()
            made.send("orders/create", order_body(5001))
            made.step()
        opened.close()
        manifest = backups.take(theirs, tmp_path / "backup", "dump", ring, silent)
        assert manifest.counts["orders"] == 2
        backups.put_back(tmp_path / "backup", home, lambda: ring, elsewhere, None, silent)
        assert contents(databases.dsn(other)) == contents(empty_database)
        assert schema.install(elsewhere) == []
    finally:
        databases.drop(other)
        with psycopg.connect(empty_database, autocommit=True) as conn:
            conn.execute("reassign owned by backup_owner to current_user")
            conn.execute("drop owned by backup_owner")
            conn.execute("drop role backup_owner")


def test_nobody_reads_a_backup_without_the_key(shop: Shop, home: Path, ring: Keyring, tmp_path: Path) -> None:
    backups.take(shop.dsn, tmp_path / "backup", "dump", ring, silent)
    sealed = (tmp_path / "backup" / DATA).read_bytes()
    for secret in (b"Karen", b"Nygade", b"orders", b"PGDMP", (home / "ordna.key").read_bytes()[2:20]):
        assert secret not in sealed + (tmp_path / "backup" / MANIFEST).read_bytes() or secret == b"orders"
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(WrongKey):
        backups.check(tmp_path / "backup", other, lambda: keyring(other), silent)
    assert list(other.iterdir()) == [], "a key was made that opens nothing"
    keyring(other)
    with pytest.raises(WrongKey):
        backups.check(tmp_path / "backup", other, lambda: keyring(other), silent)
    assert backups.check(tmp_path / "backup", home, lambda: ring, silent).form == "dump"


def test_a_changed_or_unfinished_backup_is_refused(shop: Shop, home: Path, ring: Keyring, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    backups.take(shop.dsn, folder, "dump", ring, silent)
    with pytest.raises(NotEmpty):
        backups.take(shop.dsn, folder, "dump", ring, silent)
    kept = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(kept.replace('"orders": 2', '"orders": 3'))
    with pytest.raises(Damaged):
        backups.check(folder, home, lambda: ring, silent)
    (folder / MANIFEST).write_text("{")
    with pytest.raises(Damaged):
        backups.check(folder, home, lambda: ring, silent)
    (folder / MANIFEST).unlink()
    with pytest.raises(NoBackup):
        backups.check(folder, home, lambda: ring, silent)
    (folder / MANIFEST).write_text(kept)
    with open(folder / DATA, "r+b") as file:
        file.truncate(file.seek(0, 2) - 5)
    with pytest.raises(Damaged):
        backups.check(folder, home, lambda: ring, silent)


def test_a_program_is_of_the_servers_version_or_the_nearest_newer() -> None:
    found = [Program(Path("a"), 18), Program(Path("b"), 16), Program(Path("c"), 17)]
    assert programs.choose("pg_dump", 16, found).path == Path("b")
    assert programs.choose("pg_dump", 15, found).path == Path("b")
    with pytest.raises(NoProgram, match="PostgreSQL 19 and needs a pg_dump of version 19 or newer; here is 18, 16, 17"):
        programs.choose("pg_dump", 19, found)


def test_a_program_that_fails_says_why_and_keeps_the_password_to_itself(shop: Shop) -> None:
    program = programs.fitting("pg_dump", 180000)
    with pytest.raises(BackupError, match="nowhere") as told:
        programs.run(program, ["--dbname=nowhere"], shop.dsn)
    password = psycopg.conninfo.conninfo_to_dict(shop.dsn).get("password") or "no password"
    assert str(password) not in str(told.value)


# --- after a restore ---


def test_after_a_restore_nothing_leaves_unlooked_at_and_no_worker_of_before_writes(
    database: str, ring: Keyring, home: Path
) -> None:
    outside = CannedShop()
    opened = Database(database, connections_max=12)
    house = House(opened, database, ring)
    house.set_up(outside)
    try:
        house.place()
        house.want_tag("vip")
        before = house.lanes()
        at = house.now
        said = restored.settle(opened, ring, home, at, lambda told: None, restored.STEPS)
        assert len(said) == len(restored.STEPS)
        assert house.send_effects() == 0, "outgoing is paused"
        assert house.effects()[-1][1] == "in_doubt"
        tokens = {lease.token for lease in before}
        assert all(token > max(tokens) for (token,) in house.rows("select token from lease where merchant_id = 1"))
        assert outside.mutations() == []
    finally:
        house.performer.close()
        house.rereader.close()
        opened.close()
        outside.close()


# --- the embedded server, by its commands ---


def test_the_embedded_server_comes_back_in_another_place(home: Path, tmp_path: Path) -> None:
    with embedded.start(home / "postgres") as server:
        schema.install(server.dsn())
        opened = Database(server.dsn())
        shop = Shop(opened, server.dsn(), keyring(home))
        shop.open()
        shop.send("orders/create", order_body(5001))
        shop.step()
        opened.close()
        before = contents(server.dsn())
        told = ordna(home, "backup", str(tmp_path / "backup"))
        assert told.returncode == 0, told.stderr
        assert "a copy of the server" in told.stdout and "1 orders" in told.stdout
        assert "ordna.key" in told.stdout, "it says which key to keep"
        refused = ordna(home, "restore", str(tmp_path / "backup"))
        assert refused.returncode == 1
        assert refused.stderr.startswith(" ".join((StillRunning.__doc__ or "").split()))
    assert ordna(home, "backup", str(tmp_path / "backup"), "--check").returncode == 0
    refused = ordna(home, "restore", str(tmp_path / "backup"))
    assert (refused.returncode, "--over" in refused.stderr) == (1, True), refused.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    refused = ordna(elsewhere, "restore", str(tmp_path / "backup"))
    assert refused.returncode == 1 and "another key" in refused.stderr
    shutil.copy(home / "ordna.key", elsewhere)
    told = ordna(elsewhere, "restore", str(tmp_path / "backup"))
    assert told.returncode == 0, told.stderr
    assert "Outgoing is paused" in told.stdout
    with embedded.start(elsewhere / "postgres") as server:
        after = contents(server.dsn())
    changing = {"connection", "watch", "gap"}  # that its shop did not answer when it was swept is noted there
    assert {name: rows for name, rows in after.items() if name not in changing} == {
        name: rows for name, rows in before.items() if name not in changing
    }
    told = ordna(elsewhere, "restore", str(tmp_path / "backup"), "--sweep-again")
    assert "1 of 1 shops did not answer" in told.stdout, told.stdout + told.stderr
    told = ordna(elsewhere, "restore", str(tmp_path / "backup"), "--over")
    assert told.returncode == 0, told.stderr
    assert len(list(elsewhere.glob("postgres.before-*"))) == 1, "what stood there was set aside"


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_made(shop: Shop, ring: Keyring, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoRoom):
        backups.take(shop.dsn, tmp_path / "backup", "dump", ring, full)
    assert list((tmp_path / "backup").iterdir()) == []
    assert backups.take(shop.dsn, tmp_path / "backup", "dump", ring, silent).counts["orders"] == 2


def test_the_manifest_says_what_the_backup_is(shop: Shop, ring: Keyring, tmp_path: Path) -> None:
    backups.take(shop.dsn, tmp_path / "backup", "dump", ring, silent)
    told = json.loads((tmp_path / "backup" / MANIFEST).read_text())
    assert told["form"] == "dump" and told["schema"] and told["server"] >= 150000 and len(told["file"]["sha256"]) == 64
    assert set(told["counts"]) == {"merchant", "connection", "orders", "journal", "effect", "person", "inbox"}
