"""The last step of a fetch, the same on both sides: what was received becomes a response."""

from __future__ import annotations

import time

from scraper.fetch.decode import decode
from scraper.fetch.errors import FetchError
from scraper.fetch.room import Room
from scraper.model import Exchange, Reason, Response, Timings

__all__ = ["Stopwatch", "is_redirect", "respond"]


class Stopwatch:
    """Takes the times of one fetch: made at its start, told when the headers are there, and the body."""

    __slots__ = ("at", "began", "headers_at", "received_at")

    def __init__(self) -> None:
        self.at = time.time()
        self.began = self.headers_at = self.received_at = time.perf_counter()

    def headers(self) -> None:
        """The headers are there."""
        self.headers_at = time.perf_counter()


def respond(
    url: str,
    status: int,
    headers: dict[str, str],
    pieces: list[bytes],
    watch: Stopwatch,
    room: Room,
    *,
    address: str | None = None,
    cookies: tuple[str, ...] = (),
    head: bytes | None = None,
) -> Response:
    """The response for an answer whose body came in ``pieces``, decompressed.

    What comes with a redirect is dropped: nobody reads it, and it need not decompress.

    :param headers: as :func:`scraper.fetch.headers.joined` gives them.
    :param head: the same as bytes, where the answer is wanted as it came.
    :raises FetchError: see :func:`scraper.fetch.decode.decode`.
    """
    received = watch.received_at = time.perf_counter()
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    pieces.clear()  # a large body is not kept twice while it unpacks
    wire = len(body)
    if wire > room.size:
        if not room.cut:
            raise FetchError(Reason.TOO_LARGE, "the body is over the limit of bytes to receive")
        body = body[: room.size]
    exchange = None if head is None else Exchange(head.removesuffix(b"\r"), body)
    if is_redirect(status, headers):
        body = b""
    elif "content-encoding" in headers:
        body = decode(body, headers["content-encoding"], room.size, cut=room.cut)
    timings = Timings(
        server_us=int((watch.headers_at - watch.began) * 1e6),
        body_us=int((received - watch.headers_at) * 1e6),
        parse_us=int((time.perf_counter() - received) * 1e6),
    )
    return Response(url, status, headers, body, timings, watch.at, wire, address, cookies, exchange)


def is_redirect(status: int, headers: dict[str, str]) -> bool:
    """Whether the answer only points elsewhere: not 304, nor 305, which names a proxy (RFC 9110, 15.4)."""
    return status in _REDIRECTS and "location" in headers


_REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
