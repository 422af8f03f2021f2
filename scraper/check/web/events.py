"""Server-sent events (WHATWG HTML, 9.2): one broadcaster tells all open pages that something has changed.

An event says only what has changed; the page fetches it, and all pages get the same bytes. A client that does not keep
up is told to reload once it reads again, and let go: what it missed is in the page.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

import msgspec
from aiohttp import web

__all__ = ["Broadcaster"]

HEARTBEAT = 15.0
RETRY_MS = 3_000
_BEAT = b": beat\nevent: beat\ndata:\n\n"
"""A comment for what stands between, and an event for the page, which never sees comments."""
_RELOAD = b"event: reload\ndata: reload\n\n"


class _Client:
    """One open page.

    :ivar lagging: whether it was let go for being slow.
    """

    def __init__(self, room: int) -> None:
        self.queue: asyncio.Queue[bytes | None] = asyncio.Queue(room)
        self.lagging = False

    def give(self, event: bytes | None) -> None:
        """Queue ``event``; where there is no room, only the end is left."""
        if self.lagging:
            return
        try:
            self.queue.put_nowait(event)
        except asyncio.QueueFull:
            self.lagging = True
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


class Broadcaster:
    """All clients, on the web server's loop.

    :param limit: clients at most; further ones are refused.
    :param room: events that wait for one client.
    :param stalled: seconds after which a client that takes nothing is dropped.
    """

    def __init__(self, limit: int = 200, room: int = 16, heartbeat: float = HEARTBEAT, stalled: float = 30.0) -> None:
        self._limit, self._room, self._heartbeat, self._stalled = limit, room, heartbeat, stalled
        self._clients: set[_Client] = set()
        self._closed = False

    @property
    def clients(self) -> int:
        """How many there are."""
        return len(self._clients)

    def tell(self, version: str, changed: Iterable[str]) -> None:
        """Say to all that the rows ``changed`` are new in ``version``."""
        data = msgspec.json.encode({"version": version, "changed": list(changed)})
        self._give(b"id: %s\nevent: change\ndata: %s\n\n" % (version.encode(), data))

    def close(self) -> None:
        """Let all clients go."""
        self._closed = True
        self._give(None)

    def _give(self, event: bytes | None) -> None:
        for client in self._clients:
            client.give(event)

    async def serve(
        self, request: web.Request, version: str, announce: Callable[[Iterable[str]], None]
    ) -> web.StreamResponse:
        """Keep one client informed until it goes, or is let go.

        :param announce: told that somebody looks: what came while nobody did is still to be read.
        """
        if self._closed or len(self._clients) >= self._limit:
            return web.Response(status=503, text="too many open pages\n", headers={"Retry-After": "30"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        response.headers["X-Accel-Buffering"] = "no"  # nginx would keep events back
        client = _Client(self._room)
        self._clients.add(client)
        announce(())
        try:
            await response.prepare(request)
            await response.write(
                b"retry: %d\nid: %s\nevent: hello\ndata: %s\n\n" % (RETRY_MS, version.encode(), version.encode())
            )
            await self._feed(client, response)
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._clients.discard(client)
        return response

    async def _feed(self, client: _Client, response: web.StreamResponse) -> None:
        while True:
            event: bytes | None = _BEAT
            with contextlib.suppress(TimeoutError):
                event = await asyncio.wait_for(client.queue.get(), self._heartbeat)
            async with asyncio.timeout(self._stalled):
                await response.write(event if event is not None else (_RELOAD if client.lagging else b""))
            if event is None:
                return
