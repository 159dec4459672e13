"""The command line answers in words, and says what to do where something is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from ordna.store.sealing import keyring
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import House


@pytest.fixture
def ring(tmp_path: Path):  # type: ignore[no-untyped-def]
    """The keys a command finds in its home."""
    return keyring(tmp_path)


def ordna(house: House, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command on the house's database."""
    environment = {**os.environ, "DATABASE_URL": house.dsn, "ORDNA_HOME": str(home)}
    environment.pop("ORDNA_SUPERVISOR", None)
    asked = [sys.executable, "-m", "ordna.cli", *arguments]
    return subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_explain_says_whose_turn_it_is_and_why(house: House, tmp_path: Path) -> None:
    house.place(shipping_address={"country_code": "DK"})
    told = ordna(house, tmp_path, "explain", "#5001")
    assert told.returncode == 0, told.stderr
    assert "#5001" in told.stdout
    assert "Turn: Customer service, “Check” since" in told.stdout
    assert "because address is not complete" in told.stdout
    unknown = ordna(house, tmp_path, "explain", "#9")
    assert (unknown.returncode, unknown.stdout) == (1, "No order is called “#9”.\n")


def test_replay_proves_the_journal_and_names_what_does_not_agree(house: House, tmp_path: Path) -> None:
    house.place()
    told = ordna(house, tmp_path, "replay")
    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "The journal explains every stored row.")
    [(state,)] = house.rows("select state from orders")
    house.rows_changed("update orders set state = %s", state.replace(b"#5001", b"#5002"))
    told = ordna(house, tmp_path, "replay")
    assert told.returncode == 1
    assert "order 7-5001: state:" in told.stdout
    house.rows_changed("update orders set state = %s", state)


def test_doctor_finds_nothing_in_a_healthy_house_and_advises_in_a_sick_one(house: House, tmp_path: Path) -> None:
    house.place()
    well = ordna(house, tmp_path, "doctor")
    assert well.returncode == 0, well.stdout + well.stderr
    assert all(line.startswith("✓") for line in well.stdout.splitlines())
    house.want_tag("vip")
    house.rows_changed("update effect set status = 'in_doubt'")
    house.rows_changed("insert into switch (merchant_id, name, value) values (1, 'outgoing', 'paused')")
    house.rows_changed("update lease set owner = 'gone', token = 9, until = now() - interval '1 hour' where lane = 3")
    house.rows_changed("update connection set last_error = 'no', created_at = now() - interval '1 day'")
    house.rows_changed(
        "insert into gap (merchant_id, connection_id, began_at, cause, topics)"
        " values (1, 7, now(), 'unsubscribed', '[\"ORDERS_PAID\"]')"
    )
    sick = ordna(house, tmp_path, "doctor")
    assert sick.returncode == 1
    found = [line for line in sick.stdout.splitlines() if line.startswith("!")]
    assert len(found) == 7
    assert "! 1 subscriptions to webhooks are gone from their shops." in found
    assert "! 1 connections were silent, and what was missed is still being read." in found
    assert "    To let it go on: ordna pause --resume." in sick.stdout.splitlines()


def test_pause_stops_whatever_leaves_and_survives_the_command(
    house: House, outside: CannedShop, tmp_path: Path
) -> None:
    house.place()
    house.want_tag("vip")
    assert ordna(house, tmp_path, "pause").stdout == "Nothing leaves any more for all 1 merchants.\n"
    assert house.send_effects() == 0
    assert ordna(house, tmp_path, "pause", "--resume").returncode == 0
    assert house.send_effects() == 1
    assert outside.mutations() == ["AddTags"]


