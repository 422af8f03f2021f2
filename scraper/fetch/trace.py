"""Where the time of one probe goes, phase by phase; both borders stamp the same :class:`Trace`.

A phase is a time in which the server or the network has the word: a lookup, a connection, the steps of a TLS handshake,
the way to the first byte, the body. All else is ours: what lies between two phases, and that part of a phase in which
the answer had come and we had not looked (see :mod:`scraper.fetch.kernel`). So the phases and our own time add up to
the whole by construction, and what we cannot know of is the server's.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import ssl
import time
from contextvars import ContextVar

from scraper.fetch.kernel import ask, lag_of_answer, lag_of_arrival, lag_of_connect
from scraper.fetch.response import Stopwatch
from scraper.model import Certificate, Evidence

__all__ = ["TRACE", "Handshake", "Trace"]


class Trace:
    """The stamps of one probe.

    :ivar watch: the times of the whole fetch, as every fetch has them.
    :ivar address: the IP address that was connected to, or tried last; None behind a proxy.
    :ivar certificate: the server's; :ivar refused: why it is not trusted.
    :ivar http: version of the answer.
    """

    __slots__ = (
        "_phase",
        "_since",
        "_socket",
        "_spent",
        "_tried",
        "_unsent",
        "address",
        "certificate",
        "http",
        "refused",
        "watch",
    )

    def __init__(self) -> None:
        self.watch = Stopwatch()
        self.address: str | None = None
        self.certificate: Certificate | None = None
        self.http: str | None = None
        self.refused: str | None = None
        self._spent: dict[str, float] = {}
        self._phase: str | None = None
        self._since = 0.0
        self._unsent = math.inf
        self._tried: dict[str | None, float] = {}
        self._socket: socket.socket | None = None

    def enter(self, phase: str) -> float:
        """The server or the network has the word from now on: ``dns``, ``connect``, ``tls``, ``first`` or ``body``.

        :returns: since when, for :meth:`sent`.
        """
        self.leave()
        self._phase, self._since, self._unsent = phase, time.perf_counter(), math.inf
        return self._since

    def sent(self, since: float) -> None:
        """What the phase that began then was entered for has been given to the kernel."""
        if since == self._since:
            self._unsent = time.perf_counter() - since

    def leave(self, lag: float = 0.0, at: float | None = None) -> None:
        """The phase is over, ``at`` now; the last ``lag`` seconds of it were ours."""
        if self._phase is None:
            return
        seconds = (time.perf_counter() if at is None else at) - self._since - lag
        self._spent[self._phase] = self._spent.get(self._phase, 0.0) + max(0.0, seconds)
        self._phase = None

    def looked_up(self, seconds: float) -> None:
        """The lookup is over, and took ``seconds`` where it was made."""
        self.leave(lag=max(0.0, time.perf_counter() - self._since - seconds))

    def tried(self, address: str | None) -> None:
        """A connection is about to be made to ``address``; None where that is a proxy's."""
        self.address = address
        self._tried[address] = time.perf_counter()

    def connected(self, sock: socket.socket) -> None:
        """One was made. What others took that were tried before, or at the same time, is the network's too."""
        if self.address is not None:
            self._socket = sock
            with contextlib.suppress(OSError):  # reset already
                peer = sock.getpeername()[0]
                self.address = peer if peer in self._tried else self.address
        self.leave(lag_of_connect(time.perf_counter() - self._tried[self.address], ask(self._socket)))

    def answered(self) -> None:
        """In a handshake: there is an answer to what was sent when the phase was entered."""
        self.leave(lag_of_answer(time.perf_counter() - self._since, ask(self._socket), self._unsent))

    def shook_hands(self) -> None:
        """The handshake is over, which was made in one piece."""
        self.leave(lag_of_arrival(ask(self._socket)))

    def heard(self) -> None:
        """Something has come: with the first of the answer the next phase begins."""
        phase = self._phase
        if phase is None or phase == "body":
            return
        tcp, now = ask(self._socket), time.perf_counter()
        lag = lag_of_answer(now - self._since, tcp, self._unsent)
        self.leave(lag, now)
        if phase == "first":
            self._phase, self._since = "body", now - (lag_of_arrival(tcp) if lag else 0.0)

    def told(self, http: str) -> None:
        """The head of an answer was read; that of a proxy, on the way, does not count."""
        if self._phase == "body":
            self.http = http

    def whole(self) -> None:
        """The last byte has come."""
        self.leave(lag_of_arrival(ask(self._socket)))

    def evidence(self, ended: float) -> Evidence:
        """What was found out until ``ended``; a phase that was under way ended then, too."""
        self.leave(at=ended)
        self._socket = None
        dns, connect, tls, first, body = phases = [int(self._spent.get(name, 0.0) * 1e6) for name in _PHASES]
        own = max(0, int((ended - self.watch.began) * 1e6) - sum(phases))
        certificate = self.certificate or (Certificate(trouble=self.refused) if self.refused else None)
        return Evidence(own, dns, connect, tls, first, body, self.http, self.address, certificate)


class Handshake(ssl.SSLObject):
    """A TLS connection on an event loop that stamps the trace of the task that made it.

    A loop feeds the handshake what has come, and sends what it gives: between two steps the server has the word.
    """

    def do_handshake(self) -> None:
        """Take the next step."""
        trace = TRACE.get(None)
        if trace is None:
            super().do_handshake()
            return
        trace.answered()
        try:
            super().do_handshake()
        except ssl.SSLWantReadError:
            asyncio.get_running_loop().call_soon(trace.sent, trace.enter("tls"))  # by then it is
            raise


TRACE: ContextVar[Trace] = ContextVar("TRACE")
"""That of the probe which the running task, or what runs on its behalf, is at."""

_PHASES = ("dns", "connect", "tls", "first", "body")
