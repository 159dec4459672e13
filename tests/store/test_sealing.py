"""Sealed values: open in their own place with a key we have, and nowhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ordna.core.messages import PersonSeen
from ordna.store import connections, persons
from ordna.store.sealing import BadKey, Keyring, NotOpened, keyring, new_key

OLD, NEW = b"o" * 32, b"n" * 32
RING = Keyring({1: OLD})


def test_what_is_sealed_opens_in_its_place_only() -> None:
    sealed = connections.seal_credentials(RING, {"token": "shpat_secret"}, (1, 7))
    assert b"shpat" not in sealed
    assert connections.open_credentials(RING, sealed, (1, 7)) == {"token": "shpat_secret"}
    for place in ((1, 8), (2, 7)):
        with pytest.raises(NotOpened):
            connections.open_credentials(RING, sealed, place)
    with pytest.raises(NotOpened):
        connections.open_secrets(RING, sealed, (1, 7))


@pytest.mark.parametrize("place", [0, 1, 5, 20, -1])
def test_one_changed_byte_does_not_open(place: int) -> None:
    sealed = bytearray(RING.seal(b"secret", "here"))
    sealed[place] ^= 1
    with pytest.raises(NotOpened):
        RING.open(bytes(sealed), "here")
    with pytest.raises(NotOpened):
        RING.open(b"", "here")


def test_a_new_master_key_seals_while_the_old_one_still_opens() -> None:
    sealed = RING.seal(b"secret", "here")
    both = Keyring({2: NEW, 1: OLD})
    assert both.open(sealed, "here") == b"secret"
    assert both.seal(b"secret", "here")[1] == 2
    with pytest.raises(NotOpened):
        Keyring({2: NEW}).open(sealed, "here")


def test_a_persons_key_gone_is_the_person_gone() -> None:
    key, stored = persons.make_key(RING, (1, "7-1"))
    sealed = persons.seal_person(key, PersonSeen(name="Karen Holm"), (1, "7-1"))
    assert b"Karen" not in sealed
    assert persons.open_person(RING, stored, sealed, (1, "7-1")).name == "Karen Holm"
    _, other = persons.make_key(RING, (1, "7-1"))
    with pytest.raises(NotOpened):
        persons.open_person(RING, other, sealed, (1, "7-1"))
    with pytest.raises(NotOpened):
        persons.open_person(RING, stored, sealed, (1, "7-2"))


def test_the_key_file_is_made_once_and_for_us_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDNA_KEY", raising=False)
    sealed = keyring(tmp_path / "data").seal(b"secret", "here")
    assert keyring(tmp_path / "data").open(sealed, "here") == b"secret"
    assert stat.S_IMODE((tmp_path / "data" / "ordna.key").stat().st_mode) == 0o600


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDNA_KEY", new_key())
    sealed = keyring(tmp_path).seal(b"secret", "here")
    assert keyring(None).open(sealed, "here") == b"secret"
    for bad in ("nonsense", "1:short", "x:" + new_key()[2:], "300:" + new_key()[2:]):
        monkeypatch.setenv("ORDNA_KEY", bad)
        with pytest.raises(BadKey):
            keyring(None)