def test_connect_says_what_it_did_and_refuses_in_a_sentence(house: House, outside: CannedShop, tmp_path: Path) -> None:
    told = ordna(
        house,
        tmp_path,
        "connect",
        outside.url,
        "--token",
        "t",
        "--client-secret",
        "s",
        "--callback",
        "http://127.0.0.1:1",
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("Canned is connected, in observe. It sends us ")
    refused = ordna(house, tmp_path, "connect", "http://127.0.0.1:9", "--token", "t", "--client-secret", "s")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert refused.stderr.strip()


def test_flow_check_points_at_each_problem(house: House, tmp_path: Path) -> None:
    good = Path(__file__).parents[2] / "flows" / "webshop.yaml"
    assert ordna(house, tmp_path, "flow", "check", str(good)).returncode == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text(good.read_text().replace("payment.secured", "payment.secured_"))
    told = ordna(house, tmp_path, "flow", "check", str(bad))
    assert told.returncode == 1
    line = next(at for at, text in enumerate(bad.read_text().splitlines(), 1) if "payment.secured_" in text)
    assert f"{bad}:{line}:" in told.stdout
    assert "^" in told.stdout
    assert "payment.secured" in told.stdout


def test_what_is_missing_is_said_without_a_traceback(tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://127.0.0.1:1/nothing", "ORDNA_HOME": str(tmp_path)}
    asked = [sys.executable, "-m", "ordna.cli", "worker"]
    told = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 1
    assert told.stderr.startswith("The database can't be reached:")
    assert "Traceback" not in told.stderr


def test_the_archive_is_turned_on_run_shown_and_proved(house: House, tmp_path: Path) -> None:
    house.place(closed_at="2026-11-23T12:10:00+01:00")
    assert ordna(house, tmp_path, "archive", "on", "--after-days", "7").returncode == 2
    told = ordna(house, tmp_path, "archive", "on", "--after-days", "30")
    assert told.returncode == 0 and str(tmp_path / "archive") in told.stdout, told.stderr
    house.rows_changed("update orders set updated_at = updated_at - interval '40 days'")
    house.rows_changed("update journal set recorded_at = recorded_at - interval '40 days'")
    told = ordna(house, tmp_path, "archive", "run")
    assert told.returncode == 0 and told.stdout.startswith("1 orders and "), told.stderr
    events = ordna(house, tmp_path, "archive", "show", "#5001").stdout.splitlines()
    assert [json.loads(line)["kind"] for line in events][:2] == ["OrderPlaced", "OrderClosed"]
    assert ordna(house, tmp_path, "archive", "show", "#9").stdout == "The archive holds nothing of “#9”.\n"
    assert ordna(house, tmp_path, "archive", "check").returncode == 0
    assert ordna(house, tmp_path, "replay").returncode == 0
    assert ordna(house, tmp_path, "archive", "off").returncode == 0


def test_the_database_says_where_it_stands(house: House, tmp_path: Path) -> None:
    told = ordna(house, tmp_path, "db", "status")
    assert told.returncode == 0 and "✓   1  tables" in told.stdout, told.stdout + told.stderr
    assert ordna(house, tmp_path, "db", "migrate").stdout == "Nothing was pending.\n"
    assert ordna(house, tmp_path, "db", "migrate", "--contract").stdout == "Nothing was pending.\n"
    with psycopg.connect(house.dsn) as conn:
        conn.execute("insert into ordna_migration (number, name, needs) values (9999, 'no inbox', 9998)")
    told = ordna(house, tmp_path, "db", "status")
    assert told.returncode == 1 and "this version may not run" in told.stdout
    for command in ("worker", "serve"):
        told = ordna(house, tmp_path, command)
        assert told.returncode == 1 and "newer Ordna" in told.stderr and "Traceback" not in told.stderr
    with psycopg.connect(house.dsn) as conn:
        conn.execute("delete from ordna_migration where number = 1")
    told = ordna(house, tmp_path, "worker")
    assert told.returncode == 1 and "Run: ordna db migrate" in told.stderr


def test_stock_is_booked_from_a_file_and_put_right(house: House, tmp_path: Path) -> None:
    file = tmp_path / "came.csv"
    file.write_text("sku,location,units\nSCARF,901,3\n")
    refused = ordna(house, tmp_path, "stock", "receive", str(file))
    assert refused.returncode == 1 and "row 1, location: There is no location" in refused.stdout
    assert ordna(house, tmp_path, "stock", "location", "901", "--title", "Aarhus").returncode == 0
    assert "1 levels changed, 1 new items." in ordna(house, tmp_path, "stock", "receive", str(file)).stdout
    assert "0 levels changed" in ordna(house, tmp_path, "stock", "count", str(file)).stdout
    assert ordna(house, tmp_path, "stock", "mend").stdout == "Everything adds up.\n"
    house.rows_changed("update stock_level set available = %s", 9)
    told = ordna(house, tmp_path, "doctor")
    assert told.returncode == 1 and "ordna stock mend" in told.stdout
    assert "available is 9, its ledger says 3" in ordna(house, tmp_path, "stock", "mend").stdout
    assert "1 entries booked." in ordna(house, tmp_path, "stock", "mend", "--book").stdout
    assert ordna(house, tmp_path, "doctor").returncode == 0
