"""The intake of the version of this folder, as `ordna serve` begins it beside an older one."""

from __future__ import annotations

import os

from ordna.engine.receive import Intake
from ordna.store import schema
from ordna.store.database import Database
from ordna.store.sealing import keyring

DSN = os.environ["TEST_DSN"]

schema.enter(DSN)
app = Intake(Database(DSN, connections_max=2, patience_s=0.8), keyring())
