"""The command line: `ordna up` and what else an operator types. Each command imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ordna.cli.stock_app import stock_app

app = typer.Typer(
    help="Ordna runs a webshop's order flow from click to done. Begin with: ordna up",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
flow_app = typer.Typer(help="Work on flow files.", no_args_is_help=True)
app.add_typer(flow_app, name="flow")
db_app = typer.Typer(help="Look after the database.", no_args_is_help=True)
app.add_typer(db_app, name="db")
archive_app = typer.Typer(help="Keep what closed orders went through in files.", no_args_is_help=True)
app.add_typer(archive_app, name="archive")
app.add_typer(stock_app, name="stock")

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
    carrier_port: Annotated[int, typer.Option(help="The practice carrier's port.", min=1, max=65535)] = 8791,
) -> None:
    """Start everything on this machine and print a link to sign in with. Ctrl-C stops it all.

    Without DATABASE_URL an embedded PostgreSQL keeps its data in .ordna in this folder (or in ORDNA_HOME).
    """
    from ordna.cli.up import up as start

    start(port, workers, practice, practice_port, carrier_port)


@app.command()
def serve(
    port: Port = 8000,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    part: Annotated[str, typer.Option(help="everything, pages or intake.")] = "everything",
) -> None:
    """Serve pages, API, live updates and webhooks: the web process, alone. Any number may run."""
    from ordna.cli.supervise import end_with_supervisor

    end_with_supervisor()
    from ordna.engine import logs
    from ordna.site import place
    from ordna.site.serve import PARTS, run
    from ordna.store import schema

    logs.configure()
    if part not in PARTS:
        raise typer.BadParameter(f"--part is one of {', '.join(PARTS)}.")
    schema.enter(place.dsn())
    run(host, port, part)


@app.command()
def worker() -> None:
    """Take messages in, send effects, read orders again, watch the clock: one worker process. Any number may run."""
    import signal

    from ordna.cli.database import opened
    from ordna.cli.supervise import end_with_supervisor
    from ordna.engine import logs
    from ordna.engine.loop import Worker
    from ordna.site import place
    from ordna.store import schema

    logs.configure()
    end_with_supervisor()
    with opened() as dsn:
        schema.enter(dsn)
        working = Worker(dsn, place.home(), keep_raw_days=place.keep_raw_days())
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
def practice_carrier(
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65535)] = 8791,
    stage_s: Annotated[float, typer.Option(help="Seconds that each part of a parcel's way takes.", min=0.1)] = 60.0,
    van_s: Annotated[
        float, typer.Option(help="Seconds until a van comes for what nobody hands over.", min=0.1)
    ] = 900.0,
    state: Annotated[Path | None, typer.Option(help="Keep its parcels in this file, and go on with them.")] = None,
    bad_days: Annotated[str, typer.Option(help="What goes wrong, as names with shares: server_error=0.2,slow.")] = "",
    quiet: Annotated[bool, typer.Option(help="Print nothing.", hidden=True)] = False,
) -> None:
    """Open a practice carrier: rates, labels and parcels that travel, to try shipping with, without an account."""
    from ordna.cli.practice_carrier import run

    run(port, stage_s, van_s, state, bad_days, quiet)


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
def doctor(
    everything: Annotated[
        bool, typer.Option("--everything", help="Look at every order, however many there are.")
    ] = False,
) -> None:
    """Look for what is wrong, and say what to do about it."""
    from ordna.cli.doctor import examine

    raise SystemExit(0 if examine(everything) else 1)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder for this backup.")],
    dump: Annotated[bool, typer.Option("--dump", help="A dump, for another server; with DATABASE_URL always.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Read the backup there to its end instead.")] = False,
) -> None:
    """Write everything the database holds into a folder, sealed. Ordna may go on running meanwhile."""
    from ordna.cli import backups as command

    if check:
        command.check(folder)
    else:
        command.back_up(folder, dump)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of the backup.")],
    over: Annotated[bool, typer.Option("--over", help="Also where a database stands already.")] = False,
    sweep_again: Annotated[bool, typer.Option("--sweep-again", help="Only ask the shops again what changed.")] = False,
) -> None:
    """Put a backup back, with outgoing paused, and have every shop asked what changed since."""
    from ordna.cli import backups as command

    if sweep_again:
        command.sweep_again(folder)
    else:
        command.restore(folder, over)


@app.command()
def retry(
    messages: Annotated[list[int] | None, typer.Argument(help="The numbers of messages; none: list them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are set aside.")] = False,
    merchant: Annotated[int, typer.Option(help="The merchant's number.")] = 1,
) -> None:
    """Try messages again that were set aside because they could not be handled; without a number, list them."""
    from ordna.cli.retry import retry_messages

    retry_messages(merchant, messages or [], everything)


@app.command("sign-in")
def sign_in() -> None:
    """Print another link to sign in with; it works once, for 15 minutes."""
    from ordna.cli.link import sign_in_link

    sign_in_link()


@app.command()
def erase(
    email: Annotated[str | None, typer.Option(help="Whoever has this e-mail address.")] = None,
    customer: Annotated[str | None, typer.Option(help="Whoever has this customer number at the shop.")] = None,
    order: Annotated[str | None, typer.Option(help="The person of this order alone: its name or id.")] = None,
    merchant: Annotated[int, typer.Option(help="The merchant's number.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False,
) -> None:
    """Erase a person: name, address, e-mail, phone, note, and every raw message about their orders. No way back."""
    from ordna.cli.privacy import erase_person

    erase_person(merchant, email, customer, order, yes)


@app.command()
def erasures(
    reapply: Annotated[bool, typer.Option("--reapply", help="Do them all again: after a restore.")] = False,
) -> None:
    """List what was erased, or do it all again after an older backup was restored."""
    from ordna.cli.privacy import list_erasures, reapply_all

    reapply_all() if reapply else list_erasures()


@app.command()
def pause(
    resume: Annotated[bool, typer.Option("--resume", help="Let outgoing go on instead.")] = False,
    merchant: Annotated[int | None, typer.Option(help="Only this merchant; default all.")] = None,
) -> None:
    """Stop whatever would leave for the outside, at once, until resumed; survives restarts."""
    from ordna.cli.link import pause_outgoing

    pause_outgoing(merchant, resume)


@db_app.command("migrate")
def migrate_database(
    contract: Annotated[
        bool, typer.Option("--contract", help="Also take away what only older versions use: when none runs any more.")
    ] = False,
) -> None:
    """Bring the database to the schema of this version, while everything runs. Run it before the new version starts."""
    from ordna.cli.db import migrate

    migrate(contract)


@db_app.command("status")
def database_status() -> None:
    """Say which migrations the database has, and whether this version may work on it."""
    from ordna.cli.db import status

    raise SystemExit(0 if status() else 1)


@db_app.command("distribute")
def distribute_database(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statements; change nothing.")] = False,
) -> None:
    """Spread the tables of a Citus cluster over its nodes, by merchant."""
    from ordna.cli.db import distribute

    distribute(dry_run)


@db_app.command("move")
def move_merchant(
    merchant: Annotated[int, typer.Argument(help="The merchant's number.")],
    target: Annotated[str, typer.Argument(help="The other server's database, as in DATABASE_URL.")],
    stage: Annotated[str, typer.Argument(help="follow, cut or end.")],
) -> None:
    """Move one merchant to another server while it works, in three stages."""
    from ordna.cli.db import STAGES, move

    if stage not in STAGES:
        raise typer.BadParameter(f"The stage is one of {', '.join(STAGES)}.")
    move(merchant, target, stage)


@archive_app.command("on")
def archive_on(
    after_days: Annotated[int, typer.Option(help="How long a closed order was left alone.", min=30)],
    drop: Annotated[bool, typer.Option("--drop", help="Let their events go; keep no files.")] = False,
    merchant: Annotated[int, typer.Option(help="The merchant's number.")] = 1,
) -> None:
    """From now on, closed orders leave the tables after so many days; each keeps its row and a checkpoint."""
    from ordna.cli.archive import switch

    switch(merchant, after_days, drop)


@archive_app.command("off")
def archive_off(merchant: Annotated[int, typer.Option(help="The merchant's number.")] = 1) -> None:
    """Archive no more orders."""
    from ordna.cli.archive import switch

    switch(merchant, None, False)


@archive_app.command("run")
def archive_now() -> None:
    """Archive now what is ready."""
    from ordna.cli.archive import run

    run()


@archive_app.command("show")
def archive_show(order: Annotated[str, typer.Argument(help="The order's name or id: '#1001'")]) -> None:
    """Print the archived events of an order, one a line, as JSON."""
    from ordna.cli.archive import show

    show(order)


@archive_app.command("check")
def archive_check() -> None:
    """Prove the files of the archive."""
    from ordna.cli.archive import check

    raise SystemExit(0 if check() else 1)


@flow_app.command("check")
def check_flow(
    file: Annotated[Path, typer.Argument(help="The flow file.")],
    currency: Annotated[str, typer.Option(help="The shop's currency, for bare numbers.")] = "DKK",
) -> None:
    """Check a flow file: every problem with its line and column."""
    from ordna.cli.ask import check_flow_file

    raise SystemExit(0 if check_flow_file(file, currency) else 1)
