"""What was written stays readable: the kept histories of every release fold to the states they folded to then."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ordna.core import events
from ordna.core.events import HoldLapsed
from tests.golden import shapes, stories
from tests.golden.stories import History

RELEASES = sorted(path.parent.name for path in stories.HERE.glob("*/histories.jsonl.gz"))


@pytest.mark.parametrize("release", RELEASES)
def test_every_history_folds_to_the_state_it_had(release: str) -> None:
    histories = stories.kept(release)
    assert len(histories) > 150
    wrong = [history.order for history in histories if stories.folded(history) != history.state]
    assert wrong == []


def test_the_kept_histories_have_every_kind_of_event_and_name_nobody() -> None:
    [*_, newest] = RELEASES
    histories = stories.kept(newest)
    assert stories.kinds(histories) == set(events.BY_KIND)
    text = msgspec.json.encode(histories).decode()
    assert "@" not in text and "example.com" not in text and "first_name" not in text


def test_a_lost_event_or_another_fold_shows() -> None:
    """The planted faults: without them a fold that ignored everything would pass."""
    history = next(each for each in stories.kept("0.1.0") if len(each.rows) > 6)
    shorter = History(history.order, history.rows[:-1], history.state)
    assert stories.folded(shorter) != history.state
    kind, version, at, data = history.rows[0]
    other = msgspec.Raw(bytes(data).replace(b'"currency":"DKK"', b'"currency":"SEK"'))
    assert stories.folded(History(history.order, ((kind, version, at, other), *history.rows[1:]), "")) != history.state


def test_no_event_changes_its_shape_without_a_new_version() -> None:
    assert shapes.differing(shapes.marks(), shapes.kept()) == []


def test_a_changed_shape_shows_however_deep_it_lies() -> None:
    class Inner(msgspec.Struct):
        a: int

    class Deeper(msgspec.Struct):
        a: int
        b: int | None = None

    def event(inner: type) -> type[msgspec.Struct]:
        return msgspec.defstruct("HoldLapsed", [("handle", str), ("inner", inner)], tag_field="kind", tag=True)

    plain, deeper = shapes.mark(event(Inner)), shapes.mark(event(Deeper))
    assert plain != deeper
    Inner.__doc__ = "Words about it."
    assert shapes.mark(event(Inner)) == plain
    [sentence] = shapes.differing({"HoldLapsed": {"1": deeper}}, {"HoldLapsed": {"1": plain}})
    assert "raise VERSIONS['HoldLapsed']" in sentence


def test_every_older_version_has_its_upcaster() -> None:
    for kind, newest in events.VERSIONS.items():
        assert [v for v in range(1, newest) if (kind, v) not in events.UPCASTERS] == [], kind


def test_a_row_of_an_older_shape_is_read_as_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `handle` had been called `name` in version 1, and had had a prefix until version 2."""

    def renamed(data: dict[str, Any]) -> dict[str, Any]:
        return {**{key: value for key, value in data.items() if key != "name"}, "handle": data["name"]}

    def unprefixed(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "handle": data["handle"].removeprefix("ordna-")}

    monkeypatch.setitem(events.VERSIONS, "HoldLapsed", 3)
    monkeypatch.setitem(events.UPCASTERS, ("HoldLapsed", 1), renamed)
    monkeypatch.setitem(events.UPCASTERS, ("HoldLapsed", 2), unprefixed)
    assert events.decode("HoldLapsed", 1, b'{"kind":"HoldLapsed","name":"ordna-vip"}') == HoldLapsed("vip")
    assert events.decode("HoldLapsed", 2, b'{"kind":"HoldLapsed","handle":"ordna-vip"}') == HoldLapsed("vip")
    assert events.decode("HoldLapsed", 3, b'{"kind":"HoldLapsed","handle":"ordna-vip"}') == HoldLapsed("ordna-vip")
