"""Translate and call: one folder a system; no database, no Django."""
