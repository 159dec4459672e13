"""Working hours, limits and due times.

A limit (`within`) runs in one of four clocks:

    elapsed        "1h", "30 min"            every second counts
    days           "5 days"                  the same time of day, so many calendar days on
    working        "2 working hours"         seconds inside opening hours, holidays left out
    working days   "1 working day"           the same time of day, so many working days on
    cutoff         "same day before cutoff"  the team's next cut-off on a working day

A limit in a working clock that starts outside opening hours starts at the next opening. Moments come in
and go out as aware UTC; all counting of days happens in the merchant's zone, so a change to or from
summer time moves no deadline by an hour. Nothing here reads a clock: the start is an input.
"""

import enum
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from msgspec import Struct

DAYS_SEARCHED_MAX = 3_700
AMOUNT_MAX = 1_000

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WITHIN = re.compile(r"(\d{1,4}) ?(working )?(min|minutes?|h|hours?|days?)", re.ASCII)
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)


class Clock(enum.Enum):
    """Which seconds of a limit count."""

    ELAPSED = "elapsed"
    DAYS = "days"
    WORKING = "working"
    WORKING_DAYS = "working days"
    CUTOFF = "cutoff"


class HoursError(ValueError):
    """Hours or a limit that can't be read; the text says what would be right."""


class Within(Struct, frozen=True):
    """A limit: `amount` seconds (ELAPSED, WORKING) or days (DAYS, WORKING_DAYS); 0 for CUTOFF."""

    text: str
    clock: Clock
    amount: int


class Hours(Struct, frozen=True):
    """When a merchant works: for each weekday, Monday first, its open spans in minutes of the day."""

    zone: str
    open: tuple[tuple[tuple[int, int], ...], ...]
    #: The country whose public holidays are closed ("DK", "DE-BY"), or "" for none.
    holidays: str = ""


ALWAYS_OPEN = Hours("UTC", (((0, 1440),),) * 7)


def read_within(text: str) -> Within:
    """Read a limit such as "2 working hours". Raises HoursError."""
    said = " ".join(text.lower().split())
    if said in ("same day before cutoff", "same day before cut-off"):
        return Within(said, Clock.CUTOFF, 0)
    found = _WITHIN.fullmatch(said)
    if not found or not 1 <= int(found[1]) <= AMOUNT_MAX:
        raise HoursError(
            f"'{text}' is not a limit, write 30 min, 1h, 2 working hours, 1 working day, 5 days "
            "or same day before cutoff"
        )
    amount, working, unit = int(found[1]), bool(found[2]), found[3][0]
    if unit == "d":
        return Within(said, Clock.WORKING_DAYS if working else Clock.DAYS, amount)
    seconds = amount * (3600 if unit == "h" else 60)
    return Within(said, Clock.WORKING if working else Clock.ELAPSED, seconds)


