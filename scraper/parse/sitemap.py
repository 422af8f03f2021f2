"""Reading sitemaps (sitemaps.org): XML, its index, RSS, Atom and plain lists, packed by gzip or not.

Whatever is large is read piece by piece, without a tree, and only as far as the protocol's limits go; what came before
the damage, or before a limit, counts. A document type with declarations is refused where it begins, so that there is no
entity that could grow or reach out, and nothing outside is ever loaded.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple
from xml.parsers import expat

from scraper.join import MAX_TOTAL
from scraper.model import Page, Response
from scraper.parse.encoding import UTF8, decode, encoding_name
from scraper.url import canonical

__all__ = ["MAX_ENTRIES", "MAX_LOCATION", "MAX_SIZE", "read"]

MAX_SIZE = 52_428_800
"""Bytes, unpacked (sitemaps.org)."""
MAX_ENTRIES = 50_000
MAX_LOCATION = 2_048
"""Characters of an entry's URL."""
_MAX_DATE = 40
_MAX_DEPTH = 100
"""Elements inside one another; in honest files there are five."""
_MAX_ELEMENTS = 2_000_000
"""With their attributes; an honest one takes 25 bytes at least, so that no more are in a file of the greatest size."""
_MAX_TOKEN = 1_000_000
"""Bytes of one tag or comment. Expat begins it anew with every piece: without a bound that is quadratic."""
_STEP = 256 * 1024
_MEMBERS = 1_000

_MARKS = (
    (b"\xef\xbb\xbf", UTF8, True),
    (b"\xfe\xff", "utf-16be", True),
    (b"\xff\xfe", "utf-16le", True),
    (b"\0<", "utf-16be", False),
    (b"<\0", "utf-16le", False),
)
"""How a file may begin, the encoding that this tells (XML 1.0, F.1), and whether it is a mark to take off."""
_DECLARED = re.compile(r"charset\s*+=\s*+[\"']?\s*+([\w.:-]{1,40})", re.ASCII | re.IGNORECASE)
_XML_DECLARED = re.compile(rb"\s*<\?xml\s[^>]{0,200}?\sencoding\s*=\s*[\"']([\w.:-]{1,40})")
_LINE = re.compile(rb"\S[^\r\n]*")
_DATE = re.compile(r"[ -~]+")


class _Form(NamedTuple):
    """Where in a document of one kind the entries stand.

    :ivar depth: that of an entry's element, the root having 1.
    :ivar location: the element in it that holds the URL; as text, or in ``href``.
    """

    kind: str
    entry: str
    depth: int
    location: str
    dates: tuple[str, ...]
    href: bool = False


_FORMS = {
    "urlset": _Form("urlset", "url", 2, "loc", ("lastmod",)),
    "sitemapindex": _Form("index", "sitemap", 2, "loc", ("lastmod",)),
    "rss": _Form("rss", "item", 3, "link", ("pubDate", "date")),
    "RDF": _Form("rss", "item", 2, "link", ("date",)),  # RSS 1.0
    "feed": _Form("atom", "entry", 2, "link", ("updated", "published"), href=True),
}
"""By the name of the root, whatever its namespace."""


class _StopError(Exception):
    """Reading ends here; the text says why."""


def read(response: Response) -> Page:
    """The entries of a sitemap as links, with ``kind``, ``lastmod`` and the number ``refused`` as data.

    The entries are those that the file names, whatever host they are on. ``error`` says what is wrong with the file,
    if something is.
    """
    entries = _Entries()
    charset = error = None
    try:
        pieces = _bounded(_unpacked(response.body))
        charset, pieces = _in_utf8(pieces, response.headers.get("content-type", ""))
        head = _head(pieces)
        if head.startswith(b"<"):
            _Reader(entries, response.url).read(head, pieces)
        else:
            _read_list(entries, head + b"".join(pieces))
    except _StopError as stop:
        error = str(stop)
    if entries.kind is None:
        return Page(charset=charset, error=error)
    data = {"kind": entries.kind, "lastmod": entries.dates or None, "refused": entries.refused}
    return Page(links=tuple(entries.urls), charset=charset, data=data, error=error)


