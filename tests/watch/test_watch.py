"""What an operator's machines ask of Ordna: does it live, may it be sent work, how is it; and who may ask."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ordna.engine.figures import figures
from ordna.engine.presence import Presence, Rounds, Tally
from ordna.engine.receive import Intake
from ordna.site import metrics
from ordna.site.watch import Watch, may_read
from ordna.store import schema
from ordna.store.database import Database
from tests.engine.conftest import NOON, Shop, order_body, signature
from tests.outside.conftest import House
from tests.outside.test_command_line import ordna

HERE = ("127.0.0.1", 5000)
TOKEN = "let-me-see"


def ask(
    watch: Any, path: str, client: Any = HERE, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, str]:
    """One request; (status, body)."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": method, "path": path, "headers": pairs, "client": client}
    asyncio.run(watch(scope, send))
    return sent[0]["status"], sent[1]["body"].decode()


def told(text: str) -> dict[str, float]:
    """Every sample of the text, by its name with labels."""
    return {name: float(value) for name, value in re.findall(r"^(ordna_[^ ]+) (\S+)$", text, re.MULTILINE)}


@pytest.fixture
def watch(database: str) -> Watch:
    return Watch(database, None)


def test_a_process_that_lives_says_so_whatever_the_database_does() -> None:
    assert ask(Watch("host=127.0.0.1 port=1", None), "/healthz") == (200, "alive\n")


def test_a_process_is_ready_when_the_database_answers_and_its_schema_fits(watch: Watch, database: str) -> None:
    assert ask(watch, "/readyz") == (200, "ready\n")
    with psycopg.connect(database) as conn:
        conn.execute("delete from ordna_migration where number = %s", (schema.MIGRATIONS[-1][0],))
    status, why = ask(watch, "/readyz")
    assert status == 503 and "older" in why


def test_without_tables_or_database_it_is_not_ready_and_says_so_within_a_second(empty_database: str) -> None:
    assert ask(Watch(empty_database, None), "/readyz") == (503, "the database has no tables\n")
    began = time.monotonic()
    # 192.0.2.1 is nobody's: packets to it are lost, as to a server whose network is down.
    assert ask(Watch("host=192.0.2.1", None), "/readyz")[0] == 503
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("client", "headers", "token", "may"),
    [
        (HERE, {}, None, True),
        (("::1", 1), {}, None, True),
        (("10.0.0.9", 1), {}, None, False),
        (None, {}, None, False),
        (("", 0), {}, None, False),
        (HERE, {"X-Forwarded-For": "127.0.0.1"}, None, False),
        (HERE, {"Forwarded": "for=127.0.0.1"}, None, False),
        (HERE, {"Authorization": "Bearer anything"}, None, True),
        (("10.0.0.9", 1), {"Authorization": f"Bearer {TOKEN}"}, TOKEN, True),
        (("10.0.0.9", 1), {"Authorization": f"Bearer {TOKEN}x"}, TOKEN, False),
        (("10.0.0.9", 1), {"Authorization": "Bearer é"}, TOKEN, False),
        (HERE, {}, TOKEN, False),
    ],
)
def test_figures_are_for_this_machine_or_for_whoever_brings_the_token(
    client: Any, headers: dict[str, str], token: str | None, may: bool
) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    assert may_read({"headers": pairs, "client": client}, token) is may


def test_strangers_get_no_figures_and_nothing_is_changed_by_asking(watch: Watch) -> None:
    assert ask(watch, "/metrics", ("10.0.0.9", 1))[0] == 403
    assert ask(watch, "/metrics", method="POST")[0] == 405
    assert ask(watch, "/metrics")[0] == 200
    assert ask(Watch("host=127.0.0.1 port=1", None), "/metrics")[0] == 503


def test_the_figures_tell_what_waits_what_is_in_doubt_and_what_is_left(house: House, watch: Watch) -> None:
    house.place()
    house.want_tag("vip")
    house.rows_changed("update effect set status = 'in_doubt'")
    house.rows_changed("update connection set last_webhook_at = now() - interval '2 hours', last_read_at = null,"
                       " created_at = now() - interval '3 hours'")  # fmt: skip
    house.rows_changed("update budget set available = maximum / 4, restore_per_s = 0")
    house.send("orders/create", order_body(6001))
    house.send("orders/create", order_body(6002))
    house.rows_changed("update inbox set received_at = now() - interval '90 seconds' where handled_at is null")
    status, text = ask(watch, "/metrics")
    now = told(text)
    assert status == 200
    assert 85 < now["ordna_inbox_oldest_seconds"] < 200
    assert now["ordna_inbox_waiting"] == 2
    assert now['ordna_effects{status="in_doubt"}'] == 1
    assert now['ordna_connection_silent_seconds{connection="7",merchant="1"}'] == pytest.approx(7200, abs=60)
    assert now['ordna_budget_left_ratio{connection="7",merchant="1"}'] == pytest.approx(0.25, abs=0.01)
    assert now['ordna_connections{mode="live"}'] == 1
    assert now['ordna_lanes_waiting{le="60"}'] == 0 and now['ordna_lanes_waiting{le="300"}'] >= 1
    assert now['ordna_table_bytes{table="orders"}'] > 8000
    house.work()
    assert "Karen" not in text and "myshopify" not in text


