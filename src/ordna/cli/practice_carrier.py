"""The practice carrier, as the command line starts it."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import typer


def run(port: int, stage_s: float, van_s: float, state: Path | None, bad_days: str, quiet: bool) -> None:
    """Serve the practice carrier until told to stop."""
    from ordna.cli.supervise import end_with_supervisor
    from ordna.practice.carrier import app

    end_with_supervisor()
    try:
        shares = _shares(bad_days)
        with contextlib.redirect_stdout(io.StringIO()) if quiet else contextlib.nullcontext():
            app.run("127.0.0.1", port, stage_s, van_s, state, shares)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--bad-days") from error


def _shares(text: str) -> dict[str, float]:
    """ "server_error=0.2,slow" as shares; a name alone is always. ValueError."""
    found: dict[str, float] = {}
    for each in filter(None, (part.strip() for part in text.split(","))):
        name, _, share = each.partition("=")
        found[name] = float(share or 1)
    return found
