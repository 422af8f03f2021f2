"""How the bytes of a connection become one answer: RFC 9112, without a socket.

``http.client`` and llhttp are lenient in different ways: the one takes a cut header block for a whole one, ignores a
Content-Length that is no number and forgets how long a trailer has become; the other reads an endless chunk line. So
neither reads here: both borders give what they receive to an :class:`AnswerReader`, whose life is ::

    head -> (sized | until close | chunk head -> chunk data -> chunk end -> chunk head ... -> trailer) -> done

It is strict where leniency would leave open where an answer ends (RFC 9112, 6.3 and 11.2), and tolerant of bare line
feeds (2.2) and folded header lines (5.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from scraper.fetch.errors import FetchError
from scraper.fetch.headers import joined
from scraper.model import Reason

__all__ = ["AnswerReader", "Head"]

_INTERIM = 16
"""Answers with a status of 1xx that are skipped before the final one; an endless row of them is an attack."""

_SMALL = 64
_SMALL_CHUNKS = 100_000
"""Chunks of less than 64 bytes that one body may have. Each costs over a microsecond, however little it brings: 8 MB
byte by byte took 12 s. Servers that write line by line have a few thousand; larger chunks are bounded by the size."""

_HEAD_END = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(r"HTTP/1\.(\d) ([1-9]\d\d)(?: [^\n]*)?(?=\n|\Z)", re.ASCII)
_FOLD = re.compile(r"\n[ \t]+")
_FIELDS = re.compile(r"\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\n]*)")
_CHUNK_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")


class Head(NamedTuple):
    """Status line and headers of an answer; see :func:`scraper.fetch.headers.joined`.

    :ivar block: the bytes of all that, as they came, without the empty line behind them.
    """

    status: int
    headers: dict[str, str]
    version: str = "1.1"
    block: bytes = b""


_Step: TypeAlias = "Callable[[AnswerReader, bytes, int, list[bytes]], int]"
"""What to do with the bytes from a place on; gives the place where the next step begins. A plain function, since a
bound method kept in its own object would be a cycle, for the garbage collector to find, with each answer."""


class AnswerReader:
    r"""Reads one answer to a GET or a HEAD from the bytes that are fed to it.

    :param cut: whether a longer body is done after ``size`` bytes, instead of an error.
    :param bare: whether the answer has no body whatever its headers say, as that to a HEAD (RFC 9112, 6.3).
    :ivar head: None until the head is whole.
    :ivar done: the answer is whole.
    :ivar keep: the connection can serve another request once the answer is done (RFC 9112, 9.3).
    :ivar heard: whether anything has come.

    >>> reader = AnswerReader(header=1000, size=1000)
    >>> reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), reader.feed(b"lo"), reader.done
    (b'hel', b'lo', True)
    """

    __slots__ = (
        "_bare", "_cut", "_held", "_interim", "_left", "_limit", "_room", "_short", "_small", "_step", "done", "head",
        "heard", "keep",
    )  # fmt: skip

    def __init__(self, header: int, size: int, *, cut: bool = False, bare: bool = False) -> None:
        self.head: Head | None = None
        self.done = self.heard = False
        self.keep = True
        self._limit = header
        self._room = size
        self._cut, self._short = cut, False
        self._bare = bare
        self._left = 0
        self._interim = self._small = 0
        self._held = bytearray()
        self._step: _Step = AnswerReader._read_head

    def feed(self, data: bytes) -> bytes:
        """Take what was received; give what of it is body.

        :raises FetchError: PROTOCOL for what is not HTTP, TOO_LARGE for what is over a limit.
        """
        self.heard = True
        at, end = 0, len(data)
        body: list[bytes] = []
        while at < end and not self.done:
            at = self._step(self, data, at, body)
        if at < end:
            self.keep = False  # bytes that nobody asked for: whose they are cannot be told
        return body[0] if len(body) == 1 else b"".join(body)

    def end(self) -> None:
        """The server closed the connection: the answer is now done, or it never will be.

        :raises FetchError: RESET when it is cut, PROTOCOL when what came is not HTTP.
        """
        self.keep = False
        if self._step is AnswerReader._read_until_close:
            self.done = True
        elif not self.done:
            raise FetchError(Reason.RESET, _CUT[self.head is not None] if self.heard else _CUT[None])

    def _read_head(self, data: bytes, at: int, body: list[bytes]) -> int:
        held = len(self._held)
        if held:
            self._held += data[at:]
        source, start = (self._held, 0) if held else (data, at)
        found = _HEAD_END.search(source, start + max(0, held - 3))
        size = (found.end() if found else len(source)) - start
        if source[start : start + 5] != b"HTTP/"[:size]:
            raise _protocol("the answer does not begin with a status line", source[start : start + 40])
        if size > self._limit:
            raise FetchError(Reason.TOO_LARGE, f"more than {self._limit} bytes of headers")
        if not found:
            self._held = self._held or bytearray(data[at:])
            return len(data)
        block, self._held = bytes(source[start : found.start()]), bytearray()
        self._take_head(block)
        return at + size - held

    def _take_head(self, block: bytes) -> None:
        minor, status, headers = _parse_head(block)
        if status < 200:
            self._skip_interim(status)
            return
        self.head = Head(status, headers, "1.1" if minor == "1" else f"1.{minor}", block)
        tokens = [token.strip() for token in headers.get("connection", "").lower().split(",")]
        self.keep = "close" not in tokens and (minor != "0" or "keep-alive" in tokens)
        self._step = self._framing(minor, status, headers)

    def _skip_interim(self, status: int) -> None:
        self._interim += 1
        if status == 101:
            raise _protocol("switches to a protocol that nobody asked for")
        if self._interim > _INTERIM:
            raise _protocol(f"more than {_INTERIM} interim answers")

    def _framing(self, minor: str, status: int, headers: dict[str, str]) -> _Step:
        """How the body ends (RFC 9112, 6.3)."""
        if self._bare:  # what its headers say of a body is that of an answer to a GET (RFC 9110, 9.3.2)
            self.done = True
            return AnswerReader._read_sized
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        size = None if length is None else _content_length(length)
        if coding is not None:
            _check_coding(coding, length)
            self.keep &= minor != "0"  # RFC 9112, 6.1: the framing of such an answer is faulty
        if status in (204, 304):
            self.done = True
        elif coding is not None:
            return AnswerReader._read_chunk_head
        elif size is not None:
            self._claim(size)
            self.done = size == 0
        else:
            self.keep = False
            return AnswerReader._read_until_close
        return AnswerReader._read_sized

    def _claim(self, size: int) -> None:
        """Refuse what goes over the limit before it is received, or all that comes after it."""
        if size > self._room:
            if not self._cut:
                raise FetchError(Reason.TOO_LARGE, "the body is over the limit of bytes to receive")
            self._short, self.keep, size = True, False, self._room
        self._room -= size
        self._left = size

    def _read_sized(self, data: bytes, at: int, body: list[bytes]) -> int:
        at = self._take(data, at, body)
        self.done = not self._left
        return at

    def _read_until_close(self, data: bytes, at: int, body: list[bytes]) -> int:
        self._claim(len(data) - at)
        self.done = self._short
        return self._take(data, at, body)

    def _read_chunk_head(self, data: bytes, at: int, body: list[bytes]) -> int:
        line, at = self._line(data, at, self._limit)
        if line is not None:
            found = _CHUNK_HEAD.fullmatch(line)
            if not found:
                raise _protocol("not a chunk size", line[:40])
            self._claim(int(found[1], 16))
            self._step = AnswerReader._read_chunk
            if self._left < _SMALL:
                self._count_small()
            if self._short and not self._left:
                self.done = True
            elif not self._left:
                self._left, self._step = self._limit, AnswerReader._read_trailer
        return at

    def _count_small(self) -> None:
        self._small += 1
        if self._small > _SMALL_CHUNKS:
            raise FetchError(Reason.TOO_LARGE, f"more than {_SMALL_CHUNKS} chunks of less than {_SMALL} bytes")

    def _read_chunk(self, data: bytes, at: int, body: list[bytes]) -> int:
        at = self._take(data, at, body)
        if not self._left:
            self.done = self._short
            self._step = AnswerReader._read_chunk_end
        return at

    def _read_chunk_end(self, data: bytes, at: int, body: list[bytes]) -> int:
        if data[at] == _CR and not self._held:
            self._held += b"\r"
        elif data[at] == _LF:
            self._held.clear()
            self._step = AnswerReader._read_chunk_head
        else:
            raise _protocol("a chunk longer than its size", data[at : at + 40])
        return at + 1

    def _read_trailer(self, data: bytes, at: int, body: list[bytes]) -> int:
        """Trailers are read over; ``_left`` is what all of them together may still take."""
        line, at = self._line(data, at, self._left)
        if line is not None:
            self._left -= len(line)
            self.done = line in (b"\r\n", b"\n")
        return at

    def _line(self, data: bytes, at: int, limit: int) -> tuple[bytes | None, int]:
        """The line that ends in ``data``, if one does; and where to go on."""
        stop = data.find(b"\n", at) + 1 or len(data)
        self._held += data[at:stop]
        if len(self._held) > limit:
            raise FetchError(Reason.TOO_LARGE, f"more than {self._limit} bytes of a chunk head or of trailers")
        if not self._held.endswith(b"\n"):
            return None, stop
        line, self._held = bytes(self._held), bytearray()
        return line, stop

    def _take(self, data: bytes, at: int, body: list[bytes]) -> int:
        piece = data[at : at + self._left]
        body.append(piece)
        self._left -= len(piece)
        return at + len(piece)


def _parse_head(block: bytes) -> tuple[str, int, dict[str, str]]:
    """The minor version, the status and the headers in ``block``, which comes without its empty line."""
    text = _text(block).replace("\r\n", "\n").removesuffix("\r")
    if "\r" in text or "\0" in text:
        raise _protocol("a bare CR or NUL in the headers")  # RFC 9112, 2.2; RFC 9110, 5.5
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    found = _STATUS_LINE.match(text)
    if not found:
        raise _protocol("not a status line", text[:40])
    fields = _FIELDS.findall(text)
    if len(fields) != text.count("\n"):
        raise _protocol("not a header line", _FIELDS.sub("", text[found.end() :])[1:41])
    headers = joined((name, value.strip(" \t")) for name, value in fields)
    if len(headers) < len(fields) and "location" in headers:  # of several the first, as curl has it: no list
        headers["location"] = next(value.strip(" \t") for name, value in fields if name.lower() == "location")
    return found[1], int(found[2]), headers


def _text(block: bytes) -> str:
    """Headers as text: UTF-8, as browsers read a Location, or else ISO-8859-1 (RFC 9110, 5.5)."""
    try:
        return block.decode()
    except UnicodeDecodeError:
        return block.decode("iso-8859-1")


def _content_length(value: str) -> int:
    """RFC 9110, 8.6: digits; where the header was repeated, the same ones."""
    numbers = {number.strip(" \t") for number in value.split(",")}
    if len(numbers) > 1:
        raise _protocol("different values of Content-Length", value)
    (number,) = numbers
    if not (number.isascii() and number.isdigit()):
        raise _protocol("not a Content-Length", value)
    return int(number) if len(number) < 19 else _HUGE  # int() takes quadratic time


def _check_coding(coding: str, length: str | None) -> None:
    """RFC 9112, 6.1: no other coding may be applied to us, who sent no TE; 6.3: nor be given with a length."""
    if length is not None:
        raise _protocol("both Content-Length and Transfer-Encoding")
    if coding.lower() != "chunked":
        raise _protocol("a transfer coding that nobody asked for", coding)


def _protocol(what: str, seen: bytes | bytearray | str | None = None) -> FetchError:
    if isinstance(seen, bytes | bytearray):
        seen = seen.decode("iso-8859-1")
    return FetchError(Reason.PROTOCOL, what if seen is None else f"{what}: {seen[:80]!r}")


_CR, _LF = b"\r\n"
_HUGE = 10**18
_CUT = {
    None: "the server closed the connection without an answer",
    False: "the server closed the connection inside the headers",
    True: "the server closed the connection before the body was whole",
}
