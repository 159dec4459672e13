"""Whatever somebody pastes in: a flow, or problems with a place; never a crash."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ordna.core.conditions import ConditionError, Position, parse
from ordna.core.flow import FlowError, check, parse_flow, to_words
from tests.core.test_flow_file import BASE
from tests.core.vocabulary_for_tests import VOCABULARY

WORDS = """
    held order.total order.tags order.lines line.quantity line order customer.orders_before any all for in not
    and or is if else lambda done late pay True None ( ) [ ] { } , : . == < >= = + - * / % && ! := # 5 0.5 1e9
    'x' "vip" ' " f'x' æ
"""
TOKENS = st.sampled_from([*WORDS.split(), "\n", "\t", "\u2028", "\x00", "\\"])
SNIPPETS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["&a", "*a", "!t", "- ", ": ", "? ", "{", "}", "[", "]", "|", ">", "'", '"', "#", "---", "\n", "\t"]
    ),
    st.sampled_from(BASE.split()),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(TOKENS, max_size=20), st.sampled_from(["", " "]))
def test_any_row_of_words_is_a_condition_or_a_refusal(tokens: list[str], between: str) -> None:
    source = between.join(tokens)
    try:
        condition = parse(source, VOCABULARY, steps=("pay",), currency="DKK", at=Position(3, 5, 5))
    except ConditionError as error:
        assert error.line >= 3 and error.column >= 1 and error.message and error.code
        return
    assert condition.explain({}).truth is condition.evaluate({})
    assert condition.words()


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_change_of_a_sound_file_is_a_flow_or_problems_with_a_place(data: st.DataObject) -> None:
    text = BASE
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(SNIPPETS) + text[end:]
    try:
        flow = parse_flow(text, VOCABULARY, currency_default="DKK")
    except FlowError as error:
        assert error.problems
        assert all(one.line >= 1 and one.column >= 1 and one.message for one in error.problems)
        return
    for one in check(flow, VOCABULARY):
        assert one.line >= 1 and one.column >= 1
    assert all(to_words(one) for one in (*flow.steps, *flow.rules))
