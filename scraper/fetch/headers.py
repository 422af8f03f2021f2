"""What every request says about us, and whom we trust: the same on both sides of the border."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable

import certifi

from scraper.errors import ConfigError
from scraper.settings import Identity
from scraper.url import origin

__all__ = ["RequestHeaders", "joined", "tls_context"]

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

    def login_for(self, url: str) -> dict[str, str]:
        """The login headers for a canonical ``url``; nearly always none."""
        return self.login if self.login and origin(url) in self._origins else _NONE


def _checked(identity: Identity) -> dict[str, str]:
    headers: dict[str, tuple[str, str]] = {}
    for name, value in (("User-Agent", identity.user_agent), *_DEFAULTS, *identity.headers):
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ConfigError(f"{name!r}: {value!r} cannot be sent as a header")
        if name.lower() == "proxy-authorization":  # RFC 9110, 11.7.2: for the proxy, and no server behind it
            raise ConfigError(
                f"{name} is not sent to servers: write the login into the proxy's URL, user:password@host"
            )
        headers[name.lower()] = name, value.strip(" \t")
    return dict(headers.values())


def joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers under lower-case names, the values of a repeated one joined with ``", "`` (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def tls_context(identity: Identity) -> ssl.SSLContext:
    """A context that trusts the authorities of certifi and those of ``ca_file``; about 20 ms to make.

    :raises ConfigError: when ``ca_file`` cannot be read.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    if identity.ca_file is not None:
        try:
            context.load_verify_locations(identity.ca_file)
        except OSError as error:  # ssl.SSLError is one too
            raise ConfigError(f"{identity.ca_file} cannot be read as PEM certificates: {error}") from error
    return context
