"""Reads in: a stored Admin GraphQL answer to a snapshot.

The order's node is folded into the shape of a webhook body, and from there both go the same way (`facets`): that is
why a webhook and a read of one order cannot differ in meaning. Fulfillment orders and risk have no webhook body of
their own; they are told here, with the moment the read began as their version.

Absence means something only when the last page was read: lines that are not complete are unknown, and the parts say
`complete=False`. A parcel or a refund with lines missing is left out, with a problem.
"""

from __future__ import annotations

from datetime import datetime

from ordna.connectors.contract import Translation, Unusable
from ordna.connectors.shopify import bodies, nodes, words
from ordna.connectors.shopify.decoding import decode
from ordna.connectors.shopify.facets import transaction_seen, units_seen
from ordna.connectors.shopify.readers import Problems, id_of, known, moment, require, text
from ordna.connectors.shopify.snapshots import kept, order_facets
from ordna.core.messages import OutsideHold, PartSeen, PartsSeen, Quantity, RiskSeen, Snapshot
from ordna.core.values import Problem

OUR_HANDLES = "ordna-"
_RISK_RANK = ("none", "low", "medium", "pending", "high")


def translate_read(body: bytes, received_at: datetime, client_id: str | None) -> Translation:
    """A stored read, `{"began_at": ..., "order": {...}}`, as a snapshot with `by_read`; `{"order": null, "gone": "51"}`
    says that the shop has the order no more."""
    decoded = decode(body, nodes.Read)
    read, problems = decoded.body, decoded.problems
    if read is not None and read.order is None and read.gone:
        return Snapshot(read.gone, deleted=True, by_read=True)
    order = read.order if read else None
    number = _number(order.id) if order else None
    if read is None or order is None or number is None:
        if read is not None or not problems:
            require(None, "order.id", problems)
        return Unusable(tuple(problems))
    began_at = moment(read.began_at, "began_at", problems, required=True)
    folded = _folded(order, number, problems)
    seen = order_facets(folded, received_at, problems)
    moved = [
        transaction_seen(_transaction(each), f"order.transactions[{at}].", problems)
        for at, each in enumerate(order.transactions or ())
    ]
    return Snapshot(
        str(number),
        **{**seen, "transactions": kept(moved)},
        parts=_parts(order.fulfillment_orders, began_at, client_id, problems) if began_at else None,
        risk=_risk(order.risk, began_at, problems) if began_at else None,
        problems=tuple(problems),
        by_read=True,
    )


# --- the order's node in the shape of a webhook body ---------------------------------------------------------


def _folded(order: nodes.Order, number: int, problems: Problems) -> bodies.Order:
    total = _money_set(order.total_price_set)
    return bodies.Order(
        id=number,
        name=order.name,
        updated_at=order.updated_at,
        created_at=order.created_at,
        processed_at=order.processed_at,
        cancelled_at=order.cancelled_at,
        closed_at=order.closed_at,
        cancel_reason=_lower(order.cancel_reason),
        currency=order.currency_code,
        presentment_currency=order.presentment_currency_code,
        total_price=total.shop_money.amount if total and total.shop_money else None,
        total_price_set=total,
        financial_status=_lower(order.display_financial_status),
        payment_terms=_terms(order.payment_terms),
        company=_company(order.purchasing_entity),
        po_number=order.po_number,
        test=order.test,
        source_name=order.source_name,
        email=order.email,
        phone=order.phone,
        tags=",".join(order.tags or ()),
        note=order.note,
        customer=_customer(order.customer),
        shipping_address=_address(order.shipping_address),
        billing_address=_address(order.billing_address),
        shipping_lines=[bodies.ShippingLine(order.shipping_line.title, order.shipping_line.is_removed)]
        if order.shipping_line
        else [],
        line_items=_lines(order.line_items, problems),
        fulfillments=[_fulfillment(each, at, problems) for at, each in enumerate(order.fulfillments or ())],
        refunds=[_refund(each, at, problems) for at, each in enumerate(order.refunds or ())],
    )


def _customer(customer: nodes.Customer | None) -> bodies.Customer | None:
    if customer is None:
        return None
    return bodies.Customer(_number(customer.id), customer.first_name, customer.last_name)


def _terms(terms: nodes.Terms | None) -> bodies.Terms | None:
    if terms is None:
        return None
    schedules = terms.payment_schedules.nodes if terms.payment_schedules else None
    return bodies.Terms(terms.payment_terms_name, [bodies.Schedule(each.due_at) for each in schedules or ()])


