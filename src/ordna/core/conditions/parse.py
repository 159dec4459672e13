"""From the text of a condition to checked nodes.

The text is Python's own expression syntax, parsed by the standard library and never evaluated. Every
construct must be on the list below; every name must be in the vocabulary; every comparison must make
sense for its types. Nothing else gets through, so running a condition cannot fail for a reason its
author could have been told.

    and  or  not  ==  !=  <  <=  >  >=  in  not in  +  -  *  ( )
    any(... for line in order.lines)   all(... for line in order.lines)
    done(step)  late(step)  open(step)
    "text"  12  12.50  True  False

Bounds: 2,000 characters, 24 levels, 200 entries in a list, 12 digits in a number.
"""

import ast
import re
from collections.abc import Collection
from decimal import Decimal
from typing import NoReturn

from ordna.core.conditions.errors import ConditionError, Position
from ordna.core.conditions.nodes import (
    ARITHMETIC,
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
    type_of,
)
from ordna.core.conditions.vocabulary import Nature, Type, Vocabulary, nearest
from ordna.core.values import exponent

SOURCE_LENGTH_MAX = 2_000
DEPTH_MAX = 24
OPTIONS_MAX = 200
STEP_QUESTIONS = ("done", "late", "open")

_NUMBER = re.compile(r"[0-9][0-9_]*(\.[0-9]+)?", re.ASCII)
_DIGITS_MAX = 12
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
#: 5and, 1e9, 0x10, 1j: what Python would read in ways of its own.
_RUN_ON = re.compile(r"(?:(?<!\w)|\.)[0-9][0-9_.]*[^\W0-9_]")
_ORDERED = (Type.NUMBER, Type.MONEY, Type.MOMENT)
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "add {} and {}"),
    ast.Sub: ("-", "subtract {1} from {0}"),
    ast.Mult: ("*", "multiply {} by {}"),
}
_HINTS = (
    ("&&", "write and instead of &&"),
    ("||", "write or instead of ||"),
    ("!", "write not instead of !"),
    ("<>", "write != instead of <>"),
    ("=", "write == to compare"),
)


def parse_nodes(
    source: str, vocabulary: Vocabulary, *, steps: Collection[str], currency: str, at: Position
) -> tuple[Node, str]:
    """The checked tree and the text in one spelling. Raises ConditionError with line and column."""
    builder = _Builder(source, vocabulary, steps, currency, at)
    tree = builder.syntax()
    node = builder.truth(tree.body, 0)
    return node, ast.unparse(tree)


