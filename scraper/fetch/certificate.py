"""The certificate a server shows, trusted or not.

Of one that OpenSSL has refused it tells nothing but why, so it is asked for again, on a connection that trusts anybody,
over which nothing is sent. Chains have no public name before Python 3.13, and certificates are decoded only when they
are trusted: what both stand on has been in :mod:`ssl` since 3.10. Where it is not, less is told.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from scraper.model import Certificate

__all__ = ["describe", "shown", "shown_again", "trusting"]


def shown(connection: Any, trouble: str | None = None) -> Certificate | None:
    """The certificate of the other end of ``connection``, an SSLSocket or SSLObject whose handshake is over.

    :param trouble: why it is not trusted.
    """
    der = connection.getpeercert(True)
    if not der:
        return None
    chain = _chain(connection, trusted=trouble is None)
    try:
        infos = [info.get_info() for info in chain] or [connection.getpeercert()]
    except (ValueError, OSError):  # what OpenSSL takes, and cannot print
        infos = [{}]
    return describe(infos, hashlib.sha256(der).hexdigest(), trouble)


def describe(chain: list[Mapping[str, Any]], fingerprint: str, trouble: str | None = None) -> Certificate:
    """The first of a ``chain`` of certificates in the form of :meth:`ssl.SSLSocket.getpeercert`."""
    first = chain[0]
    names = tuple(str(value)[:_LENGTH] for _, value in first.get("subjectAltName", ())[:_NAMES])
    expiry = _seconds(first.get("notAfter"))
    return Certificate(
        subject=_named(first.get("subject", ()), "commonName") or (names[0] if names else ""),
        issuer=_named(first.get("issuer", ()), "commonName", "organizationName"),
        names=names,
        not_before=_seconds(first.get("notBefore")),
        not_after=expiry,
        earliest=min([seconds for info in chain if (seconds := _seconds(info.get("notAfter")))], default=expiry),
        trouble=trouble,
        fingerprint=fingerprint,
    )


def trusting() -> ssl.SSLContext:
    """A context that trusts anybody: to look at a certificate, and for nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shown_again(sock: socket.socket, host: str, trouble: str) -> Certificate | None:
    """What the server at the other end of ``sock`` shows to who asks for ``host``; closes it.

    :raises OSError: when there is no handshake either.
    """
    with trusting().wrap_socket(sock, server_hostname=host) as connection:
        return shown(connection, trouble)


def _chain(connection: Any, *, trusted: bool) -> list[Any]:
    """All certificates, from the server's own on: as they were verified, or as they came."""
    inner = getattr(connection, "_sslobj", None)
    get = getattr(inner, "get_verified_chain" if trusted else "get_unverified_chain", None)
    return list(get() or ()) if get is not None else []


def _named(names: Any, *kinds: str) -> str:
    """The value of the first of ``kinds`` that a distinguished name has."""
    found = {kind: str(value) for part in names for kind, value in part}
    return next((found[kind][:_LENGTH] for kind in kinds if kind in found), "")


def _seconds(date: str | None) -> float:
    """A date as OpenSSL prints it, in seconds since the epoch."""
    try:
        return float(ssl.cert_time_to_seconds(date)) if date else 0.0
    except ValueError:
        return 0.0


_NAMES = 100
_LENGTH = 253
"""Names that are kept of a certificate, some have thousands; and characters of each, as many as a host's can have."""
