"""`ordna stock ...`: receipts and counts from a file, and what does not add up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

stock_app = typer.Typer(help="Book stock, and put right what does not add up.", no_args_is_help=True)

_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with sku, location, units, note.")]
_Merchant = Annotated[int, typer.Option(help="The merchant's number.")]


@stock_app.command()
def receive(file: _File, merchant: _Merchant = 1) -> None:
    """Book what came in: every row adds units. All of the file, or nothing of it."""
    from ordna.cli.stock import book_file

    book_file(merchant, "receive", file)


@stock_app.command()
def count(file: _File, merchant: _Merchant = 1) -> None:
    """Book what was counted: every row says how many are there. All of the file, or nothing of it."""
    from ordna.cli.stock import book_file

    book_file(merchant, "count", file)


@stock_app.command()
def location(
    location: Annotated[str, typer.Argument(help="The shop's own id of it, or a name of yours.")],
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
    priority: Annotated[int, typer.Option(help="The lower, the earlier it is asked.")] = 100,
    close: Annotated[bool, typer.Option("--close", help="It ships no more.")] = False,
    merchant: _Merchant = 1,
) -> None:
    """Make or change a place that ships."""
    from ordna.cli.stock import keep_location

    keep_location(merchant, location, title, priority, active=not close)


@stock_app.command()
def mend(
    merchant: _Merchant = 1,
    book: Annotated[bool, typer.Option("--book", help="Book the entries that are listed.")] = False,
) -> None:
    """List what does not add up, each with the entry that puts it right, or book these entries."""
    from ordna.cli.stock import put_right

    put_right(merchant, really=book)
