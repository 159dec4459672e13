"""The flow file: the merchant's intended way, as data.

`parse_flow` reads it, `check` judges it as a whole, `to_words` says what it means. The types are in
`model`, the vocabulary's in `vocabulary`.
"""

from ordna.core.flow.check import check, check_text
from ordna.core.flow.model import Flow, HoldAction, Rule, Step, Team
from ordna.core.flow.parse import parse_flow
from ordna.core.flow.problems import FlowError, Problem
from ordna.core.flow.words import to_words

__all__ = [
    "Flow",
    "FlowError",
    "HoldAction",
    "Problem",
    "Rule",
    "Step",
    "Team",
    "check",
    "check_text",
    "parse_flow",
    "to_words",
]
