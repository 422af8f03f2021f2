"""Who may do what, and what browsers may do with the answers.

Reading is open to whoever reaches the server, which listens on the loopback interface unless told otherwise. What
changes something, or makes us send requests, needs the token, and is never done for another site's page.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from scraper.errors import ConfigError, StoreError

__all__ = ["Guard", "is_loopback"]

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_BADGE = {"Content-Security-Policy": "default-src 'none'", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Badges are for the pages of others."""


def is_loopback(host: str) -> bool:
    """Whether ``host``, as it is listened on or asked for, is this machine alone.

    >>> is_loopback("127.0.0.2"), is_loopback("[::1]"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


class Guard:
    """The rules, for one address that is listened on.

    :raises ConfigError: where others could reach the server and there is no token.
    """

    def __init__(self, host: str, token: str | None, public_url: str | None) -> None:
        self.loopback = is_loopback(host)
        if token is not None and (not token.isascii() or not token.isprintable() or len(token) < _SHORTEST):
            raise ConfigError(f"the web token must be {_SHORTEST} or more printable ASCII characters")
        if not self.loopback and token is None:
            raise ConfigError(f"listening on {host}, where others can reach it, needs a token: set token or token-file")
        self._token = token
        self._public = _host(urlsplit(public_url).netloc) if public_url else None

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests under a strange name, and say in the right form what went wrong."""
        if not self._is_ours(request.headers.get(hdrs.HOST, "")):
            return _said(request, 421, "this server has another name: see url in [web]\n")
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _said(request, error.status, error.text or f"{error.reason}\n", error.headers)
        except StoreError as error:
            return _said(request, 503, f"{error}\n")

    @staticmethod
    async def adorn(request: web.Request, response: web.StreamResponse) -> None:
        """Put the headers on that say what a browser may do with it."""
        for name, value in (_HEADERS | (_BADGE if request.path.startswith("/badge/") else {})).items():
            response.headers.setdefault(name, value)

    def _is_ours(self, host: str) -> bool:
        """Whether the Host header is a name of ours.

        A page elsewhere can make its own name mean 127.0.0.1 (DNS rebinding) and read what we answer; it cannot make
        the browser send another Host.
        """
        if not self.loopback:
            return True
        name = _host(host)
        return is_loopback(name) or name == self._public

    def refuse_others_pages(self, request: web.Request) -> None:
        """Refuse what a page of another site made the browser ask.

        :raises HTTPForbidden: for such a request (Fetch Metadata, 2.3; RFC 6454).
        """
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get(hdrs.ORIGIN)
        if site not in (None, "same-origin", "none") or not (origin is None or self._is_same(origin, request)):
            raise web.HTTPForbidden(text="not for pages of other sites\n")

    def _is_same(self, origin: str, request: web.Request) -> bool:
        """Whether ``origin`` is the server itself, or how the world sees it where a proxy gives it another name."""
        scheme, _, place = origin.lower().partition("://")
        ours = place == request.headers.get(hdrs.HOST, "").lower() or _host(place) == self._public
        return scheme in ("http", "https") and ours

    def demand_token(self, request: web.Request) -> None:
        """Refuse whoever has not shown the token (RFC 6750, 2.1).

        :raises HTTPForbidden: where there is none that could be shown.
        :raises HTTPUnauthorized: where it is missing, or wrong.
        """
        if self._token is None:
            raise web.HTTPForbidden(text="this needs a token, and none is set: set token or token-file\n")
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), self._token.encode())
        if scheme.lower() != "bearer" or not right:
            raise web.HTTPUnauthorized(text="the token is missing or wrong\n", headers={"WWW-Authenticate": "Bearer"})


def _host(place: str) -> str:
    """The host of ``host:port``, in small letters and without the dot at the end.

    >>> _host("[::1]:80"), _host("Status.Example.:8443"), _host("localhost")
    ('[::1]', 'status.example', 'localhost')
    """
    name, colon, port = place.rpartition(":")
    host = name if colon and port.isascii() and port.isdigit() else place
    return host.lower().removesuffix(".")


_SHORTEST = 8


def _said(request: web.Request, status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer that says what is wrong, as JSON below ``/api/``."""
    kept = {name: value for name, value in (headers or {}).items() if name in _OF_ERRORS}
    kept[hdrs.CACHE_CONTROL] = "no-store"
    if request.path.startswith("/api/"):
        return web.json_response({"error": text.strip()}, status=status, headers=kept)
    return web.Response(status=status, text=text, headers=kept)


_OF_ERRORS = frozenset({hdrs.ALLOW, hdrs.WWW_AUTHENTICATE, hdrs.RETRY_AFTER, hdrs.LOCATION})