class _Builder:
    """Turns one syntax tree into nodes; holds what every step of that needs."""

    def __init__(
        self, source: str, vocabulary: Vocabulary, steps: Collection[str], currency: str, at: Position
    ) -> None:
        self.source = source
        self.vocabulary = vocabulary
        self.steps = steps
        self.currency = currency
        self.at = at
        #: One line, leading space off, so that the parser's columns can be mapped back.
        self.flat = source.replace("\r", " ").replace("\n", " ").replace("\t", " ").lstrip()
        self.skipped = len(source) - len(self.flat)
        self.elements: dict[str, str] = {}

    def syntax(self) -> ast.Expression:
        if len(self.source) > SOURCE_LENGTH_MAX:
            self.refuse("too_long", f"a condition has at most {SOURCE_LENGTH_MAX} characters", 0)
        if not self.flat:
            self.refuse("empty", "the condition is empty", 0)
        odd = re.search(r"[\\\x00-\x1f\x7f]", self.flat)
        if odd:
            self.refuse("unsupported", "a backslash or control character can't be used here", odd.start())
        run_on = _RUN_ON.search(_QUOTED.sub(lambda text: "'" * len(text[0]), self.flat))
        if run_on:
            self.refuse("unsupported", "a number is digits with at most one point", run_on.start())
        try:
            return ast.parse(self.flat, mode="eval")
        except SyntaxError as error:
            self.refuse("syntax", _syntax_hint(self.flat, error), min(len(self.flat), (error.offset or 1) - 1))
        except (RecursionError, MemoryError, ValueError):
            self.refuse("too_deep", "the condition is nested too deep", 0)

    def truth(self, tree: ast.expr, depth: int) -> Node:
        """The node of something that must be true or false."""
        node = self.node(tree, depth)
        found = type_of(node)
        if found is not Type.BOOL:
            text = ast.unparse(tree)
            self.refuse_at(tree, "not_a_condition", f"{text} is {_a(found)}, compare it with something")
        return node

    def node(self, tree: ast.expr, depth: int) -> Node:
        if depth > DEPTH_MAX:
            self.refuse_at(tree, "too_deep", f"the condition is nested deeper than {DEPTH_MAX} levels")
        match tree:
            case ast.BoolOp(op=op, values=values):
                parts = tuple(self.truth(value, depth + 1) for value in values)
                text = self.text(tree)
                return And(text, parts) if isinstance(op, ast.And) else Or(text, parts)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.text(tree), self.truth(operand, depth + 1))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return self.signed(tree, depth)
            case ast.BinOp():
                return self.arithmetic(tree, depth)
            case ast.Compare():
                return self.comparison(tree, depth)
            case ast.Call():
                return self.call(tree, depth)
            case ast.Constant():
                return self.constant(tree)
            case ast.Name() | ast.Attribute():
                return self.read(tree)
        self.refuse_at(tree, "unsupported", f"{_construct(tree)} can't be used in a condition")

    def signed(self, tree: ast.UnaryOp, depth: int) -> Node:
        number = self.node(tree.operand, depth + 1)
        if not isinstance(number, Literal) or number.type is not Type.NUMBER:
            self.refuse_at(tree, "type_mismatch", "a sign can stand before a written number only")
        value = -number.value if isinstance(tree.op, ast.USub) else number.value
        return Literal(self.text(tree), Type.NUMBER, value)

    def arithmetic(self, tree: ast.BinOp, depth: int) -> Node:
        if type(tree.op) not in _ARITHMETIC:
            self.refuse_at(tree, "unsupported", "only + - and * can be used to calculate")
        op, sentence = _ARITHMETIC[type(tree.op)]
        left, right = self.node(tree.left, depth + 1), self.node(tree.right, depth + 1)
        if op != "*":
            left, right = self.as_money(tree.left, left, right), self.as_money(tree.right, right, left)
        if isinstance(left, Literal) and isinstance(right, Literal) and left.type is right.type is Type.NUMBER:
            return Literal(self.text(tree), Type.NUMBER, ARITHMETIC[op](left.value, right.value))
        types = (type_of(left), type_of(right))
        amounts = types.count(Type.MONEY)
        fitting = set(types) <= {Type.NUMBER, Type.MONEY} and amounts in ((0, 1) if op == "*" else (0, 2))
        if not fitting:
            self.refuse_at(tree, "type_mismatch", "cannot " + sentence.format(types[0].value, types[1].value))
        return Arithmetic(self.text(tree), Type.MONEY if amounts else Type.NUMBER, op, left, right)

    def comparison(self, tree: ast.Compare, depth: int) -> Node:
        operands = [tree.left, *tree.comparators]
        pairs = tuple(
            self.pair(tree, op, operands[index], operands[index + 1], depth) for index, op in enumerate(tree.ops)
        )
        return pairs[0] if len(pairs) == 1 else And(self.text(tree), pairs)

    def pair(self, tree: ast.Compare, op: ast.cmpop, left: ast.expr, right: ast.expr, depth: int) -> Node:
        text = self.text(tree) if len(tree.ops) == 1 else f"{ast.unparse(left)} … {ast.unparse(right)}"
        if isinstance(op, ast.In | ast.NotIn):
            found = self.membership(text, left, right, depth)
            return Not(text, found) if isinstance(op, ast.NotIn) else found
        symbol = _COMPARISONS.get(type(op))
        if symbol is None:
            self.refuse_at(tree, "unsupported", "is can't be used in a condition, write == or !=", "==")
        if len(tree.ops) > 1:
            text = f"{ast.unparse(left)} {symbol} {ast.unparse(right)}"
        one, other = self.node(left, depth + 1), self.node(right, depth + 1)
        one, other = self.as_money(left, one, other), self.as_money(right, other, one)
        kinds = (type_of(one), type_of(other))
        if kinds[0] is not kinds[1]:
            sentence = f"cannot compare {kinds[0].value} with {kinds[1].value}"
            self.refuse_at(tree, "type_mismatch", sentence)
        comparable = _ORDERED if symbol not in ("==", "!=") else (*_ORDERED, Type.TEXT, Type.BOOL)
        if kinds[0] not in comparable:
            self.refuse_at(tree, "type_mismatch", f"cannot compare {kinds[0].value} with {symbol}")
        return Comparison(text, symbol, one, other)

    def membership(self, text: str, left: ast.expr, right: ast.expr, depth: int) -> Node:
        item = self.node(left, depth + 1)
        if isinstance(right, ast.List | ast.Set | ast.Tuple):
            return OneOf(text, item, self.options(right, item, depth))
        among = self.node(right, depth + 1)
        if not isinstance(among, Read) or among.type is not Type.TEXTS:
            sentence = 'after in comes a written list such as ["DK", "SE"] or a field of texts'
            self.refuse_at(right, "type_mismatch", sentence)
        if type_of(item) is not Type.TEXT:
            sentence = f"cannot look for {type_of(item).value} in {among.name}, a set of texts"
            self.refuse_at(left, "type_mismatch", sentence)
        return Contains(text, item, among)

    def options(self, tree: ast.List | ast.Set | ast.Tuple, item: Node, depth: int) -> tuple[Literal, ...]:
        if not 1 <= len(tree.elts) <= OPTIONS_MAX:
            self.refuse_at(tree, "list_size", f"a list has 1 to {OPTIONS_MAX} entries")
        options = []
        for entry in tree.elts:
            option = self.as_money(entry, self.node(entry, depth + 1), item)
            if not isinstance(option, Literal):
                self.refuse_at(entry, "unsupported", "a list has written texts or numbers only")
            if option.type is not type_of(item):
                sentence = f"cannot compare {type_of(item).value} with {option.type.value}"
                self.refuse_at(entry, "type_mismatch", sentence)
            options.append(option)
        return tuple(options)

    def call(self, tree: ast.Call, depth: int) -> Node:
        name = tree.func.id if isinstance(tree.func, ast.Name) else ""
        known = ("any", "all", *STEP_QUESTIONS)
        if name not in known:
            close = nearest(name, known)
            sentence = f"there is no function {ast.unparse(tree.func)}, only " + ", ".join(known)
            self.refuse_at(tree, "unknown_function", sentence, close)
        if len(tree.args) != 1 or tree.keywords:
            self.refuse_at(tree, "wrong_call", f"{name}() takes exactly one thing between its brackets")
        return self.step(name, tree) if name in STEP_QUESTIONS else self.quantified(name, tree, depth)

    def step(self, question: str, tree: ast.Call) -> Read:
        step = tree.args[0]
        if isinstance(step, ast.Name):
            name = step.id
        elif isinstance(step, ast.Constant) and isinstance(step.value, str):
            name = step.value
        else:
            self.refuse_at(step, "wrong_call", f"{question}() takes the name of a step")
        if name not in self.steps:
            close = nearest(name, self.steps)
            self.refuse_at(step, "unknown_step", _unknown("step", name, close), close)
        return Read(self.text(tree), Type.BOOL, f"{question}({name})", Nature.CIRCUMSTANCE)

    def quantified(self, name: str, tree: ast.Call, depth: int) -> Quantified:
        each = tree.args[0]
        if self.elements:
            self.refuse_at(tree, "unsupported", f"{name}() can't stand inside another any() or all()")
        if not isinstance(each, ast.GeneratorExp) or len(each.generators) != 1:
            self.refuse_at(tree, "wrong_call", f"write {name}(... for line in order.lines)")
        source = each.generators[0]
        if source.ifs or source.is_async or not isinstance(source.target, ast.Name):
            self.refuse_at(tree, "wrong_call", f"write {name}(... for line in order.lines), joined by and")
        over = self.read(source.iter)
        if over.type is not Type.LIST:
            self.refuse_at(source.iter, "type_mismatch", f"{over.name} is {_a(over.type)}, not a list")
        element, variable = self.vocabulary.fields[over.name].element, source.target.id
        if variable != element and any(name.split(".")[0] == variable for name in self.vocabulary.fields):
            self.refuse_at(source.target, "name_taken", f"{variable} already has a meaning, write for {element}")
        self.elements = {variable: element}
        body = self.truth(each.elt, depth + 1)
        self.elements = {}
        return Quantified(self.text(tree), name == "all", over, element, body)

    def constant(self, tree: ast.Constant) -> Literal:
        text = self.text(tree)
        if isinstance(tree.value, bool):
            return Literal(text, Type.BOOL, tree.value)
        if isinstance(tree.value, str):
            return Literal(text, Type.TEXT, tree.value)
        if not _NUMBER.fullmatch(text):
            self.refuse_at(tree, "unsupported", f"{text} can't be used in a condition")
        number = Decimal(text.replace("_", ""))
        if len(number.as_tuple().digits) > _DIGITS_MAX:
            self.refuse_at(tree, "too_long", f"a number has at most {_DIGITS_MAX} digits")
        return Literal(text, Type.NUMBER, int(number) if number == number.to_integral_value() else number)

    def read(self, tree: ast.expr) -> Read:
        written = _dotted(tree)
        if written is None:
            self.refuse_at(tree, "unsupported", f"{_construct(tree)} can't be used in a condition")
        head, _, rest = written.partition(".")
        of_element = head in self.elements
        name = f"{self.elements[head]}.{rest}" if of_element else written
        field = self.vocabulary.get(name)
        if field is None:
            close = self.vocabulary.nearest(name)
            self.refuse_at(tree, "unknown_field", _unknown("field", written, close), close)
        owner = self.list_of(field.scope)
        if owner and not of_element:
            sentence = f"{name} is one of many, write any({name} ... for {field.scope} in {owner})"
            self.refuse_at(tree, "needs_any", sentence)
        return Read(self.text(tree), field.type, name, field.nature, of_element)

    def list_of(self, scope: str) -> str | None:
        """The list field whose elements have this scope."""
        return next((field.name for field in self.vocabulary.fields.values() if field.element == scope), None)

    def as_money(self, tree: ast.expr, node: Node, beside: Node) -> Node:
        """A bare number beside money is in major units: turn it into minor units, exactly."""
        if type_of(beside) is not Type.MONEY or not isinstance(node, Literal) or node.type is not Type.NUMBER:
            return node
        places = exponent(self.currency)
        minor = Decimal(node.value).scaleb(places)
        if minor != minor.to_integral_value():
            sentence = f"{node.text} has more decimals than {self.currency}, which has {places}"
            self.refuse_at(tree, "too_precise", sentence)
        return Literal(node.text, Type.MONEY, int(minor))

    def text(self, tree: ast.expr) -> str:
        return self.flat[self.offset(tree.col_offset) : self.offset(tree.end_col_offset or 0)]

    def offset(self, bytes_before: int) -> int:
        """The parser counts UTF-8 bytes, people count characters."""
        return len(self.flat.encode()[:bytes_before].decode())

    def refuse_at(self, tree: ast.expr, code: str, message: str, near: str | None = None) -> NoReturn:
        self.refuse(code, message, self.offset(tree.col_offset), near, len(self.text(tree)))

    def refuse(self, code: str, message: str, offset: int, near: str | None = None, width: int = 1) -> NoReturn:
        position = self.at.after(self.source, self.skipped + offset)
        caret = f"{self.flat}\n{' ' * offset}{'^' * max(1, width)}"
        raise ConditionError(code, message, position.line, position.column, near, caret)


