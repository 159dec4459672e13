"""A condition in words, without values: what a handbook page says.

The verbs and names here are also those of an explanation, so that a page and a handbook speak alike.
"""

from typing import assert_never

from ordna.core.conditions.nodes import (
    And,
    Arithmetic,
    Comparison,
    Contains,
    Literal,
    Node,
    Not,
    OneOf,
    Or,
    Quantified,
    Read,
)
from ordna.core.conditions.vocabulary import Nature, Type
from ordna.core.values import major_text

#: The verb of a comparison that holds, and of one that does not.
VERBS = {
    "==": ("is", "is not"),
    "!=": ("is not", "is"),
    "<": ("is less than", "is at least"),
    "<=": ("is at most", "is more than"),
    ">": ("is more than", "is at most"),
    ">=": ("is at least", "is less than"),
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def node_words(node: Node, currency: str, *, truth: bool = True) -> str:
    """The condition as a clause; with `truth` False, what it means that it does not hold."""
    match node:
        case And(parts=parts) | Or(parts=parts):
            joint = " and " if isinstance(node, And) is truth else " or "
            return joint.join(_bracketed(part, currency, truth, type(node)) for part in parts)
        case Not(part=part):
            return node_words(part, currency, truth=not truth)
        case Quantified(every=every, over=over, body=body):
            which = "every one" if every is truth else "at least one"
            return f"for {which} of {spoken(over.name)}, {node_words(body, currency, truth=truth)}"
        case Comparison():
            facing = field_first(node)
            verb = VERBS[facing.op][0 if truth else 1]
            return f"{_noun(facing.left, currency)} {verb} {_noun(facing.right, currency)}"
        case OneOf(item=item, options=options):
            listed = ", ".join(_noun(option, currency) for option in options)
            return f"{_noun(item, currency)} {'is' if truth else 'is not'} one of {listed}"
        case Contains(item=item, texts=texts):
            return f"{_noun(texts, currency)} {'contain' if truth else 'do not contain'} {_noun(item, currency)}"
        case Read():
            return state(node, truth)
        case Literal(value=value):
            return "this is always so" if value is truth else "this is never so"
        case Arithmetic():
            return _noun(node, currency)
        case _:
            assert_never(node)


def field_first(node: Comparison) -> Comparison:
    """`5000 <= order.total` as `order.total >= 5000`: people name the thing before the measure."""
    if isinstance(node.left, Literal) and not isinstance(node.right, Literal):
        return Comparison(node.text, _MIRRORED.get(node.op, node.op), node.right, node.left)
    return node


def state(read: Read, truth: bool) -> str:
    """A yes-or-no field as a statement: payment is secured, step pay is not done, order is held."""
    verb = "is" if truth else "is not"
    if read.name.endswith(")"):
        question, _, step = read.name[:-1].partition("(")
        return f"step {step} {verb} {question}"
    scope, _, rest = read.name.rpartition(".")
    if read.nature is Nature.VALUE:
        verb += " marked"
    return f"{spoken(scope or 'order')} {verb} {spoken(rest)}"


def spoken(name: str) -> str:
    """A field's name as words."""
    return name.replace(".", " ").replace("_", " ")


def _bracketed(part: Node, currency: str, truth: bool, around: type[Node]) -> str:
    words = node_words(part, currency, truth=truth)
    inner = part.part if isinstance(part, Not) else part
    return f"({words})" if isinstance(inner, And | Or) and not isinstance(part, around) else words


def _noun(node: Node, currency: str) -> str:
    match node:
        case Literal(type=Type.MONEY, value=value):
            return f"{major_text(value, currency)} {currency}"
        case Literal(value=bool() as value):
            return "yes" if value else "no"
        case Literal(value=value):
            return str(value) if str(value) else '""'
        case Read(name=name):
            return spoken(name)
        case Arithmetic(op=op, left=left, right=right):
            return f"{_noun(left, currency)} {op} {_noun(right, currency)}"
    return node_words(node, currency)
