"""URLs as identities: canonical form, joining against a base, host keys.

The canonical form is what the WHATWG URL standard serialises (lower-case host, IDNA, no default port, no dot segments,
percent-encoding as the standard has it), without fragment and without credentials: a link must not carry a login into
records, logs or requests. ``can_ada`` does the work in 0.7 µs a link.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import can_ada

__all__ = ["MAX_LENGTH", "MAX_TOTAL", "canonical", "host_key", "hostname", "join_all", "origin", "stripper"]

MAX_LENGTH = 8_000
"""Longer URLs are not followed: servers and proxies refuse them (RFC 9110, 4.1 asks for at least 8,000 octets)."""

MAX_TOTAL = 16_000_000
"""Characters of one page's links together; those beyond are dropped. A base of 7,000 characters makes 900 MB of links
out of a 2 MB page; an honest page of that size has links of some 10 million characters at most."""

_HTTP = ("http://", "https://")


def canonical(text: str, base: str | None = None) -> str | None:
    """The canonical form of an http(s) URL, resolved against ``base`` where it is relative; None if it is none.

    >>> canonical("HTTP://Example.COM:80/a/../b?q#top")
    'http://example.com/b?q'
    """
    try:
        url = (can_ada.parse(base) + text if base else can_ada.parse(text)).href
    except (ValueError, TypeError):  # TypeError: a lone surrogate cannot be passed to the parser
        return None
    return _identity(url)


def join_all(base: str, hrefs: Iterable[str], clean: Callable[[str], str] | None = None) -> tuple[str, ...]:
    """The canonical http(s) targets of a page's ``hrefs``, each once, in order. The hot path: 80 links a page.

    :param clean: what each URL passes through at the end, as :func:`stripper` makes it.
    """
    try:
        root = can_ada.parse(base)
    except (ValueError, TypeError):
        return ()
    found: dict[str, None] = {}
    room = MAX_TOTAL
    for href in dict.fromkeys(hrefs):
        try:
            url = (root + href).href
        except (ValueError, TypeError):
            continue
        if not url.startswith(_HTTP):
            continue
        if "#" in url:
            url = url[: url.index("#")]
        if "@" in url:
            url = _without_login(url)
        if clean is not None:
            url = clean(url)
        if len(url) <= MAX_LENGTH:
            found[url] = None
            room -= len(url)
            if room < 0:
                break
    return tuple(found)


def stripper(names: Iterable[str], sessions: bool) -> Callable[[str], str] | None:
    """A function from canonical URLs to canonical URLs that takes out what does not name a page; None if nothing.

    It is idempotent, and does next to nothing for a URL that has none of ``?``, ``;`` and ``(``.

    :param names: parameters of the query that go; a ``*`` at the end stands for any rest: ``utm_*``.
    :param sessions: whether session ids go: ``;jsessionid=`` and the ``/(S(...))/`` of ASP.NET in the path; in the
        query ``PHPSESSID``, ``ASPSESSIONID...``, ``JSESSIONID``, ``CFID`` and ``CFTOKEN``, and ``sid`` and its likes
        where the value looks like one.
    """
    kinds = [_named(name) for name in names if name]
    kinds += [_SESSION] if sessions else []
    if not kinds:
        return None
    found = re.compile(f"[?&](?:{'|'.join(kinds)})(?=&|\\Z)")
    doomed = re.compile("|".join(kinds))

    def strip(url: str) -> str:
        if "?" in url and found.search(url):
            url = _without_parameters(url, doomed)
        if sessions and (";" in url or "(" in url):
            url = _without_path_session(url)
        return url

    return strip


_ANY = r"[\w,.~+/=%-]"
_TOKEN = (
    r"(?:(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[0-9A-Za-z]{16,}(?:=|%3D)*"
    r"|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    rf"|(?={_ANY}*[0-9])(?={_ANY}*[a-z])(?={_ANY}*[A-Z]){_ANY}{{16,}})"
)
"""What nobody writes by hand: letters and digits at once, UUIDs, and words of more signs if in both cases (lower-case
words with hyphens are titles, and long numbers name things)."""

_SESSION = (
    r"(?:(?i:phpsessid|jsessionid|aspsessionid[^=&]*|cfid|cftoken)(?:=[^&]*)?"
    rf"|(?i:sid|sessid|session_?id|oscsid|xtcsid|zenid)={_TOKEN})"
)
_PATH_SESSION = re.compile(r";jsessionid=[^;/]*", re.IGNORECASE)
_ASP_SESSION = re.compile(r"/\((?:[a-z]\([0-9a-z]{24}\))+\)(?=/)", re.IGNORECASE)


def _named(name: str) -> str:
    rest = "[^=&]*" if name.endswith("*") else ""
    return f"{re.escape(name.removesuffix('*'))}{rest}(?:=[^&]*)?"


def _without_parameters(url: str, doomed: re.Pattern[str]) -> str:
    rest, _, query = url.partition("?")
    pairs = query.split("&")
    kept = [pair for pair in pairs if not doomed.fullmatch(pair)]
    left = "&".join(kept)
    return f"{rest}?{left}" if left else rest


def _without_path_session(url: str) -> str:
    start = url.index("/", 8)  # a host may have these signs too
    path, mark, query = url[start:].partition("?")
    short = _ASP_SESSION.sub("", _PATH_SESSION.sub("", path))
    if short == path:
        return url
    return canonical(f"{url[:start]}{short}{mark}{query}") or url  # "/..;jsessionid=x" has become a dot segment


def host_key(url: str) -> str:
    """The host of a canonical URL with its port if that is not the default one: the unit of politeness.

    >>> host_key("https://example.com:8443/a")
    'example.com:8443'
    """
    return url.split("/", 3)[2]


def hostname(url: str) -> str:
    """The host of a canonical URL without port; an IPv6 address keeps its brackets."""
    host, colon, port = host_key(url).rpartition(":")
    return host if colon and port.isdigit() else host_key(url)


def origin(url: str) -> str:
    """Scheme, host and port of a canonical URL (RFC 6454).

    >>> origin("https://example.com/a/b")
    'https://example.com'
    """
    return f"{url.split(':', 1)[0]}://{host_key(url)}"


def _identity(url: str) -> str | None:
    if not url.startswith(_HTTP) or len(url) > MAX_LENGTH:
        return None
    url = url.partition("#")[0]
    return _without_login(url) if "@" in url else url


def _without_login(url: str) -> str:
    scheme, _, rest = url.partition("//")
    authority, slash, path = rest.partition("/")
    return f"{scheme}//{authority.rpartition('@')[2]}{slash}{path}"
