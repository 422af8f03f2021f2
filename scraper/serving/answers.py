"""What a local server says: a source gives an answer for a URL, with the time that it takes."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

__all__ = ["Answer", "Prepared", "Source", "message"]


class Answer(NamedTuple):
    """One answer, ready to be sent.

    :ivar payload: the whole message: status line, headers, empty line, body.
    :ivar delay: seconds from the arrival of the request to the first byte.
    :ivar head: how many bytes are sent then; 0 sends all at once.
    :ivar rest: seconds from there to what follows.
    :ivar last: whether the connection ends with it, as it must where only that says where a body ends.
    """

    payload: bytes
    delay: float = 0.0
    head: int = 0
    rest: float = 0.0
    last: bool = False


class Source(Protocol):
    """Where answers come from. It crosses to the server's process by pickle, and is used there alone."""

    def hosts(self) -> list[str]:
        """The loopback addresses to listen on."""
        ...

    def answer(self, url: str, turn: int) -> Answer | None:
        """The answer for an absolute ``url`` as it was asked for; None for what is not there.

        :param turn: how often it was asked for before, since the figures were last reset.
        """
        ...


@runtime_checkable
class Prepared(Source, Protocol):
    """A source that makes its answers before the first request, so that none costs more than another."""

    def prepare(self, port: int) -> None:
        """Called once, in the server's process, when it is known where it listens."""
        ...


def message(media_type: str, body: bytes) -> bytes:
    """An answer with status 200."""
    return f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
