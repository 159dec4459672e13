"""A merchant with a practice shop and a practice carrier outside, over real HTTP, and hands to do things singly."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ordna.core.messages import Pack, Pick, Ship
from ordna.core.order import OrderState, decode_state
from ordna.core.shipping import BuyLabel, Package, ParcelAddress
from ordna.engine import clock
from ordna.engine.carriers import Carriers
from ordna.engine.lanes import lane_of
from ordna.engine.policies import Policies
from ordna.engine.receive import Intake
from ordna.engine.requests import Accepted, Answered, Refused, ask
from ordna.practice.app import serve
from ordna.practice.carrier import desk
from ordna.practice.carrier.model import Parcel
from ordna.practice.carrier.server import ACCOUNT, SECRET, TOKEN, Carrier
from ordna.practice.runtime import PracticeShop, opened
from ordna.store import erasing, outbox
from ordna.store.carriers import file_place
from ordna.store.database import Database
from ordna.store.outbox import RereadRow
from ordna.store.persons import unseal_key
from ordna.store.sealing import Keyring
from tests.outside.conftest import House

SENDER = ParcelAddress("Ordna & Sons", ("Vestergade 1",), "8000", "Aarhus", "DK")
PARCEL = Package(1500, 300, 200, 100)


class ShippingHouse(House):
    """`buy` and the like are people's requests; nothing leaves before `send_effects`."""

    shop: PracticeShop
    post: Carrier
    carrier_id: int
    carriers: Carriers

    def open_all(self, shop: PracticeShop, post: Carrier) -> None:
        """Connect both."""
        self.shop, self.post = shop, post
        shop.world.apps[0].static_token = "t"
        self.set_up(Reached(shop.base_url))  # type: ignore[arg-type]
        self.carriers = Carriers(self.database, self.ring)
        self.connect()

    def connect(self) -> None:
        """Connect the carrier; it is told a webhook address that nobody serves."""
        url, here = self.post.base_url, "http://127.0.0.1:9"
        made = self.carriers.connect(self.merchant_id, "practice_post", url, ACCOUNT, TOKEN, SENDER, here)
        self.carrier_id = made[0]
        self.post.desk.url = ""  # what it tells is carried by `told`

    def order(self) -> tuple[str, str]:
        """A plain order is placed in the shop and read: one fulfillment order, nothing that holds it; (its id, its
        fulfillment order)."""
        while True:
            placed = self.shop_says("POST", "/_practice/orders", {})
            state = self._read_when_routed(str(placed["id"]))
            if len(state.parts) == 1 and not state.holds and state.address_complete:
                return f"{self.connection_id}-{placed['id']}", state.parts[0].id
            with self.database.engine([self.merchant_id]) as conn:
                for table in erasing.ORDER_TABLES:
                    conn.execute(f"delete from {table} where merchant_id = 1".encode())
                conn.execute(b"delete from part_owner where merchant_id = 1")
                conn.execute(b"delete from person_token where merchant_id = 1")
                conn.execute(b"delete from person where merchant_id = 1")

    def shop_says(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the practice shop's controls."""
        raw = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.shop.base_url}{path}", raw, method=method)
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def _read_when_routed(self, ref: str) -> OrderState:
        order_id = f"{self.connection_id}-{ref}"
        return self.until_read(ref, lambda: bool(self.state(order_id).parts))

    def until_read(self, ref: str, holds: Any) -> OrderState:
        """Read the order again until something holds of it: the shop takes its time."""
        until = time.monotonic() + 20
        self.read(ref)
        while not holds():
            assert time.monotonic() < until, "the shop does it within seconds"
            time.sleep(0.2)
            self.read(ref)
        return self.state(f"{self.connection_id}-{ref}")

    def cancelled(self, order_id: str) -> None:
        """The order is cancelled in the shop, and that is known."""
        self.settle()
        self.until_read(order_id.partition("-")[2], lambda: self.state(order_id).cancelled)

    def read(self, ref: str) -> None:
        """The order is read again and taken in."""
        row = RereadRow(self.merchant_id, self.connection_id, ref, lane_of(ref), 0, clock.now(), "test")
        with self.database.engine([self.merchant_id]) as conn:
            outbox.want_rereads(conn, [row])
        self.read_again()
        self.work()

    def state(self, order_id: str) -> OrderState:
        """The order as it stands."""
        return decode_state(self.rows("select state from orders where order_id = %s", order_id)[0][0])

    def asked(self, order_id: str, request: Any) -> Answered:
        """What came of a person's request."""
        return ask(self.database, Policies(self.ring), self.merchant_id, order_id, request, "jane", at=clock.now())

    def buy(self, order_id: str, part: str, **changes: Any) -> Answered:
        """A label is asked for."""
        wish = {"part": part, "connection": self.carrier_id, "service": "home", "package": PARCEL, **changes}
        return self.asked(order_id, BuyLabel(**wish))

    def settle(self) -> None:
        """Send all that is due and take in the answers, until nothing moves."""
        while self.send_effects() or self.work():
            pass

    def parcels(self) -> list[Parcel]:
        """What the carrier sold."""
        return list(self.post.post.parcels.values())

    def told(self, parcel: Parcel, status: str, times: int = 1) -> list[int]:  # type: ignore[override]
        """The carrier tells of a parcel by signed webhook; what the intake answered."""
        self.post.advance()
        told = self.post.post.tell(parcel, status)
        return [self.deliver(desk.body_of(told), told.event.id) for _ in range(times)]

    def deliver(self, body: bytes, event_id: str, secret: str = SECRET) -> int:
        """A webhook of the carrier's at our address."""
        token = self.rows("select token from address where connection_id = %s", self.carrier_id)[0][0]
        headers = self.post.desk.headers(desk.Delivery(event_id, body))
        headers["X-Practice-Post-Signature"] = desk.signature(body, secret)
        return asyncio.run(_delivered(Intake(self.database, self.ring), f"/webhooks/{token}", headers, body))

    def journal(self, order_id: str, *kinds: str) -> list[str]:
        """The kinds of the order's events, or of those only."""
        rows = self.rows("select kind from journal where order_id = %s order by seq", order_id)
        return [row[0] for row in rows if not kinds or row[0] in kinds]


