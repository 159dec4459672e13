"""Reading the rules of a flow file: each has a name, a `when`, and standing actions under `do`."""

from collections.abc import Collection

from ordna.core.conditions import Position
from ordna.core.flow.model import HoldAction, Rule
from ordna.core.flow.read import Reader
from ordna.core.flow.vocabulary import nearest
from ordna.core.flow.yaml_tree import Items, Mapping, Text, Tree
from ordna.core.hours import Clock

RULES_MAX = 500
ACTIONS = ("hold", "tag")
#: Actions of the language that this version can't carry out yet: named, so that the refusal is clear.
ACTIONS_ELSEWHERE = (
    "mail",
    "capture",
    "cancel",
    "refund",
    "fulfil",
    "priority",
    "assign",
    "exclude_location",
    "note",
)

RULE_KEYS = ("rule", "title", "when", "do")
HOLD_KEYS = ("reason", "owner", "expires")
_TAG_LENGTH_MAX = 40  # Shopify's own bound


def read_rules(
    reader: Reader, top: Mapping, *, teams: Collection[str], steps: Collection[str], currency: str
) -> tuple[Rule, ...]:
    """The rules that could be read; problems go to the reader."""
    trees = reader.items(reader.child(top, "", "rules"), "rules")
    if len(trees) > RULES_MAX:
        reader.problem(top, "rules", "too_many", f"a flow has at most {RULES_MAX} rules")
        return ()
    rules: list[Rule] = []
    names: dict[str, Rule] = {}
    for index, tree in enumerate(trees):
        rule = _rule(reader, tree, f"rules[{index}]", teams=teams, steps=steps, currency=currency)
        if rule is None:
            continue
        other = names.setdefault(_spelled(rule.name), rule)
        if other is not rule:
            sentence = f"another rule is already named '{other.name}', on line {other.at.line}"
            reader.problem(tree, f"rules[{index}].rule", "duplicate_name", sentence)
        rules.append(rule)
    return tuple(rules)


def _spelled(name: str) -> str:
    """Two names that differ in signs or capitals only would give their holds one handle."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _rule(
    reader: Reader, tree: Tree, path: str, *, teams: Collection[str], steps: Collection[str], currency: str
) -> Rule | None:
    entry = reader.mapping(tree, path, RULE_KEYS)
    if entry is None:
        return None
    name = reader.text(entry, path, "rule", required=True)
    when = reader.condition(entry, path, "when", steps=steps, currency=currency, required=True)
    actions = reader.items(reader.child(entry, path, "do", required=True), f"{path}.do")
    if "do" in entry.entries and isinstance(entry.entries["do"][1], Items) and not actions:
        reader.problem(entry.entries["do"][1], f"{path}.do", "missing_do", f"{path} does nothing")
    holds: list[HoldAction] = []
    tags: list[str] = []
    for index, action in enumerate(actions):
        _action(reader, action, f"{path}.do[{index}]", teams, holds, tags)
    if name is None or when is None:
        return None
    title = reader.word(entry, path, "title", name.value[:1].upper() + name.value[1:])
    return Rule(name.value, title, when, tuple(holds), tuple(tags), Position(name.line, name.column))


def _action(
    reader: Reader, tree: Tree, path: str, teams: Collection[str], holds: list[HoldAction], tags: list[str]
) -> None:
    entry = reader.mapping(tree, path)
    if entry is None:
        return
    for name, (key, value) in entry.entries.items():
        if name == "hold":
            hold = _hold(reader, value, f"{path}.hold", teams)
            if hold:
                holds.append(hold)
        elif name == "tag":
            tags.extend(_tags(reader, value, f"{path}.tag"))
        elif name in ACTIONS_ELSEWHERE:
            sentence = f"this version does not have the action {name}, only {' and '.join(ACTIONS)}"
            reader.problem(key, f"{path}.{name}", "unavailable_action", sentence)
        else:
            close = nearest(name, ACTIONS)
            sentence = f"unknown action '{name}'" + (f", did you mean '{close}'?" if close else "")
            reader.problem(key, f"{path}.{name}", "unknown_action", sentence, close)


def _hold(reader: Reader, tree: Tree, path: str, teams: Collection[str]) -> HoldAction | None:
    entry = reader.mapping(tree, path, HOLD_KEYS)
    if entry is None:
        return None
    reason = reader.text(entry, path, "reason", required=True)
    owner = reader.choice(entry, path, "owner", teams, required=True)
    expires = reader.limit(entry, path, "expires")
    if expires and expires.clock is Clock.CUTOFF:
        sentence = "a hold can't expire at a cut-off, write 2 working days"
        reader.problem(entry.entries["expires"][1], f"{path}.expires", "bad_expires", sentence)
    return HoldAction(reason.value, owner, expires) if reason else None


def _tags(reader: Reader, tree: Tree, path: str) -> list[str]:
    found = []
    for one in tree.items if isinstance(tree, Items) else (tree,):
        if not isinstance(one, Text) or one.empty:
            reader.problem(one, path, "wrong_kind", "a tag is a text, or write a list of texts")
        elif not one.value.strip() or len(one.value) > _TAG_LENGTH_MAX or "," in one.value:
            sentence = f"a tag has 1 to {_TAG_LENGTH_MAX} characters and no comma"
            reader.problem(one, path, "bad_tag", sentence)
        else:
            found.append(one.value)
    return found
