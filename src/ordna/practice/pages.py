"""The merchant's own admin, as far as practice needs one: orders, one order with its buttons, deliveries.

Plain HTML and CSS rendered here; forms post and come back. A status is a word with a shape, never a colour
alone. Everything that came from a buyer or a receiver is escaped by `text`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from ordna.practice import derive
from ordna.practice.bad_days import FAULTS
from ordna.practice.deeds import DEEDS
from ordna.practice.deliveries import Delivery
from ordna.practice.model import Address, Fulfillment, FulfillmentOrder, Order
from ordna.practice.runtime import PracticeShop, Told
from ordna.practice.totals import totals
from ordna.practice.trade import KINDS

PAGE_LENGTH = 50

_SHAPES = {
    "paid": "●", "fulfilled": "●", "delivered": "●", "success": "●",
    "pending": "○", "authorized": "◐", "unfulfilled": "○", "open": "○", "waiting": "○",
    "partially_fulfilled": "◐", "in_progress": "◐", "partially_refunded": "◐", "partially_paid": "◐",
    "on_hold": "■", "failed": "▲", "given up": "▲", "voided": "×", "refunded": "×", "cancelled": "×",
    "expired": "×", "closed": "●", "withdrawn": "×",
}  # fmt: skip

STYLE = Path(__file__).with_name("pages.css").read_text(encoding="utf-8")


def orders_page(shop: PracticeShop, page: int, said: str) -> str:
    """All orders, newest first, `page` counting from 1; the desk of the merchant."""
    orders = list(shop.world.orders.values())
    first = max(0, len(orders) - page * PAGE_LENGTH)
    shown = orders[first : len(orders) - (page - 1) * PAGE_LENGTH]
    rows = "".join(_order_row(shop, order) for order in reversed(shown))
    older = f'<a href="/?page={page + 1}">Older</a>' if first else ""
    newer = f'<a href="/?page={page - 1}">Newer</a>' if page > 1 else ""
    body = f"""<h1>Orders</h1>{_said(said)}{_pace(shop)}{_place()}
<section class="card scroll"><table><thead><tr><th>Order<th>Placed<th class="wide">Customer<th>Payment
<th>Fulfillment<th class="num">Total<th class="wide">Tags</tr></thead><tbody>{rows}</tbody></table>
<p class="row small"><span class="soft">{len(orders):,} orders</span>{newer}{older}</p></section>
{_credentials(shop)}"""
    return _page(shop, "Orders", body, refresh_s=0 if page > 1 else 20)


def order_page(shop: PracticeShop, order: Order, said: str) -> str:
    """One order: what was bought, what became of it, and the deeds the merchant may do."""
    lines = "".join(
        f"<tr><td>{text(line.title)} <span class=soft>{text(line.variant_title or '')}</span>"
        f"<td class=small><code>{text(line.sku or '')}</code>"
        f"<td class=num>{line.current_quantity} of {line.quantity}"
        f"<td class=num>{line.fulfilled} shipped<td class=num>{line.price.shop:,.2f}"
        for line in order.lines
    )
    lines += "".join(
        f"<tr><td class=soft>{text(shipping.title)}<td><td><td><td class=num>{shipping.price.shop:,.2f}"
        for shipping in order.shipping_lines
    )
    lines += "".join(f"<tr><td class=soft>Discount {text(discount.title)}<td><td><td>" for discount in order.discounts)
    story = "".join(_told(shop, told) for told in reversed(shop.story_of(order.id)))
    body = f"""<p class="small"><a href="/">All orders</a></p><h1>{text(order.name)}