def _syntax_hint(flat: str, error: SyntaxError) -> str:
    outside_quotes = re.sub("[=!<>]=", "", _QUOTED.sub("", flat))
    for wrong, hint in _HINTS:
        if wrong in outside_quotes:
            return hint
    return f"this can't be read: {error.msg}"


def _unknown(kind: str, name: str, close: str | None) -> str:
    return f"unknown {kind} '{name}'" + (f", did you mean '{close}'?" if close else "")


def _dotted(tree: ast.expr) -> str | None:
    match tree:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            owner = _dotted(value)
            return None if owner is None else f"{owner}.{attribute}"
    return None


def _construct(tree: ast.expr) -> str:
    """The word a person would use for a piece of syntax."""
    names = {
        ast.Lambda: "lambda", ast.IfExp: "if ... else", ast.Dict: "a dictionary", ast.List: "a list",
        ast.Set: "a set", ast.Tuple: "a tuple", ast.JoinedStr: "an f-string", ast.Subscript: "[...]",
        ast.Starred: "*", ast.NamedExpr: ":=", ast.Await: "await", ast.Attribute: "a name on a value",
    }  # fmt: skip
    return names.get(type(tree), "a comprehension")


def _a(kind: Type) -> str:
    return f"a {kind.value}" if kind in (Type.NUMBER, Type.MOMENT, Type.TEXTS, Type.LIST) else kind.value
