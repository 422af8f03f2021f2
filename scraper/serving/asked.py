"""The head of a request, as far as a local server needs it (RFC 9112, 2 to 3.2)."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["MOST", "Asked", "read"]

MOST = 65_536
"""Bytes that a head may take."""

_LINE = re.compile(rb"(?:\r\n)*([A-Z]+) ([^ \r\n]+) HTTP/1\.([01])(?=\r\n|\Z)")
_HOST = re.compile(rb"\r\nhost:[ \t]*([^ \t\r\n]+)", re.IGNORECASE)
_BODY = re.compile(rb"\r\ntransfer-encoding:|\r\ncontent-length:[ \t]*0*[1-9]")
_CONNECTION = re.compile(rb"\r\nconnection:([^\r\n]*)")
_SCHEMES = (b"http://", b"https://")


class Asked(NamedTuple):
    """What is asked for.

    :ivar url: absolute, as it was written.
    :ivar bare: whether the answer goes without its body: the method is HEAD.
    :ivar last: whether the connection ends with the answer.
    """

    url: str
    bare: bool
    last: bool


def read(head: bytes) -> Asked | int:
    """The request whose head is ``head``, without its empty line; otherwise the status that says what is wrong."""
    line = _LINE.match(head)
    if line is None:
        return 400
    method, target, minor = line.groups()
    if method not in (b"GET", b"HEAD"):
        return 405
    lower = head.lower()
    if b"\r\ntransfer-encoding:" in lower or (b"\r\ncontent-length:" in lower and _BODY.search(lower)):
        return 413  # what follows would be taken for the next request
    url = _url(target, head)
    if url is None:
        return 400
    return Asked(url.decode("latin-1"), method == b"HEAD", _is_last(lower, minor))


def _is_last(lower: bytes, minor: bytes) -> bool:
    """Whether the connection ends with this one (RFC 9112, 9.3)."""
    connection = _CONNECTION.search(lower) if b"\r\nconnection:" in lower else None
    said = connection[1] if connection else b""
    return b"close" in said or (minor == b"0" and b"keep-alive" not in said)


def _url(target: bytes, head: bytes) -> bytes | None:
    """In origin form the host is named by its header, in absolute form by the target itself (RFC 9112, 3.2.2)."""
    if target.startswith(b"/"):
        host = _HOST.search(head)
        return b"http://" + host[1] + target if host else None
    if not target.lower().startswith(_SCHEMES):
        return None
    return target if target.count(b"/") > 2 else target + b"/"
