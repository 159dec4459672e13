"""Sealing: what names or locates a person, and what opens a door outside, is stored encrypted (AES-256-GCM).

One master key seals credentials and the keys of persons; each person's own key seals what is about the person, so
deleting that one key erases all of it. Every seal is bound to its place (`about`): a value copied to another row
does not open. A sealed value begins with the number of the master key it was sealed with, so that keys can be changed.

The master keys stand in ORDNA_KEY ("<number>:<base64 of 32 bytes>", several with commas, the first seals) or in a file
that only we may read, made at first use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ordna.store.database import DatabaseError

KEY_FILE = "ordna.key"
TOKEN_BYTES = 12
_NONCE = 12
_VERSION = b"\x01"


class SealingError(DatabaseError):
    """The base of what can go wrong with keys and seals."""


class BadKey(SealingError):
    """ORDNA_KEY, or the key file, is not a list of "<number>:<base64 of 32 bytes>"."""


class NotOpened(SealingError):
    """A sealed value did not open: another key sealed it, it was moved to another row, or it was changed."""


class Keyring:
    """The master keys by number; the first one given seals, all of them open."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        """`keys`: number (0 to 255) to 32 bytes."""
        if not keys or any(not 0 <= number <= 255 or len(key) != 32 for number, key in keys.items()):
            raise BadKey(str(BadKey.__doc__))
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._keys = dict(keys)
        self._number = next(iter(keys))
        self._marking = hashlib.blake2b(keys[self._number], person=b"ordna marks").digest()
        # What is searched by must not change with the key that seals: the oldest key still listed makes it.
        self._finding = hashlib.blake2b(keys[min(keys)], person=b"ordna tokens").digest()

    def seal(self, plain: bytes, about: str) -> bytes:
        """Seal with the newest master key, bound to `about`."""
        nonce = os.urandom(_NONCE)
        head = _VERSION + bytes((self._number,))
        return head + nonce + self._ciphers[self._number].encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed for this place; `NotOpened`."""
        cipher = self._ciphers.get(sealed[1]) if len(sealed) > 2 and sealed[:1] == _VERSION else None
        if cipher is None:
            raise NotOpened(str(NotOpened.__doc__))
        try:
            return cipher.decrypt(sealed[2 : 2 + _NONCE], sealed[2 + _NONCE :], about.encode())
        except InvalidTag:
            raise NotOpened(str(NotOpened.__doc__)) from None

    @property
    def newest(self) -> int:
        """The number of the master key that seals."""
        return self._number

    def derive(self, number: int, salt: bytes, purpose: str) -> bytes | None:
        """A key of 32 bytes for one purpose, from the master key of that number; None when it is not at hand."""
        key = self._keys.get(number)
        if key is None:
            return None
        return HKDF(algorithm=SHA256(), length=32, salt=salt, info=f"ordna {purpose}".encode()).derive(key)

    def mark(self, plain: bytes) -> bytes:
        """A keyed hash: tells equal from different, and nothing else to those without the key."""
        return hashlib.blake2b(plain, digest_size=16, key=self._marking).digest()

    def token(self, merchant_id: int, kind: str, value: str) -> bytes:
        """A keyed hash to find equal values of one merchant by: 12 bytes. Kept as long as the oldest key is listed."""
        plain = f"{merchant_id}|{kind}|{value}".encode("utf-8", "replace")
        return hashlib.blake2b(plain, digest_size=TOKEN_BYTES, key=self._finding).digest()


class PersonKey:
    """One person's own key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self._key = key

    @classmethod
    def make(cls, ring: Keyring, about: str) -> tuple[PersonKey, bytes]:
        """A new key, and the same one sealed as it is stored."""
        key = AESGCM.generate_key(256)
        return cls(key), ring.seal(key, about)

    @classmethod
    def unseal(cls, ring: Keyring, sealed: bytes, about: str) -> PersonKey:
        """The key of a stored row; `NotOpened`."""
        return cls(ring.open(sealed, about))

    def mark(self, plain: str) -> str:
        """A hash with the person's key, in 16 letters: tells equal from different as long as the key lives."""
        hashed = hashlib.blake2b(plain.encode(), digest_size=8, key=self._key, person=b"ordna notes")
        return hashed.hexdigest()

    def seal(self, plain: bytes, about: str) -> bytes:
        """Seal with the person's key, bound to `about`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed for this place; `NotOpened`."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except (InvalidTag, ValueError):
            raise NotOpened(str(NotOpened.__doc__)) from None


def keyring(data_folder: Path | None = None) -> Keyring:
    """The keys of ORDNA_KEY, or else of the key file in the data folder, which is made when there is none. `BadKey`."""
    given = os.environ.get("ORDNA_KEY")
    if given:
        return Keyring(_parse(given))
    if data_folder is None:
        raise BadKey("Set ORDNA_KEY, or name a data folder for the key file.")
    return Keyring(_parse(_key_file(data_folder / KEY_FILE)))


def has_keys(data_folder: Path) -> bool:
    """Whether ORDNA_KEY or the data folder holds keys, so that none would be made."""
    return bool(os.environ.get("ORDNA_KEY")) or (data_folder / KEY_FILE).exists()


def new_key() -> str:
    """A fresh key as ORDNA_KEY holds it."""
    return "1:" + base64.b64encode(AESGCM.generate_key(256)).decode()


def _key_file(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(handle, "w") as file:
        file.write(new_key())
        file.flush()
        os.fsync(file.fileno())
    return path.read_text()


def _parse(text: str) -> dict[int, bytes]:
    keys: dict[int, bytes] = {}
    for item in text.strip().split(","):
        number, _, encoded = item.strip().partition(":")
        try:
            keys[int(number)] = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error):
            raise BadKey(str(BadKey.__doc__)) from None
    return keys
