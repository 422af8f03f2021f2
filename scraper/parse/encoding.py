"""Which encoding a page is in, and its text: the WHATWG rules, for bytes that a stranger chose.

The order is that of the HTML standard (13.2.3.2): byte order mark, the charset of the Content-Type, a ``<meta>`` or an
XML declaration in the first 1,024 bytes. Where nothing is said there: UTF-8 if the bytes are; a ``<meta>`` that comes
later, as a parser would meet it; what the bytes look like, if that is clear; else windows-1252, which is also what
plain ASCII is called. A charset counts only if it is a label of the WHATWG encoding standard, and is decoded as that
standard has it (``latin1`` is windows-1252). Python's own codecs must not be asked: ``bytes.decode`` knows words like
``punycode`` (quadratic), ``undefined`` (always raises) and ``base64``.
"""

from __future__ import annotations

import re
from functools import lru_cache

import turbohtml
import turbohtml.detect  # registers the whatwg-* codecs

__all__ = ["UTF8", "WINDOWS", "clip", "decode", "encoding_name", "sniff"]

UTF8 = "utf-8"
WINDOWS = "windows-1252"
"""What stands for no encoding at all."""
_MARKS = ((b"\xef\xbb\xbf", UTF8), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_XML16 = ((b"<\0?\0x\0", "utf-16le"), (b"\0<\0?\0x", "utf-16be"))

_PRESCAN = 1024
_LATE = 65_536
"""Bytes in which a late ``<meta>`` is looked for: some 30 ms where there is nothing but tags."""
_SAMPLE = 4_096
"""Bytes from the first that is not ASCII on that detection looks at: half a millisecond at most."""
_CLEAR = 0.25
"""The share of all candidates' scores that makes a guess clear; of short texts in East Asia the best have that."""

_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?\s*+([^\s\"';]+)", re.IGNORECASE)
"""In a Content-Type. Possessive, so that a row of spaces is not tried at every length."""
_CONTENT = re.compile(
    r"charset[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*)\"|'([^']*)'|[\"']|([^\t\n\f\r ;]+))", re.IGNORECASE
)
"""In the ``content`` of a ``<meta>``: the algorithm for extracting a character encoding; a quote left open is none."""
_XML = re.compile(rb"<\?xml(?:(?!encoding)[^>])*+encoding[\0-\x20]*+=[\0-\x20]*+([\"'])([^\0-\x20\"'>]++)\1")
_TAG = re.compile(rb"</?[A-Za-z][^\t\n\f\r >]*")
_META = re.compile(rb"<meta(?=[\t\n\f\r /])", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*+)(?:\"|\Z)|'([^']*+)(?:'|\Z)|([^\t\n\f\r >\"'][^\t\n\f\r >]*+)?))?"
)
_BETWEEN = re.compile(rb"[\t\n\f\r /]*+")
_NOT_ASCII = re.compile(rb"[\x80-\xff\x1b]")


def sniff(body: bytes, content_type: str) -> tuple[str, int]:
    """The WHATWG name, in lower case, of the encoding of ``body``, and the length of its byte order mark.

    >>> sniff(b"<meta charset=latin1>", "text/html")
    ('windows-1252', 0)
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name, len(mark)
    return _declared(content_type) or _prescan(body[:_PRESCAN]) or _undeclared(body), 0


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


def _undeclared(body: bytes) -> str:
    """The encoding of what says nothing at its beginning. Characters of several bytes are UTF-8 or damaged."""
    plain = body.isascii()
    if not plain and _is_utf8(body):
        return UTF8
    late = _prescan(body[:_LATE]) if _speaks_later(body) else None
    if late or (plain and b"\x1b" not in body):
        return late or WINDOWS
    return _looks_like(body)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode(UTF8)
    except UnicodeDecodeError:
        return False
    return True


def _speaks_later(body: bytes) -> bool:
    return any(body.find(word, _PRESCAN, _LATE) >= 0 for word in (b"charset", b"CHARSET", b"Charset"))


def _looks_like(body: bytes) -> str:
    """The encoding by the frequencies of letters, where that is clear. ISO-2022-JP is ASCII with escapes."""
    first = _NOT_ASCII.search(body)
    start = max(0, first.start() - 1) if first else 0  # so that nothing looks like a byte order mark
    sample = body[start : start + _SAMPLE]
    if len(sample) == _SAMPLE:  # where no character of two bytes can be cut in two
        sample = sample[: max(map(sample.rfind, (b"\n", b" ", b"<")))] or sample
    match = turbohtml.detect.detect(sample)
    return match.encoding.lower() if match.encoding and match.confidence >= _CLEAR else WINDOWS


def _prescan(head: bytes) -> str | None:
    """The encoding that a ``<meta>`` in ``head``, or else an XML declaration, declares (HTML standard, 13.2.3.3)."""
    for start, name in _XML16:
        if head.startswith(start):
            return name
    return _prescan_metas(head) or _from_xml(head)


def _prescan_metas(head: bytes) -> str | None:
    """A tag that does not end in ``head`` ends the search, whatever it says."""
    at = head.find(b"<")
    while at >= 0:
        if head.startswith(b"<!--", at):
            end = head.find(b"-->", at + 2)
            at = end + 3 if end >= 0 else len(head)
        elif tag := _META.match(head, at) or _TAG.match(head, at):
            attributes, at = _attributes(head, tag.end())
            if at >= len(head):
                return None
            if tag.re is _META and (name := _from_meta(attributes)):
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
    between = _BETWEEN.match(head, at)
    return found, between.end() if between else at


def _from_meta(attributes: dict[str, str]) -> str | None:
    """The encoding that the attributes of a ``<meta>`` declare."""
    if "charset" in attributes:
        label = attributes["charset"]
    elif attributes.get("http-equiv", "").lower() == "content-type":
        found = _CONTENT.search(attributes.get("content", ""))
        label = found[1] or found[2] or found[3] or "" if found else ""
    else:
        return None
    return _of_ascii(encoding_name(label[:40]))


def _from_xml(head: bytes) -> str | None:
    """The encoding that an XML declaration at the very beginning names (HTML standard, "get an XML encoding")."""
    found = _XML.match(head)
    return _of_ascii(encoding_name(found[2][:40].decode("latin-1"))) if found else None


def _of_ascii(name: str | None) -> str | None:
    """What could be read as ASCII is not in UTF-16."""
    if name in ("utf-16le", "utf-16be"):
        return UTF8
    return WINDOWS if name == "x-user-defined" else name
