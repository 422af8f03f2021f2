"""Bodies become pages: title, links and the user's data, by one parser that every backend shares.

:func:`make_parser` puts it together out of an encoding sniffer, one of three HTML engines, the URL joiner and, where
there is one, the user's function. A page is parsed once.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import turbohtml

from scraper.model import LINK_KINDS, Kind, Page, Response
from scraper.parse.absent import says_nothing_is_here
from scraper.parse.directives import directives
from scraper.parse.document import Document, Element
from scraper.parse.encoding import UTF8, WINDOWS, clip, decode, sniff
from scraper.parse.engines import Findings, engine
from scraper.parse.function import call, load_function
from scraper.parse.gather import tags_for
from scraper.parse.links import Linker
from scraper.parse.robots import product_token
from scraper.parse.robots import read as read_robots
from scraper.parse.simhash import simhash
from scraper.parse.sitemap import read as read_sitemap
from scraper.parse.turbo import light_tree
from scraper.settings import Settings
from scraper.url import stripper

__all__ = ["Document", "Element", "Parser", "load_function", "make_parser"]

_TITLE_LENGTH = 500


def make_parser(settings: Settings) -> Parser:
    """The parser that ``settings`` ask for.

    :raises ConfigError: for an unknown engine, or a user's function that is not there.
    """
    return Parser(settings)


class Parser:
    """The function from answers to pages; one thread at a time may call it. It never raises on what a page holds.

    Of a body longer than ``limits.parsed`` the rest is not looked at.

    :ivar clean: what every URL passes through that leads to a page; None where nothing is taken out of URLs.
    """

    def __init__(self, settings: Settings) -> None:
        parsing, traps, discovery = settings.parsing, settings.traps, settings.discovery
        self.clean = stripper(discovery.strip, traps.sessions)
        self._read = engine(parsing.parser, tags_for(LINK_KINDS if discovery.all_links else discovery.follow))
        self._function = load_function(parsing.function) if parsing.function else None
        self._link = Linker(discovery, self.clean)
        self._agent = product_token(settings.identity.user_agent)
        self._size = settings.limits.parsed
        self._nofollow, self._soft_404 = discovery.nofollow, traps.soft_404
        self._near = traps.near is not None

    def __call__(self, response: Response, kind: Kind = Kind.PAGE) -> Page:
        """The page in an HTML answer; by its kind what is in a robots file or a sitemap, the latter in any thread."""
        if kind is Kind.PAGE:
            return self._page(response)
        return read_robots(response, self._agent) if kind is Kind.ROBOTS else read_sitemap(response)

    def _page(self, response: Response) -> Page:
        charset, markup = _markup(response, self._size)
        findings = self._read(markup)
        title = _title(findings.title)
        links, kinds, others, own = self._link(response.url, response.headers, findings)
        said = directives(findings.metas, response.headers.get("x-robots-tag"), self._agent)
        cut = self._cut(response.status, title, said)
        tree = _tree(markup, findings)
        near = simhash(tree()) if self._near else None
        page = Page(title, links, charset, None, None, kinds, others, own, ",".join(said) or None, cut, near)
        if self._function is None:
            return page
        data, error = call(self._function, Document(response, page, _text(markup, charset), tree))
        return msgspec.structs.replace(page, data=data, error=error)

    def _cut(self, status: int, title: str | None, said: tuple[str, ...]) -> str | None:
        """Why no link of the page is followed: it asks for that, or is none."""
        if self._nofollow and "nofollow" in said:
            return "nofollow"
        if self._soft_404 and status == 200 and title and says_nothing_is_here(title):
            return "soft-404"
        return None


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


def _text(markup: bytes | str, charset: str) -> Callable[[], str]:
    return lambda: decode(markup, charset) if isinstance(markup, bytes) else markup


def _tree(markup: bytes | str, findings: Findings) -> Callable[[], turbohtml.Document]:
    """The tree of the default engine, whichever found the links; its own if it was that."""

    def tree() -> turbohtml.Document:
        shared = findings.tree
        return shared if isinstance(shared, turbohtml.Document) else light_tree(markup)

    return tree
