from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from scraper.check.web.events import Broadcaster
from scraper.check.web.pages import part_id
from tests.check.web.stand import Facts, ask, serving, until, view

_LONG = 60.0


async def event(answer: aiohttp.ClientResponse) -> dict[str, str]:
    """The next event, its fields by name; comments under the name ``""``."""
    fields = {}
    while (line := (await asyncio.wait_for(answer.content.readline(), _LONG)).decode()) not in ("\n", ""):
        name, _, value = line.rstrip("\n").partition(":")
        fields[name] = value.removeprefix(" ")
    return fields


def listening(url: str, then: Callable[[aiohttp.ClientResponse], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with aiohttp.ClientSession() as session, session.get(f"{url}events") as answer:
            return await then(answer)

    return asyncio.run(run())


def test_a_client_hears_what_is_committed_and_nothing_before() -> None:
    facts = Facts([view("a"), view("b")])

    async def hear(answer: aiohttp.ClientResponse) -> None:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        hello = await event(answer)
        assert (hello["event"], hello["retry"]) == ("hello", "3000")
        assert hello["id"] == hello["data"]
        facts.put(view("b", state="down"))
        server.announce(["b", "unknown"])
        change = await event(answer)
        news = json.loads(change["data"])
        assert change["event"] == "change"
        assert news == {"version": change["id"], "changed": [part_id("t", "b")]}
        assert news["version"] != hello["data"]

    with serving(facts) as server:
        listening(server.url, hear)


def test_what_was_announced_before_somebody_looked_is_told() -> None:
    facts = Facts([view()])

    async def hear(answer: aiohttp.ClientResponse) -> None:
        assert (await event(answer))["event"] == "hello"
        assert (await event(answer))["event"] == "change"

    with serving(facts, beat=0.3) as server:
        facts.put(view(state="down"))
        server.announce(["shop"])
        listening(server.url, hear)


def test_an_idle_stream_beats() -> None:
    async def hear(answer: aiohttp.ClientResponse) -> None:
        await event(answer)
        for _ in range(3):
            assert await event(answer) == {"": "beat", "event": "beat", "data": ""}

    with serving(Facts([view()]), broadcaster=Broadcaster(heartbeat=0.05)) as server:
        listening(server.url, hear)


def test_one_client_too_many_is_refused_until_another_goes() -> None:
    async def hear(answer: aiohttp.ClientResponse) -> None:
        await event(answer)
        refused = await asyncio.to_thread(ask, server, "/events")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "30")

    with serving(Facts([view()]), broadcaster=Broadcaster(limit=1)) as server:
        listening(server.url, hear)
        until(lambda: server._broadcaster.clients == 0)
        listening(server.url, event)


def test_closing_ends_the_streams() -> None:
    async def hear(answer: aiohttp.ClientResponse) -> None:
        await event(answer)
        await asyncio.to_thread(server.close)
        assert await event(answer) == {}

    with serving(Facts([view()])) as server:
        listening(server.url, hear)


@asynccontextmanager
async def broadcasting(broadcaster: Broadcaster) -> AsyncIterator[str]:
    """A bare server of events on this loop."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return await broadcaster.serve(request, "v", lambda _: None)

    app = web.Application()
    app.router.add_get("/events", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/events"
    finally:
        broadcaster.close()
        await runner.cleanup()


def test_a_client_that_lags_behind_is_told_to_reload_and_let_go() -> None:
    async def run() -> None:
        broadcaster = Broadcaster(room=2)
        async with broadcasting(broadcaster) as url, aiohttp.ClientSession() as session:
            async with session.get(url) as lagging:
                assert (await event(lagging))["event"] == "hello"
                for number in range(5):  # all before the client's task gets a turn
                    broadcaster.tell(f"v.{number}", ["x"])
                assert (await event(lagging))["event"] == "reload"
                assert await event(lagging) == {}
            while broadcaster.clients:  # noqa: ASYNC110
                await asyncio.sleep(0)
            async with session.get(url) as again:
                assert (await event(again))["event"] == "hello"

    asyncio.run(run())


def test_a_client_that_takes_nothing_is_dropped_and_holds_nobody_up() -> None:
    async def run() -> None:
        broadcaster = Broadcaster(room=1_000, stalled=0.2)
        async with broadcasting(broadcaster) as url, aiohttp.ClientSession() as session:
            with socket.socket() as stalled:
                stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                stalled.setblocking(False)
                port = int(url.rpartition(":")[2].partition("/")[0])
                loop = asyncio.get_running_loop()
                await loop.sock_connect(stalled, ("127.0.0.1", port))
                await loop.sock_sendall(stalled, b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                async with session.get(url) as lively, asyncio.timeout(_LONG):
                    await event(lively)
                    while broadcaster.clients < 2:  # noqa: ASYNC110
                        await asyncio.sleep(0)
                    while broadcaster.clients == 2:
                        broadcaster.tell("v.1", ["x" * 100_000])
                        assert (await event(lively))["event"] == "change"

    asyncio.run(run())
