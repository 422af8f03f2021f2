"""One connection of a local server: requests are taken as they come, answers given in their order, each in its time."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from typing import NamedTuple, cast

from scraper.serving.answers import Answer
from scraper.serving.asked import MOST, read
from scraper.serving.desk import Desk

__all__ = ["Connection"]


class _Piece(NamedTuple):
    """What is to be sent: ``wait`` seconds after ``since``, or after the piece before it where that is None.

    :ivar data: None ends the connection.
    """

    since: float | None
    wait: float
    data: bytes | None


class Connection(asyncio.Protocol):
    """One connection; requests may come before earlier ones are answered (RFC 9112, 9.3.2)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._partial = b""
        self._pieces: deque[_Piece] = deque()
        self._sent = 0.0
        self._waiting = False
        self._ending = False
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._pieces.clear()

    def eof_received(self) -> bool:
        """Answer what was asked before a half-closed connection is ended."""
        self._end()
        return True

    def pause_writing(self) -> None:
        """Answers are not taken as fast as they are asked for: hear no more until they are."""
        self._full = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        self._transport.resume_reading()
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        now = time.monotonic()
        *heads, self._partial = (self._partial + data).split(_END)
        for number, head in enumerate(heads):
            if self._full:
                self._partial = _END.join([*heads[number:], self._partial])
                return
            self._take(head, now)
            if self._ending:
                return
        if len(self._partial) > MOST:
            self._refuse(431)

    def _take(self, head: bytes, now: float) -> None:
        asked = read(head)
        if isinstance(asked, int):
            self._refuse(asked)
            return
        answer = self._desk.answer(asked.url)
        if answer is None:
            answer = _MISSING
        payload = answer.payload
        if asked.bare:
            payload = payload[: end.end()] if (end := _HEAD_END.search(payload)) else payload
        self._give(answer, payload, now)
        if asked.last or answer.last:
            self._end()

    def _give(self, answer: Answer, payload: bytes, now: float) -> None:
        scale, first = self._desk.scale, answer.head or len(payload)
        delay, rest = answer.delay * scale, answer.rest * scale
        if not (delay or rest or self._pieces):
            self._transport.write(payload)
            return
        self._pieces.append(_Piece(now, delay, payload[:first]))
        if first < len(payload):
            self._pieces.append(_Piece(None, rest, payload[first:]))
        if not self._waiting:
            self._go_on()

    def _refuse(self, status: int) -> None:
        self._give(Answer(_REFUSED % status), _REFUSED % status, time.monotonic())
        self._end()

    def _end(self) -> None:
        self._ending = True
        self._pieces.append(_Piece(None, 0.0, None))
        if not self._waiting:
            self._go_on()

    def _go_on(self) -> None:
        """Send what is due, and come again when the next piece is."""
        self._waiting = False
        while self._pieces:
            since, wait, data = self._pieces[0]
            due, now = (self._sent if since is None else max(since + wait, self._sent)), time.monotonic()
            if since is None:
                due += wait
            if now < due:
                self._waiting = True
                self._desk.alarm.at(due, self._go_on)
                return
            self._pieces.popleft()
            if data is None or self._transport.is_closing():
                self._transport.close()
                return
            self._transport.write(data)
            self._sent = due
            if wait:
                self._desk.late.add(int((now - due) * 1e6))


_END = b"\r\n\r\n"
_HEAD_END = re.compile(rb"\n\r?\n")
"""Of an answer, which may be as a recorded server has written it (RFC 9112, 2.2)."""
_MISSING = Answer(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n")
_REFUSED = b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
