"""Whether a condition can ever come true: what makes a step reachable and gives it a way out."""

from collections.abc import Callable
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
    compiled,
    reads_of,
)

#: Whether this read can ever be known to be true (second argument True) or false.
Can = Callable[[Read, bool], bool]


def can_be(node: Node, truth: bool, can: Can) -> bool:
    """False only when no values at all could give the node that truth."""
    match node:
        case And(parts=parts):
            return (all if truth else any)(can_be(part, truth, can) for part in parts)
        case Or(parts=parts):
            return (any if truth else all)(can_be(part, truth, can) for part in parts)
        case Not(part=part):
            return can_be(part, not truth, can)
        case Quantified(every=every, over=over, body=body):
            # An empty list settles it one way; the other way takes an element.
            return can(over, True) and (every is truth or can_be(body, truth, can))
        case Read():
            return can(node, truth)
        case Literal() | Comparison() | OneOf() | Contains() | Arithmetic():
            reads = reads_of(node)
            return all(can(read, True) for read in reads) if reads else compiled(node)({}, {}) is truth
        case _:
            assert_never(node)
