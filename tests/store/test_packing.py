"""Raw messages are stored packed, and come back to the byte."""

from __future__ import annotations

import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ordna.store.packing import pack, unpack


@given(st.binary(max_size=5000))
def test_any_bytes_come_back(body: bytes) -> None:
    assert unpack(*pack(body)) == body


def test_a_shops_body_takes_less_room_and_noise_stands_as_it_came() -> None:
    body = b'{"id":1,"line_items":[' + b'{"title":"Cup","price":"12.00"},' * 200 + b"{}]}"
    packed, raw_bytes = pack(body)
    assert len(packed) < len(body) / 3
    assert raw_bytes == len(body)
    noise = os.urandom(4000)
    assert pack(noise) == (noise, None)


def test_no_stored_row_unpacks_to_more_than_it_says() -> None:
    bomb = zstandard.compress(b"0" * 50_000_000)
    with pytest.raises(zstandard.ZstdError):
        unpack(zstandard.ZstdCompressor(write_content_size=False).compress(b"0" * 50_000), 100)
    assert len(bomb) < 5000
