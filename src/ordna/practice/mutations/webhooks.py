"""Subscribing to topics. Deliveries are not made here; the sender reads `world.subscriptions`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from ordna.practice.model import App, WebhookSubscription
from ordna.practice.mutations.refusal import Refused, UserError, refuse
from ordna.practice.world import World

MAX_ADDRESS_BYTES = 65_535
MAX_FILTER_BYTES = 65_535
_JSON_ONLY = {"returns", "fulfillment_orders", "fulfillment_holds", "reverse_deliveries"}
_ADDRESS = ("webhookSubscription", "callbackUrl")
_NAME = ("webhookSubscription", "name")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]|\d+")
_TOPIC = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}")
_ARN = re.compile(r"arn:aws:events:[a-z0-9-]+::event-source/aws\.partner/shopify\.com(?:\.test)?/(\d+)/\S+")
_FILTER_TERM = re.compile(r"[\w.]+:")


def subscribe(
    world: World,
    app: App,
    topic: str,
    uri: str | None,
    *,
    format: str = "JSON",
    filter: str | None = None,
    include_fields: Sequence[str] = (),
    metafield_namespaces: Sequence[str] = (),
    metafields: Sequence[tuple[str, str]] = (),
    name: str | None = None,
) -> WebhookSubscription:
    """A new subscription of the app to a topic such as `orders/create`."""
    address = _checked_address(app, uri, format)
    _check_format(topic, format)
    _check_name(world, app, name, None)
    _check_filter(filter)
    _check_taken(world, app, topic, address, format, filter)
    now = world.now()
    made = WebhookSubscription(
        id=world.next_id("WebhookSubscription"),
        app_id=app.id,
        topic=topic,
        uri=address,
        created_at=now,
        updated_at=now,
        format=format,
        filter=filter,
        include_fields=list(include_fields),
        metafield_namespaces=[_resolved(app, one) for one in metafield_namespaces],
        metafields=[(_resolved(app, space), key) for space, key in metafields],
        name=name,
    )
    world.subscriptions[made.id] = made
    return made


def change_subscription(world: World, app: App, one: WebhookSubscription, **changes: object) -> WebhookSubscription:
    """Set attributes of a subscription: uri, format, filter, include_fields, metafield_namespaces, name."""
    format = str(changes.get("format", one.format))
    if "uri" in changes:
        changes["uri"] = _checked_address(app, _text(changes["uri"]), format)
    elif format != "JSON" and not one.uri.startswith("https:"):
        _checked_address(app, one.uri, format)
    if "name" in changes:
        _check_name(world, app, _text(changes["name"]), one)
    if "filter" in changes:
        _check_filter(_text(changes["filter"]))
    for name, value in changes.items():
        if name == "metafield_namespaces" and isinstance(value, list):
            value = [_resolved(app, str(part)) for part in value]
        elif name == "metafields" and isinstance(value, list):
            value = [(_resolved(app, space), key) for space, key in value]
        setattr(one, name, value)
    one.updated_at = world.now()
    return one


def _resolved(app: App, namespace: str) -> str:
    """The app's own namespace written out: `$app:x` is `app--<app id>--x`."""
    if namespace == "$app":
        return f"app--{app.id}"
    return f"app--{app.id}--{namespace[5:]}" if namespace.startswith("$app:") else namespace


def _check_format(topic: str, format: str) -> None:
    if format != "JSON" and topic.split("/")[0] in _JSON_ONLY:
        sentence = f"Format '{format.lower()}' is invalid for this webhook topic. Allowed formats: json"
        raise refuse(sentence, "webhookSubscription", "format")


def unsubscribe(world: World, one: WebhookSubscription) -> None:
    world.subscriptions.pop(one.id, None)


