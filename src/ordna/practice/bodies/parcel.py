"""Bodies about parcels: fulfillments/create, fulfillments/update and fulfillment_events/create."""

from __future__ import annotations

from ordna.practice.bodies.parts import Body, Tongue, address_body, nested_line_body
from ordna.practice.model import Fulfillment, FulfillmentEvent, gid


def fulfillment_body(tongue: Tongue, fulfillment: Fulfillment) -> Body:
    """A fulfillment as its own topics tell it: with the buyer's mail and the destination."""
    order = fulfillment.order
    body = nested_fulfillment_body(tongue, fulfillment)
    body["email"] = order.email
    body["destination"] = address_body(order.shipping_address) if order.shipping_address else None
    return body


def nested_fulfillment_body(tongue: Tongue, fulfillment: Fulfillment) -> Body:
    """A fulfillment as it stands inside an order."""
    numbers = [t.number for t in fulfillment.tracking if t.number]
    urls = [t.url for t in fulfillment.tracking if t.url]
    return {
        "id": fulfillment.id,
        "admin_graphql_api_id": gid("Fulfillment", fulfillment.id),
        "created_at": tongue.time(fulfillment.created_at),
        "location_id": fulfillment.location.id if fulfillment.location else None,
        "name": _rest_name(fulfillment),
        "order_id": fulfillment.order.id,
        "origin_address": {},
        "receipt": {},
        "service": fulfillment.service_handle,
        "shipment_status": fulfillment.events[-1].status.lower() if fulfillment.events else None,
        "status": fulfillment.status.lower(),
        "tracking_company": fulfillment.company,
        "tracking_number": numbers[0] if numbers else None,
        "tracking_numbers": numbers,
        "tracking_url": urls[0] if urls else None,
        "tracking_urls": urls,
        "updated_at": tongue.time(fulfillment.updated_at),
        "line_items": [nested_line_body(tongue, part.line, part.quantity) for part in fulfillment.lines],
    }


def fulfillment_event_body(tongue: Tongue, fulfillment: Fulfillment, event: FulfillmentEvent, shop_id: int) -> Body:
    destination = fulfillment.order.shipping_address or (fulfillment.location.address if fulfillment.location else None)
    return {
        "id": event.id,
        "fulfillment_id": fulfillment.id,
        "status": event.status.lower(),
        "message": event.message or "",
        "happened_at": tongue.time(event.happened_at),
        "city": event.city,
        "province": event.province,
        "country": event.country or (destination.country_code if destination else None),
        "zip": event.zip,
        "address1": event.address1,
        "latitude": event.latitude,
        "longitude": event.longitude,
        "shop_id": shop_id,
        "created_at": tongue.time(event.created_at),
        "updated_at": tongue.time(event.created_at),
        "estimated_delivery_at": tongue.time_or_none(event.estimated_delivery_at),
        "order_id": fulfillment.order.id,
        "admin_graphql_api_id": gid("FulfillmentEvent", event.id),
    }


def _rest_name(fulfillment: Fulfillment) -> str:
    # GraphQL says #1001-F1 where REST says #1001.1.
    return fulfillment.name.replace("-F", ".")
