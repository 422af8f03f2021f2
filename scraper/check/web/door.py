"""Who comes in: so many connections at once, and no more, however many there are outside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from aiohttp import web

__all__ = ["Door"]

_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n"
    b"Retry-After: 10\r\nCache-Control: no-store\r\nConnection: close\r\n\r\ntoo many connections\n"
)


class Door:
    """Lets connections in to ``server``.

    :param limit: how many are open at once; whoever comes then is told so, and let go.
    """

    def __init__(self, server: web.Server, limit: int) -> None:
        self._server, self._limit = server, limit

    def __call__(self) -> asyncio.BaseProtocol:
        """What answers one connection."""
        return cast("Callable[[], asyncio.BaseProtocol]", self._server)() if self._has_room() else _Refusal()

    def _has_room(self) -> bool:
        return len(self._server.connections) < self._limit


class _Refusal(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        transport.write(_FULL)
        transport.close()
