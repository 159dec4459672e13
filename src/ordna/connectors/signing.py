"""Whether a delivery is authentic: which of a connection's secrets signed its exact bytes."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence


def signer(
    body: bytes,
    header: str | bytes | None,
    secrets: Sequence[str | bytes],
    signature: Callable[[bytes, bytes], bytes],
) -> int | None:
    """The place of the secret that signed these exact bytes, None when none did. `signature(key, body)` is what the
    header must say. Never raises, takes equally long."""
    if header is None:
        return None
    given = header.encode("utf-8", "replace") if isinstance(header, str) else header
    matched = None
    for place, secret in enumerate(secrets):
        key = secret.encode() if isinstance(secret, str) else secret
        if hmac.compare_digest(signature(key, body), given.strip()) and matched is None:
            matched = place
    return matched