def _company(buyer: nodes.Buyer | None) -> bodies.Company | None:
    number = _number(buyer.company.id) if buyer and buyer.company else None
    return bodies.Company(number) if number else None


def _address(address: nodes.Address | None) -> bodies.Address | None:
    if address is None:
        return None
    return bodies.Address(
        name=address.name,
        first_name=address.first_name,
        last_name=address.last_name,
        company=address.company,
        address1=address.address1,
        address2=address.address2,
        zip=address.zip,
        city=address.city,
        province_code=address.province_code,
        country_code=address.country_code_v2,
        phone=address.phone,
    )


def _lines(page: nodes.Lines | None, problems: Problems) -> list[bodies.Line] | None:
    if page is None or page.nodes is None or not _is_last(page.page_info, "order.lineItems", problems):
        return None
    return [
        bodies.Line(
            id=_number(line.id),
            title=line.title,
            name=line.name,
            quantity=line.quantity,
            current_quantity=line.current_quantity,
            sku=line.sku,
            variant_id=_number(line.variant.id) if line.variant else None,
            price=price.shop_money.amount if (price := line.original_unit_price_set) and price.shop_money else None,
            price_set=_money_set(line.original_unit_price_set),
            requires_shipping=line.requires_shipping,
            gift_card=line.is_gift_card,
        )
        for line in page.nodes
    ]


def _fulfillment(fulfillment: nodes.Fulfillment, at: int, problems: Problems) -> bodies.Fulfillment:
    tracking = fulfillment.tracking_info or ()
    path = f"order.fulfillments[{at}].fulfillmentLineItems"
    pairs = _unit_pairs(fulfillment.fulfillment_line_items, path, problems)
    return bodies.Fulfillment(
        id=_number(fulfillment.id),
        status=_lower(fulfillment.status),
        shipment_status=_progress_told(fulfillment.display_status),
        created_at=fulfillment.created_at,
        updated_at=fulfillment.updated_at,
        tracking_company=next((info.company for info in tracking if info.company), None),
        tracking_numbers=[info.number for info in tracking if info.number],
        location_id=_number(fulfillment.location.id) if fulfillment.location else None,
        line_items=None if pairs is None else [bodies.Units(line, units) for line, units in pairs],
    )


def _progress_told(display: str | None) -> str | None:
    """The display status where it is what a carrier reported. A webhook tells reports only: that a buyer fetched the
    goods shows in the read's word alone, and follows for us from the way the part is delivered."""
    return None if display == "PICKED_UP" else _lower(display)


def _refund(refund: nodes.Refund, at: int, problems: Problems) -> bodies.Refund:
    pairs = _unit_pairs(refund.refund_line_items, f"order.refunds[{at}].refundLineItems", problems)
    return bodies.Refund(
        # Without its number the refund is left out: its lines are not all there, and a part of them would be a lie.
        id=_number(refund.id) if pairs is not None else None,
        created_at=refund.created_at,
        processed_at=refund.processed_at,
        refund_line_items=[bodies.RefundLine(line, units) for line, units in pairs or ()],
        total_refunded_set=_money_set(refund.total_refunded_set),
    )


def _transaction(transaction: nodes.Transaction) -> bodies.Transaction:
    money = transaction.amount_set.presentment_money if transaction.amount_set else None
    return bodies.Transaction(
        id=_number(transaction.id),
        kind=_lower(transaction.kind),
        status=_lower(transaction.status),
        amount=money.amount if money else None,
        currency=money.currency_code if money else None,
        gateway=transaction.gateway,
        parent_id=_number(transaction.parent_transaction.id) if transaction.parent_transaction else None,
        created_at=transaction.created_at,
        processed_at=transaction.processed_at,
        authorization_expires_at=transaction.authorization_expires_at,
    )


# --- what only a read tells ----------------------------------------------------------------------------------


def _parts(page: nodes.Parts | None, began_at: datetime, client_id: str | None, problems: Problems) -> PartsSeen | None:
    if page is None or page.nodes is None:
        require(None, "order.fulfillmentOrders", problems)
        return None
    seen = [_part(part, at, client_id, problems) for at, part in enumerate(page.nodes)]
    complete = _is_last(page.page_info, "order.fulfillmentOrders", problems) and None not in seen
    return PartsSeen(began_at, kept(seen), complete)


