"""Order lines: all of them, or unknown. A line left out because of one bad field would be a lie about the order."""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation

from ordna.connectors.shopify.bodies import Line, Order
from ordna.connectors.shopify.money import unit_price
from ordna.connectors.shopify.readers import prose, require, text
from ordna.core.messages import LineSeen
from ordna.core.values import Problem


def lines_seen(body: Order, currency: str | None, problems: list[Problem]) -> tuple[LineSeen, ...] | None:
    """Every line in the source's order; None when the list, or the id or quantity of one line, can't be read."""
    if body.line_items is None:
        require(None, "line_items", problems)
        return None
    if not body.line_items:
        problems.append(Problem("empty_order", "line_items", "The order has no lines."))
        return ()
    lines: list[LineSeen] = []
    for at, line in enumerate(body.line_items):
        seen = _line_seen(line, at, body, currency, problems)
        if seen is not None:
            lines.append(seen)
    return tuple(lines) if len(lines) == len(body.line_items) else None


def _line_seen(line: Line, at: int, body: Order, currency: str | None, problems: list[Problem]) -> LineSeen | None:
    number, quantity = line.id, line.quantity
    if number is None or quantity is None:
        for name, value in (("id", number), ("quantity", quantity)):
            require(value, f"line_items[{at}].{name}", problems)
        return None
    gift_card = bool(line.gift_card)
    ships = line.requires_shipping is not False and not gift_card
    if line.variant_id is None and ships:
        sentence = "This line has no product variant: it was deleted in the shop, or typed in by hand."
        problems.append(Problem("unmapped", f"line_items[{at}].variant_id", sentence))
    _check_money(line, at, quantity, currency, problems)
    return LineSeen(
        id=str(number),
        title=text(line.title) or text(line.name) or "",
        quantity=quantity,
        current_quantity=_current(line, quantity, body),
        sku=_sku(line.sku, at, problems),
        variant=str(line.variant_id) if line.variant_id else None,
        price=unit_price(line.price, currency, f"line_items[{at}].price", problems) if line.price else None,
        ships=ships,
        gift_card=gift_card,
    )


def _current(line: Line, quantity: int, body: Order) -> int:
    """Units still wanted. Older bodies don't say; then the refunded units in the same body tell."""
    if line.current_quantity is not None:
        return line.current_quantity
    refunded = (each for refund in body.refunds or () for each in refund.refund_line_items or ())
    return max(0, quantity - sum(each.quantity or 0 for each in refunded if each.line_item_id == line.id))


def _sku(sku: str | None, at: int, problems: list[Problem]) -> str | None:
    clean = prose(sku)
    if clean is None or (clean.isascii() and clean.isprintable()):
        return clean
    hidden = next(
        (letter for letter in clean if unicodedata.category(letter) in ("Cf", "Cc", "Zs") and letter != " "),
        None,
    )
    if hidden is None:
        return clean
    shown = clean.replace(hidden, f"⟨U+{ord(hidden):04X}⟩")
    sentence = f"The article number {shown[:80]} holds a character nobody sees, so it names no article."
    problems.append(Problem("unknown_sku", f"line_items[{at}].sku", sentence))
    return None


def _check_money(line: Line, at: int, quantity: int, currency: str | None, problems: list[Problem]) -> None:
    shop = line.price_set.shop_money if line.price_set else None
    if shop is not None and currency and shop.currency_code and shop.currency_code != currency:
        path = f"line_items[{at}].price_set.shop_money.currency_code"
        problems.append(
            Problem(
                "currency_mismatch",
                path,
                f"The line is in {shop.currency_code[:8]}, the order in {currency}.",
            )
        )
    for tax_at, tax in enumerate(line.tax_lines or ()):
        if tax.rate is not None and not 0 <= tax.rate <= 1:
            path = f"line_items[{at}].tax_lines[{tax_at}].rate"
            problems.append(Problem("bad_tax_rate", path, f"A tax rate of {tax.rate:g} is {tax.rate:.0%}."))
    if line.total_discount and line.price and line.total_discount.strip("0.") and quantity:
        try:
            excess = Decimal(line.total_discount[:40]) > Decimal(line.price[:40]) * quantity
        except InvalidOperation:
            excess = False
            problems.append(
                Problem(
                    "bad_amount",
                    f"line_items[{at}].total_discount",
                    "This discount is not an amount like 1234.50.",
                )
            )
        if excess:
            sentence = f"The discount of {line.total_discount} is larger than the line it is given on."
            problems.append(Problem("discount_exceeds_line", f"line_items[{at}].total_discount", sentence))
