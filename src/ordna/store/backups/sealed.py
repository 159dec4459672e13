"""A sealed file: bytes of any length as frames, written and read in one pass, with no more than some MB in memory.

    magic  (u32 length, sealed frame)*

A frame is up to a MiB, compressed, then encrypted with AES-256-GCM. Its nonce is its number and whether it is the last,
under a key that this one file alone has; so a frame that is missing, changed, moved or of another file does not open,
and a file that was cut short has no last frame. Two threads compress and encrypt: both let go of the interpreter.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, BinaryIO, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from zstandard import ZstdCompressor, ZstdDecompressor

from ordna.store.backups.errors import Damaged

MAGIC = b"ordna backup 1\n"
FRAME = 1 << 20
SEALED_MAX = FRAME + (FRAME >> 4) + 1024
THREADS = 2
AHEAD = 8
LEVEL = 1
_LENGTH = struct.Struct(">I")

Progress = Callable[[int], None]
A = TypeVar("A")
B = TypeVar("B")


class Written(Struct, frozen=True):
    """A sealed file as it was written. `plain` and `sealed` are bytes, `sha256` is of the sealed ones."""

    plain: int
    sealed: int
    sha256: str


def seal_file(path: Path, key: bytes, source: IO[bytes], progress: Progress | None = None) -> Written:
    """Seal all of `source` into a new file that only we may read; on the disk when this returns. `progress` is told the
    plain bytes so far."""
    plain = 0
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(MAGIC)
        digest.update(MAGIC)
        sealed = len(MAGIC)
        for size, data in _ahead(_numbered(source), lambda frame: (len(frame[1]), _seal(key, *frame))):
            head = _LENGTH.pack(len(data))
            file.write(head)
            file.write(data)
            digest.update(head)
            digest.update(data)
            plain += size
            sealed += len(head) + len(data)
            if progress is not None:
                progress(plain)
        file.flush()
        os.fsync(file.fileno())
    return Written(plain, sealed, digest.hexdigest())


def open_file(path: Path, key: bytes, progress: Progress | None = None) -> BinaryIO:
    """The plain bytes of a sealed file, to be read once from the beginning. Reading raises `Damaged`; who reads to the
    end has read the whole file as it was written. `progress` is told the plain bytes so far."""
    return io.BufferedReader(_Plain(_opened(path, key, progress)), FRAME)


class _Plain(io.RawIOBase):
    """Frames as a stream of bytes."""

    def __init__(self, frames: Iterator[bytes]) -> None:
        self._frames = frames
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as this frame goes; 0 at the end."""
        if not self._left:
            self._left = memoryview(next(self._frames, b""))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _opened(path: Path, key: bytes, progress: Progress | None) -> Iterator[bytes]:
    read = 0
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise Damaged(f"({path.name} does not begin like one)")
        for data in _ahead(_frames_of(file), lambda frame: _open(key, *frame)):
            read += len(data)
            if progress is not None:
                progress(read)
            if data:
                yield data


def _numbered(source: IO[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """(number, data, last) of every frame; there is always a last one, maybe empty."""
    number, data = 0, source.read(FRAME)
    while True:
        following = source.read(FRAME) if data else b""
        yield number, data, not following
        if not following:
            return
        number, data = number + 1, following


def _frames_of(file: IO[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """The same of a sealed file; that it ends after the last frame, the nonce of that frame proves."""
    number, data = 0, _frame(file)
    while data is not None:
        following = _frame(file)
        yield number, data, following is None
        number, data = number + 1, following
    if number == 0:
        raise Damaged("(it is cut short)")


def _frame(file: IO[bytes]) -> bytes | None:
    head = file.read(_LENGTH.size)
    if not head:
        return None
    size = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    data = file.read(size) if 0 < size <= SEALED_MAX else b""
    if not data or len(data) != size:
        raise Damaged("(it is cut short)")
    return data


def _seal(key: bytes, number: int, data: bytes, last: bool) -> bytes:
    return AESGCM(key).encrypt(_nonce(number, last), ZstdCompressor(LEVEL).compress(data), None)


def _open(key: bytes, number: int, data: bytes, last: bool) -> bytes:
    try:
        packed = AESGCM(key).decrypt(_nonce(number, last), data, None)
    except InvalidTag:
        raise Damaged(f"(frame {number} is not what was written)") from None
    return ZstdDecompressor().decompress(packed, max_output_size=FRAME)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


def _ahead(items: Iterable[A], work: Callable[[A], B]) -> Iterator[B]:
    """`work` on every item, in order, some of it done ahead in other threads."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="ordna-seal") as pool:
        begun: deque[Future[B]] = deque()
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) >= AHEAD:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