def read_opening(text: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    """Read opening hours such as "mon-fri 08:00-12:00 13:00-16:00, sat 10:00-14:00". Raises HoursError."""
    week: list[tuple[tuple[int, int], ...]] = [()] * 7
    for part in text.lower().split(","):
        days, *spans = part.split()[:8] or [""]
        if not spans:
            raise HoursError(f"'{part.strip()}' has no hours, write mon-fri 08:00-16:00")
        for day in _weekdays(days):
            week[day] = _spans(spans)
    return tuple(week)


def read_time_of_day(text: str) -> time:
    """Read "14:00". Raises HoursError."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", text.strip(), re.ASCII)
    if not found:
        raise HoursError(f"'{text}' is not a time of day, write 14:00")
    return time(int(found[1]), int(found[2]))


def known_zone(zone: str) -> bool:
    """Whether the IANA name is one we can count in."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def known_holidays(country: str) -> bool:
    """Whether public holidays are known for "DK" or, with a part of the country, "DE-BY"."""
    code, _, part = country.partition("-")
    supported = holidays.list_supported_countries(include_aliases=False)
    return code in supported and (not part or part in supported[code])


def due(start: datetime, within: Within, hours: Hours, cutoff: time | None = None) -> datetime:
    """When a limit that starts at `start` (aware) runs out, in UTC. A CUTOFF limit needs `cutoff`."""
    match within.clock:
        case Clock.ELAPSED:
            return start.astimezone(UTC) + timedelta(seconds=within.amount)
        case Clock.DAYS:
            local = start.astimezone(ZoneInfo(hours.zone))
            return _at(local.date() + timedelta(days=within.amount), local.time(), hours.zone)
        case Clock.WORKING:
            return _add_working(start, within.amount, hours)
        case Clock.WORKING_DAYS:
            return _add_working_days(start, within.amount, hours)
        case Clock.CUTOFF:
            if cutoff is None:
                raise HoursError("the team has no cut-off")
            return _next_cutoff(start, cutoff, hours)


def shift(due: datetime, paused_seconds: int, within: Within, hours: Hours) -> datetime:
    """A due time moved on by a pause, counted by `paused_seconds` below in the limit's own clock."""
    if within.clock in (Clock.ELAPSED, Clock.DAYS):
        return due + timedelta(seconds=paused_seconds)
    return _add_working(due, paused_seconds, hours) if paused_seconds else due


def paused_seconds(pauses: Iterable[tuple[datetime, datetime]], within: Within, hours: Hours) -> int:
    """The seconds of these (from, to) pauses that the limit would have counted."""
    if within.clock in (Clock.ELAPSED, Clock.DAYS):
        return sum(int((end - start).total_seconds()) for start, end in pauses)
    return sum(working_seconds(start, end, hours) for start, end in pauses)


def working_seconds(start: datetime, end: datetime, hours: Hours) -> int:
    """The open seconds between two moments."""
    total = timedelta()
    for opens, closes in _open_spans(start, hours):
        if opens >= end:
            break
        total += max(timedelta(), min(closes, end) - max(opens, start))
    return int(total.total_seconds())


def is_working_day(day: date, hours: Hours) -> bool:
    """Whether the merchant works that day at all."""
    return bool(hours.open[day.weekday()]) and day not in _public_holidays(hours.holidays, day.year)


def _add_working(start: datetime, seconds: int, hours: Hours) -> datetime:
    left = timedelta(seconds=seconds)
    for opens, closes in _open_spans(start, hours):
        begins = max(opens, start)
        if closes - begins >= left:
            return begins + left
        left -= max(timedelta(), closes - begins)
    raise HoursError(f"no working time within {DAYS_SEARCHED_MAX} days")


def _add_working_days(start: datetime, days: int, hours: Hours) -> datetime:
    begins = max(start.astimezone(UTC), next(opens for opens, _ in _open_spans(start, hours)))
    local = begins.astimezone(ZoneInfo(hours.zone))
    day = local.date()
    for _ in range(days):
        day = _next_working_day(day, hours)
    spans = hours.open[day.weekday()]
    same_time = _at(day, local.time(), hours.zone)
    opens, closes = _at_minute(day, spans[0][0], hours.zone), _at_minute(day, spans[-1][1], hours.zone)
    return min(max(same_time, opens), closes)


def _next_cutoff(start: datetime, cutoff: time, hours: Hours) -> datetime:
    day = start.astimezone(ZoneInfo(hours.zone)).date()
    if not is_working_day(day, hours) or _at(day, cutoff, hours.zone) <= start:
        day = _next_working_day(day, hours)
    return _at(day, cutoff, hours.zone)


def _next_working_day(day: date, hours: Hours) -> date:
    for ahead in range(1, DAYS_SEARCHED_MAX):
        following = day + timedelta(days=ahead)
        if is_working_day(following, hours):
            return following
    raise HoursError(f"no working day within {DAYS_SEARCHED_MAX} days")


def _open_spans(start: datetime, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """The open spans, in UTC and in order, of which the first ends after `start`."""
    day = start.astimezone(ZoneInfo(hours.zone)).date()
    for ahead in range(DAYS_SEARCHED_MAX):
        for opens, closes in _spans_of(day + timedelta(days=ahead), hours):
            if closes > start:
                yield opens, closes


@lru_cache(maxsize=4096)
def _spans_of(day: date, hours: Hours) -> tuple[tuple[datetime, datetime], ...]:
    if not is_working_day(day, hours):
        return ()
    spans = hours.open[day.weekday()]
    return tuple((_at_minute(day, one, hours.zone), _at_minute(day, other, hours.zone)) for one, other in spans)


@lru_cache(maxsize=1024)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    if not country:
        return frozenset()
    code, _, part = country.partition("-")
    return frozenset(holidays.country_holidays(code, subdiv=part or None, years=year))


def _at_minute(day: date, minute: int, zone: str) -> datetime:
    if minute == 1440:
        return _at(day + timedelta(days=1), time(), zone)
    return _at(day, time(minute // 60, minute % 60), zone)


def _at(day: date, clock: time, zone: str) -> datetime:
    """That wall time in UTC. A time skipped by the change to summer time is the same stretch later."""
    return datetime.combine(day, clock.replace(tzinfo=None), ZoneInfo(zone)).astimezone(UTC)


def _weekdays(text: str) -> range | tuple[int, ...]:
    first, dash, last = text.partition("-")
    if first not in _DAYS or (dash and last not in _DAYS):
        raise HoursError(f"'{text}' is not a weekday or a range of them, write mon-fri")
    one, other = _DAYS.index(first), _DAYS.index(last or first)
    return range(one, other + 1) if one <= other else (*range(one, 7), *range(other + 1))


def _spans(texts: list[str]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for text in texts:
        found = _SPAN.fullmatch(text)
        if not found:
            raise HoursError(f"'{text}' is not a span of hours, write 08:00-16:00")
        opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        bad = int(found[2]) > 59 or int(found[4]) > 59 or closes > 1440 or opens >= closes
        if bad or (spans and opens < spans[-1][1]):
            raise HoursError(f"'{text}' does not end after it starts, later than the span before it")
        spans.append((opens, closes))
    return tuple(spans)
