"""How a replay tells of fetches that failed when they were recorded.

A recorded answer is given again as it came. Where none came, the local server gives one whose whole head is of our own
making, and which becomes the recorded failure again. Only where the way to the servers is a replay is it believed. A
recorded server that had said the very same, byte for byte, is made to say it a little differently: :func:`disarmed`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from scraper.fetch.errors import FetchError
from scraper.fetch.reasons import detail
from scraper.model import Reason

__all__ = ["answer_for", "check_replayed", "disarmed"]

_OPENING = b"HTTP/1.1 599 Not Answered\r\n"
_MESSAGE = b"%bX-Replay-Failed: %b %b\r\nContent-Length: 0\r\n\r\n"
_HEAD = re.compile(rb"HTTP/1\.1 599 Not Answered\r\nX-Replay-Failed: ([a-z-]+) ([!-~]*)\r\nContent-Length: 0\r?")
_LONGEST = 4_096
_NAMES = {reason.value.encode(): reason for reason in Reason}


def answer_for(reason: Reason, text: str) -> bytes:
    """The whole message by which a replay says that a fetch failed for ``reason``, with ``text`` for a person."""
    told = quote(text, errors="replace")[:_LONGEST]
    return _MESSAGE % (_OPENING, reason.value.encode(), told.encode())


def check_replayed(head: bytes) -> None:
    """Fail as the recorded fetch did, if it did.

    :param head: what a replay answered, without the empty line.
    :raises FetchError: of the recorded reason.
    """
    told = _HEAD.fullmatch(head) if head.startswith(_OPENING) else None
    if told is None:
        return
    text = detail(unquote(told[2].decode(), errors="replace"))
    if told[1] not in _NAMES:
        raise FetchError(Reason.INTERNAL, f"the replay names no reason: {text}")
    raise FetchError(_NAMES[told[1]], text)


def disarmed(head: bytes) -> bytes:
    """A recorded head that cannot be taken for ours; nearly always the same."""
    return head.replace(b"Not Answered", b"Not answered", 1) if head.startswith(_OPENING) else head
