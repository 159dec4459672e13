"""The API's shapes on the wire. Bodies refuse fields they do not know; times are RFC 3339, amounts minor units."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Struct

from ordna.api import strict
from ordna.api.errors import TooLarge, Unusable
from ordna.api.strict import NotStrict
from ordna.core.messages import Request

T = TypeVar("T")
AT_ONCE_MAX = 500
BODY_MAX = 2_000_000


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    """One request to one order. `saw_version`: the version its author saw; stale if it moved on since."""

    order: str
    request: Request
    saw_version: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None


class NewConnection(Struct, frozen=True, forbid_unknown_fields=True):
    """A Shopify shop to observe: its address and either a token or a client id and secret."""

    base_url: str
    token: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    webhook_secret: str | None = None


class Retry(Struct, frozen=True, forbid_unknown_fields=True):
    """Messages that were set aside, by number, to be tried again; at most 500."""

    messages: list[int]


class Retried(Struct, frozen=True):
    """The messages that are being tried again: those that were still set aside."""

    messages: list[int]


class RetryEffect(Struct, frozen=True, forbid_unknown_fields=True):
    """An effect that gave up, to be looked up and sent again if nothing happened."""

    order: str
    key: str


class SetAside(Struct, frozen=True):
    """A message that could not be handled: quarantined (it failed three times alone) or unusable (it names no
    order)."""

    message: int
    connection: int
    topic: str
    received_at: datetime
    outcome: str
    tries: int
    cause: str
    order: str | None


class SetAsides(Struct, frozen=True):
    """Messages that were set aside, newest first; `before` goes into the next call, 0 at the end."""

    items: list[SetAside]
    before: int


class Answer(Struct, frozen=True, omit_defaults=True):
    """What became of one wish: accepted, refused, stale or not_found. `version` is the order's version now."""

    order: str
    outcome: str
    version: int | None = None
    code: str | None = None
    field: str | None = None
    sentence: str | None = None


class Answers(Struct, frozen=True):
    """One answer a wish, in the order asked."""

    items: list[Answer]


class OrderBrief(Struct, frozen=True):
    """One order in a list."""

    id: str
    version: int
    name: str
    placed_at: datetime
    headline: str
    open: bool
    attention: bool
    test: bool
    turn_step: str
    turn_owner: str
    turn_since: datetime | None
    turn_due: datetime | None
    currency: str | None
    total: int | None
    country: str | None
    payment: str | None
    connection: int
    updated_at: datetime


class Orders(Struct, frozen=True):
    """A page of orders; `after` goes into the next call, "" at the end."""

    items: list[OrderBrief]
    after: str


class Task(Struct, frozen=True):
    """An open task; `asks` lists the requests that settle it."""

    order: str
    order_name: str
    order_version: int
    key: str
    kind: str
    owner: str
    title: str
    reason: str
    step: str
    part: str
    asks: list[str]
    opened_at: datetime
    due_at: datetime | None
    claimed_by: str | None


class Tasks(Struct, frozen=True):
    """Open tasks, the most urgent first."""

    items: list[Task]


class Connection(Struct, frozen=True):
    """One link to an outside system."""

    id: int
    kind: str
    title: str
    domain: str
    mode: str
    live_since: datetime | None
    last_webhook_at: datetime | None
    last_read_at: datetime | None
    last_error: str | None


class Connections(Struct, frozen=True):
    """All of the merchant's connections."""

    items: list[Connection]


_CODES = (("unknown field", "unknown_field"), ("timezone component", "no_timezone"))


def too_large() -> TooLarge:
    """The refusal of a body beyond `BODY_MAX`."""
    return TooLarge("too_large", "", f"The body is larger than {BODY_MAX} bytes.")


def read_body(body: bytes, shape: type[T]) -> T:
    """A body of that shape. `Unusable` with the path of the field that is wrong; `TooLarge`."""
    if len(body) > BODY_MAX:
        raise too_large()
    try:
        return msgspec.convert(strict.read(body), shape)
    except NotStrict as error:
        raise Unusable(error.code, error.field, error.sentence) from error
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `")
        code = next((code for words, code in _CODES if words in sentence), "invalid")
        raise Unusable(code, path.rstrip("`").removeprefix("$").lstrip("."), f"{sentence}.") from error


def schemas(shapes: tuple[type, ...]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The OpenAPI schemas of the shapes, and the components they refer to."""
    found, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    return list(found), components