class _Entries:
    """What was found so far."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self.urls: dict[str, None] = {}
        self.dates: dict[str, str] = {}
        self.refused = 0
        self._left = MAX_ENTRIES
        self._room = MAX_TOTAL

    def add(self, location: str, date: str = "", base: str | None = None) -> None:
        """One entry, as it stands in the file."""
        if not self._left:
            raise _StopError(f"more than {MAX_ENTRIES} entries")
        self._left -= 1
        url = canonical(location, base) if 0 < len(location) <= MAX_LOCATION else None
        if url is None:
            self.refused += 1
        elif url not in self.urls:
            self._room -= len(url)
            if self._room < 0:
                raise _StopError(f"more than {MAX_TOTAL} characters of URLs")
            self.urls[url] = None
            if _DATE.fullmatch(date := date[:_MAX_DATE]):
                self.dates[url] = date


class _Reader:
    """Takes the entries out of an XML document, told by expat what comes."""

    def __init__(self, entries: _Entries, url: str) -> None:
        self._entries = entries
        self._url = url
        self._form = _FORMS["urlset"]  # the root will say it
        self._wanted: set[str] = set()
        self._level = 2
        self._depth = 0
        self._left = _MAX_ELEMENTS
        self._inside = False
        self._field: str | None = None
        self._text: list[str] = []
        self._found: dict[str, str] = {}
        self._parser = expat.ParserCreate(UTF8)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, head: bytes, pieces: Iterator[bytes]) -> None:
        """Read the document that begins with ``head``.

        :raises _StopError: where reading ends early.
        """
        parser, size = self._parser, 0
        try:
            for piece in chain((head,), pieces):
                parser.Parse(piece, False)
                size += len(piece)
                if size - parser.CurrentByteIndex > _MAX_TOKEN:
                    raise _StopError(f"line {parser.CurrentLineNumber}: a tag of more than {_MAX_TOKEN} bytes")
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise _StopError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
        finally:
            parser.StartElementHandler = parser.EndElementHandler = None  # they are a cycle, with all that was found
            parser.StartDoctypeDeclHandler = parser.CharacterDataHandler = None

    def _doctype(self, name: str, system: str | None, public: str | None, declarations: bool) -> None:
        if declarations:
            raise _StopError("a document type with declarations, such as of entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth = depth = self._depth + 1
        self._left -= 1 + len(attributes)
        if depth == self._level + 1:
            if self._inside:
                self._enter(name.rpartition(":")[2] if ":" in name else name, attributes)
        elif depth == self._level:
            self._inside = name.rpartition(":")[2] == self._form.entry
        elif depth == 1:
            self._root(name.rpartition(":")[2])
        elif depth > _MAX_DEPTH:
            raise _StopError(f"more than {_MAX_DEPTH} elements inside one another")
        if self._left < 0:
            raise _StopError(f"more than {_MAX_ELEMENTS} elements and attributes")

    def _root(self, name: str) -> None:
        if name not in _FORMS:
            raise _StopError(f"no sitemap: its root is {name[:40]!a}")
        self._form = _FORMS[name]
        self._level = self._form.depth
        self._wanted = {self._form.location, *self._form.dates}
        self._entries.kind = self._form.kind

    def _enter(self, name: str, attributes: dict[str, str]) -> None:
        """An element right inside an entry; of several alike the first that says something counts."""
        if name not in self._wanted or name in self._found:
            return
        if not self._form.href or name != self._form.location:
            self._field = name
            self._parser.CharacterDataHandler = self._hear
        elif attributes.get("rel", "alternate") == "alternate" and "href" in attributes:
            self._found[name] = attributes["href"].strip()

    def _hear(self, text: str) -> None:
        if len(self._text) <= MAX_LOCATION:  # each has a character at least
            self._text.append(text)

    def _end(self, name: str) -> None:
        depth, self._depth = self._depth, self._depth - 1
        if depth == self._level + 1:
            if self._field is not None:
                self._leave(self._field)
        elif depth == self._level and self._inside:
            self._inside = False
            found, self._found = self._found, {}
            form = self._form
            date = next((found[name] for name in form.dates if name in found), "")
            self._entries.add(found.get(form.location, ""), date, self._url if form.href else None)

    def _leave(self, field: str) -> None:
        self._parser.CharacterDataHandler = None
        self._field = None
        if text := "".join(self._text).strip():
            self._found[field] = text
        self._text.clear()


def _read_list(entries: _Entries, text: bytes) -> None:
    """A URL a line (sitemaps.org, "Text file")."""
    for line in _LINE.finditer(text):
        entries.kind = "text"
        entries.add(line[0][: 4 * MAX_LOCATION + 1].decode(UTF8, "replace").strip())
    if not entries.urls:
        entries.kind = None
        raise _StopError("no sitemap: neither XML nor a list of URLs" if text else "no sitemap: it is empty")


def _unpacked(body: bytes) -> Iterator[bytes]:
    """``body`` in pieces, unpacked if it is gzip, as its first bytes tell: the name and the type often do not."""
    if not body.startswith(b"\x1f\x8b"):
        yield from (body[at : at + _STEP] for at in range(0, len(body), _STEP))
        return
    try:
        yield from _gunzip(body)
    except zlib.error as error:
        raise _StopError(f"damaged gzip: {error}") from error


def _gunzip(body: bytes) -> Iterator[bytes]:
    """Members one after the other (RFC 1952, 2.2); what else follows the first is left alone, as gzip(1) does."""
    at = members = 0
    while body.startswith(b"\x1f\x8b", at) and members < _MEMBERS:
        members += 1
        stream = zlib.decompressobj(31)
        while not stream.eof:
            if at >= len(body):
                raise _StopError("the gzip stream was cut")
            data = body[at : at + _STEP]
            at += len(data)
            while data and not stream.eof:
                yield stream.decompress(data, _STEP)
                data = stream.unconsumed_tail
        at -= len(stream.unused_data)


def _bounded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        yield piece[: MAX_SIZE - size]
        size += len(piece)
        if size > MAX_SIZE:
            raise _StopError(f"more than {MAX_SIZE} bytes")


def _in_utf8(pieces: Iterator[bytes], content_type: str) -> tuple[str, Iterator[bytes]]:
    """The name of the encoding, and the pieces in UTF-8 without a byte order mark.

    The mark decides, then the header, then the XML declaration (RFC 7303, 3).
    """
    head = next(pieces, b"")
    marked = next(((name, len(mark) * cut) for mark, name, cut in _MARKS if head.startswith(mark)), None)
    name, length = marked or (_declared(head, content_type) or UTF8, 0)
    pieces = chain((head[length:],), pieces)
    if name == UTF8:
        return name, pieces
    text = decode(b"".join(pieces), name)  # in UTF-8 it may be three times as long: not all at once
    return name, (text[at : at + _STEP].encode(UTF8, "replace") for at in range(0, len(text), _STEP))


def _declared(head: bytes, content_type: str) -> str | None:
    if (found := _DECLARED.search(content_type)) and (name := encoding_name(found[1])):
        return name
    declared = _XML_DECLARED.match(head[:500])
    return encoding_name(declared[1].decode("ascii")) if declared else None


def _head(pieces: Iterator[bytes]) -> bytes:
    """The first piece that is not white space only, from where it begins; XML must begin at once."""
    return next((stripped for piece in pieces if (stripped := piece.lstrip())), b"")
