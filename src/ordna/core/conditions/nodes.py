"""A checked condition as data, and how it runs.

The truth of a condition is one of three: True, False, or None for unknown (Kleene's strong logic). A
missing value makes its comparison unknown, and `and`, `or`, `not`, `any` and `all` carry the unknown
only as far as it matters: `False and unknown` is False, `True or unknown` is True. So an unknown never
counts as true, and never as false either.

`compiled` turns a node into a plain closure over the values. Everybody who asks for the truth of a node,
the engine or an explanation, runs that same closure.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from ordna.core.conditions.vocabulary import Nature, Type

Values = Mapping[str, Any]
Run = Callable[[Values, Values], Any]

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the condition; money is already in minor units."""

    text: str
    type: Type
    value: Any


@dataclass(frozen=True, slots=True)
class Read:
    """A field, or `done(step)` and its like, looked up by name."""

    text: str
    type: Type
    name: str
    nature: Nature
    of_element: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A sum, difference or product of numbers and money."""

    text: str
    type: Type
    op: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison; a chain is a conjunction of these."""

    text: str
    op: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value among those listed in the condition."""

    text: str
    item: "Node"
    options: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """A text among the texts of a field."""

    text: str
    item: "Node"
    texts: Read


@dataclass(frozen=True, slots=True)
class Not:
    text: str
    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    text: str
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    text: str
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Quantified:
    """`any` or `all` over the elements of a list field."""

    text: str
    every: bool
    over: Read
    element: str
    body: "Node"


Node = Literal | Read | Arithmetic | Comparison | OneOf | Contains | Not | And | Or | Quantified


def type_of(node: Node) -> Type:
    """What the node yields; whatever decides something yields yes or no."""
    match node:
        case Literal() | Read() | Arithmetic():
            return node.type
        case _:
            return Type.BOOL


def parts_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in reading order."""
    match node:
        case Literal() | Read():
            return ()
        case Arithmetic(left=left, right=right) | Comparison(left=left, right=right):
            return (left, right)
        case OneOf(item=item, options=options):
            return (item, *options)
        case Contains(item=item, texts=texts):
            return (item, texts)
        case Not(part=part):
            return (part,)
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Quantified(over=over, body=body):
            return (over, body)
        case _:
            assert_never(node)


def reads_of(node: Node) -> tuple[Read, ...]:
    """Every read below the node, in reading order, repeats included."""
    if isinstance(node, Read):
        return (node,)
    return tuple(read for part in parts_of(node) for read in reads_of(part))


def compiled(node: Node) -> Run:
    """The node as a function of (values, values of the current element); None is unknown."""
    match node:
        case Literal(value=value):
            return lambda values, element: value
        case Read(name=name, of_element=True):
            return lambda values, element: element.get(name)
        case Read(name=name):
            return lambda values, element: values.get(name)
        case Arithmetic(op=op, left=left, right=right):
            return _binary(ARITHMETIC[op], left, right)
        case Comparison(op=op, left=left, right=right):
            return _binary(COMPARE[op], left, right)
        case OneOf(item=item, options=options):
            return _one_of(item, frozenset(option.value for option in options))
        case Contains(item=item, texts=texts):
            return _binary(lambda text, among: text in among, item, texts)
        case Not(part=part):
            return _negation(compiled(part))
        case And(parts=parts):
            return _conjunction(tuple(map(compiled, parts)))
        case Or(parts=parts):
            return _disjunction(tuple(map(compiled, parts)))
        case Quantified(every=every, over=over, body=body):
            return _quantified(every, over.name, compiled(body))
        case _:
            assert_never(node)


def _binary(apply: Callable[[Any, Any], Any], left: Node, right: Node) -> Run:
    if isinstance(left, Read) and not left.of_element and isinstance(right, Literal):
        return _read_against_literal(apply, left.name, right.value)  # by far the most common: one call less
    run_left, run_right = compiled(left), compiled(right)

    def run(values: Values, element: Values) -> Any:
        one = run_left(values, element)
        if one is None:
            return None
        other = run_right(values, element)
        return None if other is None else apply(one, other)

    return run


def _read_against_literal(apply: Callable[[Any, Any], Any], name: str, literal: Any) -> Run:
    def run(values: Values, element: Values) -> Any:
        value = values.get(name)
        return None if value is None else apply(value, literal)

    return run


def _one_of(item: Node, options: frozenset[Any]) -> Run:
    run_item = compiled(item)

    def run(values: Values, element: Values) -> bool | None:
        value = run_item(values, element)
        return None if value is None else value in options

    return run


def _negation(part: Run) -> Run:
    def run(values: Values, element: Values) -> bool | None:
        truth = part(values, element)
        return None if truth is None else not truth

    return run


def _conjunction(parts: tuple[Run, ...]) -> Run:
    def run(values: Values, element: Values) -> bool | None:
        truth: bool | None = True
        for part in parts:
            one = part(values, element)
            if one is None:
                truth = None
            elif not one:
                return False
        return truth

    return run


def _disjunction(parts: tuple[Run, ...]) -> Run:
    def run(values: Values, element: Values) -> bool | None:
        truth: bool | None = False
        for part in parts:
            one = part(values, element)
            if one is None:
                truth = None
            elif one:
                return True
        return truth

    return run


def _quantified(every: bool, over: str, body: Run) -> Run:
    def run(values: Values, element: Values) -> bool | None:
        elements = values.get(over)
        if elements is None:
            return None
        truth: bool | None = every
        for one in elements:
            holds = body(values, one)
            if holds is None:
                truth = None
            elif holds is not every:
                return not every
        return truth

    return run
