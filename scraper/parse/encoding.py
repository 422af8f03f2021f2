"""Which encoding a page is in, and its text: the WHATWG rules, for bytes that a stranger chose.

The order is that of the HTML standard (13.2.3.2): byte order mark, the charset of the Content-Type, a ``<meta>`` in the
first 1,024 bytes; where nothing is said, UTF-8 if the bytes are, else windows-1252. A charset counts only if it is a
label of the WHATWG encoding standard, and is decoded as that standard has it (``latin1`` is windows-1252). Python's
own codecs must not be asked: ``bytes.decode`` knows words like ``punycode`` (quadratic), ``undefined`` (always
raises) and ``base64``.
"""

from __future__ import annotations

import re
from functools import lru_cache

import turbohtml
import turbohtml.detect  # registers the whatwg-* codecs

__all__ = ["UTF8", "clip", "decode", "encoding_name", "sniff"]

UTF8 = "utf-8"
_FALLBACK = "windows-1252"
_PRESCAN = 1024
_MARKS = ((b"\xef\xbb\xbf", UTF8), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))

_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?\s*+([^\s\"';]+)", re.IGNORECASE)
"""Possessive, so that a row of spaces is not tried at every length."""
_TAG = re.compile(rb"</?[A-Za-z][^\t\n\f\r />]*")
_META = re.compile(rb"<meta[\t\n\f\r /]", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"[\t\n\f\r /]*([^\t\n\f\r />][^\t\n\f\r />=]*)"
    rb"(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r >\"'][^\t\n\f\r >]*)))?"
)


def sniff(body: bytes, content_type: str) -> tuple[str, int]:
    """The WHATWG name, in lower case, of the encoding of ``body``, and the length of its byte order mark."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name, len(mark)
    return _declared(content_type) or _prescan(body[:_PRESCAN]) or _guess(body), 0


def decode(body: bytes, name: str) -> str:
    """The text of ``body``, which has no byte order mark; what is malformed becomes U+FFFD.

    :param name: as :func:`sniff` gives it.
    """
    if name == UTF8:
        return body.decode("utf-8", "replace")
    return body.decode(f"whatwg-{name}")


@lru_cache(maxsize=256)
def encoding_name(label: str) -> str | None:
    """The WHATWG name, in lower case, of an encoding label; None if it is no label of the standard.

    >>> encoding_name("Latin1")
    'windows-1252'
    """
    try:
        name = turbohtml.parse(b"", encoding=label).encoding
    except (LookupError, ValueError):
        return None
    return name.lower() if name else None


def clip(body: bytes, size: int) -> bytes:
    """The first ``size`` bytes of ``body``, a little less where that would cut a UTF-8 character in two."""
    if len(body) <= size:
        return body
    end = size
    while end > max(0, size - 3) and body[end] & 0xC0 == 0x80:
        end -= 1
    return body[:end]


def _declared(content_type: str) -> str | None:
    """The encoding that a Content-Type names, if it names a known one."""
    found = _CHARSET.search(content_type)
    return encoding_name(found[1][:40]) if found else None


def _guess(body: bytes) -> str:
    try:
        body.decode(UTF8)
    except UnicodeDecodeError:
        return _FALLBACK
    return UTF8


def _prescan(head: bytes) -> str | None:
    """The encoding that a ``<meta>`` in ``head`` declares (HTML standard, 13.2.3.3)."""
    at = head.find(b"<")
    while at >= 0:
        if head.startswith(b"<!--", at):
            end = head.find(b"-->", at + 2)
            at = end + 3 if end >= 0 else len(head)
        elif tag := _TAG.match(head, at):
            attributes, at = _attributes(head, tag.end())
            if _META.match(head, tag.start()) and (name := _from_meta(attributes)):
                return name
        elif head[at + 1 : at + 2] in (b"!", b"/", b"?"):
            end = head.find(b">", at)
            at = end if end >= 0 else len(head)
        else:
            at += 1
        at = head.find(b"<", at)
    return None


def _attributes(head: bytes, at: int) -> tuple[dict[str, str], int]:
    """The attributes of the tag whose name ends at ``at``, and where they end; of equal names the first counts."""
    found: dict[str, str] = {}
    while match := _ATTRIBUTE.match(head, at):
        value = match[2] or match[3] or match[4] or b""
        found.setdefault(match[1].decode("latin-1").lower(), value.decode("latin-1"))
        at = match.end()
    return found, at


def _from_meta(attributes: dict[str, str]) -> str | None:
    """The encoding that the attributes of a ``<meta>`` declare."""
    if "charset" in attributes:
        name = encoding_name(attributes["charset"][:40])
    elif attributes.get("http-equiv", "").lower() == "content-type":
        name = _declared(attributes.get("content", ""))
    else:
        return None
    if name in ("utf-16le", "utf-16be"):
        return UTF8  # a <meta> that could be read as ASCII is not in UTF-16
    return _FALLBACK if name == "x-user-defined" else name
