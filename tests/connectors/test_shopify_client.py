"""Calls to a shop over real HTTP: what each answer, fault and silence means, and what a call costs."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ordna.connectors.contract import Answer, Budget, Endpoint
from ordna.connectors.shopify.client import Client, Reply
from tests.connectors.canned_shop import COST, Answerer, CannedShop, Raw, canned_shop

OK = {"tagsAdd": {"node": {"id": "gid://shopify/Order/1"}, "userErrors": []}}
TAGS = {"id": "gid://shopify/Order/1", "tags": ["vip"]}


def client_of(shop: CannedShop, total_s: float = 3.0) -> Client:
    return Client(Endpoint(shop.url, "a.myshopify.com", "2026-10", token="shpat_canary"), total_s)


def mutate(answer: object, total_s: float = 3.0) -> Reply | Answer:
    with canned_shop(lambda *_: answer) as shop:
        return client_of(shop, total_s).call("add_tags", TAGS)


def query(answer: object, total_s: float = 3.0) -> Reply | Answer:
    with canned_shop(lambda *_: answer) as shop:
        return client_of(shop, total_s).call("shop", {})


def test_a_call_brings_data_points_and_the_shops_budget() -> None:
    assert mutate(dict(OK)) == Reply(OK, 10.0, Budget(1990.0, 2000.0, 100.0))


def test_calls_share_one_connection_and_send_the_token() -> None:
    with canned_shop(lambda *_: dict(OK)) as shop:
        client = client_of(shop)
        for _ in range(5):
            assert isinstance(client.call("add_tags", TAGS), Reply)
        assert shop.connections == 1
        assert shop.tokens == ["shpat_canary"] * 5
        client.close()


def throttled(available: float) -> dict[str, object]:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": 100.0}
    return {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": {"cost": {"requestedQueryCost": 52, "actualQueryCost": None, "throttleStatus": status}},
    }


def test_throttled_with_http_200_says_when_the_bucket_holds_enough() -> None:
    found = mutate(throttled(2.0))
    assert isinstance(found, Answer)
    assert (found.result, found.code, found.retry_after_s) == ("again", "throttled", 0.5)
    assert found.budget == Budget(2.0, 2000.0, 100.0)


def test_throttled_with_http_429_says_when_the_shop_said() -> None:
    found = mutate(Raw(429, b"slow down", {"Retry-After": "1.5"}))
    assert isinstance(found, Answer)
    assert (found.result, found.code, found.retry_after_s) == ("again", "throttled", 1.5)


HALF = json.dumps({"data": OK}).encode()
LOST: list[tuple[str, object, str]] = [
    ("500", Raw(500, b"{}"), "http_500"),
    ("502 with HTML", Raw(502, b"<html>Bad gateway</html>"), "http_502"),
    ("200 with HTML", Raw(200, b"<html>Hello</html>"), "unreadable_answer"),
    ("200 with nothing", Raw(200, b""), "unreadable_answer"),
    ("200 with half JSON", Raw(200, HALF[:-9]), "unreadable_answer"),
    ("200 with a list", Raw(200, b"[]"), "unreadable_answer"),
    ("204", Raw(204), "unreadable_answer"),
    ("not UTF-8", Raw(200, b'{"data":{"tagsAdd":"\xff"}}'), "unreadable_answer"),
    ("deep", Raw(200, b'{"data":{"a":' + b"[" * 100_000), "unreadable_answer"),
    ("reset before an answer", Raw(cut=0), "connection_lost"),
    ("cut inside the headers", Raw(body=HALF, cut=20), "unreadable_answer"),
    ("cut inside the body", Raw(body=HALF, cut=120), "connection_lost"),
    ("silence", Raw(silent=True), "timeout"),
    ("compressed", Raw(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}), "unreadable_answer"),
    ("6 MB", Raw(body=b" " * 6_000_000), "answer_too_long"),
    (
        "server error code",
        {"errors": [{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
        "internal_server_error",
    ),
]


@pytest.mark.parametrize(("case", "answer", "code"), LOST, ids=[case for case, _, _ in LOST])
def test_a_lost_answer_leaves_a_mutation_in_doubt_and_a_query_to_be_repeated(
    case: str, answer: object, code: str
) -> None:
    changed, asked = mutate(answer, 0.4), query(answer, 0.4)
    assert isinstance(changed, Answer)
    assert isinstance(asked, Answer)
    assert (changed.result, changed.code) == ("in_doubt", code)
    assert (asked.result, asked.code) == ("again", code)
    assert changed.sentence


def test_a_mutation_answered_with_null_and_no_reason_is_in_doubt_and_a_null_read_is_an_answer() -> None:
    changed = mutate({"tagsAdd": None})
    assert isinstance(changed, Answer)
    assert (changed.result, changed.code) == ("in_doubt", "unreadable_answer")
    assert isinstance(query({"shop": None}), Reply)


NOTHING_HAPPENED: list[tuple[str, object, str, str]] = [
    ("401", Raw(401, b"{}"), "again", "unauthorized"),
    ("402", Raw(402, b"{}"), "again", "no_access"),
    ("403", Raw(403, b"{}"), "again", "no_access"),
    ("404", Raw(404, b"{}"), "again", "no_access"),
    ("302 to a secret place", Raw(302, b"", {"Location": "http://169.254.169.254/"}), "again", "redirected"),
    ("400", Raw(400, b"{}"), "refused", "http_400"),
    (
        "no scope",
        {"errors": [{"message": "Access denied", "extensions": {"code": "ACCESS_DENIED"}}]},
        "refused",
        "access_denied",
    ),
    (
        "bad document",
        {"errors": [{"message": "Field 'x' doesn't exist", "extensions": {"code": "undefinedField"}}]},
        "refused",
        "bad_request",
    ),
]


@pytest.mark.parametrize(("case", "answer", "result", "code"), NOTHING_HAPPENED, ids=[c[0] for c in NOTHING_HAPPENED])
def test_an_answer_that_proves_nothing_happened_says_so(case: str, answer: object, result: str, code: str) -> None:
    found = mutate(answer)
    assert isinstance(found, Answer)
    assert (found.result, found.code) == (result, code)
    assert found.sentence


def test_data_beside_an_error_is_data() -> None:
    partial = {"data": dict(OK), "errors": [{"message": "staffMember", "extensions": {"code": "ACCESS_DENIED"}}]}
    assert isinstance(mutate(partial), Reply)


def test_a_redirect_is_not_followed() -> None:
    with canned_shop(lambda *_: Raw(302, b"", {"Location": "/elsewhere"})) as shop:
        client_of(shop).call("shop", {})
        assert len(shop.calls) == 1


def test_nobody_there_and_plain_http_abroad_mean_nothing_was_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for url, code in (
            (closed, "unreachable"),
            ("http://shop.example.com", "insecure_url"),
            ("nonsense", "insecure_url"),
        ):
            found = Client(Endpoint(url, "a", "2026-10", token="t")).call("add_tags", TAGS)
            assert isinstance(found, Answer)
            assert (found.result, found.code) == ("again", code)


def test_a_certificate_nobody_vouches_for_is_never_accepted(tmp_path: Path) -> None:
    with canned_shop(lambda *_: dict(OK), self_signed(tmp_path)) as shop:
        found = client_of(shop).call("add_tags", TAGS)
        assert isinstance(found, Answer)
        assert (found.result, found.code) == ("again", "tls")
        assert shop.calls == []


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "shop.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_connection_the_shop_closed_while_idle_is_replaced_before_anything_is_sent() -> None:
    with canned_shop(lambda *_: Raw(body=json.dumps({"data": OK}).encode(), cut=10_000)) as shop:
        client = client_of(shop)
        for _ in range(3):
            assert isinstance(client.call("add_tags", TAGS), Reply)
            time.sleep(0.05)
        assert shop.connections == 3


# --- client credentials ----------------------------------------------------------------------------------------


def granting(answer: object) -> tuple[list[str], Answerer]:
    granted: list[str] = []

    def respond(name: str, _: dict[str, object]) -> object:
        if name != "token":
            return answer
        granted.append(f"token {len(granted) + 1}")
        time.sleep(0.05)
        return {"access_token": granted[-1], "scope": "write_orders", "expires_in": 86399}

    return granted, respond


def credentials(url: str) -> Endpoint:
    return Endpoint(url, "a.myshopify.com", "2026-10", client_id="id", client_secret="secret")


def test_many_threads_ask_for_one_token_together() -> None:
    granted, respond = granting(dict(OK))
    with canned_shop(respond) as shop:
        client = Client(credentials(shop.url), 3.0)
        threads = [threading.Thread(target=client.call, args=("add_tags", TAGS)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert granted == ["token 1"]
        assert shop.tokens == ["token 1"] * 8
        assert shop.calls[0][1] == {"client_id": "id", "client_secret": "secret", "grant_type": "client_credentials"}


def test_a_token_revoked_early_is_renewed_once() -> None:
    granted, respond = granting(Raw(401, b"{}"))
    with canned_shop(respond) as shop:
        found = Client(credentials(shop.url), 3.0).call("add_tags", TAGS)
    assert isinstance(found, Answer)
    assert found.code == "unauthorized"
    assert granted == ["token 1", "token 2"]


def test_wrong_credentials_and_none_at_all_are_said_and_leak_nothing() -> None:
    with canned_shop(lambda *_: Raw(400, b'{"error":"application_cannot_be_found"}')) as shop:
        found = Client(credentials(shop.url), 3.0).call("shop", {})
    assert isinstance(found, Answer)
    assert (found.result, found.code) == ("again", "unauthorized")
    assert "secret" not in str(found.sentence).replace("client id and secret", "")
    none = Client(Endpoint("https://shop.example.com", "a", "2026-10")).call("shop", {})
    assert isinstance(none, Answer)
    assert none.code == "no_credentials"


def test_the_cost_of_a_call_is_what_it_took_and_nothing_is_invented_without_one() -> None:
    bare = {"data": dict(OK), "errors": [], "extensions": {}}
    assert mutate(bare) == Reply(OK)
    assert COST["actualQueryCost"] == 10
