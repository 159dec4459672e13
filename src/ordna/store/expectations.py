"""What the planner is to expect of a table before it holds anything.

A prepared plan is made once, in the first second of a new database, when every table is empty and every index looks
alike to the
planner; all of them lead with `merchant_id`, so it may settle on one that reads a merchant's every row. So at the first
install each busy table is filled with rows as a busy shop would have them, analyzed and emptied again: what remains
is the statistics, until real ones take their place. Nobody ever sees the rows, it is one transaction.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

ROWS = 4000
TABLES = (
    "orders", "inbox", "seen", "journal", "journal_object", "decision", "step", "task", "timer", "effect", "reread",
    "part_owner", "person", "note",
)  # fmt: skip

# A row in a hundred is still waiting for something; the rest is history.
_MOSTLY_PAST = "case when g % 100 = 0 then null else now() - g * interval '1 minute' end"
_TYPICAL = {
    ("inbox", "handled_at"): _MOSTLY_PAST,
    ("task", "closed_at"): _MOSTLY_PAST,
    ("timer", "fired_at"): _MOSTLY_PAST,
    ("step", "status"): "case when g % 100 = 0 then 'open' else 'done' end",
    ("effect", "status"): "case when g % 100 = 0 then 'due' else 'confirmed' end",
    ("orders", "open"): "g % 20 = 0",
    ("orders", "attention"): "g % 100 = 0",
    ("orders", "turn_step"): "case when g % 20 = 0 then 'pick' else '' end",
    ("orders", "headline"): "case when g % 20 = 0 then 'open' else 'closed' end",
}
_BY_TYPE = {
    "bigint": "g", "integer": "g", "smallint": "(g % 16)::smallint", "text": "'x' || g", "bytea": "'\\x00'::bytea",
    "jsonb": "'{}'::jsonb", "boolean": "g % 100 = 0", "timestamp with time zone": "now() - g * interval '1 minute'",
    "double precision": "g", "real": "g",
}  # fmt: skip

_COLUMNS = """
    select column_name, data_type from information_schema.columns
    where table_schema = current_schema() and table_name = %s and is_identity = 'NO' and is_generated = 'NEVER'
    order by ordinal_position
"""


def teach(conn: psycopg.Connection) -> None:
    """Leave a busy shop's statistics on the empty tables; a table that holds anything, or is not there, is
    left alone."""
    conn.execute("select set_config('ordna.merchants', '{1}', true)")  # row-level security is forced on owners too
    for table in TABLES:
        name = sql.Identifier(table)
        if conn.execute("select to_regclass(%s) is null", (table,)).fetchone() == (True,):
            continue
        if conn.execute(sql.SQL("select exists (select from {})").format(name)).fetchone() != (False,):
            continue
        columns = conn.execute(_COLUMNS, (table,)).fetchall()
        values = [sql.SQL(_value(table, str(column), str(kind))) for column, kind in columns]
        conn.execute(
            sql.SQL("insert into {} ({}) select {} from generate_series(1, {}) as g").format(
                name,
                sql.SQL(", ").join(sql.Identifier(str(column)) for column, _ in columns),
                sql.SQL(", ").join(values),
                sql.Literal(ROWS),
            )
        )
        conn.execute(sql.SQL("analyze {}").format(name))
        conn.execute(sql.SQL("truncate {} restart identity").format(name))


def _value(table: str, column: str, kind: str) -> str:
    if column == "merchant_id":
        return "1"
    return _TYPICAL.get((table, column)) or _BY_TYPE[kind]
