"""`python -m ordna.cli`: the same as `ordna`."""

from ordna.cli import main

main()
