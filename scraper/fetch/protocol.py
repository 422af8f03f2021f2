"""Protocols for aiohttp's connector that read the answer as :mod:`scraper.fetch.framing` has it.

aiohttp has no public place to put them: they replace the parser that ``set_response_params`` makes, and stand in for
the connector's own (see :mod:`scraper.fetch.connector`). The tests at the border fail if a release of aiohttp moves
either.
"""

from __future__ import annotations

import asyncio
import select
import time
from typing import Any, cast

from aiohttp import HttpVersion11, StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http_parser import RawResponseMessage
from multidict import CIMultiDict, CIMultiDictProxy

from scraper.fetch.certificate import shown
from scraper.fetch.errors import FetchError
from scraper.fetch.framing import AnswerReader, Head
from scraper.fetch.room import Room
from scraper.fetch.tls import tls_trouble
from scraper.fetch.trace import Trace
from scraper.model import Reason
from scraper.settings import Limits

__all__ = ["Flight", "Protocol"]


class Flight:
    """A fetch in the air: what the sweeper needs to know of it.

    :ivar task: who waits for it.
    :ivar key: the host key of its URL.
    :ivar room: what its body may take; None for what a page's may.
    :ivar address: the IP address of the server that it is connected to, where that is known.
    :ivar began: when this try started, on the clock of :func:`time.monotonic`; ``heard`` is when its last byte came.
    :ivar ends: when the whole fetch, with its second try, has taken too long.
    :ivar connected: it has a connection.
    :ivar head: what came before the body.
    :ivar stale: it was given a connection that had served before, and nothing has come on it.
    :ivar limits: its own; None where they are those of all.
    :ivar trace: takes the times of a probe; None of any other fetch.
    """

    __slots__ = (
        "_late", "address", "began", "connected", "ends", "head", "heard", "key", "limits", "room", "stale", "task",
        "trace",
    )  # fmt: skip

    def __init__(self, task: asyncio.Task[object], ends: float, key: str = "", room: Room | None = None) -> None:
        self.task = task
        self.key = key
        self.room = room
        self.limits: Limits | None = None
        self.trace: Trace | None = None
        self.address: str | None = None
        self._late: FetchError | None = None
        self.ends = ends
        self.began = self.heard = time.monotonic()
        self.connected = self.stale = False
        self.head: Head | None = None

    def forgive(self, seconds: float) -> None:
        """Do not count ``seconds`` in which nobody listened."""
        self.ends += seconds
        self.began += seconds
        self.heard += seconds

    def cancel(self, late: FetchError) -> None:
        """End the fetch with ``late``."""
        if self._late is None:
            self._late = late
            self.task.cancel()

    def land(self) -> None:
        """Called when the task was cancelled.

        :raises FetchError: when it was the sweeper who did it, and nobody else wants the task to end; or when nobody
            did, but the library raised it, as it comes of a future that was cancelled.
        """
        if not self.task.cancelling():
            raise FetchError(Reason.INTERNAL, "broken off inside the HTTP library")
        if self._late is not None and self.task.uncancel() == 0:
            raise self._late from None


