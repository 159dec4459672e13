"""What an order's note said is not in the journal: only that there is one, and whether it is another one, by a hash
that dies with the person."""

from __future__ import annotations

from hashlib import blake2b

from ordna.core.order import decode_state
from ordna.engine.erase import Subject, erase
from ordna.store.sealing import PersonKey
from tests.engine.conftest import Shop, later, order_body

NOTE = "ring to Karen Holm"


def noted(shop: Shop, order_id: str = "7-5001") -> str | None:
    """What the order's state keeps of its note."""
    [(state,)] = shop.rows("select state from orders where order_id = %s", order_id)
    body = decode_state(state).order
    assert body is not None
    return body.note_digest


def test_a_note_is_told_from_another_and_from_itself(shop: Shop) -> None:
    shop.send("orders/create", order_body(note=NOTE))
    shop.step()
    first = noted(shop)
    shop.send("orders/updated", order_body(note=NOTE, updated_at=later(5)))
    shop.send("orders/updated", order_body(note=f"{NOTE}!", updated_at=later(6)))
    shop.step()
    assert shop.outcomes() == ["facts", "nothing", "facts"]
    assert noted(shop) not in (first, None)
    shop.send("orders/updated", order_body(note=NOTE, updated_at=later(7)))
    shop.step()
    assert noted(shop) == first


def test_nobody_can_test_a_guess_without_the_person_s_key(shop: Shop) -> None:
    for number in (5001, 5002):
        shop.send("orders/create", order_body(number, note=NOTE))
    shop.step()
    plain = blake2b(NOTE.encode(), digest_size=8).hexdigest()
    assert len({noted(shop), noted(shop, "7-5002"), plain}) == 3
    [(key,)] = shop.rows("select person_key from person where person_id = '7-5001'")
    person = PersonKey.unseal(shop.ring, key, "person key 1/7-5001")
    assert person.mark(plain) == noted(shop), "with the key one can: it is what an erasure destroys"
    data = [row[0] for row in shop.rows("select data::text from journal")]
    assert not any(plain in text for text in data)


def test_after_an_erasure_a_note_is_some_note_and_no_news(shop: Shop) -> None:
    shop.send("orders/create", order_body(note=NOTE))
    shop.step()
    before = noted(shop)
    erase(shop.database, shop.ring, 1, Subject(customer="5901"), by="ida", cause="asked here")
    shop.send("orders/updated", order_body(note="another", updated_at=later(5)))
    shop.step()
    assert (noted(shop), shop.outcomes()[-1]) == (before, "nothing")
    shop.send("orders/create", order_body(5002, note=NOTE, customer={"id": 5901}, email=None))
    shop.step()
    shop.send("orders/updated", order_body(5002, note=NOTE, customer={"id": 5901}, email=None, updated_at=later(6)))
    shop.step()
    assert shop.outcomes()[-1] == "nothing"


def test_only_a_batch_with_a_note_asks_for_keys(shop: Shop) -> None:
    shop.send("orders/create", order_body())
    shop.step()
    asked = []
    for minute, note in enumerate((None, None, NOTE)):
        shop.send("orders/updated", order_body(tags=f"tag {minute}", note=note, updated_at=later(5 + minute)))
        before = shop.database.statements
        shop.step()
        asked.append(shop.database.statements - before)
    assert asked[0] == asked[1] < asked[2]