<span class="soft small">{_when(shop, order.created_at)}</span></h1>{_said(said)}
<p class="row">{_statuses(order)}{'<span class="word warn">◆ test</span>' if order.test else ""}</p>
<section class="card"><h2>Do it in the shop's own admin</h2>{_deeds(order)}</section>
<div class="grid"><div><section class="card scroll"><h2>Lines</h2><table>{lines}</table>
<p class="num"><span class="soft">Total now</span> <b>{_total(order)}</b></p></section>{_parts(order)}
{_parcels(shop, order)}</div>
<div><section class="card"><h2>Customer</h2>{_customer(order)}{_privacy(order)}</section>
<section class="card"><h2>What happened</h2><ol>{story}</ol></section></div></div>"""
    return _page(shop, order.name, body)


def deliveries_page(shop: PracticeShop) -> str:
    """Who listens to what, and the last deliveries with what came of them."""
    counts = ", ".join(f"{number:,} {text(what)}" for what, number in sorted(shop.sender.desk.counts.items()))
    topics_by_address: dict[str, list[str]] = {}
    for one in shop.world.subscriptions.values():
        topics_by_address.setdefault(one.uri, []).append(one.topic)
    subscriptions = "".join(_listener(uri, topics) for uri, topics in topics_by_address.items())
    rows = "".join(_delivery(shop, delivery) for delivery in reversed(list(shop.sender.desk.log)[-120:]))
    body = f"""<h1>Webhooks</h1><section class="card scroll"><h2>Subscriptions</h2>
{subscriptions or _nobody_listens()}</section>
<section class="card scroll"><h2>Deliveries</h2><p class="soft small">{counts or "None yet."}
Waiting: {shop.sender.desk.waiting():,}.</p><table><thead><tr><th>Status<th>Topic<th>Order<th>Tries<th>Answer
<th>When</tr></thead><tbody>{rows}</tbody></table></section>"""
    return _page(shop, "Webhooks", body, refresh_s=10)


def bad_days_page(shop: PracticeShop, said: str) -> str:
    """What may go wrong, how often it shall, and how often it did."""
    days = shop.bad_days
    dark = days.dark_until is not None and days.is_dark(shop.world.now())
    state = f"The network is dark until {_when(shop, days.dark_until)}." if dark and days.dark_until else (
        "Bad days are on." if days.shares else "All days are good.")  # fmt: skip
    rows = "".join(
        f'<tr><td><label for="{name}">{text(name.replace("_", " "))}</label>'
        f'<br><span class="small soft">{text(what)}</span>'
        f'<td class=num><input type="number" id="{name}" name="percent.{name}" min="0" max="100" step="0.1"'
        f' value="{100 * days.shares.get(name, 0):g}"> %<td class=num>{days.counts[name]:,}'
        for name, (_, what) in FAULTS.items()
    )
    other = "".join(
        f"<dt>{text(name.replace('_', ' '))}<dd>{count:,}"
        for name, count in sorted(days.counts.items())
        if count and name not in FAULTS
    )
    body = f"""<h1>Bad days</h1>{_said(said)}
<section class="card row"><span>{state}</span>{_spoils("all", "on", "Every bad day")}
{_spoils("all", "off", "Good days")}{_spoils("rotate_secret", "1", "New client secret")}
<form method="post" action="/_practice/bad-days" class="row"><label>Dark for
<input type="number" name="blackout_hours" min="0" max="48" step="0.1" value="5"> hours</label>
<button>Black out</button></form></section>
<form method="post" action="/_practice/bad-days" class="card scroll"><table><thead><tr><th>What
<th class=num>Share<th class=num>Happened</tr></thead><tbody>{rows}</tbody></table>
<p><button class="first">Set</button></p></form>
{f'<section class="card"><h2>Also happened</h2><dl>{other}</dl></section>' if other else ""}"""
    return _page(shop, "Bad days", body)


def missing_page(shop: PracticeShop, sentence: str) -> str:
    """What a person sees who asked for something that is not there."""
    return _page(shop, "Not here", f'<h1>{text(sentence)}</h1><p><a href="/">All orders</a></p>')


def text(value: object) -> str:
    """Anything as harmless text."""
    return escape(str(value))


def status_word(status: str) -> str:
    """A status as a shape and a word."""
    key = status.lower()
    tone = " bad" if key in ("failed", "given up") else " warn" if key == "on_hold" else ""
    return f'<span class="word{tone}">{_SHAPES.get(key, "○")} {text(key.replace("_", " "))}</span>'


def _page(shop: PracticeShop, title: str, body: str, refresh_s: int = 0) -> str:
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">{refresh}
<title>{text(title)} · {text(shop.world.shop.name)}</title><style>{STYLE}</style></head><body>
<header><b>{text(shop.world.shop.name)}</b>
<span class="soft small">practice shop, nothing here is real</span>
<nav><a href="/">Orders</a><a href="/deliveries">Webhooks</a><a href="/bad-days">Bad days</a></nav></header>
<main>{body}</main></body></html>"""


