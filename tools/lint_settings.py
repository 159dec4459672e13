"""Django's settings as the type checker reads them: the real ones, with a database that is never connected to."""

import os

os.environ.setdefault("DATABASE_URL", "postgresql:///none")
os.environ.setdefault("ORDNA_SECRET", "none")

from ordna.site.settings import *  # noqa: F403