class Protocol(ResponseHandler):
    """One connection; it serves one fetch after the other.

    :param idle: the connections at rest, which it leaves when it is used again or lost.
    :param straight: whether its other end is the server, and no proxy.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        flights: dict[asyncio.Task[object], Flight],
        limits: Limits,
        idle: dict[ResponseHandler, ConnectionKey],
        *,
        straight: bool,
    ) -> None:
        super().__init__(loop)
        self._straight = straight
        self._address: str | None = None
        self._idle = idle
        self._flights = flights
        self._limits = limits
        self._flight: Flight | None = None
        self._reader: AnswerReader | None = None
        self._stream: StreamReader | None = None
        self._served = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")  # None where the server has reset the connection already
        if self._straight and peer:
            self._address = peer[0]

    def set_response_params(self, **params: Any) -> None:
        """A request is about to be sent by the task that runs now."""
        self._parser = _NO_PARSER
        self._idle.pop(self, None)
        self._stream = self._payload = None
        task = asyncio.current_task(self._loop)
        self._flight = flight = self._flights.get(task) if task else None
        room = (flight and flight.room) or Room(self._limits.size)
        bare = "skip_payload" in params and bool(params["skip_payload"])
        self._reader = AnswerReader(self._limits.header, room.size, cut=room.cut, bare=bare)
        if flight is not None:
            if flight.trace is not None:
                self._begin(flight.trace, tunnel="skip_payload" not in params)  # a CONNECT comes without
            flight.connected, flight.stale, flight.address = True, self._served > 0, self._address
            flight.heard = time.monotonic()
        self._served += 1

    def _begin(self, trace: Trace, *, tunnel: bool) -> None:
        """A request of a probe is about to be sent; one for a tunnel belongs to the way."""
        inside = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        if inside is not None:
            trace.certificate = shown(inside)
        began = trace.enter("connect" if tunnel else "first")
        self._loop.call_soon(trace.sent, began)  # by then it is: uvloop sends at the end of a turn

    def is_connected(self) -> bool:
        """Whether the connection can be used again: not when the server has closed it or said something unasked.

        The loop may not have been told yet; an answer to nobody, as a 408 before closing, must not be taken for ours.
        """
        if self.transport is None or self.transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def data_received(self, data: bytes) -> None:
        if not data:
            return  # aiohttp asks for what was held back while it paused: nothing ever is
        reader = self._reader
        if reader is None or reader.done:
            self._refuse()
            return
        if self._flight is not None:
            self._flight.heard, self._flight.stale = time.monotonic(), False
            if self._flight.trace is not None:
                self._flight.trace.heard()
        try:
            body = reader.feed(data)
        except FetchError as error:
            self._fail(error)
        else:
            self._deliver(reader, body)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._idle.pop(self, None)
        reader = self._reader
        if reader is not None and not reader.done:
            self._lost(reader, exc)
        self._parser = None
        super().connection_lost(exc)

    def _lost(self, reader: AnswerReader, exc: BaseException | None) -> None:
        if self._flight is not None and self._flight.trace is not None:
            self._flight.trace.leave()  # here what came last was no byte
        try:
            if isinstance(exc, OSError):
                told = tls_trouble(exc)  # an alert behind the handshake: TLS 1.3 asks for our certificate so late
                raise FetchError(Reason.TLS, told) if told else FetchError(Reason.RESET, str(exc))
            reader.end()
        except FetchError as error:
            self._fail(error)
        else:
            self._deliver(reader, b"")

    def _deliver(self, reader: AnswerReader, body: bytes) -> None:
        """Pass on what has become known by the latest bytes."""
        if self._stream is None and reader.head is not None:
            self._stream = self._payload = StreamReader(self, _PAUSE, loop=self._loop)
            if self._flight is not None:
                self._flight.head = reader.head
                if self._flight.trace is not None:
                    self._flight.trace.told(reader.head.version)
            self.feed_data((_message(reader.head), self._stream))
        if self._stream is not None and body:
            self._stream.feed_data(body, len(body))
        if self._stream is not None and reader.done:
            self._should_close = self._should_close or not reader.keep
            self._end_flight()
            self._stream.feed_eof()

    def _end_flight(self) -> None:
        flight, self._flight = self._flight, None
        if flight is not None and flight.trace is not None:
            flight.trace.whole()

    def _fail(self, error: Exception) -> None:
        self._refuse()
        self.set_exception(error)
        if self._stream is not None:
            self._stream.set_exception(error)

    def _refuse(self) -> None:
        self._should_close = True
        if self.transport is not None:
            self.transport.close()


class _Unused:
    """Stands where aiohttp keeps its parser, which is told to pause; ours keeps nothing back."""

    def pause_reading(self) -> None:
        return

    def feed_eof(self) -> None:
        return


_NO_PARSER = cast(Any, _Unused())


def _message(head: Head) -> RawResponseMessage:
    headers = CIMultiDict(head.headers)
    headers.pop("set-cookie", None)  # aiohttp would parse them, also for a jar that keeps none
    shown = CIMultiDictProxy(headers)
    return RawResponseMessage(HttpVersion11, head.status, "", shown, (), False, None, False, False)


_PAUSE = 256 * 1024
"""Bytes of a body that wait to be taken; at twice as many the connection is not read from until they are."""
