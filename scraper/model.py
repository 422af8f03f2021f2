"""The values that travel between core, workers and store.

A :class:`Request` goes to a worker; exactly one outcome comes back: :class:`Fetched`, :class:`Failed` or
:class:`Refused`. Expected trouble is a :class:`Reason` in an outcome, never an exception. All values are frozen,
picklable, and cross process borders as msgpack arrays. Read outcomes with ``match``::

    match outcome:
        case Fetched(status=200, page=Page() as page):
            print(page.title)
        case Failed(reason=reason) | Refused(reason=reason):
            print(reason.value)
"""

from __future__ import annotations

import enum
from typing import Any, TypeAlias

import msgspec

from scraper.evidence import Certificate, Evidence, Exchange, Probe, Span

__all__ = [
    "LINK_KINDS",
    "Certificate",
    "Entry",
    "Evidence",
    "Exchange",
    "Failed",
    "Fetched",
    "Kind",
    "Outcome",
    "Page",
    "Probe",
    "Reason",
    "Refused",
    "Request",
    "Response",
    "Shallower",
    "Span",
    "Timings",
]


class Kind(enum.Enum):
    """What a request is for; robots files and sitemaps travel the same road as pages."""

    PAGE = "page"
    ROBOTS = "robots"
    SITEMAP = "sitemap"


class Reason(enum.Enum):
    """Why there is no page. The values are the words of the records and of the final table."""

    TIMEOUT = "timeout"
    """No answer, or not a whole one, within the connect, read or total time."""
    DNS = "dns"
    """The host's name does not resolve."""
    CONNECT = "connect"
    """No connection: refused, unreachable."""
    RESET = "reset"
    """The server closed or reset the connection before the answer was whole."""
    TLS = "tls"
    """No trusted connection: certificate or handshake."""
    PROTOCOL = "protocol"
    """The answer is not HTTP as RFC 9112 has it: status line, headers or framing."""
    PROXY = "proxy"
    """The proxy refused or cannot be reached."""
    TOO_LARGE = "too-large"
    """Headers or body, before or after decompression, are over the limit."""
    ENCODING = "encoding"
    """The body does not decompress: unknown coding, damaged or cut stream."""
    PARSE = "parse"
    """The page came whole and could not be parsed. That the user's function failed is a page's ``error`` instead."""
    LOST = "lost"
    """The worker died with the request in its hands."""
    REDIRECTS = "redirects"
    """A chain of redirects longer than the limit."""
    SCOPE = "scope"
    """A seed that the scope does not admit; of a replay, what was not recorded: that is all the web there is."""
    URL = "url"
    """A URL that no client can ask for."""
    ROBOTS = "robots"
    """robots.txt forbids it, or cannot be had (RFC 9309, 2.3.1.4)."""
    CRAWL_DELAY = "crawl-delay"
    """robots.txt asks for longer pauses than we are ready to make."""
    GIVEN_UP = "given-up"
    """The host failed too often in a row; what waited for it was let go."""
    TRAP = "trap"
    """The URL looks like one of an endless row; the detail names the rule."""
    PRIVATE_ADDRESS = "private-address"
    """The host's address is not a public one."""
    INTERNAL = "internal"
    """A bug of ours, kept to one page; the detail says what to report."""

    @property
    def transient(self) -> bool:
        """Whether trying again later can help."""
        return self in _TRANSIENT


_TRANSIENT = frozenset({Reason.TIMEOUT, Reason.DNS, Reason.CONNECT, Reason.RESET, Reason.PROXY, Reason.LOST})


