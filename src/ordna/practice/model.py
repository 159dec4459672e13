"""What a shop consists of: plain mutable records, as Shopify's Admin API pictures them (see also `business`).

Every record carries a whole number `id`; outside it is shown as `gid://shopify/<Kind>/<id>` (see `gid`).
Amounts are `MoneyBag`s of exact decimals in major units: the shop's currency and the buyer's (presentment)
currency side by side; the two currency codes stand on the order. Times are aware and in UTC.

Nothing here is decided: statuses, totals and offered actions are derived in `derive`, changes are made by the
verbs in `mutations`, and `world.World` holds all records of one shop.

Units of a line: `quantity` is everything ever ordered. `removed` units left before they were shipped (edited
away, cancelled, refunded unshipped), `fulfilled` units were shipped, `returned` units were refunded after that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ordna.practice.business import Company as Company
from ordna.practice.business import LineGroup as LineGroup
from ordna.practice.business import PaymentTerms as PaymentTerms
from ordna.practice.business import Return as Return
from ordna.practice.business import RiskAssessment as RiskAssessment
from ordna.practice.installation import DEFAULT_SCOPES as DEFAULT_SCOPES
from ordna.practice.installation import App as App
from ordna.practice.installation import Cancellation as Cancellation
from ordna.practice.installation import Job as Job
from ordna.practice.installation import Shop as Shop
from ordna.practice.installation import WebhookSubscription as WebhookSubscription
from ordna.practice.places import Address as Address
from ordna.practice.places import Location as Location

ZERO = Decimal(0)


def gid(kind: str, number: int) -> str:
    """The global id under which the Admin API shows a record, such as `gid://shopify/Order/5800000000001`."""
    return f"gid://shopify/{kind}/{number}"


@dataclass(frozen=True, slots=True)
class MoneyBag:
    """One amount twice: in the shop's currency and in the currency the buyer paid in."""

    shop: Decimal = ZERO
    presentment: Decimal = ZERO

    def __add__(self, other: MoneyBag) -> MoneyBag:
        return MoneyBag(self.shop + other.shop, self.presentment + other.presentment)

    def __sub__(self, other: MoneyBag) -> MoneyBag:
        return MoneyBag(self.shop - other.shop, self.presentment - other.presentment)

    def times(self, factor: Decimal | int) -> MoneyBag:
        return MoneyBag(self.shop * factor, self.presentment * factor)


NOTHING = MoneyBag()


@dataclass(slots=True)
class Product:
    id: int
    title: str
    vendor: str
    product_type: str = ""
    handle: str = ""
    tags: list[str] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    created_at: datetime | None = None


@dataclass(slots=True)
class Variant:
    id: int
    product: Product
    title: str
    sku: str | None
    price: Decimal
    inventory_item_id: int
    barcode: str | None = None
    grams: int = 0
    requires_shipping: bool = True
    taxable: bool = True
    gift_card: bool = False


@dataclass(slots=True)
class Customer:
    id: int
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None = None
    locale: str = "en"
    tags: list[str] = field(default_factory=list)
    note: str | None = None
    verified_email: bool = True
    tax_exempt: bool = False
    default_address: Address | None = None
    orders_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(slots=True)
class TaxLine:
    """One tax on a line or a shipping line. `rate` is a share: 0.25 is 25 %."""

    title: str
    rate: Decimal
    price: MoneyBag


@dataclass(slots=True)
class Discount:
    """A discount application of an order. `allocations` on lines point at it by its position in the order."""

    kind: str  # discount_code | manual | automatic
    title: str
    value: Decimal
    value_type: str = "percentage"  # or fixed_amount
    code: str | None = None
    target_type: str = "line_item"  # or shipping_line
    allocation_method: str = "across"


@dataclass(slots=True)
class DiscountAllocation:
    amount: MoneyBag
    application_index: int


@dataclass(slots=True)
class Line:
    """An order line. See the module's text for the four counts of units."""

    id: int
    title: str
    quantity: int
    price: MoneyBag
    variant: Variant | None = None
    variant_title: str | None = None
    sku: str | None = None
    vendor: str | None = None
    grams: int = 0
    requires_shipping: bool = True
    taxable: bool = True
    gift_card: bool = False
    is_tip: bool = False
    tax_lines: list[TaxLine] = field(default_factory=list)
    allocations: list[DiscountAllocation] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    removed: int = 0
    fulfilled: int = 0
    returned: int = 0
    restockable: bool = True
    group_id: int | None = None
    way: str = ""  # PICK_UP LOCAL RETAIL; empty: by parcel, or nothing to deliver

    @property
    def current_quantity(self) -> int:
        return self.quantity - self.removed - self.returned

    @property
    def unfulfilled_quantity(self) -> int:
        return 0 if self.is_tip else self.quantity - self.removed - self.fulfilled

    @property
    def method_type(self) -> str:
        return self.way or ("SHIPPING" if self.requires_shipping else "NONE")


@dataclass(slots=True)
class ShippingLine:
    id: int
    title: str
    price: MoneyBag
    code: str | None = None
    source: str | None = "shopify"
    tax_lines: list[TaxLine] = field(default_factory=list)
    allocations: list[DiscountAllocation] = field(default_factory=list)
    removed: bool = False


