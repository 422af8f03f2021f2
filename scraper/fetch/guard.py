"""Which of a host's addresses may be connected to.

It is asked with the addresses that a connection is about to be made to, when it is made: what a name server says before
or after that does not matter (DNS rebinding). A connection that is used again was judged when it was opened, and the
pools keep those of each host and port apart. Behind a proxy that finds the addresses itself only those can be judged
that stand in the URL, and ``localhost``, which every system takes for itself (RFC 6761, 6.3): the proxy's machine is
often ours. A replay connects nowhere, and says itself what was refused when it was recorded.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import ip_address

from scraper.addresses import is_own_address, is_public
from scraper.fetch.errors import FetchError
from scraper.fetch.route import Proxy
from scraper.model import Reason
from scraper.settings import Safety
from scraper.url import HTTP, host_key, hostname

__all__ = ["Guard"]


class Guard:
    """Refuses addresses that are not public, unless the user lets them pass.

    :ivar judges: whether the addresses of names are found here, and not by the proxy.
    """

    def __init__(self, safety: Safety, proxy: Proxy | None) -> None:
        self.judges = proxy is None or not proxy.finds
        self._connects = proxy is None or not proxy.replays
        self._safety = safety

    def choose(self, key: str, addresses: Collection[str]) -> Collection[str]:
        """Those of the ``addresses`` of a host (by its host key) that may be connected to.

        :raises FetchError: PRIVATE_ADDRESS, when there are some and none may.
        """
        if self._lets_pass(key):
            return addresses
        public = [address for address in addresses if is_public(address)]
        if addresses and not public:
            raise _refused(min(addresses))
        return public

    def check(self, url: str) -> None:
        """Judge what a URL says itself: whether it fits into a request, and the address in one that goes to a proxy.

        :raises FetchError: URL for what would be more than a target (RFC 9112, 3.2), or is for no web server;
            PRIVATE_ADDRESS for an address that may not be connected to.
        """
        if not url.isascii() or not url.isprintable() or " " in url or not url.startswith(HTTP):
            raise FetchError(Reason.URL, "not a canonical http(s) URL")
        if self.judges:
            return
        host = hostname(url)
        address = _literal(host)
        if not self._lets_pass(host_key(url)):
            if address is not None and not is_public(address):
                raise _refused(address)
            if address is None and is_own_address(host):
                raise FetchError(Reason.PRIVATE_ADDRESS, f"{host} is the machine itself: --allow-private lets it pass")

    def _lets_pass(self, key: str) -> bool:
        return self._safety.private or key in self._safety.named or not self._connects


def _literal(host: str) -> str | None:
    """The address that ``host`` is, in whatever form a system may read it; None of a name."""
    if host.startswith("["):
        return host.strip("[]")
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _refused(address: str) -> FetchError:
    shown = str(ip_address(address))  # the libraries write the same address in more than one way
    return FetchError(Reason.PRIVATE_ADDRESS, f"{shown} is not a public address: --allow-private lets it pass")
