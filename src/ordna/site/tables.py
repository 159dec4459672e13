"""Django's own tables: made by the database's owner in a schema of their own, used under a role that sees only them."""

from __future__ import annotations

import os

import psycopg

from ordna.store.sql import blocks

SQL = blocks("site.sql")


def install(dsn: str) -> None:
    """Bring Django's tables to the newest; safe to run again and at once from several processes."""
    import django
    from django.core.management import call_command
    from django.db import connection

    with psycopg.connect(dsn) as lock:
        lock.execute(SQL["lock"])
        with psycopg.connect(dsn) as conn:
            conn.execute(SQL["prepare"])
        os.environ["DJANGO_SETTINGS_MODULE"] = "ordna.site.settings"
        django.setup()
        as_site = connection.settings_dict["OPTIONS"]["options"]
        connection.settings_dict["OPTIONS"]["options"] = "-c search_path=site"
        try:
            call_command("migrate", verbosity=0, interactive=False)
        finally:
            connection.close()
            connection.settings_dict["OPTIONS"]["options"] = as_site
        with psycopg.connect(dsn) as conn:
            conn.execute(SQL["grant"])