def _said(said: str) -> str:
    return f'<p class="card said" role="status">{text(said)}</p>' if said else ""


def _pace(shop: PracticeShop) -> str:
    verb, label = ("resume", "Resume") if shop.is_paused else ("pause", "Pause")
    state = "The shop stands still." if shop.is_paused else "New orders come in by themselves."
    return f"""<section class="card row"><span>{state}</span>
<form method="post" action="/_practice/pace" class="row"><label>Orders per hour
<input type="number" name="orders_per_hour" min="0" max="20000" value="{shop.life.orders_per_hour:g}"></label>
<button>Set</button></form>
<form method="post" action="/_practice/{verb}"><button>{label}</button></form></section>"""


def _spoils(name: str, value: str, label: str) -> str:
    return (
        f'<form method="post" action="/_practice/bad-days"><input type="hidden" name="{name}" value="{value}">'
        f"<button>{label}</button></form>"
    )


def _place() -> str:
    kinds = "".join(f'<option value="{name}">{text(kind.words)}' for name, kind in KINDS.items())
    return f"""<form method="post" action="/_practice/orders" class="card row"><label>Place an order:
<select name="payment"><option>captured<option>authorized<option>pending
<option>declined first<option value="gift card">paid with a gift card<option>free</select></label>
<label>of the rarer trade: <select name="trade"><option value="">no{kinds}</select></label>
<label><input type="checkbox" name="incomplete_address" value="1"> address incomplete</label>
<label><input type="checkbox" name="high_value" value="1"> high value</label>
<label><input type="checkbox" name="test" value="1"> test</label>
<button class="first">Place it now</button></form>"""


def _credentials(shop: PracticeShop) -> str:
    rows = "".join(
        f"<dt>{text(name.replace('_', ' '))}<dd><code>{text(value)}</code>"
        for name, value in shop.credentials().items()
    )
    leave = "".join(
        f'<form method="post" action="/_practice/{name}"><button>{label}</button></form>'
        for name, label in (("uninstall", "Remove the app"), ("shop_redact", "Two days later: delete everything"))
    )
    return f"""<details class="card"><summary>How to connect</summary><dl>{rows}</dl></details>
<details class="card"><summary>How to part</summary><div class="row">{leave}</div></details>"""


def _order_row(shop: PracticeShop, order: Order) -> str:
    customer = order.customer
    name = f"{customer.first_name or ''} {customer.last_name or ''}" if customer else ""
    return (
        f'<tr><td><a href="/orders/{order.id}">{text(order.name)}</a>'
        f"<td class='small soft'>{_when(shop, order.created_at)}<td class=wide>{text(name)}"
        f"<td>{status_word(derive.financial_status(order))}<td>{status_word(_fulfillment_word(order))}"
        f"<td class=num>{_total(order)}<td class='wide small soft'>{text(', '.join(order.tags))}"
    )


def _statuses(order: Order) -> str:
    words = [derive.financial_status(order), _fulfillment_word(order)]
    words += ["closed"] if order.closed_at and not order.cancelled_at else []
    return "".join(status_word(word) for word in words)


def _fulfillment_word(order: Order) -> str:
    return "cancelled" if order.cancelled_at else derive.fulfillment_status(order)


def _deeds(order: Order) -> str:
    buttons = "".join(
        f'<form method="post" action="/_practice/orders/{order.id}/{name}"><button>{text(deed.label)}</button></form>'
        for name, deed in DEEDS.items()
        if deed.label and deed.is_open(order)
    )
    return f'<div class="row">{buttons or "<span class=soft>Nothing is left to do.</span>"}</div>'


