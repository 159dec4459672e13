"""Why a condition holds, does not hold, or is not known: a tree for a page and a sentence for a person.

The truth of every part comes from the same compiled closure the engine runs, so an explanation cannot
disagree with a decision. The sentence keeps only the parts that decided: what failed in an `and`, what
held in an `or`, what is missing where the answer is not known.
"""

from decimal import Decimal
from typing import Any

from msgspec import Struct

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
    Values,
    compiled,
    reads_of,
    type_of,
)
from ordna.core.conditions.vocabulary import Type
from ordna.core.conditions.words import VERBS, field_first, spoken, state
from ordna.core.values import major_text

ELEMENTS_SHOWN_MAX = 20


class Explanation(Struct, frozen=True):
    """One part of a condition: its text, what it read, its truth (None: not known), and its own parts."""

    text: str
    truth: bool | None
    #: (name, value as text, or None when unknown) of what this part itself read.
    values: tuple[tuple[str, str | None], ...]
    #: What this part alone says, in words; empty for a part that only joins others.
    words: str
    joint: str
    parts: "tuple[Explanation, ...]" = ()

    def sentence(self) -> str:
        """The answer and its reason, for somebody who never saw the condition."""
        answer = {True: "Yes", False: "No", None: "Not known"}[self.truth]
        return f"{answer}: {self.reason()}."

    def reason(self) -> str:
        """The parts that decided, in words."""
        deciding = self.deciding()
        if not deciding:
            return self.words
        joint = " and " if self.truth is not None else " and also "
        reasons = dict.fromkeys(part.reason() for part in deciding)
        return self.words + joint.join(reasons)

    def deciding(self) -> "tuple[Explanation, ...]":
        """The parts without which the answer would be another."""
        if self.joint == "not":
            return self.parts
        if self.truth is None or (self.joint == "or") is self.truth:
            return tuple(part for part in self.parts if part.truth is self.truth)
        if self.joint == "and" and self.truth is False:
            return tuple(part for part in self.parts if part.truth is False)
        return self.parts


def explanation(node: Node, values: Values, currency: str, element: Values | None = None) -> Explanation:
    """The tree for these values; `element` is the current line inside any() and all()."""
    return _Explainer(values, element or {}, currency).explain(node)


def unknown_reads(node: Node, values: Values, element: Values | None = None) -> tuple[str, ...]:
    """The reads that were unknown and kept the answer from being known, in reading order."""
    if element is None:
        element = {}
    if compiled(node)(values, element) is not None:
        return ()
    if isinstance(node, And | Or | Not):
        parts = (node.part,) if isinstance(node, Not) else node.parts
        names = [name for part in parts for name in unknown_reads(part, values, element)]
    elif isinstance(node, Quantified) and values.get(node.over.name) is not None:
        names = [name for one in values[node.over.name] for name in unknown_reads(node.body, values, one)]
    else:
        names = [read.name for read in reads_of(node) if _value(read, values, element) is None]
        if isinstance(node, Quantified):
            names = [node.over.name]
    return tuple(dict.fromkeys(names))


def _value(read: Read, values: Values, element: Values) -> Any:
    return (element if read.of_element else values).get(read.name)


class _Explainer:
    def __init__(self, values: Values, element: Values, currency: str) -> None:
        self.values = values
        self.element = element
        self.currency = currency

    def explain(self, node: Node) -> Explanation:
        truth: bool | None = compiled(node)(self.values, self.element)
        match node:
            case And(parts=parts):
                return Explanation(node.text, truth, (), "", "and", tuple(map(self.explain, parts)))
            case Or(parts=parts):
                return Explanation(node.text, truth, (), "", "or", tuple(map(self.explain, parts)))
            case Not(part=part):
                return Explanation(node.text, truth, (), "", "not", (self.explain(part),))
            case Quantified():
                return self.quantified(node, truth)
        return Explanation(node.text, truth, self.read_values(node), self.words(node, truth), "")

    def quantified(self, node: Quantified, truth: bool | None) -> Explanation:
        elements = self.values.get(node.over.name)
        over = spoken(node.over.name)
        if elements is None:
            return Explanation(node.text, truth, ((node.over.name, None),), f"{over} is not known", "")
        parts = tuple(explanation(node.body, self.values, self.currency, one) for one in elements[:ELEMENTS_SHOWN_MAX])
        values = ((node.over.name, str(len(elements))),)
        joint = "and" if node.every else "or"
        if not elements:
            return Explanation(node.text, truth, values, f"{over} is empty", joint)
        if truth is None or truth is not node.every:
            words = "for one, " if truth is not None else ""
        else:
            words = f"for every one of {len(elements)}, "
        return Explanation(node.text, truth, values, words, joint, parts)

    def read_values(self, node: Node) -> tuple[tuple[str, str | None], ...]:
        shown = {}
        for read in reads_of(node):
            value = _value(read, self.values, self.element)
            shown[read.name] = None if value is None else self.shown(value, read.type)
        return tuple(shown.items())

    def words(self, node: Node, truth: bool | None) -> str:
        if truth is None:
            missing = [read for read in reads_of(node) if _value(read, self.values, self.element) is None]
            return " and ".join(dict.fromkeys(_not_known(read) for read in missing))
        match node:
            case Read():
                return state(node, truth)
            case Comparison():
                facing = field_first(node)
                verb = VERBS[facing.op][0 if truth else 1]
                exact = verb == "is" and isinstance(facing.right, Literal)
                return f"{self.noun(facing.left, bare=exact)} {verb} {self.noun(facing.right)}"
            case OneOf(item=item, options=options):
                listed = ", ".join(self.noun(option) for option in options)
                verb = "is one of" if truth else "is not one of"
                return f"{self.noun(item)} {verb} {listed}"
            case Contains(item=item, texts=texts):
                verb = "contain" if truth else "do not contain"
                return f"{self.noun(texts)} {verb} {self.noun(item)}"
        return "this is always so" if truth else "this is never so"

    def noun(self, node: Node, *, bare: bool = False) -> str:
        """A value in words: the name of the field with what it was in brackets."""
        match node:
            case Literal(value=value):
                return self.shown(value, node.type)
            case Read(name=name):
                value = self.shown(_value(node, self.values, self.element), node.type)
                return spoken(name) if bare else f"{spoken(name)} ({value})"
        value = compiled(node)(self.values, self.element)
        words = node.text
        if isinstance(node, Arithmetic):
            words = f"{self.noun(node.left, bare=True)} {node.op} {self.noun(node.right, bare=True)}"
        return words if bare else f"{words} ({self.shown(value, type_of(node))})"

    def shown(self, value: Any, kind: Type) -> str:
        if kind is Type.MONEY:
            whole = Decimal(value).to_integral_value()
            text = major_text(int(whole), self.currency) if whole == value else str(value)
            return f"{text} {self.currency}"
        if kind is Type.TEXTS:
            return ", ".join(sorted(value)) or "none"
        if kind is Type.BOOL:
            return "yes" if value else "no"
        if kind is Type.LIST:
            return str(len(value))
        return str(value) if str(value) else '""'


def _not_known(read: Read) -> str:
    if read.type is Type.BOOL:
        return f"whether {state(read, True)} is not known"
    return f"{spoken(read.name)} is not known"
