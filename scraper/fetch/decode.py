"""Undoing Content-Encoding (RFC 9110, 8.4) with bounded output.

Every coding is a generator of pieces, so a bomb is stopped while it unpacks; and every one checks that its stream came
to its end, which no HTTP library does: a cut page would pass for a whole one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import zstandard

from scraper.fetch.errors import FetchError
from scraper.model import Reason

__all__ = ["decode"]

_STEP = 64 * 1024
"""Bytes that go into a decompressor, and come out of it, at a time."""
_ZSTD_STEP = 128
"""Its decompressor cannot bound its output, but a block is 4 bytes at least and gives 128 KiB at most (RFC 8878,
3.1.1.2): so no more than 4 MiB come out of one step."""
_ZSTD_WINDOW = 8 * 1024 * 1024
"""What a recipient must support, and a sender must not exceed (RFC 9659, 3)."""
_MEMBERS = 1_000
"""Streams put one after the other in one body; each costs its set-up, however small it is."""
_CHAIN = 2
"""Codings applied on top of each other; more are only seen in attacks."""


class CutError(FetchError):
    """A stream without its end."""


def decode(body: bytes, content_encoding: str, limit: int, *, cut: bool = False) -> bytes:
    """``body`` as it was before the codings named in the header's value ``content_encoding``.

    :param limit: bytes that no coding may give more of.
    :param cut: whether what comes after so many bytes is left alone; ``body`` may then be cut there itself.
    :raises FetchError: ENCODING for an unknown coding, too long a chain, a damaged or cut stream or bytes behind it;
        TOO_LARGE for more than ``limit`` bytes.
    """
    codings = [name for name in map(str.strip, content_encoding.lower().split(",")) if name not in ("", "identity")]
    if not codings or not body:
        return body
    if len(codings) > _CHAIN:
        raise FetchError(Reason.ENCODING, f"{len(codings)} codings on top of each other")
    for coding in reversed(codings):
        body = _undo(coding, body, limit, cut)
    return body


def _undo(coding: str, body: bytes, limit: int, cut: bool) -> bytes:
    if coding not in _CODINGS:
        raise FetchError(Reason.ENCODING, f"unknown coding {coding}")
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in _CODINGS[coding](body):
            size += len(piece)
            if size > limit and not cut:
                raise FetchError(Reason.TOO_LARGE, f"more than {limit} bytes decompressed")
            pieces.append(piece)
            if size >= limit and cut:
                break
    except CutError:
        if not cut or len(body) < limit:
            raise
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise FetchError(Reason.ENCODING, f"damaged {coding} stream: {error}") from error
    whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return whole[:limit] if cut else whole


def _gzip(body: bytes) -> Iterator[bytes]:
    """Members one after the other (RFC 1952, 2.2)."""
    return _streams(body, lambda: zlib.decompressobj(31), _inflate)


def _deflate(body: bytes) -> Iterator[bytes]:
    """A zlib stream, or a raw one as some servers send (RFC 9110, 8.4.1.2): two bytes tell (RFC 1950, 2.2)."""
    wrapped = len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _streams(body, lambda: zlib.decompressobj(15 if wrapped else -15), _inflate, members=1)


def _zstd(body: bytes) -> Iterator[bytes]:
    """Frames one after the other (RFC 8878, 3.1)."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return _streams(body, unpacker.decompressobj, _unzstd, step=_ZSTD_STEP)


def _brotli(body: bytes) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    for at in range(0, len(body), _STEP):
        piece = stream.process(body[at : at + _STEP], output_buffer_limit=_STEP)
        while piece:  # can_accept_more_data() tells of input that waits, not of output
            yield piece
            piece = b"" if stream.is_finished() else stream.process(b"", output_buffer_limit=_STEP)
    if not stream.is_finished():
        raise _cut()


def _streams(
    body: bytes,
    start: Callable[[], Any],
    unpack: Callable[[Any, memoryview], Iterator[bytes]],
    step: int = _STEP,
    members: int = _MEMBERS,
) -> Iterator[bytes]:
    view, at = memoryview(body), 0
    while at < len(view):
        if at and body[at] == 0 and not body[at:].strip(b"\0"):
            return  # padding, as gzip(1) knows it from tapes and some servers send it
        if not members:
            raise FetchError(Reason.ENCODING, "bytes behind the end of the stream, or too many streams")
        members -= 1
        stream = start()
        while not stream.eof:
            if at >= len(view):
                raise _cut()
            piece = view[at : at + step]
            yield from unpack(stream, piece)
            at += len(piece)
        at -= len(stream.unused_data)


def _inflate(stream: Any, data: memoryview) -> Iterator[bytes]:
    piece = stream.decompress(data, _STEP)
    yield piece
    while not stream.eof and (stream.unconsumed_tail or len(piece) == _STEP):  # the tail stays when a member ended
        piece = stream.decompress(stream.unconsumed_tail, _STEP)
        yield piece


def _unzstd(stream: Any, data: memoryview) -> Iterator[bytes]:
    yield stream.decompress(data)


def _cut() -> CutError:
    return CutError(Reason.ENCODING, "the compressed stream was cut")


_CODINGS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,  # RFC 9110, 8.4.1.3
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
