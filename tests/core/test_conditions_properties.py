"""For any condition and any values: the explanation is the decision, and unknown is what it claims to be."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ordna.core.conditions import Explanation, parse
from tests.core.vocabulary_for_tests import VOCABULARY

LEAVES = st.sampled_from(
    [
        "held",
        "order.test",
        "done(pay)",
        "late(check)",
        "True",
        "False",
        "order.total >= 50",
        "10 < order.total <= 50.5",
        "order.total * 2 - 1 != 99",
        "order.total in [1, 50]",
        "customer.orders_before == 0",
        "order.country in ['DK', 'SE']",
        "order.country == 'DK'",
        "'vip' in order.tags",
        "'vip' not in order.tags",
        "order.placed_at < order.cancelled_at",
    ]
)
LINE_LEAVES = st.sampled_from(
    ["line.quantity >= 2", "line.gift_card", "line.price * line.quantity > 20", "line.sku != 'A'", "held"]
)


def combined(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda one: f"not ({one})"),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda three: "({}) {} ({})".format(*three)),
        ),
        max_leaves=5,
    )


QUANTIFIED = st.tuples(st.sampled_from(["any", "all"]), combined(LINE_LEAVES)).map(
    lambda two: f"{two[0]}({two[1]} for line in order.lines)"
)
SOURCES = combined(st.one_of(LEAVES, QUANTIFIED))
BOOL = st.sampled_from([True, False, None])
LINE = st.fixed_dictionaries(
    {
        "line.quantity": st.sampled_from([1, 2, 3, None]),
        "line.price": st.sampled_from([500, 1000, 1001, None]),
        "line.sku": st.sampled_from(["A", "B", None]),
        "line.gift_card": BOOL,
    }
)
VALUES = st.fixed_dictionaries(
    {
        "held": BOOL,
        "order.test": BOOL,
        "done(pay)": BOOL,
        "late(check)": BOOL,
        "order.total": st.sampled_from([100, 1000, 5000, 5050, None]),
        "customer.orders_before": st.sampled_from([0, 1, None]),
        "order.country": st.sampled_from(["DK", "NO", None]),
        "order.tags": st.sampled_from([(), ("vip",), None]),
        "order.placed_at": st.none(),
        "order.cancelled_at": st.none(),
        "order.lines": st.one_of(st.none(), st.lists(LINE, max_size=3)),
    }
)


@settings(max_examples=300, deadline=None)
@given(source=SOURCES, values=VALUES)
def test_the_explanation_is_the_decision(source: str, values: dict[str, Any]) -> None:
    condition = parse(source, VOCABULARY, steps=("pay", "check"), currency="DKK")
    truth = condition.evaluate(values)
    explanation = condition.explain(values)
    assert explanation.truth is truth
    assert explanation.sentence().startswith({True: "Yes: ", False: "No: ", None: "Not known: "}[truth])
    assert len(explanation.reason()) > 5
    assert bool(condition.unknown(values)) is (truth is None)
    assert _joints_agree(explanation)


@settings(max_examples=150, deadline=None)
@given(source=combined(LEAVES), values=VALUES)
def test_an_answer_that_is_known_stays_whatever_the_unknown_turns_out_to_be(
    source: str, values: dict[str, Any]
) -> None:
    condition = parse(source, VOCABULARY, steps=("pay", "check"), currency="DKK")
    truth = condition.evaluate(values)
    open_reads = [name for name in ("held", "order.test", "done(pay)", "late(check)") if values[name] is None]
    for answers in itertools.product((True, False), repeat=len(open_reads)):
        later = condition.evaluate({**values, **dict(zip(open_reads, answers, strict=True))})
        assert truth is None or later is truth


@settings(max_examples=150, deadline=None)
@given(source=SOURCES, values=VALUES)
def test_one_spelling_means_the_same(source: str, values: dict[str, Any]) -> None:
    written = parse(source, VOCABULARY, steps=("pay", "check"), currency="DKK")
    spelled = parse(written.text, VOCABULARY, steps=("pay", "check"), currency="DKK")
    assert spelled == written
    assert spelled.evaluate(values) is written.evaluate(values)


def _joints_agree(explanation: Explanation) -> bool:
    """Each joint follows from its parts by Kleene's tables, computed here on its own."""
    truths = [part.truth for part in explanation.parts]
    if explanation.joint == "not":
        expected = None if truths[0] is None else not truths[0]
    elif explanation.joint == "and":
        expected = False if False in truths else None if None in truths else True
    elif explanation.joint == "or":
        expected = True if True in truths else None if None in truths else False
    else:
        expected = explanation.truth
    return expected is explanation.truth and all(map(_joints_agree, explanation.parts))
