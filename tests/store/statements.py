"""What a statement touches and whether it names the merchant: enough SQL to read our own files by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources

from ordna.store import sql

COMMENT = re.compile(r"--[^\n]*")
TEXT = re.compile(r"'[^']*'")
KEYWORDS = {
    *("where", "on", "join", "left", "cross", "inner", "natural", "using", "set", "values", "select", "from", "as"),
    *("order", "group", "having", "window", "limit", "for", "returning", "union"),
}


def statements() -> Iterator[tuple[str, str, str]]:
    """(file, name, text) of every named statement."""
    for entry in sorted(resources.files(sql.__name__).iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".sql"):
            for name, body in sql.blocks(entry.name).items():
                yield entry.name, name, body.decode()


def bare(text: str) -> str:
    """Without comments, texts and the driver's percent signs; lower case."""
    return TEXT.sub("''", COMMENT.sub("", text)).lower()


def touched(text: str, tables: set[str]) -> list[tuple[str, str]]:
    """(table, the name it goes by) each time a statement reaches for one of these tables."""
    found = []
    names = "|".join(sorted(tables, key=len, reverse=True))
    reach = rf"(\bfrom|\bjoin|\bupdate|\busing|,)\s+({names})\b(?!\s*\()(?:\s+(?:as\s+)?([a-z_]+))?"
    for match in re.finditer(reach, bare(text)):
        before, table, alias = match.groups()
        if before == "," and (alias is None or alias in KEYWORDS):
            continue  # a column in a list
        found.append((table, alias if alias and alias not in KEYWORDS else table))
    for match in re.finditer(rf"\binto\s+({names})\s*\(", bare(text)):
        found.append((match[1], match[1]))
    return found


def unbound(text: str, tables: set[str]) -> list[str]:
    """The tables a statement reaches for without naming the merchant of their rows."""
    plain = bare(text)
    reached = touched(text, tables)
    bare_bounds = len(re.findall(r"(?<!\.)\bmerchant_id\s*(?:=|in\b)", plain))
    wrong = []
    for table, alias in reached:
        inserted = re.search(rf"\binto\s+{table}\s*\(([^)]*)\)", plain)
        if inserted and re.search(r"\bmerchant_id\b", inserted[1]):
            continue
        if re.search(rf"\b{alias}\.merchant_id\s*(=|in\b|,|\)\s*>)", plain) or re.search(
            rf"=\s*{alias}\.merchant_id\b", plain
        ):
            continue
        if alias == table and bare_bounds >= sum(name == each for each, name in reached):
            continue
        wrong.append(table)
    return wrong
