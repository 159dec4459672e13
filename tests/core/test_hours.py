"""Limits and due times, as a shop in Copenhagen meets them."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from ordna.core.hours import (
    ALWAYS_OPEN,
    Hours,
    HoursError,
    due,
    known_holidays,
    known_zone,
    paused_seconds,
    read_opening,
    read_time_of_day,
    read_within,
    shift,
    working_seconds,
)

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
SHOP = Hours("Europe/Copenhagen", read_opening("mon-fri 08:00-16:00"), "DK")
CUTOFF = time(14)


def at(text: str) -> datetime:
    """A wall time in Copenhagen, as the UTC moment the core would be given."""
    return datetime.fromisoformat(text).replace(tzinfo=COPENHAGEN).astimezone(UTC)


def test_t3_a_cutoff_at_a_time_that_does_not_exist_is_once_at_three() -> None:
    berlin = Hours("Europe/Berlin", read_opening("mon-sun 00:00-24:00"))
    starts = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    found = due(starts, read_within("same day before cutoff"), berlin, time(2, 30))
    assert found in (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    again = due(found + timedelta(minutes=1), read_within("same day before cutoff"), berlin, time(2, 30))
    assert again == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts", "within", "expected"),
    [
        ("2028-02-28T23:59", "1 day", "2028-02-29T23:59"),
        ("2028-02-29T23:59", "1 day", "2028-03-01T23:59"),
        ("2026-12-31T23:59", "1 day", "2027-01-01T23:59"),
        ("2026-12-31T23:59", "2 min", "2027-01-01T00:01"),
        ("2027-01-03T10:00", "7 days", "2027-01-10T10:00"),
    ],
)
def test_t9_leap_days_week_53_and_the_years_end_leave_no_gap(starts: str, within: str, expected: str) -> None:
    assert due(at(starts), read_within(within), SHOP) == at(expected)


# Easter 2026: Thursday 2 April, Friday 3 and Monday 6 are closed. Summer time begins on Sunday 29 March
# at 02:00 and ends on Sunday 25 October at 03:00.
@pytest.mark.parametrize(
    ("starts", "within", "expected"),
    [
        ("2026-03-02T10:00", "30 min", "2026-03-02T10:30"),
        ("2026-03-02T23:30", "1h", "2026-03-03T00:30"),
        ("2026-03-29T01:30", "1h", "2026-03-29T03:30"),
        ("2026-10-24T23:00", "8 hours", "2026-10-25T06:00"),
        ("2026-03-27T10:00", "5 days", "2026-04-01T10:00"),
        ("2026-03-28T02:30", "1 day", "2026-03-29T03:30"),
        ("2026-03-02T10:00", "2 working hours", "2026-03-02T12:00"),
        ("2026-03-02T15:00", "2 working hours", "2026-03-03T09:00"),
        ("2026-03-02T14:00", "2 working hours", "2026-03-02T16:00"),
        ("2026-03-02T06:00", "2 working hours", "2026-03-02T10:00"),
        ("2026-03-27T15:00", "2 working hours", "2026-03-30T09:00"),
        ("2026-04-01T15:00", "2 working hours", "2026-04-07T09:00"),
        ("2026-03-02T10:00", "1 working day", "2026-03-03T10:00"),
        ("2026-03-27T10:00", "1 working day", "2026-03-30T10:00"),
        ("2026-03-27T18:00", "1 working day", "2026-03-31T08:00"),
        ("2026-04-01T12:00", "2 working days", "2026-04-08T12:00"),
        ("2026-03-02T13:59", "same day before cutoff", "2026-03-02T14:00"),
        ("2026-03-02T14:00", "same day before cutoff", "2026-03-03T14:00"),
        ("2026-03-27T14:01", "same day before cutoff", "2026-03-30T14:00"),
        ("2026-03-28T09:00", "same day before cutoff", "2026-03-30T14:00"),
        ("2026-04-01T15:00", "same day before cutoff", "2026-04-07T14:00"),
        ("2026-12-31T15:00", "1 working day", "2027-01-04T15:00"),
    ],
)
def test_a_limit_runs_out_when_a_person_would_say(starts: str, within: str, expected: str) -> None:
    found = due(at(starts), read_within(within), SHOP, CUTOFF)
    assert found.astimezone(COPENHAGEN).isoformat()[:16] == expected
    assert found.tzinfo is UTC


def test_hours_of_a_weekday_are_the_walls_hours_on_both_sides_of_summer_time() -> None:
    winter = due(at("2026-03-27T08:00"), read_within("8 working hours"), SHOP)
    summer = due(at("2026-03-30T08:00"), read_within("8 working hours"), SHOP)
    assert (winter, summer) == (
        datetime(2026, 3, 27, 15, tzinfo=UTC),
        datetime(2026, 3, 30, 14, tzinfo=UTC),
    )
    night_shift = Hours("Europe/Copenhagen", read_opening("sun 00:00-06:00"))
    night = (at("2026-03-29T00:00"), at("2026-03-29T06:00"))
    assert working_seconds(*night, night_shift) == 5 * 3600
    assert working_seconds(at("2026-10-25T00:00"), at("2026-10-25T06:00"), night_shift) == 7 * 3600


def test_lunch_is_not_working_time() -> None:
    shop = Hours("Europe/Copenhagen", read_opening("mon-fri 08:00-12:00 13:00-16:00, sat 10:00-12:00"))
    assert due(at("2026-03-02T11:30"), read_within("1 working hour"), shop) == at("2026-03-02T13:30")
    assert due(at("2026-03-06T15:30"), read_within("1 working hour"), shop) == at("2026-03-07T10:30")
    assert due(at("2026-03-06T15:30"), read_within("1 working day"), shop) == at("2026-03-07T12:00")


def test_paused_time_does_not_count_in_the_clock_of_the_limit() -> None:
    limit, starts = read_within("2 working hours"), at("2026-03-02T14:00")
    evening = [(at("2026-03-02T15:00"), at("2026-03-03T09:00"))]
    assert paused_seconds(evening, limit, SHOP) == 2 * 3600
    assert shift(due(starts, limit, SHOP), 2 * 3600, limit, SHOP) == at("2026-03-03T10:00")
    assert shift(due(starts, limit, SHOP), 0, limit, SHOP) == at("2026-03-02T16:00")
    plain = read_within("1h")
    assert paused_seconds(evening, plain, SHOP) == 18 * 3600
    assert shift(due(starts, plain, SHOP), 600, plain, SHOP) == at("2026-03-02T15:10")
    cutoff = read_within("same day before cutoff")
    assert shift(due(starts, cutoff, SHOP, time(15)), 600, cutoff, SHOP) == at("2026-03-02T15:10")


def test_counting_and_adding_working_time_are_one_clock() -> None:
    starts = at("2026-03-27T13:17")
    for minutes in range(1, 4000, 97):
        limit = read_within("1 working hour")
        ends = shift(starts, minutes * 60, limit, SHOP)
        assert working_seconds(starts, ends, SHOP) == minutes * 60


def test_later_starts_are_never_due_earlier() -> None:
    for text in ("1h", "5 days", "2 working hours", "1 working day", "same day before cutoff"):
        limit = read_within(text)
        moments = [at("2026-03-26T00:00") + timedelta(minutes=47 * n) for n in range(400)]
        found = [due(moment, limit, SHOP, CUTOFF) for moment in moments]
        assert found == sorted(found)
        assert all(ends > starts for starts, ends in zip(moments, found, strict=True))


@pytest.mark.parametrize("text", ["", "soon", "1", "h", "0h", "-1h", "1.5h", "1 week", "99999h", "1 working", "1hh"])
def test_what_is_not_a_limit_is_refused(text: str) -> None:
    with pytest.raises(HoursError, match="is not a limit"):
        read_within(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon-fri",
        "mon 8-16",
        "mon 16:00-08:00",
        "xyz 08:00-16:00",
        "mon 08:00-12:00 11:00-16:00",
        "mon 08:00-24:01",
        "mon 08:60-09:00",
        ", mon 08:00-16:00",
    ],
)
def test_what_are_not_opening_hours_is_refused(text: str) -> None:
    with pytest.raises(HoursError):
        read_opening(text)


def test_opening_hours_are_read_by_weekday() -> None:
    week = read_opening("fri-mon 10:00-24:00, wed 08:00-09:30")
    assert week == (((600, 1440),), (), ((480, 570),), (), ((600, 1440),), ((600, 1440),), ((600, 1440),))


@pytest.mark.parametrize("text", ["24:00", "7:00", "14.00", "1400", "14:60", ""])
def test_a_time_of_day_is_written_in_full(text: str) -> None:
    with pytest.raises(HoursError):
        read_time_of_day(text)


def test_zones_and_holidays_are_known_or_not() -> None:
    assert known_zone("Europe/Copenhagen") and not known_zone("Europe/Gotham") and not known_zone("../etc/passwd")
    assert known_holidays("DK") and known_holidays("DE-BY") and not known_holidays("ZZ")
    assert not known_holidays("DE-XX") and not known_holidays("dk")


def test_a_limit_that_can_never_run_out_says_so() -> None:
    with pytest.raises(HoursError, match="no cut-off"):
        due(at("2026-03-02T10:00"), read_within("same day before cutoff"), SHOP)
    assert due(at("2026-12-25T10:00"), read_within("1 working hour"), ALWAYS_OPEN) == at("2026-12-25T11:00")
