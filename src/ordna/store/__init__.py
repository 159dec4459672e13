"""Everything the database holds, and the only way to it."""
