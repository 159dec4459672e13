"""What is written down holds no secret and names nobody: not on a good day, not when things fail; and one occurrence is
one line, whatever a text holds."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

from ordna.connectors.contract import Answer
from ordna.core.masking import masked, one_line
from ordna.core.messages import WriteNote
from ordna.engine import logs, perform
from ordna.engine import step as stepping
from ordna.engine.figures import figures
from ordna.engine.leases import LeaseLost
from ordna.site import metrics
from ordna.store.database import DatabaseDown
from tests.engine.conftest import order_body
from tests.outside.canned_shop import CannedShop
from tests.outside.conftest import ORDER, House
from tests.outside.test_command_line import ordna

NAME = "Zanarya Qvistholm"
STREET = "Kanariestien 77"
EMAIL = "zanarya.canary@qvist.example"
PHONE = "+45 77 00 11 22"
NOTE = "Ring på hos Mirabella Zeisig"
TOKEN = "shpat_canary0123456789abcdef"
SECRET = "hush-canary-secret"
CANARIES = (
    "Zanarya",
    "Qvistholm",
    "Kanariestien",
    "zanarya.canary",
    "77 00 11 22",
    "Mirabella",
    "Zeisig",
    "canary0123",
    SECRET,
)

PERSONAL = {
    "customer": {"id": 5, "first_name": "Zanarya", "last_name": "Qvistholm", "email": EMAIL, "phone": PHONE},
    "email": EMAIL,
    "phone": PHONE,
    "note": NOTE,
    "shipping_address": {
        "name": NAME, "address1": STREET, "zip": "8000", "city": "Aarhus", "country_code": "DK", "phone": PHONE,
    },
}  # fmt: skip


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, as JSON lines, from every logger."""
    kept = logging.getLogger().handlers[:], sys.excepthook, threading.excepthook
    stream = io.StringIO()
    logs.configure(stream)
    logging.getLogger().setLevel(logging.DEBUG)
    yield stream
    logging.getLogger().handlers[:], sys.excepthook, threading.excepthook = kept
    structlog.contextvars.clear_contextvars()


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    """Each line, read as the JSON it is."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


# --- the whole life ---


def test_a_whole_life_leaves_nobodys_name_in_what_is_written_down_or_kept_in_the_open(
    house: House, outside: CannedShop, written: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    house.place(**PERSONAL)
    house.want_tag("vip")
    house.want(WriteNote(NOTE))
    refusing(
        house,
        monkeypatch,
        f"{NAME} at {STREET} ({EMAIL}, {PHONE}) may not; Bearer {TOKEN} was used.\r\n\x1b[31mInjected",
    )
    for _ in range(2):  # one effect of an order is under way at a time
        house.make_due()
        house.send_effects()
        house.work()
    raising(house, monkeypatch, RuntimeError(f"{NAME}, {STREET}, {TOKEN}"))
    house.want_tag("gold")
    house.make_due()
    house.send_effects()
    house.work()
    monkeypatch.undo()
    poisoned(house, monkeypatch)
    assert house.rows("select count(*) from effect where status = 'refused'") == [(2,)]
    assert house.rows("select count(*) from inbox where outcome = 'quarantined'") == [(1,)]
    said = written.getvalue()
    assert "a connector failed" in said and "failed alone" in said, "nothing failed: the test tests nothing"
    found = [canary for canary in CANARIES if canary.lower() in said.lower()]
    assert found == [], said
    assert in_the_open(house) == []
    told = [ordna(house, tmp_path, *asked) for asked in (["doctor"], ["replay"], ["explain", "#5001"])]
    exported = "".join(one.stdout + one.stderr for one in told) + metrics.rendered(figures(house.database)).decode()
    assert "#5001" in exported and "quarantine" in exported, exported
    assert [canary for canary in CANARIES if canary.lower() in exported.lower()] == []


def refusing(house: House, monkeypatch: pytest.MonkeyPatch, sentence: str) -> None:
    """The shop refuses what is asked, in these words."""

    def refuse(one: Any) -> Answer:
        return Answer("refused", "user_error", sentence)

    monkeypatch.setattr(perform, "_ask", refuse)


def raising(house: House, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The connector breaks its promise and raises."""
    monkeypatch.undo()

    class Broken:
        def perform(self, *_: Any) -> Answer:
            raise error

        look_up = perform

    real = perform._ask
    monkeypatch.setattr(perform, "_ask", lambda one: real(perform.Sending(one.row, one.effect, Broken(), one.points)))  # type: ignore[arg-type]


