"""The practice shop that runs beside us, if one does: asked over HTTP for what opens it, like any stranger."""

from __future__ import annotations

import os
from dataclasses import dataclass

import httpx2
import msgspec

PATIENCE_S = 1.0


@dataclass(frozen=True)
class PracticeShop:
    """Where it is and what opens it; nothing there is real."""

    address: str
    shop_domain: str
    access_token: str
    client_id: str
    client_secret: str


def find() -> PracticeShop | None:
    """The practice shop that ORDNA_PRACTICE_URL names, if it answers."""
    url = os.environ.get("ORDNA_PRACTICE_URL", "").rstrip("/")
    if not url:
        return None
    try:
        answer = httpx2.get(f"{url}/_practice/credentials", timeout=PATIENCE_S)
        return msgspec.json.decode(answer.raise_for_status().content, type=PracticeShop)
    except (httpx2.HTTPError, msgspec.MsgspecError):
        return None
