"""A small vocabulary in the trade's words, for tests of the condition language and the flow file."""

from ordna.core.flow.vocabulary import Field, Nature, Type, Vocabulary


def field(
    name: str, type: Type = Type.BOOL, nature: Nature = Nature.VALUE, element: str = "", produced: bool = True
) -> Field:
    scope = name.rpartition(".")[0] or "order"
    return Field(name, type, nature, scope, name, ("observed",) if produced else (), element)


FIELDS = (
    field("order.placed", nature=Nature.DEED),
    field("order.cancelled", nature=Nature.DEED),
    field("order.closed", nature=Nature.DEED),
    field("order.total", Type.MONEY),
    field("order.test"),
    field("order.country", Type.TEXT),
    field("order.tags", Type.TEXTS),
    field("order.shipping_method", Type.TEXT),
    field("order.placed_at", Type.MOMENT),
    field("order.cancelled_at", Type.MOMENT),
    field("order.lines", Type.LIST, element="line"),
    field("line.quantity", Type.NUMBER),
    field("line.sku", Type.TEXT),
    field("line.gift_card"),
    field("line.price", Type.MONEY),
    field("customer.orders_before", Type.NUMBER),
    field("risk.level", Type.TEXT),
    field("payment.secured", nature=Nature.DEED),
    field("payment.captured", nature=Nature.DEED),
    field("payment.agreed", nature=Nature.DEED),
    field("address.complete", nature=Nature.CIRCUMSTANCE),
    field("held", nature=Nature.CIRCUMSTANCE),
    field("fulfillment_order.routed", nature=Nature.DEED),
    field("fulfillment_order.picked", nature=Nature.DEED),
    field("fulfillment_order.packed", nature=Nature.DEED),
    field("fulfillment_order.shipped", nature=Nature.DEED),
    field("fulfillment_order.delivered", nature=Nature.DEED),
    field("fulfillment_order.delivery_method", Type.TEXT),
    field("invoice.issued", nature=Nature.DEED, produced=False),
)
VOCABULARY = Vocabulary({each.name: each for each in FIELDS})
