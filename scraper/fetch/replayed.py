"""How a replay tells of fetches that failed when they were recorded.

A recorded answer is given again as it came. Where none came, the local server's answer has one header of ours instead,
which becomes the recorded failure again. Only where the way to the servers is a replay is it believed, and what a
recorded server may have sent under that name is taken out of its way: see :func:`disarmed`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from scraper.fetch.errors import FetchError
from scraper.fetch.reasons import detail
from scraper.model import Reason

__all__ = ["answer_for", "check_replayed", "disarmed"]

_HEADER = "x-replay-failed"
_MESSAGE = "HTTP/1.1 599 Not Answered\r\nX-Replay-Failed: {}\r\nContent-Length: 0\r\n\r\n"
_LONGEST = 4_096
_FOREIGN = re.compile(rb"^(?=x-replay-failed:)", re.IGNORECASE | re.MULTILINE)
_NAMES = {reason.value: reason for reason in Reason}


def answer_for(reason: Reason, text: str) -> bytes:
    """The whole message by which a replay says that a fetch failed for ``reason``, with ``text`` for a person."""
    return _MESSAGE.format(f"{reason.value} {quote(text, errors='replace')[:_LONGEST]}").encode()


def check_replayed(headers: dict[str, str]) -> None:
    """Fail as the recorded fetch did, if it did.

    :param headers: what a replay answered, under lower-case names.
    :raises FetchError: of the recorded reason.
    """
    told = headers.get(_HEADER)
    if told is None:
        return
    name, _, text = told.partition(" ")
    if name not in _NAMES:
        raise FetchError(Reason.INTERNAL, f"the replay names no reason: {detail(name)}")
    raise FetchError(_NAMES[name], detail(unquote(text[:_LONGEST], errors="replace")))


def disarmed(head: bytes) -> bytes:
    """A recorded head in which nothing looks like our own header."""
    return _FOREIGN.sub(b"X-", head) if _HEADER.encode() in head.lower() else head
