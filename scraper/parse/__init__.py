"""Bodies become pages: title, links and the user's data, by one parser that every backend shares.

:func:`make_parser` puts it together out of an encoding sniffer, one of three HTML engines, the URL joiner and, where
there is one, the user's function. A page is parsed once.
"""

from __future__ import annotations

from collections.abc import Callable

import turbohtml

from scraper.model import Page, Response
from scraper.parse.document import Document, Element
from scraper.parse.encoding import UTF8, WINDOWS, clip, decode, sniff
from scraper.parse.engines import Findings, engine
from scraper.parse.function import call, load_function
from scraper.parse.turbo import light_tree
from scraper.settings import Limits, Parsing
from scraper.url import canonical, join_all

__all__ = ["Document", "Element", "load_function", "make_parser"]

_TITLE_LENGTH = 500


def make_parser(parsing: Parsing, limits: Limits) -> Callable[[Response], Page]:
    """The function from HTML answers to pages that ``parsing`` asks for; one thread at a time may call it.

    It never raises on what a page holds. Of a body longer than ``limits.parsed`` the rest is not looked at.

    :raises ConfigError: for an unknown engine, or a user's function that is not there.
    """
    read = engine(parsing.parser)
    function = load_function(parsing.function) if parsing.function else None

    def parse(response: Response) -> Page:
        charset, markup = _markup(response, limits.parsed)
        findings = read(markup)
        title, links = _title(findings.title), _links(response.url, findings)
        if function is None:
            return Page(title, links, charset)
        data, error = call(function, _document(response, charset, title, links, markup, findings))
        return Page(title, links, charset, data, error)

    return parse


def _markup(response: Response, size: int) -> tuple[str, bytes | str]:
    """The name of the encoding, and what the engine gets: the bytes where they are UTF-8, which saves decoding.

    ASCII is UTF-8, whatever it is called.
    """
    body = clip(response.body, size)
    charset, mark = sniff(body, response.headers.get("content-type", ""))
    body = body[mark:]
    same = charset == UTF8 or (charset == WINDOWS and body.isascii())
    return charset, body if same else decode(body, charset)


def _title(text: str | None) -> str | None:
    """The title on one line, without edges; None where there is nothing to read."""
    return (" ".join(text.split())[:_TITLE_LENGTH].rstrip() or None) if text else None


def _links(url: str, findings: Findings) -> tuple[str, ...]:
    """The targets. A base that is no http(s) URL is as good as none."""
    base = canonical(findings.base, url) if findings.base is not None else None
    return join_all(base or url, findings.hrefs)


def _document(
    response: Response, charset: str, title: str | None, links: tuple[str, ...], markup: bytes | str, findings: Findings
) -> Document:
    def text() -> str:
        return decode(markup, charset) if isinstance(markup, bytes) else markup

    def document() -> turbohtml.Document:
        shared = findings.tree
        return shared if isinstance(shared, turbohtml.Document) else light_tree(markup)

    return Document(response, charset, title, links, text, document)
