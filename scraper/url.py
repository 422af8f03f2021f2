"""URLs as identities: canonical form, what is taken out of them, host keys.

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
    "HTTP",
    "MAX_LENGTH",
    "bare_host",
    "canonical",
    "host_key",
    "hostname",
    "is_address",
    "names_no_host",
    "origin",
    "resolve",
    "shortened",
    "stripper",
]

MAX_LENGTH = 8_000
"""Longer URLs are not followed: servers and proxies refuse them (RFC 9110, 4.1 asks for at least 8,000 octets)."""

HTTP = ("http://", "https://")
"""How URLs begin that are asked for; :meth:`str.startswith` takes it as it stands."""


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


def names_no_host(text: str) -> bool:
    """Whether ``text`` is absolute, and what stands in the place of its host is longer than any name.

    The parser reads it by IDNA, which is quadratic: one of 60,000 different letters took 5 s, and one ``xn--`` label of
    2 MB 10 s.
    """
    if len(text) <= _NAME:
        return False
    found = _AUTHORITY.match(text.replace("\t", "").replace("\n", "").replace("\r", ""))
    if found is None:
        return False
    host = found[1].rpartition("@")[2]
    most = _NAME if not host.isascii() else _ESCAPED_NAME if "%" in host else MAX_LENGTH
    return len(host) > most


_NAME = 253
"""Characters of a name (RFC 1035, 2.3.4), which outside ASCII are more; nobody can look a longer one up."""
_ESCAPED_NAME = 9 * _NAME
"""The same, where each is three escaped bytes."""
_AUTHORITY = re.compile(r"[\0- ]*+(?:(?:https?|wss?|ftp|file):[/\\]*+|[/\\]{2,}+)([^/\\?#]*+)", re.IGNORECASE)


def _parsed(text: str, base: str | None) -> str:
    if names_no_host(text):
        raise ValueError("a host that is longer than any name")
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


def shortened(url: str) -> str:
    """The canonical form of an http(s) URL that :func:`resolve` gave: no fragment, no login, escapes made equal."""
    if "#" in url:
        url = url[: url.index("#")]
    if "@" in url:
        url = _without_login(url)
    return _equal(url) if "%" in url else url


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


def bare_host(url: str) -> str:
    """The host of a canonical URL with its port and without ``www.``: the two are one place to most people."""
    return host_key(url).removeprefix("www.")


def is_address(host: str) -> bool:
    """Whether the host of a canonical URL is an IP address: no name ends in a number (WHATWG URL, 3.5)."""
    return host.startswith("[") or host.rpartition(".")[2].isdigit()


def origin(url: str) -> str:
    """Scheme, host and port of a canonical URL (RFC 6454).

    >>> origin("https://example.com/a/b")
    'https://example.com'
    """
    return f"{url.split(':', 1)[0]}://{host_key(url)}"


def _identity(url: str) -> str | None:
    return shortened(url) if url.startswith(HTTP) and len(url) <= MAX_LENGTH else None


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
