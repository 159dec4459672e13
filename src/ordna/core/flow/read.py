"""Reading values out of the YAML tree: every refusal is collected with its place and the way there."""

import re
from collections.abc import Collection

from ordna.core.conditions import Condition, ConditionError, parse
from ordna.core.flow.problems import Problem
from ordna.core.flow.vocabulary import Vocabulary, nearest
from ordna.core.flow.yaml_tree import Items, Mapping, Text, Tree
from ordna.core.hours import HoursError, Within, read_within

TEXT_LENGTH_MAX = 200

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


class Reader:
    """Collects problems while a tree is read, so that one run reports them all."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []

    def problem(self, at: "Tree | Text", path: str, code: str, message: str, near: str | None = None) -> None:
        self.problems.append(Problem(code, message, at.line, at.column, path, near))

    def mapping(self, tree: Tree | None, path: str, known: Collection[str] = ()) -> Mapping | None:
        """The tree as a mapping, its keys checked against `known` when given."""
        if tree is None:
            return None
        if not isinstance(tree, Mapping):
            self.problem(tree, path, "wrong_kind", f"{path or 'the file'} must be a mapping, key: value")
            return None
        for name, (key, _) in tree.entries.items():
            if known and name not in known:
                close = nearest(name, known)
                sentence = f"unknown key '{name}'" + (f", did you mean '{close}'?" if close else "")
                self.problem(key, _join(path, name), "unknown_key", sentence, close)
        return tree

    def items(self, tree: Tree | None, path: str) -> tuple[Tree, ...]:
        if tree is None or (isinstance(tree, Text) and tree.empty):
            return ()
        if not isinstance(tree, Items):
            self.problem(tree, path, "wrong_kind", f"{path} must be a list, - one - another")
            return ()
        return tree.items

    def child(self, mapping: Mapping, path: str, key: str, *, required: bool = False) -> Tree | None:
        """The value of a key; a required one that is missing or empty is a problem."""
        found = mapping.entries.get(key)
        tree = found[1] if found else None
        if tree is not None and not (isinstance(tree, Text) and tree.empty):
            return tree
        if required:
            self.problem(tree or mapping, _join(path, key), f"missing_{key}", f"{path or 'the file'} has no {key}")
        return None

    def text(self, mapping: Mapping, path: str, key: str, *, required: bool = False) -> Text | None:
        tree = self.child(mapping, path, key, required=required)
        if tree is None:
            return None
        if not isinstance(tree, Text):
            self.problem(tree, _join(path, key), "wrong_kind", f"{_join(path, key)} must be text")
            return None
        if len(tree.value) > TEXT_LENGTH_MAX and key not in ("starts", "ends", "moot", "pauses", "when"):
            self.problem(tree, _join(path, key), "too_long", f"at most {TEXT_LENGTH_MAX} characters fit here")
            return None
        return tree

    def word(self, mapping: Mapping, path: str, key: str, default: str = "") -> str:
        found = self.text(mapping, path, key)
        return found.value if found else default

    def name(self, key: Text, path: str) -> None:
        if not NAME.fullmatch(key.value):
            sentence = f"'{key.value}' is not a name: lower-case letters, digits, _ and -, at most 40"
            self.problem(key, path, "bad_name", sentence)

    def choice(self, mapping: Mapping, path: str, key: str, among: Collection[str], *, required: bool = False) -> str:
        """One of the words in `among`, or ""; for an owner these are the teams."""
        found = self.text(mapping, path, key, required=required)
        if found is None:
            return ""
        if found.value not in among:
            kind = "team" if key == "owner" else f"value of {key}"
            close = nearest(found.value, among)
            sentence = f"unknown {kind} '{found.value}'" + (f", did you mean '{close}'?" if close else "")
            code = "unknown_team" if key == "owner" else f"unknown_{key}"
            self.problem(found, _join(path, key), code, sentence, close)
        return found.value

    def limit(self, mapping: Mapping, path: str, key: str, *, required: bool = False) -> Within | None:
        found = self.text(mapping, path, key, required=required)
        if found is None:
            return None
        try:
            return read_within(found.value)
        except HoursError as error:
            self.problem(found, _join(path, key), f"bad_{key}", str(error))
            return None

    def condition(
        self,
        mapping: Mapping,
        path: str,
        key: str,
        *,
        steps: Collection[str],
        currency: str,
        required: bool = False,
    ) -> Condition | None:
        found = self.text(mapping, path, key, required=required)
        if found is None:
            return None
        try:
            return parse(found.value, self.vocabulary, steps=steps, currency=currency, at=found.at)
        except ConditionError as error:
            where = _join(path, key)
            problem = Problem(error.code, error.message, error.line, error.column, where, error.nearest)
            self.problems.append(problem)
            return None


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
