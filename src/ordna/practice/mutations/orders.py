"""Changing an order as a whole: details, tags, archive, cancellation, deletion."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from ordna.practice import derive
from ordna.practice.model import Cancellation, Job, Order
from ordna.practice.mutations.payments import refund_order, void_authorizations
from ordna.practice.mutations.placing import adjust_stock, close_empty, touch
from ordna.practice.mutations.refusal import Refused, UserError, refuse
from ordna.practice.world import World

MAX_STAFF_NOTE = 255


def update_order(world: World, order: Order, **changes: Any) -> Order:
    """Set attributes of the order: note, tags, email, phone, po_number, shipping_address, attributes."""
    for name, value in changes.items():
        setattr(order, name, value)
    touch(world, order)
    return order


def add_tags(world: World, order: Order, tags: list[str]) -> None:
    """Add tags; those it has (in any letter case) stay as they are. Tags are kept in alphabetical order."""
    known = {tag.lower() for tag in order.tags}
    fresh = [tag.strip() for tag in tags if tag.strip() and tag.strip().lower() not in known]
    if fresh:
        order.tags = sorted(dict.fromkeys([*order.tags, *fresh]), key=str.lower)
        touch(world, order)


def remove_tags(world: World, order: Order, tags: list[str]) -> None:
    gone = {tag.strip().lower() for tag in tags}
    left = [tag for tag in order.tags if tag.lower() not in gone]
    if left != order.tags:
        order.tags = left
        touch(world, order)


def close_order(world: World, order: Order) -> Order:
    """Archive the order; closing a closed order succeeds and changes nothing."""
    if order.closed_at is None:
        order.closed_at = world.now()
        touch(world, order)
    return order


def open_order(world: World, order: Order) -> Order:
    """Take the order out of the archive; opening an open order succeeds and changes nothing."""
    if order.closed_at is not None:
        order.closed_at = None
        touch(world, order)
    return order


def cancel_order(
    world: World,
    order: Order,
    reason: str,
    *,
    restock: bool,
    refund: bool = False,
    staff_note: str | None = None,
) -> Job:
    """Ask for a cancellation. The answer is a job; the order is cancelled when the job runs."""
    _may_cancel(world, order, staff_note)
    number = world.next_id("Job")
    job = Job(id=str(UUID(int=(0x5E55 << 112) | (0x4 << 76) | (0x8 << 60) | number)), kind="orderCancel")
    job.order_id = order.id
    job.cancellation = Cancellation(reason, restock, refund, staff_note)
    world.jobs[job.id] = job
    order.cancel_job_id = job.id
    world.later(world.job_delay, partial(_run_cancellation, world, order, job, job.cancellation))
    return job


def run_open_jobs(world: World) -> None:
    """Run the jobs that are not done yet, now."""
    for job in [job for job in world.jobs.values() if not job.done]:
        order = world.orders.get(job.order_id or 0)
        if order is None or job.cancellation is None:
            job.done = True
        else:
            _run_cancellation(world, order, job, job.cancellation)


def delete_order(world: World, order: Order) -> None:
    """Remove the order from the shop for good."""
    order.deleted = True
    world.orders.pop(order.id, None)
    for one in order.fulfillment_orders:
        world.fulfillment_orders.pop(one.id, None)
    for parcel in order.fulfillments:
        world.fulfillments.pop(parcel.id, None)
    world.changed("orders/delete", order)


def _may_cancel(world: World, order: Order, staff_note: str | None) -> None:
    if staff_note and len(staff_note) > MAX_STAFF_NOTE:
        sentence = f"Staff note is too long. Maximum length is {MAX_STAFF_NOTE} characters."
        raise refuse(sentence, "staffNote", code="INVALID")
    if order.cancelled_at:
        raise refuse("Cannot cancel an order that has already been canceled", "orderId", code="INVALID")
    if any(one.status == "SUCCESS" for one in order.fulfillments):
        raise refuse("Cannot cancel an order that has outstanding fulfillments", "orderId", code="INVALID")
    job = world.jobs.get(order.cancel_job_id or "")
    if job and not job.done:
        raise Refused(UserError("Cancellation is already in progress", None, "INVALID"))


def _run_cancellation(world: World, order: Order, job: Job, asked: Cancellation) -> None:
    job.done = True
    try:
        _may_cancel(world, order, None)
    except Refused as refused:
        job.errors = [(error.code or "INVALID", error.message) for error in refused.errors]
        return
    live = [one for one in order.fulfillment_orders if one.status in derive.LIVE]
    void_authorizations(world, order)
    if asked.refund:
        refund_order(world, order, restock=asked.restock)
    for one in live:
        for part in one.lines:
            if asked.restock:
                adjust_stock(world, part.line, one.location, part.remaining_quantity)
            part.remaining_quantity = 0
            part.total_quantity = 0
        close_empty(world, one)
        world.changed("fulfillment_orders/cancelled", one)
    for line in order.lines:
        line.removed = line.quantity - line.fulfilled
    order.cancelled_at = world.now()
    order.cancel_reason = asked.reason
    order.staff_note = asked.staff_note
    order.closed_at = order.cancelled_at
    touch(world, order)
    world.changed("orders/cancelled", order)