def _checked_address(app: App, uri: str | None, format: str) -> str:
    address = (uri or "").strip()
    if not address:
        raise refuse("Address can't be blank", *_ADDRESS)
    if len(address.encode()) > MAX_ADDRESS_BYTES:
        raise refuse("Address is too big (maximum is 64 KB)", *_ADDRESS)
    if address.startswith("pubsub://"):
        _check_pubsub(address)
    elif address.startswith("arn:aws:"):
        _check_arn(app, address)
    else:
        _check_url(address)
    if format != "JSON" and not address.startswith("https:"):
        raise refuse("Format can only be used with format: 'json'", "webhookSubscription", "format")
    return address


def _check_pubsub(address: str) -> None:
    project, colon, topic = address.removeprefix("pubsub://").partition(":")
    if not colon or not project or not topic:
        sentence = "Address is not a valid GCP pub/sub format. Format should be pubsub://project:topic"
        raise _refused("Address protocol pubsub:// is not supported", sentence)
    if not _PROJECT.fullmatch(project):
        raise _refused("Address is invalid", "Address is not a valid GCP project id.")
    if not _TOPIC.fullmatch(topic):
        raise _refused("Address is invalid", "Address is not a valid GCP topic id.")


def _check_arn(app: App, address: str) -> None:
    found = _ARN.fullmatch(address)
    if not found:
        raise _refused("Address is invalid", "Address is not a valid AWS ARN")
    if int(found[1]) != app.id:
        sentence = f"Address is an AWS ARN and includes api_client_id '{found[1]}' instead of '{app.id}'"
        raise _refused("Address is invalid", sentence)


def _check_url(address: str) -> None:
    scheme, separator, _ = address.partition("://")
    if scheme.lower() == "kafka":
        raise _refused("Address protocol kafka:// is not supported", "Address is not a valid kafka topic")
    if separator and scheme.lower() not in ("https", "http"):
        raise refuse(f"Address protocol {scheme}:// is not supported", *_ADDRESS)
    if separator and scheme.lower() == "http" and not _is_local(address):
        raise refuse("Address protocol http:// is not supported", *_ADDRESS)
    if not separator or not urlsplit(address).hostname:
        raise refuse("Address is invalid", *_ADDRESS)


def _refused(*sentences: str) -> Refused:
    return Refused(*(UserError(sentence, _ADDRESS) for sentence in sentences))


def _is_local(address: str) -> bool:
    """Plain http is taken for this very machine, so that the practice shop can be tried without certificates."""
    return urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1")


def _check_name(world: World, app: App, name: str | None, one: WebhookSubscription | None) -> None:
    if name is None:
        return
    sentence = "Name name field can only contain alphanumeric characters, underscores, and hyphens"
    if not name:
        short = UserError("Name is too short (minimum is 1 character)", _NAME)
        raise Refused(short, UserError(sentence, _NAME))
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise refuse(sentence, *_NAME)
    if any(
        (other.name or "").lower() == name.lower() and other.app_id == app.id and other is not one
        for other in _all(world)
    ):
        raise refuse("Name already exists, no duplicate allowed", *_NAME)


def _check_filter(filter: str | None) -> None:
    if not filter:
        return
    if len(filter.encode()) > MAX_FILTER_BYTES:
        raise refuse("The specified filter exceeds the maximum allowed size.", "webhookSubscription")
    terms = [term for term in filter.split() if term not in ("AND", "OR", "NOT")]
    if not all(_FILTER_TERM.match(term.lstrip("(-")) for term in terms):
        sentence = "The specified filter is invalid, please ensure you specify the field(s) you wish to filter on."
        raise refuse(sentence, "webhookSubscription")


def _check_taken(world: World, app: App, topic: str, address: str, format: str, filter: str | None) -> None:
    for other in _all(world):
        same = (other.topic, other.uri, other.format, other.filter or None)
        if other.app_id == app.id and same == (topic, address, format, filter or None):
            raise refuse("Address for this topic has already been taken", *_ADDRESS)


def _all(world: World) -> list[WebhookSubscription]:
    return list(world.subscriptions.values())


def _text(value: object) -> str | None:
    return None if value is None else str(value)