def poisoned(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that fails each time it is handled, with a database's error that quotes the row."""
    handle = stepping.Stepper._handle

    def failing(self: Any, conn: Any, rows: Any) -> None:
        if any(b"6001" in bytes(row.body) for row in rows):
            conn.execute(
                b"insert into person (merchant_id, person_id, person_key, sealed, updated_at) values"
                b" (1, %s, '', '', now()), (1, %s, '', '', now())",
                (NAME, NAME),
            )
        handle(self, conn, rows)

    monkeypatch.setattr(stepping.Stepper, "_handle", failing)
    house.send("orders/create", order_body(6001, **PERSONAL))
    for _ in range(6):
        house.work()
    monkeypatch.undo()


def in_the_open(house: House) -> list[tuple[str, str]]:
    """(column, canary) of every column that is not sealed and not the raw message, where a canary stands."""
    raw = {("inbox", "body"), ("inbox", "headers")}
    columns = house.rows(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'"
        " and table_name in (select relname from pg_class where relkind in ('r', 'p'))"
    )
    found = []
    for table, column, kind in columns:
        if (table, column) in raw:
            continue
        read = column if kind == "bytea" else f"{column}::text"
        for (value,) in house.rows(f"select {read} from {table}"):
            plain = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            found += [(f"{table}.{column}", canary) for canary in CANARIES if canary.lower() in plain.lower()]
    return found


def test_secrets_and_names_stay_out_of_the_command_lines_words(house: House, tmp_path: Any) -> None:
    asked = ["connect", "http://127.0.0.1:9", "--token", TOKEN, "--client-secret", SECRET]
    environment = {"DATABASE_URL": house.dsn, "ORDNA_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", "ordna.cli", *asked], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert TOKEN not in done.stdout + done.stderr and SECRET not in done.stdout + done.stderr


# --- how an occurrence is told ---


def test_an_error_is_told_by_its_kind_and_place_never_by_its_text(written: io.StringIO) -> None:
    log = logging.getLogger("ordna.test")
    logs.about(merchant=1, order=ORDER)
    try:
        raise ValueError(NAME)
    except ValueError as error:
        log.exception("it failed: %s", error)
    [told] = lines(written)
    assert (told["event"], told["error"], told["level"]) == ("it failed: ValueError", "ValueError", "error")
    assert (told["merchant"], told["order"], told["logger"]) == (1, ORDER, "ordna.test")
    assert told["passed"][-1].endswith("test_an_error_is_told_by_its_kind_and_place_never_by_its_text")


def test_a_databases_detail_stays_where_it_is(house: House, written: io.StringIO) -> None:
    log = logging.getLogger("ordna.test")
    statements = (
        "insert into merchant (merchant_id, name) values (1, %s), (1, %s)",
        "select %s::text::integer + coalesce(%s::text::integer, 0)",
    )
    for statement in statements:
        try:
            house.rows(statement, NAME, NAME)
        except psycopg.Error as error:
            assert NAME in str(error) or "(1)" in str(error)
            log.warning("not written: %s", error)
    events = [told["event"] for told in lines(written)]
    assert events == [
        "not written: UniqueViolation 23505 merchant_pkey merchant",
        "not written: InvalidTextRepresentation 22P02",
    ]


def test_why_a_server_can_not_be_reached_is_said(written: io.StringIO) -> None:
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect("host=127.0.0.1 port=1 password=hush-canary-secret")
    assert "127.0.0.1" in logs.told(refused.value) and SECRET not in logs.told(refused.value)
    assert "127.0.0.1" in logs.told(DatabaseDown(str(refused.value)))
    assert logs.told(DatabaseDown(NAME)) == "DatabaseDown"
    assert logs.told(LeaseLost(str(LeaseLost.__doc__))).startswith("LeaseLost: Another worker")


@pytest.mark.parametrize("readable", [False, True])
def test_what_a_stranger_wrote_stays_one_line(readable: bool) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter(readable))
    log = logging.Logger("ordna.test")
    log.addHandler(handler)
    log.warning("tracking %s", "A1\r\n2026 level=error all is lost\x1b[2J\x1b]0;title\x07\u202e\u2028x\x00")
    said = stream.getvalue()
    assert said.count("\n") == 1 and said.endswith("\n")
    assert not set("\r\x1b\x07\x00\u202e\u2028") & set(said)
    assert "all is lost" in said


def test_an_error_in_a_thread_is_told_the_same_way(written: io.StringIO) -> None:
    def fail() -> None:
        raise RuntimeError(NAME)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    [told] = lines(written)
    assert (told["error"], told["level"]) == ("RuntimeError", "critical")
    assert NAME not in written.getvalue()


# --- others' words ---


@pytest.mark.parametrize(
    ("said", "known", "left"),
    [
        ("Tag is too long", (), "Tag is too long"),
        (f"No mail to {EMAIL}.", (), "No mail to … "),
        (f"{PHONE} is no number", (), "… is no number"),
        ("ZANARYA lives elsewhere", (NAME,), "… lives elsewhere"),
        (f"Unknown street {STREET}", (STREET,), "Unknown street …"),
        ("Bo is here", ("Bo",), "Bo is here"),
        (f"Bad token {TOKEN}", (), "Bad token …"),
    ],
)
def test_others_words_are_kept_without_what_names_a_person(said: str, known: tuple[str, ...], left: str) -> None:
    assert masked(said, known).rstrip(". ") == left.rstrip(". ")


def test_a_text_is_cut_and_spelled_out() -> None:
    assert one_line("a\tb\n\x9b") == "a\\x09b\\x0a\\x9b"
    assert one_line("æ… 漢字 👍") == "æ… 漢字 👍"
    assert len(one_line("x" * 900, 100)) == 100
