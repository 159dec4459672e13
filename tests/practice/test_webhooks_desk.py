"""The delivery desk: retries over four hours, the deleted subscription, stages that may spoil a delivery."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ordna.practice.deliveries import (
    RETRY_DELAYS_S,
    Delivery,
    DeliveryDesk,
    Event,
    Target,
    copy_due,
    headers_for,
    signature,
)

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TARGET = Target(subscription_id=7, uri="https://receiver.example/hook", name="orders")


def event(number: int = 1, at: datetime = NOON) -> Event:
    return Event(f"event-{number}", "orders/create", b'{"id":1001}', at, order_id=1001, order_name="#1001")


def desk_with_log() -> tuple[DeliveryDesk, list[int]]:
    deleted: list[int] = []
    return DeliveryDesk(delete_subscription=deleted.append), deleted


def test_a_good_answer_ends_a_delivery() -> None:
    desk, deleted = desk_with_log()
    desk.announce(event(), TARGET)
    (delivery,) = desk.take_due(NOON, limit=10)
    desk.answered(delivery, 200, "", NOON)
    assert (delivery.status, desk.waiting(), deleted) == ("delivered", 0, [])


def test_a_redirect_is_a_failure() -> None:
    desk, _ = desk_with_log()
    desk.announce(event(), TARGET)
    (delivery,) = desk.take_due(NOON, limit=10)
    desk.answered(delivery, 302, "", NOON)
    assert (delivery.status, delivery.answer, desk.waiting()) == ("failed", "answered 302", 1)


def test_eight_retries_within_four_hours_then_the_subscription_is_deleted() -> None:
    desk, deleted = desk_with_log()
    desk.announce(event(), TARGET)
    tries = _fail_until_given_up(desk)
    assert len(tries) == 1 + 8
    assert tries[-1] - tries[0] == timedelta(hours=4)
    assert deleted == [7]
    assert desk.log[-1].status == "given up"


def test_a_success_on_the_last_retry_keeps_the_subscription() -> None:
    desk, deleted = desk_with_log()
    desk.announce(event(), TARGET)
    now = NOON
    for delay_s in RETRY_DELAYS_S:
        (delivery,) = desk.take_due(now, limit=1)
        desk.answered(delivery, 500, "", now)
        now += timedelta(seconds=delay_s)
    (delivery,) = desk.take_due(now, limit=1)
    desk.answered(delivery, 204, "", now)
    assert (delivery.status, deleted) == ("delivered", [])


def test_a_retry_repeats_id_body_and_address() -> None:
    desk, _ = desk_with_log()
    desk.announce(event(), TARGET)
    (first,) = desk.take_due(NOON, limit=1)
    before = (first.webhook_id, first.event.body, first.target.uri)
    desk.answered(first, 503, "", NOON)
    assert desk.take_due(NOON + timedelta(seconds=59), limit=1) == []
    (again,) = desk.take_due(NOON + timedelta(seconds=60), limit=1)
    assert (again.webhook_id, again.event.body, again.target.uri) == before


def test_what_waits_for_a_deleted_subscription_is_withdrawn() -> None:
    desk, _ = desk_with_log()
    desk.announce(event(1), TARGET)
    later = NOON + timedelta(minutes=1)
    desk.announce(event(2, at=later + timedelta(hours=3, minutes=59)), TARGET)
    _fail_until_given_up(desk, only="event-1")
    assert desk.take_due(NOON + timedelta(days=1), limit=9) == []
    assert [d.status for d in desk.log] == ["given up", "withdrawn"]


def test_two_subscriptions_share_the_event_and_not_the_delivery_id() -> None:
    desk, _ = desk_with_log()
    desk.announce(event(), TARGET)
    desk.announce(event(), Target(8, "https://receiver.example/other"))
    first, second = desk.take_due(NOON, limit=10)
    assert first.event.event_id == second.event.event_id
    assert first.webhook_id != second.webhook_id


def test_stages_may_drop_double_or_delay() -> None:
    def drop_second(delivery: Delivery) -> list[Delivery]:
        return [] if delivery.event.event_id == "event-2" else [delivery]

    def double_third(delivery: Delivery) -> list[Delivery]:
        late = copy_due(delivery, delivery.due_at + timedelta(minutes=5))
        return [delivery, late] if delivery.event.event_id == "event-3" else [delivery]

    desk, _ = desk_with_log()
    desk.stages = [drop_second, double_third]
    for number in (1, 2, 3):
        desk.announce(event(number), TARGET)
    now = [d.event.event_id for d in desk.take_due(NOON, limit=10)]
    later = [d.event.event_id for d in desk.take_due(NOON + timedelta(minutes=5), limit=10)]
    assert (now, later) == (["event-1", "event-3"], ["event-3"])


def test_headers_name_everything_a_receiver_asks_for() -> None:
    desk, _ = desk_with_log()
    (delivery,) = desk.announce(event(), TARGET)
    headers = headers_for(delivery, "practice-shop.myshopify.com", "2026-10", "secret")
    assert headers == {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": "practice-shop.myshopify.com",
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Webhook-Id": delivery.webhook_id,
        "X-Shopify-Event-Id": "event-1",
        "X-Shopify-Triggered-At": "2026-11-02T12:00:00.000000000Z",
        "X-Shopify-Order-Id": "1001",
        "X-Shopify-Test": "false",
        "X-Shopify-Name": "orders",
        "X-Shopify-Hmac-Sha256": signature(delivery.event.body, "secret"),
    }


def test_only_order_topics_name_their_order_in_the_headers() -> None:
    # Shopify's tiny fulfillment order bodies leave a receiver with the fulfillment order's id alone.
    desk, _ = desk_with_log()
    topic = "fulfillment_orders/order_routing_complete"
    (delivery,) = desk.announce(Event("event-1", topic, b"{}", NOON, order_id=1001), TARGET)
    assert "X-Shopify-Order-Id" not in headers_for(delivery, "practice-shop.myshopify.com", "2026-10", "secret")


def test_signature_is_the_published_hmac() -> None:
    # Computed once by: printf '{"id":1001}' | openssl dgst -sha256 -hmac secret -binary | base64
    assert signature(b'{"id":1001}', "secret") == "BrHPbUaOzoLIYdWT86hZL8QcozLNnq+1W0jxD3esLnQ="


def _fail_until_given_up(desk: DeliveryDesk, only: str | None = None) -> list[datetime]:
    now, tries = NOON, []
    while (due_at := desk.next_due_at()) is not None:
        now = max(now, due_at)
        for delivery in desk.take_due(now, limit=1):
            tries.append(now)
            desk.answered(delivery, 500, "", now)
            if only and delivery.status == "given up":
                return tries
    return tries
