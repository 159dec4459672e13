"""`ordna up`: everything on this machine, with one command."""

from __future__ import annotations

import json
import os
import signal
import time
from urllib.error import URLError
from urllib.request import urlopen

from ordna.cli.database import default_flow, keep_running, opened, prepare
from ordna.cli.say import Progress, say
from ordna.cli.supervise import Child, Supervisor

MERCHANT = 1
MERCHANT_NAME = "My webshop"
PERSON = "you"
START_WITHIN_S = 60.0
PRACTICE_ORDERS_PER_DAY = 20


def up(port: int, workers: int, practice: bool, practice_port: int, carrier_port: int) -> None:
    """Start everything, print how to get in, keep it running until Ctrl-C."""
    from ordna.site.serve import check_free

    check_free("127.0.0.1", port)
    if practice:
        check_free("127.0.0.1", practice_port)
        check_free("127.0.0.1", carrier_port)
    os.environ.setdefault("ORDNA_URL", f"http://127.0.0.1:{port}")
    ours_alone = not os.environ.get("DATABASE_URL")
    with Progress("Starting PostgreSQL"):
        database = opened()
        dsn = database.__enter__()
    supervisor = Supervisor(say)
    try:
        with Progress("Preparing the database") as progress:
            prepare(dsn, contract=ours_alone, tell=progress.at)
            _first_merchant(dsn)
        with Progress("Starting"):
            _start(supervisor, port, workers, (practice_port, carrier_port) if practice else None)
            _until_it_answers(f"http://127.0.0.1:{port}/sign-in/", "The web process")
        say(_welcome(practice, practice_port))
        _until_told_to_stop(supervisor)
    finally:
        with Progress("Stopping"):
            supervisor.end()
            database.__exit__(None, None, None)


def _start(supervisor: Supervisor, port: int, workers: int, practice: tuple[int, int] | None) -> None:
    from ordna.site import place

    beside: dict[str, str] = {}
    if practice:
        practice_port, carrier_port = practice
        asked = ["--port", str(practice_port), "--orders-per-day", str(PRACTICE_ORDERS_PER_DAY), "--quiet"]
        asked += ["--state", str(place.home() / "practice.state")]
        supervisor.add(Child("practice shop", ["practice", *asked]))
        beside["ORDNA_PRACTICE"] = _practice_shop(f"http://127.0.0.1:{practice_port}")
        kept = ["--state", str(place.home() / "carrier.state"), "--quiet"]
        supervisor.add(Child("practice carrier", ["practice-carrier", "--port", str(carrier_port), *kept]))
        told = _until_it_answers(f"http://127.0.0.1:{carrier_port}/_carrier/credentials", "The practice carrier")
        beside["ORDNA_PRACTICE_CARRIER"] = told.decode()
    supervisor.add(Child("web process", ["serve", "--port", str(port)], beside))
    for number in range(1, workers + 1):
        supervisor.add(Child(f"worker {number}", ["worker"]))


def _first_merchant(dsn: str) -> None:
    from ordna.engine.connections import Connections
    from ordna.engine.keys import keyring
    from ordna.site import place
    from ordna.store import accounts
    from ordna.store.database import Database

    database = Database(dsn, connections_max=2)
    try:
        Connections(database, keyring(place.home())).create_merchant(MERCHANT, MERCHANT_NAME, default_flow(), "setup")
    finally:
        database.close()
    accounts.ensure_person(PERSON, MERCHANT)


def _welcome(practice: bool, practice_port: int) -> str:
    from ordna.engine import clock
    from ordna.store import accounts

    link = accounts.new_link(accounts.ensure_person(PERSON, MERCHANT), clock.now())
    lines = [
        "",
        "Ordna runs. Sign in with this link; it works once, for 15 minutes:",
        "",
        f"    {os.environ['ORDNA_URL']}/sign-in/{link}",
        "",
    ]
    if practice:
        lines += [
            f"A practice shop with a month of orders stands at http://127.0.0.1:{practice_port}/",
            "Connect it on the page “Connections”; nothing there is real.",
            "",
        ]
    return "\n".join([*lines, "Another link: ordna sign-in     Stop: Ctrl-C"])


def _practice_shop(base_url: str) -> str:
    """How the pages reach the practice shop, once it is open."""
    told = json.loads(_until_it_answers(f"{base_url}/_practice/credentials", "The practice shop"))
    reached = {"base_url": base_url, "domain": told["shop_domain"], "token": told["access_token"]}
    return json.dumps({**reached, "secret": told["client_secret"]})


def _until_it_answers(url: str, who: str) -> bytes:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        try:
            with urlopen(url, timeout=2) as answer:
                return bytes(answer.read())
        except (URLError, OSError):
            time.sleep(0.2)
    raise OSError(f"{who} did not answer at {url} within {START_WITHIN_S:g} seconds.")


def _until_told_to_stop(supervisor: Supervisor) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: supervisor.stop())
    supervisor.watch(keep_running(say))
    supervisor.run()