class Request(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One URL to fetch. ``url`` is canonical (see :mod:`scraper.url`), which makes it the identity of the page.

    :ivar depth: links from the nearest seed, as far as known when the request was made; a redirect adds nothing.
    :ivar via: the URL whose link or redirect led here; None for a seed.
    :ivar attempt: 1 for the first try.
    :ivar redirects: redirects followed in a row to get here.
    :ivar delay: seconds that pass at least between two starts on its host, as the core keeps them; a worker that is
        late keeps them too.
    :ivar cookie: the value of its Cookie header; never recorded.
    :ivar probe: what a check wants to know besides; None in a crawl.
    :ivar wants: what a recording or a comparison wants besides: :data:`scraper.evidence.EXCHANGE`,
        :data:`scraper.evidence.SPAN`, both added up, or nothing.
    """

    url: str
    depth: int = 0
    via: str | None = None
    kind: Kind = Kind.PAGE
    attempt: int = 1
    redirects: int = 0
    delay: float = 0.0
    cookie: str | None = None
    probe: Probe | None = None
    wants: int = 0

    def __repr__(self) -> str:
        return _without(self, "cookie")


def _without(value: msgspec.Struct, secret: str) -> str:
    """What ``repr`` shows of ``value``: all but the field ``secret``, which may hold a login."""
    fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
    shown = (f"{name}={'***' if name == secret and field else repr(field)}" for name, field in fields)
    return f"{type(value).__name__}({', '.join(shown)})"


class Timings(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where the time of one fetch went, in microseconds; our own waiting apart from the server's.

    :ivar waited_us: from submission until the worker began: queues and semaphores, ours.
    :ivar server_us: from the start of the fetch (connecting included) until the headers were there.
    :ivar body_us: from the headers until the body was complete.
    :ivar parse_us: decompressing, parsing and the user's function.
    """

    waited_us: int = 0
    server_us: int = 0
    body_us: int = 0
    parse_us: int = 0


class Response(msgspec.Struct, frozen=True):
    """What a fetcher hands to the parser, on the worker's side only.

    :ivar headers: lower-case names; of a repeated header the values are joined with ``", "`` (RFC 9110, 5.3).
    :ivar body: whole and decompressed; ``wire`` is the number of bytes that were received for it.
    :ivar at: when the fetch began, in seconds since the epoch.
    :ivar address: the IP address that was connected to; None behind a proxy.
    :ivar cookies: the values of ``Set-Cookie``, each by itself: they cannot be joined (RFC 6265, 3).
    :ivar exchange: the answer as it came, where it was wanted.
    """

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    timings: Timings = Timings()
    at: float = 0.0
    wire: int = 0
    address: str | None = None
    cookies: tuple[str, ...] = ()
    exchange: Exchange | None = None


class Page(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the parser made of a body: of a page, and of a robots file or a sitemap likewise.

    :ivar links: absolute and canonical, each once: those of the kinds that are followed, and not marked nofollow. They
        come kind by kind, as :data:`LINK_KINDS` has them, each kind in the order of the document. Of a robots file its
        sitemaps, of a sitemap its entries.
    :ivar charset: the name of the encoding that the text was decoded with.
    :ivar data: what the user's ``parse`` function returned: anything that JSON can hold. Of a robots file the rules
        that hold for us, of a sitemap the dates of its entries.
    :ivar error: why the user's function gave nothing; the links stand all the same.
    :ivar kinds: a letter for each link (see :data:`LINK_KINDS`); empty where all are ``a``.
    :ivar others: the links that are not followed, as (kind, URL); ``nofollow`` is a kind too. The others are asked for
        by :attr:`scraper.settings.Discovery.all_links`.
    :ivar canonical: what the page calls its own URL (RFC 6596).
    :ivar robots: what ``meta robots`` and ``X-Robots-Tag`` say to us, in lower case, joined with commas.
    :ivar cut: why none of the links is followed: ``nofollow``, ``soft-404``, ``duplicate``.
    :ivar simhash: 64 bits that differ in few places between pages that differ little; made on demand.
    """

    title: str | None = None
    links: tuple[str, ...] = ()
    charset: str | None = None
    data: Any = None
    error: str | None = None
    kinds: str = ""
    others: tuple[tuple[str, str], ...] = ()
    canonical: str | None = None
    robots: str | None = None
    cut: str | None = None
    simhash: int | None = None


LINK_KINDS = {
    "a": "a",
    "area": "m",
    "frame": "f",
    "refresh": "r",
    "header": "h",
    "form": "o",
    "link": "l",
    "img": "i",
    "script": "s",
}
"""The kinds of links, each with its letter: ``<a>`` and ``<area>``, frames (``<iframe>`` too), ``<meta>`` refresh and
the ``Refresh`` header, the ``Link`` header, forms sent by GET, ``<link>`` (not canonical), images with their
``srcset``, scripts."""


class Fetched(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """The server answered, whatever the status.

    :ivar page: None where there was nothing to parse: no HTML, or a redirect.
    :ivar location: the canonical target of a redirect.
    :ivar retry_after: seconds the server asked to be left alone for.
    :ivar size: bytes of the decompressed body; ``wire`` those that were received for it.
    :ivar at: when the fetch began, in seconds since the epoch.
    :ivar address: the IP address that was connected to; None behind a proxy.
    :ivar digest: xxh3-64 of the body; None of an empty one. Equal bodies have equal digests.
    :ivar cookies: the values of ``Set-Cookie``, where cookies are on; never recorded.
    :ivar evidence: what a probe found out besides.
    :ivar exchange: the answer as it came, where it was wanted; ``span`` who worked on it and when, likewise.
    """

    request: Request
    status: int
    page: Page | None = None
    location: str | None = None
    retry_after: float | None = None
    content_type: str | None = None
    size: int = 0
    wire: int = 0
    timings: Timings = Timings()
    at: float = 0.0
    address: str | None = None
    digest: int | None = None
    cookies: tuple[str, ...] = ()
    evidence: Evidence | None = None
    exchange: Exchange | None = None
    span: Span | None = None

    def __repr__(self) -> str:
        return _without(self, "cookies")

    @property
    def url(self) -> str:
        """The URL that was asked for."""
        return self.request.url


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """There is no whole answer; ``reason`` is the class of the trouble, ``detail`` its text for a person.

    :ivar evidence: what a probe found out until then.
    :ivar span: who worked on it and when, where that was wanted.
    """

    request: Request
    reason: Reason
    detail: str = ""
    timings: Timings = Timings()
    at: float = 0.0
    evidence: Evidence | None = None
    span: Span | None = None

    @property
    def url(self) -> str:
        """The URL that was asked for."""
        return self.request.url


class Refused(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """Policy said no before anything was sent."""

    request: Request
    reason: Reason
    detail: str = ""
    at: float = 0.0

    @property
    def url(self) -> str:
        """The URL that was asked for."""
        return self.request.url


class Shallower(msgspec.Struct, frozen=True, array_like=True, tag=True, gc=False):
    """A correction to a record that is already written: a shorter way to its URL turned up."""

    url: str
    depth: int
    via: str | None


Outcome: TypeAlias = Fetched | Failed | Refused
Entry: TypeAlias = Fetched | Failed | Refused | Shallower
