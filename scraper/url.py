"""URLs as identities: canonical form, joining against a base, host keys.

The canonical form is made in two steps. :func:`resolve` gives what the WHATWG URL standard serialises: lower-case
host, IDNA, no default port, no dot segments; ``can_ada`` does that in 0.7 µs a link. :func:`canonical` leaves out the
fragment and the credentials, as a link must not carry a login into records, logs or requests, and does what RFC 3986
calls equal and the standard leaves alone (6.2.2.1, 6.2.2.2): ``%7euser`` and ``%7Euser`` are ``~user``. All else stays
as it is: no server needs to take ``%2F`` for a slash, ``?b&a`` for ``?a&b``, or ``/a/`` for ``/a``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import can_ada

__all__ = [
    "MAX_LENGTH",
    "MAX_TOTAL",
    "canonical",
    "host_key",
    "hostname",
    "join_all",
    "join_map",
    "origin",
    "resolve",
    "stripper",
]

MAX_LENGTH = 8_000
"""Longer URLs are not followed: servers and proxies refuse them (RFC 9110, 4.1 asks for at least 8,000 octets)."""

MAX_TOTAL = 16_000_000
"""Characters of one page's links together; those beyond are dropped. A base of 7,000 characters makes 900 MB of links
out of a 2 MB page; an honest page of that size has links of some 10 million characters at most."""

_SURE = MAX_TOTAL // MAX_LENGTH
"""URLs that cannot be too many characters."""

_HTTP = ("http://", "https://")

_PLAIN = re.compile(r"/?+(?=[A-Za-z0-9])[A-Za-z0-9_~/-]*+(?:\.[A-Za-z0-9]++)?+(?:\?[A-Za-z0-9_.~=&+/-]++)?+").fullmatch
"""Half of all hrefs: paths, at times with a query, that the standard takes as they are: no scheme nor host is in them,
no dot segment, and nothing to encode."""
_NOTHING = re.compile(r"(?!)").fullmatch


def canonical(text: str, base: str | None = None) -> str | None:
    """The canonical form of an http(s) URL, resolved against ``base`` where it is relative; None if it is none.

    >>> canonical("HTTP://Example.COM:80/a/../b?q#top")
    'http://example.com/b?q'
    """
    url = resolve(text, base)
    return None if url is None else _identity(url)


def resolve(text: str, base: str | None = None) -> str | None:
    """What the WHATWG URL standard makes of ``text``, whatever its scheme, with fragment and login; None if nothing."""
    try:
        return _parsed(text, base)
    except (ValueError, TypeError):  # TypeError: a lone surrogate cannot be passed to the parser
        return _with_ascii_host(text, base) if _ACE.search(f"{text} {base}") else None


def _parsed(text: str, base: str | None) -> str:
    url = can_ada.parse(base) + text if base is not None else can_ada.parse(text)
    return str(url.href)


def _with_ascii_host(text: str, base: str | None) -> str | None:
    """A host in ASCII is what it is, even if its ``xn--`` labels decode to nothing: they are parsed under another name.

    So has it the standard since June 2026 (whatwg/url 914); ``can_ada`` is older.
    """
    host = _HOST.match(text)
    if host is None or not host[1].isascii() or "%" in host[1] or _STAND_IN.search(f"{text} {base}"):
        return None
    try:
        url = _parsed(_ACE.sub(_stand_in, text), base and _ACE.sub(_stand_in, base))
    except (ValueError, TypeError):
        return None
    start = url.find("/", 8)
    if "xn--" in url[:start]:  # of a label that is not in ASCII
        return None
    return url[:start].replace("x0--", "xn--").replace("x1--", "xn--") + _STAND_IN.sub(_stood_for, url[start:])


_ACE = re.compile("(x)(n)--", re.IGNORECASE)
_STAND_IN = re.compile("(x)([01])--", re.IGNORECASE)
_HOST = re.compile(r"[\0- ]*(?:https?:)?[/\\]*(?:[^/\\?#]*@)?([^/\\?#]*)", re.IGNORECASE)


def _stand_in(found: re.Match[str]) -> str:
    return f"{found[1]}{'01'[found[2] == 'N']}--"


def _stood_for(found: re.Match[str]) -> str:
    return f"{found[1]}{'nN'[found[2] == '1']}--"


def join_all(base: str, hrefs: Iterable[str], clean: Callable[[str], str] | None = None) -> tuple[str, ...]:
    """The canonical http(s) targets of ``hrefs``, each once, in order; see :func:`join_map`."""
    return tuple(dict.fromkeys(join_map(base, hrefs, clean).values()))


def join_map(
    base: str, hrefs: Iterable[str], clean: Callable[[str], str] | None = None, most: int | None = None
) -> dict[str, str]:
    """Each of ``hrefs`` that leads to an http(s) URL, with that in canonical form. The hot path: 80 links a page.

    :param clean: what each URL passes through at the end, as :func:`stripper` makes it.
    :param most: different ``hrefs`` that are looked at.
    """
    unique = list(dict.fromkeys(hrefs))[:most]
    try:
        root = can_ada.parse(base)
    except (ValueError, TypeError):
        return _joined_singly(base, unique[:_SURE], clean)
    folder = canonical(".", base) or ""
    found = _joined(root, folder, unique[:_SURE], clean)
    room = MAX_TOTAL - sum(map(len, found.values())) if len(unique) > _SURE else 0
    for href in unique[_SURE:]:
        joined = _joined(root, folder, (href,), clean)
        found.update(joined)
        room -= sum(map(len, joined.values()))
        if room < 0:
            break
    return found


def _joined(root: can_ada.URL, folder: str, hrefs: Iterable[str], clean: Callable[[str], str] | None) -> dict[str, str]:
    """:func:`join_map` without its bounds; ``folder`` is what relative paths are put behind."""
    origin = root.origin
    plain = _PLAIN if folder else _NOTHING
    found: dict[str, str] = {}
    for href in hrefs:
        if plain(href):
            url = (origin if href[0] == "/" else folder) + href
        else:
            try:
                url = (root + href).href
            except (ValueError, TypeError):
                url = resolve(href, root.href) or ""
            if not url.startswith(_HTTP):
                continue
            if "#" in url:
                url = url[: url.index("#")]
            if "@" in url:
                url = _without_login(url)
            if "%" in url:
                url = _equal(url)
        if clean is not None and ("?" in url or ";" in url or "(" in url):
            url = clean(url)
        if len(url) <= MAX_LENGTH:
            found[href] = url
    return found


def _joined_singly(base: str, hrefs: Iterable[str], clean: Callable[[str], str] | None) -> dict[str, str]:
    """For the bases that :func:`resolve` knows and the parser does not."""
    urls = ((href, canonical(href, base)) for href in hrefs)
    return {href: clean(url) if clean else url for href, url in urls if url is not None}


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
    url = _without_login(url) if "@" in url else url
    return _equal(url) if "%" in url else url


def _equal(url: str) -> str:
    """Upper-case hex digits, and no escapes of unreserved characters (RFC 3986, 6.2.2.1 and 6.2.2.2)."""
    return _ESCAPE.sub(_unescaped, url)


_ESCAPE = re.compile("(?<!%)(?<!%[0-9A-Fa-f])%([0-9A-Fa-f]{2})")
"""Not behind a ``%`` that escapes nothing: with what comes next it would escape something."""
_ESCAPES = {
    f"{byte:02x}": chr(byte) if re.match(r"[\w.~-]", chr(byte), re.ASCII) else f"%{byte:02X}" for byte in range(256)
}


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES[found[1].lower()]


def _without_login(url: str) -> str:
    scheme, _, rest = url.partition("//")
    authority, slash, path = rest.partition("/")
    return f"{scheme}//{authority.rpartition('@')[2]}{slash}{path}"
