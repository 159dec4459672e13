"""A page that is open shows what is so: nothing that changed while nobody listened stays unsaid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg

from ordna.engine.live import Hub, LiveApp, Notifier

MERCHANT = 5
PATIENCE_S = 60.0
END_THE_OTHERS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""


class Page:
    """An open page: what its stream has said so far."""

    def __init__(self) -> None:
        self.said = b""
        self.left = asyncio.Event()

    async def send(self, message: Any) -> None:
        self.said += message.get("body", b"")

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    @property
    def told(self) -> int:
        """How often it was told that something changed."""
        return self.said.count(b"event: changed\n")


def test_a_change_between_the_page_and_its_stream_is_told(database: str) -> None:
    """The page was made, something changed, and only then the stream opened: the first thing said is "changed"."""

    async def story(hub: Hub) -> None:
        page, another = Page(), Page()
        await opened(hub, page)
        await until(lambda: page.told == 1)
        await opened(hub, another)
        await until(lambda: another.told == 1)
        assert page.told == 1, "told anew though nothing changed"

    asyncio.run(with_hub(database, story))


def test_what_changed_while_the_listener_was_cut_off_is_told(database: str) -> None:
    async def story(hub: Hub) -> None:
        page = Page()
        await opened(hub, page)
        await until(lambda: page.told == 1)
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(END_THE_OTHERS)
            conn.execute("select pg_notify('ordna_live', %s)", [str(MERCHANT)])
        await until(lambda: page.told == 2)

    asyncio.run(with_hub(database, story))


def test_a_hint_that_could_not_be_sent_is_sent_later(database: str) -> None:
    async def story(hub: Hub) -> None:
        page, notifier = Page(), Notifier(database)
        await opened(hub, page)
        await until(lambda: page.told == 1)
        notifier.touched([MERCHANT])
        await until(lambda: page.told == 2)
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(END_THE_OTHERS)
            await until(lambda: page.told == 3)
        notifier.touched([MERCHANT])
        await until(lambda: page.told == 4)
        await asyncio.to_thread(notifier.close)

    asyncio.run(with_hub(database, story))


async def with_hub(dsn: str, story: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
    await story(Hub(dsn))
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


async def opened(hub: Hub, page: Page) -> None:
    """The page's stream, as the server runs it."""
    app = LiveApp(hub, lambda cookies: MERCHANT, asyncio.Event())
    scope = {"type": "http", "method": "GET", "headers": []}
    asyncio.get_running_loop().create_task(app(scope, page.receive, page.send))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.02)
