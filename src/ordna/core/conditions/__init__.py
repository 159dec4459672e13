"""Conditions: a small, typed, safe language in Python's own words.

    order.total >= 5000 and customer.orders_before == 0

`parse` checks a text against the vocabulary once; the `Condition` it returns lists what it reads, runs
in about a microsecond over a mapping of those reads, and explains itself with the same semantics. Truth
has three values; None is unknown, which no rule and no step ever acts on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ordna.core.conditions.errors import ConditionError, Position
from ordna.core.conditions.explain import Explanation, explanation, unknown_reads
from ordna.core.conditions.nodes import Node, Quantified, Run, compiled, parts_of, reads_of
from ordna.core.conditions.parse import parse_nodes
from ordna.core.conditions.vocabulary import Nature, Vocabulary
from ordna.core.conditions.words import node_words

__all__ = ["Condition", "ConditionError", "Explanation", "Position", "parse"]

START = Position()
_NO_ELEMENT: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition. Two are equal when their text in one spelling and their currency are."""

    #: The text in one spelling: spaces and brackets do not make a difference.
    text: str
    currency: str
    source: str = field(compare=False)
    at: Position = field(compare=False)
    root: Node = field(compare=False, repr=False)
    #: What `values` is asked for: fields and the likes of "done(pay)".
    reads: frozenset[str] = field(compare=False)
    #: What the elements of each list field are asked for: {"order.lines": {"line.quantity"}}.
    element_reads: Mapping[str, frozenset[str]] = field(compare=False)
    _run: Run = field(compare=False, repr=False)

    def evaluate(self, values: Mapping[str, Any]) -> bool | None:
        """True, False, or None when what is missing matters. `values` maps a read's name to its value;
        a list field to a sequence of mappings. A name that is absent or None is unknown."""
        truth: bool | None = self._run(values, _NO_ELEMENT)
        return truth

    def explain(self, values: Mapping[str, Any]) -> Explanation:
        """The tree of sub-conditions with what each read and its truth."""
        return explanation(self.root, values, self.currency)

    def unknown(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The reads that were unknown and mattered; empty when the answer is known."""
        return unknown_reads(self.root, values)

    def words(self) -> str:
        """The condition as a clause in words."""
        return node_words(self.root, self.currency)

    def natures(self) -> frozenset[Nature]:
        """Whether deeds or circumstances (or plain values) are read."""
        return frozenset(read.nature for read in reads_of(self.root))

    def asks_of_steps(self) -> frozenset[str]:
        """The steps named in done(), late() and open()."""
        return frozenset(name[:-1].partition("(")[2] for name in self.reads if name.endswith(")"))


def parse(
    source: str, vocabulary: Vocabulary, *, steps: Collection[str], currency: str, at: Position = START
) -> Condition:
    """Check `source` against the vocabulary and the names of steps; bare numbers beside money are major
    units of `currency`. Raises ConditionError with code, sentence, line, column and the nearest name."""
    root, text = parse_nodes(source, vocabulary, steps=steps, currency=currency, at=at)
    reads = frozenset(read.name for read in reads_of(root) if not read.of_element)
    return Condition(text, currency, source, at, root, reads, _element_reads(root), compiled(root))


def _element_reads(node: Node) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    if isinstance(node, Quantified):
        names = frozenset(read.name for read in reads_of(node.body) if read.of_element)
        return {node.over.name: names}
    for part in parts_of(node):
        for over, names in _element_reads(part).items():
            found[over] = found.get(over, frozenset()) | names
    return found
