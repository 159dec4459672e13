"""Mend a tree that did not fit: keep every field that can be read, make None of the others and say why.

A `Bad` value was reported by the patient parse already; here it only becomes None.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from ordna.connectors.shopify.bodies import COUNT_MAX
from ordna.connectors.shopify.patient import Bad, NumberText
from ordna.core.values import Problem

T = TypeVar("T", bound=msgspec.Struct)

_DIGITS = re.compile(r"[0-9]{1,19}")
_LEAP_SECOND = re.compile(r"(T| )(\d\d):(\d\d):60(\.\d+)?")
_YEAR = re.compile(r"[+-]?(\d+)-")


def mend(tree: dict[str, Any], kind: type[T], path: str, problems: list[Problem]) -> T:
    """A `kind` of whatever fields of `tree` can be read; `path` is where the tree stands in the body."""
    values: dict[str, Any] = {}
    for name, wire_name, wanted, list_of in _plan(kind):
        value = tree.get(wire_name)
        if value is None or isinstance(value, Bad):
            continue
        here = f"{path}.{wire_name}" if path else wire_name
        values[name] = _list(value, wanted, here, problems) if list_of else _one(value, wanted, here, problems)
    return kind(**values)


@lru_cache(maxsize=64)
def _plan(kind: type[msgspec.Struct]) -> tuple[tuple[str, str, Any, bool], ...]:
    """(attribute, name in JSON, what one value must be, is it a list) for each field."""
    hints = get_type_hints(kind, include_extras=True)
    wire_names = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    return tuple((name, wire_names[name], *_unwrapped(hints[name])) for name in wire_names)


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    if get_origin(hint) is list:
        return get_args(hint)[0], True
    return hint, False


def _list(value: Any, wanted: Any, path: str, problems: list[Problem]) -> list[Any] | None:
    if not isinstance(value, list):
        problems.append(Problem("wrong_type", path, f"Here stands {_named(value)} where a list was due."))
        return None
    mended = [_one(item, wanted, f"{path}[{at}]", problems) for at, item in enumerate(value)]
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        # A place that can't be read stays a place: what follows keeps its number, and nobody takes it for absent.
        return [wanted() if item is None else item for item in mended]
    return [item for item in mended if item is not None]


def _one(value: Any, wanted: Any, path: str, problems: list[Problem]) -> Any:
    if value is None or isinstance(value, Bad):
        return None
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        if isinstance(value, dict):
            return mend(value, wanted, path, problems)
        problems.append(Problem("wrong_type", path, f"Here stands {_named(value)} where an object was due."))
        return None
    read, problem = _scalar(value, wanted)
    if problem:
        problems.append(Problem(problem[0], path, problem[1]))
    return read


_Wrong = tuple[str, str]


def _scalar(value: Any, wanted: Any) -> tuple[Any, _Wrong | None]:
    match _kind(wanted):
        case "id":
            return _id(value)
        case "count":
            return _count(value)
        case "amount":
            return _amount(value)
        case "moment":
            return _moment(value)
        case "text":
            return (
                (value, None)
                if type(value) is str
                else (None, ("wrong_type", f"Here stands {_named(value)} where a text was due."))
            )
        case "rate":
            return (
                (float(value), None)
                if isinstance(value, (int, NumberText))
                else (None, ("wrong_type", f"Here stands {_named(value)} where a number was due."))
            )
    return (
        (value, None)
        if isinstance(value, bool)
        else (None, ("wrong_type", f"Here stands {_named(value)} where true or false was due."))
    )


def _kind(wanted: Any) -> str:
    if get_origin(wanted) is Annotated:
        return str(get_args(wanted)[1].extra["kind"])
    return {str: "text", float: "rate", bool: "flag"}[wanted]


def _id(value: Any) -> tuple[int | None, _Wrong | None]:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)  # Shopify writes some ids as text
    if type(value) is not int:
        return None, ("wrong_type", f"Here stands {_named(value)} where the number of an object was due.")
    return (value, None) if 0 < value < 2**63 else (None, ("out_of_range", "The number of an object is never below 1."))


def _count(value: Any) -> tuple[int | None, _Wrong | None]:
    if type(value) is NumberText:
        return None, ("not_whole", f"{value[:40]} is not a whole number of units.")
    if type(value) is not int:
        return None, ("not_whole", f"Here stands {_named(value)} where a whole number of units was due.")
    if value < 0:
        return None, ("negative_quantity", f"{value} units is less than none.")
    return (
        (value, None) if value <= COUNT_MAX else (None, ("out_of_range", f"{value} units is more than any order has."))
    )


def _amount(value: Any) -> tuple[str | None, _Wrong | None]:
    if isinstance(value, str):
        return str(value), None
    if type(value) is int:
        return str(value), None
    return None, ("wrong_type", f"Here stands {_named(value)} where an amount was due.")


def _moment(value: Any) -> tuple[datetime | None, _Wrong | None]:
    if not isinstance(value, str):
        return None, ("wrong_type", f"Here stands {_named(value)} where a time was due.")
    text = _LEAP_SECOND.sub(r"\1\2:\3:59.999999", value.strip())  # a leap second is the last moment of its minute
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        year = _YEAR.match(text)
        if text.lower() in ("infinity", "-infinity") or (year and not 1 <= int(year[1][:6]) <= 9999):
            return None, ("out_of_range", f"“{value[:40]}” is not a time orders are placed at.")
        return None, ("bad_time", f"“{value[:40]}” is not a time like 2026-11-23T09:30:00+01:00.")
    if moment.tzinfo is None:
        return None, ("no_timezone", f"“{value[:40]}” does not say its time zone.")
    return moment, None


def _named(value: object) -> str:
    # The kind only, never the value: it may be a person's, and problems are kept longer than persons may be.
    kinds = {
        str: "a text",
        dict: "an object",
        list: "a list",
        bool: "true or false",
        int: "a number",
        NumberText: "a fractional number",
    }
    return kinds.get(type(value), "something else")
