"""The way to the servers: straight, or through a proxy that the user named. Never one from the environment.

A replay of recorded answers stands in the same place: see :mod:`scraper.archive`. It is asked for everything as an HTTP
proxy is asked for ``http`` URLs (RFC 9112, 3.2.2), for ``https`` ones too, so that nothing else is connected to, and no
name is looked up. Users cannot name one: :mod:`scraper.checks` does not know its scheme.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from urllib.parse import unquote, urlsplit

import msgspec

from scraper.errors import ConfigError
from scraper.fetch.errors import FetchError
from scraper.fetch.headers import basic
from scraper.model import Reason
from scraper.settings import Identity, is_loopback
from scraper.url import canonical, host_key, hostname

__all__ = ["Proxy", "load_socks", "read_proxy"]

_PORTS = {"http": 80, "socks4": 1080, "socks5": 1080, "socks5h": 1080}
_FINDING = frozenset({"http", "socks5h", "replay"})


class Proxy(msgspec.Struct, frozen=True):
    """A proxy; its login goes to it alone, and is not shown.

    :ivar scheme: ``http``; ``socks4`` and ``socks5`` for those that are told addresses, ``socks5h`` for names;
        ``replay`` for a local server with recorded answers.
    :ivar host: a name or an address, without brackets.
    :ivar login: user and password.
    """

    scheme: str
    host: str
    port: int
    login: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"

    @property
    def socks(self) -> bool:
        """Whether it speaks SOCKS (RFC 1928)."""
        return self.scheme.startswith("socks")

    @property
    def replays(self) -> bool:
        """Whether it is a replay."""
        return self.scheme == "replay"

    @property
    def finds(self) -> bool:
        """Whether it finds the addresses of names itself."""
        return self.scheme in _FINDING

    @property
    def url(self) -> str:
        """Where it is, without the login."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self.replays else self.scheme}://{host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What an HTTP proxy is told besides (RFC 9110, 11.7.2)."""
        return {"Proxy-Authorization": basic(*self.login)} if self.login else {}

    def sendable(self, addresses: Sequence[str]) -> list[str]:
        """Those of ``addresses`` that a proxy of this kind can be told.

        :raises FetchError: when there is none.
        """
        if self.scheme == "socks4":
            addresses = [address for address in addresses if ":" not in address]
        if not addresses:
            raise FetchError(Reason.PROXY, "a socks4 proxy cannot be told an IPv6 address")
        return list(addresses)


def read_proxy(identity: Identity) -> Proxy | None:
    """The proxy of ``identity``, if there is one.

    :raises ConfigError: for a URL that is none of a proxy that we can use, without its login; and when it wants a
        library that is not installed.
    """
    if identity.proxy is None:
        return None
    try:
        parts = urlsplit(identity.proxy)
        port = parts.port
    except ValueError:
        raise ConfigError("the proxy's URL cannot be read: it is no URL, or its port no number") from None
    if parts.scheme == "https":
        raise ConfigError("a proxy that is itself reached by https:// is not supported: use its http:// port")
    where = canonical(f"http://{parts.netloc.rpartition('@')[2]}/")
    if parts.scheme == "replay" and where and port and is_loopback(host_key(where)):
        return Proxy(parts.scheme, hostname(where).strip("[]"), port)
    if parts.scheme not in _PORTS or where is None or port == 0:
        raise ConfigError(f"the proxy's URL must be like {', '.join(f'{scheme}://host:port' for scheme in _PORTS)}")
    proxy = Proxy(parts.scheme, hostname(where).strip("[]"), port or _PORTS[parts.scheme], _login(parts.netloc))
    _check_login(proxy)
    if proxy.socks:
        load_socks()
    return proxy


def load_socks() -> ModuleType:
    """The module that speaks SOCKS, for those who need it.

    :raises ConfigError: when its library is not installed.
    """
    try:
        from scraper.fetch import socks  # here: python-socks is an extra
    except ImportError as error:
        raise ConfigError("SOCKS proxies need one more library: pip install 'python-socks>=3.2,<4'") from error
    return socks


def _login(netloc: str) -> tuple[str, str] | None:
    login, at, _ = netloc.rpartition("@")
    user, _, password = login.partition(":")
    return (unquote(user), unquote(password)) if at else None


def _check_login(proxy: Proxy) -> None:
    if proxy.login is None:
        return
    basic(*proxy.login)
    if proxy.socks and not all(part.isascii() and len(part) < 256 for part in proxy.login):
        raise ConfigError("user and password of a SOCKS proxy are at most 255 ASCII characters each (RFC 1929)")
    if proxy.scheme.startswith("socks5") and not all(proxy.login):
        raise ConfigError("a SOCKS5 proxy wants a user and a password (RFC 1929), not one of them")
