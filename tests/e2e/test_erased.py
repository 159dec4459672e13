"""A customer is redacted at the shop: no table, no file, no log tells who they were, every journal folds as before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ordna.store.packing import unpack
from tests.e2e.conftest import Observed, awaited
from tests.engine.test_erase import hits

ONE_DAY = pytest.mark.parametrize("observed", [(4, 12)], indirect=True)


def bodies(running: Observed) -> list[tuple[str, Any]]:
    """(order, body) of every order that was read."""
    rows = running.rows(
        "select order_hint, body, raw_bytes from inbox where topic = 'ordna/read' and octet_length(body) > 9"
    )
    return [(ref, json.loads(unpack(body, raw_bytes))["order"]) for ref, body, raw_bytes in rows]


def told_apart(running: Observed) -> tuple[str, list[str]]:
    """An order, and what is written about its customer and about nobody else."""
    read = bodies(running)
    for ref, order in read:
        address, customer = order.get("shippingAddress") or {}, order.get("customer") or {}
        told = {order.get("email"), order.get("phone"), address.get("name"), address.get("address1"), order.get("note")}
        others = [json.dumps(each) for _, each in read if (each.get("customer") or {}).get("id") != customer.get("id")]
        own = [
            text for text in told if text and len(text) > 6 and text.isascii() and not any(text in o for o in others)
        ]
        if len(own) >= 3 and order.get("email") in own:
            return ref, own
    raise AssertionError("everybody is like somebody else")


def in_files(folder: Path, strings: list[str]) -> list[tuple[Path, str]]:
    """Every file below the folder that holds one of these."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert found
    return [(path, text) for path in found for text in strings if text.lower().encode() in path.read_bytes().lower()]


@ONE_DAY
def test_after_a_redaction_nothing_tells_who_it_was(observed: Observed) -> None:
    ref, strings = told_apart(observed)
    assert {table for table, _, _ in hits(observed, *strings)} == {"inbox"}
    before = observed.run("replay").stdout
    observed.practice.post(f"/_practice/orders/{ref}/redact")
    done = "select count(*) from privacy_request where kind = 'redact' and done_at is not null"
    awaited("the customer is erased", lambda: observed.one(done), 60)
    assert hits(observed, *strings) == []
    home = Path(observed.environment["ORDNA_HOME"])
    assert in_files(home, strings) == [] and (home / "erasures.jsonl").exists()
    assert not any(text in line for text in strings for line in observed.said)
    assert observed.run("replay").stdout == before
    observed.prove_journal()
    listed = observed.run("erasures").stdout
    assert "customers/redact" in listed and not any(text in listed for text in strings)
    assert "All that was erased is erased." in observed.run("erasures", "--reapply").stdout


@ONE_DAY
def test_the_operator_erases_by_address_and_a_shop_that_parts_is_deleted(observed: Observed) -> None:
    ref, strings = told_apart(observed)
    email = next(text for text in strings if "@" in text)
    assert observed.run("erase", "--email", "nobody@example.com", "--yes").returncode == 1
    said = observed.run("erase", "--email", email, "--yes")
    assert said.returncode == 0 and "lost the person" in said.stdout, said.stderr
    assert observed.one("select count(*) from orders where order_ref = %s and erased_at is not null", ref) == 1
    assert [hit for hit in hits(observed, *strings) if hit[2] == email] == []
    observed.practice.post("/_practice/uninstall")
    awaited("the connection is gone", lambda: observed.one("select mode = 'gone' from connection"), 60)
    observed.practice.post("/_practice/shop_redact")
    awaited("nothing of the shop is left", lambda: observed.one("select count(*) from connection") == 0, 60)
    assert observed.one("select count(*) from orders") == observed.one("select count(*) from inbox") == 0
    observed.prove_journal()