def _parts(order: Order) -> str:
    rows = "".join(_part(part) for part in order.fulfillment_orders)
    waiting = "<p class='soft small'>Being routed to a location.</p>"
    table = f"<table>{rows}</table>" if rows else waiting
    return f'<section class="card scroll"><h2>Fulfillment orders</h2>{table}</section>'


_WAY_WORDS = {"PICK_UP": "to be fetched", "LOCAL": "for the bike courier", "RETAIL": "at the till", "NONE": "to send"}


def _part(part: FulfillmentOrder) -> str:
    holds = "; ".join(f"{h.reason.lower().replace('_', ' ')} ({h.app_title or 'a person'})" for h in part.holds)
    units = sum(line.remaining_quantity for line in part.lines)
    way = _WAY_WORDS.get(part.method_type, "to ship")
    return (
        f"<tr><td>{status_word(part.status)}<td>{text(part.location.name)}<td class=num>{units} {way}"
        f"<td class='small warn'>{text(holds)}"
    )


def _parcels(shop: PracticeShop, order: Order) -> str:
    if not order.fulfillments:
        return ""
    rows = "".join(_parcel(shop, parcel) for parcel in order.fulfillments)
    return f'<section class="card scroll"><h2>Parcels</h2><table>{rows}</table></section>'


def _parcel(shop: PracticeShop, parcel: Fulfillment) -> str:
    numbers = ", ".join(t.number for t in parcel.tracking if t.number)
    last = parcel.events[-1] if parcel.events else None
    where = status_word(last.status) if last else status_word(parcel.status)
    when = _when(shop, last.happened_at if last else parcel.created_at)
    return (
        f"<tr><td>{text(parcel.name)}<td>{where}<td class=small>{text(parcel.company or '')} "
        f"<code>{text(numbers)}</code><td class='small soft'>{when}"
    )


def _customer(order: Order) -> str:
    address = order.shipping_address
    note = f"<p class=small>Note: {text(order.note)}</p>" if order.note else ""
    return f"<p>{text(order.email or 'no mail address')}</p>{_address(address) if address else ''}{note}"


def _privacy(order: Order) -> str:
    asks = (("data_request", "Customer asks what is held"), ("redact", "Erase the customer"))
    return (
        '<div class="row">'
        + "".join(
            f'<form method="post" action="/_practice/orders/{order.id}/{name}"><button>{label}</button></form>'
            for name, label in asks
        )
        + "</div>"
    )


def _address(address: Address) -> str:
    lines: Iterable[str | None] = (
        f"{address.first_name or ''} {address.last_name or ''}".strip(),
        address.company,
        address.address1,
        address.address2,
        f"{address.zip or ''} {address.city or ''}".strip(),
        address.country,
    )
    return "<p class=small>" + "<br>".join(text(line) for line in lines if line) + "</p>"


def _told(shop: PracticeShop, told: Told) -> str:
    by = {"app": " · through the API", "admin": " · in the admin"}.get(told.by, "")
    return f"<li><span class='small soft'>{_when(shop, told.at)}{by}</span><br>{text(told.sentence)}"


def _delivery(shop: PracticeShop, delivery: Delivery) -> str:
    return (
        f"<tr><td>{status_word(delivery.status)}<td>{text(delivery.event.topic)}"
        f"<td>{text(delivery.event.order_name)}<td class=num>{delivery.attempts}"
        f"<td class=small>{text(delivery.answer)}"
        f"<td class='small soft'>{_when(shop, delivery.event.triggered_at)}"
    )


def _listener(uri: str, topics: list[str]) -> str:
    words = " ".join(f"<span class=word>{text(topic)}</span>" for topic in sorted(topics))
    return f"<p><code>{text(uri)}</code></p><p class='row small soft'>{words}</p>"


def _nobody_listens() -> str:
    return "<p class=soft>Nobody listens yet. Connect this shop in Ordna, and its webhooks appear here.</p>"


def _total(order: Order) -> str:
    return f"{totals(order).current_total.shop:,.2f} {text(order.currency)}"


def _when(shop: PracticeShop, moment: datetime) -> str:
    local = moment.astimezone(ZoneInfo(shop.world.shop.zone))
    return f'<time datetime="{moment.isoformat()}">{local:%d %b %H:%M}</time>'