@dataclass(slots=True)
class Transaction:
    """A movement, or a failed try of one. `kind` and `status` are in Shopify's GraphQL words, upper case."""

    id: int
    kind: str  # AUTHORIZATION CAPTURE SALE REFUND VOID
    status: str  # SUCCESS PENDING FAILURE ERROR
    gateway: str
    amount: MoneyBag
    created_at: datetime
    processed_at: datetime
    parent_id: int | None = None
    test: bool = False
    manual: bool = False
    error_code: str | None = None
    message: str | None = None
    authorization_code: str | None = None
    authorization_expires_at: datetime | None = None
    payment_id: str | None = None
    formatted_gateway: str | None = None
    rounding: MoneyBag = NOTHING


@dataclass(slots=True)
class Hold:
    """One named reason why a fulfillment order must not move; `app_id` None is a hold set by a person."""

    id: int
    reason: str
    notes: str | None
    handle: str | None
    app_id: int | None
    app_title: str | None
    external_id: str | None = None
    created_at: datetime | None = None


@dataclass(slots=True)
class MerchantRequest:
    """What the merchant asked of a fulfillment service: FULFILLMENT_REQUEST or CANCELLATION_REQUEST."""

    id: int
    kind: str
    message: str | None
    sent_at: datetime
    notify_customer: bool | None = None
    response: dict[str, str] | None = None


@dataclass(slots=True)
class FulfillmentOrderLine:
    id: int
    line: Line
    total_quantity: int
    remaining_quantity: int


@dataclass(slots=True)
class FulfillmentOrder:
    """Units of one order that one location should ship. Replaced, not changed, by move, split and cancel."""

    id: int
    order: Order
    location: Location
    lines: list[FulfillmentOrderLine]
    created_at: datetime
    updated_at: datetime
    status: str = "OPEN"  # OPEN IN_PROGRESS SCHEDULED ON_HOLD INCOMPLETE CLOSED CANCELLED
    request_status: str = "UNSUBMITTED"
    holds: list[Hold] = field(default_factory=list)
    merchant_requests: list[MerchantRequest] = field(default_factory=list)
    method_type: str = "SHIPPING"
    fulfill_at: datetime | None = None
    fulfill_by: datetime | None = None
    progress_reported: bool = False
    split_by_hold_from: int | None = None


@dataclass(slots=True)
class Tracking:
    number: str | None = None
    url: str | None = None


@dataclass(slots=True)
class FulfillmentEvent:
    id: int
    status: str  # LABEL_PRINTED IN_TRANSIT OUT_FOR_DELIVERY DELIVERED ...
    happened_at: datetime
    created_at: datetime
    message: str | None = None
    address1: str | None = None
    city: str | None = None
    province: str | None = None
    country: str | None = None
    zip: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    estimated_delivery_at: datetime | None = None


@dataclass(slots=True)
class FulfillmentLine:
    id: int
    line: Line
    quantity: int
    fulfillment_order_line_id: int | None = None


@dataclass(slots=True)
class Fulfillment:
    """One parcel, named after its order: `#1001-F1`."""

    id: int
    order: Order
    name: str
    location: Location | None
    lines: list[FulfillmentLine]
    created_at: datetime
    updated_at: datetime
    status: str = "SUCCESS"  # SUCCESS CANCELLED ERROR FAILURE
    company: str | None = None
    tracking: list[Tracking] = field(default_factory=list)
    events: list[FulfillmentEvent] = field(default_factory=list)
    fulfillment_order_ids: list[int] = field(default_factory=list)
    service_handle: str = "manual"
    notified: bool = False


@dataclass(slots=True)
class RefundLine:
    id: int
    line: Line
    quantity: int
    restock_type: str  # CANCEL RETURN NO_RESTOCK
    location: Location | None
    subtotal: MoneyBag
    tax: MoneyBag


@dataclass(slots=True)
class Refund:
    id: int
    order: Order
    created_at: datetime
    note: str | None
    lines: list[RefundLine] = field(default_factory=list)
    shipping: MoneyBag = NOTHING
    shipping_tax: MoneyBag = NOTHING
    transactions: list[Transaction] = field(default_factory=list)


@dataclass(slots=True)
class Order:
    """An order with all that hangs on it. `updated_at` moves with every change that a buyer or a shop sees."""

    id: int
    name: str
    number: int
    currency: str
    presentment_currency: str
    created_at: datetime
    processed_at: datetime
    updated_at: datetime
    lines: list[Line] = field(default_factory=list)
    shipping_lines: list[ShippingLine] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    fulfillment_orders: list[FulfillmentOrder] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    risks: list[RiskAssessment] = field(default_factory=list)
    customer: Customer | None = None
    email: str | None = None
    phone: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    note: str | None = None
    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    po_number: str | None = None
    company: Company | None = None
    terms: PaymentTerms | None = None
    groups: list[LineGroup] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    taxes_included: bool = False
    test: bool = False
    routed: bool = False
    source_name: str | None = "web"
    source_identifier: str | None = None
    app_id: int | None = None
    location_id: int | None = None
    locale: str | None = "en"
    token: str = ""
    cart_token: str | None = None
    checkout_token: str | None = None
    confirmation_number: str | None = None
    browser_ip: str | None = None
    landing_site: str | None = None
    referring_site: str | None = None
    closed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    staff_note: str | None = None
    cancel_job_id: str | None = None
    payment_expected: bool = True
    edited: bool = False
    deleted: bool = False
    metafields: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    edit_session: object | None = None