class Reached:
    """What a house must know of a shop."""

    def __init__(self, url: str) -> None:
        self.url = url


async def _delivered(intake: Intake, path: str, headers: dict[str, str], body: bytes) -> int:
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        answers.append(dict(message))

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await intake({"type": "http", "method": "POST", "path": path, "headers": raw}, receive, send)
    return int(answers[0]["status"])


@contextmanager
def practice_shop() -> Iterator[PracticeShop]:
    """A practice shop with one day behind it and no new buyers, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shop = opened(seed=1, history_days=0, orders_per_day=1, orders_per_hour=0)
    shop.base_url = f"http://127.0.0.1:{port}"
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(shop, "127.0.0.1", port, stopping)))
    thread.start()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        except OSError:
            time.sleep(0.05)
    yield shop
    loop.call_soon_threadsafe(stopping.set)
    thread.join(timeout=10)


def house_of(database: Database, dsn: str, ring: Keyring, shop: PracticeShop, post: Carrier) -> ShippingHouse:
    """The house, everything connected."""
    made = ShippingHouse(database, dsn, ring)
    made.open_all(shop, post)
    return made


def refusal(answer: Any) -> str:
    """The code of a refusal."""
    assert isinstance(answer, Refused), answer
    return answer.refusal.code


def bought(house: ShippingHouse, order: str, part: str) -> None:
    """A label was asked for, and all that followed has happened."""
    assert isinstance(house.buy(order, part), Accepted)
    house.settle()


def ship(house: ShippingHouse, order: str, part: str, **given: Any) -> None:
    """The part is picked, packed and shipped, and the shop's picture of it is read."""
    for request in (Pick(part), Pack(part), Ship(part, **given)):
        assert isinstance(house.asked(order, request), Accepted)
    house.settle()
    house.read(order.partition("-")[2])


def printed(house: ShippingHouse, order: str, label: str, form: str) -> bytes:
    """What was kept of a label, opened."""
    sealed = house.rows("select sealed from label_file where label_id = %s and form = %s", label, form)[0][0]
    key = house.rows("select person_key from person where person_id = %s", order)[0][0]
    return unseal_key(house.ring, bytes(key), (1, order)).open(bytes(sealed), file_place((1, order), label, form))