def test_labels_stay_few_however_many_lanes_and_connections_there_are(database: str) -> None:
    opened = Database(database)
    with opened.engine([1]) as conn:
        conn.execute(b"insert into merchant (merchant_id, name) values (1, 'M')")
        conn.execute(b"insert into lease (merchant_id, lane) select 1, g from generate_series(0, 199) g")
        conn.execute(
            b"insert into connection (merchant_id, connection_id, kind, title, domain, base_url, api_version,"
            b" credentials, webhook_secrets) select 1, g, 'shopify', 's', 'd' || g, 'u', 'v', '', ''"
            b" from generate_series(1, 200) g"
        )
        conn.execute(
            b"insert into inbox (merchant_id, received_at, lane, connection_id, topic, webhook_id, headers, body)"
            b" select 1, now() - g * interval '1 second', g, 1, 't', 'w' || g, '{}', '' from generate_series(0, 199) g"
        )
    text = metrics.rendered(figures(opened)).decode()
    opened.close()
    assert told(text)["ordna_inbox_waiting"] == 200
    assert len(re.findall(r"^ordna_lane_lag_seconds", text, re.MULTILINE)) == metrics.NAMED_MAX
    assert len(re.findall(r"^ordna_connection_silent_seconds", text, re.MULTILINE)) == metrics.NAMED_MAX
    assert len(text.splitlines()) < 300


def test_no_figure_scans_a_table_that_grows(house: House) -> None:
    """There is an index for each of them, so that it is taken once the tables are big."""
    from ordna.engine.figures import SQL

    for name in ("lanes", "effects"):
        with house.database.engine([1]) as conn:
            conn.execute(b"set local enable_seqscan = off")
            plan = "\n".join(line for (line,) in conn.execute(b"explain " + SQL[name]).fetchall())
        assert not re.search(r"Seq Scan on (inbox|effect|orders|journal)", plan), plan


# --- presence and counts ---


def test_what_processes_counted_adds_up_also_when_one_is_gone(database: str) -> None:
    opened = Database(database)
    tallies = Tally(), Tally()
    present = [Presence(opened, "web", tally, every_s=60) for tally in tallies]
    for tally, one in zip(tallies, present, strict=True):
        tally.count("intake_requests", "200", 5)
        tally.observe("step_batch_seconds", 0.03, (0.01, 0.05))
        tally.observe("step_batch_seconds", 9.0, (0.01, 0.05))
        one.beat()
    tallies[0].count("intake_requests", "503")
    present[0].close()
    now = figures(opened)
    assert now.tallies["intake_requests"] == {"200": 10.0, "503": 1.0}
    assert now.tallies["step_batch_seconds"] == {"0.05": 2.0, "+Inf": 2.0, "sum": pytest.approx(18.06)}
    assert [one.process for one in now.processes] == [present[1].name], "the other signed off"
    opened.close()


def test_counts_that_could_not_be_told_are_told_later() -> None:
    away = Database("host=127.0.0.1 port=1", patience_s=0.1)
    tally = Tally()
    tally.count("intake_requests", "200", 3)
    Presence(away, "web", tally).beat()
    assert tally.take() == [("intake_requests", "200", 3.0)]


def test_the_intake_tells_what_it_answered(shop: Shop) -> None:
    heard: list[int] = []
    intake = Intake(shop.database, shop.ring, lambda: NOON, answered=heard.append)

    async def send(message: Any) -> None:
        pass

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    headers = [
        (b"content-type", b"application/json"),
        (b"x-shopify-hmac-sha256", signature(b"{}").encode()),
        (b"x-shopify-shop-domain", shop.domain.encode()),
    ]
    for path in (f"/webhooks/{shop.token}", "/webhooks/nobody-is-at-this-address"):
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        asyncio.run(intake(scope, receive, send))
    assert heard == [200, 401]


def test_doctor_names_a_process_that_went_silent_and_a_thread_that_stands_still(house: House, tmp_path: Path) -> None:
    rounds = Rounds()
    rounds.end("step")
    worker = Presence(house.database, "worker", Tally(), rounds.ages)
    worker.beat()
    well = ordna(house, tmp_path, "doctor")
    assert "✓ 0 web processes and 1 workers are present." in well.stdout, well.stdout + well.stderr
    assert well.returncode == 0
    house.rows_changed("update process set rounds = '{\"step\": 300}'")
    assert "The step thread of" in ordna(house, tmp_path, "doctor").stdout
    house.rows_changed("update process set beat_at = now() - interval '1 minute', rounds = '{}'")
    assert "did not sign off" in ordna(house, tmp_path, "doctor").stdout


def test_doctor_looks_for_what_must_never_be_and_names_the_order(house: House, tmp_path: Path) -> None:
    house.place(shipping_address={"country_code": "DK"})
    house.rows_changed("update step set status = 'done', ended_at = now() where status = 'open'")
    sick = ordna(house, tmp_path, "doctor")
    assert sick.returncode == 1
    assert "tasks belong to steps that are not open (merchant 1, order 7-5001, task " in sick.stdout


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    """Without the proofs: some of these tests leave things as they must not be."""
    opened = Database(database, connections_max=12)
    yield opened
    opened.close()
