"""How long an embedded server is away when its machine is lost: back up, restore elsewhere, fold every journal.

    python -m bench.restore HOME [--keep] [--lose]

HOME is an ORDNA_HOME whose embedded server holds the history to measure with; it is read and left as it is. With
`--lose` its server is removed as soon as it is backed up, and restored into HOME: for a disk that has no room for two,
and as it would be. Writes
bench/out/restore.json: `orders`, `backup_s`, `backup_mb`, `restore_s` (from the folder to a server that answers at this
version's schema, shops asked), `replay_s` and `mismatches`. Ends with 1 when the limit is not met or anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import gauges
from bench.main_job import commit
from ordna.store import embedded

LIMIT_S = 15 * 60
PER_ORDERS = 1_000_000
OUT = Path(__file__).parent / "out" / "restore.json"


def main() -> int:
    """Measure, write, say."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("home", type=Path)
    asked.add_argument("--keep", action="store_true", help="leave the backup and what was restored where they are")
    asked.add_argument(
        "--lose", action="store_true", help="remove HOME's server once it is backed up; restore it there"
    )
    wishes = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ordna-restore-bench-"))
    folder.chmod(0o755)
    try:
        figures = _measured(wishes.home.absolute(), folder, wishes.lose)
    finally:
        if not wishes.keep:
            _remove(folder)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))
    limit_s = LIMIT_S * min(1.0, figures["orders"] / PER_ORDERS)
    return 0 if figures["restore_s"] <= limit_s and figures["mismatches"] == 0 else 1


def _measured(home: Path, folder: Path, lose: bool) -> dict[str, Any]:
    backup_s, _ = _timed(home, "backup", str(folder / "backup"))
    away = home if lose else folder / "home"
    if lose:
        _lose_server(home)
    else:
        away.mkdir(mode=0o755)
        shutil.copy(home / "ordna.key", away)
    restore_s, _ = _timed(away, "restore", str(folder / "backup"))
    replay_s, proved = _timed(away, "replay", may_fail=True)
    orders = re.search(r"([\d,]+) orders, ([\d,]+) events", proved)
    assert orders is not None, proved
    sealed = (folder / "backup" / "data.sealed").stat().st_size
    plain = json.loads((folder / "backup" / "manifest.json").read_text())["file"]["plain"]
    return {
        "commit": commit(),
        "machine": gauges.machine(),
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "orders": int(orders[1].replace(",", "")),
        "events": int(orders[2].replace(",", "")),
        "cores": os.cpu_count() or 1,
        "database_mb": round(plain / 1e6),
        "backup_s": round(backup_s, 1),
        "backup_mb": round(sealed / 1e6),
        "restore_s": round(restore_s, 1),
        "replay_s": round(replay_s, 1),
        "mismatches": len(re.findall(r"^merchant ", proved, re.MULTILINE)),
    }


def _timed(home: Path, *arguments: str, may_fail: bool = False) -> tuple[float, str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "ORDNA_KEY")}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "ordna.cli", *arguments],
        env={**environment, "ORDNA_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode and not may_fail:
        raise SystemExit(f"ordna {arguments[0]} ended with {done.returncode}.")
    return time.monotonic() - began, done.stdout


def _remove(folder: Path) -> None:
    """Also what lies elsewhere because the server's account had to reach it."""
    _lose_server(folder / "home")
    shutil.rmtree(folder, ignore_errors=True)


def _lose_server(home: Path) -> None:
    data = home / "postgres"
    embedded.stop(data)
    shutil.rmtree(data.resolve(), ignore_errors=True)
    if data.is_symlink():
        data.unlink()


if __name__ == "__main__":
    sys.exit(main())
