"""Raw messages take a quarter of their room: packed by zstd where that makes them smaller, and exact when unpacked.

A row tells by `raw_bytes` that its body is packed, and how long it was; without it the body stands as it came. While
processes of a version that can't unpack may run beside this one, nothing is packed.
"""

from __future__ import annotations

import threading

import zstandard

LEVEL = 1
WORTH_PACKING_BYTES = 256
_packing = True
_own = threading.local()  # a packer may be used by one thread at a time


def stop() -> None:
    """Store bodies as they come, in this process, from now on."""
    global _packing
    _packing = False


def pack(body: bytes) -> tuple[bytes, int | None]:
    """The body to store and its `raw_bytes`; None when it is stored as it came."""
    if not _packing or len(body) < WORTH_PACKING_BYTES:
        return body, None
    packer = getattr(_own, "packer", None)
    if packer is None:
        packer = _own.packer = zstandard.ZstdCompressor(level=LEVEL)
    packed: bytes = packer.compress(body)
    return (packed, len(body)) if len(packed) < len(body) else (body, None)


def unpack(stored: bytes, raw_bytes: int | None) -> bytes:
    """The body as it came."""
    if raw_bytes is None:
        return stored
    unpacker = getattr(_own, "unpacker", None)
    if unpacker is None:
        unpacker = _own.unpacker = zstandard.ZstdDecompressor()
    body: bytes = unpacker.decompress(stored, max_output_size=raw_bytes)
    return body
