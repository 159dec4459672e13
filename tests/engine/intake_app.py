"""The intake as a server process of its own runs it, for tests over real HTTP: the environment says which database."""

from __future__ import annotations

import os

from ordna.engine.receive import Intake
from ordna.store.database import Database
from ordna.store.sealing import keyring

app = Intake(Database(os.environ["TEST_DSN"], connections_max=2, patience_s=0.8), keyring(), address_fresh_s=5.0)
