"""SOCKS proxies (RFC 1928), spoken by python-socks.

The connections that it speaks on are ours: opened, bounded in time and broken off as all others are. It takes them
where it takes that of a proxy in front of the proxy.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy as LoopProxy
from python_socks.sync import Proxy as ThreadProxy

from scraper.fetch.errors import FetchError
from scraper.fetch.route import Proxy
from scraper.model import Reason

__all__ = ["ask", "ask_in_loop"]


def ask(proxy: Proxy, host: str, port: int, opened: Any) -> None:
    """Let ``proxy`` connect to ``host``.

    :param opened: what behaves like a socket that is connected to the proxy; closed on trouble.
    :raises FetchError: PROXY when the proxy will not, CONNECT when it could not.
    :raises OSError: for trouble on the way to the proxy.
    """
    forward: Any = _Here(lambda: opened)
    try:
        ThreadProxy(*_arguments(proxy), rdns=True, forward=forward).connect(host, port)
    except ProxyError as error:
        raise _told(error) from error


async def ask_in_loop(proxy: Proxy, host: str, port: int, opened: socket.socket) -> None:
    """:func:`ask` on an event loop; ``opened`` does not block."""
    loop = asyncio.get_running_loop()

    async def give() -> socket.socket:
        return opened

    forward: Any = _Here(give)
    try:
        await LoopProxy(*_arguments(proxy), rdns=True, forward=forward, loop=loop).connect(host, port, _FOREVER)
    except ProxyError as error:
        raise _told(error) from error
    except BaseException:
        opened.close()  # python-socks leaves it open when the task is cancelled
        raise


class _Here:
    """Stands where python-socks would have a proxy in front of the proxy."""

    def __init__(self, give: Callable[[], socket.socket | Awaitable[socket.socket]]) -> None:
        self._give = give

    def connect(self, **_: Any) -> socket.socket | Awaitable[socket.socket]:
        return self._give()


def _arguments(proxy: Proxy) -> tuple[ProxyType, str, int, str | None, str | None]:
    kind = ProxyType.SOCKS4 if proxy.scheme == "socks4" else ProxyType.SOCKS5
    return kind, proxy.host, proxy.port, *(proxy.login or (None, None))


def _told(error: ProxyError) -> FetchError:
    reason = Reason.CONNECT if error.error_code in _NOT_REACHED else Reason.PROXY
    return FetchError(reason, f"the proxy says: {error}")


_NOT_REACHED = frozenset({3, 4, 5, 6})
"""Replies that tell of the server (RFC 1928, 6): network or host unreachable, refused, too many hops."""
_FOREVER = 1e6  # seconds: the sweeper knows the limits
