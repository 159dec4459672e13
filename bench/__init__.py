"""Benchmarks: figures from whole processes on a real PostgreSQL, never from timed tests."""
