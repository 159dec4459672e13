"""Ordna: orders, from click to done."""
