"""Which IP addresses belong to the public internet, and which names are an address themselves; pure.

What is not public is no business of a crawler whose user did not ask for it: a link, a redirect or a name server of
strangers would lead it to what only this machine can reach (SSRF). ``ipaddress.is_global`` is not asked: what it says
has changed between patch releases of Python (CVE-2024-4032), and it does not look into addresses that carry another.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

__all__ = ["is_own_address", "is_public"]


@lru_cache(maxsize=4096)
def is_public(address: str) -> bool:
    """Whether ``address`` (the text of an IPv4 or IPv6 address, also with a zone) is globally routable.

    An IPv6 address that carries an IPv4 one is what that one is. What is no address is not public.

    >>> is_public("93.184.215.14"), is_public("10.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("127.1")
    (True, False, False, False)
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public4(int(parsed)) if parsed.version == 4 else _is_public6(int(parsed))


def is_own_address(host: str) -> bool:
    """Whether ``host`` (see :func:`scraper.url.hostname`) says itself where it is: an IP address, or this machine.

    >>> is_own_address("[::1]"), is_own_address("dev.localhost"), is_own_address("example.com")
    (True, True, False)
    """
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_public4(number: int) -> bool:
    return not any(number & mask == network for network, mask in _SPECIAL4)


def _is_public6(number: int) -> bool:
    for network, mask, carried in _CARRIERS:
        if number & mask == network:
            return all(_is_public4((number >> shift ^ inverted) & _ALL4) for shift, inverted in carried)
    network, mask = _UNICAST6
    return number & mask == network and not any(number & mask == network for network, mask in _SPECIAL6)


_ALL4 = 0xFFFF_FFFF


def _bits(network: str) -> tuple[int, int]:
    """The number of a network, and the mask that leaves it of its addresses."""
    made = IPv6Network(network) if ":" in network else IPv4Network(network)
    return int(made.network_address), int(made.netmask)


_SPECIAL4 = [
    _bits(network)
    for network in (
        "0.0.0.0/8",  # this network (RFC 791)
        "10.0.0.0/8",  # private (RFC 1918)
        "100.64.0.0/10",  # behind a provider's NAT (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "169.254.0.0/16",  # link-local (RFC 3927); where clouds keep their secrets
        "172.16.0.0/12",  # private (RFC 1918)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.31.196.0/24",  # AS112 (RFC 7535)
        "192.52.193.0/24",  # AMT (RFC 7450)
        "192.88.99.0/24",  # relays of 6to4, given up (RFC 7526)
        "192.168.0.0/16",  # private (RFC 1918)
        "192.175.48.0/24",  # AS112 (RFC 7534)
        "198.18.0.0/15",  # benchmarking (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved (RFC 1112), with the broadcast address
    )
]
"""The IANA IPv4 Special-Purpose Address Registry, and multicast, which it leaves to a registry of its own. Of the
registry also those that are globally reachable: they serve name servers and tunnels, and no pages."""

_UNICAST6 = _bits("2000::/3")
"""All that is given out for global use (IANA IPv6 Address Space Registry, RFC 4291, 2.4). Loopback, unspecified,
IPv4-compatible and -translated, unique-local, link-local, site-local and multicast addresses lie outside of it."""

_SPECIAL6 = [
    _bits(network)
    for network in (
        "2001::/23",  # protocol assignments (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2620:4f:8000::/48",  # AS112 (RFC 7534)
        "3fff::/20",  # documentation (RFC 9637)
    )
]
"""What the IANA IPv6 Special-Purpose Address Registry has within :data:`_UNICAST6`."""

_CARRIERS = [
    (*_bits("::ffff:0:0/96"), ((0, 0),)),  # IPv4-mapped (RFC 4291, 2.5.5.2): the system connects to the IPv4 address
    (*_bits("64:ff9b::/96"), ((0, 0),)),  # NAT64 (RFC 6052); the one of RFC 8215, 64:ff9b:1::/48, is for local use only
    (*_bits("2002::/16"), ((80, 0),)),  # 6to4 (RFC 3056)
    (*_bits("2001::/32"), ((64, 0), (0, _ALL4))),  # Teredo (RFC 4380, 4): the server; the client, its bits inverted
]
"""Networks whose addresses carry IPv4 ones: each as the bits right of it, and what inverts it."""
