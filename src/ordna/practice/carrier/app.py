"""The practice carrier as a process. `run` is what `ordna practice-carrier` calls; it ends on SIGINT or SIGTERM.

With a state file its parcels outlive a restart: each goes on from where it stood.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ordna.practice.carrier import wire
from ordna.practice.carrier.bad_days import BadDays
from ordna.practice.carrier.post import PracticePost
from ordna.practice.carrier.server import SILENCE_S, Carrier
from ordna.practice.serving import serve_beside

DEFAULT_PORT = 8791
BEAT_S = 0.5
SAVE_EVERY_S = 5.0


def run(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    stage_s: float = 60.0,
    van_s: float = 900.0,
    state: Path | None = None,
    bad_days: Mapping[str, float] | None = None,
) -> None:
    """Open the carrier, print how to reach it, serve until told to stop. Raises OSError when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    carrier = opened(stage_s, van_s)
    carrier.bad_days.switch(bad_days or {})
    carrier.base_url = f"http://{host}:{port}"
    if state:
        _take_up(carrier, state)
    told = "\n".join(f"  {name:<10} {value}" for name, value in carrier.credentials().items())
    print(
        f"Practice Post is open.\n\n  its parcels  {carrier.base_url}/\n\nTo connect it in Ordna:\n{told}", flush=True
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(carrier, host, port, asyncio.Event(), on_signals=True, state=state))
    if state:
        _save(carrier, state)


def opened(stage_s: float = 60.0, van_s: float = 900.0, silence_s: float = SILENCE_S) -> Carrier:
    """A carrier without parcels, on the clock of this machine."""
    return Carrier(PracticePost(_now(), stage_s, van_s), _now, BadDays(), silence_s=silence_s)


async def serve(
    carrier: Carrier,
    host: str,
    port: int,
    stopping: asyncio.Event,
    on_signals: bool = False,
    state: Path | None = None,
) -> None:
    """Serve on this loop until `stopping` is set."""
    beside = (_beat(carrier, state), carrier.desk.run())
    await serve_beside(carrier, host, port, stopping, *beside, on_signals=on_signals)


async def _beat(carrier: Carrier, state: Path | None) -> None:
    beats = 0
    while True:
        carrier.advance()
        beats += 1
        if state and carrier.changed and beats * BEAT_S >= SAVE_EVERY_S:
            _save(carrier, state)
            beats = 0
        await asyncio.sleep(BEAT_S)


def _save(carrier: Carrier, state: Path) -> None:
    kept = {"webhook": carrier.desk.url, "parcels": [wire.to_keep(each) for each in carrier.post.parcels.values()]}
    beside = state.with_suffix(".new")
    try:
        beside.write_text(json.dumps(kept))
        beside.replace(state)
        carrier.changed = False
    except OSError as error:
        print(f"The practice carrier cannot be kept in {state}: {error}.", file=sys.stderr)


def _take_up(carrier: Carrier, state: Path) -> None:
    try:
        kept = json.loads(state.read_text())
        carrier.post.take_up([wire.kept(each) for each in kept["parcels"]])
        carrier.desk.url = str(kept["webhook"])
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"The practice carrier in {state} cannot be taken up, {error}: a fresh one opens.", file=sys.stderr)


def _now() -> datetime:
    return datetime.now(UTC)
