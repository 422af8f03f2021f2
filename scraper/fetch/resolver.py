"""Names become addresses on threads of their own, so that a slow name server holds up nobody but who asked it.

The loops' own pools have four to six threads, and uvloop's also serves every connection: a handful of dead names
would stop a crawl for seconds. ``getaddrinfo`` cannot be interrupted; a lookup that nobody waits for any more ends by
itself, and its thread with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from typing import NamedTuple

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["NAMES_KEPT", "Lookup", "Resolver"]

NAMES_KEPT = 300
"""Seconds that the addresses of a host are remembered. The system does not tell how long they hold; a crawl comes back
to a host for longer than aiohttp's usual 10 s, and addresses that change sooner are seldom gone at once."""


class Lookup(NamedTuple):
    """What a lookup gave: addresses, or why there are none; and the seconds that it took the system."""

    results: list[ResolveResult]
    error: Exception | None
    seconds: float


class Resolver(AbstractResolver):
    """One thread a lookup; aiohttp's connector asks once for a host and remembers for :data:`NAMES_KEPT`."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of ``host``, in the system's order.

        :raises OSError: when there are none; ``socket.gaierror`` says why.
        """
        lookup = await self.look_up(host, port, family)
        if lookup.error is not None:
            raise lookup.error
        return lookup.results

    async def look_up(self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC) -> Lookup:
        """As :meth:`resolve`, and how long it took: not until the loop heard of it, but in its thread."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Lookup] = loop.create_future()
        args = loop, answer, host, port, family
        threading.Thread(target=_look_up, args=args, name=f"dns {host}", daemon=True).start()
        return await answer

    async def close(self) -> None:
        """Nothing is kept."""


def _look_up(
    loop: asyncio.AbstractEventLoop,
    answer: asyncio.Future[Lookup],
    host: str,
    port: int,
    family: socket.AddressFamily,
) -> None:
    error: Exception | None = None
    results: list[ResolveResult] = []
    began = ended = time.perf_counter()
    try:
        found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        ended = time.perf_counter()
        for kind, _, protocol, _, address in found:
            number, _ = socket.getnameinfo(address, _NUMERIC)  # keeps the zone of a link-local IPv6 address
            results.append(_result(host, number, port, kind, protocol))
    except (OSError, UnicodeError) as trouble:
        error, ended = trouble, time.perf_counter()
    with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(_tell, answer, Lookup(results, error, ended - began))


def _result(host: str, address: str, port: int, family: int, protocol: int) -> ResolveResult:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=protocol, flags=flags)


def _tell(answer: asyncio.Future[Lookup], lookup: Lookup) -> None:
    if not answer.done():  # else it was cancelled
        answer.set_result(lookup)


_NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
