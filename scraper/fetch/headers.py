"""What every request says about us: the same on both sides of the border."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from scraper.errors import ConfigError
from scraper.model import Request
from scraper.settings import Identity
from scraper.url import origin

__all__ = ["RequestHeaders", "basic", "cookies_of", "joined", "retry_after"]

_DEFAULTS = (
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
)
_OPEN = frozenset(
    {
        *(
            "accept",
            "accept-charset",
            "accept-encoding",
            "accept-language",
            "cache-control",
            "connection",
            "dnt",
            "from",
        ),
        *("pragma", "priority", "referer", "save-data", "sec-gpc", "upgrade-insecure-requests", "user-agent"),
        *("sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform"),
        *("sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user"),
    }
)
"""What every server may get: who asks, and what for. Any other name may be that of a key or a token."""
_NONE: dict[str, str] = {}
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class RequestHeaders:
    """What is sent with each request; the user's own headers replace ours of the same name.

    Logins go to the origins that they were given for and to no other, wherever a link or a redirect leads: that they
    did is an advisory of nearly every client (CVE-2018-18074, CVE-2022-27774, GHSA-cw9j-q3vf-hrrv). A login may have
    any name, as ``X-Api-Key``, so whatever is not known to be none is taken for one.

    :ivar open: what every server gets.
    :ivar login: what only ``identity.origins`` get besides.
    :raises ConfigError: for a name or value that cannot be sent (RFC 9110, 5.1 and 5.5), and for a login of a proxy.
    """

    def __init__(self, identity: Identity) -> None:
        headers = _checked(identity)
        self.open = {name: value for name, value in headers.items() if name.lower() in _OPEN}
        self.login = {name: value for name, value in headers.items() if name.lower() not in _OPEN}
        self._origins = identity.origins

    def own_to(self, request: Request) -> dict[str, str]:
        """What ``request`` carries besides: logins and its cookie; nearly always nothing."""
        own = self.login if self.login and origin(request.url) in self._origins else _NONE
        return own if request.cookie is None else _with_cookie(own, request.cookie)


def basic(user: str, password: str) -> str:
    """A login by the Basic scheme (RFC 7617), in UTF-8.

    :raises ConfigError: for what it cannot hold; the message does not, either.
    """
    if ":" in user or _UNFIT.search(user + password):
        raise ConfigError("a login cannot hold control characters, nor its user a colon (RFC 7617, 2)")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _checked(identity: Identity) -> dict[str, str]:
    headers: dict[str, tuple[str, str]] = {}
    for name, value in (("User-Agent", identity.user_agent), *_DEFAULTS, *identity.headers):
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ConfigError(f"the header {name!r} cannot be sent: its name or its value holds what no header can")
        if name.lower() == "proxy-authorization":  # RFC 9110, 11.7.2: for the proxy, and no server behind it
            raise ConfigError(
                f"{name} is not sent to servers: write the login into the proxy's URL, user:password@host"
            )
        headers[name.lower()] = name, value.strip(" \t")
    if identity.auth is not None:
        if "authorization" in headers:
            raise ConfigError("there are two logins: one by name and password, and one as an Authorization header")
        headers["authorization"] = "Authorization", basic(*identity.auth)
    return dict(headers.values())


def _with_cookie(own: dict[str, str], cookie: str) -> dict[str, str]:
    """One Cookie header (RFC 6265, 5.4), with the user's own in front; what could end the line is not sent."""
    if _UNFIT.search(cookie):
        return own
    (name,) = [name for name in own if name.lower() == "cookie"] or ["Cookie"]
    return {**own, name: f"{own[name]}; {cookie}" if name in own else cookie}


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers under lower-case names, the values of a repeated one joined with ``", "`` (RFC 9110, 5.3).

    Those of ``Set-Cookie`` are joined with a line feed, which no header holds: they may hold commas (RFC 6265, 3).
    """
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key in found:
            value = f"{found[key]}{_BETWEEN.get(key, ', ')}{value}"
        found[key] = value
    return found


def cookies_of(headers: dict[str, str]) -> tuple[str, ...]:
    """The values of ``Set-Cookie`` in :func:`joined` headers, as many and as long as browsers take."""
    if "set-cookie" not in headers:
        return ()
    values = headers["set-cookie"].split("\n")
    return tuple(value for value in values if len(value.encode(errors="replace")) <= _COOKIE)[:_COOKIES]


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that Retry-After asks for (RFC 9110, 10.2.3), a day at most; None for what is neither form.

    :param now: when the answer came, which a date is counted from.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(_DAY, float(value[:9]))
    try:
        seconds = parsedate_to_datetime(value).timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(_DAY, max(0.0, seconds))


_DAY = 86_400.0
_BETWEEN = {"set-cookie": "\n"}
_COOKIES = 50
_COOKIE = 4_096
"""Cookies of an answer that are looked at, and bytes of each (RFC 6265, 6.1)."""
