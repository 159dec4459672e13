"""Every column of every table, and what it may hold of a person. A test compares this with the database's catalogue: a
column that is added is declared here first.

RAW         what came from outside as it came: names people in clear; emptied on erasure, gone after its age
SEALED      names people, encrypted with a key that is deleted on erasure
FOUND_BY    keyed hashes that lead to a person; deleted on erasure
NUMBER      an outside system's number of a customer or a parcel: tells nobody anything but that system; stays
STAFF       names who works here: people of the merchant, not its customers
WORDS       written by the merchant's people, or the shop's own fields (tags, reasons, titles): nothing we parse of a
            customer goes there, and people are told not to write it there; stays
NONE        names nobody
"""

from __future__ import annotations

RAW, SEALED, FOUND_BY, NUMBER, STAFF, WORDS, NONE = (
    "raw", "sealed", "found by", "number", "staff", "words", "none",
)  # fmt: skip


def _table(none: str, **others: str) -> dict[str, str]:
    """Columns by what they hold; `none` lists, with blanks, those that name nobody."""
    return {**dict.fromkeys(none.split(), NONE), **others}


COLUMNS: dict[str, dict[str, str]] = {
    "merchant": _table("merchant_id name zone currency created_at"),
    "connection": _table(
        "merchant_id connection_id kind title domain base_url api_version mode live_since credentials webhook_secrets"
        " role facts subscribed last_webhook_at last_read_at created_at dark_since",
        last_error=WORDS,
    ),
    "address": _table("token merchant_id connection_id"),
    "policy": _table("merchant_id version flow activated_at", activated_by=STAFF),
    "lease": _table("merchant_id lane owner token until"),
    "inbox": _table(
        "merchant_id inbox_id received_at lane connection_id topic webhook_id order_hint handled_at outcome tries"
        " raw_bytes",
        headers=RAW,
        body=RAW,
        error=RAW,
    ),
    "seen": _table("merchant_id webhook_id body_hash first_at"),
    "orders": _table(
        "merchant_id order_id connection_id order_ref seq policy_version name name_key placed_at headline turn_step"
        " turn_owner turn_since turn_due attention open test currency total country payment trail updated_at erased_at"
        " person_id",
        state=WORDS,
        verdict=WORDS,
        customer=NUMBER,
        person_mark=FOUND_BY,
    ),
    "journal": _table(
        "merchant_id order_id seq kind version occurred_at recorded_at actor_kind policy_version",
        actor=STAFF,
        cause=STAFF,
        data=WORDS,
    ),
    "journal_object": _table(
        "merchant_id order_id seq object_kind object_id kind actor_kind occurred_at recorded_at previous seconds_since"
    ),
    "decision": _table(
        "merchant_id order_id seq_after seq_before at policy_version decision_id", cause=STAFF, changes=WORDS
    ),
    "step": _table("merchant_id order_id step part run status owner opened_at due_at ended_at late placed_at"),
    "task": _table(
        "merchant_id order_id task_key kind owner step part asks opened_at due_at closed_at order_name",
        title=WORDS,
        reason=WORDS,
        claimed_by=STAFF,
    ),
    "timer": _table("merchant_id order_id timer_key lane due_at fired_at outcome"),
    "effect": _table(
        "merchant_id order_id effect_key generation connection_id lane kind once status asked_at due_at sent_at"
        " attempts answered_at code reference points effect_no",
        body=SEALED,
        sentence=WORDS,
    ),
    "reread": _table("merchant_id connection_id order_ref lane urgency wanted_at not_before attempts why"),
    "part_owner": _table("merchant_id connection_id part order_ref"),
    "budget": _table("merchant_id connection_id available maximum restore_per_s updated_at"),
    "person": _table("merchant_id person_id person_key updated_at", sealed=SEALED, tokens=FOUND_BY),
    "person_token": _table("merchant_id placed_at order_id", token=FOUND_BY),
    "note": _table("merchant_id order_id note_id at", author=STAFF, sealed=SEALED),
    "switch": _table("merchant_id name value at"),
    "checkpoint": _table("merchant_id order_id seq hash trail written_at files", state=WORDS),
    "watch": _table(
        "merchant_id connection_id duty due_at owner token until begun_at good_at found missed failures progress",
        error=WORDS,
    ),
    "gap": _table(
        "merchant_id connection_id began_at cause noticed_at topics subscribed_at orders ended_at read_at closed_at"
    ),
    "process": _table("process kind version started_at beat_at rounds"),
    "tally": _table("name label total"),
    "erasure": _table("merchant_id erasure_id at cause marks done_at", asked_by=STAFF),
    "erased": _table("merchant_id mark at"),
    "privacy_request": _table(
        "merchant_id request_id connection_id kind received_at due_at taken_until done_at",
        subject=SEALED,
        asked_by=STAFF,
        outcome=STAFF,
    ),
    "location": _table("merchant_id location title priority active connection_id led_by"),
    "stock_item": _table(
        "merchant_id item sku title barcode bundle backorder expected_on connection_id inventory_item"
    ),
    "stock_component": _table("merchant_id item component units"),
    "stock_limit": _table("merchant_id item connection_id units"),
    "stock_level": _table(
        "merchant_id item location available committed incoming reserved damaged safety_stock quality_control on_hand"
        " updated_at"
    ),
    "stock_movement": _table(
        "merchant_id movement_id at item location available committed incoming reserved damaged safety_stock"
        " quality_control cause order_id line",
        moved_by=STAFF,
        note=WORDS,
    ),
    "reservation": _table(
        "merchant_id order_id line item location kind units connection_id cause release_rule made_at expires_at until"
    ),
    "label": _table(
        "merchant_id order_id label_id connection_id part order_name carrier service price currency weight_g bought_at"
        " stands stands_since handover",
        tracking=NUMBER,
        shipment=NUMBER,
    ),
    "label_file": _table("merchant_id order_id label_id form expires_at", sealed=SEALED),
    "parcel_batch": _table("merchant_id handover connection_id at", by=STAFF),
    "ordna_migration": _table("number name applied_at kind needs"),
}
"""What each column of each table of order data may hold. Sign-ins stand in the schema `site` and hold staff alone."""


def columns_of(*kinds: str) -> set[tuple[str, str]]:
    """(table, column) of these kinds."""
    return {(table, column) for table, held in COLUMNS.items() for column, kind in held.items() if kind in kinds}
