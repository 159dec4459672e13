"""The command line: `ordna up` and what else an operator types. Each command imports what it needs when it runs."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Ordna runs a webshop's order flow from click to done. Begin with: ordna up",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
flow_app = typer.Typer(help="Work on flow files.", no_args_is_help=True)
app.add_typer(flow_app, name="flow")

Port = Annotated[int, typer.Option(help="The port of pages, API and webhooks.", min=1, max=65535)]


def main() -> None:
    """Run the command; what a person can do something about is said in a sentence, without a traceback."""
    from ordna.cli.refusals import sentence_for

    try:
        app()
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None or os.environ.get("ORDNA_DEBUG"):
            raise
        print(sentence, file=sys.stderr)
        raise SystemExit(1) from None


@app.command()
def up(
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="How many worker processes.", min=1, max=64)] = 1,
    practice: Annotated[bool, typer.Option(help="Also open the practice shop, with a month of orders.")] = True,
    practice_port: Annotated[int, typer.Option(help="The practice shop's port.", min=1, max=65535)] = 8790,
) -> None:
    """Start everything on this machine and print a link to sign in with. Ctrl-C stops it all.

    Without DATABASE_URL an embedded PostgreSQL keeps its data in .ordna in this folder (or in ORDNA_HOME).
    """
    from ordna.cli.up import up as start

    start(port, workers, practice, practice_port)


@app.command()
def serve(
    port: Port = 8000,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    part: Annotated[str, typer.Option(help="everything, pages or intake.")] = "everything",
) -> None:
    """Serve pages, API, live updates and webhooks: the web process, alone. Any number may run."""
    from ordna.cli.supervise import end_with_supervisor

    end_with_supervisor()
    from ordna.site.serve import PARTS, run

    if part not in PARTS:
        raise typer.BadParameter(f"--part is one of {', '.join(PARTS)}.")
    run(host, port, part)


@app.command()
def worker() -> None:
    """Take messages in, send effects, read orders again, watch the clock: one worker process. Any number may run."""
    import signal

    from ordna.cli.database import opened
    from ordna.cli.supervise import end_with_supervisor
    from ordna.engine.loop import Worker
    from ordna.site import place

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    end_with_supervisor()
    with opened() as dsn:
        working = Worker(dsn, place.home())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: working.stop())
        working.run()


@app.command()
def practice(
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65535)] = 8790,
    seed: Annotated[int, typer.Option(help="The same seed brings the same shop.")] = 1,
    history_days: Annotated[int, typer.Option(help="How many days it has lived already.", min=0, max=365)] = 30,
    orders_per_day: Annotated[float, typer.Option(help="Orders a day in that time.", min=0)] = 100,
    orders_per_hour: Annotated[float, typer.Option(help="New orders an hour from now on.", min=0)] = 60,
    state: Annotated[Path | None, typer.Option(help="Keep the shop in this file, and go on with it.")] = None,
    bad_days: Annotated[str, typer.Option(help="What goes wrong: all, or names with shares: dropped,slow=0.2.")] = "",
    quiet: Annotated[bool, typer.Option(help="Print nothing.", hidden=True)] = False,
) -> None:
    """Open a practice shop: a Shopify that behaves like Shopify, to try a flow on before your real shop."""
    import contextlib
    import io

    from ordna.cli.supervise import end_with_supervisor
    from ordna.practice.app import run
    from ordna.practice.bad_days import shares_of

    end_with_supervisor()
    try:
        shares = shares_of(bad_days)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--bad-days") from error
    with contextlib.redirect_stdout(io.StringIO()) if quiet else contextlib.nullcontext():
        run("127.0.0.1", port, seed, history_days, orders_per_day, orders_per_hour, state, shares)


@app.command()
def connect(
    address: Annotated[str, typer.Argument(help="The shop's address: https://example.myshopify.com")],
    token: Annotated[str | None, typer.Option(help="An access token (shpat_...).")] = None,
    client_id: Annotated[str | None, typer.Option(help="The app's client id.")] = None,
    client_secret: Annotated[str | None, typer.Option(help="The app's client secret.")] = None,
    callback: Annotated[str | None, typer.Option(help="Where the shop reaches us; default ORDNA_URL.")] = None,
    merchant: Annotated[int, typer.Option(help="The merchant's number.")] = 1,
) -> None:
    """Connect a shop, in observe: it is read and listened to, and nothing is changed there until you go live."""
    from ordna.cli.link import connect_shop

    connect_shop(merchant, address, token, client_id, client_secret, callback)


@app.command()
def explain(
    order: Annotated[str, typer.Argument(help="The order's name or id: '#1001'")],
) -> None:
    """Say of an order whose turn it is, since when, and why."""
    from ordna.cli.ask import explain_order

    explain_order(order)


@app.command()
def replay(
    merchant: Annotated[int | None, typer.Option(help="Only this merchant.")] = None,
) -> None:
    """Prove that the journal explains what is stored: every order is folded anew and compared. Writes nothing."""
    from ordna.cli.ask import replay_all

    replay_all(merchant)


@app.command()
def doctor() -> None:
    """Look for what is wrong, and say what to do about it."""
    from ordna.cli.doctor import examine

    raise SystemExit(0 if examine() else 1)


@app.command("sign-in")
def sign_in() -> None:
    """Print another link to sign in with; it works once, for 15 minutes."""
    from ordna.cli.link import sign_in_link

    sign_in_link()


@app.command()
def pause(
    resume: Annotated[bool, typer.Option("--resume", help="Let outgoing go on instead.")] = False,
    merchant: Annotated[int | None, typer.Option(help="Only this merchant; default all.")] = None,
) -> None:
    """Stop whatever would leave for the outside, at once, until resumed; survives restarts."""
    from ordna.cli.link import pause_outgoing

    pause_outgoing(merchant, resume)


@flow_app.command("check")
def check_flow(
    file: Annotated[Path, typer.Argument(help="The flow file.")],
    currency: Annotated[str, typer.Option(help="The shop's currency, for bare numbers.")] = "DKK",
) -> None:
    """Check a flow file: every problem with its line and column."""
    from ordna.cli.ask import check_flow_file

    raise SystemExit(0 if check_flow_file(file, currency) else 1)