def _part(part: nodes.Part, at: int, client_id: str | None, problems: Problems) -> PartSeen | None:
    path = f"order.fulfillmentOrders.nodes[{at}]"
    status = known(_lower(part.status), words.PARTS, f"{path}.status", problems, required=True)
    number = id_of(part.id)
    require(number, f"{path}.id", problems)
    page = part.line_items
    if page is None or page.nodes is None or not _is_last(page.page_info, f"{path}.lineItems", problems):
        require(None, f"{path}.lineItems", problems)
        return None
    owned = [(_number(line.line_item.id) if line.line_item else None, line) for line in page.nodes]
    lines = units_seen(
        [(id_, line.total_quantity) for id_, line in owned], f"{path}.lineItems.nodes", "lineItem", problems
    )
    remaining = units_seen(
        [(id_, line.remaining_quantity) for id_, line in owned],
        f"{path}.lineItems.nodes",
        "lineItem",
        problems,
    )
    if number is None or status is None or lines is None or remaining is None:
        return None
    where, method = part.assigned_location, part.delivery_method
    return PartSeen(
        id=number,
        status=status,
        lines=lines,
        remaining=remaining,
        location=id_of(where.location.id) if where and where.location else None,
        location_name=text(where.name) if where else None,
        request_status=_lower(part.request_status),
        delivery_method=_lower(method.method_type) if method else None,
        holds=tuple(
            OutsideHold(
                id_of(hold.id) or "",
                _lower(hold.reason) or "other",
                text(hold.handle),
                _is_ours(hold, client_id),
            )
            for hold in part.fulfillment_holds or ()
        ),
        refs=_own_ids(owned, lines),
    )


def _own_ids(owned: list[tuple[int | None, nodes.PartLine]], lines: tuple[Quantity, ...]) -> tuple[str, ...]:
    """The part's own ids of these lines; none unless each line has exactly one."""
    by_line = {str(line): id_of(node.id) or "" for line, node in owned if node.total_quantity}
    refs = tuple(by_line.get(each.line, "") for each in lines)
    return refs if all(refs) and len(refs) == sum(1 for _, node in owned if node.total_quantity) else ()


def _is_ours(hold: nodes.Hold, client_id: str | None) -> bool:
    """Shopify says whose hold it is; where it does not, our app's key or our handle tells."""
    if hold.held_by_requesting_app is not None:
        return hold.held_by_requesting_app
    app = hold.held_by_app
    if app is not None and client_id is not None and client_id in (app.api_key, app.id, id_of(app.id)):
        return True
    return app is None and (hold.handle or "").startswith(OUR_HANDLES)


def _risk(risk: nodes.Risk | None, began_at: datetime, problems: Problems) -> RiskSeen | None:
    if risk is None:
        return None
    levels = [
        known(
            _lower(each.risk_level),
            words.RISKS,
            f"order.risk.assessments[{at}].riskLevel",
            problems,
            required=True,
        )
        for at, each in enumerate(risk.assessments or ())
    ]
    if None in levels:
        return None
    return RiskSeen(began_at, max((level for level in levels if level), key=_RISK_RANK.index, default="none"))


# --- small things --------------------------------------------------------------------------------------------


def _unit_pairs(
    page: nodes.UnitsPage | None, path: str, problems: Problems
) -> list[tuple[int | None, int | None]] | None:
    if page is None or page.nodes is None or not _is_last(page.page_info, path, problems):
        return None
    return [(_number(each.line_item.id) if each.line_item else None, each.quantity) for each in page.nodes]


def _is_last(info: nodes.PageInfo | None, path: str, problems: Problems) -> bool:
    if info is not None and info.has_next_page:
        problems.append(Problem("incomplete", path, "Shopify has more of these than were read."))
        return False
    return True


def _number(gid: str | None) -> int | None:
    ref = id_of(gid)
    return int(ref) if ref else None


def _money_set(bag: nodes.MoneyBag | None) -> bodies.MoneySet | None:
    if bag is None:
        return None
    return bodies.MoneySet(_money(bag.shop_money), _money(bag.presentment_money))


def _money(money: nodes.Money | None) -> bodies.Money | None:
    return bodies.Money(money.amount, money.currency_code) if money else None


def _lower(word: str | None) -> str | None:
    return word.lower() if word else None
